//! MIME messages: what `MSG` carries, between people and from the notification server
//! (wire-msnp13, 3 "MSG Hotmail", 7 and 8.6).
//!
//! ```text
//!   MIME-Version: 1.0 CRLF
//!   Content-Type: text/plain; charset=UTF-8 CRLF
//!   Name: value CRLF ...
//!   CRLF
//!   body
//! ```
//!
//! A switchboard relays messages unread; only their authors and readers need this.

mod profile;

use std::fmt;

use bytes::Bytes;

pub use profile::{MemberId, Profile};

use crate::error::ParseError;
use crate::handle::Handle;

/// Headers in their order, and a body. `Debug` tells the type and the size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// The form of a text: the header `X-MMS-IM-Format`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFormat {
    /// `FN`: the font, not encoded.
    pub font: String,
    /// `EF`: letters of `BIUS`.
    pub effects: String,
    /// `CO`: 0xBBGGRR.
    pub color: u32,
    /// `CS`: the Windows character set.
    pub charset: u8,
    /// `PF`: pitch and family, the two hexadecimal digits read as a number.
    pub pitch_family: u8,
}

impl Message {
    /// A message of this content type, with `MIME-Version: 1.0` before it and no body.
    pub fn new(content_type: &str) -> Self {
        todo!("{content_type}")
    }

    /// Adds a header. Line breaks and other control characters in it are left out.
    #[must_use]
    pub fn with(self, name: &str, value: impl fmt::Display) -> Self {
        todo!("{name} {value}")
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        let _: Bytes = body.into();
        todo!()
    }

    /// Reads a message. Lines may end with LF alone; without an empty line there is no body.
    pub fn parse(payload: &Bytes) -> Result<Self, ParseError> {
        todo!("{payload:?}")
    }

    /// Writes the message.
    pub fn write(&self) -> Bytes {
        todo!()
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        todo!("{name}")
    }

    /// All headers in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// `Content-Type` without its parameters; empty when there is none.
    pub fn content_type(&self) -> &str {
        todo!()
    }

    /// What follows the empty line.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Somebody says something: `text/plain`.
    pub fn text(format: &TextFormat, text: &str) -> Self {
        todo!("{format:?} {text}")
    }

    /// Somebody is typing: `text/x-msmsgscontrol`.
    pub fn typing(handle: &Handle) -> Self {
        todo!("{handle}")
    }

    /// A nudge: `text/x-msnmsgr-datacast` with `ID: 1`.
    pub fn nudge() -> Self {
        todo!()
    }

    /// From the notification server after the first `CHG`: an empty mailbox.
    pub fn empty_mailbox() -> Self {
        todo!()
    }

    /// From the notification server: it closes in so many minutes.
    pub fn shutdown_in(minutes: u32) -> Self {
        todo!("{minutes}")
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}
