//! What a mailbox holds, as the notification server tells it: `Mail-Data` and its three notices
//! (services-oim, 5 and 6; wire-msnp13, 7).
//!
//! ```text
//!   first CHG        initialmdatanotification   <MD> E, Q, one M for each </MD>, or too-large
//!   one comes        oimnotification            <MD> one M </MD>, without the time
//!   some are gone    activemailnotification     how many
//! ```

use askama::Template;

use super::{MailId, encoded_word};
use crate::handle::Handle;
use crate::message::Message;
use crate::soap::envelope::written;
use crate::soap::timestamp::{Civil, Timestamp};

/// What the mailbox tells of a message without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSummary {
    /// `I`.
    pub id: MailId,
    /// `E`: who left it.
    pub sender: Handle,
    /// `N`: what the sender is called, as text.
    pub name: String,
    /// `RT`: when it was stored.
    pub received: Timestamp,
    /// `RS`: whether its reader has marked it as read.
    pub is_read: bool,
    /// `SZ`: bytes of the mail.
    pub size: usize,
}

/// What is in a mailbox when a session starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailData {
    /// These, the oldest first; at most [`MailData::MOST`].
    Mails(Vec<MailSummary>),
    /// More than one notification tells: the client asks for the list by GetMetadata.
    TooLarge,
}

impl Default for MailData {
    fn default() -> Self {
        Self::Mails(Vec::new())
    }
}

impl MailData {
    /// The most that one notification tells of.
    pub const MOST: usize = 25;

    /// Of all these, the oldest first.
    pub fn of(mails: Vec<MailSummary>) -> Self {
        if mails.len() > Self::MOST {
            Self::TooLarge
        } else {
            Self::Mails(mails)
        }
    }

    /// One more came.
    pub fn add(&mut self, mail: MailSummary) {
        match self {
            Self::Mails(mails) if mails.len() < Self::MOST => mails.push(mail),
            _ => *self = Self::TooLarge,
        }
    }

    /// One was deleted. What is too large stays so: nobody knows here what else there is.
    pub fn remove(&mut self, id: MailId) {
        if let Self::Mails(mails) = self {
            mails.retain(|mail| mail.id != id);
        }
    }

    /// One was read.
    pub fn mark_read(&mut self, id: MailId) {
        if let Self::Mails(mails) = self {
            for mail in mails.iter_mut().filter(|mail| mail.id == id) {
                mail.is_read = true;
            }
        }
    }

    /// `MD`: the element, in one line.
    fn document(&self) -> String {
        match self {
            Self::Mails(mails) => written(&Document { mails }),
            Self::TooLarge => "too-large".to_owned(),
        }
    }
}

impl Message {
    /// From the notification server after the first `CHG`: what is in the mailbox.
    pub fn initial_mail(data: &MailData) -> Self {
        let data = data.document();
        Self::new("text/x-msmsgsinitialmdatanotification; charset=UTF-8")
            .with_body(format!("Mail-Data: {data}\r\n"))
    }

    /// From the notification server: an offline message came.
    pub fn mail_arrived(mail: &MailSummary) -> Self {
        let data = written(&Arrival { mail });
        Self::new("text/x-msmsgsoimnotification; charset=UTF-8")
            .with_body(format!("Mail-Data: {data}\r\n"))
    }

    /// From the notification server: so many offline messages were deleted.
    pub fn mails_deleted(count: usize) -> Self {
        Self::new("text/x-msmsgsactivemailnotification; charset=UTF-8").with_body(format!(
            "Src-Folder: .!!OIM\r\nDest-Folder: .!!trAsH\r\nMessage-Delta: {count}\r\n"
        ))
    }
}

/// The whole mailbox: also the answer to GetMetadata.
#[derive(Template)]
#[template(path = "soap/mail_data.xml", whitespace = "suppress")]
struct Document<'a> {
    mails: &'a [MailSummary],
}

/// One that just came: its folder is written otherwise, its name has a blank at the end, its time is
/// missing.
#[derive(Template)]
#[template(path = "soap/mail_arrived.xml", whitespace = "suppress")]
struct Arrival<'a> {
    mail: &'a MailSummary,
}

impl MailSummary {
    /// `RT`, to the millisecond.
    pub(crate) fn received_at(&self) -> String {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
            fraction,
            ..
        } = self.received.civil(0);
        let millisecond = fraction / 10_000;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    }

    /// `RS`.
    pub(crate) fn read_state(&self) -> u8 {
        u8::from(self.is_read)
    }

    /// `N`.
    pub(crate) fn encoded_name(&self) -> String {
        encoded_word::encode(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> MailSummary {
        MailSummary {
            id: MailId::parse("0E9EB1A4-6E6B-4F4B-8B39-6D0D4A5A7F10").unwrap(),
            sender: Handle::parse("bob@example.com").unwrap(),
            name: "Bob".to_owned(),
            received: Timestamp::parse("2024-11-29T16:50:00Z").unwrap(),
            is_read: false,
            size: 1062,
        }
    }

    #[test]
    fn the_notices_of_the_transcripts() {
        let one = MailData::of(vec![bob()]);
        for (length, message, body) in [
            (
                195,
                Message::initial_mail(&MailData::default()),
                "Mail-Data: <MD><E><I>0</I><IU>0</IU><O>0</O><OU>0</OU></E><Q><QTM>409600</QTM><QNM>204800</QNM></Q></MD>\r\n",
            ),
            (
                406,
                Message::initial_mail(&one),
                "Mail-Data: <MD><E><I>0</I><IU>0</IU><O>0</O><OU>0</OU></E><Q><QTM>409600</QTM><QNM>204800</QNM></Q><M><T>11</T><S>6</S><RT>2024-11-29T16:50:00.000Z</RT><RS>0</RS><SZ>1062</SZ><E>bob@example.com</E><I>0E9EB1A4-6E6B-4F4B-8B39-6D0D4A5A7F10</I><F>00000000-0000-0000-0000-000000000009</F><N>=?utf-8?B?Qm9i?=</N></M></MD>\r\n",
            ),
            (
                111,
                Message::initial_mail(&MailData::TooLarge),
                "Mail-Data: too-large\r\n",
            ),
            (
                261,
                Message::mail_arrived(&bob()),
                "Mail-Data: <MD><M><T>11</T><S>6</S><RS>0</RS><SZ>1062</SZ><E>bob@example.com</E><I>0E9EB1A4-6E6B-4F4B-8B39-6D0D4A5A7F10</I><F>.!!OIM</F><N>=?utf-8?B?Qm9i?= </N></M><SU> </SU></MD>\r\n",
            ),
            (
                148,
                Message::mails_deleted(1),
                "Src-Folder: .!!OIM\r\nDest-Folder: .!!trAsH\r\nMessage-Delta: 1\r\n",
            ),
        ] {
            assert_eq!(message.body(), body);
            assert_eq!(message.write().len(), length, "{body}");
        }
    }

    #[test]
    fn what_is_read_and_odd_addresses() {
        let mut data = MailData::of(vec![MailSummary {
            sender: Handle::parse("o'b@example.com").unwrap(),
            ..bob()
        }]);
        data.mark_read(MailId::default_for_tests(1));
        assert!(data.document().contains("<RS>0</RS>"));
        data.mark_read(bob().id);
        let document = data.document();
        assert!(document.contains("<RS>1</RS>"), "{document}");
        assert!(
            document.contains("<E>o&apos;b@example.com</E>"),
            "{document}"
        );
    }

    #[test]
    fn more_than_twenty_five_are_too_many() {
        let numbered = |number| MailSummary {
            id: MailId::default_for_tests(number),
            ..bob()
        };
        let mut data = MailData::of((0..25).map(numbered).collect());
        assert!(matches!(&data, MailData::Mails(mails) if mails.len() == 25));
        data.remove(MailId::default_for_tests(3));
        data.add(numbered(25));
        assert!(matches!(&data, MailData::Mails(mails) if mails.len() == 25));
        data.add(numbered(26));
        assert_eq!(data, MailData::TooLarge);
        data.remove(MailId::default_for_tests(4));
        assert_eq!(data, MailData::TooLarge);
        assert_eq!(
            MailData::of((0..26).map(numbered).collect()),
            MailData::TooLarge
        );
    }

    impl MailId {
        fn default_for_tests(number: u128) -> Self {
            Self(crate::soap::guid::Guid::from_u128(number))
        }
    }
}
