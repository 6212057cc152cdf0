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
