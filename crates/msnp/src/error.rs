//! Errors, named by whose fault they are.
//!
//! [`ErrorCode`] is what a server tells a client (wire-errors). [`ParseError`] is what is wrong with
//! bytes that somebody else wrote.

use std::fmt;

/// A numeric error of the wire: three digits, sent as `NNN TrID` (wire-msnp13, 1.5).
///
/// Never put a number after the TrID: clients read it as the length of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum ErrorCode {
    /// A parameter that is known but not allowed here: `CHG n FLN`, `XFR n XX`.
    InvalidParameter = 201,
    /// A network id (`t`) that does not exist.
    UnknownNetwork = 204,
    /// `USR` after `USR OK`.
    AlreadySignedIn = 207,
    /// A malformed handle, or no such account.
    NoSuchAccount = 208,
    /// The list has as many members as it may have.
    ListFull = 210,
    /// `CAL` of somebody who is in the conversation, is being rung, or is oneself.
    AlreadyThere = 215,
    /// The contact is not on that list.
    NotOnList = 216,
    /// Offline, hidden, unknown, or not accepting calls from the sender: they look the same.
    NotOnline = 217,
    /// An empty `<ml>` or `<d>`.
    EmptyList = 240,
    /// A contact list document that is malformed or asks for what is not allowed.
    InvalidList = 241,
    /// No switchboard could be opened.
    SwitchboardFailed = 280,
    /// The address book is not reachable just now.
    AddressBookUnavailable = 403,
    /// Something broke in the server.
    Internal = 500,
    /// `FND`.
    CommandDisabled = 502,
    /// `SDC` with wrong parameters.
    Unspecified = 503,
    /// `UUM` to a network that is not served.
    NetworkUnserved = 509,
    /// A wrong answer to a challenge.
    ChallengeFailed = 540,
    /// The server has more to do than it can.
    Busy = 600,
    /// Paging is not offered.
    PagingUnavailable = 606,
    /// Too many calls or switchboards.
    TooActive = 713,
    /// Not expected at this point.
    NotExpected = 715,
    /// Status, property or message changed too often.
    TooFast = 800,
    /// Too busy to check tickets.
    TooBusyToAuthenticate = 910,
    /// Wrong ticket, cookie or handle.
    AuthenticationFailed = 911,
    /// Not allowed before the first `CHG`.
    NotAllowedOffline = 913,
}

impl ErrorCode {
    /// The number as it travels.
    pub fn number(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// What is wrong with a command, a document or a field that a peer sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The verb does not exist in this direction (or not in this dialect).
    #[error("unknown command {0}")]
    UnknownVerb(String),
    /// The transaction id is missing or is not a number from 0 to 4294967295.
    #[error("{0}: missing or malformed transaction id")]
    TrId(&'static str),
    /// Too few or too many parameters.
    #[error("{verb}: {found} parameters where {expected} are allowed")]
    Arity {
        /// The verb of the command.
        verb: &'static str,
        /// How many are allowed, in words.
        expected: &'static str,
        /// How many there were, the TrID not counted.
        found: usize,
    },
    /// A parameter that does not have the form it must have.
    #[error("{verb}: malformed {field}")]
    Field {
        /// The verb of the command, or the name of the document.
        verb: &'static str,
        /// Which field.
        field: &'static str,
    },
    /// A payload that is not what it should be.
    #[error("{0}: malformed payload")]
    Payload(&'static str),
}
