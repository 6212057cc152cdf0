//! Offline messages: left by `Store`, fetched from the inbox service (services-oim, 2 to 4, 7, 8).
//!
//! ```text
//!   Store, lockkey=""        -> fault with a LockKeyChallenge
//!   Store, lockkey=response  -> done
//!
//!   Mail-Data (or GetMetadata) names messages -> GetMessage each -> DeleteMessages
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

use super::tickets::halves;
use super::{Reply, Service, ServiceError, ServiceRequest, answer, body_of, envelope, text};
use crate::client::offline::{MailId, OfflineMessage, OfflineText, WaitingMessage};
use crate::handle::Handle;
use crate::message::Message;
use crate::soap::envelope::Element;
use crate::soap::guid::Guid;
use crate::wire::version::Version;

/// A message to be left.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// Who leaves it.
    pub from: &'a Handle,
    /// As they are called.
    pub name: &'a str,
    /// For whom.
    pub to: &'a Handle,
    /// What.
    pub text: &'a OfflineText,
    /// The same for all messages of one session.
    pub run: Guid,
    /// From 1.
    pub sequence: u32,
}

/// What proves to the service who asks. `Debug` does not show it.
#[derive(Clone)]
pub struct Pass<'a> {
    /// `t=...&p=...`.
    pub ticket: &'a str,
    /// The product that the lock key belongs to.
    pub product: &'a str,
    /// The answer to the last challenge; empty at first.
    pub lock_key: &'a str,
    /// Which version the session speaks.
    pub version: Version,
}

impl fmt::Debug for Pass<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(..)")
    }
}

/// `Store`.
pub fn store(letter: &Letter<'_>, pass: &Pass<'_>) -> ServiceRequest {
    let Letter { run, sequence, .. } = letter;
    let name: String = letter.name.chars().take(NAME).collect();
    let header = format!(
        "<From memberName=\"{}\" friendlyName=\"=?utf-8?B?{}?=\" xml:lang=\"en-US\" \
         proxy=\"MSNMSGR\" xmlns=\"{OIM}\" msnpVer=\"{}\" buildVer=\"8.0.0792\"/>\
         <To memberName=\"{}\" xmlns=\"{OIM}\"/>\
         <Ticket passport=\"{}\" appid=\"{}\" lockkey=\"{}\" xmlns=\"{OIM}\"/>\
         <Sequence xmlns=\"http://schemas.xmlsoap.org/ws/2003/03/rm\">\
         <Identifier xmlns=\"http://schemas.xmlsoap.org/ws/2002/07/utility\">\
         http://messenger.msn.com</Identifier><MessageNumber>{sequence}</MessageNumber></Sequence>",
        text(letter.from.as_str()),
        BASE64.encode(name),
        pass.version,
        text(letter.to.as_str()),
        text(pass.ticket),
        text(pass.product),
        text(pass.lock_key),
    );
    let encoded = BASE64.encode(letter.text.as_str());
    // Columns of 76 are pure ASCII, so they can be cut anywhere.
    let columns: Vec<_> = encoded
        .as_bytes()
        .chunks(COLUMN)
        .map(String::from_utf8_lossy)
        .collect();
    let body = format!(
        "<MessageType xmlns=\"{OIM}\">text</MessageType><Content xmlns=\"{OIM}\">\
         MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n\
         Content-Transfer-Encoding: base64\nX-OIM-Message-Type: OfflineMessage\n\
         X-OIM-Run-Id: {{{}}}\nX-OIM-Sequence-Num: {sequence}\n\n{}\n</Content>",
        run.to_string().to_uppercase(),
        columns.join("\n"),
    );
    ServiceRequest {
        service: Service::OfflineStore,
        action: Some(format!("{OIM}Store")),
        cookie: None,
        body: envelope(&header, &body),
    }
}

/// The answer to [`store`].
pub fn stored(reply: &Reply) -> Result<(), ServiceError> {
    body_of(Service::OfflineStore, reply).map(drop)
}

/// What a notification says of messages that wait (`Mail-Data`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// These.
    Messages(Vec<MailId>),
    /// More than it tells: [`metadata`].
    Many,
}

impl Waiting {
    /// Reads the body of an initial notification, or of one that just came. `None` when it tells of
    /// nothing.
    pub fn read(notification: &Message) -> Option<Self> {
        let fields = Message::parse(notification.body()).ok()?;
        match fields.header("Mail-Data")?.trim() {
            "too-large" => Some(Self::Many),
            data => {
                let data = Element::parse(data.as_bytes(), &super::ANSWERS).ok()?;
                Some(Self::Messages(ids_of(&data))).filter(|waiting| !waiting.is_empty())
            }
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Messages(ids) if ids.is_empty())
    }
}

/// `GetMetadata`: which messages wait.
pub fn metadata(ticket: &str) -> ServiceRequest {
    inbox(ticket, "GetMetadata", "")
}

/// The answer to [`metadata`].
pub fn read_metadata(reply: &Reply) -> Result<Vec<MailId>, ServiceError> {
    let answer = answer(Service::OfflineInbox, reply, "GetMetadataResponse")?;
    Ok(answer.child("MD").map(ids_of).unwrap_or_default())
}

/// The answer to [`metadata`], with all it says of each.
pub fn read_list(reply: &Reply) -> Result<Vec<WaitingMessage>, ServiceError> {
    let answer = answer(Service::OfflineInbox, reply, "GetMetadataResponse")?;
    let messages = answer.child("MD").into_iter();
    let messages = messages.flat_map(|data| data.children_named("M"));
    let messages = messages.map(|message| WaitingMessage {
        from: message.text_of("E").to_owned(),
        name: decoded_words(message.text_of("N").trim()),
        received: message.text_of("RT").to_owned(),
        size: message.text_of("SZ").parse().unwrap_or_default(),
        ..WaitingMessage::new(message.text_of("I"))
    });
    Ok(messages
        .filter(|message| !message.id.0.is_empty())
        .collect())
}

/// `GetMessage`.
pub fn message(ticket: &str, id: &MailId) -> ServiceRequest {
    let body = format!(
        "<messageId>{}</messageId><alsoMarkAsRead>false</alsoMarkAsRead>",
        text(&id.0)
    );
    inbox(ticket, "GetMessage", &body)
}

/// The answer to [`message`].
pub fn read_message(reply: &Reply) -> Result<OfflineMessage, ServiceError> {
    let answer = answer(Service::OfflineInbox, reply, "GetMessageResponse")?;
    read_mail(answer.text_of("GetMessageResult")).ok_or(ServiceError::Unreadable {
        service: Service::OfflineInbox,
        status: reply.status,
    })
}

/// `DeleteMessages`.
pub fn delete(ticket: &str, ids: &[MailId]) -> ServiceRequest {
    let ids = ids.iter().map(|id| text(&id.0));
    let ids: String = ids
        .map(|id| format!("<messageId>{id}</messageId>"))
        .collect();
    inbox(
        ticket,
        "DeleteMessages",
        &format!("<messageIds>{ids}</messageIds>"),
    )
}

/// The answer to [`delete`].
pub fn deleted(reply: &Reply) -> Result<(), ServiceError> {
    body_of(Service::OfflineInbox, reply).map(drop)
}

fn inbox(ticket: &str, name: &str, body: &str) -> ServiceRequest {
    let (t, p) = halves(ticket);
    let header = format!(
        "<PassportCookie xmlns=\"{RSI}\"><t>{}</t><p>{}</p></PassportCookie>",
        text(t),
        text(p)
    );
    ServiceRequest {
        service: Service::OfflineInbox,
        action: Some(format!("{RSI}/{name}")),
        cookie: None,
        body: envelope(&header, &format!("<{name} xmlns=\"{RSI}\">{body}</{name}>")),
    }
}

fn ids_of(data: &Element) -> Vec<MailId> {
    let messages = data.children_named("M");
    messages
        .map(|message| message.text_of("I"))
        .filter(|id| !id.is_empty())
        .map(|id| MailId(id.to_owned()))
        .collect()
}

/// The mail that a message is kept as.
fn read_mail(mail: &str) -> Option<OfflineMessage> {
    let mail = unfolded(mail);
    let mail = Message::parse(&Bytes::from(mail)).ok()?;
    let header = |name| mail.header(name).unwrap_or_default().trim();
    let from = header("From");
    let (name, address) = from.rsplit_once('<').unwrap_or(("", from));
    let from = Handle::parse(address.trim_end_matches('>')).ok()?;
    let body = String::from_utf8_lossy(mail.body());
    let text = if header("Content-Transfer-Encoding").eq_ignore_ascii_case("base64") {
        let compact: String = body.split_ascii_whitespace().collect();
        String::from_utf8_lossy(&BASE64.decode(compact).ok()?).into_owned()
    } else {
        body.into_owned()
    };
    Some(OfflineMessage {
        name: decoded_words(name.trim()),
        date: header("Date").to_owned(),
        run: header("X-OIM-Run-Id").to_owned(),
        sequence: header("X-OIM-Sequence-Num").parse().unwrap_or_default(),
        text,
        ..OfflineMessage::new(from)
    })
}

/// Header lines that go on in the next line, which begins with a blank, in one line.
fn unfolded(mail: &str) -> String {
    let mail = mail.replace("\r\n", "\n");
    let (headers, body) = mail.split_once("\n\n").unwrap_or((&mail, ""));
    let headers = headers.replace("\n\t", " ").replace("\n ", " ");
    format!("{headers}\n\n{body}")
}

/// Encoded words (RFC 2047, `B` and `Q`, UTF-8); other text as it is.
fn decoded_words(text: &str) -> String {
    let word = |word: &str| {
        let inner = word.strip_prefix("=?")?.strip_suffix("?=")?;
        let mut parts = inner.splitn(3, '?');
        let (_charset, encoding, data) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = match encoding {
            "B" | "b" => BASE64.decode(data.trim()).ok()?,
            "Q" | "q" => {
                let escaped = data
                    .replace('%', "%25")
                    .replace('=', "%")
                    .replace('_', "%20");
                percent_encoding::percent_decode_str(&escaped).collect()
            }
            _ => return None,
        };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    word(text).unwrap_or_else(|| text.to_owned())
}

const OIM: &str = "http://messenger.msn.com/ws/2004/09/oim/";
const RSI: &str = "http://www.hotmail.msn.com/ws/2004/09/oim/rsi";

/// Longest name in characters (services-oim, 2).
const NAME: usize = 48;

/// How wide base64 is written.
const COLUMN: usize = 76;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::offline::MailData;

    fn reply(body: &str) -> Reply {
        Reply {
            status: 200,
            body: Bytes::copy_from_slice(
                format!(
                    "<soap:Envelope xmlns:soap='s'><soap:Body>{body}</soap:Body></soap:Envelope>"
                )
                .as_bytes(),
            ),
        }
    }

    #[test]
    fn a_letter_says_who_and_what() {
        let (from, to) = (
            Handle::parse("alice@example.org").unwrap(),
            Handle::parse("bob@example.org").unwrap(),
        );
        let said = OfflineText::new(&"Hello & <bye> ".repeat(10)).unwrap();
        let letter = Letter {
            from: &from,
            name: "Alice",
            to: &to,
            text: &said,
            run: Guid::from_u128(0x3a3b),
            sequence: 2,
        };
        let pass = Pass {
            ticket: "t=abc&p=",
            product: "PROD01065C%ZFN6F",
            lock_key: "",
            version: Version::MSNP13,
        };
        let request = store(&letter, &pass);
        let envelope = Element::parse(request.body.as_bytes(), &super::super::ANSWERS).unwrap();
        let header = envelope.child("Header").unwrap();
        let of = |element: &str, name: &str| header.child(element).unwrap().attribute(name);
        assert_eq!(of("From", "memberName"), Some("alice@example.org"));
        assert_eq!(of("From", "friendlyName"), Some("=?utf-8?B?QWxpY2U=?="));
        assert_eq!(of("From", "msnpVer"), Some("MSNP13"));
        assert_eq!(of("Ticket", "passport"), Some("t=abc&p="));
        assert_eq!(of("Ticket", "lockkey"), Some(""));
        let content = envelope.descend(&["Body", "Content"]).unwrap().text();
        // The service keeps it as a mail with these headers and others.
        let mail = read_mail(&format!("From: <alice@example.org>\n{content}")).unwrap();
        assert_eq!((&*mail.text, mail.sequence), (said.as_str(), 2));
        assert!(mail.run.ends_with("003A3B}"), "{}", mail.run);
    }

    #[test]
    fn a_mail_is_read() {
        let mail = "X-Message-Info: x\nReceived: from a\n\t by b; c\n\
                    From: =?utf-8?B?QWxpY2U=?= &lt;alice@example.org&gt;\nTo: bob@example.org\n\
                    Subject: \nContent-Type: text/plain; charset=UTF-8\n\
                    Content-Transfer-Encoding: base64\nX-OIM-Run-Id: {3A}\n\
                    X-OIM-Sequence-Num: 1\nDate: 19 Jun 2006 05:34:56 -0700\n\nSGVs\nbG8=\n";
        let answer = format!(
            "<GetMessageResponse><GetMessageResult>{mail}</GetMessageResult></GetMessageResponse>"
        );
        let read = read_message(&reply(&answer)).unwrap();
        assert_eq!(read.from.as_str(), "alice@example.org");
        assert_eq!((&*read.name, &*read.text), ("Alice", "Hello"));
        assert_eq!(read.date, "19 Jun 2006 05:34:56 -0700");
        assert!(!format!("{read:?}").contains("Hello"));
    }

    #[test]
    fn what_waits_is_read_from_notifications_and_metadata() {
        let notification = |data: &str| {
            Message::new("text/x-msmsgsinitialmdatanotification; charset=UTF-8")
                .with_body(format!("Mail-Data: {data}\r\nInbox-URL: /\r\n"))
        };
        let one = "<MD><E><I>0</I></E><Q/><M><T>11</T><E>a@b</E><I>DD8F-1</I><N>x</N></M></MD>";
        let ids = vec![MailId("DD8F-1".to_owned())];
        assert_eq!(
            Waiting::read(&notification(one)),
            Some(Waiting::Messages(ids.clone()))
        );
        assert_eq!(
            Waiting::read(&notification("too-large")),
            Some(Waiting::Many)
        );
        let none = Message::initial_mail(&MailData::default());
        assert_eq!(Waiting::read(&none), None);
        let metadata = reply(&format!(
            "<GetMetadataResponse xmlns='r'>{one}</GetMetadataResponse>"
        ));
        assert_eq!(read_metadata(&metadata), Ok(ids));
    }

    #[test]
    fn encoded_words() {
        for (text, decoded) in [
            ("=?utf-8?B?QWxpY2U=?=", "Alice"),
            ("=?utf-8?Q?A_l=C3=A9_5%?=", "A l\u{e9} 5%"),
            ("=?utf-8?B?***?=", "=?utf-8?B?***?="),
            ("Alice", "Alice"),
        ] {
            assert_eq!(decoded_words(text), decoded);
        }
    }
}
