//! How values are written in the configuration: `"off"`, `""`, `0` for none, `"5m"`, `{ burst = 5, ... }`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

/// Where to listen: `HOST:PORT`, `:PORT` or `PORT` (all addresses). Port 0 = any free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    /// A name or an address; an address of IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The address that clients are told: `HOST[:PORT]`. Without a port it is the one listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// A name or an address.
    pub host: String,
    /// The port, if it is another one than the one listened on.
    pub port: Option<u16>,
}

/// The address of a page or a picture: `http://...`, `https://...`, or `/...` for one of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAddress(String);

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rate {
    /// How often at once.
    pub burst: u32,
    /// How often a second, on average.
    pub per_second: u32,
}

/// The text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// It is no address to listen on.
    #[error("not an address: HOST:PORT, :PORT or PORT")]
    Listen,
    /// It is no address to tell others.
    #[error("not an address: HOST or HOST:PORT")]
    Advertised,
    /// It is no address of a page.
    #[error("not the address of a page: http://..., https://... or /...")]
    Page,
}

impl ListenAddress {
    /// This port of every address of IPv4: the protocol's own addresses know no other.
    pub fn everywhere(port: u16) -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            port,
        }
    }

    /// This port of this machine alone.
    pub fn loopback(port: u16) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
        }
    }
}

impl FromStr for ListenAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let port = port_number(port).ok_or(InvalidAddress::Listen)?;
        if host.is_empty() {
            return Ok(Self::everywhere(port));
        }
        let host = host_name(host).ok_or(InvalidAddress::Listen)?;
        Ok(Self { host, port })
    }
}

impl FromStr for Advertised {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let bad = InvalidAddress::Advertised;
        // A bare address of IPv6 has colons of its own.
        if let Some(host) = host_name(text) {
            return Ok(Self { host, port: None });
        }
        let (host, port) = text.rsplit_once(':').ok_or(bad)?;
        Ok(Self {
            host: host_name(host).ok_or(bad)?,
            port: Some(port_number(port).filter(|&port| port != 0).ok_or(bad)?),
        })
    }
}

impl PageAddress {
    /// A page of this server, by its path.
    pub(super) fn of_ours(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// The path, if it is a page of this server.
    pub fn path(&self) -> Option<&str> {
        self.0.starts_with('/').then_some(self.0.as_str())
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PageAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let is_ours = text.starts_with('/') && !text.starts_with("//");
        let is_elsewhere = ["http://", "https://"]
            .iter()
            .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        let is_plain = text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"<>\\".contains(&b));
        if (is_ours || is_elsewhere) && is_plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAddress::Page)
        }
    }
}

impl fmt::Display for PageAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", bracketed(&self.host), self.port)
    }
}

impl fmt::Display for Advertised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = bracketed(&self.host);
        match self.port {
            Some(port) => write!(f, "{host}:{port}"),
            None => f.write_str(&host),
        }
    }
}

/// A host as it stands in an address: one of IPv6 in brackets.
pub fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') {
        format!("[{host}]").into()
    } else {
        host.into()
    }
}

fn port_number(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A name, an address of IPv4, or one of IPv6 with or without brackets.
fn host_name(text: &str) -> Option<String> {
    let inner = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(inner) = inner {
        return inner
            .parse::<std::net::Ipv6Addr>()
            .ok()
            .map(|address| address.to_string());
    }
    if let Ok(address) = text.parse::<std::net::Ipv6Addr>() {
        return Some(address.to_string());
    }
    let name = !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    name.then(|| text.to_owned())
}

/// A number, 0 = none.
pub(super) mod count {
    use serde::{Deserialize, Deserializer};

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<usize>, D::Error> {
        Ok(Some(usize::deserialize(from)?).filter(|&number| number != 0))
    }

    #[cfg(test)]
    pub(in crate::config) fn serialize<S: serde::Serializer>(
        value: &Option<usize>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&value.unwrap_or(0), to)
    }
}

/// A length of time: seconds as a number, or `"90s"`, `"5m"`, `"1h 30m"`. 0 = none.
pub(super) mod period {
    use std::fmt;
    use std::time::Duration;

    use jiff::SignedDuration;
    use serde::Deserializer;
    use serde::de::{Error, Visitor};

    /// Whoever wants more wants no limit; and a moment so far away that no clock reaches it would be
    /// none.
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        let period = from.deserialize_any(PeriodVisitor)?;
        if period > LONGEST {
            return Err(D::Error::custom("longer than ten years; 0 is no limit"));
        }
        Ok(Some(period).filter(|period| !period.is_zero()))
    }

    struct PeriodVisitor;

    impl Visitor<'_> for PeriodVisitor {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a length of time such as 90 (seconds), \"90s\", \"5m\" or \"24h\"")
        }

        fn visit_u64<E: Error>(self, seconds: u64) -> Result<Duration, E> {
            Ok(Duration::from_secs(seconds))
        }

        fn visit_i64<E: Error>(self, seconds: i64) -> Result<Duration, E> {
            let seconds = u64::try_from(seconds)
                .map_err(|_| E::custom("a length of time cannot be negative"))?;
            self.visit_u64(seconds)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
            if let Ok(seconds) = text.parse() {
                return self.visit_u64(seconds);
            }
            text.parse::<SignedDuration>()
                .ok()
                .and_then(|period| Duration::try_from(period).ok())
                .ok_or_else(|| E::custom(format_args!("{text:?} is not {}", Expected(&self))))
        }
    }

    struct Expected<'a>(&'a PeriodVisitor);

    impl fmt::Display for Expected<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.expecting(f)
        }
    }

    #[cfg(test)]
    pub(in crate::config) fn serialize<S: serde::Serializer>(
        value: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&value.unwrap_or_default().as_secs(), to)
    }
}

/// `{ burst = 5, per-second = 1 }`; 0, or either of them 0 = none.
pub(super) mod rate {
    use std::fmt;

    use serde::de::value::MapAccessDeserializer;
    use serde::de::{Error, MapAccess, Unexpected, Visitor};
    use serde::{Deserialize, Deserializer};

    use super::Rate;

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Rate>, D::Error> {
        let rate = from.deserialize_any(RateVisitor)?;
        Ok(rate.filter(|rate| rate.burst != 0 && rate.per_second != 0))
    }

    struct RateVisitor;

    impl<'de> Visitor<'de> for RateVisitor {
        type Value = Option<Rate>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("{ burst = NUMBER, per-second = NUMBER }, or 0 for no limit")
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Option<Rate>, E> {
            match number {
                0 => Ok(None),
                _ => Err(E::invalid_type(Unexpected::Unsigned(number), &self)),
            }
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Option<Rate>, E> {
            match number {
                0 => Ok(None),
                _ => Err(E::invalid_type(Unexpected::Signed(number), &self)),
            }
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<Rate>, A::Error> {
            Rate::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    #[cfg(test)]
    pub(in crate::config) fn serialize<S: serde::Serializer>(
        value: &Option<Rate>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let none = Rate {
            burst: 0,
            per_second: 0,
        };
        serde::Serialize::serialize(&value.unwrap_or(none), to)
    }
}

/// A text with a form of its own, or a word that stands for nothing.
macro_rules! optional_text {
    ($(#[$doc:meta])* $module:ident, $nothing:literal) => {
        $(#[$doc])*
        pub(super) mod $module {
            use std::fmt::Display;
            use std::str::FromStr;

            use serde::de::Error;
            use serde::{Deserialize, Deserializer};

            pub(in crate::config) fn deserialize<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
            where
                D: Deserializer<'de>,
                T: FromStr<Err: Display>,
            {
                let text = String::deserialize(from)?;
                if text.trim() == $nothing {
                    return Ok(None);
                }
                text.parse().map(Some).map_err(D::Error::custom)
            }

            #[cfg(test)]
            pub(in crate::config) fn serialize<S: serde::Serializer, T: ToString>(
                value: &Option<T>,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                let text = value.as_ref().map_or($nothing.to_owned(), ToString::to_string);
                serde::Serialize::serialize(&text, to)
            }
        }
    };
}

optional_text!(
    /// A text, empty = none.
    or_nothing,
    ""
);
optional_text!(
    /// A text, `off` = none.
    or_off,
    "off"
);

/// A list of texts that each have a form of their own.
pub(super) mod texts {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer};

    pub(in crate::config) fn deserialize<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
    where
        D: Deserializer<'de>,
        T: FromStr<Err: Display>,
    {
        let read = |text: String| {
            let value = text.parse();
            value.map_err(|error| D::Error::custom(format_args!("{text:?}: {error}")))
        };
        Vec::<String>::deserialize(from)?
            .into_iter()
            .map(read)
            .collect()
    }

    #[cfg(test)]
    pub(in crate::config) fn serialize<S: serde::Serializer, T: ToString>(
        values: &[T],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
        serde::Serialize::serialize(&texts, to)
    }
}

/// The address of a page, which must be there.
pub(super) mod page {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer};

    use super::PageAddress;

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<PageAddress, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }

    #[cfg(test)]
    pub(in crate::config) fn serialize<S: serde::Serializer>(
        value: &PageAddress,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(value.as_str(), to)
    }
}

/// The number of a version.
pub(super) mod version {
    use msnp::wire::version::Version;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer};

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Version, D::Error> {
        Version::numbered(u8::deserialize(from)?)
            .ok_or_else(|| D::Error::custom("a version is a number from 2 to 21"))
    }

    #[cfg(test)]
    pub(in crate::config) fn serialize<S: serde::Serializer>(
        value: &Version,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let name = value.to_string();
        serde::Serialize::serialize(&name.trim_start_matches("MSNP").parse::<u8>().ok(), to)
    }
}

/// A filter of the log.
pub(super) mod filter {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer};
    use tracing_subscriber::EnvFilter;

    pub(in crate::config) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<String, D::Error> {
        let text = String::deserialize(from)?;
        match EnvFilter::try_new(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(D::Error::custom(format_args!(
                "{text:?} is not what can be logged: {error}"
            ))),
        }
    }

    #[cfg(test)]
    pub(in crate::config) fn serialize<S: serde::Serializer>(
        value: &str,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(value, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_to_listen_on() {
        for (text, host, port) in [
            ("127.0.0.1:1863", "127.0.0.1", 1863),
            ("localhost:0", "localhost", 0),
            (":80", "0.0.0.0", 80),
            ("80", "0.0.0.0", 80),
            ("[::]:1863", "::", 1863),
            (" [::1]:1 ", "::1", 1),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(
                (address.host.as_str(), address.port),
                (host, port),
                "{text}"
            );
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        for text in [
            "",
            ":",
            "a",
            "a:",
            "a:b",
            "a:70000",
            "a:+1",
            "a b:1",
            "[a]:1",
            "http://a:1",
        ] {
            let address: Result<ListenAddress, _> = text.parse();
            assert_eq!(address, Err(InvalidAddress::Listen), "{text:?}");
        }
    }

    #[test]
    fn addresses_to_tell_others() {
        for (text, host, port) in [
            ("chat.example.org", "chat.example.org", None),
            ("192.0.2.1:1863", "192.0.2.1", Some(1863)),
            ("::1", "::1", None),
            ("[::1]", "::1", None),
            ("[2001:db8::1]:5", "2001:db8::1", Some(5)),
        ] {
            let address: Advertised = text.parse().unwrap();
            assert_eq!(
                (address.host.as_str(), address.port),
                (host, port),
                "{text}"
            );
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        for text in ["", ":1", "a:", "a:0", "a:b", "a b", "a\r\nb"] {
            let address: Result<Advertised, _> = text.parse();
            assert_eq!(address, Err(InvalidAddress::Advertised), "{text:?}");
        }
    }
}
