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
    /// The same client: other networks beside this one.
    pub const MSNP14: Self = Self(14);
    /// Windows Live Messenger 8.1 and 8.5.
    pub const MSNP15: Self = Self(15);

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
    /// When the policies (`GCF`) are sent.
    pub policies: Policies,
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
    /// What becomes of messages to other networks (`UUM`).
    pub federation: Federation,
}

/// How the client proves who it is. Matched in `server::sign_in`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// `USR TWN`: a ticket of the sign-in service.
    Tweener,
    /// `USR SSO`: a ticket, and a response that only the holder of its secret can make.
    SingleSignOn,
}

/// When the policies are sent: clients take either (RULINGS, GCF). Matched in `server::sign_in`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policies {
    /// After the first answer to `USR`.
    AfterChallenge,
    /// Before it.
    BeforeChallenge,
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
    /// `NLN status handle network name capabilities {object}`, `FLN handle network capabilities`,
    /// `UBX handle network len`.
    HandleAndNetwork,
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
    /// The same and `1`: directly or by the gateway.
    HostAndReach,
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
    /// There could be: `UUM` is answered, and since no network is served, with 509.
    Unserved,
}

/// The rows, from the oldest version served to the newest.
static DIALECTS: [Dialect; 3] = [
    Dialect {
        version: Version::MSNP13,
        proof: Proof::Tweener,
        policies: Policies::AfterChallenge,
        lists: Lists::Soap,
        presence: PresenceLine::Handle,
        capabilities: CapabilitiesForm::Single,
        referral: Referral::UD,
        ring: Ring::Host,
        hidden_calls: HiddenCalls::Allowed,
        challenge: Challenge::ProductKey,
        federation: Federation::None,
    },
    Dialect {
        version: Version::MSNP14,
        proof: Proof::Tweener,
        policies: Policies::AfterChallenge,
        lists: Lists::Soap,
        presence: PresenceLine::HandleAndNetwork,
        capabilities: CapabilitiesForm::Single,
        referral: Referral::UD,
        ring: Ring::HostAndReach,
        hidden_calls: HiddenCalls::Allowed,
        challenge: Challenge::ProductKey,
        federation: Federation::Unserved,
    },
    Dialect {
        version: Version::MSNP15,
        proof: Proof::SingleSignOn,
        policies: Policies::BeforeChallenge,
        lists: Lists::Soap,
        presence: PresenceLine::HandleAndNetwork,
        capabilities: CapabilitiesForm::Single,
        referral: Referral::UD,
        ring: Ring::HostAndReach,
        hidden_calls: HiddenCalls::Allowed,
        challenge: Challenge::ProductKey,
        federation: Federation::Unserved,
    },
];

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

    /// Every row, from the oldest version to the newest.
    pub fn all() -> &'static [Self] {
        &DIALECTS
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
        let chosen = |offered: &[u8], max| {
            let offered: Vec<_> = offered.iter().copied().map(Version).collect();
            Dialect::negotiate(&offered, Version(max)).map(|dialect| dialect.version)
        };
        assert_eq!(chosen(&[14, 13, 12], 21), Some(Version::MSNP14));
        assert_eq!(
            chosen(&[12, 13, 14], 21),
            Some(Version::MSNP14),
            "any order"
        );
        assert_eq!(chosen(&[18, 15, 14, 13], 21), Some(Version::MSNP15));
        assert_eq!(chosen(&[18, 15, 14, 13], 14), Some(Version::MSNP14));
        assert_eq!(chosen(&[18, 15, 13], 14), Some(Version::MSNP13));
        assert_eq!(chosen(&[15], 14), None);
        assert_eq!(chosen(&[14, 13, 12], 12), None);
        assert_eq!(chosen(&[12], 21), None);
    }

    #[test]
    fn rows_stand_from_the_oldest_to_the_newest() {
        let numbers = DIALECTS.each_ref().map(|dialect| dialect.version.0);
        assert!(numbers.is_sorted());
        assert_eq!(Dialect::newest(), Version::MSNP15);
        for number in numbers {
            let version = Version::numbered(number).unwrap();
            assert_eq!(Dialect::of(version).unwrap().version, version);
        }
    }
}
