//! The program: how a process of it is begun.

use std::fmt;
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::exit::Usage;
use crate::told::Told;

/// A program and its arguments.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    arguments: Vec<String>,
    pub(super) talk: Talk,
}

/// What it is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Talk {
    Json,
    Plain,
}

impl Program {
    /// The first word is the program.
    pub(super) fn new(words: Vec<String>, plain: bool) -> Result<Self, Usage> {
        let mut words = words.into_iter();
        let name = words.next();
        Ok(Self {
            name: name.ok_or_else(|| Usage("which program?".to_owned()))?,
            arguments: words.collect(),
            talk: if plain { Talk::Plain } else { Talk::Json },
        })
    }

    /// Begins a process, which ends with its [`Child`] at the latest. What it says on standard error
    /// goes to ours. The account's password is not for it.
    pub(super) fn begin(&self, about: Option<&Told>) -> std::io::Result<Child> {
        let mut command = Command::new(&self.name);
        command
            .args(&self.arguments)
            .env_remove("MSN_PASSWORD")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            // An interrupt from the keyboard is for us, who end it then.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(Told::Message { from, name, .. } | Told::Nudge { from, name, .. }) = about {
            // A variable cannot have a zero byte in it.
            command.env("MSN_FROM", from);
            command.env("MSN_NAME", name.replace('\0', ""));
        }
        command.spawn()
    }

    /// What it is told of something.
    pub(super) fn input(&self, told: &Told) -> String {
        match (self.talk, told) {
            (Talk::Json, told) => {
                // Every event can be written.
                let json = told.json().unwrap_or_default();
                json + "\n"
            }
            (Talk::Plain, Told::Message { text, .. }) => format!("{text}\n"),
            (Talk::Plain, _) => String::new(),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
