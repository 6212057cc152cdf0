//! UUM and UBM: messages to and from other networks (wire-versions, 6; transcripts-14-15, 8).

use bytes::{Bytes, BytesMut};

use super::field::{Fields, Writer};
use crate::error::ParseError;
use crate::handle::Handle;
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};

/// `UUM TrID handle network type len`: a message to somebody of another network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uum {
    /// The client's transaction id.
    pub trid: TrId,
    /// For whom, as typed.
    pub handle: Param,
    /// Of which network: any number.
    pub network: u32,
    /// What kind of message.
    pub kind: MessageKind,
    /// The message; see [`Message`](crate::message::Message).
    pub message: Bytes,
}

impl Uum {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("UUM", line);
        let trid = fields.trid()?;
        let [handle, network, kind] = fields.exactly("3")?;
        Ok(Self {
            trid,
            handle: fields.param(handle, "handle")?,
            network: fields.number(network, "network")?,
            kind: MessageKind::read(&fields, kind)?,
            message: fields.payload()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        Writer::new("UUM", out)
            .trid(self.trid)
            .param(&self.handle)
            .number(self.network)
            .number(self.kind.number())
            .payload(&self.message);
    }
}

/// The kind of a message to or from another network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// 1.
    Text,
    /// 2: somebody is typing.
    Typing,
    /// 3.
    Nudge,
    /// 4: of no known use.
    Fourth,
}

impl MessageKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Text, Self::Typing, Self::Nudge, Self::Fourth];

    /// The number.
    pub fn number(self) -> u32 {
        match self {
            Self::Text => 1,
            Self::Typing => 2,
            Self::Nudge => 3,
            Self::Fourth => 4,
        }
    }

    fn read(fields: &Fields<'_>, text: &str) -> Result<Self, ParseError> {
        let number = fields.number(text, "type")?;
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.number() == number)
            .ok_or_else(|| fields.malformed("type"))
    }
}

/// `UBM sender network type len`: a message from another network, below MSNP16. Our server never
/// sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ubm {
    /// From whom.
    pub sender: Handle,
    /// Of which network: any number.
    pub network: u32,
    /// What kind of message.
    pub kind: MessageKind,
    /// The message; see [`Message`](crate::message::Message).
    pub message: Bytes,
}

impl Ubm {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let fields = Fields::new("UBM", line);
        let [sender, network, kind] = fields.exactly("3")?;
        Ok(Self {
            sender: fields.handle(sender)?,
            network: fields.number(network, "network")?,
            kind: MessageKind::read(&fields, kind)?,
            message: fields.payload()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        Writer::new("UBM", out)
            .field(self.sender.as_str())
            .number(self.network)
            .number(self.kind.number())
            .payload(&self.message);
    }
}
