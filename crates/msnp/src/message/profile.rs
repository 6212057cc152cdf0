//! The profile: the first `MSG` of a session, which makes clients fetch their address book
//! (wire-msnp13, 3, "MSG Hotmail").

use std::net::IpAddr;

use super::Message;
use crate::handle::Handle;
use crate::proof::tweener::Ticket;

/// The two halves of an account's PUID: `MemberIdHigh` and `MemberIdLow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemberId {
    /// The upper 32 bits.
    pub high: u32,
    /// The lower 32 bits.
    pub low: u32,
}

/// What the profile tells a client about itself. What is not here is the same for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `LoginTime`: when the session began, in Unix seconds.
    pub login_time: u64,
    /// `EmailEnabled`: whether the client shows its mail buttons.
    pub email_enabled: bool,
    /// `MemberIdHigh`, `MemberIdLow`.
    pub member: MemberId,
    /// `lang_preference`: a Windows language id, 1033 for English.
    pub language: u32,
    /// `preferredEmail`.
    pub handle: Handle,
    /// `country`: two letters.
    pub country: String,
    /// `MSPAuth`: the ticket just presented.
    pub ticket: Ticket,
    /// `ClientIP`: where the client connects from.
    pub client_ip: IpAddr,
    /// `ClientPort`, in host order; it travels byte-swapped.
    pub client_port: u16,
}

impl Profile {
    /// The message.
    pub fn to_message(&self) -> Message {
        let empty = "";
        Message::new("text/x-msmsgsprofile; charset=UTF-8")
            .with("LoginTime", self.login_time)
            .with("EmailEnabled", u8::from(self.email_enabled))
            .with("MemberIdHigh", self.member.high)
            .with("MemberIdLow", self.member.low)
            .with("lang_preference", self.language)
            .with("preferredEmail", &self.handle)
            .with("country", &self.country)
            .with("PostalCode", empty)
            .with("Gender", empty)
            .with("Kid", 0)
            .with("Age", empty)
            .with("BDayPre", empty)
            .with("Birthday", empty)
            .with("Wallet", empty)
            .with("Flags", 1027)
            .with("sid", 507)
            .with("kv", 11)
            .with("MSPAuth", self.ticket.as_str())
            .with("ClientIP", self.client_ip)
            .with("ClientPort", self.client_port.swap_bytes())
            .with("ABCHMigrated", 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Profile {
        Profile {
            login_time: 1_732_890_086,
            email_enabled: false,
            member: MemberId { high: 1, low: 2 },
            language: 1033,
            handle: Handle::parse("alice@example.com").unwrap(),
            country: "US".to_owned(),
            ticket: Ticket::parse("t=7Kc0sWq1Jd5rT2xV9bNz&p=").unwrap(),
            client_ip: IpAddr::from([192, 0, 2, 10]),
            client_port: 18183,
        }
    }

    #[test]
    fn the_profile_of_the_transcripts() {
        let written = alice().to_message().write();
        assert_eq!(
            written,
            "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\n\
             LoginTime: 1732890086\r\nEmailEnabled: 0\r\nMemberIdHigh: 1\r\nMemberIdLow: 2\r\n\
             lang_preference: 1033\r\npreferredEmail: alice@example.com\r\ncountry: US\r\n\
             PostalCode: \r\nGender: \r\nKid: 0\r\nAge: \r\nBDayPre: \r\nBirthday: \r\nWallet: \r\n\
             Flags: 1027\r\nsid: 507\r\nkv: 11\r\nMSPAuth: 7Kc0sWq1Jd5rT2xV9bNz\r\n\
             ClientIP: 192.0.2.10\r\nClientPort: 1863\r\nABCHMigrated: 1\r\n\r\n"
        );
        assert_eq!(written.len(), 407);
    }

    #[test]
    fn the_port_travels_swapped() {
        let profile = Profile {
            client_port: 1863,
            ..alice()
        };
        assert_eq!(profile.to_message().header("ClientPort"), Some("18183"));
    }

    #[test]
    fn the_ticket_is_not_shown() {
        assert!(!format!("{:?} {:?}", alice(), alice().to_message()).contains("7Kc0"));
    }
}
