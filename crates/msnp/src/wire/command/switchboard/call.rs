//! XFR SB, CAL and RNG: opening a switchboard and calling somebody there (wire-msnp13, 8.1, 8.3).

use std::fmt;

use bytes::BytesMut;

use crate::error::ParseError;
use crate::handle::Handle;
use crate::presence::FriendlyName;
use crate::wire::command::field::{Fields, Writer};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::{Dialect, Ring};

/// What lets one account enter one switchboard, once. A secret: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cookie(pub Param);

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(..)")
    }
}

/// The number of a conversation: below 2^31, since clients read it as signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u32);

impl SessionId {
    /// Any number, cut to 31 bits.
    pub fn new(number: u32) -> Self {
        Self(number & 0x7fff_ffff)
    }

    /// The number.
    pub fn number(self) -> u32 {
        self.0
    }

    pub(super) fn read(fields: &Fields<'_>, text: &str) -> Result<Self, ParseError> {
        let number = fields.number(text, "session")?;
        let session = Self::new(number);
        if session.0 != number {
            return Err(fields.malformed("session"));
        }
        Ok(session)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// `XFR TrID SB address CKI cookie ...`: the switchboard that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchboardReferral {
    /// As in the request.
    pub trid: TrId,
    /// `host:port`.
    pub address: Param,
    /// What to enter with.
    pub cookie: Cookie,
}

impl SwitchboardReferral {
    /// Clients read the cookie and no further.
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("XFR", line);
        let trid = fields.trid()?;
        let ([_sb, address, "CKI", cookie], [_, _, _]) = fields.between("4 to 7")? else {
            return Err(fields.malformed("package"));
        };
        Ok(Self {
            trid,
            address: fields.param(address, "address")?,
            cookie: Cookie(fields.param(cookie, "cookie")?),
        })
    }

    pub(in crate::wire::command) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let writer = Writer::new("XFR", out).trid(self.trid).field("SB");
        let writer = writer.param(&self.address).field("CKI");
        let writer = writer.param(&self.cookie.0);
        match ring(dialect) {
            Ring::Host => writer.field("U").field("messenger.msn.com").end(),
            Ring::HostAndReach => writer
                .field("U")
                .field("messenger.msn.com")
                .field("1")
                .end(),
        }
    }
}

/// Before `VER` nobody is rung; any form will do.
fn ring(dialect: Option<&Dialect>) -> Ring {
    dialect.map_or(Ring::Host, |dialect| dialect.ring)
}

/// `RNG session address CKI cookie handle friendly ...`: somebody calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    /// Which conversation.
    pub session: SessionId,
    /// `host:port`.
    pub address: Param,
    /// What to enter with.
    pub cookie: Cookie,
    /// Who calls.
    pub caller: Handle,
    /// The name of who calls.
    pub name: FriendlyName,
}

impl Rng {
    /// Clients read the name and no further.
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("RNG", line);
        let ([session, address, "CKI", cookie, caller, name], [_, _, _]) =
            fields.between("6 to 9")?
        else {
            return Err(fields.malformed("package"));
        };
        Ok(Self {
            session: SessionId::read(&fields, session)?,
            address: fields.param(address, "address")?,
            cookie: Cookie(fields.param(cookie, "cookie")?),
            caller: fields.handle(caller)?,
            name: fields.name(name)?,
        })
    }

    pub(in crate::wire::command) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let writer = Writer::new("RNG", out).number(self.session.0);
        let writer = writer.param(&self.address).field("CKI");
        let writer = writer.param(&self.cookie.0);
        let writer = writer.field(self.caller.as_str()).field(self.name.wire());
        match ring(dialect) {
            Ring::Host => writer.field("U").field("messenger.hotmail.com").end(),
            Ring::HostAndReach => writer
                .field("U")
                .field("messenger.hotmail.com")
                .field("1")
                .end(),
        }
    }
}

/// `CAL TrID handle`: invite somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cal {
    /// The client's transaction id.
    pub trid: TrId,
    /// Whom, as typed: may be no handle at all (208).
    pub handle: Param,
}

impl Cal {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("CAL", line);
        let trid = fields.trid()?;
        let [handle] = fields.exactly("1")?;
        let handle = fields.param(handle, "handle")?;
        Ok(Self { trid, handle })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("CAL", out).trid(self.trid);
        writer.param(&self.handle).end();
    }
}

/// `CAL TrID RINGING session`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ringing {
    /// As in the request.
    pub trid: TrId,
    /// Which conversation they are called to.
    pub session: SessionId,
}

impl Ringing {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("CAL", line);
        let trid = fields.trid()?;
        let ["RINGING", session] = fields.exactly("2")? else {
            return Err(fields.malformed("outcome"));
        };
        let session = SessionId::read(&fields, session)?;
        Ok(Self { trid, session })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("CAL", out).trid(self.trid);
        writer.field("RINGING").number(self.session.0).end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_fields_of_other_servers_do_not_matter() {
        for tail in ["", " U messenger.msn.com", " U messenger.msn.com 1"] {
            let line = Line::new(format!("XFR 24 SB 192.0.2.6:1863 CKI 17.4711{tail}"), None);
            let referral = SwitchboardReferral::parse(&line).unwrap();
            assert_eq!(referral.address.as_str(), "192.0.2.6:1863");
            assert_eq!(referral.cookie.0.as_str(), "17.4711");
            let line = Line::new(
                format!("RNG 9 a:1 CKI 17.4711 bob@example.com Bob{tail}"),
                None,
            );
            assert_eq!(
                Rng::parse(&line).unwrap().caller.as_str(),
                "bob@example.com"
            );
        }
        assert!(SwitchboardReferral::parse(&Line::new("XFR 24 SB a MD5 b", None)).is_err());
    }

    #[test]
    fn session_numbers_fit_into_31_bits() {
        assert_eq!(SessionId::new(u32::MAX).number(), i32::MAX.cast_unsigned());
        assert_eq!(SessionId::new(987_654_321).to_string(), "987654321");
    }

    #[test]
    fn cookies_are_not_shown() {
        let line = Line::new("XFR 24 SB a:1 CKI secret U messenger.msn.com", None);
        let shown = format!("{:?}", SwitchboardReferral::parse(&line).unwrap());
        assert!(!shown.contains("secret"), "{shown}");
    }
}
