//! Switchboards: how one is opened (on the notification server) and what is said there
//! (wire-msnp13, 8).
//!
//! ```text
//!   A, notification         A, switchboard           B, notification        B, switchboard
//!   XFR SB -> XFR SB ...    USR -> USR OK
//!                           CAL -> CAL RINGING       RNG
//!                                  JOI B                                    ANS -> IRO A, ANS OK
//!                           MSG -> (ACK)                                    MSG
//!                                  BYE B                                    OUT
//! ```

mod call;
mod member;
mod talk;

use bytes::BytesMut;

pub use call::{Cal, Cookie, Ringing, Rng, SessionId, SwitchboardReferral};
pub use member::{Ans, Bye, ByeCause, Enter, EnterOk, Iro, Joi, Member};
pub use talk::{Ack, Said, Say};

use super::field::{Writer, bare, trid_and};
use super::session::{Failure, Out};
use crate::error::ParseError;
use crate::wire::line::Line;
use crate::wire::param::TrId;
use crate::wire::version::Dialect;

/// What a client sends to a switchboard server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchboardRequest {
    /// `USR`.
    Usr(Enter),
    /// `ANS`.
    Ans(Ans),
    /// `CAL`.
    Cal(Cal),
    /// `MSG`.
    Msg(Say),
    /// `OUT`: no TrID.
    Out,
}

impl SwitchboardRequest {
    /// Reads what a client wrote.
    pub fn parse(line: &Line, _dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        Ok(match line.verb() {
            "USR" => Self::Usr(Enter::parse(line)?),
            "ANS" => Self::Ans(Ans::parse(line)?),
            "CAL" => Self::Cal(Cal::parse(line)?),
            "MSG" => Self::Msg(Say::parse(line)?),
            "OUT" => bare("OUT", line, Self::Out)?,
            verb => return Err(ParseError::UnknownVerb(verb.to_owned())),
        })
    }

    /// Appends the command, line end and payload included.
    pub fn write(&self, _dialect: Option<&Dialect>, out: &mut BytesMut) {
        match self {
            Self::Usr(command) => command.write(out),
            Self::Ans(command) => command.write(out),
            Self::Cal(command) => command.write(out),
            Self::Msg(command) => command.write(out),
            Self::Out => Writer::new("OUT", out).end(),
        }
    }
}

/// What a switchboard server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchboardReply {
    /// `USR TrID OK`.
    UsrOk(EnterOk),
    /// `ANS TrID OK`: all who are there have been named.
    AnsOk(TrId),
    /// `IRO`.
    Iro(Iro),
    /// `JOI`.
    Joi(Joi),
    /// `CAL TrID RINGING`.
    Ringing(Ringing),
    /// `MSG`.
    Msg(Said),
    /// `ACK TrID`: the message went to everybody.
    Ack(TrId),
    /// `NAK TrID`: it did not.
    Nak(TrId),
    /// `BYE`.
    Bye(Bye),
    /// `OUT`: the server closes.
    Out(Out),
    /// `NNN TrID`.
    Failure(Failure),
}

impl SwitchboardReply {
    /// Reads what a server wrote.
    pub fn parse(line: &Line, _dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        if line.error_number().is_some() {
            return Failure::parse(line).map(Self::Failure);
        }
        Ok(match line.verb() {
            "USR" => Self::UsrOk(EnterOk::parse(line)?),
            "ANS" => Self::AnsOk(trid_and("ANS", line, Some("OK"))?),
            "IRO" => Self::Iro(Iro::parse(line)?),
            "JOI" => Self::Joi(Joi::parse(line)?),
            "CAL" => Self::Ringing(Ringing::parse(line)?),
            "MSG" => Self::Msg(Said::parse(line)?),
            "ACK" => Self::Ack(trid_and("ACK", line, None)?),
            "NAK" => Self::Nak(trid_and("NAK", line, None)?),
            "BYE" => Self::Bye(Bye::parse(line)?),
            "OUT" => Self::Out(Out::parse(line)?),
            verb => return Err(ParseError::UnknownVerb(verb.to_owned())),
        })
    }

    /// Appends the command, line end and payload included.
    pub fn write(&self, _dialect: Option<&Dialect>, out: &mut BytesMut) {
        let answer = |verb, trid: TrId, out| Writer::new(verb, out).trid(trid);
        match self {
            Self::UsrOk(command) => command.write(out),
            Self::AnsOk(trid) => answer("ANS", *trid, out).field("OK").end(),
            Self::Iro(command) => command.write(out),
            Self::Joi(command) => command.write(out),
            Self::Ringing(command) => command.write(out),
            Self::Msg(command) => command.write(out),
            Self::Ack(trid) => answer("ACK", *trid, out).end(),
            Self::Nak(trid) => answer("NAK", *trid, out).end(),
            Self::Bye(command) => command.write(out),
            Self::Out(command) => command.write(out),
            Self::Failure(command) => command.write(out),
        }
    }
}
