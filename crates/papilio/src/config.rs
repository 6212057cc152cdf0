//! The configuration: defaults, then `papilio.toml`, then the command line (DESIGN, section 1).
//!
//! ```text
//!   Config::default()  <  DIR/papilio.toml or --config FILE  <  the flags of `serve`
//! ```
//!
//! Every limit is a key, and 0 means that there is none: such a key is an `Option` here and `None`.
//! The file `papilio.toml` at the root of the repository documents every key with its default; a
//! test holds it to that.

mod admin;
mod client;
mod defaults;
mod effective;
mod keys;
mod load;
mod mail;
mod pages;
mod running;
mod tls;
mod value;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use msnp::wire::version::Version;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use crate::password::PasswordSettings;
use crate::pictures::PictureLimits;
use crate::sign_in_throttle::ThrottleSettings;
use crate::store::Database;

pub use admin::Admin;
pub use client::{Banner, Client, Tab, TextAd};
pub use effective::{Effective, Key, Origin};
pub use keys::DOCUMENTED;
pub use load::{ConfigError, Flags, Loaded};
pub use mail::{Encryption, Mail, MailPassword};
pub use pages::{Pages, SignUp, SiteAddress};
pub use running::{LogFormat, Metrics, Network, Secret, WireLog};
pub use tls::Tls;
pub use value::{Advertised, ListenAddress, PageAddress, Rate, bracketed};

/// All that can be configured.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The folder of the data: `--data`.
    pub data: PathBuf,
    /// Three seeded accounts, loopback only: `--demo`.
    pub demo: bool,
    /// What is logged, in the words of `tracing`'s filter.
    #[serde(with = "value::filter")]
    pub log: String,
    /// How a line of the log looks.
    pub log_format: LogFormat,
    /// The highest version offered: `--max-version`.
    #[serde(with = "value::version")]
    pub max_version: Version,
    /// The address that clients are told to connect to: `--advertise`. `None` = the one they came to.
    #[serde(with = "value::or_nothing")]
    pub advertise: Option<Advertised>,
    /// Which ports are open.
    pub listen: Listen,
    /// Where the data is kept when it is not in the folder.
    pub database: DatabaseSettings,
    /// Tickets, challenges.
    pub sign_in: SignIn,
    /// How passwords are hashed.
    pub passwords: PasswordKeys,
    /// How many failed sign-ins are too many.
    pub throttle: ThrottleKeys,
    /// What one connection may send and hold.
    pub limits: Limits,
    /// What one request over HTTP may send.
    pub http: Http,
    /// People's pages.
    pub pages: Pages,
    /// What operators do.
    pub admin: Admin,
    /// Mail to people.
    pub mail: Mail,
    /// Certificates, and names for modern browsers.
    pub tls: Tls,
    /// Clients that poll over HTTP.
    pub gateway: Gateway,
    /// Profiles and pictures that roam.
    pub storage: Storage,
    /// What clients show beside the contacts.
    pub client: Client,
    /// How often a session may do what.
    pub rates: Rates,
    /// Conversations.
    pub switchboard: Switchboard,
    /// Contact lists.
    pub lists: ListSizes,
    /// Messages for those who are not there.
    pub offline_messages: OfflineMessages,
    /// Who may read `/metrics`.
    pub metrics: Metrics,
    /// What is written down of what clients and server say to one another.
    pub wire_log: WireLog,
}

/// Which ports are open. `None` = off.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Listen {
    /// Notification server and switchboard: `--msnp`.
    #[serde(with = "value::or_off")]
    pub msnp: Option<ListenAddress>,
    /// Dispatch server: `--dispatch`.
    #[serde(with = "value::or_off")]
    pub dispatch: Option<ListenAddress>,
    /// HTTP services: `--http`.
    #[serde(with = "value::or_off")]
    pub http: Option<ListenAddress>,
    /// The same, with and without TLS: `--https`.
    #[serde(with = "value::or_off")]
    pub https: Option<ListenAddress>,
}

/// Where the data is kept when it is not in the folder.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DatabaseSettings {
    /// A PostgreSQL server; `None` = SQLite in the data folder.
    #[serde(with = "value::or_nothing")]
    pub url: Option<DatabaseUrl>,
    /// How many connections to PostgreSQL this process may open.
    pub connections: u32,
}

/// The address of a PostgreSQL server, with its secret.
#[derive(Clone, PartialEq)]
pub struct DatabaseUrl(String);

/// Signing in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SignIn {
    /// How long a connection may take until it has said who it is.
    #[serde(with = "value::period")]
    pub deadline: Option<Duration>,
    /// How long it may then take to bring a ticket from the sign-in service.
    #[serde(with = "value::period")]
    pub ticket_deadline: Option<Duration>,
    /// How long a ticket holds.
    #[serde(with = "value::period")]
    pub ticket_lifetime: Option<Duration>,
    /// How often a session is challenged (`CHL`) after the first time; `None` = never.
    #[serde(with = "value::period")]
    pub challenge_interval: Option<Duration>,
    /// How long a session may take to answer a challenge.
    #[serde(with = "value::period")]
    pub challenge_deadline: Option<Duration>,
    /// Whether from MSNP15 on a ticket is enough without the response that proves its secret.
    pub tickets_without_proof: bool,
    /// How often is looked for accounts whose sessions must end; `None` = never.
    #[serde(with = "value::period")]
    pub sign_out_interval: Option<Duration>,
}

/// How passwords are hashed and verified.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PasswordKeys {
    /// Memory of one run of argon2id in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// How many may wait for a core.
    #[serde(with = "value::count")]
    pub waiting: Option<usize>,
    /// How long a right password is remembered (as a keyed hash in memory); `None` = not at all.
    #[serde(with = "value::period")]
    pub remember: Option<Duration>,
    /// How many right passwords are remembered.
    #[serde(with = "value::count")]
    pub remembered: Option<usize>,
}

/// How many failed sign-ins are too many.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ThrottleKeys {
    /// Of one account from one address.
    #[serde(with = "value::count")]
    pub per_account: Option<usize>,
    /// From one address.
    #[serde(with = "value::count")]
    pub per_address: Option<usize>,
    /// How long failures count; `None` = they do not count at all.
    #[serde(with = "value::period")]
    pub window: Option<Duration>,
}

/// What one connection may send and hold. Sizes in bytes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Connections from one address; loopback is exempt.
    #[serde(with = "value::count")]
    pub connections_per_address: Option<usize>,
    /// A command line.
    #[serde(with = "value::count")]
    pub line: Option<usize>,
    /// The payload of a switchboard `MSG`.
    #[serde(with = "value::count")]
    pub message: Option<usize>,
    /// Any other payload.
    #[serde(with = "value::count")]
    pub payload: Option<usize>,
    /// What waits to be written to one connection.
    #[serde(with = "value::count")]
    pub mailbox: Option<usize>,
    /// How long a client may take over 64 KiB of what it is sent, or over what is left of it.
    #[serde(with = "value::period")]
    pub unread: Option<Duration>,
    /// What the system keeps of what is written to one connection.
    #[serde(with = "value::count")]
    pub socket_buffer: Option<usize>,
    /// How long a notification connection may be silent.
    #[serde(with = "value::period")]
    pub notification_idle: Option<Duration>,
    /// How long a client may be silent in the middle of a command.
    #[serde(with = "value::period")]
    pub half_command: Option<Duration>,
}

/// What one request over HTTP may send. Sizes in bytes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Http {
    /// The address under which clients reach these services; `None` = the advertised host, with the
    /// port that the client came to.
    #[serde(with = "value::or_nothing")]
    pub advertise: Option<Advertised>,
    /// The head of a request.
    #[serde(with = "value::count")]
    pub head: Option<usize>,
    /// The body of a request.
    #[serde(with = "value::count")]
    pub body: Option<usize>,
    /// A document in XML.
    #[serde(with = "value::count")]
    pub xml_size: Option<usize>,
    /// How deep its elements may be nested.
    #[serde(with = "value::count")]
    pub xml_depth: Option<usize>,
    /// How long a request may take to arrive.
    #[serde(with = "value::period")]
    pub request_deadline: Option<Duration>,
    /// How long a connection is kept between requests.
    #[serde(with = "value::period")]
    pub idle: Option<Duration>,
}

/// Clients that poll over HTTP (services-other, 5).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Gateway {
    /// How many sessions there may be.
    #[serde(with = "value::count")]
    pub sessions: Option<usize>,
    /// What may wait in each direction of one, in bytes.
    #[serde(with = "value::count")]
    pub queue: Option<usize>,
    /// How long a client may not ask.
    #[serde(with = "value::period")]
    pub idle: Option<Duration>,
    /// How long a poll may be held.
    #[serde(with = "value::period")]
    pub longest_poll: Option<Duration>,
}

/// Profiles and pictures that roam (services-other, 3).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Storage {
    /// A personal message, in characters.
    #[serde(with = "value::count")]
    pub personal_message: Option<usize>,
    /// A picture as it is sent, in bytes.
    #[serde(with = "value::count")]
    pub picture: Option<usize>,
    /// Each side of it, in pixels.
    #[serde(with = "value::count")]
    pub picture_side: Option<usize>,
    /// How many pictures may wait for a core.
    #[serde(with = "value::count")]
    pub pictures_waiting: Option<usize>,
}

/// How often a session may send a command: so many at once, and so many a second on average.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rates {
    /// Status.
    #[serde(with = "value::rate")]
    pub chg: Option<Rate>,
    /// Properties, such as the name.
    #[serde(with = "value::rate")]
    pub prp: Option<Rate>,
    /// Personal message.
    #[serde(with = "value::rate")]
    pub uux: Option<Rate>,
    /// Invitations.
    #[serde(with = "value::rate")]
    pub cal: Option<Rate>,
    /// Referrals to a switchboard.
    #[serde(with = "value::rate")]
    pub xfr: Option<Rate>,
    /// Changes of lists, and data for other clients.
    #[serde(with = "value::rate")]
    pub lists: Option<Rate>,
    /// Messages, file and picture data included.
    #[serde(with = "value::rate")]
    pub msg: Option<Rate>,
}

/// Conversations (wire-msnp13, 8).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Switchboard {
    /// How many may take part.
    #[serde(with = "value::count")]
    pub participants: Option<usize>,
    /// How long a connection may take until it is in a conversation.
    #[serde(with = "value::period")]
    pub deadline: Option<Duration>,
    /// How much may wait for one member until the others are held back; `None` = they never are.
    #[serde(with = "value::count")]
    pub backlog: Option<usize>,
    /// How many calls in a row may fail.
    #[serde(with = "value::count")]
    pub failed_calls: Option<usize>,
    /// How long several may be silent.
    #[serde(with = "value::period")]
    pub idle: Option<Duration>,
    /// How long one may be alone.
    #[serde(with = "value::period")]
    pub idle_alone: Option<Duration>,
    /// How long the cookie of `XFR` holds.
    #[serde(with = "value::period")]
    pub referral_lifetime: Option<Duration>,
    /// How long the cookie of `RNG` holds.
    #[serde(with = "value::period")]
    pub ring_lifetime: Option<Duration>,
}

/// How long contact lists may become (services-addressbook, 10).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ListSizes {
    /// FL.
    #[serde(with = "value::count")]
    pub forward: Option<usize>,
    /// AL.
    #[serde(with = "value::count")]
    pub allow: Option<usize>,
    /// BL.
    #[serde(with = "value::count")]
    pub block: Option<usize>,
    /// Groups.
    #[serde(with = "value::count")]
    pub groups: Option<usize>,
    /// The name of a group, in characters.
    #[serde(with = "value::count")]
    pub group_name: Option<usize>,
}

/// Messages for those who are not there (services-oim, 9).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct OfflineMessages {
    /// The text of one, in bytes.
    #[serde(with = "value::count")]
    pub text: Option<usize>,
    /// How many one account may leave within `sender_window`.
    #[serde(with = "value::count")]
    pub sender_messages: Option<usize>,
    /// See `sender_messages`.
    #[serde(with = "value::period")]
    pub sender_window: Option<Duration>,
    /// How many may wait in one mailbox.
    #[serde(with = "value::count")]
    pub mailbox: Option<usize>,
    /// How long one waits.
    #[serde(with = "value::period")]
    pub lifetime: Option<Duration>,
}

impl Config {
    /// The database to open.
    pub fn database(&self) -> Database {
        match &self.database.url {
            Some(DatabaseUrl(url)) => Database::Postgres {
                url: url.clone(),
                connections: self.database.connections,
            },
            None => Database::Sqlite {
                path: self.data.join("papilio.db"),
            },
        }
    }

    /// How passwords are hashed.
    pub fn passwords(&self) -> PasswordSettings {
        PasswordSettings {
            memory_kib: self.passwords.memory_kib,
            passes: self.passwords.passes,
            waiting: self.passwords.waiting,
            remember: self.passwords.remember,
            remembered: self.passwords.remembered,
        }
    }

    /// Which pictures may be sent.
    pub fn pictures(&self) -> PictureLimits {
        PictureLimits {
            bytes: self.storage.picture,
            side: self.storage.picture_side,
            waiting: self.storage.pictures_waiting,
        }
    }

    /// How many failed sign-ins are too many.
    pub fn throttle(&self) -> ThrottleSettings {
        ThrottleSettings {
            per_account: self.throttle.per_account,
            per_address: self.throttle.per_address,
            window: self.throttle.window.unwrap_or_default(),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Ok(Self(text.to_owned()))
        } else {
            Err("not the address of a PostgreSQL server: postgres://...")
        }
    }
}

#[cfg(test)]
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}
