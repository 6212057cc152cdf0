//! What clients make of messages to hand pictures and files over: MSNSLP over packets over `MSG`
//! (wire-msnp13, 8.7). The server knows nothing of it.
//!
//! ```text
//!   picture                                  file
//!   receiver  INVITE  -->                    sender    INVITE  -->
//!             <--  200 OK, 4 bytes                     <--  200 OK
//!             <--  packets of 1202                     packets of 1202  -->
//!             BYE  -->                                 <--  BYE
//! ```
//!
//! Every message is acknowledged by the other client, and every packet goes as `D`, so that the
//! server acknowledges it as well.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use msnp::wire::line::Line;
use tokio::sync::Semaphore;

use crate::house::{Ear, Mouth, Party, message};

/// What is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Picture,
    File,
}

/// How the sender goes on from packet to packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// So many packets are on their way to the server and not acknowledged by it.
    Acknowledged(usize),
    /// As fast as its socket takes them.
    Headlong,
}

/// What was heard beside the packets: who said which text.
pub(crate) type Talk = Vec<(String, String)>;

/// Hands data over, and says something every hundred packets.
pub(crate) async fn hand_over(
    party: &mut Party,
    to: &str,
    kind: Kind,
    pace: Pace,
    data: &[u8],
) -> Talk {
    let mut end = Endpoint::of(party, to);
    if kind == Kind::Picture {
        end.receive_slp("INVITE ").await;
        end.send_slp("MSNSLP/1.0 200 OK\r\n").await;
        end.send(SESSION, 0, &[0; 4]).await;
    } else {
        end.send_slp(&format!("INVITE MSNMSGR:{to} MSNSLP/1.0\r\n"))
            .await;
        end.receive_slp("MSNSLP/1.0 200 OK").await;
    }
    let flags = match kind {
        Kind::Picture => 0x20,
        Kind::File => 0x0100_0030,
    };
    end.send_data(flags, pace, data).await;
    end.receive_slp("BYE ").await;
    end.talk
}

/// Takes data, and says something every hundred packets; what it is, and what was heard meanwhile.
pub(crate) async fn take(party: &mut Party, from: &str, kind: Kind) -> (Vec<u8>, Talk) {
    let mut end = Endpoint::of(party, from);
    if kind == Kind::Picture {
        end.send_slp(&format!("INVITE MSNMSGR:{from} MSNSLP/1.0\r\n"))
            .await;
        end.receive_slp("MSNSLP/1.0 200 OK").await;
        assert_eq!(
            end.receive_whole().await.1,
            [0; 4],
            "to prepare for the data"
        );
    } else {
        end.receive_slp("INVITE ").await;
        end.send_slp("MSNSLP/1.0 200 OK\r\n").await;
    }
    let (session, data) = end.receive_whole().await;
    assert_eq!(session, SESSION);
    let bye = format!("BYE MSNMSGR:{from} MSNSLP/1.0\r\n");
    end.send_slp(&bye).await;
    (data, end.talk)
}

/// Listens to what another hands over, until so many bytes of it have come, and says something every
/// hundred packets: for somebody whom it does not concern, and who gets it all the same.
pub(crate) async fn overhear(party: &mut Party, from: &str, size: usize) -> (Vec<u8>, Talk) {
    let (mut data, mut talk) = (Vec::new(), Talk::new());
    while data.len() < size {
        let line = party.ear.hear().await;
        match message(&line).map(|(sender, payload)| (sender, Packet::read(payload))) {
            Some((sender, Ok(packet))) if sender == from && packet.flags & 0x20 != 0 => {
                assert_eq!(usize::try_from(packet.offset).unwrap(), data.len());
                data.extend_from_slice(&packet.data);
                party.remark(&packet).await;
            }
            Some((sender, Err(text))) => talk.push((sender.to_owned(), text)),
            _ => {}
        }
    }
    (data, talk)
}

/// What the others say who watch so many bytes being handed over.
pub(crate) fn remarks(who: &str, size: usize) -> Vec<String> {
    let numbers = (0..size.div_ceil(CHUNK)).step_by(100);
    numbers.map(|number| format!("{who}: {number}")).collect()
}

/// What is heard until somebody says this.
pub(crate) async fn hear_until(party: &mut Party, end: &str, talk: &mut Talk) {
    while talk.last().is_none_or(|(_, text)| text != end) {
        let line = party.ear.hear().await;
        note(&line, "nobody", talk);
    }
}

impl Party {
    /// A word every hundred packets.
    async fn remark(&mut self, packet: &Packet) {
        self.mouth.remark(&self.handle, packet).await;
    }
}

impl Mouth {
    async fn remark(&mut self, me: &str, packet: &Packet) {
        let number = usize::try_from(packet.offset).unwrap() / CHUNK;
        if packet.session == SESSION && packet.flags & 0x20 != 0 && number.is_multiple_of(100) {
            self.message('N', &text(&format!("{me}: {number}"))).await;
        }
    }
}

/// A message in plain text.
pub(crate) fn text(words: &str) -> Vec<u8> {
    format!("{TEXT}{words}").into_bytes()
}

/// One end of a transfer.
struct Endpoint<'a> {
    me: &'a str,
    mouth: &'a mut Mouth,
    ear: &'a mut Ear,
    peer: &'a str,
    next_id: u32,
    talk: Talk,
    /// Packets that came while something else was waited for.
    early: VecDeque<Packet>,
}

/// The header of 48 bytes, the data, and the footer of 4 (wire-msnp13, 8.7).
#[derive(Clone, Debug, Default, PartialEq)]
struct Packet {
    session: u32,
    id: u32,
    offset: u64,
    total: u64,
    flags: u32,
    ack_session: u32,
    ack_unique: u32,
    ack_size: u64,
    data: Vec<u8>,
    application: u32,
    to: String,
}

impl<'a> Endpoint<'a> {
    fn of(party: &'a mut Party, peer: &'a str) -> Self {
        Self {
            me: &party.handle,
            mouth: &mut party.mouth,
            ear: &mut party.ear,
            peer,
            next_id: 0x002a_f3c1,
            talk: Talk::new(),
            early: VecDeque::new(),
        }
    }

    /// Sends MSNSLP, and waits until the other client has it.
    async fn send_slp(&mut self, start: &str) {
        let slp = format!("{start}To: <msnmsgr:{}>\r\n\r\n\0", self.peer);
        self.send(0, 0, slp.as_bytes()).await;
    }

    async fn receive_slp(&mut self, start: &str) {
        let (session, slp) = self.receive_whole().await;
        assert_eq!(session, 0);
        assert!(slp.starts_with(start.as_bytes()), "{}", slp.escape_ascii());
    }

    /// Sends what fits into one packet, and waits until the other client has it.
    async fn send(&mut self, session: u32, flags: u32, data: &[u8]) {
        let packets = self.packets(session, flags, data);
        let whole = packets[0].clone();
        self.mouth.message('D', &whole.write()).await;
        self.acknowledged(&whole).await;
    }

    /// Sends data, with a word every hundred packets, and waits until the other client has it.
    async fn send_data(&mut self, flags: u32, pace: Pace, data: &[u8]) {
        let packets = self.packets(SESSION, flags, data);
        let permits = match pace {
            Pace::Acknowledged(window) => window,
            Pace::Headlong => packets.len(),
        };
        let (window, mouth) = (Semaphore::new(permits), &mut *self.mouth);
        let me = self.me;
        let saying = async {
            for packet in &packets {
                mouth.remark(me, packet).await;
                window.acquire().await.unwrap().forget();
                mouth.message('D', &packet.write()).await;
            }
        };
        let (ear, talk, early) = (&mut *self.ear, &mut self.talk, &mut self.early);
        let hearing = async {
            for _ in &packets {
                loop {
                    let line = ear.hear().await;
                    if line.verb() == "ACK" {
                        break;
                    }
                    // The other client may have it all before a third one has.
                    early.extend(note(&line, me, talk));
                }
                window.add_permits(1);
            }
        };
        tokio::join!(saying, hearing);
        self.acknowledged(packets.last().unwrap()).await;
    }

    fn packets(&mut self, session: u32, flags: u32, data: &[u8]) -> Vec<Packet> {
        self.next_id += 1;
        let chunks = data.chunks(CHUNK).zip(0..);
        let packets = chunks.map(|(chunk, number): (_, u64)| Packet {
            session,
            id: self.next_id,
            offset: number * CHUNK as u64,
            total: data.len() as u64,
            flags,
            ack_session: 0x007b_3a11,
            data: chunk.to_vec(),
            application: u32::from(session != 0),
            to: self.peer.to_owned(),
            ..Packet::default()
        });
        packets.collect()
    }

    /// The other client has all of what this was the last packet of.
    async fn acknowledged(&mut self, packet: &Packet) {
        let answer = self.packet().await;
        assert_eq!(answer.flags, ACK);
        let said = (answer.ack_session, answer.ack_unique, answer.ack_size);
        assert_eq!(said, (packet.id, packet.ack_session, packet.total));
    }

    /// What the packets for this end come to, which must come in order, acknowledged.
    async fn receive_whole(&mut self) -> (u32, Vec<u8>) {
        let mut data = Vec::new();
        loop {
            let packet = self.packet().await;
            assert_eq!(usize::try_from(packet.offset).unwrap(), data.len());
            data.extend_from_slice(&packet.data);
            self.mouth.remark(self.me, &packet).await;
            if data.len() as u64 == packet.total {
                self.next_id += 1;
                let ack = Packet {
                    session: packet.session,
                    id: self.next_id,
                    total: packet.total,
                    flags: ACK,
                    ack_session: packet.id,
                    ack_unique: packet.ack_session,
                    ack_size: packet.total,
                    application: packet.application,
                    to: self.peer.to_owned(),
                    ..Packet::default()
                };
                self.mouth.message('D', &ack.write()).await;
                return (packet.session, data);
            }
        }
    }

    /// The next packet for this end.
    async fn packet(&mut self) -> Packet {
        if let Some(packet) = self.early.pop_front() {
            return packet;
        }
        loop {
            let line = self.ear.hear().await;
            if let Some(packet) = note(&line, self.me, &mut self.talk) {
                return packet;
            }
        }
    }
}

/// What a line is to somebody: a packet for them, talk, or nothing that they wait for.
fn note(line: &Line, me: &str, talk: &mut Talk) -> Option<Packet> {
    if line.verb() == "ACK" {
        return None;
    }
    let (sender, payload) = message(line).unwrap_or_else(|| panic!("{}", line.text()));
    match Packet::read(payload) {
        Ok(packet) => (packet.to == me).then_some(packet),
        Err(text) => {
            talk.push((sender.to_owned(), text));
            None
        }
    }
}

impl Packet {
    fn write(&self) -> Vec<u8> {
        let mut out = BytesMut::new();
        out.put_slice(format!("{P2P}{}\r\n\r\n", self.to).as_bytes());
        out.put_u32_le(self.session);
        out.put_u32_le(self.id);
        out.put_u64_le(self.offset);
        out.put_u64_le(self.total);
        out.put_u32_le(u32::try_from(self.data.len()).unwrap());
        out.put_u32_le(self.flags);
        out.put_u32_le(self.ack_session);
        out.put_u32_le(self.ack_unique);
        out.put_u64_le(self.ack_size);
        out.put_slice(&self.data);
        out.put_u32(self.application);
        out.to_vec()
    }

    /// The packet of a message, or its text.
    fn read(payload: &Bytes) -> Result<Self, String> {
        let Some(rest) = payload.strip_prefix(P2P.as_bytes()) else {
            let text = payload.strip_prefix(TEXT.as_bytes()).unwrap();
            return Err(String::from_utf8(text.to_vec()).unwrap());
        };
        let end = rest.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let to = String::from_utf8(rest[..end].to_vec()).unwrap();
        let mut rest = &rest[end + 4..];
        let mut packet = Self {
            session: rest.get_u32_le(),
            id: rest.get_u32_le(),
            offset: rest.get_u64_le(),
            total: rest.get_u64_le(),
            to,
            ..Self::default()
        };
        let length = usize::try_from(rest.get_u32_le()).unwrap();
        packet.flags = rest.get_u32_le();
        packet.ack_session = rest.get_u32_le();
        packet.ack_unique = rest.get_u32_le();
        packet.ack_size = rest.get_u64_le();
        packet.data = rest.copy_to_bytes(length).to_vec();
        packet.application = rest.get_u32();
        assert!(rest.is_empty(), "nothing behind the footer");
        Ok(packet)
    }
}

/// What one packet carries at most.
const CHUNK: usize = 1202;

/// The number that a client gives to a transfer.
const SESSION: u32 = 2_216_804;

/// The flag of an acknowledgement.
const ACK: u32 = 2;

const P2P: &str = "MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\nP2P-Dest: ";
const TEXT: &str = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n";
