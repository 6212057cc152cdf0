//! CHG, PRP, UUX, BLP: a session's own state (wire-msnp13, 4 "BLP" and 5).

use bytes::{Bytes, BytesMut};

use crate::error::ParseError;
use crate::presence::{Capabilities, Status};
use crate::roster::Privacy;
use crate::wire::command::field::{Fields, Writer};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::Dialect;

/// `CHG TrID status {capabilities {object}}`, and the same back.
///
/// A server may send it unasked with [`TrId::ASYNC`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chg {
    /// The client's transaction id.
    pub trid: TrId,
    /// What to become.
    pub status: ChgStatus,
    /// As sent, a number that [`Capabilities::parse`] reads.
    pub capabilities: Option<Param>,
    /// The display picture as sent; never there without `capabilities`.
    pub object: Option<Param>,
}

/// The status of a `CHG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChgStatus {
    /// A status that one can have.
    Status(Status),
    /// `FLN`: from a client 201; from a server, semi-offline.
    Offline,
}

impl Chg {
    /// Longest display picture that others are shown, in bytes as it travels: several times the
    /// longest of a client, and with handle and name still a line that clients read.
    pub const MAX_SHOWN_OBJECT: usize = 4096;

    /// What to answer: the same, but for capabilities that this dialect has no form for.
    pub fn echo(&self, dialect: &Dialect) -> Self {
        let echoed = |sent: &Param| {
            let echoed = Capabilities::echoed(sent.as_str(), dialect.capabilities);
            Param::new(echoed).unwrap_or_else(|_| sent.clone())
        };
        Self {
            capabilities: self.capabilities.as_ref().map(echoed),
            ..self.clone()
        }
    }

    /// The capabilities to show others; none named, none shown.
    pub fn shown_capabilities(&self) -> Capabilities {
        let sent = self.capabilities.as_ref();
        sent.and_then(|sent| Capabilities::parse(sent.as_str()))
            .unwrap_or(Capabilities::NONE)
    }

    /// The display picture to show others: `None` when absent, `0` or an empty element, and when it is
    /// longer than [`Chg::MAX_SHOWN_OBJECT`].
    pub fn shown_object(&self) -> Option<Param> {
        let fits = |object: &Param| object.as_str().len() <= Self::MAX_SHOWN_OBJECT;
        self.object
            .clone()
            .filter(|object| fits(object) && names_an_object(object))
    }

    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("CHG", line);
        let trid = fields.trid()?;
        let ([status], [capabilities, object]) = fields.between("1 to 3")?;
        let status = match status {
            "FLN" => ChgStatus::Offline,
            code => Status::parse(code)
                .map(ChgStatus::Status)
                .ok_or_else(|| fields.malformed("status"))?,
        };
        if let Some(capabilities) = capabilities {
            fields.capabilities(capabilities)?;
        }
        Ok(Self {
            trid,
            status,
            capabilities: fields.optional_param(capabilities, "capabilities")?,
            object: fields.optional_param(object, "object")?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("CHG", out).trid(self.trid);
        let writer = match self.status {
            ChgStatus::Status(status) => writer.field(status.code()),
            ChgStatus::Offline => writer.field("FLN"),
        };
        // An object alone would be read as capabilities.
        let writer = match (&self.capabilities, &self.object) {
            (None, Some(_)) => writer.field("0"),
            (capabilities, _) => writer.optional(capabilities.as_ref()),
        };
        writer.optional(self.object.as_ref()).end();
    }
}

/// Whether a field is more than `0` or an element without attributes.
pub(super) fn names_an_object(field: &Param) -> bool {
    field.as_str() != "0" && field.decoded().contains('=')
}

/// `PRP TrID name {value}`, and the same back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prp {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which property.
    pub property: Property,
    /// As sent; `None` clears it. Not longer than the property allows.
    pub value: Option<Param>,
}

impl Prp {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("PRP", line);
        let trid = fields.trid()?;
        let ([code], [value]) = fields.between("1 or 2")?;
        let property = Property::parse(code).ok_or_else(|| fields.malformed("property"))?;
        match (property, value) {
            (Property::FriendlyName, Some(name)) => drop(fields.name(name)?),
            (Property::Other(_), _) | (_, None) => {}
            (_, Some(value)) if value.len() > MAX_PHONE => return Err(fields.malformed("value")),
            (_, Some(_)) => {}
        }
        Ok(Self {
            trid,
            property,
            value: fields.optional_param(value, "value")?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("PRP", out).trid(self.trid);
        let writer = writer.field(self.property.code());
        writer.optional(self.value.as_ref()).end();
    }
}

/// Longest telephone number, as sent, in bytes (wire-msnp13, 1.3).
const MAX_PHONE: usize = 95;

/// A property of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Property {
    /// `MFN`: the friendly name.
    FriendlyName,
    /// `PHH`.
    HomePhone,
    /// `PHW`.
    WorkPhone,
    /// `PHM`.
    MobilePhone,
    /// `MOB`: contact me by mobile, Y or N.
    MobileContact,
    /// `MBE`: mobile enabled, Y or N.
    MobileEnabled,
    /// `WWE`: web watch enabled.
    WatchEnabled,
    /// `HSB`: has a Space, set by servers.
    HasSpace,
    /// Any other three letters: 715.
    Other(OtherProperty),
}

impl Property {
    const KNOWN: [Self; 8] = [
        Self::FriendlyName,
        Self::HomePhone,
        Self::WorkPhone,
        Self::MobilePhone,
        Self::MobileContact,
        Self::MobileEnabled,
        Self::WatchEnabled,
        Self::HasSpace,
    ];

    /// Reads three letters; `None` when they are not.
    pub fn parse(code: &str) -> Option<Self> {
        let known = Self::KNOWN.into_iter().find(|known| known.code() == code);
        known.or_else(|| {
            let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
            let letters =
                Some(letters).filter(|letters| letters.iter().all(u8::is_ascii_alphanumeric));
            letters.map(|letters| Self::Other(OtherProperty(letters)))
        })
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        match self {
            Self::FriendlyName => "MFN",
            Self::HomePhone => "PHH",
            Self::WorkPhone => "PHW",
            Self::MobilePhone => "PHM",
            Self::MobileContact => "MOB",
            Self::MobileEnabled => "MBE",
            Self::WatchEnabled => "WWE",
            Self::HasSpace => "HSB",
            Self::Other(other) => other.code(),
        }
    }
}

/// Three letters that name no [`Property`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OtherProperty([u8; 3]);

impl OtherProperty {
    /// The letters.
    pub fn code(&self) -> &str {
        // They are ASCII: see `Property::parse`.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// `UUX TrID len`: the personal message. The answer is `UUX TrID 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uux {
    /// The client's transaction id.
    pub trid: TrId,
    /// The document, for [`UserData::parse`](crate::presence::UserData::parse).
    pub document: Bytes,
}

impl Uux {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("UUX", line);
        let trid = fields.trid()?;
        let [] = fields.exactly("0")?;
        let document = fields.payload()?;
        Ok(Self { trid, document })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("UUX", out).trid(self.trid);
        writer.payload(&self.document);
    }
}

/// `BLP TrID AL|BL`, and the same back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blp {
    /// The client's transaction id.
    pub trid: TrId,
    /// Who may see and call.
    pub privacy: Privacy,
}

impl Blp {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("BLP", line);
        let trid = fields.trid()?;
        let privacy = match fields.exactly("1")? {
            ["AL"] => Privacy::Everyone,
            ["BL"] => Privacy::AllowedOnly,
            [_] => return Err(fields.malformed("list")),
        };
        Ok(Self { trid, privacy })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let list = match self.privacy {
            Privacy::Everyone => "AL",
            Privacy::AllowedOnly => "BL",
        };
        Writer::new("BLP", out).trid(self.trid).field(list).end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::version::Version;

    fn chg(text: &str) -> Chg {
        Chg::parse(&Line::new(text, None)).unwrap()
    }

    fn echo(text: &str) -> String {
        let mut out = BytesMut::new();
        let dialect = Dialect::of(Version::MSNP13).unwrap();
        chg(text).echo(dialect).write(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn every_form_is_echoed_as_it_came() {
        for text in [
            "CHG 10 NLN",
            "CHG 10 NLN 0",
            "CHG 11 BSY 1611513916 0",
            "CHG 11 HDN 1611513916 %3cmsnobj%20Creator%3D%22a%22/%3E",
            "CHG 11 AWY -5 caf\u{e9}",
        ] {
            assert_eq!(echo(text), format!("{text}\r\n"));
        }
        assert_eq!(echo("CHG 5 NLN 1073741824 "), "CHG 5 NLN 1073741824\r\n");
        assert_eq!(
            echo("CHG 20 BSY 1879343148:48 0"),
            "CHG 20 BSY 1879343148 0\r\n"
        );
    }

    #[test]
    fn what_others_are_shown() {
        assert_eq!(chg("CHG 1 NLN").shown_capabilities(), Capabilities(0));
        assert_eq!(chg("CHG 1 NLN 7:48").shown_capabilities(), Capabilities(7));
        for object in ["", " 0", " %3Cmsnobj%2F%3E", " %3Cmsnobj/%3E", " x"] {
            let chg = chg(&format!("CHG 1 NLN 0{object}"));
            assert_eq!(chg.shown_object(), None, "{object}");
        }
        let shown = chg("CHG 1 NLN 0 %3Cmsnobj%20Size%3D%221%22/%3E").shown_object();
        assert_eq!(shown.unwrap().as_str(), "%3Cmsnobj%20Size%3D%221%22/%3E");
    }

    #[test]
    fn offline_is_known_but_is_no_status() {
        assert_eq!(chg("CHG 9 FLN 0").status, ChgStatus::Offline);
        assert_eq!(chg("CHG 9 HDN 0").status, ChgStatus::Status(Status::Hidden));
        assert!(Chg::parse(&Line::new("CHG 10 HOT 0", None)).is_err());
    }

    #[test]
    fn three_unknown_letters_are_told_from_a_wrong_name() {
        let property = |text| Prp::parse(&Line::new(text, None)).map(|prp| prp.property);
        assert_eq!(property("PRP 12 MFN x"), Ok(Property::FriendlyName));
        let unknown = property("PRP 12 NEW yes").unwrap();
        assert!(matches!(unknown, Property::Other(_)));
        assert_eq!(unknown.code(), "NEW");
        for text in [
            "PRP 12 NEWS yes",
            "PRP 12 NE yes",
            "PRP 12 N%20 yes",
            "PRP 12 \u{e9}a x",
        ] {
            assert!(property(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_absent_clears() {
        let prp = Prp::parse(&Line::new("PRP 12 MFN ", None)).unwrap();
        assert_eq!(prp.value, None);
    }
}
