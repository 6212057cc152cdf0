//! The labels of metrics: closed sets, so that no client can make up a value.

use metrics::Label;

/// A value of a label.
pub trait Value: Copy + 'static {
    /// All there are.
    const ALL: &'static [Self];

    /// Its place in [`Value::ALL`].
    fn index(self) -> usize;

    /// How it is written.
    fn text(self) -> &'static str;

    /// It, as the value of this label.
    fn label(self, name: &'static str) -> Label {
        Label::from_static_parts(name, self.text())
    }
}

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $value:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$what])* $value,)+
        }

        impl Value for $name {
            const ALL: &'static [Self] = &[$(Self::$value,)+];

            fn index(self) -> usize {
                self as usize
            }

            fn text(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }
    )+};
}

values! {
    /// What became of a sign-in to the notification server.
    SignIn {
        /// A session began.
        Ok = "ok",
        /// The ticket is not good, or not shown as it must be.
        Ticket = "ticket",
        /// The database could not be asked.
        Trouble = "trouble",
    }

    /// What became of a password.
    Password {
        /// It is right.
        Right = "right",
        /// It is wrong.
        Wrong = "wrong",
        /// There is no such account.
        Unknown = "unknown",
        /// The account is disabled.
        Disabled = "disabled",
        /// The account or the address is banned.
        Banned = "banned",
        /// What was sent is no handle.
        Malformed = "malformed",
        /// Too many failures before.
        Throttled = "throttled",
        /// Neither right nor wrong: too many wait, or the database could not be asked.
        Trouble = "trouble",
    }

    /// What became of an offline message.
    Mail {
        /// It waits for its recipient.
        Kept = "kept",
        /// It was refused.
        Refused = "refused",
        /// The database could not be asked.
        Trouble = "trouble",
    }

    /// Which limit stood in the way.
    Limit {
        /// Failed sign-ins: `[throttle]`.
        SignIn = "sign-in",
        /// Offline messages of one sender.
        OfflineMessages = "offline-messages",
        /// Connections from one address.
        Connections = "connections",
        /// Passwords that wait for a core.
        Passwords = "passwords",
    }

    /// What became of a handshake of TLS.
    Handshake {
        /// SSL 3.0.
        Ssl3 = "ssl3",
        /// TLS 1.0.
        Tls10 = "tls1.0",
        /// TLS 1.1.
        Tls11 = "tls1.1",
        /// TLS 1.2.
        Tls12 = "tls1.2",
        /// TLS 1.3.
        Tls13 = "tls1.3",
        /// None came about.
        Failed = "failed",
    }

    /// A service over HTTP.
    Service {
        /// `RST.srf`, `RST2.srf`, Passport 1.4.
        Login = "login",
        /// The client's configuration and the pages beside it.
        Config = "config",
        /// Address book.
        AddressBook = "address-book",
        /// Lists.
        Sharing = "sharing",
        /// Leaving offline messages.
        OfflineMessages = "offline-messages",
        /// Reading them.
        Mailbox = "mailbox",
        /// Profiles and pictures.
        Storage = "storage",
        /// Messenger's own protocol over HTTP: polls are held for as long as clients ask.
        Gateway = "gateway",
        /// The operators' interface.
        Admin = "admin",
        /// Everything else: people's pages, and what is not there.
        Other = "other",
    }

    /// What became of a request over HTTP.
    Outcome {
        /// It was answered.
        Ok = "ok",
        /// It was refused: the client's doing.
        Refused = "refused",
        /// It failed: ours.
        Failed = "failed",
    }

    /// What the database was used for.
    Statement {
        /// A transaction that reads.
        Read = "read",
        /// A transaction that writes, from asking for its turn to the disk.
        Write = "write",
    }
}

impl Service {
    /// The service of a path, however it is written. What comes before its last part does not matter
    /// (services-auth, 3).
    pub fn of(path: &str) -> Self {
        let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("");
        // Behind `login2.srf` there may be the rest of `PassportURLs`.
        let last = last.split(',').next().unwrap_or("");
        let found = SERVICES
            .iter()
            .find(|(name, _)| last.eq_ignore_ascii_case(name));
        let first = path.split('/').find(|part| !part.is_empty());
        match (found, first) {
            (Some((_, service)), _) => *service,
            (None, Some("api" | "admin")) => Self::Admin,
            _ => Self::Other,
        }
    }
}

/// The last part of a path, and whose it is.
const SERVICES: &[(&str, Service)] = &[
    ("RST.srf", Service::Login),
    ("RST2.srf", Service::Login),
    ("login2.srf", Service::Login),
    ("pprdr.asp", Service::Login),
    ("MsgrConfig.asmx", Service::Config),
    ("abservice.asmx", Service::AddressBook),
    ("SharingService.asmx", Service::Sharing),
    ("oim.asmx", Service::OfflineMessages),
    ("rsi.asmx", Service::Mailbox),
    ("SchematizedStore.asmx", Service::Storage),
    ("gateway.dll", Service::Gateway),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_its_path_however_it_is_written() {
        for (path, service) in [
            ("/RST.srf", Service::Login),
            ("//pp550//rst2.SRF", Service::Login),
            ("/login2.srf,DAReg=http:", Service::Login),
            ("/abservice/SharingService.asmx/", Service::Sharing),
            ("/OimWS/oim.asmx", Service::OfflineMessages),
            ("/rsi/rsi.asmx", Service::Mailbox),
            ("/gateway/gateway.dll", Service::Gateway),
            ("/api/accounts", Service::Admin),
            ("/", Service::Other),
            ("", Service::Other),
            ("/made/up", Service::Other),
        ] {
            assert_eq!(Service::of(path), service, "{path}");
        }
    }

    #[test]
    fn every_value_is_at_its_place() {
        for (index, service) in Service::ALL.iter().enumerate() {
            assert_eq!(service.index(), index);
        }
    }
}
