//! Tweener, `USR TWN`: the client fetches a ticket from the sign-in service and presents it
//! (wire-msnp13, "USR, Tweener"; services-auth, 2).
//!
//! ```text
//!   USR 6 TWN I handle           ->
//!   <-  USR 6 TWN S lc=1033,id=507,...      parameters for the sign-in service
//!   (the client gets a ticket there)
//!   USR 7 TWN S t=ticket&p=      ->
//! ```

use std::fmt::{self, Write};

use percent_encoding::percent_decode_str;

use crate::wire::param::Param;

/// The parameters for the sign-in service: one field, no blanks, `%` only in `ru`
/// (clients/README, 3: which ones clients insist on).
///
/// `now` is in Unix seconds; the first half of `random` makes each list different. The service that reads them back
/// need not check that they are unchanged.
pub fn parameters(now: u64, random: [u8; 48]) -> Param {
    let (nonce, fingerprint) = random[..24].split_at(8);
    let nonce: String = nonce.iter().map(|&byte| alphanumeric(byte)).collect();
    let mut text = format!(
        "ct={now},rver=5.5.4177.0,wp=FS_40SEC_0_COMPACT,lc=1033,id=507,\
         ru=http:%2F%2Fmessenger.msn.com,tw=0,kpp=1,kv=9,ver=2.1.6000.1,rn={nonce},tpf="
    );
    for byte in fingerprint {
        // Writing into a growing string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Param::from_shared(text.into())
}

fn alphanumeric(byte: u8) -> char {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char::from(LETTERS[usize::from(byte) % LETTERS.len()])
}

/// The `t` part of a compact ticket. A secret: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ticket(Box<str>);

impl Ticket {
    /// Longest ticket in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Finds the ticket in whatever form a client presents it: `t=x&p=y`, `t=x`, `x`, the same with
    /// `&amp;` or percent-encoded. `None` when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = percent_decode_str(text.trim()).decode_utf8().ok()?;
        let mut fields = text
            .split('&')
            .map(|field| field.strip_prefix("amp;").unwrap_or(field));
        let named = fields.clone().find_map(|field| field.strip_prefix("t="));
        // Without a name it is the first field, unless that one has another name.
        let ticket = named.or_else(|| fields.next().filter(|field| !field.starts_with("p=")))?;
        let is_ticket = !ticket.is_empty()
            && ticket.len() <= Self::MAX_LEN
            && ticket.bytes().all(|byte| byte.is_ascii_graphic());
        is_ticket.then(|| Self(ticket.into()))
    }

    /// The ticket itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

/// What a client presents: the rest of the `USR TWN S` line. A secret: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented(Box<str>);

impl Presented {
    /// Takes text that can end a line: not empty, no control characters, no blanks around it.
    pub fn new(text: &str) -> Option<Self> {
        let breaks = text.is_empty() || text.contains(char::is_control);
        (!breaks && text.trim_ascii() == text).then(|| Self(text.into()))
    }

    /// As it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ticket in it.
    pub fn ticket(&self) -> Option<Ticket> {
        Ticket::parse(&self.0)
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        Ticket::parse(text).map(|ticket| ticket.as_str().to_owned())
    }

    #[test]
    fn parameters_are_those_of_the_transcripts() {
        let mut random = [0; 48];
        random[8..24].copy_from_slice(&[
            0xb0, 0x73, 0x5e, 0x3a, 0x87, 0x3d, 0xfb, 0x5e, 0x75, 0x05, 0x44, 0x65, 0x19, 0x63,
            0x98, 0xe0,
        ]);
        random[..8].copy_from_slice(&[1, 47, 42, 45, 37, 11, 62 + 41, 124 + 21]);
        assert_eq!(
            parameters(1_732_890_080, random).as_str(),
            "ct=1732890080,rver=5.5.4177.0,wp=FS_40SEC_0_COMPACT,lc=1033,id=507,ru=http:%2F%2Fmessenger.msn.com,tw=0,kpp=1,kv=9,ver=2.1.6000.1,rn=1lgjbBfL,tpf=b0735e3a873dfb5e75054465196398e0"
        );
        for name in [
            "lc", "id", "tw", "ru", "ct", "kpp", "kv", "ver", "rn", "tpf", "rver", "wp",
        ] {
            let list = parameters(0, [255; 48]);
            let mut names = list
                .as_str()
                .split(',')
                .filter_map(|pair| pair.split_once('='));
            assert!(
                names.any(|(known, value)| known == name && !value.is_empty()),
                "{name}"
            );
        }
    }

    #[test]
    fn a_ticket_is_found_in_every_form() {
        for text in [
            "t=7Kc0sWq1Jd5rT2xV9bNz&p=",
            "t=7Kc0sWq1Jd5rT2xV9bNz&p=profile",
            "t=7Kc0sWq1Jd5rT2xV9bNz",
            "7Kc0sWq1Jd5rT2xV9bNz",
            "7Kc0sWq1Jd5rT2xV9bNz&p=",
            "t=7Kc0sWq1Jd5rT2xV9bNz&amp;p=",
            "t%3D7Kc0sWq1Jd5rT2xV9bNz%26p%3D",
            "t%3d7Kc0sWq1Jd5rT2xV9bNz%26amp%3Bp%3d",
            "p=profile&t=7Kc0sWq1Jd5rT2xV9bNz",
            " t=7Kc0sWq1Jd5rT2xV9bNz&p=\r\n",
        ] {
            assert_eq!(
                found(text).as_deref(),
                Some("7Kc0sWq1Jd5rT2xV9bNz"),
                "{text}"
            );
        }
        assert_eq!(found("t=a+b/c==&p=").as_deref(), Some("a+b/c=="));
        assert_eq!(found("a+b/c==").as_deref(), Some("a+b/c=="));
    }

    #[test]
    fn without_a_ticket_there_is_none() {
        for text in [
            "", " ", "t=", "t=&p=", "p=x", "&", "t=a b", "t=a%00b", "t=%FF",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(found(&format!("t={}", "x".repeat(2049))), None);
    }

    #[test]
    fn secrets_are_not_shown() {
        let presented = Presented::new("t=secret&p=").unwrap();
        let shown = format!("{presented:?} {:?}", presented.ticket());
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn what_would_break_a_line_is_not_presented() {
        assert!(Presented::new("t=a b").is_some());
        for text in ["", " ", " a", "a ", "a\r\nb", "a\0"] {
            assert_eq!(Presented::new(text), None, "{text:?}");
        }
    }
}
