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
use std::io::ErrorKind;
use std::path::PathBuf;
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
    #[serde(with = "value::filter")]
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
    pub max_version: Option<Version>,
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
            deadline: minutes(1),
            ticket_deadline: minutes(5),
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
                burst: 300,
                per_second: 20,
            }),
            prp: Some(Rate {
                burst: 300,
                per_second: 20,
            }),
            uux: Some(Rate {
                burst: 300,
                per_second: 20,
            }),
            cal: Some(Rate {
                burst: 120,
                per_second: 10,
            }),
            xfr: Some(Rate {
                burst: 120,
                per_second: 10,
            }),
            lists: Some(Rate {
                burst: 600,
                per_second: 50,
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
            deadline: minutes(1),
            failed_calls: Some(5),
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
        let folder = flags
            .data
            .clone()
            .unwrap_or_else(|| usual_folder(flags.demo));
        let file = match &flags.config {
            Some(file) => file.clone(),
            None => folder.join(FILE_NAME),
        };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && flags.config.is_none() => {
                String::new()
            }
            Err(error) => return Err(ConfigError(format!("{}: {error}", file.display()))),
        };
        let mut config = Self::read(&text, flags)
            .map_err(|error| ConfigError(format!("{}: {}", file.display(), one_line(&error))))?;
        // A file that was found in the folder of the data and names no other speaks of that folder.
        if config.data.as_os_str().is_empty() {
            config.data = match flags.config {
                Some(_) => usual_folder(config.demo),
                None => folder,
            };
        }
        config.obey(flags);
        Ok(config)
    }

    fn read(text: &str, flags: &Flags) -> Result<Self, config::ConfigError> {
        let file = config::File::from_str(text, FileFormat::Toml);
        let written = config::Config::builder().add_source(file).build()?;
        let demo = flags.demo || written.get_bool("demo").unwrap_or_default();
        let mut layers = config::Config::builder().set_default("data", "")?;
        if demo {
            let listen = Listen::demo();
            layers = layers
                .set_default("listen.msnp", listen.msnp.map(|msnp| msnp.to_string()))?
                .set_default("listen.http", listen.http.map(|http| http.to_string()))?;
        }
        layers.add_source(written).build()?.try_deserialize()
    }

    fn obey(&mut self, flags: &Flags) {
        if let Some(data) = &flags.data {
            self.data.clone_from(data);
        }
        self.demo |= flags.demo;
        if let Some(number) = flags.max_version {
            self.max_version = number;
        }
        if flags.advertise.is_some() {
            self.advertise.clone_from(&flags.advertise);
        }
        let named = Listen {
            msnp: flags.msnp.clone(),
            dispatch: flags.dispatch.clone(),
            http: flags.http.clone(),
        };
        if named != Listen::NOTHING {
            self.listen = named;
        }
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

impl Listen {
    const NOTHING: Self = Self {
        msnp: None,
        dispatch: None,
        http: None,
    };

    /// The defaults of `--demo`.
    fn demo() -> Self {
        Self {
            msnp: Some(ListenAddress::loopback(1863)),
            dispatch: None,
            http: Some(ListenAddress::loopback(8080)),
        }
    }
}

fn usual_folder(demo: bool) -> PathBuf {
    PathBuf::from(if demo { "papilio-demo" } else { "papilio-data" })
}

/// What is wrong in one line. What cannot be read at all comes with a drawing of the place; its first
/// line says where and its last one what.
fn one_line(error: &config::ConfigError) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.as_slice() {
        [place, .., what] if lines.len() > 2 => {
            let place = place.trim_start_matches("TOML parse error at ");
            format!("{place}: {what}")
        }
        _ => lines.join(" "),
    }
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
    use serde_json::Value;
    use tempfile::TempDir;

    const DOCUMENTED: &str = include_str!("../../../papilio.toml");

    fn folder_with(text: &str) -> (TempDir, Flags) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE_NAME), text).unwrap();
        let flags = Flags {
            data: Some(folder.path().to_owned()),
            ..Flags::default()
        };
        (folder, flags)
    }

    fn refusal(text: &str) -> String {
        let (folder, flags) = folder_with(text);
        let error = Config::load(&flags).unwrap_err().to_string();
        let file = folder.path().join(FILE_NAME).display().to_string();
        let reason = error
            .strip_prefix(&file)
            .unwrap_or_else(|| panic!("{error}"));
        reason.to_owned()
    }

    fn keys(value: &Value, path: &str, into: &mut Vec<String>) {
        match value {
            Value::Object(table) => {
                for (key, value) in table {
                    keys(value, &format!("{path}.{key}"), into);
                }
            }
            _ => into.push(path.trim_start_matches('.').to_owned()),
        }
        into.sort();
    }

    #[test]
    fn the_documented_file_names_every_key_with_its_default() {
        let file = config::File::from_str(DOCUMENTED, FileFormat::Toml);
        let written = config::Config::builder().add_source(file).build().unwrap();
        let documented: Config = written.clone().try_deserialize().unwrap();
        assert_eq!(documented, Config::default());

        let (mut named, mut all) = (Vec::new(), Vec::new());
        keys(&written.try_deserialize().unwrap(), "", &mut named);
        keys(
            &serde_json::to_value(Config::default()).unwrap(),
            "",
            &mut all,
        );
        assert_eq!(named, all);
    }

    #[test]
    fn every_key_of_the_documented_file_has_a_comment() {
        let mut before = "";
        for line in DOCUMENTED.lines() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(before.starts_with("# "), "no comment above {line:?}");
            }
            before = line;
        }
    }

    #[test]
    fn nothing_said_is_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let flags = Flags {
            data: Some(folder.path().join("nothing here")),
            ..Flags::default()
        };
        let defaults = Config {
            data: folder.path().join("nothing here"),
            ..Config::default()
        };
        assert_eq!(Config::load(&flags).unwrap(), defaults);
    }

    #[test]
    fn the_file_wins_over_the_defaults_and_the_flags_over_the_file() {
        let (_folder, mut flags) = folder_with(
            "max-version = 12\nadvertise = 'a.example:1'\n[limits]\nline = 100\npayload = 0\n\
             [listen]\nmsnp = 'localhost:1'\nhttp = 'off'\n[sign-in]\nticket-lifetime = '1h 30m'",
        );
        let config = Config::load(&flags).unwrap();
        assert_eq!(
            (config.limits.line, config.limits.payload),
            (Some(100), None)
        );
        assert_eq!(config.limits.message, Some(1664));
        assert_eq!(config.sign_in.ticket_lifetime, minutes(90));
        assert_eq!(Some(config.max_version), Version::numbered(12));
        assert_eq!(config.listen.msnp, Some("localhost:1".parse().unwrap()));
        assert_eq!(config.listen.http, None);

        flags.max_version = Version::numbered(13);
        flags.advertise = Some("b.example".parse().unwrap());
        let config = Config::load(&flags).unwrap();
        assert_eq!(config.max_version, Version::MSNP13);
        assert_eq!(config.advertise, Some("b.example".parse().unwrap()));
        assert_eq!(config.listen.msnp, Some("localhost:1".parse().unwrap()));
    }

    #[test]
    fn only_the_listeners_that_the_command_line_names_open() {
        let (_folder, mut flags) = folder_with("[listen]\nmsnp = ':1'\ndispatch = ':2'");
        flags.http = Some("127.0.0.1:0".parse().unwrap());
        let listen = Config::load(&flags).unwrap().listen;
        let http = Some(ListenAddress::loopback(0));
        assert_eq!(
            listen,
            Listen {
                http,
                ..Listen::NOTHING
            }
        );
    }

    #[test]
    fn a_demo_has_its_own_folder_and_is_for_this_machine_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.toml");
        std::fs::write(&file, "demo = true").unwrap();
        let flags = Flags {
            config: Some(file),
            ..Flags::default()
        };
        let config = Config::load(&flags).unwrap();
        assert!(config.demo);
        assert_eq!(config.data, PathBuf::from("papilio-demo"));
        assert_eq!(config.listen, Listen::demo());

        let (_folder, mut flags) = folder_with("[listen]\nhttp = '0.0.0.0:80'");
        flags.demo = true;
        let config = Config::load(&flags).unwrap();
        assert_eq!(Some(config.data), flags.data);
        assert_eq!(config.listen.msnp, Some(ListenAddress::loopback(1863)));
        assert_eq!(config.listen.http, Some(ListenAddress::everywhere(80)));
    }

    #[test]
    fn what_cannot_be_used_is_named_in_one_line() {
        for (text, reason) in [
            ("foo = 1", ": unknown field `foo`, expected one of `data`, "),
            (
                "[limits]\nlin = 3",
                ": unknown field `lin`, expected one of ",
            ),
            (
                "[limits]\nline = 'abc'",
                ": invalid type: string \"abc\", expected an integer for key `limits.line`",
            ),
            (
                "[limits]\nline = -1",
                ": invalid type: 64-bit integer `-1`, expected ",
            ),
            (
                "[rates]\nchg = { burst = 1 }",
                ": missing configuration field \"rates.chg.per-second\"",
            ),
            (
                "[sign-in]\ndeadline = 'soon'",
                ": \"soon\" is not a length of time such as 90 (seconds), \"90s\", \"5m\" or \
                 \"24h\" for key `sign-in.deadline`",
            ),
            (
                "[listen]\nmsnp = 'x:y'",
                ": not an address: HOST:PORT, :PORT or PORT for key `listen.msnp`",
            ),
            (
                "max-version = 22",
                ": a version is a number from 2 to 21 for key `max-version`",
            ),
            (
                "[database]\nurl = 'mysql://me:secret@x/y'",
                ": not the address of a PostgreSQL server: postgres://... for key `database.url`",
            ),
            (
                "a b c",
                ": line 1, column 3: key with no value, expected `=`",
            ),
            (
                "demo = true\ndemo = false",
                ": line 2, column 1: duplicate key",
            ),
        ] {
            let refusal = refusal(text);
            assert!(refusal.starts_with(reason), "{text:?}: {refusal}");
            assert!(
                !refusal.contains('\n') && !refusal.contains("secret"),
                "{refusal}"
            );
        }
        assert!(refusal("[limits]\nlin = 3").ends_with(" for key `limits`"));
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() {
        let flags = Flags {
            config: Some(PathBuf::from("no/such.toml")),
            ..Flags::default()
        };
        let error = Config::load(&flags).unwrap_err().to_string();
        assert!(error.starts_with("no/such.toml: "), "{error}");
    }

    #[test]
    fn the_secret_of_the_database_is_not_shown() {
        let (_folder, flags) = folder_with("[database]\nurl = 'postgres://me:secret@x/y'");
        let config = Config::load(&flags).unwrap();
        assert!(matches!(config.database(), Database::Postgres { .. }));
        let shown = format!("{config:?} {:?}", config.database());
        assert!(!shown.contains("secret"), "{shown}");
    }
}
