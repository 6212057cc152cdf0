//! The services over HTTP from a client's side: requests written, answers read.
//!
//! ```text
//!   a typed call -> ServiceRequest --(carried by HTTP)--> Reply -> a typed answer, or ServiceError
//! ```
//!
//! * [`tickets`]: a password for tickets (services-auth, 3 to 6).
//! * [`book`]: the address book (services-addressbook, 3 to 5).
//! * [`membership`]: AL, BL, RL, PL (services-addressbook, 7 and 8).
//! * [`offline`]: leaving and fetching offline messages (services-oim).
//!
//! Answers are read by meaning, as requests are on the other side, but with room for far larger
//! documents: an address book of thousands is one answer.

pub mod book;
pub mod membership;
pub mod offline;
pub mod tickets;

use std::fmt;

use bytes::Bytes;

use crate::soap::envelope::{Element, Limits};
use crate::soap::guid::Guid;
use crate::wire::xml;

/// One of the services, each with an address of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// Tickets.
    SignIn,
    /// The address book.
    AddressBook,
    /// Memberships.
    Sharing,
    /// Where offline messages are left.
    OfflineStore,
    /// Where offline messages are fetched.
    OfflineInbox,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::SignIn,
        Self::AddressBook,
        Self::Sharing,
        Self::OfflineStore,
        Self::OfflineInbox,
    ];

    /// The path on every server.
    pub fn path(self) -> &'static str {
        match self {
            Self::SignIn => "/RST.srf",
            Self::AddressBook => "/abservice/abservice.asmx",
            Self::Sharing => "/abservice/SharingService.asmx",
            Self::OfflineStore => "/OimWS/oim.asmx",
            Self::OfflineInbox => "/rsi/rsi.asmx",
        }
    }

    /// The host of the historic service.
    pub fn historic_host(self) -> &'static str {
        match self {
            Self::SignIn => "login.live.com",
            Self::AddressBook | Self::Sharing => "contacts.msn.com",
            Self::OfflineStore => "ows.messenger.msn.com",
            Self::OfflineInbox => "rsi.hotmail.com",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignIn => "the sign-in service",
            Self::AddressBook => "the address book",
            Self::Sharing => "the sharing service",
            Self::OfflineStore => "the store of offline messages",
            Self::OfflineInbox => "the inbox of offline messages",
        })
    }
}

/// What is posted to a service. Holds passwords, tickets and messages: `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceRequest {
    /// To which.
    pub service: Service,
    /// `SOAPAction`, without quotes, where the service has one.
    pub action: Option<String>,
    /// `Cookie`, where the service wants one.
    pub cookie: Option<String>,
    /// The document, `text/xml; charset=utf-8`.
    pub body: String,
}

impl fmt::Debug for ServiceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceRequest")
            .field("service", &self.service)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// What a service answered. `Debug` tells the status and the size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status of HTTP; faults come with 500 and with 200.
    pub status: u16,
    /// The document.
    pub body: Bytes,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish()
    }
}

/// Why a service did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// No answer came: no connection, a broken one, or none in time.
    #[error("{service} cannot be asked: {why}")]
    Unreachable {
        /// Which.
        service: Service,
        /// Why, in words, without secrets.
        why: String,
    },
    /// An answer that is no answer of this service.
    #[error("{service} answered with HTTP status {status} and nothing that can be read")]
    Unreadable {
        /// Which.
        service: Service,
        /// The status of HTTP.
        status: u16,
    },
    /// A fault.
    #[error("{service}: {fault}")]
    Fault {
        /// Which.
        service: Service,
        /// What it says.
        fault: Box<Fault>,
    },
}

impl ServiceError {
    /// The code of the fault, if it is one: `ContactAlreadyExists`, `FailedAuthentication` ...
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Fault { fault, .. } => Some(&fault.code),
            Self::Unreachable { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// What a service says when it does not do what was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// `detail/errorcode` where there is one, else `faultcode` without its prefix.
    pub code: String,
    /// `faultstring`.
    pub message: String,
    /// The contact or group that is there already.
    pub conflict: Option<Guid>,
    /// What a client must answer before it may try again (services-oim, 4).
    pub lock_key_challenge: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            f.write_str(&self.code)
        } else {
            write!(f, "{} ({})", self.message, self.code)
        }
    }
}

/// The body of an answer; a fault is an error.
fn body_of(service: Service, reply: &Reply) -> Result<Element, ServiceError> {
    let unreadable = ServiceError::Unreadable {
        service,
        status: reply.status,
    };
    let Ok(envelope) = Element::parse(&reply.body, &ANSWERS) else {
        return Err(unreadable);
    };
    let body = envelope.child("Body");
    // The sign-in service puts its faults directly under the envelope.
    let fault = body.and_then(|body| body.child("Fault"));
    if let Some(fault) = fault.or_else(|| envelope.child("Fault")) {
        let fault = Box::new(Fault::read(fault));
        return Err(ServiceError::Fault { service, fault });
    }
    match body {
        Some(body) if (200..300).contains(&reply.status) => Ok(body.clone()),
        _ => Err(unreadable),
    }
}

/// The element that the body has, by its name.
fn answer(service: Service, reply: &Reply, name: &str) -> Result<Element, ServiceError> {
    let body = body_of(service, reply)?;
    body.child(name).cloned().ok_or(ServiceError::Unreadable {
        service,
        status: reply.status,
    })
}

impl Fault {
    fn read(fault: &Element) -> Self {
        let detail = fault.child("detail");
        let of_detail = |name| detail.map_or("", |detail| detail.text_of(name));
        let local = |code: &str| match code.rsplit_once(':') {
            Some((_, local)) => local.to_owned(),
            None => code.to_owned(),
        };
        let code = match of_detail("errorcode") {
            "" => local(fault.text_of("faultcode")),
            code => code.to_owned(),
        };
        let conflict = detail
            .and_then(|detail| detail.child("additionalDetails"))
            .and_then(|details| Guid::parse(details.text_of("conflictObjectId")));
        Self {
            code,
            message: fault.text_of("faultstring").to_owned(),
            conflict,
            lock_key_challenge: Some(of_detail("LockKeyChallenge").to_owned())
                .filter(|challenge| !challenge.is_empty()),
        }
    }
}

/// An envelope with the usual namespaces.
fn envelope(header: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\
         <soap:Header>{header}</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

/// Text for an element or an attribute.
fn text(text: &str) -> String {
    xml::escape(text)
}

/// Room for an address book of twenty thousand contacts.
const ANSWERS: Limits = Limits {
    bytes: 32 << 20,
    depth: 32,
    nodes: 4_000_000,
    attributes: 32,
    namespaces: 64,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    #[test]
    fn faults_are_read_wherever_they_stand() {
        let book = reply(
            500,
            "<soap:Envelope xmlns:soap='s'><soap:Body><soap:Fault><faultcode>soap:Client</faultcode>\
             <faultstring>Contact Already Exists</faultstring><detail>\
             <errorcode xmlns='a'>ContactAlreadyExists</errorcode><additionalDetails>\
             <conflictObjectId>00000000-0000-0000-0000-000000000007</conflictObjectId>\
             </additionalDetails></detail></soap:Fault></soap:Body></soap:Envelope>",
        );
        let error = body_of(Service::AddressBook, &book).unwrap_err();
        assert_eq!(error.code(), Some("ContactAlreadyExists"));
        let ServiceError::Fault { fault, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(fault.conflict, Some(Guid::from_u128(7)));

        let sign_in = reply(
            200,
            "<S:Envelope xmlns:S='s'><S:Header/><S:Fault><faultcode>wsse:FailedAuthentication\
             </faultcode><faultstring>Authentication Failure</faultstring></S:Fault></S:Envelope>",
        );
        let error = body_of(Service::SignIn, &sign_in).unwrap_err();
        assert_eq!(error.code(), Some("FailedAuthentication"));
        assert_eq!(
            error.to_string(),
            "the sign-in service: Authentication Failure (FailedAuthentication)"
        );
    }

    #[test]
    fn what_is_no_document_says_so() {
        for (status, body) in [(404, ""), (200, "<html>"), (502, "<a/>"), (200, "<a/>")] {
            let error = body_of(Service::Sharing, &reply(status, body)).unwrap_err();
            let service = Service::Sharing;
            assert_eq!(error, ServiceError::Unreadable { service, status });
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let request = ServiceRequest {
            service: Service::SignIn,
            action: None,
            cookie: Some("secret".to_owned()),
            body: "secret".to_owned(),
        };
        assert!(!format!("{request:?} {:?}", reply(200, "secret")).contains("secret"));
    }
}
