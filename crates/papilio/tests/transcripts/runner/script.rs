//! What a transcript says, read.

use std::path::Path;
use std::time::Duration;

use msnp::handle::Handle;
use msnp::roster::{AddPolicy, List, Lists, Privacy};

use super::read::Reader;
use super::template::Template;

/// A whole transcript.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Who is there, in the order of their ids from 1.
    pub(crate) accounts: Vec<NewAccount>,
    /// What they hold about one another at the start.
    pub(crate) contacts: Vec<NewContact>,
    /// Lines of `papilio.toml`.
    pub(crate) config: Vec<String>,
    /// Further lines over sockets, where time is real.
    pub(crate) socket_config: Vec<String>,
    /// Why it cannot run over sockets, if it cannot.
    pub(crate) pure: Option<String>,
    /// What happens.
    pub(crate) steps: Vec<Step>,
}

/// `account alice@example.com "Alice W" password secret`
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) handle: Handle,
    pub(crate) name: String,
    pub(crate) password: String,
}

/// `contact alice bob FL AL`
#[derive(Clone, Debug)]
pub(crate) struct NewContact {
    pub(crate) owner: Handle,
    pub(crate) contact: Handle,
    pub(crate) lists: Lists,
}

/// One step, and where it stands.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) place: String,
    pub(crate) text: String,
    pub(crate) action: Action,
}

/// The name of a connection: `alice`, `alice2`, `alice.sb`.
pub(crate) type Label = String;

#[derive(Debug)]
pub(crate) enum Action {
    Connect {
        label: Label,
        door: Door,
    },
    Send {
        label: Label,
        command: Command,
    },
    Expect {
        label: Label,
        command: Command,
    },
    ExpectClosed {
        label: Label,
    },
    ExpectSilence {
        label: Label,
    },
    HangUp {
        label: Label,
    },
    FetchTicket {
        account: Handle,
        name: String,
        /// What to call the secret of the ticket, if one is wanted.
        secret: Option<String>,
    },
    Soap {
        by: Handle,
        request: SoapRequest,
    },
    Operate {
        operation: Operation,
        whom: Handle,
    },
    Wait(Duration),
    ShutDown,
    /// A part begins or ends: its names are its own.
    Forget(Vec<String>),
}

/// Where a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Main,
    Dispatch,
}

/// A line and what hangs below it.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) line: Template,
    pub(crate) payload: Option<Template>,
}

/// A call of the address book, sharing or offline message services.
#[derive(Clone, Debug)]
pub(crate) enum SoapRequest {
    /// `ABContactAdd bob`
    AddContact(Handle),
    /// `ABContactDelete bob`
    DeleteContact(Handle),
    /// `AddMember Allow bob`
    AddMember(List, Handle),
    /// `DeleteMember Allow bob`
    DeleteMember(List, Handle),
    /// `ABContactUpdate MSN.IM.BLP 0`
    SetPrivacy(Privacy),
    /// `ABContactUpdate MSN.IM.GTC 0`
    SetAddPolicy(AddPolicy),
    /// `Store bob some words`, `cannot Store bob some words`
    Store {
        to: Handle,
        text: String,
        outcome: Outcome,
    },
    /// `GetMessage`: everything there is, marking it as read.
    GetMessages,
    /// `DeleteMessages`: everything there is.
    DeleteMessages,
}

/// Whether a request is to succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Refused,
}

/// What the operator does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `papilio user disable`
    Disable,
    /// `papilio user delete`
    Delete,
    /// `papilio user passwd`
    SetPassword,
}

impl Script {
    /// Reads the transcript `name` of a folder. What is wrong is said with its place.
    pub(crate) fn read(folder: &Path, name: &str) -> Result<Self, String> {
        Reader::read(folder, name)
    }

    /// Reads a transcript that is no file, with the parts of a folder.
    pub(crate) fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        Reader::parse(text, folder)
    }
}

impl Step {
    /// The names that stand in it.
    pub(crate) fn names(&self) -> Vec<&str> {
        match &self.action {
            Action::Send { command, .. } | Action::Expect { command, .. } => {
                command.names().collect()
            }
            Action::FetchTicket { name, secret, .. } => {
                std::iter::once(&**name).chain(secret.as_deref()).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Command {
    fn names(&self) -> impl Iterator<Item = &str> {
        let payload = self.payload.iter().flat_map(Template::names);
        self.line.names().chain(payload)
    }
}

/// Whose connection it is: `alice` of `alice2.sb`.
pub(crate) fn owner(label: &str) -> &str {
    let name = label.split('.').next().unwrap_or(label);
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}
