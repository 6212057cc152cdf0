//! Packets: what one `MSG` of type `application/x-msnmsgrp2p` carries (wire-msnp13, 8.7).

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::ParseError;

/// A packet. `Debug` does not show the data.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Packet {
    /// To which transfer it belongs; 0: MSNSLP.
    pub session: u32,
    /// The message that it is a part of.
    pub id: u32,
    /// Where its data stands in the message.
    pub offset: u64,
    /// How long the message is.
    pub total: u64,
    /// See the constants of this module.
    pub flags: u32,
    /// Of an acknowledgement: the message that is acknowledged; else any number.
    pub ack_session: u32,
    /// Of an acknowledgement: the number that stood in `ack_session` there.
    pub ack_unique: u32,
    /// Of an acknowledgement: how long the message was.
    pub ack_size: u64,
    /// At most [`CHUNK`] bytes.
    pub data: Bytes,
    /// The footer: for what the data is; 0 for MSNSLP.
    pub application: u32,
}

/// How much data one packet carries at most.
pub const CHUNK: usize = 1202;

/// Acknowledges a message.
pub const ACK: u32 = 0x2;
/// The transfer is over: reset.
pub const RESET: u32 = 0x8;
/// The data of a picture.
pub const PICTURE: u32 = 0x20;
/// The data of a file.
pub const FILE: u32 = 0x0100_0030;

const HEADER: usize = 48;
const FOOTER: usize = 4;

impl Packet {
    /// Reads a packet.
    pub fn parse(mut bytes: Bytes) -> Result<Self, ParseError> {
        const REFUSED: ParseError = ParseError::Payload("P2P");
        if bytes.len() < HEADER + FOOTER {
            return Err(REFUSED);
        }
        let mut packet = Self {
            session: bytes.get_u32_le(),
            id: bytes.get_u32_le(),
            offset: bytes.get_u64_le(),
            total: bytes.get_u64_le(),
            ..Self::default()
        };
        let length = usize::try_from(bytes.get_u32_le()).map_err(|_| REFUSED)?;
        packet.flags = bytes.get_u32_le();
        packet.ack_session = bytes.get_u32_le();
        packet.ack_unique = bytes.get_u32_le();
        packet.ack_size = bytes.get_u64_le();
        if bytes.len() != length + FOOTER {
            return Err(REFUSED);
        }
        packet.data = bytes.split_to(length);
        packet.application = bytes.get_u32();
        let end = packet.offset.checked_add(length as u64).ok_or(REFUSED)?;
        if length > 0 && end > packet.total {
            return Err(REFUSED);
        }
        Ok(packet)
    }

    /// Writes the packet.
    pub fn write(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(HEADER + self.data.len() + FOOTER);
        out.put_u32_le(self.session);
        out.put_u32_le(self.id);
        out.put_u64_le(self.offset);
        out.put_u64_le(self.total);
        // Nobody makes one longer than a message of a conversation.
        out.put_u32_le(u32::try_from(self.data.len()).unwrap_or(u32::MAX));
        out.put_u32_le(self.flags);
        out.put_u32_le(self.ack_session);
        out.put_u32_le(self.ack_unique);
        out.put_u64_le(self.ack_size);
        out.put_slice(&self.data);
        out.put_u32(self.application);
        out.freeze()
    }

    /// The acknowledgement of the message that this is the last packet of.
    pub fn acknowledgement(&self, id: u32) -> Self {
        Self {
            session: self.session,
            id,
            total: self.total,
            flags: ACK,
            ack_session: self.id,
            ack_unique: self.ack_session,
            ack_size: self.total,
            ..Self::default()
        }
    }

    /// Whether it acknowledges a message.
    pub fn acknowledges(&self) -> bool {
        self.flags & ACK != 0
    }

    /// Whether this is where its message ends.
    pub fn is_last(&self) -> bool {
        self.offset + self.data.len() as u64 == self.total
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("session", &self.session)
            .field("id", &self.id)
            .field("offset", &self.offset)
            .field("total", &self.total)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Bytes {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        bytes.collect()
    }

    #[test]
    fn the_packets_of_the_transcripts() {
        let acknowledgement = hex(
            "00000000 02d05100 00000000 00000000 8a020000 00000000 00000000 02000000 \
             c1f32a00 113a7b00 8a020000 00000000 00000000",
        );
        let invitation = Packet {
            id: 0x002a_f3c1,
            total: 650,
            ack_session: 0x007b_3a11,
            ..Packet::default()
        };
        let packet = invitation.acknowledgement(0x0051_d002);
        assert_eq!(packet.write(), acknowledgement);
        assert_eq!(Packet::parse(acknowledgement), Ok(packet));
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(
            numbers in any::<[u32; 6]>(),
            offset in 0u64..1 << 40,
            data in prop::collection::vec(any::<u8>(), 0..CHUNK),
        ) {
            let packet = Packet {
                session: numbers[0],
                id: numbers[1],
                offset,
                total: offset + data.len() as u64,
                flags: numbers[2],
                ack_session: numbers[3],
                ack_unique: numbers[4],
                ack_size: offset,
                data: data.into(),
                application: numbers[5],
            };
            prop_assert_eq!(Packet::parse(packet.write()), Ok(packet));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = Packet::parse(bytes.into());
        }
    }
}
