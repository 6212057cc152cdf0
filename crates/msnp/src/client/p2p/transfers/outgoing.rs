//! Files on their way to others, cut into packets as the conversation takes them: of a file, only
//! what is about to leave is in memory.

use std::time::Instant;

use bytes::Bytes;

use super::{Effect, PATIENCE, State, TransferId, Transfers};
use crate::client::p2p::packet::{self, CHUNK, Packet};
use crate::handle::Handle;

/// How much of a file is asked for at once, in bytes.
const PIECE: usize = 64 * CHUNK;

/// A file, being sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) to: Handle,
    pub(super) id: TransferId,
    /// What all its packets say.
    pattern: Packet,
    /// Supplied, and not sent.
    ready: Bytes,
    /// More was asked for.
    asked: bool,
}

impl Outgoing {
    /// How much of it was not sent.
    fn rest(&self) -> u64 {
        self.pattern.total - self.pattern.offset
    }
}

impl Transfers {
    /// Begins to send a file; the number of its message.
    pub(super) fn send_file(
        &mut self,
        to: &Handle,
        id: TransferId,
        size: u64,
        effects: &mut Vec<Effect>,
    ) -> u32 {
        let message = self.next_id();
        let pattern = Packet {
            session: id.0,
            id: message,
            total: size,
            flags: packet::FILE,
            ack_session: u32::from_le_bytes(self.draw.bytes()),
            application: 2,
            ..Packet::default()
        };
        if size == 0 {
            // An empty file is one empty packet.
            self.queue.push_back((to.clone(), pattern));
        } else {
            self.outgoing.push_back(Outgoing {
                to: to.clone(),
                id,
                pattern,
                ready: Bytes::new(),
                asked: false,
            });
        }
        self.pump(effects);
        message
    }

    /// The next bytes of a file, as [`Effect::Read`] asked for. Fewer are enough, and none at all is
    /// as good as [`Transfers::cancel`]; what is more than was offered is left out.
    pub fn supply(&mut self, now: Instant, id: TransferId, data: Bytes, effects: &mut Vec<Effect>) {
        self.advance(now);
        if data.is_empty() {
            self.cancel(id, effects);
            return;
        }
        let mut outgoing = self.outgoing.iter_mut();
        if let Some(outgoing) = outgoing.find(|outgoing| outgoing.id == id && outgoing.asked) {
            let rest = usize::try_from(outgoing.rest()).unwrap_or(usize::MAX);
            outgoing.ready = data.slice(..data.len().min(rest));
            outgoing.asked = false;
            self.pump(effects);
        }
    }

    /// A packet of the file whose turn it is. Asks for more of those that have run out.
    pub(super) fn next_of_a_file(&mut self, effects: &mut Vec<Effect>) -> Option<(Handle, Packet)> {
        for _ in 0..self.outgoing.len() {
            let mut outgoing = self.outgoing.pop_front()?;
            if outgoing.ready.is_empty() {
                if !outgoing.asked {
                    outgoing.asked = true;
                    let rest = usize::try_from(outgoing.rest()).unwrap_or(usize::MAX);
                    effects.push(Effect::Read {
                        id: outgoing.id,
                        length: rest.min(PIECE),
                    });
                }
                self.outgoing.push_back(outgoing);
                continue;
            }
            let length = outgoing.ready.len().min(CHUNK);
            let packet = Packet {
                data: outgoing.ready.split_to(length),
                ..outgoing.pattern.clone()
            };
            outgoing.pattern.offset += length as u64;
            let to = outgoing.to.clone();
            if outgoing.rest() > 0 {
                self.outgoing.push_back(outgoing);
            }
            return Some((to, packet));
        }
        None
    }

    /// Whether nothing of a transfer waits to be sent.
    pub(super) fn all_left(&self, id: TransferId) -> bool {
        let waiting = self.queue.iter().any(|(_, packet)| packet.session == id.0);
        !waiting && !self.outgoing.iter().any(|outgoing| outgoing.id == id)
    }

    /// What is being sent gets on, which its receiver does not say before there is all of it.
    pub(super) fn advance(&mut self, now: Instant) {
        for transfer in self.transfers.values_mut() {
            if let State::Sending { .. } = transfer.state {
                transfer.deadline = now + PATIENCE;
            }
        }
    }
}
