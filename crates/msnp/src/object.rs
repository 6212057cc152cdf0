//! The MSNObject: the name of a picture, emoticon or wink that can be fetched from a client
//! (wire-msnp13, 5, "MSNObject").
//!
//! A server relays it byte for byte and never reads it; this is for clients.

use crate::error::ParseError;
use crate::wire::param::Param;

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
        todo!()
    }

    /// The kind with this number.
    pub fn from_number(number: u32) -> Self {
        todo!("{number}")
    }
}

impl MsnObject {
    /// Reads the percent-encoded field of `CHG`, `ILN` and `NLN`. `None` for `0` and for an empty
    /// element: no picture.
    pub fn parse_param(field: &Param) -> Result<Option<Self>, ParseError> {
        todo!("{field}")
    }

    /// Reads the element itself.
    pub fn parse_xml(element: &str) -> Result<Option<Self>, ParseError> {
        todo!("{element}")
    }

    /// The element, as it stands in invitations and datacasts.
    pub fn to_xml(&self) -> String {
        todo!()
    }

    /// The element, percent-encoded as one field.
    pub fn to_param(&self) -> Param {
        todo!()
    }

    /// The digest that `SHA1C` should have.
    pub fn check_value(&self) -> String {
        todo!()
    }

    /// The decoded `Friendly`; `None` when it is not what it should be.
    pub fn friendly_name(&self) -> Option<String> {
        todo!()
    }
}
