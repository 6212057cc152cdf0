//! `papilio config`: what the configuration says, before a server is asked to obey it.

use std::io::{self, Write as _};

use anyhow::Context;
use clap::Subcommand;

use super::ServeFlags;
use crate::config::{DOCUMENTED, Flags, Loaded};
use crate::password::Passwords;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Say whether the configuration can be used; exit code 2 if it cannot
    Check(ServeFlags),
    /// Print every key with its value and where that comes from, without what is secret
    Show(ServeFlags),
    /// Print a configuration file with every key, its default and what it means
    Default,
}

pub(super) fn run(command: Command, mut flags: Flags) -> anyhow::Result<()> {
    match command {
        Command::Check(serve) => {
            serve.into_flags(&mut flags);
            check(&Loaded::load(&flags)?)
        }
        Command::Show(serve) => {
            serve.into_flags(&mut flags);
            show(&Loaded::load(&flags)?)
        }
        Command::Default => Ok(io::stdout().write_all(DOCUMENTED.as_bytes())?),
    }
}

fn check(loaded: &Loaded) -> anyhow::Result<()> {
    // A server would find out only when it starts.
    Passwords::new(loaded.config.passwords()).context("unusable settings of [passwords]")?;
    let mut out = io::stdout();
    match &loaded.file {
        Some(file) => writeln!(out, "{}: good", file.display())?,
        None => writeln!(out, "no configuration file; the defaults are good")?,
    }
    Ok(())
}

fn show(loaded: &Loaded) -> anyhow::Result<()> {
    let shown: Vec<_> = loaded
        .effective
        .keys()
        .iter()
        .map(|key| (format!("{} = {}", key.name, key.shown()), &key.origin))
        .collect();
    let width = shown.iter().map(|(line, _)| line.chars().count()).max();
    let width = width.unwrap_or_default().min(WIDEST);
    let mut out = io::stdout().lock();
    for (line, origin) in shown {
        writeln!(out, "{line:width$}  # {origin}")?;
    }
    Ok(())
}

/// Where the column of origins begins at the latest.
const WIDEST: usize = 60;
