//! The transfers of one conversation, as a value: packets of others go in, packets for others and
//! events come out.

mod incoming;
mod outgoing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use outgoing::Outgoing;

use super::files::{self, FileName};
use super::packet::{CHUNK, Packet};
use super::slp::{self, Slp};
use crate::client::draw::{Draw, Seed};
use crate::handle::Handle;
use crate::object::MsnObject;

/// How many packets may be on their way to the server.
pub const WINDOW: usize = 16;

/// How long a transfer may stand still.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long somebody may think about a file that is offered.
const THINKING: Duration = Duration::from_secs(15 * 60);

/// How many transfers others may have under way with this account in one conversation.
const MOST: usize = 16;

/// Longest text of MSNSLP in bytes; invitations to files with a preview are the longest.
const LONGEST_SLP: u64 = 64 * 1024;

/// The number of a transfer: `SessionID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferId(pub u32);

/// All transfers of one account in one conversation.
#[derive(Debug)]
pub struct Transfers {
    me: Handle,
    draw: Draw,
    last_id: u32,
    transfers: BTreeMap<TransferId, Transfer>,
    /// What comes in several packets, by whom and by its number.
    arriving: BTreeMap<(Handle, u32), Arriving>,
    /// To be sent when the server has acknowledged what is on its way.
    queue: VecDeque<(Handle, Packet)>,
    /// Files on their way to others: after the queue, each in its turn.
    outgoing: VecDeque<Outgoing>,
    on_their_way: usize,
}

#[derive(Debug)]
struct Transfer {
    peer: Handle,
    call: String,
    state: State,
    deadline: Instant,
}

#[derive(Debug)]
enum State {
    /// A picture was asked for.
    Fetching {
        object: MsnObject,
    },
    /// A file was offered, and nobody has said yes.
    Offering {
        size: u64,
    },
    /// A file is offered to this account.
    Offered {
        invitation: Slp,
        size: u64,
    },
    /// This account said yes, and has so much of it, all in one message.
    Receiving {
        size: u64,
        message: Option<u32>,
        received: u64,
    },
    /// Yes was said to who asked for a picture: next the four bytes, then the data.
    Promised {
        data: Bytes,
        waits_for: u32,
    },
    Prepared {
        data: Bytes,
        waits_for: u32,
    },
    /// The data is on its way.
    Sending {
        waits_for: u32,
    },
}

impl State {
    /// How long it may stay as it is.
    fn patience(&self) -> Duration {
        match self {
            Self::Offering { .. } | Self::Offered { .. } => THINKING,
            _ => PATIENCE,
        }
    }
}

#[derive(Debug)]
struct Arriving {
    session: u32,
    data: BytesMut,
}

/// What must happen. In order.
#[derive(Debug)]
pub enum Effect {
    /// Send this, as data: [`message`](super::message). Say
    /// [`Transfers::acknowledged`] when the server has.
    Send {
        /// To whom.
        to: Handle,
        /// What.
        packet: Packet,
    },
    /// To go on with a file, [`Transfers::supply`] this much of it, or [`Transfers::cancel`].
    Read {
        /// Which.
        id: TransferId,
        /// How many bytes, following those supplied before.
        length: usize,
    },
    /// The application may want to know.
    Event(Event),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Somebody offers a file: [`Transfers::accept`] it, or [`Transfers::decline`].
    Offered {
        /// Which.
        id: TransferId,
        /// Who.
        from: Handle,
        /// What it is called.
        name: FileName,
        /// How long it is.
        size: u64,
    },
    /// A picture is there, whole.
    Received(Received),
    /// The next part of a file is there.
    Part(Received),
    /// All parts of a file were there.
    Taken(TransferId),
    /// The other one has it all.
    Sent(TransferId),
    /// Nothing comes of it.
    Failed {
        /// Which.
        id: TransferId,
        /// Why.
        failure: Failure,
    },
}

/// Data that came. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// Which.
    pub id: TransferId,
    /// What.
    pub data: Bytes,
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Received({:?}, {} bytes)", self.id, self.data.len())
    }
}

/// Why nothing came of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// They do not want it, or do not have it.
    #[error("declined")]
    Declined,
    /// They ended it.
    #[error("cancelled by the other side")]
    Cancelled,
    /// Nothing came for long.
    #[error("the transfer stood still for too long")]
    TimedOut,
    /// What came is not what was announced.
    #[error("what came is not what was announced")]
    Corrupt,
    /// They left.
    #[error("the other side left")]
    Left,
}

/// Somebody's request for a picture: its data, if this account offers it.
pub type Pictures<'a> = &'a dyn Fn(&MsnObject) -> Option<Bytes>;

impl Transfers {
    /// No transfers yet.
    pub fn new(me: Handle, seed: Seed) -> Self {
        let mut draw = Draw::new(seed);
        Self {
            me,
            last_id: u32::from_le_bytes(draw.bytes()) & 0x00ff_ffff,
            draw,
            transfers: BTreeMap::new(),
            arriving: BTreeMap::new(),
            queue: VecDeque::new(),
            outgoing: VecDeque::new(),
            on_their_way: 0,
        }
    }

    /// When something is to be given up.
    pub fn wake_at(&self) -> Option<Instant> {
        self.transfers.values().map(|t| t.deadline).min()
    }

    // ---- What the application asks -------------------------------------------------------------

    /// Asks somebody for a picture.
    pub fn fetch(
        &mut self,
        now: Instant,
        peer: &Handle,
        object: MsnObject,
        effects: &mut Vec<Effect>,
    ) -> TransferId {
        // Ended by a NUL, as the original clients do.
        let context = BASE64.encode(object.to_xml() + "\0");
        let state = State::Fetching { object };
        self.invite(now, peer, state, [slp::PICTURE, "1", &context], effects)
    }

    /// Offers somebody a file of so many bytes. They are asked for when the other one wants it
    /// ([`Effect::Read`]).
    pub fn offer(
        &mut self,
        now: Instant,
        peer: &Handle,
        name: &FileName,
        size: u64,
        effects: &mut Vec<Effect>,
    ) -> TransferId {
        let context = files::context(name, size);
        let state = State::Offering { size };
        self.invite(now, peer, state, [slp::FILE, "2", &context], effects)
    }

    fn invite(
        &mut self,
        now: Instant,
        peer: &Handle,
        state: State,
        [purpose, application, context]: [&str; 3],
        effects: &mut Vec<Effect>,
    ) -> TransferId {
        let id = loop {
            let id = TransferId(u32::from_le_bytes(self.draw.bytes()) & 0x7fff_ffff);
            if id.0 != 0 && !self.transfers.contains_key(&id) {
                break id;
            }
        };
        let invitation = Slp::invite(self.draw.guid(), self.draw.guid())
            .with("EUF-GUID", purpose)
            .with("SessionID", id.0)
            .with("AppID", application)
            .with("Context", context);
        let transfer = Transfer {
            peer: peer.clone(),
            call: invitation.call.clone(),
            deadline: now + state.patience(),
            state,
        };
        self.transfers.insert(id, transfer);
        self.send_slp(peer, &invitation, effects);
        id
    }

    /// Whether a file is still offered to this account.
    pub fn is_offered(&self, id: TransferId) -> bool {
        let transfer = self.transfers.get(&id);
        transfer.is_some_and(|transfer| matches!(transfer.state, State::Offered { .. }))
    }

    /// Takes a file that is offered.
    pub fn accept(&mut self, now: Instant, id: TransferId, effects: &mut Vec<Effect>) {
        let Some(transfer) = self.transfers.get_mut(&id) else {
            return;
        };
        if let State::Offered { invitation, size } = &transfer.state {
            let answer = invitation.answer(200, "OK").with("SessionID", id.0);
            let peer = transfer.peer.clone();
            transfer.state = State::Receiving {
                size: *size,
                message: None,
                received: 0,
            };
            transfer.deadline = now + PATIENCE;
            self.send_slp(&peer, &answer, effects);
        }
    }

    /// Does not take a file that is offered.
    pub fn decline(&mut self, id: TransferId, effects: &mut Vec<Effect>) {
        if let Some(transfer) = self.transfers.remove(&id)
            && let State::Offered { invitation, .. } = &transfer.state
        {
            let answer = invitation.answer(603, "Decline").with("SessionID", id.0);
            self.send_slp(&transfer.peer, &answer, effects);
        }
    }

    /// Ends a transfer.
    pub fn cancel(&mut self, id: TransferId, effects: &mut Vec<Effect>) {
        if let Some(transfer) = self.transfers.remove(&id) {
            self.forget(id);
            let bye = Slp::bye(&transfer.call, self.draw.guid()).with("SessionID", id.0);
            self.send_slp(&transfer.peer, &bye, effects);
        }
    }

    // ---- What happens --------------------------------------------------------------------------

    /// The server has acknowledged one packet, or said that somebody does not have it.
    pub fn acknowledged(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        self.advance(now);
        self.on_their_way = self.on_their_way.saturating_sub(1);
        self.pump(effects);
    }

    /// Time has passed.
    pub fn timer(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let late =
            |(id, transfer): (&TransferId, &Transfer)| (transfer.deadline <= now).then_some(*id);
        let late: Vec<_> = self.transfers.iter().filter_map(late).collect();
        for id in late {
            self.cancel(id, effects);
            let failure = Failure::TimedOut;
            effects.push(Effect::Event(Event::Failed { id, failure }));
        }
    }

    /// Somebody left.
    pub fn left(&mut self, peer: &Handle, effects: &mut Vec<Effect>) {
        self.arriving.retain(|(from, _), _| from != peer);
        self.queue.retain(|(to, _)| to != peer);
        self.outgoing.retain(|outgoing| outgoing.to != *peer);
        let mut gone = BTreeSet::new();
        self.transfers.retain(|id, transfer| {
            let stays = transfer.peer != *peer;
            if !stays {
                gone.insert(*id);
            }
            stays
        });
        effects.extend(gone.into_iter().map(|id| {
            let failure = Failure::Left;
            Effect::Event(Event::Failed { id, failure })
        }));
    }

    // ---- Sending -------------------------------------------------------------------------------

    fn send_slp(&mut self, to: &Handle, slp: &Slp, effects: &mut Vec<Effect>) -> u32 {
        let text = slp.write(&self.me, to);
        self.send(to, TransferId(0), (0, 0), &text, effects)
    }

    /// Queues a message in packets; its number.
    fn send(
        &mut self,
        to: &Handle,
        id: TransferId,
        (flags, application): (u32, u32),
        data: &Bytes,
        effects: &mut Vec<Effect>,
    ) -> u32 {
        let message = self.next_id();
        let ack_session = u32::from_le_bytes(self.draw.bytes());
        let total = data.len() as u64;
        // An empty picture is one empty packet.
        for at in (0..data.len().max(1)).step_by(CHUNK) {
            let packet = Packet {
                session: id.0,
                id: message,
                offset: at as u64,
                total,
                flags,
                ack_session,
                data: data.slice(at..data.len().min(at + CHUNK)),
                application,
                ..Packet::default()
            };
            self.queue.push_back((to.clone(), packet));
        }
        self.pump(effects);
        message
    }

    fn pump(&mut self, effects: &mut Vec<Effect>) {
        while self.on_their_way < WINDOW {
            let next = self.queue.pop_front();
            let Some((to, packet)) = next.or_else(|| self.next_of_a_file(effects)) else {
                return;
            };
            self.on_their_way += 1;
            effects.push(Effect::Send { to, packet });
        }
    }

    fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.wrapping_add(1).max(1);
        self.last_id
    }
}

#[cfg(test)]
mod tests;
