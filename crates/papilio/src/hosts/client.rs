//! The clients that people sign in with, as far as they differ in what they need to find a server
//! (services-auth, 1; services-other, 8 and 10).

use std::fmt;
use std::str::FromStr;

use msnp::wire::version::{Dialect, Version};

/// A client, or a family of them that is set up in one manner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Client {
    /// MSN Messenger 1 to 4, Windows Messenger of the same age.
    Msn4,
    /// MSN Messenger 5 and 6.
    Msn6,
    /// MSN Messenger 7.0 and 7.5.
    Msn7,
    /// Windows Live Messenger 8.0.
    Wlm80,
    /// Windows Live Messenger 8.1.
    Wlm81,
    /// Windows Live Messenger 8.5.
    Wlm85,
    /// Windows Live Messenger 2009 and later.
    Wlm2009,
    /// Pidgin, Finch, Adium: whatever is built on libpurple.
    Pidgin,
    /// aMSN.
    Amsn,
    /// BitlBee.
    Bitlbee,
    /// emesene 1.
    Emesene,
    /// Another client, or a library.
    Other,
}

/// There is no such client here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such client; one of {}", Client::ALL.map(Client::slug).join(", "))]
pub struct UnknownClient;

impl Client {
    /// All of them, Microsoft's first, the oldest first.
    pub const ALL: [Self; 12] = [
        Self::Msn4,
        Self::Msn6,
        Self::Msn7,
        Self::Wlm80,
        Self::Wlm81,
        Self::Wlm85,
        Self::Wlm2009,
        Self::Pidgin,
        Self::Amsn,
        Self::Bitlbee,
        Self::Emesene,
        Self::Other,
    ];

    /// Its name in addresses and on the command line: small letters and digits.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Msn4 => "msn4",
            Self::Msn6 => "msn6",
            Self::Msn7 => "msn7",
            Self::Wlm80 => "wlm80",
            Self::Wlm81 => "wlm81",
            Self::Wlm85 => "wlm85",
            Self::Wlm2009 => "wlm2009",
            Self::Pidgin => "pidgin",
            Self::Amsn => "amsn",
            Self::Bitlbee => "bitlbee",
            Self::Emesene => "emesene",
            Self::Other => "other",
        }
    }

    /// Its name for people, in ASCII.
    pub fn title(self) -> &'static str {
        match self {
            Self::Msn4 => "MSN Messenger 1 to 4",
            Self::Msn6 => "MSN Messenger 5 and 6",
            Self::Msn7 => "MSN Messenger 7.0 and 7.5",
            Self::Wlm80 => "Windows Live Messenger 8.0",
            Self::Wlm81 => "Windows Live Messenger 8.1",
            Self::Wlm85 => "Windows Live Messenger 8.5",
            Self::Wlm2009 => "Windows Live Messenger 2009 and later",
            Self::Pidgin => "Pidgin, Finch and Adium",
            Self::Amsn => "aMSN",
            Self::Bitlbee => "BitlBee",
            Self::Emesene => "emesene 1",
            Self::Other => "Another client",
        }
    }

    /// Whether it is one of Microsoft's, which take certificates and settings from Windows.
    pub fn is_microsofts(self) -> bool {
        match self {
            Self::Msn4
            | Self::Msn6
            | Self::Msn7
            | Self::Wlm80
            | Self::Wlm81
            | Self::Wlm85
            | Self::Wlm2009 => true,
            Self::Pidgin | Self::Amsn | Self::Bitlbee | Self::Emesene | Self::Other => false,
        }
    }

    /// The versions of the protocol that it offers, by their numbers (services-auth, 1).
    pub fn versions(self) -> &'static [u8] {
        match self {
            Self::Msn4 => &[2, 3, 4, 5, 6, 7],
            Self::Msn6 => &[8, 9, 10],
            Self::Msn7 => &[11, 12],
            Self::Wlm80 | Self::Emesene => &[13],
            Self::Wlm81 => &[14, 15],
            Self::Wlm85 | Self::Bitlbee => &[15],
            Self::Wlm2009 => &[16, 17, 18, 21],
            Self::Pidgin => &[13, 15],
            Self::Amsn => &[12, 15],
            Self::Other => &[11, 12, 13, 14, 15],
        }
    }

    /// Whether this server speaks a version that the client does: without one it is told so right
    /// after `VER`, whatever else is set up.
    pub fn is_served(self) -> bool {
        self.versions()
            .iter()
            .filter_map(|&number| Version::numbered(number))
            .any(|version| Dialect::of(version).is_some())
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl FromStr for Client {
    type Err = UnknownClient;

    fn from_str(slug: &str) -> Result<Self, UnknownClient> {
        Self::ALL
            .into_iter()
            .find(|client| client.slug() == slug)
            .ok_or(UnknownClient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for client in Client::ALL {
            assert_eq!(client.slug().parse(), Ok(client));
            assert!(client.title().is_ascii());
        }
        assert_eq!("icq".parse::<Client>(), Err(UnknownClient));
        assert!(
            UnknownClient
                .to_string()
                .contains("msn4, msn6, msn7, wlm80")
        );
    }

    #[test]
    fn who_speaks_what_we_speak() {
        let served: Vec<_> = Client::ALL.into_iter().filter(|c| c.is_served()).collect();
        assert_eq!(
            served,
            [
                Client::Wlm80,
                Client::Wlm81,
                Client::Wlm85,
                Client::Pidgin,
                Client::Amsn,
                Client::Bitlbee,
                Client::Emesene,
                Client::Other,
            ]
        );
    }
}
