//! The friendly name: what people see instead of a handle (wire-msnp13, 1.3 and PRP).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::handle::Handle;

/// A display name in wire form: percent-encoded, one field of a line, at most
/// [`FriendlyName::MAX_LEN`] bytes. Cloning one is a reference count.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FriendlyName(Arc<str>);

/// The text is not a name in wire form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a name in wire form (percent-encoded, at most {} bytes)",
    FriendlyName::MAX_LEN
)]
pub struct InvalidName;

impl FriendlyName {
    /// Longest name, encoded, in bytes (wire-msnp13, 1.3).
    pub const MAX_LEN: usize = 387;

    /// Takes a name as a client sent it, and keeps it exactly so.
    ///
    /// Refuses what is empty, too long, or has white space or raw control characters.
    pub fn from_wire(wire: &str) -> Result<Self, InvalidName> {
        todo!("{wire}")
    }

    /// Encodes text: control characters and those that XML forbids are left out, what does not fit
    /// into [`FriendlyName::MAX_LEN`] is cut off. `None` when nothing is left.
    pub fn from_text(text: &str) -> Option<Self> {
        todo!("{text}")
    }

    /// The name of somebody who has none: the handle.
    pub fn of_handle(handle: &Handle) -> Self {
        todo!("{handle}")
    }

    /// As it travels.
    pub fn wire(&self) -> &str {
        &self.0
    }

    /// Decoded, as people read it. May hold control characters unless the name is [clean](Self::clean).
    pub fn text(&self) -> Cow<'_, str> {
        crate::wire::escape::decode(&self.0)
    }

    /// The name as others may be shown it: without control characters and those that XML 1.0
    /// forbids, and printable ASCII as it travels. A name that is so already stays as it is, byte
    /// for byte. `None` when nothing is left (show the handle then).
    pub fn clean(&self) -> Option<Self> {
        todo!()
    }
}

impl fmt::Display for FriendlyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FriendlyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
