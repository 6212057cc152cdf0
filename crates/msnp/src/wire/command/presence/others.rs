//! ILN, NLN, FLN, UBX: what is shown of others (wire-msnp13, 5; wire-versions, 4).

use bytes::{Bytes, BytesMut};

use super::own::names_an_object;
use crate::error::ParseError;
use crate::handle::Handle;
use crate::presence::{Capabilities, FriendlyName, Status};
use crate::wire::command::field::{Fields, Writer};
use crate::wire::command::list::Network;
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
        let ([status, handle, name, capabilities], object) = match presence_line(dialect) {
            PresenceLine::Handle => {
                let (shown, [object]) = fields.between("4 or 5")?;
                (shown, object)
            }
            PresenceLine::HandleAndNetwork => {
                // The last field is the icon of a contact of another network.
                let ([status, handle, network, name, capabilities], [object, _icon]) =
                    fields.between("5 to 7")?;
                check_network(fields, network)?;
                ([status, handle, name, capabilities], object)
            }
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
        let writer = writer.field(self.status.code()).field(self.handle.as_str());
        match presence_line(dialect) {
            PresenceLine::Handle => writer,
            PresenceLine::HandleAndNetwork => writer.number(OUR_NETWORK),
        }
        .field(self.name.wire())
        .number(self.capabilities.0)
        // Written even when there is none: docs/decisions/0001-picture-field.md.
        .field(self.object.as_ref().map_or("0", Param::as_str))
        .end();
    }
}

/// Whoever is shown is of this service, whatever version they speak (transcripts-14-15, 11).
const OUR_NETWORK: u32 = Network::Messenger.number() as u32;

fn check_network(fields: &Fields<'_>, text: &str) -> Result<(), ParseError> {
    fields.number(text, "network").map(drop)
}

/// Before `VER` there is no presence; any form will do.
fn presence_line(dialect: Option<&Dialect>) -> PresenceLine {
    dialect.map_or(PresenceLine::Handle, |dialect| dialect.presence)
}

/// `ILN TrID status handle {network} friendly capabilities object`: who is there already.
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

/// `NLN status handle {network} friendly capabilities object`: somebody comes or changes.
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

/// `FLN handle {network capabilities}`: somebody is no longer to be seen.
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
        let handle = match presence_line(dialect) {
            PresenceLine::Handle => {
                let [handle] = fields.exactly("1")?;
                handle
            }
            PresenceLine::HandleAndNetwork => {
                let ([handle, network], [_capabilities, _icon]) = fields.between("2 to 4")?;
                check_network(&fields, network)?;
                handle
            }
        };
        let handle = fields.handle(handle)?;
        Ok(Self { handle })
    }

    pub(in crate::wire::command) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let writer = Writer::new("FLN", out).field(self.handle.as_str());
        match presence_line(dialect) {
            PresenceLine::Handle => writer.end(),
            // Whoever is gone can do nothing any more.
            PresenceLine::HandleAndNetwork => writer.number(OUR_NETWORK).number(0).end(),
        }
    }
}

/// `UBX handle {network} len`: somebody's personal message.
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
        let handle = match presence_line(dialect) {
            PresenceLine::Handle => {
                let [handle] = fields.exactly("1")?;
                handle
            }
            PresenceLine::HandleAndNetwork => {
                let [handle, network] = fields.exactly("2")?;
                check_network(&fields, network)?;
                handle
            }
        };
        Ok(Self {
            handle: fields.handle(handle)?,
            document: fields.payload()?,
        })
    }

    pub(in crate::wire::command) fn write(&self, dialect: Option<&Dialect>, out: &mut BytesMut) {
        let writer = Writer::new("UBX", out).field(self.handle.as_str());
        match presence_line(dialect) {
            PresenceLine::Handle => writer,
            PresenceLine::HandleAndNetwork => writer.number(OUR_NETWORK),
        }
        .payload(&self.document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::version::Version;

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
    fn fields_that_only_other_networks_have_do_not_matter() {
        let dialect = Dialect::of(Version::MSNP15);
        for text in [
            "NLN NLN dora@yahoo.example 32 Dora 7",
            "NLN NLN dora@yahoo.example 32 Dora 7 0",
            "NLN NLN dora@yahoo.example 32 Dora 7 0 http://yahoo.example/icon.png",
        ] {
            let Nln { shown } = Nln::parse(&Line::new(text, None), dialect).unwrap();
            assert_eq!((shown.name.text(), shown.object), ("Dora".into(), None));
        }
        for text in ["FLN a@b 1", "FLN a@b 1 0", "FLN a@b 32 0 http://icon"] {
            let Fln { handle } = Fln::parse(&Line::new(text, None), dialect).unwrap();
            assert_eq!(handle.as_str(), "a@b");
        }
        for text in [
            "NLN NLN a@b c 7",
            "NLN NLN a@b c c 7 0",
            "FLN a@b",
            "FLN a@b x",
        ] {
            let line = Line::new(text, None);
            let read = Nln::parse(&line, dialect).is_ok() || Fln::parse(&line, dialect).is_ok();
            assert!(!read, "{text}");
        }
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
