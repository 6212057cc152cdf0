//! USR, ANS, IRO, JOI, BYE: entering a conversation and leaving it (wire-msnp13, 8.2, 8.5).

use bytes::BytesMut;

use super::{Cookie, SessionId};
use crate::error::ParseError;
use crate::handle::Handle;
use crate::presence::{Capabilities, FriendlyName};
use crate::wire::command::field::{Fields, Writer};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};

/// `USR TrID handle cookie`: enter the switchboard one asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enter {
    /// The client's transaction id.
    pub trid: TrId,
    /// As typed.
    pub handle: Param,
    /// That of `XFR`.
    pub cookie: Cookie,
}

impl Enter {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("USR", line);
        let trid = fields.trid()?;
        let [handle, cookie] = fields.exactly("2")?;
        Ok(Self {
            trid,
            handle: fields.param(handle, "handle")?,
            cookie: Cookie(fields.param(cookie, "cookie")?),
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("USR", out).trid(self.trid);
        writer.param(&self.handle).param(&self.cookie.0).end();
    }
}

/// `USR TrID OK handle friendly`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterOk {
    /// As in the request.
    pub trid: TrId,
    /// As typed.
    pub handle: Param,
    /// The name of who entered.
    pub name: FriendlyName,
}

impl EnterOk {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("USR", line);
        let trid = fields.trid()?;
        let ["OK", handle, name] = fields.exactly("3")? else {
            return Err(fields.malformed("outcome"));
        };
        Ok(Self {
            trid,
            handle: fields.param(handle, "handle")?,
            name: fields.name(name)?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("USR", out).trid(self.trid).field("OK");
        writer.param(&self.handle).field(self.name.wire()).end();
    }
}

/// `ANS TrID handle cookie session`: enter the switchboard one was called to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ans {
    /// The client's transaction id.
    pub trid: TrId,
    /// As typed.
    pub handle: Param,
    /// That of `RNG`.
    pub cookie: Cookie,
    /// That of `RNG`.
    pub session: SessionId,
}

impl Ans {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("ANS", line);
        let trid = fields.trid()?;
        let [handle, cookie, session] = fields.exactly("3")?;
        Ok(Self {
            trid,
            handle: fields.param(handle, "handle")?,
            cookie: Cookie(fields.param(cookie, "cookie")?),
            session: SessionId::read(&fields, session)?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("ANS", out).trid(self.trid);
        let writer = writer.param(&self.handle).param(&self.cookie.0);
        writer.number(self.session.number()).end();
    }
}

/// `IRO TrID i n handle friendly capabilities`: who is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iro {
    /// That of the `ANS`.
    pub trid: TrId,
    /// From 1 to `total`.
    pub index: u32,
    /// How many are there.
    pub total: u32,
    /// Who.
    pub member: Member,
}

impl Iro {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("IRO", line);
        let trid = fields.trid()?;
        let [index, total, member @ ..] = fields.exactly::<5>("5")?;
        Ok(Self {
            trid,
            index: fields.number(index, "index")?,
            total: fields.number(total, "total")?,
            member: Member::read(&fields, member)?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("IRO", out).trid(self.trid);
        let writer = writer.number(self.index).number(self.total);
        self.member.write(writer);
    }
}

/// `JOI handle friendly capabilities`: somebody enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joi {
    /// Who.
    pub member: Member,
}

impl Joi {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("JOI", line);
        let member = Member::read(&fields, fields.exactly("3")?)?;
        Ok(Self { member })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        self.member.write(Writer::new("JOI", out));
    }
}

/// Somebody in a conversation, as others are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub handle: Handle,
    /// The name, as it was when they entered.
    pub name: FriendlyName,
    /// What their client can do.
    pub capabilities: Capabilities,
}

impl Member {
    fn read(fields: &Fields<'_>, texts: [&str; 3]) -> Result<Self, ParseError> {
        let [handle, name, capabilities] = texts;
        Ok(Self {
            handle: fields.handle(handle)?,
            name: fields.name(name)?,
            capabilities: fields.capabilities(capabilities)?,
        })
    }

    fn write(&self, writer: Writer<'_>) {
        let writer = writer.field(self.handle.as_str()).field(self.name.wire());
        writer.number(self.capabilities.0).end();
    }
}

/// `BYE handle {1}`: somebody left, or the conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bye {
    /// Who.
    pub handle: Handle,
    /// Why.
    pub cause: ByeCause,
}

impl Bye {
    /// Any second field means that the conversation is over.
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("BYE", line);
        let ([handle], [cause]) = fields.between("1 or 2")?;
        Ok(Self {
            handle: fields.handle(handle)?,
            cause: match cause {
                Some(_) => ByeCause::Idle,
                None => ByeCause::Left,
            },
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("BYE", out).field(self.handle.as_str());
        match self.cause {
            ByeCause::Idle => writer.field("1").end(),
            ByeCause::Left => writer.end(),
        }
    }
}

/// Why somebody is gone from a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByeCause {
    /// They left.
    Left,
    /// `1`: nobody said anything for long, and the server closes.
    Idle,
}
