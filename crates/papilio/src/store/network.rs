//! Networks: all addresses that begin alike, in the notation of RFC 4632 and RFC 4291 (`192.0.2.0/24`,
//! `2001:db8::/32`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network. An address of IPv4 and the same address written in IPv6 (`::ffff:192.0.2.1`) are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    /// The first of its addresses, in IPv6.
    bits: u128,
    /// How many bits of that all have in common: of IPv4 96 and more.
    prefix: u8,
}

/// The text is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network such as 192.0.2.0/24 or 2001:db8::/32")]
pub struct InvalidNetwork;

impl Network {
    /// The network that begins like this address, with so many bits of IPv6 in common.
    pub fn around(address: IpAddr, prefix: u8) -> Self {
        let prefix = prefix.min(128);
        Self {
            bits: number(address) & mask(prefix),
            prefix,
        }
    }

    /// How many bits all addresses have in common, counted as in IPv6.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether an address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        number(address) & mask(self.prefix) == self.bits
    }

    fn is_v4(self) -> bool {
        self.prefix >= V4_PREFIX && Self::around(V4, V4_PREFIX).contains(self.address())
    }

    fn address(self) -> IpAddr {
        Ipv6Addr::from_bits(self.bits).into()
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    /// What stands behind the prefix does not count: `192.0.2.7/24` is `192.0.2.0/24`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let (longest, before) = match address {
            IpAddr::V4(_) => (32, V4_PREFIX),
            IpAddr::V6(_) => (128, 0),
        };
        let length = match length {
            // No sign, no spaces: just digits.
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| InvalidNetwork)?
            }
            Some(_) => return Err(InvalidNetwork),
            None => longest,
        };
        if length > longest {
            return Err(InvalidNetwork);
        }
        Ok(Self::around(address, before + length))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, length, longest) = if self.is_v4() {
            let v4 = self.address().to_canonical();
            (v4, self.prefix - V4_PREFIX, 32)
        } else {
            (self.address(), self.prefix, 128)
        };
        if length == longest {
            write!(f, "{address}")
        } else {
            write!(f, "{address}/{length}")
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn mask(prefix: u8) -> u128 {
    match prefix {
        0 => 0,
        _ => u128::MAX << (128 - u32::from(prefix.min(128))),
    }
}

/// Where addresses of IPv4 are in IPv6.
const V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const V4_PREFIX: u8 = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_in_one_way() {
        for (text, written) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7/32", "192.0.2.7"),
            (" 192.0.2.7/24 ", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::1/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1"),
            ("::/0", "::/0"),
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), written, "{text}");
            assert_eq!(written.parse(), Ok(network), "{text}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/",
            "192.0.2",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/+8",
            "192.0.2.0/",
            "a@b",
            "::/999",
        ] {
            assert_eq!(text.parse::<Network>(), Err(InvalidNetwork), "{text}");
        }
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        let contains = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(contains("192.0.2.0/24", "192.0.2.255"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.1"));
        assert!(!contains("192.0.2.0/24", "192.0.3.0"));
        assert!(contains("0.0.0.0/0", "8.8.8.8") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(contains("::/0", "192.0.2.1"));
    }
}
