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
        let breaks = |c: char| c == ' ' || c.is_control();
        if wire.is_empty() || wire.contains(breaks) {
            return Err(InvalidParam);
        }
        Ok(Self(wire.into()))
    }

    /// Takes text that ought to be in wire form: what would break the line is left out, and nothing
    /// at all is `0`. For addresses and other words that an operator chose.
    pub fn word(text: &str) -> Self {
        let kept: String = text
            .chars()
            .filter(|&c| c != ' ' && !c.is_ascii_control())
            .collect();
        Self(if kept.is_empty() {
            "0".into()
        } else {
            kept.into()
        })
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

impl Param {
    /// For types whose text keeps the promise by itself.
    pub(crate) fn from_shared(wire: Arc<str>) -> Self {
        debug_assert!(Self::new(&wire).is_ok());
        Self(wire)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_line_is_no_param() {
        for text in [
            "", " ", "a b", "a\r\nb", "a\tb", "a\u{0}", "a\u{b}b", "a\u{7f}", "a\u{85}",
        ] {
            assert_eq!(Param::new(text), Err(InvalidParam), "{text:?}");
        }
        assert_eq!(Param::encode(""), Err(InvalidParam));
        assert_eq!(Param::encode("a\r\n b").unwrap().as_str(), "a%0D%0A%20b");
        assert_eq!(Param::new("caf\u{e9}").unwrap().as_str(), "caf\u{e9}");
    }

    #[test]
    fn a_handle_may_come_percent_coded() {
        let handle = Handle::parse("alice@example.com").unwrap();
        for text in ["Alice@Example.com", "alice%40example.com"] {
            assert_eq!(Param::new(text).unwrap().to_handle(), Ok(handle.clone()));
        }
        assert!(Param::new("@@a").unwrap().to_handle().is_err());
        assert_eq!(Param::from(&handle).as_str(), "alice@example.com");
    }
}
