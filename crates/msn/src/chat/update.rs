//! What an event makes of the state, and what it wants done.
//!
//! ```text
//!   terminal --+                            +--> keys    keys and commands
//!   library  --+--> Event --> update(state) +--> heard   what others do
//!   outcomes --+                            +--> talk    what is said, and where
//!                                 |
//!                                 +--> effects, carried out by the loop, come back as outcomes
//! ```

use msnp_client::ContactBook;

use super::conversation::Delivery;
use super::event::{Attention, Effect, Event, Now, Outcome, Request};
use super::state::{State, Tab};
use super::{heard, keys, offers, talk, text};

/// Lets something happen.
pub(crate) fn update(state: &mut State, now: Now, event: Event) -> Vec<Effect> {
    state.now = now;
    let mut effects = Vec::new();
    match event {
        Event::Tick => {}
        Event::Key(key) => keys::press(state, key, &mut effects),
        Event::Pasted(text) => keys::paste(state, &text, &mut effects),
        Event::Resized(size) => {
            state.size = size;
            keys::scroll(state, 0);
        }
        Event::Attention(attention) => {
            state.attention = attention;
            if attention == Attention::Here {
                state.seen();
            }
        }
        Event::Heard(heard) => heard::hear(state, heard, &mut effects),
        Event::Outcome(outcome) => settle(state, outcome, &mut effects),
    }
    expire(state);
    effects
}

/// Forgets what was for a while.
fn expire(state: &mut State) {
    let now = state.now.at;
    for conversation in &mut state.conversations {
        conversation.typing.retain(|_, until| *until > now);
    }
    state.toast.take_if(|toast| toast.until <= now);
    state.shaking_until.take_if(|until| *until <= now);
}

fn settle(state: &mut State, outcome: Outcome, effects: &mut Vec<Effect>) {
    match outcome {
        Outcome::Opened { conversation, room } => talk::opened(state, conversation, room, effects),
        Outcome::NotOpened { conversation, why } => {
            talk::not_opened(state, conversation, &why, effects);
        }
        Outcome::Sent {
            conversation,
            entry,
        } => talk::deliver(state, conversation, entry, Delivery::Delivered),
        Outcome::Left {
            conversation,
            entry,
        } => talk::deliver(state, conversation, entry, Delivery::Left),
        Outcome::NotSent {
            conversation,
            entry,
            why,
        } => talk::not_sent(state, conversation, entry, &why),
        Outcome::Given {
            conversation,
            name,
            outcome,
        } => offers::given(state, conversation, &name, outcome),
        Outcome::Taken {
            conversation,
            name,
            outcome,
        } => offers::taken(state, conversation, &name, outcome),
        Outcome::Pictured { handle, outcome } => {
            let name = state.people.name_of(&handle);
            let words = match outcome {
                Ok(place) => format!("{name}'s picture is kept as {}.", text::line(&place)),
                Err(why) => format!("No picture came: {}. ({name})", text::line(&why)),
            };
            report(state, words);
        }
        Outcome::Book(book) => lists_read(state, &book),
        Outcome::SignedIn(book) => {
            state.take_over(&book);
            heard::connected(state);
        }
        Outcome::NotSignedIn { why } => heard::disconnected(state, &why, None),
        Outcome::Done(request) => done(state, request, effects),
        Outcome::Refused { request, why } => {
            let words = format!("{}: {}", wish(state, &request), text::line(&why));
            report(state, words);
        }
    }
}

fn lists_read(state: &mut State, book: &ContactBook) {
    let asked = state.questions.len();
    state.take_over(book);
    if state.questions.len() > asked {
        state.toast.take();
    }
}

/// Something that was asked for is done.
fn done(state: &mut State, request: Request, effects: &mut Vec<Effect>) {
    let name = |handle| state.people.name_of(handle);
    let words = match &request {
        Request::ReadLists => return,
        Request::Add { handle, .. } => format!("{} is on your list.", name(handle)),
        Request::Remove(handle) => format!("{} is off your list.", name(handle)),
        Request::Block(handle) => format!("{} is blocked.", name(handle)),
        Request::Allow(handle) => format!("{} may see you and write to you.", name(handle)),
        Request::Alias { handle, .. } => format!("{handle} is called differently now."),
        Request::Name(name) => format!("You are called {} now.", text::line(name)),
        Request::Message(message) if message.is_empty() => {
            "Nothing is beside your name.".to_owned()
        }
        Request::Message(_) => "It is beside your name now.".to_owned(),
        Request::Status(status) => {
            format!("You are {}.", super::people::status_words(Some(*status)))
        }
        Request::Enter { handle, group } => {
            format!("{} is in {}.", name(handle), text::line(group))
        }
        Request::LeaveGroup { handle, group } => {
            format!("{} is no more in {}.", name(handle), text::line(group))
        }
        Request::RemoveGroup(group) => format!("There is no {} any more.", text::line(group)),
    };
    match request {
        Request::Name(name) => state.me.name = text::line(&name),
        Request::Message(message) => state.me.message = text::line(&message),
        Request::Status(status) => state.me.status = status,
        _ => effects.push(Effect::Ask(Request::ReadLists)),
    }
    report(state, words);
}

/// What was wanted, for when it was not done.
fn wish(state: &State, request: &Request) -> String {
    let name = |handle| state.people.name_of(handle);
    match request {
        Request::ReadLists => "The contact list was not read".to_owned(),
        Request::Add { handle, .. } => format!("{handle} was not added"),
        Request::Remove(handle) => format!("{} was not removed", name(handle)),
        Request::Block(handle) => format!("{} was not blocked", name(handle)),
        Request::Allow(handle) => format!("{} was not allowed", name(handle)),
        Request::Alias { handle, .. } => format!("{} was not renamed", name(handle)),
        Request::Name(_) => "Your name stays".to_owned(),
        Request::Message(_) => "What is beside your name stays".to_owned(),
        Request::Status(_) => "Your status stays".to_owned(),
        Request::Enter { group, .. } | Request::LeaveGroup { group, .. } => {
            format!("The group {} stays as it is", text::line(group))
        }
        Request::RemoveGroup(group) => format!("The group {} stays", text::line(group)),
    }
}

/// Says something now, and writes it down.
pub(super) fn report(state: &mut State, words: String) {
    if state.shown != Tab::Notices {
        state.toast(words.clone());
    }
    state.tell(words);
}
