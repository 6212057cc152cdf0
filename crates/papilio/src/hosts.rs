//! The names under which clients look for Messenger: the one table that certificates, the set-up
//! pages, `papilio dns`, `papilio patch` and `papilio check` are made from (services-other, 8 and 10;
//! services-auth, 10 and 11; services-oim, 2 and 7).
//!
//! Each name is there once, with who needs it. Names that belong to Windows rather than to Messenger
//! (`crl.microsoft.com`, `sqm.microsoft.com`, `watson.microsoft.com`) are left out on purpose: clients
//! do without them, and whoever leads them elsewhere breaks more than Messenger.

mod client;
pub mod snippet;
mod table;

use std::borrow::Cow;

pub use client::{Client, UnknownClient};
use table::{HOSTS, WILDCARDS};

/// A name that clients have built in.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    /// The name, in small letters; `*.` in front of one stands for anything that the client makes up.
    pub name: &'static str,
    /// What is asked for there, and so on which ports.
    pub doors: &'static [Door],
    /// Who does not sign in without it.
    pub required: &'static [Client],
    /// Who signs in without it, but then lacks something.
    pub useful: &'static [Client],
    /// Who asks for it and does not mind when nobody answers.
    pub optional: &'static [Client],
    /// What it is for, in a few words of ASCII.
    pub purpose: &'static str,
}

/// What speaks behind a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Messenger's own protocol.
    Messenger,
    /// HTTP.
    Http,
    /// HTTP within TLS.
    Https,
}

/// How much a client needs a name. In the order of how badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It does not sign in without.
    Required,
    /// It signs in, but lacks something.
    Useful,
    /// It does not mind.
    Optional,
}

/// All of them, the most important first.
pub fn all() -> &'static [Host] {
    HOSTS
}

/// The names that a client asks for, with how much it needs them; those that it needs most first.
pub fn for_client(client: Client) -> Vec<(Need, &'static Host)> {
    let mut hosts: Vec<_> = HOSTS
        .iter()
        .filter_map(|host| Some((host.need_of(client)?, host)))
        .collect();
    hosts.sort_by_key(|&(need, _)| need);
    hosts
}

/// The names for a server certificate (`subjectAltName`): every name that is asked for over TLS or
/// HTTP, and wildcards for those that clients make up or were given by servers of then.
///
/// Exact names come first and are there even where a wildcard covers them, since not every old client
/// understands one. A wildcard stands for one label, so none of these reaches beyond Messenger's own
/// domains: there is no `*.msn.com` and no `*.live.com`.
pub fn certificate_names() -> Vec<&'static str> {
    let exact = HOSTS
        .iter()
        .filter(|host| host.doors.iter().any(|&door| door != Door::Messenger))
        .map(|host| host.name);
    let (mut wildcards, mut names): (Vec<_>, Vec<_>) = exact
        .chain(WILDCARDS)
        .partition(|name| name.starts_with("*."));
    wildcards.sort_unstable();
    wildcards.dedup();
    names.extend(wildcards);
    names
}

/// Whether a name is in the table, or covered by a wildcard of it or of the certificate. In whatever case.
pub fn is_known(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let fits = |pattern: &str| match pattern.strip_prefix("*.") {
        Some(domain) => name
            .strip_suffix(domain)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|label| !label.is_empty() && !label.contains('.')),
        None => pattern == name,
    };
    HOSTS.iter().any(|host| fits(host.name)) || WILDCARDS.into_iter().any(fits)
}

impl Host {
    /// How much a client needs this name, if it asks for it at all.
    pub fn need_of(&self, client: Client) -> Option<Need> {
        [
            (Need::Required, self.required),
            (Need::Useful, self.useful),
            (Need::Optional, self.optional),
        ]
        .into_iter()
        .find(|(_, clients)| clients.contains(&client))
        .map(|(need, _)| need)
    }

    /// Whether it stands for many names, so that a hosts file cannot have it.
    pub fn is_wildcard(&self) -> bool {
        self.name.starts_with("*.")
    }

    /// The ports, written as `80, 443`.
    pub fn ports(&self) -> String {
        let ports: Vec<_> = self
            .doors
            .iter()
            .map(|door| door.port().to_string())
            .collect();
        ports.join(", ")
    }
}

impl Door {
    /// The port that clients have built in.
    pub fn port(self) -> u16 {
        match self {
            Self::Messenger => 1863,
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Need {
    /// The word for it.
    pub fn word(self) -> Cow<'static, str> {
        match self {
            Self::Required => "required",
            Self::Useful => "useful",
            Self::Optional => "optional",
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_is_there_once_and_written_as_names_are() {
        let mut seen = BTreeSet::new();
        for host in all() {
            assert!(seen.insert(host.name), "{} twice", host.name);
            let name = host.name.strip_prefix("*.").unwrap_or(host.name);
            for label in name.split('.') {
                let plain = label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                assert!(plain && !label.is_empty(), "{name}");
            }
            assert!(!host.doors.is_empty() && !host.purpose.is_empty());
            assert!(host.purpose.is_ascii());
        }
    }

    #[test]
    fn nobody_needs_a_name_in_two_ways() {
        for host in all() {
            let clients = [host.required, host.useful, host.optional].concat();
            let each: BTreeSet<_> = clients.iter().collect();
            assert_eq!(each.len(), clients.len(), "{}", host.name);
            assert!(!each.is_empty(), "{}", host.name);
        }
    }

    #[test]
    fn every_client_has_what_it_cannot_do_without_first() {
        for client in Client::ALL {
            let hosts = for_client(client);
            assert!(hosts.is_sorted_by_key(|&(need, _)| need));
            assert_eq!(hosts[0].1.name, "messenger.hotmail.com", "{client}");
        }
    }

    #[test]
    fn a_certificate_covers_whatever_is_asked_for_over_tls() {
        let names = certificate_names();
        let each: BTreeSet<_> = names.iter().collect();
        assert_eq!(each.len(), names.len());
        for host in all() {
            if host.doors.contains(&Door::Https) {
                assert!(names.contains(&host.name), "{}", host.name);
            }
        }
        assert!(!names.contains(&"*.msn.com") && !names.contains(&"*.live.com"));
        assert!(names[0] == "login.live.com", "{names:?}");
    }

    #[test]
    fn names_that_are_known() {
        for name in [
            "login.live.com",
            "Login.Live.COM",
            "by2.omega.contacts.msn.com",
            "cid-0000000100000001.cc.services.spaces.live.com",
            "s1.messenger.hotmail.com",
        ] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "",
            "live.com",
            "outlook.live.com",
            "www.msn.com",
            "login.live.com.example.org",
            ".messenger.msn.com",
            "a.b.messenger.msn.com",
            "crl.microsoft.com",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }
}
