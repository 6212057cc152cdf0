//! What commands do.

use msnp_client::Handle;

use super::command::{self, Command, USAGES};
use super::conversation::What;
use super::draw;
use super::event::{Effect, Request, Utterance};
use super::offers;
use super::people::{Absent, status_words};
use super::state::{Focus, Link, State, Tab};
use super::talk;

/// Does what was written after a slash, or says why not.
pub(super) fn obey(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    match command::read(text, &state.people) {
        Ok(command) => carry_out(state, command, effects),
        Err(misread) => state.toast(misread.to_string()),
    }
}

fn carry_out(state: &mut State, command: Command, effects: &mut Vec<Effect>) {
    let request = match command {
        Command::Message { to, words } => {
            let id = state.conversation_with(&to);
            state.look_at(Tab::Conversation(id));
            if !words.is_empty() {
                talk::say(state, id, Utterance::Words(words), effects);
            }
            return;
        }
        Command::Invite(handle) => return speak(state, Utterance::Invite(handle), effects),
        Command::Nudge => return speak(state, Utterance::Nudge, effects),
        Command::Send(path) => return offers::give(state, path, effects),
        Command::Accept(place) => return offers::take(state, place, effects),
        Command::Decline => return offers::decline(state, effects),
        Command::Picture { handle, place } => {
            return effects.push(Effect::FetchPicture { handle, place });
        }
        Command::Leave => {
            match state.shown {
                Tab::Conversation(id) => talk::leave(state, id, effects),
                Tab::Notices => state.toast("This one stays. /quit signs out."),
            }
            return;
        }
        Command::Who => return who(state),
        Command::Clear => {
            let log = state.log_mut();
            log.entries.clear();
            log.scrolled = 0;
            return;
        }
        Command::ToggleOffline => return toggle_absent(state),
        Command::Reconnect => return reconnect(state, effects),
        Command::Help => return help(state),
        Command::Quit => return effects.push(Effect::Quit),
        Command::Add { handle, words } => Request::Add { handle, words },
        Command::Remove(who) => match whoever(state, who) {
            Some(handle) => Request::Remove(handle),
            None => return,
        },
        Command::Block(who) => match whoever(state, who) {
            Some(handle) => Request::Block(handle),
            None => return,
        },
        Command::Allow(who) => match whoever(state, who) {
            Some(handle) => Request::Allow(handle),
            None => return,
        },
        Command::Alias { handle, name } => Request::Alias { handle, name },
        Command::Group { handle, name } => Request::Enter {
            handle,
            group: name,
        },
        Command::Ungroup { handle, name } => Request::LeaveGroup {
            handle,
            group: name,
        },
        Command::RemoveGroup(name) => Request::RemoveGroup(name),
        Command::Name(name) => Request::Name(name),
        Command::PersonalMessage(text) => Request::Message(text),
        Command::Status(status) => Request::Status(status),
    };
    effects.push(Effect::Ask(request));
}

/// Signs in once more, when the library does not by itself.
fn reconnect(state: &mut State, effects: &mut Vec<Effect>) {
    match &state.link {
        Link::Up => state.toast("You are connected."),
        Link::Waiting { .. } => state.toast("That is being tried."),
        Link::Over { .. } => {
            state.link = Link::Waiting {
                reason: "as you wish".to_owned(),
                until: state.now.at,
            };
            effects.push(Effect::SignIn {
                status: state.me.status,
                message: state.me.message.clone(),
            });
        }
    }
}

/// Says something in the conversation that is shown.
pub(super) fn speak(state: &mut State, what: Utterance, effects: &mut Vec<Effect>) {
    match state.shown {
        Tab::Conversation(id) => talk::say(state, id, what, effects),
        Tab::Notices => state.toast("This is no conversation. /msg opens one."),
    }
}

/// Who is meant if nobody is named: the one whom one talks to.
fn whoever(state: &mut State, who: Option<Handle>) -> Option<Handle> {
    let shown = state.shown_conversation();
    let here = shown.and_then(|conversation| match &conversation.peers[..] {
        [only] => Some(only.clone()),
        _ => None,
    });
    let handle = who.or(here);
    if handle.is_none() {
        state.toast("Who? Name somebody.");
    }
    handle
}

fn who(state: &mut State) {
    let Some(conversation) = state.shown_conversation() else {
        state.toast("This is no conversation.");
        return;
    };
    let lines: Vec<_> = conversation
        .peers
        .iter()
        .map(|handle| {
            let status = state.people.find(handle).and_then(|person| person.status);
            let name = state.people.name_of(handle);
            format!("{name} <{handle}>, {}", status_words(status))
        })
        .collect();
    notice_here(state, lines.join("\n"));
}

/// Lists those who are offline, or leaves them out.
pub(super) fn toggle_absent(state: &mut State) {
    let (absent, words) = match state.absent {
        Absent::Listed => (Absent::LeftOut, "Those who are offline are not listed."),
        Absent::LeftOut => (Absent::Listed, "Those who are offline are listed."),
    };
    state.absent = absent;
    state.toast(words);
}

/// Writes down what there is, where one looks, and shows the beginning of it.
pub(super) fn help(state: &mut State) {
    state.focus = Focus::Line;
    let commands = USAGES.iter().map(|usage| {
        let left = format!("/{} {}", usage.name, usage.takes);
        format!("{left:LEFT$} {}", usage.does)
    });
    let keys = KEYS.iter().map(|(key, does)| format!("{key:LEFT$} {does}"));
    let lines: Vec<_> = commands.chain(keys).collect();
    notice_here(state, format!("What there is:\n{}", lines.join("\n")));
    let plan = draw::plan(state);
    let rows = plan.zip(state.log().entries.back());
    let hidden = rows.map_or(0, |(plan, help)| {
        let rows = draw::rows_of(state, help, plan.log.width);
        rows.saturating_sub(plan.log.height.into())
    });
    state.log_mut().scrolled = hidden;
}

fn notice_here(state: &mut State, words: String) {
    state.log_mut().scrolled = 0;
    state.write(state.shown, What::Notice(words));
}

/// How wide the left half of the help is.
const LEFT: usize = 19;
const KEYS: [(&str, &str); 10] = [
    ("Tab", "complete; or the contacts"),
    ("F2", "to the contacts and back"),
    ("F3", "list the offline, or not"),
    ("Alt+1 .. Alt+9", "that tab"),
    ("Ctrl+N, Ctrl+P", "next tab, tab before"),
    ("PgUp, PgDn", "scroll"),
    ("Up, Down", "what you wrote before"),
    ("Alt+Enter", "a new line"),
    ("Alt+Y, A, N, L", "add, allow, block, later"),
    ("Ctrl+C twice", "sign out"),
];
