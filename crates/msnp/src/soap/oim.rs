//! Leaving an offline message: Store of MSNP13 and 14, Store2 of MSNP15 and later (services-oim, 2
//! to 4).
//!
//! ```text
//!   envelope --StoreRequest::read--> whose ticket?  --no-->  TweenerChallenge
//!                                    lock key right? --no--> LockKeyChallenge      never both
//!                                    content, haste, recipient --> answer or fault
//! ```
//!
//! The operation is the one that `SOAPAction` names, and the answer is in its namespace, whatever the
//! namespace of the request's elements.

use askama::Template;

use super::envelope::{Document, EnvelopeError, written};
use crate::proof::challenge::Product;
use crate::proof::tweener::Ticket;
use crate::wire::param::Param;

/// Which of the two operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOperation {
    /// MSNP13 and 14.
    Store,
    /// MSNP15 and later.
    Store2,
}

impl StoreOperation {
    /// By `SOAPAction`, quoted or not; without one that says it, by the namespace of the request.
    pub fn of(action: Option<&str>, document: Option<&Document>) -> Self {
        let action = action.unwrap_or_default().trim().trim_matches('"');
        match action.rsplit('/').next() {
            Some("Store") => Self::Store,
            Some("Store2") => Self::Store2,
            _ if document.is_some_and(|d| d.request().namespace() == STORE2) => Self::Store2,
            _ => Self::Store,
        }
    }

    /// The namespace of its answers.
    fn namespace(self) -> &'static str {
        match self {
            Self::Store => STORE,
            Self::Store2 => STORE2,
        }
    }
}

/// What a client that leaves a message sends. `Debug` does not tell what it says.
#[derive(Clone)]
pub struct StoreRequest {
    /// `From/@memberName`: who the client says it is.
    pub from: String,
    /// `From/@friendlyName`, as it was written.
    pub friendly_name: String,
    /// `From/@proxy`, as it was written.
    pub proxy: String,
    /// `To/@memberName`.
    pub to: String,
    /// `Ticket/@passport`; `None` when it is missing or has no form of a ticket.
    pub ticket: Option<Ticket>,
    /// `Ticket/@appid` and `@lockkey`.
    pub lock: Lock,
    /// `Sequence/MessageNumber`.
    pub number: Option<u32>,
    /// `MessageType`.
    pub kind: String,
    /// `Content`, white space and all; for [`Content`](crate::message::offline::Content).
    pub content: String,
}

/// The answer to a challenge that a client brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The id of the client's product.
    pub product: String,
    /// Empty at the first try.
    pub key: String,
}

impl StoreRequest {
    /// Reads a request. A ticket that is not there is not missed here.
    pub fn read(document: &Document) -> Result<Self, StoreFault> {
        let missing = |element: &str| StoreFault::Schema(format!("no {element}"));
        let header = document.header().ok_or_else(|| missing("Header"))?;
        let element = |name: &str| header.child(name).ok_or_else(|| missing(name));
        let (from, to) = (element("From")?, element("To")?);
        let body = document.body();
        let content = body.child("Content").ok_or_else(|| missing("Content"))?;
        let said = |name: &str| {
            let ticket = header.child("Ticket");
            ticket.and_then(|ticket| ticket.attribute(name))
        };
        let attribute = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let number = header.descend(&["Sequence", "MessageNumber"]);
        Ok(Self {
            from: attribute(from.attribute("memberName")),
            friendly_name: attribute(from.attribute("friendlyName")),
            proxy: attribute(from.attribute("proxy")),
            to: attribute(to.attribute("memberName")),
            ticket: said("passport").and_then(Ticket::parse),
            lock: Lock {
                product: attribute(said("appid")),
                key: attribute(said("lockkey")),
            },
            number: number.and_then(|number| number.text().parse().ok()),
            kind: body.text_of("MessageType").to_owned(),
            content: content.verbatim().to_owned(),
        })
    }
}

impl std::fmt::Debug for StoreRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreRequest")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl Lock {
    /// Whether the key answers one of these challenges. Of a product that nobody knows the key, any
    /// 32 hexadecimal digits do (services-oim, 4).
    pub fn opens<S: AsRef<str>>(&self, challenges: &[S]) -> bool {
        match Product::find(&self.product) {
            Some(product) => challenges
                .iter()
                .any(|challenge| product.verify(challenge.as_ref(), self.key.as_bytes())),
            None => self.key.len() == 32 && self.key.bytes().all(|b| b.is_ascii_hexdigit()),
        }
    }
}

/// The answer to a message that was stored: it had this number.
pub fn stored(operation: StoreOperation, number: u32) -> String {
    written(&Stored {
        namespace: operation.namespace(),
        number,
    })
}

/// Why a message was not stored. Every fault goes out with HTTP status 500.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The ticket is missing, forged or too old: the parameters for getting another.
    #[error("no good ticket")]
    Ticket(Param),
    /// The lock key is missing or wrong: the challenge, 20 digits.
    #[error("no right lock key")]
    LockKey(String),
    /// Nobody is called so, or they do not take messages from this sender, or their mailbox is full,
    /// or the sender is not whose the ticket is: nobody is told which. Or trouble of ours.
    #[error("not to be delivered")]
    Unavailable,
    /// Too many in a short time.
    #[error("too many messages in a short time")]
    Haste,
    /// Not a mail in the form agreed, with the reason for the log.
    #[error("{0}")]
    Content(String),
    /// Too long.
    #[error("too long")]
    TooLarge,
    /// Not a request for this service, with the reason for the log.
    #[error("{0}")]
    Schema(String),
}

impl StoreFault {
    /// The fault document.
    pub fn to_xml(&self, operation: StoreOperation) -> String {
        let code = match self {
            Self::Ticket(_) | Self::LockKey(_) => Some("AuthenticationFailed"),
            Self::Unavailable => Some("SystemUnavailable"),
            Self::Haste => Some("SenderThrottleLimitExceeded"),
            Self::Content(_) => Some("InvalidContent"),
            Self::TooLarge => Some("MessageTooLarge"),
            Self::Schema(_) => None,
        };
        written(&Fault {
            namespace: operation.namespace(),
            code,
            ticket: match self {
                Self::Ticket(parameters) => Some(parameters),
                _ => None,
            },
            lock_key: match self {
                Self::LockKey(challenge) => Some(challenge),
                _ => None,
            },
            operation,
        })
    }
}

impl From<EnvelopeError> for StoreFault {
    fn from(error: EnvelopeError) -> Self {
        Self::Schema(error.to_string())
    }
}

#[derive(Template)]
#[template(path = "soap/oim_stored.xml", whitespace = "suppress")]
struct Stored {
    namespace: &'static str,
    number: u32,
}

#[derive(Template)]
#[template(path = "soap/oim_fault.xml", whitespace = "suppress")]
struct Fault<'a> {
    namespace: &'static str,
    code: Option<&'static str>,
    ticket: Option<&'a Param>,
    lock_key: Option<&'a str>,
    operation: StoreOperation,
}

const STORE: &str = "http://messenger.msn.com/ws/2004/09/oim/";
const STORE2: &str = "http://messenger.live.com/ws/2006/09/oim/";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soap::envelope::Limits;

    const COMPOSED: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
<soap:Header>
<From memberName="alice@example.org" friendlyName="=?utf-8?B?QWxp
Y2U=?=" xml:lang="en-US" proxy="MSNMSGR" xmlns="http://messenger.msn.com/ws/2004/09/oim/" msnpVer="MSNP13" buildVer="8.0.0792"/>
<To memberName="bob@example.org" xmlns="http://messenger.msn.com/ws/2004/09/oim/"/>
<Ticket passport="t=abc&amp;p=" appid="PROD0119GSJUC$18" lockkey="" xmlns="http://messenger.msn.com/ws/2004/09/oim/"/>
<Sequence xmlns="http://schemas.xmlsoap.org/ws/2003/03/rm"><Identifier xmlns="http://schemas.xmlsoap.org/ws/2002/07/utility">http://messenger.msn.com</Identifier><MessageNumber>7</MessageNumber></Sequence>
</soap:Header>
<soap:Body>
<MessageType xmlns="http://messenger.msn.com/ws/2004/09/oim/">text</MessageType>
<Content xmlns="http://messenger.msn.com/ws/2004/09/oim/">A: b

SGVsbG8=
</Content>
</soap:Body></soap:Envelope>"#;

    fn document(text: &str) -> Document {
        Document::parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn a_request_is_read_whole() {
        let request = StoreRequest::read(&document(COMPOSED)).unwrap();
        assert_eq!(request.from, "alice@example.org");
        assert_eq!(request.friendly_name, "=?utf-8?B?QWxp Y2U=?=");
        assert_eq!(
            (&*request.proxy, &*request.to),
            ("MSNMSGR", "bob@example.org")
        );
        assert_eq!(request.ticket, Ticket::parse("abc"));
        assert_eq!(request.lock.product, "PROD0119GSJUC$18");
        assert_eq!((&*request.lock.key, request.number), ("", Some(7)));
        assert_eq!(
            (&*request.kind, &*request.content),
            ("text", "A: b\n\nSGVsbG8=\n")
        );
        assert!(!format!("{request:?}").contains("SGV"));
    }

    #[test]
    fn what_is_missing_is_named_but_for_the_ticket() {
        for (left_out, missing) in [
            ("From", "no From"),
            ("To", "no To"),
            ("Content", "no Content"),
            ("soap:Header", "no Header"),
        ] {
            let without = COMPOSED
                .replace(&format!("<{left_out}"), "<X")
                .replace(&format!("</{left_out}>"), "</X>");
            let error = StoreRequest::read(&document(&without)).unwrap_err();
            assert_eq!(error, StoreFault::Schema(missing.to_owned()));
        }
        let without = COMPOSED
            .replace("<Ticket", "<X")
            .replace("<Sequence", "<Y>");
        let without = without.replace(
            "<Y> xmlns=\"http://schemas.xmlsoap.org/ws/2003/03/rm\">",
            "<Y>",
        );
        let request =
            StoreRequest::read(&document(&without.replace("</Sequence>", "</Y>"))).unwrap();
        assert_eq!((request.ticket, request.lock), (None, Lock::default()));
        assert_eq!(request.number, None);
    }

    #[test]
    fn the_operation_is_the_one_that_is_named() {
        let store = "http://messenger.msn.com/ws/2004/09/oim/Store";
        let store2 = "\"http://messenger.live.com/ws/2006/09/oim/Store2\"";
        let live = document(&COMPOSED.replace(
            "MessageType xmlns=\"http://messenger.msn.com/ws/2004",
            "MessageType xmlns=\"http://messenger.live.com/ws/2006",
        ));
        let msn = document(COMPOSED);
        for (action, request, operation) in [
            (Some(store), &live, StoreOperation::Store),
            (Some(store2), &msn, StoreOperation::Store2),
            (None, &msn, StoreOperation::Store),
            (Some(""), &live, StoreOperation::Store2),
            (Some("\"\""), &msn, StoreOperation::Store),
        ] {
            assert_eq!(
                StoreOperation::of(action, Some(request)),
                operation,
                "{action:?}"
            );
        }
        assert_eq!(StoreOperation::of(None, None), StoreOperation::Store);
    }

    #[test]
    fn lock_keys_are_answers_to_the_challenge() {
        let lock = |product: &str, key: &str| Lock {
            product: product.to_owned(),
            key: key.to_owned(),
        };
        for (challenge, product, key) in [
            (
                "22210219642164014968",
                "PROD0090YUAUV{2B",
                "85ecb0db8f32113df79ce0892b9a102c",
            ),
            (
                "1850937852",
                "PROD0090YUAUV{2B",
                "362e8199b004377a9f1cf4398f1e18d3",
            ),
            (
                "1850937852",
                "PROD0119GSJUC$18",
                "844559b18ac25f3affb9281fd729203c",
            ),
            (
                "22210219642164014968",
                "PROD0119GSJUC$18",
                "a400af809ac86fbdf6deec7286fc06b8",
            ),
        ] {
            assert!(
                lock(product, key).opens(&["1", challenge]),
                "{product} {challenge}"
            );
            assert!(!lock(product, key).opens(&["1", "2"]));
            assert!(!lock(product, "").opens(&[challenge]));
            assert!(
                lock("PROD9999", key).opens(&["1"]),
                "any 32 digits of an unknown product"
            );
        }
        assert!(!lock("PROD9999", "").opens(&["1"]));
        assert!(!lock("", "x5ecb0db8f32113df79ce0892b9a102c").opens(&["1"]));
    }

    #[test]
    fn every_answer_byte_for_byte() {
        for (name, operation) in [
            ("store", StoreOperation::Store),
            ("store2", StoreOperation::Store2),
        ] {
            let parameters = Param::new(
                "ct=1732890080,rver=5.5.4177.0,wp=FS_40SEC_0_COMPACT,lc=1033,id=507,ru=http:%2F%2Fmessenger.msn.com,tw=0,kpp=1,kv=9,ver=2.1.6000.1,rn=1lgjBfIL,tpf=b0735e3a873dfb5e75054465196398e0",
            );
            let faults = [
                StoreFault::Ticket(parameters.unwrap()),
                StoreFault::LockKey("22210219642164014968".to_owned()),
                StoreFault::Unavailable,
                StoreFault::Haste,
                StoreFault::Content("not shown".to_owned()),
                StoreFault::TooLarge,
                StoreFault::Schema("not shown".to_owned()),
            ];
            let mut answers = stored(operation, 3);
            for fault in faults {
                answers += "\n";
                answers += &fault.to_xml(operation);
            }
            insta::assert_snapshot!(name, answers);
        }
    }

    /// The lengths that examples-soap, 3, counts.
    #[test]
    fn the_answers_of_the_examples_have_their_lengths() {
        let parameters = Param::new(
            "ct=1732890080,rver=5.5.4177.0,wp=FS_40SEC_0_COMPACT,lc=1033,id=507,ru=http:%2F%2Fmessenger.msn.com,tw=0,kpp=1,kv=9,ver=2.1.6000.1,rn=1lgjBfIL,tpf=b0735e3a873dfb5e75054465196398e0",
        );
        assert_eq!(stored(StoreOperation::Store2, 1).len(), 692);
        for (fault, length) in [
            (StoreFault::LockKey("22210219642164014968".to_owned()), 665),
            (StoreFault::Ticket(parameters.unwrap()), 921),
            (StoreFault::Unavailable, 538),
            (StoreFault::Haste, 548),
        ] {
            assert_eq!(
                fault.to_xml(StoreOperation::Store2).len(),
                length,
                "{fault}"
            );
        }
    }
}
