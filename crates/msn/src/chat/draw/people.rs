//! The contact list: groups, and under them who is there, how, and what they say of themselves.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::palette::Palette;
use crate::chat::keys::place_in;
use crate::chat::people::{Person, Row, status_sign, status_word};
use crate::chat::state::{Focus, State};
use crate::chat::text;

/// Draws it, so that the line that is meant is in sight.
pub(super) fn list(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let rows = state.people.rows(&state.folded, state.absent);
    let chosen = match state.focus {
        Focus::People => place_in(&rows, state.selected.as_ref()),
        Focus::Line => None,
    };
    let width = usize::from(area.width);
    let mut lines = Vec::new();
    let mut sought = 0..0;
    for (at, row) in rows.iter().enumerate() {
        let from = lines.len();
        match row {
            Row::Heading {
                heading,
                name,
                online,
                all,
            } => {
                let sign = if state.folded.contains(heading) {
                    "▸"
                } else {
                    "▾"
                };
                let count = format!(" {online}/{all}");
                let name = text::fit(name, width.saturating_sub(2 + count.len()));
                lines.push(Line::from(vec![
                    Span::styled(format!("{sign} {name}"), palette.heading()),
                    Span::styled(count, palette.quiet()),
                ]));
            }
            Row::Person { handle, .. } => {
                if let Some(person) = state.people.find(handle) {
                    lines.push(first(person, state.unread_of(handle), width, palette));
                    lines.extend(second(person, width, palette));
                }
            }
        }
        if chosen == Some(at) {
            if let Some(line) = lines.get_mut(from) {
                let missing = width.saturating_sub(line.width());
                line.push_span(Span::raw(" ".repeat(missing)));
                *line = std::mem::take(line).patch_style(palette.chosen());
            }
            sought = from..lines.len();
        }
    }
    if state.people.persons.values().all(|one| !one.is_contact()) {
        lines.push(Line::styled(" Nobody yet.", palette.quiet()));
        lines.push(Line::styled(" /add and an address", palette.quiet()));
    }
    let from = sought.end.saturating_sub(area.height.into());
    for (y, line) in (area.top()..area.bottom()).zip(lines.iter().skip(from)) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

/// `● Bob (2)        away`
fn first(person: &Person, unread: usize, width: usize, palette: Palette) -> Line<'static> {
    let word = if person.is_blocked() {
        "blocked"
    } else {
        status_word(person.status)
    };
    let count = if unread > 0 {
        format!(" ({unread})")
    } else {
        String::new()
    };
    let room = width.saturating_sub(3 + word.len() + 1 + count.len());
    let name = text::fit(&person.name, room);
    let gap = " ".repeat(1 + room.saturating_sub(text::width(&name)));
    let name = match (unread, person.status) {
        (0, Some(_)) => Span::raw(name),
        (0, None) => Span::styled(name, palette.quiet()),
        _ => Span::styled(name, palette.unread()),
    };
    let sign = format!(" {} ", status_sign(person.status));
    Line::from(vec![
        Span::styled(sign, palette.sign(person.status)),
        name,
        Span::styled(count, palette.unread()),
        Span::raw(gap),
        Span::styled(word, palette.quiet()),
    ])
}

/// What they say of themselves.
fn second(person: &Person, width: usize, palette: Palette) -> Option<Line<'static>> {
    if person.status.is_none() || person.message.is_empty() {
        return None;
    }
    let message = text::fit(&person.message, width.saturating_sub(5));
    Some(Line::styled(format!("   {message}"), palette.quiet()))
}
