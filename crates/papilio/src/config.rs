//! The configuration: defaults, then `papilio.toml`, then the command line (DESIGN, section 1).
//!
//! ```text
//!   Config::default()  <  DIR/papilio.toml or --config FILE  <  the flags of `serve`
//! ```
//!
//! Every limit is a key, and 0 means that there is none: such a key is an `Option` here and `None`.
//! The file `papilio.toml` at the root of the repository documents every key with its default; a
//! test holds it to that.

mod value;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use config::FileFormat;
use msnp::wire::version::Version;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use crate::password::PasswordSettings;
use crate::sign_in_throttle::ThrottleSettings;
use crate::store::Database;

pub use value::{Advertised, ListenAddress, Rate};

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
    pub log: String,
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
    /// How often a session may do what.
    pub rates: Rates,
    /// Conversations.
    pub switchboard: Switchboard,
    /// Contact lists.
    pub lists: ListSizes,
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
    /// How long a connection may take until it is signed in.
    #[serde(with = "value::period")]
    pub deadline: Option<Duration>,
    /// How long a ticket holds.
    #[serde(with = "value::period")]
    pub ticket_lifetime: Option<Duration>,
    /// How often a session is challenged (`CHL`) after the first time; `None` = never.
    #[serde(with = "value::period")]
    pub challenge_interval: Option<Duration>,
    /// How long a session may take to answer a challenge.
    #[serde(with = "value::period")]
    pub challenge_deadline: Option<Duration>,
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
    /// How long a notification connection may be silent.
    #[serde(with = "value::period")]
    pub notification_idle: Option<Duration>,
}

/// What one request over HTTP may send. Sizes in bytes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Http {
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

/// What the command line says. `None` and `false` = nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flags {
    /// `--data DIR`.
    pub data: Option<PathBuf>,
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--msnp ADDR`.
    pub msnp: Option<ListenAddress>,
    /// `--dispatch ADDR`.
    pub dispatch: Option<ListenAddress>,
    /// `--http ADDR`.
    pub http: Option<ListenAddress>,
    /// `--advertise HOST[:PORT]`.
    pub advertise: Option<Advertised>,
    /// `--max-version N`.
    pub max_version: Option<u8>,
    /// `--demo`.
    pub demo: bool,
}

/// The configuration cannot be used: which file, which key, why, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("papilio-data"),
            demo: false,
            log: "info".to_owned(),
            max_version: Version::numbered(21).unwrap_or(Version::MSNP13),
            advertise: None,
            listen: Listen::default(),
            database: DatabaseSettings::default(),
            sign_in: SignIn::default(),
            passwords: PasswordKeys::default(),
            throttle: ThrottleKeys::default(),
            limits: Limits::default(),
            http: Http::default(),
            rates: Rates::default(),
            switchboard: Switchboard::default(),
            lists: ListSizes::default(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            msnp: Some(ListenAddress::everywhere(1863)),
            dispatch: None,
            http: Some(ListenAddress::everywhere(8080)),
        }
    }
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: None,
            connections: 16,
        }
    }
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            deadline: minutes(2),
            ticket_lifetime: minutes(24 * 60),
            challenge_interval: minutes(30),
            challenge_deadline: minutes(1),
        }
    }
}

impl Default for PasswordKeys {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            waiting: Some(4096),
            remember: minutes(10),
            remembered: Some(100_000),
        }
    }
}

impl Default for ThrottleKeys {
    fn default() -> Self {
        Self {
            per_account: Some(10),
            per_address: Some(100),
            window: minutes(5),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_address: Some(256),
            line: Some(8192),
            message: Some(1664),
            payload: Some(65_536),
            mailbox: Some(1024 * 1024),
            notification_idle: minutes(3),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            head: Some(64 * 1024),
            body: Some(1024 * 1024),
            xml_size: Some(1024 * 1024),
            xml_depth: Some(64),
            request_deadline: seconds(30),
            idle: minutes(1),
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            chg: Some(Rate {
                burst: 60,
                per_second: 5,
            }),
            prp: Some(Rate {
                burst: 60,
                per_second: 5,
            }),
            uux: Some(Rate {
                burst: 60,
                per_second: 5,
            }),
            cal: Some(Rate {
                burst: 120,
                per_second: 10,
            }),
            xfr: Some(Rate {
                burst: 120,
                per_second: 10,
            }),
            msg: Some(Rate {
                burst: 20_000,
                per_second: 10_000,
            }),
        }
    }
}

impl Default for Switchboard {
    fn default() -> Self {
        Self {
            participants: Some(50),
            idle: minutes(5),
            idle_alone: seconds(60),
            referral_lifetime: seconds(120),
            ring_lifetime: seconds(60),
        }
    }
}

impl Default for ListSizes {
    fn default() -> Self {
        Self {
            forward: Some(1000),
            allow: Some(1500),
            block: Some(1200),
            groups: Some(30),
            group_name: Some(61),
        }
    }
}

fn minutes(number: u64) -> Option<Duration> {
    seconds(number * 60)
}

fn seconds(number: u64) -> Option<Duration> {
    Some(Duration::from_secs(number))
}

impl Config {
    /// Puts together what the file says and what the command line says.
    ///
    /// The file is the one that `--config` names, else `papilio.toml` in the data folder if there is
    /// one. As soon as the command line names a listener, only the listeners that it names are open.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let usual = |demo: bool| if demo { "papilio-demo" } else { "papilio-data" };
        let folder = flags
            .data
            .clone()
            .unwrap_or_else(|| PathBuf::from(usual(flags.demo)));
        let file = match &flags.config {
            Some(file) => Some(file.clone()),
            None => Some(folder.join(FILE_NAME)).filter(|file| file.exists()),
        };
        let text = match &file {
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| ConfigError(format!("{}: {error}", file.display())))?,
            None => String::new(),
        };
        let name = file.as_deref().unwrap_or(Path::new(FILE_NAME));
        let written = config::Config::builder()
            .add_source(config::File::from_str(&text, FileFormat::Toml))
            .build()
            .and_then(config::Config::try_deserialize::<Self>)
            .map_err(|error| ConfigError(format!("{}: {}", name.display(), one_line(&error))))?;
        Ok(written)
    }

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

    /// How many failed sign-ins are too many.
    pub fn throttle(&self) -> ThrottleSettings {
        ThrottleSettings {
            per_account: self.throttle.per_account,
            per_address: self.throttle.per_address,
            window: self.throttle.window.unwrap_or_default(),
        }
    }
}

/// The line of an error: what, where, why.
fn one_line(error: &config::ConfigError) -> String {
    error.to_string().replace('\n', " ")
}

/// The name of the configuration file in the data folder.
const FILE_NAME: &str = "papilio.toml";

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

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.toml");
        std::fs::write(&file, text).unwrap();
        let flags = Flags {
            config: Some(file),
            ..Flags::default()
        };
        Config::load(&flags).map_err(|error| error.to_string())
    }

    #[test]
    fn zz() {
        for text in [
            "foo = 1",
            "[limits]\nlin = 3",
            "[limits]\nline = \"abc\"",
            "[limits]\nline = -1",
            "[rates]\nchg = {burst=1}",
            "[rates]\nchg = {burst=1, per-second=2, x=3}",
            "[sign-in]\ndeadline = \"x\"",
            "[listen]\nmsnp = \"x:y\"",
            "max-version = 99",
            "max-version = 999",
            "a b c",
            "[limits",
            "limits = 3",
            "[database]\nurl = \"mysql://\"",
            "demo = 7",
            "[limits]\nline = 1\nline = 2\n",
        ] {
            println!("{text:?}\n   {}", written(text).unwrap_err());
        }
    }
}
