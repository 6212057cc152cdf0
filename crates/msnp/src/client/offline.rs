//! Offline messages as an application sees them (services-oim).

use std::fmt;

use crate::handle::Handle;

/// A message for somebody who is not there: not empty, at most [`OfflineText::MAX_LEN`] bytes.
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct OfflineText(String);

impl OfflineText {
    /// Longest message in bytes (services-oim, 2).
    pub const MAX_LEN: usize = 8192;

    /// Takes text. `None` when there is none, or too much.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OfflineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfflineText({} bytes)", self.0.len())
    }
}

/// What a session does with offline messages that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailHandling {
    /// Fetches each, hands it over, and then deletes it from the server.
    #[default]
    Take,
    /// Leaves them until they are asked for, for whoever signs in for another reason.
    Leave,
}

/// By what a service knows an offline message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailId(pub String);

/// An offline message as the list of those that wait has it (services-oim, 6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitingMessage {
    /// By what it is asked for.
    pub id: MailId,
    /// Who left it, as the service writes it.
    pub from: String,
    /// As they called themselves; may be empty.
    pub name: String,
    /// When, as the service writes it: `2006-06-19T12:34:56.000Z`. May be empty.
    pub received: String,
    /// How large it is, in bytes; 0 if the service does not say.
    pub size: u64,
}

impl WaitingMessage {
    pub(super) fn new(id: &str) -> Self {
        Self {
            id: MailId(id.to_owned()),
            from: String::new(),
            name: String::new(),
            received: String::new(),
            size: 0,
        }
    }
}

/// A message that somebody left while the account was away. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfflineMessage {
    /// Who left it.
    pub from: Handle,
    /// As they called themselves; may be empty.
    pub name: String,
    /// When, as the mail says it: `19 Jun 2006 05:34:56 -0700`. May be empty.
    pub date: String,
    /// Messages of one run belong together.
    pub run: String,
    /// Their order in it.
    pub sequence: u32,
    /// What.
    pub text: String,
}

impl fmt::Debug for OfflineMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfflineMessage")
            .field("from", &self.from)
            .field("date", &self.date)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

impl OfflineMessage {
    pub(super) fn new(from: Handle) -> Self {
        Self {
            from,
            name: String::new(),
            date: String::new(),
            run: String::new(),
            sequence: 0,
            text: String::new(),
        }
    }
}
