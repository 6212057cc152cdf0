//! What others do, and what becomes of the connection.

use std::time::Duration;

use jiff::civil::DateTime;
use msnp_client::{Contact, Handle};

use super::conversation::{Door, What};
use super::event::{Attention, Effect, Heard, Request};
use super::offers::{self, Offer};
use super::people::{Person, status_words};
use super::state::{Link, Room, State, Tab};
use super::{talk, text};

/// Something was heard.
pub(super) fn hear(state: &mut State, heard: Heard, effects: &mut Vec<Effect>) {
    match heard {
        Heard::Appearance(contact) => appearance(state, &contact),
        Heard::Said { room, from, words } => {
            let name = state.people.name_of(&from);
            let words = text::block(&words);
            let what = What::Theirs {
                name: name.clone(),
                words,
                from: from.clone(),
            };
            if let Some(tab) = talk::heard_in(state, room, &from, what) {
                call_attention(state, tab, &format!("{name} writes to you"), effects);
            }
        }
        Heard::Nudged { room, from } => {
            let name = state.people.name_of(&from);
            let what = What::Loud(format!("{name} nudges you!"));
            if let Some(tab) = talk::heard_in(state, room, &from, what) {
                call_attention(state, tab, &format!("{name} nudges you"), effects);
                if state.shown == tab {
                    state.shaking_until = Some(state.now.at + SHAKING);
                }
                ring(state, effects);
            }
        }
        Heard::Typing { room, from } => {
            let until = state.now.at + TYPING;
            let place = state.rooms.get(&room).and_then(|room| room.conversation);
            if let Some(conversation) = place.and_then(|id| state.conversation_mut(id)) {
                conversation.typing.insert(from, until);
            }
        }
        Heard::Offered {
            room,
            from,
            offer,
            name,
            size,
        } => {
            let who = state.people.name_of(&from);
            let offer = Offer {
                id: offer,
                from,
                name: text::line(&name),
                size,
            };
            if let Some(tab) = offers::offered(state, room, offer, effects) {
                call_attention(state, tab, &format!("{who} offers you a file"), effects);
            }
        }
        Heard::Joined { room, handle } => talk::joined(state, room, handle),
        Heard::Left { room, handle } => talk::left(state, room, &handle, effects),
        Heard::RoomClosed { room } => talk::closed(state, room),
        Heard::AddedBy { handle, name } => {
            let words = format!("{} <{handle}> added you.", text::line(&name));
            state.write(Tab::Notices, What::Loud(words));
            effects.push(Effect::Ask(Request::ReadLists));
        }
        Heard::RemovedBy { handle } => {
            let name = state.people.name_of(&handle);
            state.tell(format!("{name} took you off their list."));
        }
        Heard::ListsChanged => effects.push(Effect::Ask(Request::ReadLists)),
        Heard::Letter { from, date, words } => letter(state, from, &date, &words, effects),
        Heard::GoingDown { minutes } => {
            let words = format!("The server goes down in {minutes} minutes.");
            state.toast(words.clone());
            state.write(Tab::Notices, What::Loud(words));
        }
        Heard::Disconnected { reason, retry_in } => disconnected(state, &reason, retry_in),
        Heard::Reconnected => {
            connected(state);
            effects.push(Effect::Ask(Request::ReadLists));
        }
    }
}

/// Lets somebody know who looks elsewhere.
fn call_attention(state: &mut State, tab: Tab, words: &str, effects: &mut Vec<Effect>) {
    if state.shown != tab {
        let place = state.place_of(tab) + 1;
        let key = if place < 10 {
            format!("Alt+{place}")
        } else {
            "Ctrl+N".to_owned()
        };
        state.toast(format!("{words}: {key}"));
    }
    if state.attention == Attention::Elsewhere {
        ring(state, effects);
    }
}

/// Rings, but not without end: others decide how often they nudge.
fn ring(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now.at;
    if state.rung_at.is_none_or(|rung| now >= rung + RINGS) {
        state.rung_at = Some(now);
        effects.push(Effect::Bell);
    }
}

/// A contact came, went, or looks different.
fn appearance(state: &mut State, contact: &Contact) {
    let person = Person::new(contact);
    let (handle, name, status) = (person.handle.clone(), person.name.clone(), person.status);
    let is_contact = person.is_contact();
    let before = state.people.persons.insert(handle.clone(), person);
    let before = before.and_then(|before| before.status);
    if before == status || state.now.at < state.quiet_until || !is_contact {
        return;
    }
    let words = format!("{name} is {}.", status_words(status));
    let mut conversations = state.conversations.iter();
    if let Some(id) = conversations
        .find(|one| one.is_with(&handle))
        .map(|one| one.id)
    {
        state.write(Tab::Conversation(id), What::Notice(words.clone()));
    }
    if before.is_none() || status.is_none() {
        if state.shown != Tab::Notices {
            state.toast(words.clone());
        }
        state.tell(words);
    }
}

/// Somebody left a message while the account was away.
fn letter(state: &mut State, from: Handle, date: &str, words: &str, effects: &mut Vec<Effect>) {
    let id = state.conversation_with(&from);
    let name = state.people.name_of(&from);
    let tab = Tab::Conversation(id);
    let what = What::Letter {
        name: name.clone(),
        from,
        words: text::block(words),
        left_at: shown_date(date, state.now.clock),
    };
    state.write(tab, what);
    call_attention(state, tab, &format!("{name} left you a message"), effects);
}

/// The date of a mail, shorter if it is of today; as it came if it is not understood.
fn shown_date(date: &str, now: DateTime) -> String {
    let Ok(read) = jiff::fmt::rfc2822::parse(date) else {
        return text::line(date);
    };
    let local = read.with_time_zone(jiff::tz::TimeZone::system()).datetime();
    if local.date() == now.date() {
        local.strftime("%H:%M").to_string()
    } else {
        local.strftime("%-d %b %H:%M").to_string()
    }
}

/// The connection is back.
pub(super) fn connected(state: &mut State) {
    state.link = Link::Up;
    state.quiet_until = state.now.at + QUIET;
    state.tell("Connected again.");
    state.toast("Connected again.");
}

/// The connection is lost, for a while or for good.
pub(super) fn disconnected(state: &mut State, reason: &str, retry_in: Option<Duration>) {
    let reason = text::line(reason);
    // What is wrong is told in its place.
    state.toast = None;
    let told = format!("Disconnected: {reason}.");
    if state.link == Link::Up || retry_in.is_none() {
        state.write(Tab::Notices, What::Loud(told));
    }
    state.link = match retry_in {
        Some(wait) => Link::Waiting {
            reason,
            until: state.now.at + wait,
        },
        None => Link::Over { reason },
    };
    for person in state.people.persons.values_mut() {
        person.status = None;
    }
    for conversation in &mut state.conversations {
        conversation.typing.clear();
        if let Door::Open(_) = conversation.door {
            conversation.door = Door::Shut;
        }
    }
    state.rooms.values_mut().for_each(forget);
}

/// A room may outlive the connection for a moment; nothing is said in it any more.
fn forget(room: &mut Room) {
    room.conversation = None;
}

/// Clients repeat every five seconds that somebody types.
const TYPING: Duration = Duration::from_secs(7);
/// How long it is quiet between two bells.
const RINGS: Duration = Duration::from_secs(1);
const SHAKING: Duration = Duration::from_millis(700);
const QUIET: Duration = Duration::from_secs(4);
