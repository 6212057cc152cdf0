//! The MSNObject: the name of a picture, emoticon or wink that can be fetched from a client
//! (wire-msnp13, 5, "MSNObject").
//!
//! A server relays it byte for byte and never reads it; this is for clients.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::{Digest, Sha1};

use crate::error::ParseError;
use crate::handle::Handle;
use crate::wire::param::Param;
use crate::wire::xml;

/// A named thing that its creator's client holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsnObject {
    /// `Creator`: the handle of whoever offers it, as written.
    pub creator: String,
    /// `Size` of the data, in bytes.
    pub size: u64,
    /// `Type`.
    pub kind: ObjectKind,
    /// `Location`: a file name of the creator's, or `0`.
    pub location: String,
    /// `Friendly`: its name, as base64 of UTF-16LE with a final NUL.
    pub friendly: String,
    /// `SHA1D`: the digest of the data, as base64.
    pub sha1d: String,
    /// `SHA1C`: the digest of the other fields, as base64. Later clients leave it out.
    pub sha1c: Option<String>,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// 2: custom emoticon.
    Emoticon,
    /// 3: display picture.
    DisplayPicture,
    /// 5: background.
    Background,
    /// 7: dynamic display picture.
    DynamicDisplayPicture,
    /// 8: wink.
    Wink,
    /// 11: voice clip.
    VoiceClip,
    /// 12: saved state property.
    SavedState,
    /// 14: location.
    Location,
    /// Any other number.
    Other(u32),
}

impl ObjectKind {
    /// The number that stands in `Type`.
    pub fn number(self) -> u32 {
        match self {
            Self::Emoticon => 2,
            Self::DisplayPicture => 3,
            Self::Background => 5,
            Self::DynamicDisplayPicture => 7,
            Self::Wink => 8,
            Self::VoiceClip => 11,
            Self::SavedState => 12,
            Self::Location => 14,
            Self::Other(number) => number,
        }
    }

    /// The kind with this number.
    pub fn from_number(number: u32) -> Self {
        match number {
            2 => Self::Emoticon,
            3 => Self::DisplayPicture,
            5 => Self::Background,
            7 => Self::DynamicDisplayPicture,
            8 => Self::Wink,
            11 => Self::VoiceClip,
            12 => Self::SavedState,
            14 => Self::Location,
            number => Self::Other(number),
        }
    }
}

impl MsnObject {
    /// The object of data that `creator` offers, without a name for people.
    pub fn of_data(creator: &Handle, kind: ObjectKind, location: &str, data: &[u8]) -> Self {
        let mut object = Self {
            creator: creator.as_str().to_owned(),
            size: data.len() as u64,
            kind,
            location: location.to_owned(),
            // A lone NUL, as the original clients write it.
            friendly: "AAA=".to_owned(),
            sha1d: BASE64.encode(Sha1::digest(data)),
            sha1c: None,
        };
        object.sha1c = Some(object.check_value());
        object
    }

    /// Reads the percent-encoded field of `CHG`, `ILN` and `NLN`. `None` for `0` and for an empty
    /// element: no picture.
    pub fn parse_param(field: &Param) -> Result<Option<Self>, ParseError> {
        match field.as_str() {
            "0" => Ok(None),
            _ => Self::parse_xml(&field.decoded()),
        }
    }

    /// Reads the element itself; `None` when it has no attributes.
    pub fn parse_xml(element: &str) -> Result<Option<Self>, ParseError> {
        let malformed = |field| ParseError::Field {
            verb: "msnobj",
            field,
        };
        // Some clients end it with a NUL.
        let element = element.trim_end_matches('\0');
        let document = xml::open(element.as_bytes(), MAX_NODES);
        let document = document.ok_or(ParseError::Payload("msnobj"))?;
        let root = document.root_element();
        if root.tag_name().name() != "msnobj" {
            return Err(ParseError::Payload("msnobj"));
        }
        if root.attributes().len() == 0 {
            return Ok(None);
        }
        let text = |name| root.attribute(name).map(str::to_owned);
        let needed = |name| text(name).ok_or(malformed(name));
        let kind = needed("Type")?.parse().map_err(|_| malformed("Type"))?;
        Ok(Some(Self {
            creator: needed("Creator")?,
            size: needed("Size")?.parse().map_err(|_| malformed("Size"))?,
            kind: ObjectKind::from_number(kind),
            location: needed("Location")?,
            friendly: text("Friendly").unwrap_or_default(),
            sha1d: needed("SHA1D")?,
            sha1c: text("SHA1C"),
        }))
    }

    /// The element, as it stands in invitations and datacasts.
    pub fn to_xml(&self) -> String {
        let size = self.size.to_string();
        let kind = self.kind.number().to_string();
        let attributes = [
            ("Creator", Some(&self.creator)),
            ("Size", Some(&size)),
            ("Type", Some(&kind)),
            ("Location", Some(&self.location)),
            ("Friendly", Some(&self.friendly)),
            ("SHA1D", Some(&self.sha1d)),
            ("SHA1C", self.sha1c.as_ref()),
        ];
        let mut out = String::from("<msnobj");
        for (name, value) in attributes {
            let Some(value) = value else { continue };
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            xml::escape_into(value, &mut out);
            out.push('"');
        }
        out.push_str("/>");
        out
    }

    /// The element, percent-encoded as one field.
    pub fn to_param(&self) -> Param {
        let encoded = utf8_percent_encode(&self.to_xml(), OBJECT).to_string();
        Param::from_shared(encoded.into())
    }

    /// The digest that `SHA1C` should have: of the names and values of the other fields.
    pub fn check_value(&self) -> String {
        let text = format!(
            "Creator{}Size{}Type{}Location{}Friendly{}SHA1D{}",
            self.creator,
            self.size,
            self.kind.number(),
            self.location,
            self.friendly,
            self.sha1d
        );
        BASE64.encode(Sha1::digest(text))
    }

    /// The decoded `Friendly`; `None` when it is not what it should be.
    pub fn friendly_name(&self) -> Option<String> {
        let bytes = BASE64.decode(&self.friendly).ok()?;
        let (pairs, []) = bytes.as_chunks::<2>() else {
            return None;
        };
        let units = pairs.iter().map(|&pair| u16::from_le_bytes(pair));
        let units = units.take_while(|&unit| unit != 0);
        char::decode_utf16(units).collect::<Result<_, _>>().ok()
    }
}

/// What original clients leave alone in this field.
const OBJECT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// One element; a few more for what later clients may put into it.
const MAX_NODES: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// From the transcripts, 2.
    const FIELD: &str = "%3Cmsnobj%20Creator%3D%22bob%40example.com%22%20Size%3D%2225235%22%20Type%3D%223%22%20Location%3D%22uexA4DE.dat%22%20Friendly%3D%22AAA%3D%22%20SHA1D%3D%22vP1ppB%2BxiFQ8ceZivRe0uCaYLIU%3D%22%20SHA1C%3D%22Mhd35wN%2F77Tg6LMIcZ8%2FgAk8oY0%3D%22%2F%3E";

    fn bobs() -> MsnObject {
        MsnObject {
            creator: "bob@example.com".to_owned(),
            size: 25235,
            kind: ObjectKind::DisplayPicture,
            location: "uexA4DE.dat".to_owned(),
            friendly: "AAA=".to_owned(),
            sha1d: "vP1ppB+xiFQ8ceZivRe0uCaYLIU=".to_owned(),
            sha1c: Some("Mhd35wN/77Tg6LMIcZ8/gAk8oY0=".to_owned()),
        }
    }

    #[test]
    fn the_field_of_the_transcripts() {
        let field = Param::new(FIELD).unwrap();
        assert_eq!(MsnObject::parse_param(&field), Ok(Some(bobs())));
        assert_eq!(bobs().to_param(), field);
        assert_eq!(bobs().friendly_name().as_deref(), Some(""));
    }

    #[test]
    fn the_check_value_covers_every_other_field() {
        assert_eq!(Some(bobs().check_value()), bobs().sha1c);
        let other = MsnObject { size: 1, ..bobs() };
        assert_ne!(Some(other.check_value()), other.sha1c);
    }

    #[test]
    fn no_picture_is_said_in_several_ways() {
        for field in [
            "0",
            "%3Cmsnobj%2F%3E",
            "%3Cmsnobj/%3E",
            "%3Cmsnobj%3E%3C%2Fmsnobj%3E",
        ] {
            let field = Param::new(field).unwrap();
            assert_eq!(MsnObject::parse_param(&field), Ok(None), "{field}");
        }
        for field in [
            "1",
            "%3Cmsnobj",
            "%3Cx%2F%3E",
            "%3Cmsnobj%20Size%3D%22x%22%2F%3E",
        ] {
            let field = Param::new(field).unwrap();
            assert!(MsnObject::parse_param(&field).is_err(), "{field}");
        }
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            creator in "[!-~]{1,20}",
            size in any::<u64>(),
            kind in 0u32..20,
            location in "[ -~]{0,20}",
            friendly in "[A-Za-z0-9+/=]{0,12}",
            sha1c in prop::option::of("[A-Za-z0-9+/=]{28}"),
        ) {
            let kind = ObjectKind::from_number(kind);
            let object = MsnObject { creator, size, kind, location, friendly, sha1c, ..bobs() };
            prop_assert_eq!(MsnObject::parse_param(&object.to_param()), Ok(Some(object.clone())));
            prop_assert_eq!(MsnObject::parse_xml(&object.to_xml()), Ok(Some(object)));
        }
    }
}
