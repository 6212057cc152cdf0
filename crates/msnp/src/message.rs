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

pub mod offline;
mod profile;

use std::fmt;

use bytes::{Bytes, BytesMut};

pub use profile::{MemberId, Profile};

use crate::error::ParseError;
use crate::handle::Handle;
use crate::wire::escape;

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
    /// `CS`: the Windows character set, written in hexadecimal; 1 is the default one.
    pub charset: u8,
    /// `PF`: pitch and family, written in hexadecimal; usually 0x22.
    pub pitch_family: u8,
}

impl Message {
    /// A message of this content type, with `MIME-Version: 1.0` before it and no body.
    pub fn new(content_type: &str) -> Self {
        let empty = Self {
            headers: Vec::new(),
            body: Bytes::new(),
        };
        empty
            .with("MIME-Version", "1.0")
            .with("Content-Type", content_type)
    }

    /// A message without any header, not even the usual ones: a later part of a long one.
    pub fn bare() -> Self {
        Self {
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Adds a header. Line breaks and other control characters in it are left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        let name = plain(name).replace(':', "");
        self.headers.push((name, plain(&value.to_string())));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    /// Reads a message. Lines may end with LF alone; without an empty line there is no body.
    pub fn parse(payload: &Bytes) -> Result<Self, ParseError> {
        let mut headers = Vec::new();
        let mut rest = payload.clone();
        while !rest.is_empty() {
            let end = rest.iter().position(|&byte| byte == b'\n');
            let line = rest.split_to(end.map_or(rest.len(), |end| end + 1));
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            let line = String::from_utf8_lossy(line);
            let (name, value) = line.split_once(':').ok_or(ParseError::Payload("MSG"))?;
            let value = value.strip_prefix(' ').unwrap_or(value);
            headers.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self {
            headers,
            body: rest,
        })
    }

    /// Writes the message.
    pub fn write(&self) -> Bytes {
        let lengths = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 4);
        let mut out = BytesMut::with_capacity(lengths.sum::<usize>() + 2 + self.body.len());
        for (name, value) in &self.headers {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out.freeze()
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// All headers in their order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// `Content-Type` without its parameters; empty when there is none.
    pub fn content_type(&self) -> &str {
        let whole = self.header("Content-Type").unwrap_or_default();
        whole.split(';').next().unwrap_or_default().trim()
    }

    /// What follows the empty line.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Somebody says something: `text/plain`.
    pub fn text(format: &TextFormat, text: &str) -> Self {
        Self::new("text/plain; charset=UTF-8")
            .with("X-MMS-IM-Format", format)
            .with_body(text.to_owned())
    }

    /// Somebody is typing: `text/x-msmsgscontrol`.
    pub fn typing(handle: &Handle) -> Self {
        Self::new("text/x-msmsgscontrol")
            .with("TypingUser", handle)
            .with_body("\r\n")
    }

    /// A nudge: `text/x-msnmsgr-datacast` with `ID: 1`.
    pub fn nudge() -> Self {
        Self::new("text/x-msnmsgr-datacast").with_body("ID: 1\r\n\r\n")
    }

    /// From the notification server: it closes in so many minutes.
    pub fn shutdown_in(minutes: u32) -> Self {
        Self::new("application/x-msmsgssystemmessage")
            .with_body(format!("Type: 1\r\nArg1: {minutes}\r\n"))
    }
}

impl fmt::Display for TextFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FN={}; EF={}; CO={:x}; CS={:x}; PF={:x}",
            escape::encode(&self.font),
            self.effects,
            self.color,
            self.charset,
            self.pitch_family
        )
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segoe() -> TextFormat {
        TextFormat {
            font: "Segoe UI".to_owned(),
            effects: String::new(),
            color: 0,
            charset: 0,
            pitch_family: 0,
        }
    }

    #[test]
    fn messages_of_the_transcripts() {
        let alice = Handle::parse("alice@example.com").unwrap();
        for (length, message, bytes) in [
            (
                134,
                Message::text(&segoe(), "Hello Bob, caf\u{e9}?"),
                "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nX-MMS-IM-Format: FN=Segoe%20UI; EF=; CO=0; CS=0; PF=0\r\n\r\nHello Bob, caf\u{e9}?",
            ),
            (
                90,
                Message::typing(&alice),
                "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgscontrol\r\nTypingUser: alice@example.com\r\n\r\n\r\n",
            ),
            (
                69,
                Message::nudge(),
                "MIME-Version: 1.0\r\nContent-Type: text/x-msnmsgr-datacast\r\n\r\nID: 1\r\n\r\n",
            ),
            (
                88,
                Message::shutdown_in(5),
                "MIME-Version: 1.0\r\nContent-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: 5\r\n",
            ),
        ] {
            let written = message.write();
            assert_eq!(written, bytes);
            assert_eq!(written.len(), length);
            assert_eq!(Message::parse(&written), Ok(message));
        }
    }

    #[test]
    fn reading_is_liberal() {
        let payload =
            Bytes::from_static(b"MIME-Version:1.0\nContent-type: text/plain ; x=y\n\n\nhi\r\n");
        let message = Message::parse(&payload).unwrap();
        assert_eq!(message.header("mime-version"), Some("1.0"));
        assert_eq!(message.content_type(), "text/plain");
        assert_eq!(message.body(), "\nhi\r\n");
        assert_eq!(Message::parse(&Bytes::new()).unwrap().content_type(), "");
        assert!(Message::parse(&Bytes::from_static(b"no header\r\n\r\n")).is_err());
    }

    #[test]
    fn a_header_cannot_add_another() {
        let message = Message::new("text/plain").with("A:\n", "x\r\nB: y");
        assert_eq!(message.header("A"), Some("xB: y"));
        assert_eq!(Message::parse(&message.write()), Ok(message));
    }

    #[test]
    fn what_is_said_is_not_shown() {
        let shown = format!("{:?}", Message::text(&segoe(), "secret"));
        assert_eq!(shown, "Message { body: \"6 bytes\", .. }".replace('"', ""));
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            headers in prop::collection::vec(("[!-9;-~]{1,12}", "\\PC{0,20}"), 0..6),
            body in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let message = headers
                .iter()
                .fold(Message::new("text/plain"), |message, (name, value)| message.with(name, value))
                .with_body(body);
            prop_assert_eq!(Message::parse(&message.write()), Ok(message));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Message::parse(&Bytes::from(bytes));
        }
    }
}
