//! What is made from the command line itself: completions for shells, and manual pages.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::CommandLine;

/// For `papilio completions`.
#[derive(Args)]
pub(super) struct Completions {
    /// The shell to print them for
    shell: Shell,
}

/// For `papilio man`, which packages are made with.
#[derive(Args)]
pub(super) struct Man {
    /// The folder to write them to
    folder: PathBuf,
}

pub(super) fn completions(asked: &Completions) -> anyhow::Result<()> {
    // The generator does not say when it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(
        asked.shell,
        &mut CommandLine::command(),
        "papilio",
        &mut script,
    );
    Ok(io::stdout().write_all(&script)?)
}

pub(super) fn man(asked: &Man) -> anyhow::Result<()> {
    let folder = &asked.folder;
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(CommandLine::command(), folder))
        .with_context(|| format!("cannot write to {}", folder.display()))
}
