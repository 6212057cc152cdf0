//! What comes: packets put together, and what they say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use sha1::{Digest, Sha1};
use std::time::Instant;

use super::{
    Arriving, Effect, Event, Failure, LONGEST_SLP, MOST, PATIENCE, Pictures, Received, State,
    Transfer, TransferId, Transfers,
};
use crate::client::p2p::files::{self, LENIENT};
use crate::client::p2p::packet::{self, Packet};
use crate::client::p2p::slp::{self, Slp, Start};
use crate::handle::Handle;
use crate::object::MsnObject;

impl Transfers {
    /// A packet for this account came. What is no packet is passed over.
    pub fn packet(
        &mut self,
        now: Instant,
        from: &Handle,
        bytes: Bytes,
        pictures: Pictures<'_>,
        effects: &mut Vec<Effect>,
    ) {
        let Ok(packet) = Packet::parse(bytes) else {
            return;
        };
        let id = TransferId(packet.session);
        if let Some(transfer) = self.transfers.get_mut(&id)
            && transfer.peer == *from
        {
            transfer.deadline = now + transfer.state.patience();
        }
        if packet.acknowledges() {
            self.message_acknowledged(now, from, &packet, effects);
            return;
        }
        if packet.flags & packet::RESET != 0 {
            self.fail(from, id, Failure::Cancelled, effects);
            return;
        }
        if self.is_receiving(from, id) {
            self.part(from, id, &packet, effects);
            self.pump(effects);
        } else if let Some(data) = self.assemble(from, &packet, effects) {
            self.acknowledge(from, &packet);
            if packet.session == 0 {
                if let Ok(slp) = Slp::parse(&data) {
                    self.slp(now, from, &slp, pictures, effects);
                }
            } else {
                self.data(from, id, data, effects);
            }
            self.pump(effects);
        }
    }

    fn is_receiving(&self, from: &Handle, id: TransferId) -> bool {
        let transfer = self.transfers.get(&id);
        transfer.is_some_and(|t| t.peer == *from && matches!(t.state, State::Receiving { .. }))
    }

    /// All of a message is there.
    fn acknowledge(&mut self, from: &Handle, last: &Packet) {
        let acknowledgement = last.acknowledgement(self.next_id());
        self.queue.push_back((from.clone(), acknowledgement));
    }

    /// A part of a file: handed on at once, since a file may be longer than the memory.
    fn part(&mut self, from: &Handle, id: TransferId, packet: &Packet, effects: &mut Vec<Effect>) {
        let Some(transfer) = self.transfers.get_mut(&id) else {
            return;
        };
        let State::Receiving {
            size,
            message,
            received,
        } = &mut transfer.state
        else {
            return;
        };
        // A conversation keeps the order.
        let fits = packet.total == *size
            && packet.offset == *received
            && *message.get_or_insert(packet.id) == packet.id;
        *received += packet.data.len() as u64;
        let is_whole = *received == *size;
        let call = transfer.call.clone();
        if fits && !packet.data.is_empty() {
            let data = packet.data.clone();
            effects.push(Effect::Event(Event::Part(Received { id, data })));
        }
        if fits && !is_whole {
            return;
        }
        if fits {
            self.acknowledge(from, packet);
            self.transfers.remove(&id);
            effects.push(Effect::Event(Event::Taken(id)));
        } else {
            self.fail(from, id, Failure::Corrupt, effects);
        }
        self.say_bye(from, id, &call, effects);
    }

    fn say_bye(&mut self, to: &Handle, id: TransferId, call: &str, effects: &mut Vec<Effect>) {
        let bye = Slp::bye(call, self.draw.guid()).with("SessionID", id.0);
        self.send_slp(to, &bye, effects);
    }

    /// Puts packets together; the whole, when this was the last.
    fn assemble(
        &mut self,
        from: &Handle,
        packet: &Packet,
        effects: &mut Vec<Effect>,
    ) -> Option<Bytes> {
        let transfer = self.transfers.get(&TransferId(packet.session));
        let limit = match (packet.session, transfer) {
            (0, _) => LONGEST_SLP,
            (_, Some(transfer)) if transfer.peer == *from => match &transfer.state {
                // The four bytes before the data, too.
                State::Fetching { object } => object.size.max(4),
                _ => return None,
            },
            (_, _) => return None,
        };
        let key = (from.clone(), packet.id);
        if packet.total > limit {
            self.arriving.remove(&key);
            let id = TransferId(packet.session);
            self.fail(from, id, Failure::Corrupt, effects);
            return None;
        }
        if packet.offset == 0 && packet.is_last() {
            return Some(packet.data.clone());
        }
        if packet.offset == 0 {
            let theirs = self.arriving.keys().filter(|(peer, _)| peer == from);
            if theirs.count() >= MOST {
                return None;
            }
            let data = BytesMut::new();
            let session = packet.session;
            self.arriving
                .insert(key.clone(), Arriving { session, data });
        }
        let arriving = self.arriving.get_mut(&key)?;
        // A conversation keeps the order; what is not in order is not of this client's time.
        if arriving.data.len() as u64 != packet.offset || arriving.session != packet.session {
            self.arriving.remove(&key);
            return None;
        }
        arriving.data.extend_from_slice(&packet.data);
        if !packet.is_last() {
            return None;
        }
        let whole = self.arriving.remove(&key)?;
        Some(whole.data.freeze())
    }

    fn slp(
        &mut self,
        now: Instant,
        from: &Handle,
        slp: &Slp,
        pictures: Pictures<'_>,
        effects: &mut Vec<Effect>,
    ) {
        match &slp.start {
            Start::Invite if slp.content == slp::BRIDGE => {
                // Through the conversation is good enough.
                let answer = Slp {
                    content: slp::BRIDGE_ANSWER.to_owned(),
                    ..slp.answer(200, "OK")
                };
                let answer = answer.with("Bridge", "TCPv1").with("Listening", "false");
                let nonce = "{00000000-0000-0000-0000-000000000000}";
                self.send_slp(from, &answer.with("Nonce", nonce), effects);
            }
            Start::Invite => self.invited(now, from, slp, pictures, effects),
            Start::Answer { code, .. } => {
                let mut transfers = self.transfers.iter();
                let found = transfers.find(|(_, t)| t.call == slp.call && t.peer == *from);
                let Some(id) = found.map(|(id, _)| *id) else {
                    return;
                };
                match code {
                    200 if slp.content == slp::SESSION => self.accepted(now, id, effects),
                    200 => {}
                    _ => self.fail(from, id, Failure::Declined, effects),
                }
            }
            Start::Bye => {
                let mut transfers = self.transfers.iter();
                let found = transfers.find(|(_, t)| t.call == slp.call && t.peer == *from);
                let Some((id, transfer)) = found else {
                    return;
                };
                let id = *id;
                // Some say goodbye when they have it all, before they acknowledge it.
                if matches!(transfer.state, State::Sending { .. }) && self.all_left(id) {
                    self.transfers.remove(&id);
                    self.forget(id);
                    effects.push(Effect::Event(Event::Sent(id)));
                } else {
                    self.fail(from, id, Failure::Cancelled, effects);
                }
            }
            Start::Other(_) => {}
        }
    }

    fn invited(
        &mut self,
        now: Instant,
        from: &Handle,
        slp: &Slp,
        pictures: Pictures<'_>,
        effects: &mut Vec<Effect>,
    ) {
        let theirs = self.transfers.values().filter(|t| t.peer == *from).count();
        let id = slp.session().map(TransferId);
        let id = id.filter(|id| id.0 != 0 && !self.transfers.contains_key(id) && theirs < MOST);
        let (purpose, context) = (slp.field("EUF-GUID"), slp.field("Context"));
        let decline = |code, words: &str| {
            slp.answer(code, words)
                .with("SessionID", slp.field("SessionID"))
        };
        let Some(id) = id else {
            self.send_slp(from, &decline(603, "Decline"), effects);
            return;
        };
        let transfer = |state| Transfer {
            peer: from.clone(),
            call: slp.call.clone(),
            deadline: now + State::patience(&state),
            state,
        };
        if purpose.eq_ignore_ascii_case(slp::PICTURE) {
            let wanted = LENIENT.decode(context).ok();
            let wanted = wanted.and_then(|xml| String::from_utf8(xml).ok());
            let wanted = wanted.and_then(|xml| MsnObject::parse_xml(&xml).ok()?);
            let Some(data) = wanted.and_then(|object| pictures(&object)) else {
                self.send_slp(from, &decline(603, "Decline"), effects);
                return;
            };
            let answer = slp.answer(200, "OK").with("SessionID", id.0);
            let waits_for = self.send_slp(from, &answer, effects);
            let state = State::Promised { data, waits_for };
            self.transfers.insert(id, transfer(state));
        } else if purpose.eq_ignore_ascii_case(slp::FILE) {
            let Some((name, size)) = files::read_context(context) else {
                self.send_slp(from, &decline(603, "Decline"), effects);
                return;
            };
            let invitation = slp.clone();
            let state = State::Offered { invitation, size };
            self.transfers.insert(id, transfer(state));
            effects.push(Effect::Event(Event::Offered {
                id,
                from: from.clone(),
                name,
                size,
            }));
        } else {
            self.send_slp(from, &decline(603, "Decline"), effects);
        }
    }

    /// They said yes.
    fn accepted(&mut self, now: Instant, id: TransferId, effects: &mut Vec<Effect>) {
        let Some(transfer) = self.transfers.get_mut(&id) else {
            return;
        };
        transfer.deadline = now + PATIENCE;
        if let State::Offering { size } = transfer.state {
            let peer = transfer.peer.clone();
            let waits_for = self.send_file(&peer, id, size, effects);
            self.become_state(id, State::Sending { waits_for });
        }
    }

    /// They have all of a message.
    fn message_acknowledged(
        &mut self,
        now: Instant,
        from: &Handle,
        packet: &Packet,
        effects: &mut Vec<Effect>,
    ) {
        let mut transfers = self.transfers.iter();
        let found = transfers.find(|(_, transfer)| {
            let waits_for = match &transfer.state {
                State::Promised { waits_for, .. }
                | State::Prepared { waits_for, .. }
                | State::Sending { waits_for } => *waits_for,
                _ => return false,
            };
            transfer.peer == *from && waits_for == packet.ack_session
        });
        let Some(id) = found.map(|(id, _)| *id) else {
            return;
        };
        let Some(transfer) = self.transfers.get_mut(&id) else {
            return;
        };
        transfer.deadline = now + PATIENCE;
        match &transfer.state {
            State::Promised { data, .. } => {
                let data = data.clone();
                let four = Bytes::from_static(&[0; 4]);
                let waits_for = self.send(from, id, (0, 1), &four, effects);
                self.become_state(id, State::Prepared { data, waits_for });
            }
            State::Prepared { data, .. } => {
                let data = data.clone();
                let waits_for = self.send(from, id, (packet::PICTURE, 1), &data, effects);
                self.become_state(id, State::Sending { waits_for });
            }
            State::Sending { .. } => {
                self.transfers.remove(&id);
                effects.push(Effect::Event(Event::Sent(id)));
            }
            _ => {}
        }
    }

    /// A whole message of a transfer of a picture.
    fn data(&mut self, from: &Handle, id: TransferId, data: Bytes, effects: &mut Vec<Effect>) {
        let Some(transfer) = self.transfers.get(&id) else {
            return;
        };
        let whole = match &transfer.state {
            State::Fetching { object } => {
                // The four bytes that go before.
                if data.len() == 4 && object.size != 4 {
                    return;
                }
                BASE64.encode(Sha1::digest(&data)) == object.sha1d
            }
            _ => return,
        };
        let call = transfer.call.clone();
        if !whole {
            self.fail(from, id, Failure::Corrupt, effects);
        } else if self.transfers.remove(&id).is_some() {
            effects.push(Effect::Event(Event::Received(Received { id, data })));
        }
        self.say_bye(from, id, &call, effects);
    }

    fn fail(&mut self, from: &Handle, id: TransferId, failure: Failure, effects: &mut Vec<Effect>) {
        if self.transfers.get(&id).is_some_and(|t| t.peer == *from) {
            self.transfers.remove(&id);
            self.forget(id);
            effects.push(Effect::Event(Event::Failed { id, failure }));
        }
    }

    /// What is left of a transfer that is over.
    pub(super) fn forget(&mut self, id: TransferId) {
        self.queue.retain(|(_, packet)| packet.session != id.0);
        self.outgoing.retain(|outgoing| outgoing.id != id);
        self.arriving.retain(|_, arriving| arriving.session != id.0);
    }

    fn become_state(&mut self, id: TransferId, state: State) {
        if let Some(transfer) = self.transfers.get_mut(&id) {
            transfer.state = state;
        }
    }
}
