//! The program: how a process of it is begun, and ended.

use std::fmt;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
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

    /// Begins a process. What it says on standard error goes to ours. The account's password is not for
    /// it.
    pub(super) fn begin(&self, about: Option<&Told>) -> std::io::Result<Process> {
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
        command.spawn().map(|child| Process { child })
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

/// A process of the program. Dropped before it has ended, it is killed, and what it began with it.
pub(super) struct Process {
    pub(super) child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It leads a group of its own. Once it was waited for, its number may be another's.
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            // There may be nobody left in it.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
