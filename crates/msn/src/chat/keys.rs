//! What keys do: they write, complete, scroll, walk through tabs and contacts, and answer questions.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::complete::{self, Completion};
use super::draw;
use super::event::{Effect, Request, Utterance};
use super::people::{Row, RowKey};
use super::state::{Focus, State, Tab};
use super::{obey, talk};

/// A key was pressed.
pub(super) fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    if key.code != KeyCode::Tab && key.code != KeyCode::BackTab {
        state.completion = None;
    }
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let control = key.modifiers.contains(KeyModifiers::CONTROL) && !alt;
    if answer(state, key, effects) || everywhere(state, key, effects) {
        return;
    }
    match state.focus {
        Focus::People if !control && !alt => among_people(state, key, effects),
        _ => {
            if state.focus == Focus::People {
                state.focus = Focus::Line;
                state.seen();
            }
            write(state, key, effects);
        }
    }
}

/// Something was pasted.
pub(super) fn paste(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    state.focus = Focus::Line;
    state.completion = None;
    state
        .log_mut()
        .draft
        .insert(text.trim_end_matches(['\r', '\n']));
    tell_typing(state, effects);
}

/// The answer to a question: a letter with Alt, or alone where letters mean nothing else. One that was
/// on its way when the question came is none.
fn answer(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    let Some(question) = state.questions.front() else {
        return false;
    };
    let seen = state.now.at >= question.asked_at + REACTION;
    let heeded = match key.modifiers {
        KeyModifiers::ALT => true,
        KeyModifiers::NONE => seen && state.letters_answer(),
        _ => false,
    };
    if !heeded {
        return false;
    }
    let handle = question.handle.clone();
    let request = match key.code {
        KeyCode::Char('y') => Some(Request::Add {
            handle: handle.clone(),
            words: String::new(),
        }),
        KeyCode::Char('a') => Some(Request::Allow(handle.clone())),
        KeyCode::Char('n') => Some(Request::Block(handle.clone())),
        KeyCode::Char('l') => None,
        _ => return false,
    };
    state.questions.pop_front();
    // Asked again only by the next session: what was answered is not pending then.
    state.put_off.insert(handle);
    effects.extend(request.map(Effect::Ask));
    true
}

/// Keys that mean the same whatever has the focus.
fn everywhere(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let control = key.modifiers.contains(KeyModifiers::CONTROL) && !alt;
    match key.code {
        KeyCode::F(1) => obey::help(state),
        KeyCode::F(2) => turn_to_people(state),
        KeyCode::F(3) => obey::toggle_absent(state),
        KeyCode::PageUp => scroll(state, page(state)),
        KeyCode::PageDown => scroll(state, -page(state)),
        KeyCode::Up if key.modifiers == KeyModifiers::SHIFT => scroll(state, 1),
        KeyCode::Down if key.modifiers == KeyModifiers::SHIFT => scroll(state, -1),
        KeyCode::Char('n') if control => walk(state, 1),
        KeyCode::Char('p') if control => walk(state, -1),
        KeyCode::Right if alt => walk(state, 1),
        KeyCode::Left if alt => walk(state, -1),
        KeyCode::Char(digit @ '1'..='9') if alt => {
            let place = digit as usize - '1' as usize;
            let tab = state.tabs().nth(place);
            if let Some(tab) = tab {
                state.look_at(tab);
            }
        }
        KeyCode::Char('q') if control => effects.push(Effect::Quit),
        KeyCode::Char('l') if control => effects.push(Effect::Redraw),
        KeyCode::Char('c') if control => interrupt(state, effects),
        KeyCode::Char('d') if control && state.draft().is_empty() => interrupt(state, effects),
        _ => return false,
    }
    true
}

/// Empties the line; a second one in a row leaves.
fn interrupt(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.draft().is_empty() {
        state.log_mut().draft.take();
        return;
    }
    let now = state.now.at;
    if state.quit_asked.is_some_and(|asked| now < asked + TWICE) {
        effects.push(Effect::Quit);
        return;
    }
    state.quit_asked = Some(now);
    state.toast("Once more signs you out.");
}

/// The next tab, or the one before.
fn walk(state: &mut State, by: isize) {
    let tabs: Vec<_> = state.tabs().collect();
    let place = state.place_of(state.shown).cast_signed() + by;
    let place = place.rem_euclid(tabs.len().cast_signed());
    if let Some(tab) = tabs.get(place.cast_unsigned()) {
        state.look_at(*tab);
    }
}

fn page(state: &State) -> isize {
    draw::plan(state).map_or(1, |plan| (plan.log.height.max(2) - 1) as isize)
}

/// Moves what is shown of a log, up by so many rows.
pub(super) fn scroll(state: &mut State, by: isize) {
    let most = draw::plan(state).map_or(0, |plan| draw::most_scrolled(state, plan.log));
    let log = state.log_mut();
    log.scrolled = log.scrolled.saturating_add_signed(by).min(most);
}

fn turn_to_people(state: &mut State) {
    state.focus = match state.focus {
        Focus::People => Focus::Line,
        Focus::Line => Focus::People,
    };
    state.seen();
}

fn among_people(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let rows = state.people.rows(&state.folded, state.absent);
    let at = place_in(&rows, state.selected.as_ref());
    let last = rows.len().saturating_sub(1);
    let to = match key.code {
        KeyCode::Up => at.map_or(last, |at| at.saturating_sub(1)),
        KeyCode::Down => at.map_or(0, |at| (at + 1).min(last)),
        KeyCode::Home => 0,
        KeyCode::End => last,
        KeyCode::Enter | KeyCode::Right | KeyCode::Left => {
            let selected = at.and_then(|at| rows.get(at));
            enter(state, selected);
            return;
        }
        KeyCode::Tab | KeyCode::Esc | KeyCode::BackTab => {
            turn_to_people(state);
            return;
        }
        _ => {
            turn_to_people(state);
            write(state, key, effects);
            return;
        }
    };
    state.selected = rows.get(to).map(Row::key);
}

/// Where the line that is meant stands now.
pub(crate) fn place_in(rows: &[Row], selected: Option<&RowKey>) -> Option<usize> {
    let selected = selected?;
    rows.iter().position(|row| row.key() == *selected)
}

fn enter(state: &mut State, row: Option<&Row>) {
    match row {
        Some(Row::Person { handle, .. }) => {
            let id = state.conversation_with(handle);
            state.look_at(Tab::Conversation(id));
        }
        Some(Row::Heading { heading, .. }) if !state.folded.remove(heading) => {
            state.folded.insert(*heading);
        }
        _ => {}
    }
}

fn write(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let control = key.modifiers.contains(KeyModifiers::CONTROL) && !alt;
    let before = state.draft().text().to_owned();
    state.let_toast_go();
    let line = &mut state.log_mut().draft;
    match key.code {
        KeyCode::Enter if alt || key.modifiers.contains(KeyModifiers::SHIFT) => line.insert("\n"),
        KeyCode::Char('j') if control => line.insert("\n"),
        KeyCode::Enter => {
            submit(state, effects);
            return;
        }
        KeyCode::Tab if line.is_empty() => {
            turn_to_people(state);
            return;
        }
        KeyCode::Tab => complete(state, 1),
        KeyCode::BackTab => complete(state, -1),
        KeyCode::Esc => state.log_mut().scrolled = 0,
        KeyCode::Up => recall(state, -1),
        KeyCode::Down => recall(state, 1),
        KeyCode::Char('a') if control => line.home(),
        KeyCode::Char('e') if control => line.end(),
        KeyCode::Char('b') if control => line.left(),
        KeyCode::Char('f') if control => line.right(),
        KeyCode::Char('b') if alt => line.word_left(),
        KeyCode::Char('f') if alt => line.word_right(),
        KeyCode::Char('w') if control => line.delete_word(),
        KeyCode::Char('u') if control => line.delete_to_start(),
        KeyCode::Char('k') if control => line.delete_to_end(),
        KeyCode::Char('h') if control => line.backspace(),
        KeyCode::Char('d') if control => line.delete(),
        KeyCode::Backspace if alt || control => line.delete_word(),
        KeyCode::Backspace => line.backspace(),
        KeyCode::Delete => line.delete(),
        KeyCode::Left if control => line.word_left(),
        KeyCode::Right if control => line.word_right(),
        KeyCode::Left => line.left(),
        KeyCode::Right => line.right(),
        KeyCode::Home => line.home(),
        KeyCode::End if line.is_empty() => state.log_mut().scrolled = 0,
        KeyCode::End => line.end(),
        KeyCode::Char(c) if !control && !alt => line.insert(c.encode_utf8(&mut [0; 4])),
        _ => {}
    }
    if state.draft().text() != before {
        tell_typing(state, effects);
    }
}

/// What was written before, or after that.
fn recall(state: &mut State, by: isize) {
    let mut line = std::mem::take(&mut state.log_mut().draft);
    if by < 0 {
        state.past.older(&mut line);
    } else {
        state.past.newer(&mut line);
    }
    state.log_mut().draft = line;
}

/// Puts the next thing that could be meant before the cursor.
fn complete(state: &mut State, by: isize) {
    let (completion, replaces) = match state.completion.take() {
        Some(mut completion) => {
            let replaces = completion.choices[completion.chosen].len();
            let next = completion.chosen.cast_signed() + by;
            let count = completion.choices.len().cast_signed();
            completion.chosen = next.rem_euclid(count).cast_unsigned();
            (completion, replaces)
        }
        None => {
            let found = complete::candidates(state.draft().before(), &state.people);
            if found.choices.is_empty() {
                state.toast("Nothing begins like that.");
                return;
            }
            let completion = Completion {
                choices: found.choices,
                chosen: 0,
            };
            (completion, found.replaces)
        }
    };
    let choice = completion.choices[completion.chosen].clone();
    state.log_mut().draft.replace_before(replaces, &choice);
    state.completion = (completion.choices.len() > 1).then_some(completion);
}

/// Says what was written, or does it.
fn submit(state: &mut State, effects: &mut Vec<Effect>) {
    if state.draft().text().trim().is_empty() {
        state.log_mut().draft.take();
        return;
    }
    let text = state.draft().text().to_owned();
    let command = text.strip_prefix('/').filter(|text| !text.starts_with('/'));
    match (command, state.shown) {
        (Some(command), _) => {
            let command = command.to_owned();
            state.log_mut().draft.take();
            obey::obey(state, &command, effects);
        }
        (None, Tab::Notices) => {
            state.toast("Nobody is here. Choose a contact with F2, or write /msg and an address.");
            return;
        }
        (None, Tab::Conversation(id)) => {
            if state.link != super::state::Link::Up {
                state.toast("You are not connected. It was not sent.");
                return;
            }
            state.log_mut().draft.take();
            // Two slashes say one.
            let words = text.strip_prefix('/').unwrap_or(&text).to_owned();
            talk::say(state, id, Utterance::Words(words), effects);
        }
    }
    state.past.remember(&text);
}

/// Lets them know that one is writing, at most every five seconds.
fn tell_typing(state: &mut State, effects: &mut Vec<Effect>) {
    let now = state.now.at;
    let Tab::Conversation(id) = state.shown else {
        return;
    };
    let Some(conversation) = state.conversation_mut(id) else {
        return;
    };
    let text = conversation.log.draft.text();
    if text.is_empty() || (text.starts_with('/') && !text.starts_with("//")) {
        return;
    }
    let told = conversation.told_typing;
    if let Some(room) = conversation.room()
        && told.is_none_or(|told| now >= told + TYPING)
    {
        conversation.told_typing = Some(now);
        effects.push(Effect::Typing(room));
    }
}

const TYPING: Duration = Duration::from_secs(5);
/// How long a question has to be there before a key can be its answer.
const REACTION: Duration = Duration::from_secs(1);
const TWICE: Duration = Duration::from_secs(3);
