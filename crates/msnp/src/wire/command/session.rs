//! Commands that make and end a session (wire-msnp13, 2, 3, 5 and 6): here XFR, PNG and OUT; the
//! versions, the proofs and error lines in files of their own.

mod failure;
mod proof;
mod version;

use bytes::BytesMut;

pub use failure::{ErrorNumber, Failure};
pub use proof::{Chl, Qry, Usr, UsrReply, UsrStep};
pub use version::{Chosen, Cvq, Cvr, CvrReply, Software, Ver, VerReply};

use super::field::{Fields, Writer};
use crate::error::ParseError;
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::{Dialect, Referral as ReferralTail};

/// `XFR TrID server`: the client asks for another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xfr {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which kind.
    pub server: ServerKind,
}

impl Xfr {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("XFR", line);
        let trid = fields.trid()?;
        let [server] = fields.exactly("1")?;
        let server = match server {
            "NS" => ServerKind::Notification,
            "SB" => ServerKind::Switchboard,
            other => ServerKind::Other(fields.param(other, "server")?),
        };
        Ok(Self { trid, server })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("XFR", out).trid(self.trid);
        match &self.server {
            ServerKind::Notification => writer.field("NS").end(),
            ServerKind::Switchboard => writer.field("SB").end(),
            ServerKind::Other(other) => writer.param(other).end(),
        }
    }
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

impl Referral {
    /// Clients read the address and no further.
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("XFR", line);
        let trid = fields.trid()?;
        let ([_ns, address], [_, _]) = fields.between("2 to 4")?;
        let address = fields.param(address, "address")?;
        Ok(Self { trid, address })
    }

    pub(super) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let writer = Writer::new("XFR", out).trid(self.trid);
        let writer = writer.field("NS").param(&self.address);
        match dialect.map(|dialect| dialect.referral) {
            None | Some(ReferralTail::UD) => writer.field("U").field("D").end(),
        }
    }
}

/// `QNG seconds`: the answer to `PNG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qng {
    /// When to ping again, in seconds. Absent before MSNP9.
    pub seconds: Option<u32>,
}

impl Qng {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("QNG", line);
        let ([], [seconds]) = fields.between("0 or 1")?;
        let seconds = seconds.map(|seconds| fields.number(seconds, "seconds"));
        Ok(Self {
            seconds: seconds.transpose()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("QNG", out);
        match self.seconds {
            Some(seconds) => writer.number(seconds).end(),
            None => writer.end(),
        }
    }
}

/// `OUT {reason}` from a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Out {
    /// Why; `None` answers the client's own `OUT`, and says that the session is over.
    pub reason: Option<OutReason>,
}

impl Out {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("OUT", line);
        let ([], [reason, minutes]) = fields.between("0 to 2")?;
        let reason = match (reason, minutes) {
            (None, _) => None,
            (Some("RCT"), Some(minutes)) => Some(OutReason::Reconnect {
                minutes: fields.number(minutes, "minutes")?,
            }),
            (Some("OTH"), None) => Some(OutReason::Elsewhere),
            (Some("SSD"), None) => Some(OutReason::ShuttingDown),
            (Some("MIG"), None) => Some(OutReason::Migrated),
            (Some("TOU"), None) => Some(OutReason::TermsOfUse),
            (Some(other), None) => Some(OutReason::Other(fields.param(other, "reason")?)),
            (Some(_), Some(_)) => return Err(fields.malformed("reason")),
        };
        Ok(Self { reason })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("OUT", out);
        match &self.reason {
            None => writer,
            Some(OutReason::Elsewhere) => writer.field("OTH"),
            Some(OutReason::ShuttingDown) => writer.field("SSD"),
            Some(OutReason::Migrated) => writer.field("MIG"),
            Some(OutReason::TermsOfUse) => writer.field("TOU"),
            Some(OutReason::Reconnect { minutes }) => writer.field("RCT").number(*minutes),
            Some(OutReason::Other(reason)) => writer.param(reason),
        }
        .end();
    }
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
