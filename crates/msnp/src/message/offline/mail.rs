//! The mail that GetMessage gives: headers as clients look for them, and the text in base64
//! (services-oim, 8).
//!
//! Lines end with LF: a reader of XML makes LF of CR LF anyway, and libpurple takes the body from
//! behind a bare LF LF. `From` is always one encoded word in `B`, one blank and the address in angle
//! brackets (emesene counts characters there); `Date` is always there and has no weekday (libpurple
//! reads it with `sscanf`). Nothing follows the body.

use std::fmt::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{MailSummary, OfflineMessage, encoded_word};
use crate::soap::timestamp::{Civil, PACIFIC, Timestamp};

impl OfflineMessage {
    /// The mail.
    pub fn to_mail(&self) -> String {
        let mut mail = String::with_capacity(1024 + 2 * self.text.len());
        // Writing into a growing string cannot fail.
        let _ = self.write(&mut mail);
        mail
    }

    /// What the mailbox tells of it.
    pub fn summary(&self) -> MailSummary {
        MailSummary {
            id: self.id,
            sender: self.sender.clone(),
            name: self.name.clone(),
            received: self.received,
            is_read: false,
            size: self.to_mail().len(),
        }
    }

    fn write(&self, mail: &mut String) -> fmt::Result {
        let Self {
            sender,
            name,
            recipient,
            source,
            proxy,
            run,
            sequence,
            received,
            ..
        } = self;
        let run = run.to_string().to_ascii_uppercase();
        let tag = &self.id.to_string()[..8];
        let local = received.civil(PACIFIC);
        let date = Date(local);
        let weekday = word(WEEKDAYS, local.weekday);
        writeln!(mail, "X-Message-Info: {MESSAGE_INFO}")?;
        for by in [
            "from oim1.messenger.msn.com by oim2.messenger.msn.com with Microsoft SMTPSVC(6.0.3790.211)",
            "from mail pickup service by oim1.messenger.msn.com with Microsoft SMTPSVC",
        ] {
            writeln!(mail, "Received: {by};\n\t {weekday}, {date}")?;
        }
        writeln!(mail, "From: {} <{sender}>", encoded_word::encode(name))?;
        writeln!(mail, "To: {recipient}")?;
        writeln!(mail, "Subject: ")?;
        writeln!(mail, "X-OIM-originatingSource: {source}")?;
        writeln!(mail, "X-OIMProxy: {proxy}")?;
        writeln!(mail, "MIME-Version: 1.0")?;
        writeln!(mail, "Content-Type: text/plain; charset=UTF-8")?;
        writeln!(mail, "Content-Transfer-Encoding: base64")?;
        writeln!(mail, "X-OIM-Message-Type: OfflineMessage")?;
        writeln!(mail, "X-OIM-Run-Id: {{{run}}}")?;
        writeln!(mail, "X-OIM-Sequence-Num: {sequence}")?;
        writeln!(mail, "Message-ID: <OIM{tag}@oim1.messenger.msn.com>")?;
        writeln!(mail, "X-OriginalArrivalTime: {}", Arrival(*received))?;
        writeln!(mail, "Date: {date}")?;
        writeln!(mail, "Return-Path: ndr@oim.messenger.msn.com")?;
        writeln!(mail)?;
        let body = STANDARD.encode(&self.text);
        let mut rest = body.as_str();
        while rest.len() > LINE {
            let (line, after) = rest.split_at(LINE);
            writeln!(mail, "{line}")?;
            rest = after;
        }
        mail.write_str(rest)
    }
}

/// `19 Jun 2006 05:34:56 -0800`
struct Date(Civil);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(time) = self;
        write!(f, "{} -0800", Clock(time))
    }
}

/// `19 Jun 2006 05:34:56`
struct Clock<'a>(&'a Civil);

impl fmt::Display for Clock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self.0;
        let month = word(MONTHS, month - 1);
        write!(
            f,
            "{day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// `19 Jun 2006 12:34:56.0000 (UTC) FILETIME=[C53E1800:01C6939C]`: steps of 100 ns since 1601, the
/// lower half first.
struct Arrival(Timestamp);

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.civil(0);
        let filetime = self.0.ticks().saturating_add(FROM_1601).max(0);
        write!(
            f,
            "{}.{:04} (UTC) FILETIME=[{:08X}:{:08X}]",
            Clock(&time),
            time.fraction / 1000,
            filetime & 0xffff_ffff,
            filetime >> 32,
        )
    }
}

fn word<const N: usize>(words: [&'static str; N], at: i64) -> &'static str {
    let at = usize::try_from(at).unwrap_or(0);
    words.get(at).copied().unwrap_or(words[0])
}

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Opaque to everybody: the words "papilio offline messages".
const MESSAGE_INFO: &str = "cGFwaWxpbyBvZmZsaW5lIG1lc3NhZ2Vz";

/// The longest line of base64.
const LINE: usize = 76;

/// From the start of 1601 to that of 1970.
const FROM_1601: i64 = 11_644_473_600 * Timestamp::PER_SECOND;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::Handle;
    use crate::message::offline::{Content, MailId};
    use crate::soap::guid::Guid;

    pub(crate) fn message() -> OfflineMessage {
        OfflineMessage {
            id: MailId::parse("DD8F22C5-3F0E-4D2E-8E1A-2C4F1D6A0B11").unwrap(),
            sender: Handle::parse("alice@example.org").unwrap(),
            name: "Alice".to_owned(),
            recipient: Handle::parse("bob@example.org").unwrap(),
            source: [192, 0, 2, 77].into(),
            proxy: "MSNMSGR".to_owned(),
            run: Guid::parse("{3A3BE82C-684D-4F4F-8005-CBE8D4F82BAD}").unwrap(),
            sequence: 1,
            received: Timestamp::parse("2006-06-19T12:34:56Z").unwrap(),
            text: "Hello".into(),
        }
    }

    #[test]
    fn the_mail_byte_for_byte() {
        assert_eq!(
            message().to_mail(),
            "X-Message-Info: cGFwaWxpbyBvZmZsaW5lIG1lc3NhZ2Vz\n\
             Received: from oim1.messenger.msn.com by oim2.messenger.msn.com with Microsoft SMTPSVC(6.0.3790.211);\n\
             \t Mon, 19 Jun 2006 04:34:56 -0800\n\
             Received: from mail pickup service by oim1.messenger.msn.com with Microsoft SMTPSVC;\n\
             \t Mon, 19 Jun 2006 04:34:56 -0800\n\
             From: =?utf-8?B?QWxpY2U=?= <alice@example.org>\n\
             To: bob@example.org\n\
             Subject: \n\
             X-OIM-originatingSource: 192.0.2.77\n\
             X-OIMProxy: MSNMSGR\n\
             MIME-Version: 1.0\n\
             Content-Type: text/plain; charset=UTF-8\n\
             Content-Transfer-Encoding: base64\n\
             X-OIM-Message-Type: OfflineMessage\n\
             X-OIM-Run-Id: {3A3BE82C-684D-4F4F-8005-CBE8D4F82BAD}\n\
             X-OIM-Sequence-Num: 1\n\
             Message-ID: <OIMDD8F22C5@oim1.messenger.msn.com>\n\
             X-OriginalArrivalTime: 19 Jun 2006 12:34:56.0000 (UTC) FILETIME=[C53E1800:01C6939C]\n\
             Date: 19 Jun 2006 04:34:56 -0800\n\
             Return-Path: ndr@oim.messenger.msn.com\n\
             \n\
             SGVsbG8="
        );
    }

    #[test]
    fn what_was_said_comes_back_however_long() {
        for length in [0, 1, 56, 57, 58, 114, 115, 8192] {
            let text: String = "caf\u{e9} ".chars().cycle().take(length).collect();
            let said = OfflineMessage {
                text: text.clone().into(),
                ..message()
            };
            let mail = said.to_mail();
            assert_eq!(said.summary().size, mail.len());
            assert!(!mail.ends_with('\n') || length == 0);
            assert!(mail.lines().skip(21).all(|line| line.len() <= 76));
            assert_eq!(Content::parse(&mail).unwrap().text, text.as_bytes());
        }
    }

    #[test]
    fn a_day_has_two_digits_and_time_its_fraction() {
        let received = Timestamp::parse("2026-01-02T03:04:05.0678Z").unwrap();
        let mail = OfflineMessage {
            received,
            ..message()
        }
        .to_mail();
        assert!(
            mail.contains("\nDate: 01 Jan 2026 19:04:05 -0800\n"),
            "{mail}"
        );
        assert!(
            mail.contains("\n\t Thu, 01 Jan 2026 19:04:05 -0800\n"),
            "{mail}"
        );
        assert!(
            mail.contains(": 02 Jan 2026 03:04:05.0678 (UTC) FILETIME=["),
            "{mail}"
        );
    }
}
