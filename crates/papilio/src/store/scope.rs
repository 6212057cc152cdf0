//! What an operator may do: one scope for each kind of act, and sets of them.
//!
//! A scope that ends in `:write` includes the one that ends in `:read`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One kind of act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// See accounts.
    AccountsRead,
    /// Make, change and delete accounts.
    AccountsWrite,
    /// See who is signed in.
    SessionsRead,
    /// Send a session a message, sign it out.
    SessionsWrite,
    /// See bans.
    BansRead,
    /// Make and lift bans.
    BansWrite,
    /// Make, see and revoke invitations.
    Invitations,
    /// Tell everybody something, announce maintenance, and end the server with it.
    Broadcast,
    /// Read the audit log.
    AuditRead,
    /// Read statistics.
    StatisticsRead,
    /// Make, see and revoke tokens, as far as one's own scopes go.
    Tokens,
    /// Make accounts operators, as far as one's own scopes go.
    Operators,
}

/// Every scope with its name.
const NAMES: [(Scope, &str); 12] = [
    (Scope::AccountsRead, "accounts:read"),
    (Scope::AccountsWrite, "accounts:write"),
    (Scope::SessionsRead, "sessions:read"),
    (Scope::SessionsWrite, "sessions:write"),
    (Scope::BansRead, "bans:read"),
    (Scope::BansWrite, "bans:write"),
    (Scope::Invitations, "invitations"),
    (Scope::Broadcast, "broadcast"),
    (Scope::AuditRead, "audit:read"),
    (Scope::StatisticsRead, "statistics:read"),
    (Scope::Tokens, "tokens"),
    (Scope::Operators, "operators"),
];

/// A set of scopes, written as words with spaces between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u16);

/// There is no such scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope {0:?}; there are all, {names}", names = every_name())]
pub struct UnknownScope(String);

impl Scope {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        NAMES
            .iter()
            .find_map(|&(scope, name)| (scope == self).then_some(name))
            .unwrap_or_default()
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }

    /// With what it includes.
    fn bits(self) -> u16 {
        let included = match self {
            Self::AccountsWrite => Self::AccountsRead.bit(),
            Self::SessionsWrite => Self::SessionsRead.bit(),
            Self::BansWrite => Self::BansRead.bit(),
            _ => 0,
        };
        self.bit() | included
    }
}

impl Scopes {
    /// None.
    pub const NONE: Self = Self(0);

    /// Every one that there is.
    pub fn all() -> Self {
        NAMES.iter().map(|&(scope, _)| scope).collect()
    }

    /// Whether an act that needs this scope is among what may be done.
    pub fn allow(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether everything in `others` is in here.
    pub fn include(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        NAMES
            .iter()
            .map(|&(scope, _)| scope)
            .filter(move |&scope| self.allow(scope))
    }

    /// Their names. All of them are `all`.
    pub fn names(self) -> Vec<String> {
        if self == Self::all() {
            return vec![ALL.to_owned()];
        }
        self.iter().map(|scope| scope.as_str().to_owned()).collect()
    }

    /// Reads names as they come one by one.
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownScope> {
        let mut scopes = Self::NONE;
        for name in names {
            let found = NAMES.iter().find(|(_, known)| *known == name);
            scopes.0 |= match found {
                Some((scope, _)) => scope.bits(),
                None if name == ALL => Self::all().0,
                None => return Err(UnknownScope(name.chars().take(40).collect())),
            };
        }
        Ok(scopes)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(
            scopes
                .into_iter()
                .fold(0, |bits, scope| bits | scope.bits()),
        )
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::of_names(text.split([' ', ',']).filter(|name| !name.is_empty()))
    }
}

impl Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Self::of_names(names.iter().map(String::as_str)).map_err(serde::de::Error::custom)
    }
}

fn every_name() -> String {
    NAMES.map(|(_, name)| name).join(", ")
}

/// Every scope there is, as one word.
const ALL: &str = "all";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_its_name_and_is_read_from_it() {
        for (scope, name) in NAMES {
            assert_eq!(scope.as_str(), name);
            let read: Scopes = name.parse().unwrap();
            assert!(read.allow(scope), "{name}");
        }
        assert_eq!("all".parse(), Ok(Scopes::all()));
        assert_eq!(Scopes::all().to_string(), "all");
        assert_eq!("".parse(), Ok(Scopes::NONE));
    }

    #[test]
    fn writing_includes_reading_and_nothing_else() {
        let scopes: Scopes = "bans:write, invitations".parse().unwrap();
        assert_eq!(scopes.to_string(), "bans:read bans:write invitations");
        assert!(!scopes.allow(Scope::AccountsRead));
        assert!(Scopes::all().include(scopes) && !scopes.include(Scopes::all()));
        let read: Scopes = "bans:read".parse().unwrap();
        assert!(!read.allow(Scope::BansWrite));
    }

    #[test]
    fn an_unknown_name_is_refused_with_those_that_there_are() {
        let error = Scopes::from_str("bans").unwrap_err().to_string();
        assert!(
            error.contains("\"bans\"") && error.contains("bans:read"),
            "{error}"
        );
    }
}
