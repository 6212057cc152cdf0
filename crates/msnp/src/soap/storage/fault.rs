//! What the storage service answers when it does not do what is asked (services-other, 3.3;
//! examples-soap, 2.9). Clients decide by `detail/errorcode`. Every fault goes out with HTTP status
//! 500.

use askama::Template;

use super::super::envelope::{EnvelopeError, written};
use super::Edition;

/// Why a request is not done. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageFault {
    /// The ticket is missing, forged, too old, or of an account that may not sign in.
    #[error("Authentication failure")]
    NotAuthenticated,
    /// There is none, or none that the one who asks may know of.
    #[error("Item does not exist")]
    ItemDoesNotExist,
    /// It is made with the account.
    #[error("Item already exists")]
    ItemAlreadyExists,
    /// What is named cannot be read as a name.
    #[error("Invalid object handle")]
    InvalidObjectHandle,
    /// It is somebody else's.
    #[error("Access denied")]
    AccessDenied,
    /// A text or a picture is larger than it may be.
    #[error("{0} is too large")]
    TooLarge(&'static str),
    /// What was sent is no picture of a kind that is kept.
    #[error("Not a picture: {0}")]
    NotAPicture(&'static str),
    /// An operation that is not offered.
    #[error("API {0} no longer supported")]
    Forbidden(String),
    /// A request without something that it needs.
    #[error("Bad Request: {0}")]
    BadRequest(&'static str),
    /// Not a request that can be understood.
    #[error("Bad Request: {0}")]
    NotARequest(#[from] EnvelopeError),
    /// Trouble of ours: the same request may succeed later.
    #[error("The service is temporarily unavailable")]
    Unavailable,
}

impl StorageFault {
    /// What clients decide by.
    fn code(&self) -> &'static str {
        match self {
            Self::NotAuthenticated => "PassportAuthFail",
            Self::ItemDoesNotExist => "ItemDoesNotExist",
            Self::ItemAlreadyExists => "ItemAlreadyExists",
            Self::InvalidObjectHandle => "InvalidObjectHandle",
            Self::AccessDenied => "AccessDenied",
            Self::TooLarge(_) => "QuotaLimitReached",
            Self::NotAPicture(_) | Self::BadRequest(_) | Self::NotARequest(_) => "InvalidArgument",
            Self::Forbidden(_) => "Forbidden",
            Self::Unavailable => "InternalError",
        }
    }

    /// The fault document. `operation` is the name of the request's element as the client wrote it,
    /// or empty if there is none.
    pub fn to_xml(&self, edition: Edition, operation: &str) -> String {
        written(&Fault {
            by: match self {
                Self::Unavailable => "Server",
                _ => "Client",
            },
            message: &self.to_string(),
            namespace: edition.namespace(),
            operation,
            code: self.code(),
        })
    }
}

#[derive(Template)]
#[template(path = "soap/storage_fault.xml", whitespace = "suppress")]
struct Fault<'a> {
    by: &'static str,
    message: &'a str,
    namespace: &'static str,
    operation: &'a str,
    code: &'static str,
}
