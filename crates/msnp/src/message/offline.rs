//! The offline message: what somebody leaves for an account that is not there (services-oim).
//!
//! ```text
//!   Content of a Store --content--> text, run, sequence --+
//!   friendlyName --encoded_word--> name ------------------+--> OfflineMessage
//!                                                                 |
//!        mail_data: Mail-Data, three notices  <-- MailSummary  <--+--> mail: what GetMessage gives
//! ```
//!
//! Nothing of a client's own headers is kept but run and sequence: the mail is written anew from the
//! fields, so that no sender can say to be another (services-oim, 9.7).

mod content;
mod encoded_word;
mod mail;
mod mail_data;

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;

pub use content::{Content, ContentError};
pub use mail_data::{MailData, MailSummary};

use crate::handle::Handle;
use crate::soap::guid::Guid;
use crate::soap::timestamp::Timestamp;

/// The id of a stored message: a GUID, written in upper case without braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailId(pub Guid);

impl MailId {
    /// Reads an id in any case, with or without braces. `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        Guid::parse(text).map(Self)
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_string().to_ascii_uppercase())
    }
}

/// What somebody left for an account. `Debug` does not tell what it says.
#[derive(Clone, PartialEq, Eq)]
pub struct OfflineMessage {
    /// Its id.
    pub id: MailId,
    /// Who left it.
    pub sender: Handle,
    /// What the sender is called, as text.
    pub name: String,
    /// For whom.
    pub recipient: Handle,
    /// Where the sender connected from.
    pub source: IpAddr,
    /// `X-OIMProxy`: a word for the sender's program, see [`proxy`].
    pub proxy: String,
    /// The conversation that it belongs to, as the sender counts them.
    pub run: Guid,
    /// Its place in that conversation.
    pub sequence: u32,
    /// When it was stored.
    pub received: Timestamp,
    /// What it says: UTF-8, as it was sent.
    pub text: Bytes,
}

impl fmt::Debug for OfflineMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfflineMessage")
            .field("id", &self.id)
            .field("sender", &self.sender)
            .field("recipient", &self.recipient)
            .field("text", &format_args!("{} bytes", self.text.len()))
            .finish_non_exhaustive()
    }
}

/// The sender's name as text: `friendlyName` decoded as far as it can be; the address if nothing is
/// left of it.
pub fn sender_name(friendly_name: &str, sender: &Handle) -> String {
    // Reading words that do not end takes the square of their length.
    let end = friendly_name.floor_char_boundary(WRITTEN_LIMIT);
    let name = encoded_word::decode(&friendly_name[..end]);
    let plain = name.chars().filter(|&c| crate::wire::xml::is_plain(c));
    let name: String = plain.take(NAME_LIMIT).collect();
    match name.trim() {
        "" => sender.as_str().to_owned(),
        name => name.to_owned(),
    }
}

/// What may stand in `X-OIMProxy`: a plain word, else the usual one.
pub fn proxy(said: &str) -> String {
    let is_word = (1..=PROXY_LIMIT).contains(&said.len())
        && said.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_word { said } else { "MSNMSGR" }.to_owned()
}

/// Longest name in characters (services-addressbook, 10).
const NAME_LIMIT: usize = 387;

/// As much of a name as is read, in bytes: the longest is shorter, however it is written.
const WRITTEN_LIMIT: usize = 8192;

/// Longer words for a program nobody has.
const PROXY_LIMIT: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_in_upper_case() {
        let id = MailId::parse(" {dd8f22c5-3f0e-4d2e-8e1a-2c4f1d6a0b11}").unwrap();
        assert_eq!(id.to_string(), "DD8F22C5-3F0E-4D2E-8E1A-2C4F1D6A0B11");
        assert_eq!(MailId::parse(&id.to_string()), Some(id));
        assert_eq!(MailId::parse("DD8F22C5"), None);
    }

    #[test]
    fn a_name_is_what_can_be_read_of_it() {
        let alice = Handle::parse("alice@example.com").unwrap();
        for (said, name) in [
            ("=?utf-8?B?QWxpY2UgVw==?=", "Alice W"),
            ("=?utf-8?B?QQBsDWk=?=", "Ali"),
            ("Alice", "Alice"),
            ("", "alice@example.com"),
            (" \u{3} ", "alice@example.com"),
            ("=?utf-8?B??=", "alice@example.com"),
        ] {
            assert_eq!(sender_name(said, &alice), name, "{said:?}");
        }
        for written in ["\u{e9}", "=F0=9F=98=80"] {
            let long = format!("=?utf-8?Q?{}?=", written.repeat(10_000));
            assert_eq!(sender_name(&long, &alice).chars().count(), NAME_LIMIT);
        }
    }

    #[test]
    fn of_a_name_without_end_only_the_beginning_is_read() {
        let alice = Handle::parse("alice@example.com").unwrap();
        let within = format!("{}=?utf-8?B?QWxpY2U=?=", " ".repeat(8000));
        assert_eq!(sender_name(&within, &alice), "Alice");
        let beyond = format!("A{}=?utf-8?B?QWxpY2U=?=", " ".repeat(8192));
        assert_eq!(sender_name(&beyond, &alice), "A");
    }

    #[test]
    fn a_proxy_is_one_word() {
        for (said, word) in [
            ("MSNMSGR", "MSNMSGR"),
            ("IMWATCHER", "IMWATCHER"),
            ("", "MSNMSGR"),
            ("a\nFrom: x", "MSNMSGR"),
            (&"x".repeat(33), "MSNMSGR"),
        ] {
            assert_eq!(proxy(said), word, "{said:?}");
        }
    }
}
