//! How the service is watched: the log's form, metrics, the wire log.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use msnp::handle::Handle;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use super::value;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Who may read `/metrics`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Metrics {
    /// From these networks.
    #[serde(with = "value::texts")]
    pub allow: Vec<Network>,
    /// From anywhere, with this token.
    #[serde(with = "value::or_nothing")]
    pub token: Option<Secret>,
}

/// What is written down of what clients and server say to one another.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WireLog {
    /// Of these accounts.
    #[serde(with = "value::texts")]
    pub accounts: Vec<Handle>,
    /// Also what people say.
    pub text: bool,
    /// How large a file becomes, in bytes.
    #[serde(with = "value::count")]
    pub size: Option<usize>,
    /// How many files there may be.
    #[serde(with = "value::count")]
    pub files: Option<usize>,
}

/// A range of addresses: `192.0.2.0/24`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that nothing shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Default for Metrics {
    fn default() -> Self {
        let loopback = ["127.0.0.0/8", "::1"].map(str::parse);
        Self {
            allow: loopback.into_iter().flatten().collect(),
            token: None,
        }
    }
}

impl Default for WireLog {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            text: false,
            size: Some(10 * 1024 * 1024),
            files: Some(100),
        }
    }
}

impl Network {
    /// Whether an address is one of them. One of IPv4 may be written in the form of IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let (a, b) = (bits(self.address), bits(address));
        let width = width(address);
        width == width_of(self) && (self.prefix == 0 || (a ^ b) >> (width - self.prefix) == 0)
    }
}

fn width_of(network: &Network) -> u8 {
    width(network.address)
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BAD: &str = "not a network: 192.0.2.0/24, 2001:db8::/32 or one address";
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| BAD)?;
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| BAD)?,
            None => width(address),
        };
        if prefix > width(address) {
            return Err(BAD);
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == width_of(self) {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

impl Secret {
    /// Whether somebody knows it. How long this takes tells nothing of it.
    pub fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl FromStr for Secret {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() < SHORTEST_SECRET {
            return Err("too short to be a secret: 16 characters at least");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whoever tries for a year finds none that is longer.
const SHORTEST_SECRET: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_network() {
        for (text, shown) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            (" 192.0.2.1 ", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("::/0", "::/0"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), shown);
        }
        for text in [
            "",
            "a",
            "192.0.2.0/33",
            "192.0.2.0/",
            "::/129",
            "192.0.2.0/-1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn whether_an_address_is_in_a_network() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
        ] {
            let network: Network = network.parse().unwrap();
            let address = address.parse().unwrap();
            assert_eq!(network.contains(address), expected, "{network} {address}");
        }
    }
}
