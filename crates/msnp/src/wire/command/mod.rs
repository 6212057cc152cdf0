//! Typed commands: what a [`Line`] says.
//!
//! ```text
//!                   dispatch and notification server      switchboard server
//!   client writes   NotificationRequest                   SwitchboardRequest
//!   server writes   NotificationReply                     SwitchboardReply
//! ```
//!
//! Four enums, because the same verb means different things: `USR` and `MSG` are one command on a
//! notification server and another on a switchboard. Reading undoes writing, for each of them. A
//! `dialect` of `None` stands for the time before `VER` has settled it.

pub mod list;
pub mod notice;
pub mod policy;
pub mod presence;
pub mod roster;
pub mod service;
pub mod session;
pub mod switchboard;

use bytes::BytesMut;

use super::line::Line;
use super::param::TrId;
use super::version::Dialect;
use crate::error::ParseError;

/// What a client sends to a dispatch or notification server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationRequest {
    /// `VER`.
    Ver(session::Ver),
    /// `CVR`.
    Cvr(session::Cvr),
    /// `CVQ`.
    Cvq(session::Cvq),
    /// `USR`.
    Usr(session::Usr),
    /// `XFR`.
    Xfr(session::Xfr),
    /// `GCF`.
    Gcf(policy::GcfRequest),
    /// `PNG`: no TrID.
    Png,
    /// `OUT`: no TrID.
    Out,
    /// `QRY`.
    Qry(session::Qry),
    /// `BLP`.
    Blp(presence::Blp),
    /// `CHG`.
    Chg(presence::Chg),
    /// `PRP`.
    Prp(presence::Prp),
    /// `UUX`.
    Uux(presence::Uux),
    /// `ADL`.
    Adl(roster::ListCommand),
    /// `RML`.
    Rml(roster::ListCommand),
    /// `FQY`.
    Fqy(roster::ListCommand),
    /// `UUN`.
    Uun(notice::Uun),
    /// `URL`.
    Url(service::Url),
    /// `SDC`.
    Sdc(service::Sdc),
    /// `SND`.
    Snd(service::Snd),
    /// `IMS`.
    Ims(service::Ims),
    /// `PAG`.
    Pag(service::Pag),
    /// `PGD`.
    Pgd(service::Pgd),
    /// `FND`.
    Fnd(service::Fnd),
}

/// What a dispatch or notification server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotificationReply {
    /// `VER`.
    Ver(session::VerReply),
    /// `CVR`.
    Cvr(session::CvrReply),
    /// `CVQ`.
    Cvq(session::CvrReply),
    /// `USR`.
    Usr(session::UsrReply),
    /// `XFR TrID NS`.
    Referral(session::Referral),
    /// `XFR TrID SB`.
    SwitchboardReferral(switchboard::SwitchboardReferral),
    /// `GCF`.
    Gcf(policy::Gcf),
    /// `SBS 0 null`, after `USR OK`; no known meaning.
    Sbs,
    /// `QNG`.
    Qng(session::Qng),
    /// `OUT`.
    Out(session::Out),
    /// `CHL 0`.
    Chl(session::Chl),
    /// `QRY TrID`: the response was right.
    QryOk(TrId),
    /// `BLP`.
    Blp(presence::Blp),
    /// `CHG`.
    Chg(presence::Chg),
    /// `PRP`.
    Prp(presence::Prp),
    /// `UUX TrID 0`.
    UuxOk(TrId),
    /// `ILN`.
    Iln(presence::Iln),
    /// `NLN`.
    Nln(presence::Nln),
    /// `FLN`.
    Fln(presence::Fln),
    /// `UBX`.
    Ubx(presence::Ubx),
    /// `ADL TrID OK`: applied.
    AdlOk(TrId),
    /// `RML TrID OK`: applied.
    RmlOk(TrId),
    /// `ADL 0`: somebody added the account.
    AdlPush(roster::ListPush),
    /// `RML 0`: somebody removed the account.
    RmlPush(roster::ListPush),
    /// `FQY`.
    Fqy(roster::ListCommand),
    /// `RNG`.
    Rng(switchboard::Rng),
    /// `MSG Hotmail Hotmail`.
    Msg(notice::ServerMessage),
    /// `NOT`.
    Not(notice::Not),
    /// `UUN TrID OK`.
    UunOk(TrId),
    /// `UBN`.
    Ubn(notice::Ubn),
    /// `IPG`.
    Ipg(notice::Ipg),
    /// `URL`.
    Url(service::UrlReply),
    /// `SDC TrID OK`.
    SdcOk(TrId),
    /// `SND TrID OK`.
    SndOk(TrId),
    /// `IMS TrID 0 ON|OFF`.
    Ims(service::Ims),
    /// `NNN TrID`.
    Failure(session::Failure),
}

/// What a client sends to a switchboard server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchboardRequest {
    /// `USR`.
    Usr(switchboard::Enter),
    /// `ANS`.
    Ans(switchboard::Ans),
    /// `CAL`.
    Cal(switchboard::Cal),
    /// `MSG`.
    Msg(switchboard::Say),
    /// `OUT`: no TrID.
    Out,
}

/// What a switchboard server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchboardReply {
    /// `USR TrID OK`.
    UsrOk(switchboard::EnterOk),
    /// `ANS TrID OK`: all who are there have been named.
    AnsOk(TrId),
    /// `IRO`.
    Iro(switchboard::Iro),
    /// `JOI`.
    Joi(switchboard::Joi),
    /// `CAL TrID RINGING`.
    Ringing(switchboard::Ringing),
    /// `MSG`.
    Msg(switchboard::Said),
    /// `ACK TrID`: the message went to everybody.
    Ack(TrId),
    /// `NAK TrID`: it did not.
    Nak(TrId),
    /// `BYE`.
    Bye(switchboard::Bye),
    /// `OUT`: the server closes.
    Out(session::Out),
    /// `NNN TrID`.
    Failure(session::Failure),
}

impl NotificationRequest {
    /// Reads what a client wrote.
    pub fn parse(line: &Line, dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        todo!("{} {dialect:?}", line.verb())
    }

    /// Appends the command, line end and payload included.
    pub fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        todo!("{dialect:?} {}", out.len())
    }
}

impl NotificationReply {
    /// Reads what a server wrote.
    pub fn parse(line: &Line, dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        todo!("{} {dialect:?}", line.verb())
    }

    /// Appends the command, line end and payload included.
    pub fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        todo!("{dialect:?} {}", out.len())
    }
}

impl SwitchboardRequest {
    /// Reads what a client wrote.
    pub fn parse(line: &Line, dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        todo!("{} {dialect:?}", line.verb())
    }

    /// Appends the command, line end and payload included.
    pub fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        todo!("{dialect:?} {}", out.len())
    }
}

impl SwitchboardReply {
    /// Reads what a server wrote.
    pub fn parse(line: &Line, dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        todo!("{} {dialect:?}", line.verb())
    }

    /// Appends the command, line end and payload included.
    pub fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        todo!("{dialect:?} {}", out.len())
    }
}
