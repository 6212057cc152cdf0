//! Files that are offered, by others and by oneself: what is said of them, and what is asked.

use super::conversation::What;
use super::event::{ConversationId, Effect, OfferId, RoomId, Utterance};
use super::obey::speak;
use super::state::{State, Tab};
use super::{talk, text};
use msnp_client::Handle;

/// A file that somebody offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(super) id: OfferId,
    pub(super) from: Handle,
    pub(super) name: String,
    pub(super) size: u64,
}

/// Offers a file to the one whom one talks to.
pub(super) fn give(state: &mut State, path: String, effects: &mut Vec<Effect>) {
    let to = match state.shown_conversation().map(|one| &one.peers[..]) {
        Some([only]) => only.clone(),
        Some(_) => return state.toast("A file goes to one: /msg them alone."),
        None => return state.toast("This is no conversation. /msg opens one."),
    };
    speak(state, Utterance::File { to, path }, effects);
}

/// Somebody offers a file: the tab that shows it. Those of whom nobody can be told are declined.
pub(super) fn offered(
    state: &mut State,
    room: RoomId,
    offer: Offer,
    effects: &mut Vec<Effect>,
) -> Option<Tab> {
    let id = offer.id;
    let who = state.people.name_of(&offer.from);
    let words = format!(
        "{who} offers {}, {}: /accept or /decline",
        offer.name,
        size(offer.size)
    );
    let tab = talk::heard_in(state, room, &offer.from.clone(), What::Loud(words));
    let conversation = match tab {
        Some(Tab::Conversation(id)) => state.conversation_mut(id),
        _ => None,
    };
    match conversation {
        Some(conversation) => conversation.offers.push(offer),
        None => effects.push(Effect::Decline(id)),
    }
    tab
}

/// Takes the file that was offered last.
pub(super) fn take(state: &mut State, place: String, effects: &mut Vec<Effect>) {
    if let Some((conversation, offer)) = last(state) {
        effects.push(Effect::Take {
            conversation,
            offer: offer.id,
            place,
        });
        let what = What::Notice(format!("You take {}.", offer.name));
        state.write(Tab::Conversation(conversation), what);
    }
}

/// Does not take it.
pub(super) fn decline(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some((conversation, offer)) = last(state) {
        effects.push(Effect::Decline(offer.id));
        let what = What::Notice(format!("You do not take {}.", offer.name));
        state.write(Tab::Conversation(conversation), what);
    }
}

fn last(state: &mut State) -> Option<(ConversationId, Offer)> {
    let id = state.shown_conversation().map(|one| one.id);
    let conversation = id.and_then(|id| state.conversation_mut(id));
    let offer = conversation.and_then(|one| one.offers.pop());
    if offer.is_none() {
        state.toast("Nobody offers a file here.");
    }
    id.zip(offer)
}

/// A tab is closed: what was offered in it is declined.
pub(super) fn forget(state: &mut State, id: ConversationId, effects: &mut Vec<Effect>) {
    let conversation = state.conversation_mut(id);
    let offers = conversation.map(|one| std::mem::take(&mut one.offers));
    let declined = offers.into_iter().flatten();
    effects.extend(declined.map(|offer| Effect::Decline(offer.id)));
}

/// What became of a file of one's own.
pub(super) fn given(
    state: &mut State,
    id: ConversationId,
    name: &str,
    outcome: Result<(), String>,
) {
    let words = match outcome {
        Ok(()) => format!("They have {name}."),
        Err(why) => format!("They do not have {name}: {}.", text::line(&why)),
    };
    tell(state, id, words);
}

/// What became of a file of theirs.
pub(super) fn taken(
    state: &mut State,
    id: ConversationId,
    name: &str,
    outcome: Result<String, String>,
) {
    let name = text::line(name);
    let words = match outcome {
        Ok(place) => format!("{name} is kept as {}.", text::line(&place)),
        Err(why) => format!("{name} did not come: {}.", text::line(&why)),
    };
    tell(state, id, words);
}

fn tell(state: &mut State, id: ConversationId, words: String) {
    if state.conversation(id).is_some() {
        state.write(Tab::Conversation(id), What::Notice(words));
    } else {
        super::update::report(state, words);
    }
}

/// What others are told that a file is called.
pub(super) fn name_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    text::line(name)
}

/// So many bytes, for people.
fn size(bytes: u64) -> String {
    let kib = bytes as f64 / 1024.0;
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{kib:.0} KiB"),
        _ => format!("{:.1} MiB", kib / 1024.0),
    }
}
