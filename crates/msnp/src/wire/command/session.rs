//! Commands that make and end a session: VER, CVR, USR, XFR, SBS, PNG, OUT, the challenge, and
//! error lines (wire-msnp13, 2, 3, 5 and 6).

use std::fmt;

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::proof::tweener::Presented;
use crate::wire::param::{Param, TrId};
use crate::wire::version::Version;

/// `VER TrID dialect {dialect ...}`: what the client can speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ver {
    /// The client's transaction id.
    pub trid: TrId,
    /// The names, `CVR0` and unknown ones among them. At least one.
    pub offered: Vec<Param>,
}

impl Ver {
    /// The versions among the names.
    pub fn versions(&self) -> Vec<Version> {
        todo!()
    }

    /// Whether the client would be content with asking for new client versions (`CVR0`).
    pub fn offers_cvr0(&self) -> bool {
        todo!()
    }
}

/// `VER TrID chosen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerReply {
    /// As in the request.
    pub trid: TrId,
    /// What both speak from now on.
    pub chosen: Chosen,
}

/// The outcome of `VER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// This version.
    Version(Version),
    /// `CVR0`: only `CVQ` and `CVR`.
    Cvr0,
    /// `0`: nothing in common; the server closes.
    Nothing,
}

/// What a client says about itself in `CVR` and `CVQ`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// A Windows language id, `0x0409`.
    pub locale: Param,
    /// `winnt`.
    pub os: Param,
    /// `5.1`.
    pub os_version: Param,
    /// `i386`.
    pub architecture: Param,
    /// `MSNMSGR`.
    pub name: Param,
    /// `8.0.0787`.
    pub version: Param,
    /// `msmsgs`.
    pub brand: Param,
}

/// `CVR TrID locale os version architecture name version brand handle`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cvr {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which client it is.
    pub software: Software,
    /// Who is about to sign in, as typed.
    pub handle: Param,
}

/// `CVQ`: the same question without signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cvq {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which client it is.
    pub software: Software,
    /// As typed, if at all.
    pub handle: Option<Param>,
}

/// `CVR` and `CVQ`: which versions of the client there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CvrReply {
    /// As in the request.
    pub trid: TrId,
    /// If newer than the client, it offers an update.
    pub recommended: Param,
    /// The same again.
    pub recommended_too: Param,
    /// If newer than the client, it refuses to sign in.
    pub minimum: Param,
    /// Where the installer is.
    pub download_url: Param,
    /// A page about it.
    pub info_url: Param,
}

/// `USR` to a notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usr {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which step of which proof.
    pub step: UsrStep,
}

/// A step of proving who one is.
#[derive(Clone, PartialEq, Eq)]
pub enum UsrStep {
    /// `TWN I handle`.
    TweenerStart {
        /// As typed; `USR OK` must echo it so.
        handle: Param,
    },
    /// `TWN S ticket`.
    TweenerTicket {
        /// The rest of the line.
        ticket: Presented,
    },
    /// A package or a step of it that is not known here. `Debug` does not show the fields.
    Other {
        /// `MD5`, `SSO`, ...
        package: Param,
        /// Whatever follows; may hold secrets.
        fields: Vec<Param>,
    },
}

impl fmt::Debug for UsrStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TweenerStart { handle } => f
                .debug_struct("TweenerStart")
                .field("handle", handle)
                .finish(),
            Self::TweenerTicket { .. } => f.debug_struct("TweenerTicket").finish_non_exhaustive(),
            Self::Other { package, .. } => f
                .debug_struct("Other")
                .field("package", package)
                .finish_non_exhaustive(),
        }
    }
}

/// `USR` from a notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsrReply {
    /// `USR TrID TWN S parameters`.
    TweenerParameters {
        /// As in the request.
        trid: TrId,
        /// What the client hands to the sign-in service.
        parameters: Param,
    },
    /// `USR TrID OK handle verified restricted`.
    Ok {
        /// As in the request.
        trid: TrId,
        /// As the client typed it.
        handle: Param,
        /// `0` makes the client say that the address is not verified.
        verified: bool,
        /// `1` makes the client sign out.
        restricted: bool,
    },
}

/// `XFR TrID server`: the client asks for another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xfr {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which kind.
    pub server: ServerKind,
}

/// What an `XFR` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerKind {
    /// `NS`.
    Notification,
    /// `SB`.
    Switchboard,
    /// Anything else: 201.
    Other(Param),
}

/// `XFR TrID NS address ...`: go to this notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// That of the `USR` it answers.
    pub trid: TrId,
    /// `host:port`; `0` means start again on this connection.
    pub address: Param,
}

/// `QNG seconds`: the answer to `PNG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qng {
    /// When to ping again, in seconds. Absent before MSNP9.
    pub seconds: Option<u32>,
}

/// `OUT {reason}` from a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Out {
    /// Why; `None` answers the client's own `OUT`.
    pub reason: Option<OutReason>,
}

/// Why a server ends a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutReason {
    /// `OTH`: signed in elsewhere.
    Elsewhere,
    /// `SSD`: the server shuts down.
    ShuttingDown,
    /// `MIG`: contact list migrated.
    Migrated,
    /// `TOU`: terms of use to accept.
    TermsOfUse,
    /// `RCT minutes`: come back then.
    Reconnect {
        /// After how many minutes.
        minutes: u32,
    },
    /// Any other word.
    Other(Param),
}

/// `CHL 0 challenge`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chl {
    /// 20 decimal digits from this server.
    pub challenge: Param,
}

/// `QRY TrID product-id 32`, with the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qry {
    /// The client's transaction id.
    pub trid: TrId,
    /// As sent: this field is never percent-coded.
    pub product: Param,
    /// 32 hexadecimal digits, if the client is right.
    pub response: Bytes,
}

/// `NNN TrID`: an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub code: ErrorNumber,
    /// That of the command it answers.
    pub trid: TrId,
    /// Other servers name the offending contacts here. Written with its length.
    pub document: Option<Bytes>,
}

impl Failure {
    /// An error without a document: the form that is safe with every client.
    pub fn new(code: ErrorCode, trid: TrId) -> Self {
        Self {
            code: code.into(),
            trid,
            document: None,
        }
    }
}

/// Three digits: an [`ErrorCode`], or one that only other servers send.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorNumber(u16);

impl ErrorNumber {
    /// The number, from 0 to 999.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl From<ErrorCode> for ErrorNumber {
    fn from(code: ErrorCode) -> Self {
        Self(code.number())
    }
}

impl PartialEq<ErrorCode> for ErrorNumber {
    fn eq(&self, code: &ErrorCode) -> bool {
        self.0 == code.number()
    }
}

impl fmt::Debug for ErrorNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}
