//! Fetching offline messages: GetMetadata, GetMessage, DeleteMessages (services-oim, 7).
//!
//! The operation is the name of the request's element, whatever `SOAPAction` says. Tags of answers
//! have no attributes and their texts begin at once, because clients cut them out of the text.

use askama::Template;

use super::envelope::{Document, Element, EnvelopeError, written};
use crate::message::offline::{MailId, MailSummary};
use crate::proof::tweener::Ticket;
use crate::wire::param::Param;

/// What a client that fetches messages asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailRequest {
    /// The list of all that there is.
    Metadata,
    /// What one of them says.
    Message {
        /// Which.
        id: MailId,
        /// `alsoMarkAsRead`.
        marking: Marking,
    },
    /// These are to be deleted. At least one, at most [`MOST_DELETED`].
    Delete(Vec<MailId>),
}

/// Whether a message that is fetched counts as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marking {
    /// Mark it.
    Read,
    /// Leave it as it is.
    AsItIs,
}

/// More than a mailbox ever holds.
pub const MOST_DELETED: usize = 1000;

impl MailRequest {
    /// Reads a request; its element's name is the operation.
    pub fn read(request: &Element) -> Result<Self, MailFault> {
        let id = |text: &str| {
            MailId::parse(text)
                .ok_or_else(|| MailFault::Schema("a messageId that is none".to_owned()))
        };
        match request.name() {
            "GetMetadata" => Ok(Self::Metadata),
            "GetMessage" => Ok(Self::Message {
                id: id(request.text_of("messageId"))?,
                marking: match request.flag("alsoMarkAsRead") {
                    Some(true) => Marking::Read,
                    Some(false) | None => Marking::AsItIs,
                },
            }),
            "DeleteMessages" => {
                let ids = request.texts_of(&["messageIds"], "messageId");
                let ids: Vec<_> = ids
                    .take(MOST_DELETED + 1)
                    .map(id)
                    .collect::<Result<_, _>>()?;
                match ids.len() {
                    1..=MOST_DELETED => Ok(Self::Delete(ids)),
                    0 => Err(MailFault::Schema("no messageId".to_owned())),
                    _ => Err(MailFault::Schema("too many messageIds".to_owned())),
                }
            }
            _ => Err(MailFault::Schema("no such operation".to_owned())),
        }
    }
}

/// The ticket of `PassportCookie`. Its two halves come apart, and some clients leave `=` or `t=`
/// before them.
pub fn ticket(document: &Document) -> Option<Ticket> {
    let cookie = document.header()?.child("PassportCookie")?;
    Ticket::parse(cookie.text_of("t").trim_start_matches('='))
}

/// What a client that fetches messages is answered.
#[derive(Clone, PartialEq, Eq)]
pub enum MailAnswer {
    /// Everything that there is, the oldest first.
    Metadata(Vec<MailSummary>),
    /// What one says: the mail.
    Message(String),
    /// Done.
    Deleted,
}

impl MailAnswer {
    /// The answer's document.
    pub fn to_xml(&self) -> String {
        written(&Answer { answer: self })
    }
}

/// Why nothing was done. Every fault goes out with HTTP status 500.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailFault {
    /// The ticket is missing, forged or too old: the parameters for getting another.
    #[error("no good ticket")]
    Ticket(Param),
    /// Not a request for this service, with the reason for the log.
    #[error("{0}")]
    Schema(String),
    /// No message in this mailbox has this id.
    #[error("no such message")]
    NoSuchMessage,
    /// Trouble of ours.
    #[error("not available")]
    Unavailable,
}

impl MailFault {
    /// The fault document.
    pub fn to_xml(&self) -> String {
        written(&Fault { fault: self })
    }
}

impl From<EnvelopeError> for MailFault {
    fn from(error: EnvelopeError) -> Self {
        Self::Schema(error.to_string())
    }
}

#[derive(Template)]
#[template(path = "soap/rsi.xml", whitespace = "suppress")]
struct Answer<'a> {
    answer: &'a MailAnswer,
}

#[derive(Template)]
#[template(path = "soap/rsi_fault.xml", whitespace = "suppress")]
struct Fault<'a> {
    fault: &'a MailFault,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::Handle;
    use crate::soap::envelope::Limits;
    use crate::soap::timestamp::Timestamp;

    const ID: &str = "DD8F22C5-3F0E-4D2E-8E1A-2C4F1D6A0B11";

    fn document(cookie: &str, request: &str) -> Document {
        let text = format!(
            "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Header>\
             <PassportCookie xmlns='http://www.hotmail.msn.com/ws/2004/09/oim/rsi'>{cookie}\
             </PassportCookie></soap:Header><soap:Body>{request}</soap:Body></soap:Envelope>"
        );
        Document::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    fn read(request: &str) -> Result<MailRequest, MailFault> {
        MailRequest::read(document("", request).request())
    }

    #[test]
    fn every_request_is_read() {
        let id = MailId::parse(ID).unwrap();
        let get =
            |flag: &str| format!("<GetMessage><messageId>{ID}</messageId>{flag}</GetMessage>");
        let message = |marking| Ok(MailRequest::Message { id, marking });
        assert_eq!(read("<GetMetadata/>"), Ok(MailRequest::Metadata));
        assert_eq!(read(&get("")), message(Marking::AsItIs));
        for (flag, marking) in [
            ("false", Marking::AsItIs),
            ("True", Marking::Read),
            ("1", Marking::Read),
        ] {
            let flag = format!("<alsoMarkAsRead>{flag}</alsoMarkAsRead>");
            assert_eq!(read(&get(&flag)), message(marking));
        }
        let delete = format!(
            "<DeleteMessages><messageIds><messageId> {{{ID}}} </messageId><messageId>{}</messageId></messageIds></DeleteMessages>",
            ID.to_lowercase()
        );
        assert_eq!(read(&delete), Ok(MailRequest::Delete(vec![id, id])));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let many = "<messageId>DD8F22C5-3F0E-4D2E-8E1A-2C4F1D6A0B11</messageId>".repeat(1001);
        for request in [
            "<Nothing/>",
            "<GetMessage/>",
            "<GetMessage><messageId>7</messageId></GetMessage>",
            "<DeleteMessages/>",
            "<DeleteMessages><messageIds/></DeleteMessages>",
            "<DeleteMessages><messageIds><messageId>7</messageId></messageIds></DeleteMessages>",
            &format!("<DeleteMessages><messageIds>{many}</messageIds></DeleteMessages>"),
        ] {
            assert!(matches!(read(request), Err(MailFault::Schema(_))));
        }
    }

    #[test]
    fn the_ticket_in_every_form() {
        for cookie in [
            "<t>abc</t><p></p>",
            "<t>abc</t><p>=x</p>",
            "<p>p=x</p><t>\n abc </t>",
            "<t>=abc</t>",
            "<t>t=abc&amp;p=x</t><p/>",
        ] {
            assert_eq!(
                ticket(&document(cookie, "<x/>")),
                Ticket::parse("abc"),
                "{cookie}"
            );
        }
        assert_eq!(ticket(&document("<p>x</p>", "<x/>")), None);
        assert_eq!(ticket(&document("<t></t>", "<x/>")), None);
    }

    #[test]
    fn every_answer_byte_for_byte() {
        let mail = MailSummary {
            id: MailId::parse(ID).unwrap(),
            sender: Handle::parse("alice@example.org").unwrap(),
            name: "Alice".to_owned(),
            received: Timestamp::parse("2006-06-19T12:34:56Z").unwrap(),
            is_read: true,
            size: 1022,
        };
        for (name, document) in [
            ("metadata", MailAnswer::Metadata(vec![mail]).to_xml()),
            ("metadata_empty", MailAnswer::Metadata(Vec::new()).to_xml()),
            (
                "message",
                MailAnswer::Message(
                    "From: =?utf-8?B?QWxpY2U=?= <alice@example.org>\nSubject: \n\nSGVsbG8="
                        .to_owned(),
                )
                .to_xml(),
            ),
            ("deleted", MailAnswer::Deleted.to_xml()),
            (
                "ticket",
                MailFault::Ticket(Param::new("ct=1,lc=1033").unwrap()).to_xml(),
            ),
            ("schema", MailFault::Schema("not shown".to_owned()).to_xml()),
            ("no_such_message", MailFault::NoSuchMessage.to_xml()),
            ("unavailable", MailFault::Unavailable.to_xml()),
        ] {
            insta::assert_snapshot!(name, document);
        }
    }
}
