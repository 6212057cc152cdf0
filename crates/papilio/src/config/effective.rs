//! Every key with the value that holds, and who says so: for people, and for telling two apart.

use std::fmt;
use std::path::PathBuf;

use toml::{Table, Value};

use super::keys;

/// The configuration key by key, in the order of the documented file.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    keys: Vec<Key>,
}

/// A key.
#[derive(Clone, PartialEq)]
pub struct Key {
    /// Its name, such as `limits.line`.
    pub name: String,
    /// Who says what it is.
    pub origin: Origin,
    value: Value,
}

/// Who says what a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody.
    Default,
    /// This file.
    File(PathBuf),
    /// A flag.
    CommandLine,
}

impl Effective {
    /// Of a file, if there is one, and of what flags say.
    pub(super) fn of(file: Option<(PathBuf, &Table)>, flags: &[(&str, String)]) -> Self {
        let keys = keys::defaults().into_iter().map(|(name, default)| {
            let flag = flags.iter().find(|(flag, _)| *flag == name);
            let written = file.as_ref().and_then(|(path, table)| {
                let value = keys::find(table, &name)?;
                Some((path.clone(), value.clone()))
            });
            let (value, origin) = match (flag, written) {
                (Some((_, said)), _) => (flag_value(said, &default), Origin::CommandLine),
                (None, Some((path, value))) => (value, Origin::File(path)),
                (None, None) => (default, Origin::Default),
            };
            Key {
                name,
                origin,
                value,
            }
        });
        Self {
            keys: keys.collect(),
        }
    }

    /// What a key turned out to be in the end, whoever said so.
    pub(super) fn settle(&mut self, name: &str, value: String) {
        if let Some(key) = self.keys.iter_mut().find(|key| key.name == name) {
            key.value = Value::String(value);
        }
    }

    /// The keys for which this is so are as they were.
    pub fn keep(&mut self, old: &Self, is_kept: impl Fn(&str) -> bool) {
        for (key, old) in self.keys.iter_mut().zip(&old.keys) {
            if is_kept(&key.name) {
                key.clone_from(old);
            }
        }
    }

    /// All keys.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The keys whose value is another one in `new`, as it is there.
    pub fn changed<'a>(&self, new: &'a Self) -> Vec<&'a Key> {
        let same = |(old, new): &(&Key, &Key)| old.value == new.value;
        let pairs = self.keys.iter().zip(&new.keys);
        pairs
            .filter(|pair| !same(pair))
            .map(|(_, new)| new)
            .collect()
    }
}

impl Key {
    /// The value as it is written in the file, without what is secret.
    pub fn shown(&self) -> String {
        let is_secret = SECRETS.iter().any(|name| self.name.ends_with(name));
        match &self.value {
            Value::String(text) if is_secret && !text.is_empty() => MASK.to_owned(),
            Value::String(text) => Value::String(without_password(text)).to_string(),
            Value::Table(table) => {
                let fields = table.iter().map(|(key, value)| format!("{key} = {value}"));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            value => value.to_string(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.name, self.shown(), self.origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// What a flag says, as the kind of value that its key has.
fn flag_value(said: &str, default: &Value) -> Value {
    match default {
        Value::Integer(_) => said.parse().map(Value::Integer).ok(),
        Value::Boolean(_) => said.parse().map(Value::Boolean).ok(),
        _ => None,
    }
    .unwrap_or_else(|| Value::String(said.to_owned()))
}

/// An address without the password in it: `postgres://name:***@host/database`.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    if rest.contains("password=") {
        return format!("{scheme}://***");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    // A password may have a slash in it that was not written as it should be: the last @ counts.
    let Some((login, host)) = rest.rsplit_once('@').filter(|_| text.contains('@')) else {
        return text.to_owned();
    };
    match login.split_once(':') {
        Some((name, _)) => format!("{scheme}://{name}:***@{host}"),
        None if authority.contains('@') => text.to_owned(),
        None => format!("{scheme}://***@{host}"),
    }
}

/// How keys end whose values are secrets.
const SECRETS: &[&str] = &["password", "token", "secret"];

/// What stands for a secret.
const MASK: &str = "\"***\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn effective(text: &str, flags: &[(&str, String)]) -> Effective {
        Effective::of(Some(("f.toml".into(), &text.parse().unwrap())), flags)
    }

    fn key<'a>(effective: &'a Effective, name: &str) -> &'a Key {
        let found = effective.keys().iter().find(|key| key.name == name);
        found.unwrap_or_else(|| panic!("{name}"))
    }

    #[test]
    fn every_value_says_where_it_comes_from() {
        let flags = [("max-version", "13".to_owned())];
        let all = effective("log = 'debug'\nmax-version = 14\n[rates]\nchg = 0", &flags);
        for (name, shown, origin) in [
            ("log", "\"debug\"", "f.toml"),
            ("max-version", "13", "command line"),
            ("limits.line", "8192", "default"),
            ("rates.chg", "0", "f.toml"),
            ("rates.prp", "{ burst = 300, per-second = 20 }", "default"),
        ] {
            let key = key(&all, name);
            assert_eq!(key.shown(), shown, "{name}");
            assert_eq!(key.origin.to_string(), origin, "{name}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let all = effective(
            "[database]\nurl = 'postgres://me:se/c@ret@host/db'\n[metrics]\ntoken = 'secret of them'",
            &[],
        );
        assert_eq!(
            key(&all, "database.url").shown(),
            "\"postgres://me:***@host/db\""
        );
        assert_eq!(key(&all, "metrics.token").shown(), MASK);
        let debug = format!("{all:?}");
        assert!(!debug.contains("c@ret") && !debug.contains("of them"));
        assert_eq!(key(&effective("", &[]), "metrics.token").shown(), "\"\"");
        assert_eq!(
            without_password("postgres://host/db?user=a&password=b"),
            "postgres://***"
        );
        assert_eq!(without_password("https://host/@b"), "https://***@b");
    }

    #[test]
    fn what_changed_is_told_by_value() {
        let old = effective("log = 'info'\n[limits]\nline = 1", &[]);
        let new = effective("[limits]\nline = 2\n[http]\nhead = 65536", &[]);
        let changed: Vec<_> = old.changed(&new).iter().map(|key| &*key.name).collect();
        assert_eq!(changed, ["limits.line"]);
    }
}
