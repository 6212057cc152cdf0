//! What is said, and where: conversations on the screen and the rooms on the server in which they are
//! held. A room is opened when there is something to say, and somebody who is not there is left a
//! message instead.
//!
//! ```text
//!   Shut --say--> Opening (queue) --opened--> Open --everybody left--> Shut
//!                    |                          ^
//!                    +--not there: left as an offline message, Shut
//!   a room that somebody else opened -----------+  once something is said in it
//! ```

use msnp_client::Handle;

use super::conversation::{Delivery, Door, What};
use super::event::{ConversationId, Effect, EntryId, Failure, RoomId, Utterance};
use super::state::{Link, State, Tab};
use super::{offers, text};

/// Says something in a conversation.
pub(super) fn say(
    state: &mut State,
    id: ConversationId,
    what: Utterance,
    effects: &mut Vec<Effect>,
) {
    if state.link != Link::Up {
        state.toast("You are not connected.");
        return;
    }
    let what = match what {
        Utterance::Words(words) => {
            for piece in text::pieces(&words, LONGEST) {
                say_one(state, id, Utterance::Words(piece), effects);
            }
            return;
        }
        other => other,
    };
    say_one(state, id, what, effects);
}

fn say_one(state: &mut State, id: ConversationId, what: Utterance, effects: &mut Vec<Effect>) {
    let shown = match &what {
        Utterance::Words(words) => What::Mine {
            words: text::block(words),
            delivery: Delivery::Underway,
        },
        Utterance::Nudge => {
            let whom = state.conversation(id).map(|one| state.title_of(one));
            What::Loud(format!("You nudge {}.", whom.unwrap_or_default()))
        }
        Utterance::Invite(handle) => {
            What::Notice(format!("You call {}.", state.people.name_of(handle)))
        }
        Utterance::File { to, path } => {
            let name = offers::name_of(path);
            let whom = state.people.name_of(to);
            What::Notice(format!("You offer {name} to {whom}."))
        }
    };
    let entry = state.write(Tab::Conversation(id), shown);
    let Some(conversation) = state.conversation_mut(id) else {
        return;
    };
    conversation.log.scrolled = 0;
    conversation.told_typing = None;
    match &mut conversation.door {
        Door::Open(room) => effects.push(Effect::Say {
            conversation: id,
            room: *room,
            entry,
            what,
        }),
        Door::Opening(queue) => queue.push((entry, what)),
        door @ Door::Shut => {
            *door = Door::Opening(vec![(entry, what)]);
            effects.push(Effect::Open {
                conversation: id,
                with: conversation.peers.clone(),
            });
        }
    }
}

/// A room was opened for a conversation.
pub(super) fn opened(
    state: &mut State,
    id: ConversationId,
    room: RoomId,
    effects: &mut Vec<Effect>,
) {
    let Some(conversation) = state.conversation_mut(id) else {
        let conversation = None;
        effects.push(Effect::Leave { conversation, room });
        return;
    };
    let queue = match std::mem::replace(&mut conversation.door, Door::Open(room)) {
        Door::Opening(queue) => queue,
        Door::Shut | Door::Open(_) => Vec::new(),
    };
    state.rooms.entry(room).or_default().conversation = Some(id);
    say_all(id, room, queue, effects);
}

fn say_all(
    conversation: ConversationId,
    room: RoomId,
    queue: Vec<(EntryId, Utterance)>,
    effects: &mut Vec<Effect>,
) {
    effects.extend(queue.into_iter().map(|(entry, what)| Effect::Say {
        conversation,
        room,
        entry,
        what,
    }));
}

/// No room was opened: they are left a message, if that is why.
pub(super) fn not_opened(
    state: &mut State,
    id: ConversationId,
    why: &Failure,
    effects: &mut Vec<Effect>,
) {
    let theirs = room_of(state, id);
    let Some(conversation) = state.conversation_mut(id) else {
        return;
    };
    let door = theirs.map_or(Door::Shut, Door::Open);
    let Door::Opening(queue) = std::mem::replace(&mut conversation.door, door) else {
        return;
    };
    if let Some(room) = theirs {
        say_all(id, room, queue, effects);
        return;
    }
    let peers = conversation.peers.clone();
    for (entry, what) in queue {
        match (what, &peers[..]) {
            (Utterance::Words(words), [to]) if *why == Failure::NotThere => {
                effects.push(Effect::LeaveWord {
                    conversation: id,
                    entry,
                    to: to.clone(),
                    words,
                });
            }
            _ => not_sent(state, id, entry, why),
        }
    }
}

/// What became of something one said.
pub(super) fn deliver(state: &mut State, id: ConversationId, entry: EntryId, delivery: Delivery) {
    if let Some(conversation) = state.conversation_mut(id) {
        conversation.log.deliver(entry, delivery);
    }
}

/// Something was not said.
pub(super) fn not_sent(state: &mut State, id: ConversationId, entry: EntryId, why: &Failure) {
    let words = match why {
        Failure::NotThere => "not there".to_owned(),
        Failure::NotInRoom => "the conversation was over; say it again".to_owned(),
        Failure::Other(why) => text::line(why),
    };
    let Some(conversation) = state.conversation_mut(id) else {
        return;
    };
    let mut entries = conversation.log.entries.iter();
    let mine = entries.any(|one| one.id == entry && matches!(one.what, What::Mine { .. }));
    if mine {
        conversation.log.deliver(entry, Delivery::Failed(words));
    } else {
        let what = What::Notice(format!("That did not work: {words}."));
        state.write(Tab::Conversation(id), what);
    }
}

/// Something was said in a room: the tab that shows it. `None` when there are too many.
pub(super) fn heard_in(state: &mut State, room: RoomId, from: &Handle, what: What) -> Option<Tab> {
    let id = conversation_in(state, room, from)?;
    if let Some(conversation) = state.conversation_mut(id) {
        conversation.typing.remove(from);
        if conversation.door == Door::Shut {
            conversation.door = Door::Open(room);
        }
    }
    let tab = Tab::Conversation(id);
    state.write(tab, what);
    Some(tab)
}

/// The conversation that is held in a room, made if need be.
pub(super) fn conversation_in(
    state: &mut State,
    room: RoomId,
    from: &Handle,
) -> Option<ConversationId> {
    let here = state.rooms.entry(room).or_default();
    if here.members.is_empty() {
        here.members.push(from.clone());
    }
    let (members, known) = (here.members.clone(), here.conversation);
    if let Some(id) = known.filter(|id| state.conversation(*id).is_some()) {
        return Some(id);
    }
    let same = state
        .conversations
        .iter()
        .find(|one| same(&one.peers, &members));
    let id = match same {
        Some(conversation) => conversation.id,
        None if state.conversations.len() >= TABS => {
            state.toast("Too many conversations are open: /leave some.");
            return None;
        }
        None => state.new_conversation(members),
    };
    state.rooms.entry(room).or_default().conversation = Some(id);
    Some(id)
}

fn same(one: &[Handle], other: &[Handle]) -> bool {
    one.len() == other.len() && one.iter().all(|handle| other.contains(handle))
}

/// Somebody entered a room, or was there.
pub(super) fn joined(state: &mut State, room: RoomId, handle: Handle) {
    let name = state.people.name_of(&handle);
    // Which of the tabs it is for is told when it is open.
    let expected = state.conversations.iter().any(|one| {
        matches!(one.door, Door::Opening(_)) && one.peers.len() > 1 && one.peers.contains(&handle)
    });
    let here = state.rooms.entry(room).or_default();
    if here.members.contains(&handle) {
        return;
    }
    here.members.push(handle.clone());
    let (members, mut place) = (here.members.clone(), here.conversation);
    if place.is_none() && members.len() == 1 && !expected {
        let mut conversations = state.conversations.iter_mut();
        if let Some(conversation) = conversations.find(|one| one.is_with(&handle)) {
            place = Some(conversation.id);
            if conversation.door == Door::Shut {
                conversation.door = Door::Open(room);
            }
            here.conversation = place;
        }
    }
    let Some(id) = place else { return };
    if let Some(conversation) = state.conversation_mut(id) {
        let newcomer = !conversation.peers.contains(&handle);
        if newcomer {
            conversation.peers.push(handle);
            let what = What::Notice(format!("{name} joins the conversation."));
            state.write(Tab::Conversation(id), what);
        }
    }
}

/// Somebody left a room. One does not stay in it alone.
pub(super) fn left(state: &mut State, room: RoomId, handle: &Handle, effects: &mut Vec<Effect>) {
    let name = state.people.name_of(handle);
    let Some(here) = state.rooms.get_mut(&room) else {
        return;
    };
    here.members.retain(|member| member != handle);
    let (members, place) = (here.members.clone(), here.conversation);
    if members.is_empty() {
        let conversation = place;
        effects.push(Effect::Leave { conversation, room });
        closed(state, room);
    }
    let Some(id) = place else { return };
    let Some(conversation) = state.conversation_mut(id) else {
        return;
    };
    conversation.typing.remove(handle);
    let group = conversation.peers.len() > 1;
    if group && !members.is_empty() {
        conversation.peers = members;
    }
    if group {
        let what = What::Notice(format!("{name} leaves the conversation."));
        state.write(Tab::Conversation(id), what);
    }
}

/// A room is over. What is said next opens another.
pub(super) fn closed(state: &mut State, room: RoomId) {
    let Some(over) = state.rooms.remove(&room) else {
        return;
    };
    let Some(id) = over.conversation else { return };
    let other = room_of(state, id);
    if let Some(conversation) = state.conversation_mut(id)
        && conversation.door == Door::Open(room)
    {
        conversation.door = other.map_or(Door::Shut, Door::Open);
        conversation.typing.clear();
    }
}

/// Another room in which a conversation is held.
fn room_of(state: &State, id: ConversationId) -> Option<RoomId> {
    let mut rooms = state.rooms.iter();
    let found = rooms.find(|(_, room)| room.conversation == Some(id) && !room.members.is_empty());
    found.map(|(room, _)| *room)
}

/// Closes a tab and leaves its rooms.
pub(super) fn leave(state: &mut State, id: ConversationId, effects: &mut Vec<Effect>) {
    let place = state.place_of(Tab::Conversation(id));
    let of_it = state
        .rooms
        .iter()
        .filter(|(_, room)| room.conversation == Some(id));
    let rooms: Vec<_> = of_it.map(|(room, _)| *room).collect();
    offers::forget(state, id, effects);
    for room in rooms {
        state.rooms.remove(&room);
        let conversation = Some(id);
        effects.push(Effect::Leave { conversation, room });
    }
    state.conversations.retain(|one| one.id != id);
    let next = state.tabs().nth(place).or_else(|| state.tabs().last());
    state.look_at(next.unwrap_or(Tab::Notices));
}

/// What fits into one message with its headers (wire-msnp13, 8.4: 1,664 bytes).
const LONGEST: usize = 1400;
/// How many conversations may be open: others open them too.
const TABS: usize = 200;
