//! How clients of the storage service name what they mean (services-other, 3.1 and 3.2).
//!
//! An account is named by the alias of its CID, in signed decimal or as the service writes it, 16
//! digits of hexadecimal; a thing by its resource id, `<cid>!<number>`. Whoever reads one asks only
//! whether it is of an account that is known already, so that no name leads to somebody else.

use std::fmt;

use super::super::envelope::Element;
use super::fault::StorageFault;

/// The id of something that an account keeps. Written `0000000100000007!205`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResourceId {
    /// Whose it is.
    pub cid: i64,
    /// Which thing of theirs.
    pub number: u32,
}

impl ResourceId {
    /// The profile of this account.
    pub const fn profile(cid: i64) -> Self {
        Self { cid, number: 106 }
    }

    /// What the profile says of its owner: name, personal message, picture.
    pub const fn expression_profile(cid: i64) -> Self {
        Self { cid, number: 118 }
    }

    /// The display picture: there is one, whichever it is.
    pub const fn picture(cid: i64) -> Self {
        Self { cid, number: 205 }
    }

    /// Reads an id. White space around it is of no account (emesene sends a line break).
    pub fn parse(text: &str) -> Result<Self, StorageFault> {
        let read = || {
            let (cid, number) = text.trim().split_once('!')?;
            let digits = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
            if cid.len() != 16 || !digits(cid) || !digits(number) {
                return None;
            }
            Some(Self {
                cid: u64::from_str_radix(cid, 16).ok()?.cast_signed(),
                number: number.parse().ok()?,
            })
        };
        read().ok_or(StorageFault::InvalidObjectHandle)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}!{}", self.cid, self.number)
    }
}

/// Something named by its owner, by its id, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectHandle {
    /// By `Alias` with the namespace `MyCidStuff`.
    pub alias: Option<Alias>,
    /// By `ResourceID`.
    pub resource: Option<ResourceId>,
}

/// The name of an account as a client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    decimal: Option<i64>,
    hexadecimal: Option<i64>,
}

impl ObjectHandle {
    /// Reads a handle.
    pub(super) fn read(handle: &Element) -> Result<Self, StorageFault> {
        let name = handle.child("Alias").map_or("", |a| a.text_of("Name"));
        let id = handle.text_of("ResourceID");
        Ok(Self {
            alias: match name {
                "" => None,
                name => Some(Alias::parse(name)?),
            },
            resource: match id {
                "" => None,
                id => Some(ResourceId::parse(id)?),
            },
        })
    }

    /// Whether it names nobody but this account.
    pub fn is_of(&self, cid: i64) -> bool {
        self.alias.as_ref().is_none_or(|alias| alias.is_of(cid))
            && self.resource.is_none_or(|resource| resource.cid == cid)
    }
}

impl Alias {
    /// Reads a CID: signed or unsigned decimal, or 16 digits of hexadecimal. Some texts are both.
    pub fn parse(text: &str) -> Result<Self, StorageFault> {
        let alias = Self {
            decimal: text
                .parse()
                .ok()
                .or_else(|| text.parse().ok().map(u64::cast_signed)),
            hexadecimal: (text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit()))
                .then(|| u64::from_str_radix(text, 16).ok())
                .flatten()
                .map(u64::cast_signed),
        };
        if alias.decimal.is_none() && alias.hexadecimal.is_none() {
            return Err(StorageFault::InvalidObjectHandle);
        }
        Ok(alias)
    }

    /// Whether it is the name of this account.
    pub fn is_of(&self, cid: i64) -> bool {
        [self.decimal, self.hexadecimal].contains(&Some(cid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CID: i64 = 728_224_406_569_967_729;

    #[test]
    fn ids_are_written_as_they_are_read() {
        let id = ResourceId::picture(CID);
        assert_eq!(id.to_string(), "0a1b2c3d4e5f6071!205");
        for text in [
            "0a1b2c3d4e5f6071!205",
            " 0A1B2C3D4E5F6071!205\r\n",
            &id.to_string(),
        ] {
            assert_eq!(ResourceId::parse(text), Ok(id), "{text:?}");
        }
        let negative = ResourceId::profile(-2);
        assert_eq!(negative.to_string(), "fffffffffffffffe!106");
        assert_eq!(ResourceId::parse("fffffffffffffffe!106"), Ok(negative));
        for text in [
            "",
            "!",
            "0a1b2c3d4e5f6071",
            "0a1b2c3d4e5f6071!",
            "0a1b2c3d4e5f607!205",
            "+a1b2c3d4e5f6071!205",
            "0a1b2c3d4e5f6071!+205",
            "0a1b2c3d4e5f6071!99999999999",
            "0a1b2c3d4e5f607é!205",
        ] {
            assert_eq!(
                ResourceId::parse(text),
                Err(StorageFault::InvalidObjectHandle),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_account_in_every_form() {
        for text in ["728224406569967729", "0a1b2c3d4e5f6071", "0A1B2C3D4E5F6071"] {
            let alias = Alias::parse(text).unwrap();
            assert!(alias.is_of(CID) && !alias.is_of(CID + 1), "{text}");
        }
        for text in ["-2", "18446744073709551614", "fffffffffffffffe"] {
            assert!(Alias::parse(text).unwrap().is_of(-2), "{text}");
        }
        for text in ["MyStuff", "1.5", "0x1", "99999999999999999999", ""] {
            assert!(Alias::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(cid: i64, number: u32) {
            let id = ResourceId { cid, number };
            prop_assert_eq!(ResourceId::parse(&id.to_string()), Ok(id));
            prop_assert!(Alias::parse(&cid.to_string()).unwrap().is_of(cid));
            let hexadecimal = format!("{cid:016x}");
            prop_assert!(Alias::parse(&hexadecimal).unwrap().is_of(cid));
        }
    }
}
