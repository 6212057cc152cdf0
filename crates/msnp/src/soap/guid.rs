//! The ids of contacts, groups and address books (services-addressbook, 1.4).

use std::fmt;

/// A GUID: written in lower case, without braces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid(u128);

impl Guid {
    /// All zero: the id of everybody's own address book.
    pub const ZERO: Self = Self(0);

    /// The GUID with this number, its first digit being the highest.
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// Reads a GUID in any case, with or without braces. `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text
            .strip_prefix('{')
            .and_then(|inner| inner.strip_suffix('}'))
            .unwrap_or(text);
        let in_place = |(at, byte): (usize, u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        if text.len() != 36 || !text.bytes().enumerate().all(in_place) {
            return None;
        }
        u128::from_str_radix(&text.replace('-', ""), 16)
            .ok()
            .map(Self)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        write!(
            f,
            "{}-{}-{}-{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_form_is_read_and_one_is_written() {
        for text in [
            "4e851eee-e1a7-4f4b-8a8e-3d2a7f2a7711",
            " {4E851EEE-E1A7-4F4B-8A8E-3D2A7F2A7711}\n",
        ] {
            let guid = Guid::parse(text).unwrap();
            assert_eq!(guid.to_string(), "4e851eee-e1a7-4f4b-8a8e-3d2a7f2a7711");
        }
        assert_eq!(
            Guid::ZERO.to_string(),
            "00000000-0000-0000-0000-000000000000"
        );
        for text in [
            "",
            "0",
            "4e851eeee1a74f4b8a8e3d2a7f2a7711",
            "4e851eee-e1a7-4f4b-8a8e-3d2a7f2a771g",
            "+e851eee-e1a7-4f4b-8a8e-3d2a7f2a7711",
            "4e851eee-e1a7-4f4b-8a8e-3d2a7f2a77é",
        ] {
            assert_eq!(Guid::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u128) {
            let guid = Guid::from_u128(number);
            prop_assert_eq!(Guid::parse(&guid.to_string()), Some(guid));
        }
    }
}
