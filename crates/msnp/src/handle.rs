//! The handle: an account's address on the wire, `local@domain`.
//!
//! Handles are compared without regard to case, so the canonical form is lower case
//! (wire-msnp13, 1.1). Cloning one is a reference count.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The address of an account, in its canonical lower-case form.
///
/// Has exactly one `@` with something on both sides, no white space, no control character and none
/// of the characters that would break a command line or a contact list document, and is at most
/// [`Handle::MAX_LEN`] bytes long.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle(Arc<str>);

/// The text is not a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a handle (local@domain, at most {} bytes)", Handle::MAX_LEN)]
pub struct InvalidHandle;

impl Handle {
    /// Longest handle in bytes (services-addressbook, 10).
    pub const MAX_LEN: usize = 129;

    /// Reads a handle, in any case and with white space around it.
    pub fn parse(text: &str) -> Result<Self, InvalidHandle> {
        let text = text.trim();
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(InvalidHandle);
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidHandle)?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || "@<>\"&;,%:".contains(c);
        if local.is_empty() || domain.is_empty() || local.contains(odd) || domain.contains(odd) {
            return Err(InvalidHandle);
        }
        let lower = text.to_lowercase();
        if lower.len() > Self::MAX_LEN {
            return Err(InvalidHandle);
        }
        Ok(Self(lower.into()))
    }

    /// Joins the two halves that a contact list document keeps apart.
    pub fn from_parts(local: &str, domain: &str) -> Result<Self, InvalidHandle> {
        Self::parse(&format!("{local}@{domain}"))
    }

    /// The whole handle.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or(&*self.0, |(local, _)| local)
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl Borrow<str> for Handle {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_form_is_lower_case_and_trimmed() {
        let handle = Handle::parse(" Alice@Example.COM ").unwrap();
        assert_eq!(handle.as_str(), "alice@example.com");
        assert_eq!((handle.local(), handle.domain()), ("alice", "example.com"));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "", "hello", "@@a", "a@", "@b", "a b@c", "a@b\r\n", "a@b\u{7}", "a<@b", "a@b@c",
        ] {
            if text == "a@b\r\n" {
                assert!(Handle::parse(text).is_ok(), "white space around is trimmed");
            } else {
                assert_eq!(Handle::parse(text), Err(InvalidHandle), "{text:?}");
            }
        }
        assert!(Handle::parse(&format!("{}@b", "a".repeat(128))).is_err());
    }
}
