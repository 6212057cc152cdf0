//! Puts the configuration together: defaults, file, command line.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::PathBuf;

use config::FileFormat;
use msnp::wire::version::Version;
use toml::Table;

use super::effective::Effective;
use super::{Advertised, Config, Listen, ListenAddress, Mail, Pages, keys};

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
    /// `--https ADDR`.
    pub https: Option<ListenAddress>,
    /// `--advertise HOST[:PORT]`.
    pub advertise: Option<Advertised>,
    /// `--max-version N`.
    pub max_version: Option<Version>,
    /// `--demo`.
    pub demo: bool,
}

/// A configuration, and who says what it is.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// The same, key by key.
    pub effective: Effective,
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
}

/// The configuration cannot be used: which file, which key, why, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

impl Config {
    /// Puts together what the file says and what the command line says.
    ///
    /// The file is the one that `--config` names, else `papilio.toml` in the data folder if there is
    /// one. As soon as the command line names a listener, only the listeners that it names are open.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        Ok(Loaded::load(flags)?.config)
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
                .set_default("listen.http", listen.http.map(|http| http.to_string()))?
                .set_default("listen.https", listen.https.map(|https| https.to_string()))?
                .set_default("pages.sign-up", "open")?;
        }
        layers.add_source(written).build()?.try_deserialize()
    }

    /// Built without TLS, this cannot do what the defaults say; what the command line says is refused.
    #[cfg(not(feature = "tls"))]
    fn do_without_tls(&mut self, flags: &Flags) -> Result<(), ConfigError> {
        if flags.https.is_some() {
            return Err(ConfigError(
                "--https needs TLS, and this papilio was built without it (cargo feature `tls`)"
                    .to_owned(),
            ));
        }
        self.listen.https = None;
        Ok(())
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
        let named = flags.listen();
        if named != Listen::NOTHING {
            self.listen = named;
        }
    }
}

impl Loaded {
    /// The same as [`Config::load`], and who said what.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let folder = flags
            .data
            .clone()
            .unwrap_or_else(|| usual_folder(flags.demo));
        let file = match &flags.config {
            Some(file) => file.clone(),
            None => folder.join(FILE_NAME),
        };
        let wrong = |why: String| ConfigError(format!("{}: {why}", file.display()));
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound && flags.config.is_none() => None,
            Err(error) => return Err(wrong(error.to_string())),
        };
        let written = text.as_deref().unwrap_or_default();
        // What cannot be read at all is told by whoever reads it next.
        let table: Table = written.parse().unwrap_or_default();
        if let Some(unknown) = keys::unknown(&table) {
            return Err(wrong(unknown));
        }
        let mut config = Config::read(written, flags).map_err(|error| wrong(one_line(&error)))?;
        // A file that was found in the folder of the data and names no other speaks of that folder.
        if config.data.as_os_str().is_empty() {
            config.data = match flags.config {
                Some(_) => usual_folder(config.demo),
                None => folder,
            };
        }
        config.obey(flags);
        #[cfg(not(feature = "tls"))]
        config.do_without_tls(flags)?;
        if config.demo {
            config.listen.keep_to_this_machine()?;
        }
        config.mail.must_be_whole(&config.pages)?;
        config
            .tls
            .check()
            .map_err(|error| wrong(error.to_string()))?;
        let file = text.is_some().then_some(file);
        let said = file.clone().map(|file| (file, &table));
        let mut effective = Effective::of(said, &flags.said());
        effective.settle("data", config.data.display().to_string());
        for (name, address) in config.listen.by_name() {
            let address = address.map_or("off".to_owned(), ToString::to_string);
            effective.settle(name, address);
        }
        Ok(Self {
            config,
            effective,
            file,
        })
    }
}

impl Flags {
    /// What they say, by key.
    fn said(&self) -> Vec<(&'static str, String)> {
        let mut said = Vec::new();
        if let Some(data) = &self.data {
            said.push(("data", data.display().to_string()));
        }
        if self.demo {
            said.push(("demo", "true".to_owned()));
        }
        if let Some(advertise) = &self.advertise {
            said.push(("advertise", advertise.to_string()));
        }
        if let Some(version) = self.max_version {
            let number = version.to_string();
            said.push(("max-version", number.trim_start_matches("MSNP").to_owned()));
        }
        let named = self.listen();
        if named != Listen::NOTHING {
            let by_name = named.by_name();
            said.extend(by_name.map(|(name, _)| (name, String::new())));
        }
        said
    }

    fn listen(&self) -> Listen {
        Listen {
            msnp: self.msnp.clone(),
            dispatch: self.dispatch.clone(),
            http: self.http.clone(),
            https: self.https.clone(),
        }
    }
}

impl Listen {
    /// The listeners by their keys.
    pub fn by_name(&self) -> [(&'static str, Option<&ListenAddress>); 4] {
        [
            ("listen.msnp", self.msnp.as_ref()),
            ("listen.dispatch", self.dispatch.as_ref()),
            ("listen.http", self.http.as_ref()),
            ("listen.https", self.https.as_ref()),
        ]
    }

    const NOTHING: Self = Self {
        msnp: None,
        dispatch: None,
        http: None,
        https: None,
    };

    /// The defaults of `--demo`.
    fn demo() -> Self {
        Self {
            msnp: Some(ListenAddress::loopback(1863)),
            dispatch: None,
            http: Some(ListenAddress::loopback(8080)),
            https: Some(ListenAddress::loopback(8443)),
        }
    }

    /// For `--demo`, whose password everybody knows: all addresses are those of this machine, and no
    /// other is listened on.
    fn keep_to_this_machine(&mut self) -> Result<(), ConfigError> {
        let ports = [
            &mut self.msnp,
            &mut self.dispatch,
            &mut self.http,
            &mut self.https,
        ];
        for address in ports.into_iter().flatten() {
            match address.host.parse::<IpAddr>() {
                Ok(ip) if ip.is_loopback() => {}
                Ok(ip) if ip.is_unspecified() => *address = ListenAddress::loopback(address.port),
                Err(_) if address.host == "localhost" => {}
                _ => {
                    return Err(ConfigError(format!(
                        "the demo is for this machine alone: it does not listen on {address}"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl Mail {
    /// Whoever wants mail to be sent must say from whom, and where its links lead: what a browser
    /// says of the latter may be a trap for whoever gets the mail.
    fn must_be_whole(&self, pages: &Pages) -> Result<(), ConfigError> {
        let missing = match () {
            () if self.server.is_none() => return Ok(()),
            () if self.from.is_none() => "the key `mail.from`, who it is from",
            () if pages.address.is_none() => "the key `pages.address`, where its links lead",
            () if self.password.is_some() && self.password_file.is_some() => {
                return Err(ConfigError(
                    "there are both `mail.password` and `mail.password-file`".to_owned(),
                ));
            }
            () => return Ok(()),
        };
        Err(ConfigError(format!(
            "mail is sent by `mail.server`, but {missing}, is missing"
        )))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use super::keys::DOCUMENTED;
    use crate::store::Database;
    use serde_json::Value;
    use tempfile::TempDir;

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
        assert_eq!(
            config.sign_in.ticket_lifetime,
            Some(Duration::from_secs(90 * 60))
        );
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
        assert_eq!(config.pages.sign_up, crate::config::SignUp::Open);
        assert_eq!(config.data, PathBuf::from("papilio-demo"));
        assert_eq!(config.listen, Listen::demo());

        let (_folder, mut flags) = folder_with("[listen]\nhttp = '0.0.0.0:80'");
        flags.demo = true;
        let config = Config::load(&flags).unwrap();
        assert_eq!(Some(config.data), flags.data);
        assert_eq!(config.listen.msnp, Some(ListenAddress::loopback(1863)));
        assert_eq!(config.listen.http, Some(ListenAddress::loopback(80)));

        for (address, kept) in [
            ("1863", Some("127.0.0.1:1863")),
            ("[::]:0", Some("127.0.0.1:0")),
            ("[::1]:0", Some("[::1]:0")),
            ("127.0.0.2:1", Some("127.0.0.2:1")),
            ("localhost:1", Some("localhost:1")),
            ("192.0.2.1:1", None),
            ("chat.example.org:1", None),
        ] {
            flags.msnp = Some(address.parse().unwrap());
            let listen = Config::load(&flags).map(|config| config.listen.msnp);
            match kept {
                Some(kept) => assert_eq!(listen.unwrap().unwrap().to_string(), kept),
                None => assert_eq!(
                    listen.unwrap_err().to_string(),
                    format!("the demo is for this machine alone: it does not listen on {address}")
                ),
            }
        }
    }

    #[test]
    fn zero_is_no_limit_whatever_is_limited() {
        let (_folder, flags) = folder_with(
            "[limits]\nline = 0\nhalf-command = 0\n[rates]\nchg = 0\n\
             prp = { burst = 0, per-second = 5 }\nuux = { burst = 5, per-second = 0 }",
        );
        let config = Config::load(&flags).unwrap();
        assert_eq!(
            (config.limits.line, config.limits.half_command),
            (None, None)
        );
        let rates = config.rates;
        assert_eq!((rates.chg, rates.prp, rates.uux), (None, None, None));
    }

    #[test]
    fn what_cannot_be_used_is_named_in_one_line() {
        for (text, reason) in [
            ("foo = 1", ": there is no key `foo`; "),
            (
                "[limits]\nlin = 3",
                ": there is no key `limits.lin`; did you mean `limits.line`?",
            ),
            (
                "[client]\ntabs = [{ nam = 'x' }]",
                ": unknown field `nam`, expected one of ",
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
                ": missing configuration field",
            ),
            (
                "[sign-in]\ndeadline = 'soon'",
                ": \"soon\" is not a length of time such as 90 (seconds), \"90s\", \"5m\" or \
                 \"24h\" for key `sign-in.deadline`",
            ),
            (
                "[sign-in]\ndeadline = 9223372036854775807",
                ": longer than ten years; 0 is no limit for key `sign-in.deadline`",
            ),
            (
                "[rates]\nchg = 5",
                ": invalid type: integer `5`, expected { burst = NUMBER, per-second = NUMBER }, or 0 \
                 for no limit for key `rates.chg`",
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
    }

    #[test]
    fn mail_needs_a_sender_and_an_address_for_its_links() {
        let server = "[mail]\nserver = 'mail.example.org'\n";
        let from = "from = 'Papilio <chat@example.org>'\n";
        let pages = "[pages]\naddress = 'https://chat.example.org'\n";
        for (text, missing) in [
            (server.to_owned(), "`mail.from`"),
            (format!("{server}{from}"), "`pages.address`"),
        ] {
            let (_folder, flags) = folder_with(&text);
            let refusal = Config::load(&flags).unwrap_err().to_string();
            assert!(refusal.contains(missing), "{refusal}");
        }
        let whole = format!("{server}{from}password = 'secret'\n{pages}");
        let config = {
            let (_folder, flags) = folder_with(&whole);
            Config::load(&flags).unwrap()
        };
        assert!(!format!("{config:?}").contains("secret"));
        let (_folder, flags) = folder_with(&format!(
            "{server}{from}password = 'x'\npassword-file = 'y'\n{pages}"
        ));
        let refusal = Config::load(&flags).unwrap_err().to_string();
        assert!(refusal.contains("both"), "{refusal}");
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
