//! Versions of the protocol, and the one table that says how they differ.
//!
//! A [`Version`] is a name; it has no order, so `version >= 13` does not compile. What a version
//! *does* stands in its [`Dialect`]: one row of small enums, one per axis along which versions
//! differ (wire-versions lists them all). Each axis is matched in exactly one place, named at its
//! type. To add a version: add its row, add the variants it needs, and write the arms that the
//! compiler asks for.

use std::fmt;

/// The name of a protocol version, as it stands in `VER`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(u8);

impl Version {
    /// Windows Live Messenger 8.0.
    pub const MSNP13: Self = Self(13);

    /// Reads `MSNPn`, n from 2 to 21. Case matters (wire-msnp13, 1.1).
    pub fn parse(name: &str) -> Option<Self> {
        let digits = name.strip_prefix("MSNP")?;
        if digits.is_empty()
            || digits.starts_with('0')
            || !digits.bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        Self::numbered(digits.parse().ok()?)
    }

    /// The version with this number: what `--max-version` takes. From 2 to 21.
    pub fn numbered(number: u8) -> Option<Self> {
        (2..=21).contains(&number).then_some(Self(number))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MSNP{}", self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// How one version of the protocol talks: a row of the table, compared and copied by reference.
#[derive(Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The version whose row this is.
    pub version: Version,
    /// How the client proves who it is.
    pub proof: Proof,
    /// How contact lists travel.
    pub lists: Lists,
    /// How `ILN`, `NLN`, `FLN` and `UBX` address a contact.
    pub presence: PresenceLine,
    /// How client capabilities are written.
    pub capabilities: CapabilitiesForm,
    /// What follows the address in `XFR NS`.
    pub referral: Referral,
    /// What follows the cookie in `XFR SB` and `RNG`.
    pub ring: Ring,
    /// Whether somebody who appears offline may open a switchboard.
    pub hidden_calls: HiddenCalls,
    /// How the challenge is computed.
    pub challenge: Challenge,
    /// Whether messages to other networks exist (`UUM`/`UBM`).
    pub federation: Federation,
}

/// How the client proves who it is. Matched in `server::sign_in`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// `USR TWN`: a ticket of the sign-in service.
    Tweener,
}

/// How contact lists travel. Matched in `server::notification`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// Address book and sharing services over SOAP; `ADL` and `RML` for the session.
    Soap,
}

/// How presence lines address a contact. Matched in `wire::command::presence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresenceLine {
    /// `NLN status handle name capabilities {object}`, `FLN handle`, `UBX handle len`.
    Handle,
}

/// How capabilities are written. Matched in `presence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapabilitiesForm {
    /// One decimal number; of `id:ext` only `id` is shown.
    Single,
}

/// The tail of `XFR NS`. Matched in `wire::command::session`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referral {
    /// `U D`.
    UD,
}

/// The tail of `XFR SB` and `RNG`. Matched in `wire::command::switchboard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// `U messenger.msn.com` and `U messenger.hotmail.com`.
    Host,
}

/// Whether `XFR SB` works while hidden. Matched in `server::notification`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenCalls {
    /// From MSNP13 on.
    Allowed,
}

/// The form of the challenge. Matched in `server::notification`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// MSNP11 and later: product id, product key and 64-bit arithmetic.
    ProductKey,
}

/// Messages to other networks. Matched in `server::notification`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Federation {
    /// `UUM` closes the connection; `FQY` is answered all the same (RULINGS).
    None,
}

/// The rows, from the oldest version served to the newest.
static DIALECTS: [Dialect; 1] = [Dialect {
    version: Version::MSNP13,
    proof: Proof::Tweener,
    lists: Lists::Soap,
    presence: PresenceLine::Handle,
    capabilities: CapabilitiesForm::Single,
    referral: Referral::UD,
    ring: Ring::Host,
    hidden_calls: HiddenCalls::Allowed,
    challenge: Challenge::ProductKey,
    federation: Federation::None,
}];

impl Dialect {
    /// The row of a version, if it is served.
    pub fn of(version: Version) -> Option<&'static Self> {
        DIALECTS.iter().find(|dialect| dialect.version == version)
    }

    /// The newest dialect that both sides know and that is not newer than `max` (wire-msnp13, VER).
    ///
    /// A `max` that is not served itself still cuts: numbers are compared here, and nowhere else.
    pub fn negotiate(offered: &[Version], max: Version) -> Option<&'static Self> {
        DIALECTS
            .iter()
            .rev()
            .filter(|dialect| dialect.version.0 <= max.0)
            .find(|dialect| offered.contains(&dialect.version))
    }

    /// The newest version served.
    pub fn newest() -> Version {
        DIALECTS[DIALECTS.len() - 1].version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(Version::parse("MSNP13"), Some(Version::MSNP13));
        assert_eq!(Version::MSNP13.to_string(), "MSNP13");
        for name in [
            "MSNP", "MSNP1", "MSNP013", "MSNP22", "msnp13", "CVR0", "MSNP+8", "MSNP256",
        ] {
            assert_eq!(Version::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_newest_version_that_both_know_is_chosen() {
        let offered = [Version(14), Version(13), Version(12)];
        let chosen = Dialect::negotiate(&offered, Version(21)).map(|d| d.version);
        assert_eq!(chosen, Some(Version::MSNP13));
        assert!(Dialect::negotiate(&offered, Version(12)).is_none());
        assert!(Dialect::negotiate(&[Version(12)], Version(21)).is_none());
    }
}
