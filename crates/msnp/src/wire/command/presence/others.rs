//! ILN, NLN, FLN, UBX: what is shown of others (wire-msnp13, 5; wire-versions, 4).

use bytes::{Bytes, BytesMut};

use super::own::names_an_object;
use crate::error::ParseError;
use crate::handle::Handle;
use crate::presence::{Capabilities, FriendlyName, Status};
use crate::wire::command::field::{Fields, Writer};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::{Dialect, PresenceLine};

/// How somebody who is there is shown: what `ILN` and `NLN` have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Never [`Status::Hidden`] from our server.
    pub status: Status,
    /// Who.
    pub handle: Handle,
    /// By which name: a [clean](FriendlyName::clean) one.
    pub name: FriendlyName,
    /// What their client can do.
    pub capabilities: Capabilities,
    /// Their display picture as they sent it; `0` travels for none, and is read like an absent one.
    pub object: Option<Param>,
}

impl Shown {
    fn read(fields: &Fields<'_>, dialect: Option<&Dialect>) -> Result<Self, ParseError> {
        let ([status, handle, name, capabilities], [object]) = match presence_line(dialect) {
            PresenceLine::Handle => fields.between("4 or 5")?,
        };
        let object = fields.optional_param(object, "object")?;
        Ok(Self {
            status: Status::parse(status).ok_or_else(|| fields.malformed("status"))?,
            handle: fields.handle(handle)?,
            name: fields.name(name)?,
            capabilities: fields.capabilities(capabilities)?,
            object: object.filter(names_an_object),
        })
    }

    fn write(&self, dialect: Option<&Dialect>, writer: Writer<'_>) {
        match presence_line(dialect) {
            PresenceLine::Handle => writer
                .field(self.status.code())
                .field(self.handle.as_str())
                .field(self.name.wire())
                .number(self.capabilities.0)
                // Written even when there is none: docs/decisions/0001-picture-field.md.
                .field(self.object.as_ref().map_or("0", Param::as_str))
                .end(),
        }
    }
}

/// Before `VER` there is no presence; any form will do.
fn presence_line(dialect: Option<&Dialect>) -> PresenceLine {
    dialect.map_or(PresenceLine::Handle, |dialect| dialect.presence)
}

/// `ILN TrID status handle friendly capabilities object`: who is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iln {
    /// That of the `CHG` (or `ADL`) it answers.
    pub trid: TrId,
    /// Who, and how.
    pub shown: Shown,
}

impl Iln {
    pub(in crate::wire::command) fn parse(
        line: &Line,
        dialect: Option<&Dialect>,
    ) -> Result<Self, ParseError> {
        let mut fields = Fields::new("ILN", line);
        Ok(Self {
            trid: fields.trid()?,
            shown: Shown::read(&fields, dialect)?,
        })
    }

    pub(in crate::wire::command) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let writer = Writer::new("ILN", out).trid(self.trid);
        self.shown.write(dialect, writer);
    }
}

/// `NLN status handle friendly capabilities object`: somebody comes or changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nln {
    /// Who, and how.
    pub shown: Shown,
}

impl Nln {
    pub(in crate::wire::command) fn parse(
        line: &Line,
        dialect: Option<&Dialect>,
    ) -> Result<Self, ParseError> {
        let shown = Shown::read(&Fields::new("NLN", line), dialect)?;
        Ok(Self { shown })
    }

    pub(in crate::wire::command) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        self.shown.write(dialect, Writer::new("NLN", out));
    }
}

/// `FLN handle`: somebody is no longer to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fln {
    /// Who.
    pub handle: Handle,
}

impl Fln {
    pub(in crate::wire::command) fn parse(
        line: &Line,
        dialect: Option<&Dialect>,
    ) -> Result<Self, ParseError> {
        let fields = Fields::new("FLN", line);
        let [handle] = match presence_line(dialect) {
            PresenceLine::Handle => fields.exactly("1")?,
        };
        let handle = fields.handle(handle)?;
        Ok(Self { handle })
    }

    pub(in crate::wire::command) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let writer = Writer::new("FLN", out);
        match presence_line(dialect) {
            PresenceLine::Handle => writer.field(self.handle.as_str()).end(),
        }
    }
}

/// `UBX handle len`: somebody's personal message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ubx {
    /// Whose.
    pub handle: Handle,
    /// The document, for [`UserData::parse`](crate::presence::UserData::parse).
    pub document: Bytes,
}

impl Ubx {
    pub(in crate::wire::command) fn parse(
        line: &Line,
        dialect: Option<&Dialect>,
    ) -> Result<Self, ParseError> {
        let fields = Fields::new("UBX", line);
        let [handle] = match presence_line(dialect) {
            PresenceLine::Handle => fields.exactly("1")?,
        };
        Ok(Self {
            handle: fields.handle(handle)?,
            document: fields.payload()?,
        })
    }

    pub(in crate::wire::command) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let writer = Writer::new("UBX", out);
        match presence_line(dialect) {
            PresenceLine::Handle => writer.field(self.handle.as_str()).payload(&self.document),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presence_line_says_this() {
        let line = Line::new(
            "ILN 11 AWY Bob@Example.com Bob%20B 7:48 %3Cmsnobj%20a%3D/%3E ",
            None,
        );
        let Iln { trid, shown } = Iln::parse(&line, None).unwrap();
        assert_eq!(trid, TrId(11));
        assert_eq!(shown.status, Status::Away);
        assert_eq!(shown.handle.as_str(), "bob@example.com");
        assert_eq!(shown.name.text(), "Bob B");
        assert_eq!(shown.capabilities, Capabilities(7));
        assert_eq!(shown.object.unwrap().as_str(), "%3Cmsnobj%20a%3D/%3E");
    }

    #[test]
    fn no_picture_is_read_in_every_form_and_written_as_0() {
        for text in [
            "NLN NLN a@b c 0",
            "NLN NLN a@b c 0 0",
            "NLN NLN a@b c 0 %3Cmsnobj%2F%3E",
        ] {
            let nln = Nln::parse(&Line::new(text, None), None).unwrap();
            let mut out = BytesMut::new();
            nln.write(None, &mut out);
            assert_eq!(out, "NLN NLN a@b c 0 0\r\n", "decision 0001");
        }
    }
}
