//! Parameters: the fields of a line, so typed that writing one cannot break the line.
//!
//! A field is never empty and holds no white space (wire-msnp13, 1.1). A [`Param`] keeps that promise
//! for text that somebody else chose; everything else that is written is a number or a word of ours.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::handle::{Handle, InvalidHandle};

/// A transaction id: the client picks it, the server echoes it (wire-msnp13, 1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrId(pub u32);

impl TrId {
    /// What the server puts where it was not asked: `ADL 0`, `CHL 0`, `CHG 0`.
    pub const ASYNC: Self = Self(0);
}

impl fmt::Display for TrId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One field of a line as it travels, percent-coding and all. Never empty, no white space, no
/// control character. Cloning one is a reference count.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Param(Arc<str>);

/// The text cannot stand in a line as one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one field of a line")]
pub struct InvalidParam;

impl Param {
    /// Takes text that is in wire form already.
    pub fn new(wire: &str) -> Result<Self, InvalidParam> {
        let breaks = |c: char| c == ' ' || c.is_ascii_control();
        if wire.is_empty() || wire.contains(breaks) {
            return Err(InvalidParam);
        }
        Ok(Self(wire.into()))
    }

    /// Percent-encodes text. Fails only when there is none.
    pub fn encode(text: &str) -> Result<Self, InvalidParam> {
        Self::new(&super::escape::encode(text))
    }

    /// As it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Percent-decoded. May hold anything.
    pub fn decoded(&self) -> Cow<'_, str> {
        super::escape::decode(&self.0)
    }

    /// Reads the field as a handle, percent-coded or not.
    pub fn to_handle(&self) -> Result<Handle, InvalidHandle> {
        Handle::parse(&self.decoded())
    }
}

impl From<&Handle> for Param {
    fn from(handle: &Handle) -> Self {
        Self(handle.as_str().into())
    }
}

impl std::str::FromStr for Param {
    type Err = InvalidParam;

    fn from_str(wire: &str) -> Result<Self, InvalidParam> {
        Self::new(wire)
    }
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
