//! What is to be done, as the crew tells it to its workers: the scenario, the accounts, the rates, the
//! addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::ensure;
use msnp_client::{Server, Service};
use serde::{Deserialize, Serialize};

use super::accounts::Range;

/// Everything that a worker has to know.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Plan {
    pub(super) scenario: Scenario,
    pub(super) range: Range,
    /// Of what the scenario is about, a second.
    pub(super) rate: f64,
    /// Sign-ins a second before the load.
    pub(super) sign_in_rate: f64,
    /// How long the load lasts, in seconds.
    pub(super) seconds: f64,
    /// How long the last answers are waited for, in seconds.
    pub(super) patience: f64,
    /// How many pairs talk.
    pub(super) pairs: u32,
    /// Of a message, in bytes.
    pub(super) length: usize,
    /// The newest version to offer.
    pub(super) msnp: u32,
    /// Where to connect from; empty: wherever.
    pub(super) sources: Vec<IpAddr>,
    pub(super) http_connections: usize,
    /// `host:port` of the notification server.
    pub(super) server: String,
    /// Where the services are, by their names.
    pub(super) services: BTreeMap<String, String>,
}

/// A kind of load.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scenario {
    SignIn,
    Idle,
    Presence,
    Chat,
    AddressBook,
    Mixed,
}

/// Something that an account does when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Sign in, as far as being seen.
    SignIn,
    /// Sign out, and in again.
    ComeBack,
    /// `PNG`.
    Ping,
    /// `CHG`.
    Status,
    /// Open a conversation with the other one of the pair.
    OpenChat,
    /// Say something in it, opening one if need be.
    Say,
    /// Ask for tickets without signing in.
    Ticket,
    /// Read contacts and memberships.
    Read,
}

/// What happens after the preparations.
#[derive(Clone, Copy, Debug)]
pub(super) enum Course {
    /// Everybody does this once.
    Once(Deed),
    /// For as long as the load lasts, these by their weights.
    Mix(&'static [(Deed, u32)]),
}

impl Scenario {
    /// What everybody does before the load.
    pub(super) fn preparations(self) -> &'static [Deed] {
        match self {
            Self::SignIn => &[],
            Self::Idle | Self::Presence | Self::Mixed => &[Deed::SignIn],
            Self::Chat => &[Deed::SignIn, Deed::OpenChat],
            Self::AddressBook => &[Deed::Ticket],
        }
    }

    /// The load.
    pub(super) fn course(self) -> Course {
        match self {
            Self::SignIn => Course::Once(Deed::SignIn),
            Self::Idle => Course::Mix(&[(Deed::Ping, 1)]),
            Self::Presence => Course::Mix(&[(Deed::Status, 1)]),
            Self::Chat => Course::Mix(&[(Deed::Say, 1)]),
            Self::AddressBook => Course::Mix(&[(Deed::Read, 1)]),
            Self::Mixed => Course::Mix(&[
                (Deed::Say, 60),
                (Deed::Ping, 20),
                (Deed::Status, 12),
                (Deed::Read, 4),
                (Deed::ComeBack, 4),
            ]),
        }
    }

    /// After how many messages a conversation ends.
    pub(super) fn messages_a_chat(self) -> Option<u32> {
        match self {
            Self::Mixed => Some(10),
            _ => None,
        }
    }

    /// What is due a second when nobody says.
    pub(super) fn usual_rate(self, accounts: u32, pairs: u32) -> f64 {
        let accounts = f64::from(accounts);
        match self {
            Self::SignIn => 200.0,
            Self::Idle => accounts / 45.0,
            Self::Presence | Self::AddressBook => 50.0,
            Self::Chat => f64::from(pairs.max(1)),
            Self::Mixed => accounts / 10.0,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SignIn => "Sign-in storm",
            Self::Idle => "Idle herd",
            Self::Presence => "Presence storm",
            Self::Chat => "Chat pairs",
            Self::AddressBook => "Address-book reads",
            Self::Mixed => "Mixed day",
        }
    }
}

/// Where the services are. Load goes over plain HTTP.
pub(super) fn urls(server: &Server) -> anyhow::Result<BTreeMap<String, String>> {
    let mut urls = BTreeMap::new();
    for service in Service::ALL {
        let url = server.url(service);
        ensure!(
            url.starts_with("http://"),
            "bench speaks plain HTTP only, not {url}"
        );
        urls.insert(name(service), url);
    }
    Ok(urls)
}

/// What a service is called among processes.
pub(super) fn name(service: Service) -> String {
    format!("{service:?}")
}
