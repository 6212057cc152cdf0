//! MSG: what is said (wire-msnp13, 8.4).

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::error::ParseError;
use crate::handle::Handle;
use crate::presence::FriendlyName;
use crate::wire::command::field::{Fields, Writer};
use crate::wire::line::Line;
use crate::wire::param::TrId;

/// `MSG TrID ack len`: say something. `Debug` tells the size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Say {
    /// The client's transaction id.
    pub trid: TrId,
    /// What the server should answer.
    pub ack: Ack,
    /// For [`Message`](crate::message::Message). Relayed byte for byte.
    pub message: Bytes,
}

impl Say {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("MSG", line);
        let trid = fields.trid()?;
        let [ack] = fields.exactly("1")?;
        Ok(Self {
            trid,
            ack: Ack::parse(ack).ok_or_else(|| fields.malformed("acknowledgement"))?,
            message: fields.payload()?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("MSG", out).trid(self.trid);
        writer.field(self.ack.letter()).payload(&self.message);
    }
}

/// What the sender of a `MSG` wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ack {
    /// `U`: nothing.
    Nothing,
    /// `N`: `NAK` when it failed.
    Failure,
    /// `A`: `ACK` or `NAK`.
    Always,
    /// `D`: the same, for data.
    Data,
    /// `S`: `ACK` when it did not fail.
    Success,
}

impl Ack {
    /// Reads the letter; case matters.
    pub fn parse(letter: &str) -> Option<Self> {
        match letter {
            "U" => Some(Self::Nothing),
            "N" => Some(Self::Failure),
            "A" => Some(Self::Always),
            "D" => Some(Self::Data),
            "S" => Some(Self::Success),
            _ => None,
        }
    }

    /// The letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Nothing => "U",
            Self::Failure => "N",
            Self::Always => "A",
            Self::Data => "D",
            Self::Success => "S",
        }
    }
}

/// `MSG handle friendly len`: somebody said something. `Debug` does not show what.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub handle: Handle,
    /// The name, as it was when they entered.
    pub name: FriendlyName,
    /// For [`Message`](crate::message::Message). The bytes of the sender.
    pub message: Bytes,
}

impl Said {
    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("MSG", line);
        let [handle, name] = fields.exactly("2")?;
        Ok(Self {
            handle: fields.handle(handle)?,
            name: fields.name(name)?,
            message: fields.payload()?,
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("MSG", out).field(self.handle.as_str());
        writer.field(self.name.wire()).payload(&self.message);
    }
}

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Say")
            .field("trid", &self.trid)
            .field("ack", &self.ack)
            .field("message", &format_args!("{} bytes", self.message.len()))
            .finish()
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said")
            .field("handle", &self.handle)
            .field("message", &format_args!("{} bytes", self.message.len()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_not_shown() {
        let message = Some(Bytes::from_static(b"secret"));
        let say = Say::parse(&Line::new("MSG 4 A 6", message.clone())).unwrap();
        let said = Said::parse(&Line::new("MSG a@b c 6", message)).unwrap();
        let shown = format!("{say:?} {said:?}");
        assert!(
            shown.contains("6 bytes") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
