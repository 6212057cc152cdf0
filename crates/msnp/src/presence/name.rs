//! The friendly name: what people see instead of a handle (wire-msnp13, 1.3 and PRP).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::handle::Handle;
use crate::wire::escape;
use crate::wire::param::Param;
use crate::wire::xml::is_plain;

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
    /// Refuses what is empty, too long, or has raw blanks or control characters.
    pub fn from_wire(wire: &str) -> Result<Self, InvalidName> {
        let breaks = |c: char| c == ' ' || c.is_control();
        if wire.is_empty() || wire.len() > Self::MAX_LEN || wire.contains(breaks) {
            return Err(InvalidName);
        }
        Ok(Self(wire.into()))
    }

    /// Encodes text: control characters and those that XML forbids are left out, what does not fit
    /// into [`FriendlyName::MAX_LEN`] is cut off. `None` when nothing is left.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut wire = String::new();
        let mut character = [0; 4];
        for c in text.chars().filter(|&c| is_plain(c)) {
            let encoded = escape::encode(c.encode_utf8(&mut character));
            if wire.len() + encoded.len() > Self::MAX_LEN {
                break;
            }
            wire.push_str(&encoded);
        }
        (!wire.is_empty()).then(|| Self(wire.into()))
    }

    /// The name of somebody who has none: the handle.
    pub fn of_handle(handle: &Handle) -> Self {
        // Three times the longest handle is exactly the longest name.
        const { assert!(Handle::MAX_LEN * 3 <= FriendlyName::MAX_LEN) };
        Self(escape::encode(handle.as_str()).into())
    }

    /// As it travels.
    pub fn wire(&self) -> &str {
        &self.0
    }

    /// Decoded, as people read it. May hold control characters unless the name is
    /// [clean](Self::clean).
    pub fn text(&self) -> Cow<'_, str> {
        escape::decode(&self.0)
    }

    /// The name as others may be shown it: without control characters and those that XML 1.0
    /// forbids, valid UTF-8 when decoded, printable ASCII as it travels. A name that is so already
    /// stays as it is, byte for byte; another one is encoded anew, as by
    /// [`from_text`](Self::from_text). `None` when nothing is left (show the handle then).
    pub fn clean(&self) -> Option<Self> {
        let is_clean = self.0.bytes().all(|byte| byte.is_ascii_graphic())
            && percent_decode_str(&self.0)
                .decode_utf8()
                .is_ok_and(|text| text.chars().all(is_plain));
        if is_clean {
            Some(self.clone())
        } else {
            Self::from_text(&self.text())
        }
    }
}

impl From<&FriendlyName> for Param {
    fn from(name: &FriendlyName) -> Self {
        Self::from_shared(Arc::clone(&name.0))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wire(name: &str) -> FriendlyName {
        FriendlyName::from_wire(name).unwrap()
    }

    #[test]
    fn a_name_is_kept_as_it_was_sent() {
        for name in [
            "Alice%20W",
            "caf%c3%a9",
            "a(b)",
            "100%",
            "caf\u{e9}",
            "<&\">",
        ] {
            assert_eq!(wire(name).wire(), name);
        }
        assert_eq!(wire("Bob%20%28away%29").text(), "Bob (away)");
        assert_eq!(
            FriendlyName::from_text("Alice W").unwrap(),
            wire("Alice%20W")
        );
    }

    #[test]
    fn what_would_break_a_line_is_no_name() {
        for name in ["", "a b", "a\r\nb", "a\tb", "a\u{0}", "a\u{85}b"] {
            assert_eq!(FriendlyName::from_wire(name), Err(InvalidName), "{name:?}");
        }
        assert!(FriendlyName::from_wire(&"a".repeat(387)).is_ok());
        assert!(FriendlyName::from_wire(&"a".repeat(388)).is_err());
    }

    #[test]
    fn clean_names_stay_and_others_lose_what_is_unsafe() {
        let clean = |name: &str| wire(name).clean().map(|name| name.wire().to_owned());
        for name in ["Alice%20W", "caf%c3%a9", "a(b)", "100%", "a%2bb", "%2500"] {
            assert_eq!(clean(name).as_deref(), Some(name), "byte for byte");
        }
        assert_eq!(clean("a%0D%0AMSG%20b").as_deref(), Some("aMSG%20b"));
        assert_eq!(clean("a%00%1b%7F%c2%85%EF%BF%BFb").as_deref(), Some("ab"));
        assert_eq!(clean("caf\u{e9}").as_deref(), Some("caf%C3%A9"));
        assert_eq!(clean("a%FFb").as_deref(), Some("a%EF%BF%BDb"));
        assert_eq!(clean("%0D%0A"), None, "nothing is left");
    }

    #[test]
    fn text_is_cut_at_a_character() {
        let name = FriendlyName::from_text(&"\u{e9}".repeat(100)).unwrap();
        assert_eq!(name.wire().len(), 64 * 6);
        assert_eq!(name.text(), "\u{e9}".repeat(64));
        assert_eq!(FriendlyName::from_text("\r\n"), None);
        assert_eq!(FriendlyName::from_text(""), None);
    }

    #[test]
    fn the_longest_handle_is_a_name() {
        let handle = Handle::parse(&format!("{}@b", "!".repeat(127))).unwrap();
        let name = FriendlyName::of_handle(&handle);
        assert_eq!(FriendlyName::from_wire(name.wire()), Ok(name.clone()));
        assert_eq!(name.text(), handle.as_str());
    }

    proptest! {
        #[test]
        fn a_clean_name_is_safe_and_clean(name in "([!-~]|%[0-9a-fA-F]{2}|\\PC){1,60}") {
            let Ok(name) = FriendlyName::from_wire(&name) else { return Ok(()) };
            let Some(clean) = name.clean() else { return Ok(()) };
            prop_assert!(clean.text().chars().all(is_plain));
            prop_assert!(clean.wire().bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(FriendlyName::from_wire(clean.wire()), Ok(clean.clone()));
            prop_assert_eq!(clean.clean(), Some(clean));
        }
    }
}
