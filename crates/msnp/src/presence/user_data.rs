//! What `UUX` and `UBX` carry: personal message, current media, machine (wire-msnp13, UUX / UBX).

use bytes::Bytes;

use crate::error::ParseError;

/// The `<Data>` document, as text without markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserData {
    /// The personal message. May be empty.
    pub personal_message: String,
    /// What is playing: `\0Music\01\0{0} - {1}\0Title\0...`, `\0` being a backslash and a zero.
    pub current_media: String,
    /// `{44BFD5A4-7450-4BDA-BA3A-C51B3031126D}`, braces included.
    pub machine_guid: Option<String>,
}

impl UserData {
    /// Longest document in bytes, read or written (wire-msnp13, 1.4: clients drop longer ones).
    pub const MAX_LEN: usize = 4000;

    /// Reads a document. Unknown children are ignored; a document with another root (the
    /// `<EndpointData>` of later versions) is `None`: it says nothing about these three. An empty
    /// payload is an empty document. What is not XML, or too long, is an error (715).
    pub fn parse(document: &[u8]) -> Result<Option<Self>, ParseError> {
        todo!("{document:?}")
    }

    /// Writes the document in the order of the original clients; only the five named entities.
    /// Control characters are left out.
    pub fn write(&self) -> Bytes {
        todo!()
    }
}
