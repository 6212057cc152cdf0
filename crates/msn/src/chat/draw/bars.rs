//! The single lines: oneself, the tabs, who a conversation is with, who types, what is written, and the
//! lower edge.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::palette::Palette;
use crate::chat::command;
use crate::chat::people::{status_sign, status_words};
use crate::chat::state::{Focus, Link, State, Tab};
use crate::chat::text;

/// Oneself, over the whole width.
pub(super) fn header(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    buffer.set_string(0, area.y, " ".repeat(area.width.into()), palette.header());
    let me = &state.me;
    let status = match state.link {
        Link::Up => Some(me.status),
        _ => None,
    };
    let words = if state.link == Link::Up {
        status_words(status)
    } else {
        "not connected"
    };
    let mut left = format!(" {} {} ({words})", status_sign(status), me.name);
    if !me.message.is_empty() {
        left.push_str(&format!("  {}", me.message));
    }
    let right = format!(" {} ", me.handle);
    let width = usize::from(area.width);
    let right_width = text::width(&right);
    let room = if right_width + 20 <= width {
        let x = area.width - u16::try_from(right_width).unwrap_or(0);
        buffer.set_string(x, area.y, &right, palette.header());
        width - right_width
    } else {
        width
    };
    buffer.set_string(area.x, area.y, text::fit(&left, room), palette.header());
}

/// The tabs, so that the one that is shown is in sight.
pub(super) fn tabs(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let mut titles = Vec::new();
    for (place, tab) in state.tabs().enumerate() {
        let (name, unread) = match tab {
            Tab::Notices => ("Notices".to_owned(), state.notices.unread),
            Tab::Conversation(id) => match state.conversation(id) {
                Some(one) => (state.title_of(one), one.log.unread),
                None => continue,
            },
        };
        let count = if unread > 0 {
            format!(" ({unread})")
        } else {
            String::new()
        };
        let style = match unread {
            _ if tab == state.shown => palette.chosen(),
            0 => palette.quiet(),
            _ => palette.unread(),
        };
        let title = format!(" {} {}{count} ", place + 1, text::fit(&name, TITLE));
        titles.push((title, style));
    }
    let shown = state.place_of(state.shown);
    let width = usize::from(area.width);
    let span = |from: usize| -> usize {
        let titles = titles.iter().take(shown + 1).skip(from);
        titles.map(|(title, _)| text::width(title)).sum()
    };
    let mut from = 0;
    while from < shown && span(from) + 2 > width {
        from += 1;
    }
    let mut spans = Vec::new();
    if from > 0 {
        spans.push(Span::styled("‹", palette.unread()));
    }
    spans.extend(
        titles
            .into_iter()
            .skip(from)
            .map(|(title, style)| Span::styled(title, style)),
    );
    let line = Line::from(spans);
    let more = line.width() > width;
    buffer.set_line(area.x, area.y, &line, area.width);
    if more {
        buffer.set_string(area.right() - 1, area.y, "›", palette.unread());
    }
}

/// Who the conversation is with.
pub(super) fn with(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let Some(conversation) = state.shown_conversation() else {
        let words = text::fit(" What happens outside conversations", area.width.into());
        buffer.set_string(area.x, area.y, words, palette.quiet());
        return;
    };
    let [handle] = &conversation.peers[..] else {
        let words = format!(" With {}", state.title_of(conversation));
        let words = text::fit(&words, area.width.into());
        buffer.set_string(area.x, area.y, words, Style::new());
        return;
    };
    let person = state.people.find(handle);
    let status = person.and_then(|person| person.status);
    let words = match person {
        None => "not on your list",
        Some(person) if person.is_blocked() => "blocked",
        Some(person) if !person.is_contact() => "not on your list",
        Some(_) => status_words(status),
    };
    let mut line = format!("{words}  <{handle}>");
    if let Some(person) = person.filter(|person| !person.message.is_empty()) {
        line.push_str(&format!("  {}", person.message));
    }
    let line = text::fit(&line, usize::from(area.width.saturating_sub(3)));
    let spans = vec![
        Span::styled(format!(" {} ", status_sign(status)), palette.sign(status)),
        Span::styled(line, palette.quiet()),
    ];
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}

/// Who is typing; how much is out of sight.
pub(super) fn typing(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let names = state.shown_conversation().map(|conversation| {
        let names = conversation.typing.keys();
        let names: Vec<_> = names.map(|handle| state.people.name_of(handle)).collect();
        names
    });
    let width = usize::from(area.width);
    let words = match names.unwrap_or_default() {
        names if names.is_empty() => String::new(),
        names if names.len() == 1 => format!("{} is typing…", names.join("")),
        names => format!("{} are typing…", names.join(", ")),
    };
    buffer.set_string(area.x, area.y, text::fit(&words, width), palette.quiet());
    let scrolled = state.log().scrolled;
    if scrolled > 0 {
        let below = format!(" ▼ {scrolled} more: Esc ");
        let x = area
            .right()
            .saturating_sub(u16::try_from(text::width(&below)).unwrap_or(0));
        buffer.set_string(x.max(area.x), area.y, below, palette.unread());
    }
}

/// What is being written, and where the cursor is.
pub(super) fn line(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) -> Position {
    let rows = state.draft().rows(super::line_width(area));
    let height = usize::from(area.height).max(1);
    let from = (rows.cursor_row + 1).saturating_sub(height);
    let prompt = match state.focus {
        Focus::Line => palette.unread(),
        Focus::People => palette.quiet(),
    };
    buffer.set_string(area.x, area.y, "> ", prompt);
    let x = area.x + super::PROMPT;
    for (y, line) in (area.top()..area.bottom()).zip(rows.lines.iter().skip(from)) {
        buffer.set_string(x, y, line, Style::new());
    }
    let column = u16::try_from(rows.cursor_column).unwrap_or(0);
    let row = u16::try_from(rows.cursor_row - from).unwrap_or(0);
    Position::new(x + column, area.y + row)
}

/// The lower edge: what is asked, what is wrong, what just happened, or what can be done.
pub(super) fn status(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let width = usize::from(area.width);
    if state.questions.is_empty() {
        let (words, style) = word(state, palette);
        buffer.set_string(area.x, area.y, text::fit(&words, width), style);
        return;
    }
    let Some(question) = state.questions.front() else {
        return;
    };
    let name = &question.name;
    let handle = question.handle.as_str();
    let who = if name == handle {
        name.clone()
    } else {
        format!("{name} <{handle}>")
    };
    let alt = if state.letters_answer() { "" } else { "Alt+" };
    let answers = if width >= SPACIOUS {
        format!(" added you. {alt}y add too, {alt}a allow, {alt}n block, {alt}l later ")
    } else {
        format!(" added you. {alt}y/a/n/l, F1 ")
    };
    let who = text::fit(&who, width.saturating_sub(answers.len() + 1).max(8));
    let words = text::fit(&format!(" {who}{answers}"), width);
    buffer.set_string(area.x, area.y, words, palette.question());
}

fn word(state: &State, palette: Palette) -> (String, Style) {
    if let Some(toast) = &state.toast {
        return (format!(" {}", toast.words), palette.unread());
    }
    match &state.link {
        Link::Up => {}
        Link::Waiting { reason, until } => {
            let left = until.saturating_duration_since(state.now.at);
            let seconds = left.as_millis().div_ceil(1000);
            let words = match seconds {
                0 => format!(" Connecting again… ({reason})"),
                seconds => format!(" Connecting again in {seconds} s ({reason})"),
            };
            return (words, palette.wrong());
        }
        Link::Over { reason } => {
            let words = format!(" The session is over: {reason}. /reconnect or /quit");
            return (words, palette.wrong());
        }
    }
    if let Some(completion) = &state.completion {
        let choices = completion.choices.iter().enumerate().map(|(at, choice)| {
            let choice = choice.trim();
            if at == completion.chosen {
                format!("[{choice}]")
            } else {
                choice.to_owned()
            }
        });
        let choices: Vec<_> = choices.skip(completion.chosen.saturating_sub(1)).collect();
        return (format!(" {}", choices.join("  ")), palette.quiet());
    }
    let written = state.draft().text().strip_prefix('/');
    let name = written.map(|command| command.split(' ').next().unwrap_or_default());
    if let Some(usage) = name.and_then(command::usage) {
        let words = format!(" /{} {}  {}", usage.name, usage.takes, usage.does);
        return (words, palette.quiet());
    }
    let words = match state.focus {
        Focus::People => " Enter talk  Up, Down choose  Tab write  F1 help  Ctrl+Q sign out",
        Focus::Line => " Enter send  Tab contacts  Ctrl+N next tab  PgUp back  F1 help",
    };
    (words.to_owned(), palette.quiet())
}

/// From how many columns on the answers to a question are spelt out.
const SPACIOUS: usize = 72;
/// Longest title of a tab.
const TITLE: usize = 16;
