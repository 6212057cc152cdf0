//! What was said, from the bottom up: wrapped, with the day where it changes and a line before what is
//! new.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::palette::Palette;
use crate::chat::conversation::{Delivery, Entry, What};
use crate::chat::state::State;
use crate::chat::text;

/// Draws what of the log that is shown is in sight.
pub(super) fn lines(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let scrolled = state.log().scrolled;
    let height = usize::from(area.height);
    let tail = tail(state, area.width, scrolled.saturating_add(height), palette);
    // There may be less than there was: the oldest lines go, and wider screens need fewer rows.
    let scrolled = scrolled.min(tail.len().saturating_sub(height));
    let last = tail.len().saturating_sub(scrolled);
    let first = last.saturating_sub(height);
    for (y, line) in (area.y..).zip(&tail[first..last]) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

/// How many rows something takes.
pub(crate) fn rows_of(state: &State, entry: &Entry, width: u16) -> usize {
    rows(state, entry, width, Palette::Plain).len()
}

/// How far one can scroll back.
pub(crate) fn most_scrolled(state: &State, area: Rect) -> usize {
    let all = tail(state, area.width, usize::MAX, Palette::Plain).len();
    all.saturating_sub(area.height.into())
}

/// The last lines of the log that is shown, at least so many if there are.
fn tail(state: &State, width: u16, needed: usize, palette: Palette) -> Vec<Line<'static>> {
    let log = state.log();
    let mut upwards = Vec::new();
    for (at, entry) in log.entries.iter().enumerate().rev() {
        upwards.extend(rows(state, entry, width, palette).into_iter().rev());
        if log.new_from == Some(entry.id) {
            upwards.push(between("new", width, palette.unread()));
        }
        let day = entry.when.date();
        let before = at.checked_sub(1).and_then(|at| log.entries.get(at));
        if before.is_some_and(|before| before.when.date() != day) {
            let day = day.strftime("%A, %-d %B").to_string();
            upwards.push(between(&day, width, palette.quiet()));
        }
        if upwards.len() >= needed {
            break;
        }
    }
    upwards.reverse();
    upwards
}

/// `──── new ────`
fn between(words: &str, width: u16, style: Style) -> Line<'static> {
    let left = usize::from(width).saturating_sub(text::width(words) + 2);
    let (before, after) = ("─".repeat(left / 2), "─".repeat(left - left / 2));
    Line::styled(format!("{before} {words} {after}"), style)
}

fn rows(state: &State, entry: &Entry, width: u16, palette: Palette) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let clock = if width >= TIMED {
        entry.when.strftime("%H:%M ").to_string()
    } else {
        String::new()
    };
    let mut paragraph = Paragraph {
        indent: if clock.is_empty() { 2 } else { clock.len() },
        clock,
        width,
        palette,
        lines: Vec::new(),
    };
    let plain = Style::new();
    match &entry.what {
        What::Theirs { name, words, .. } => paragraph.said(name, palette.theirs(), words),
        What::Letter {
            name,
            words,
            left_at,
            ..
        } => {
            paragraph.said(name, palette.theirs(), words);
            paragraph.more(
                &format!("(left at {left_at}, while you were away)"),
                palette.quiet(),
            );
        }
        What::Mine { words, delivery } => {
            paragraph.said(&state.me.name, palette.mine(), words);
            match delivery {
                Delivery::Underway => paragraph.mark(" …", palette.quiet()),
                Delivery::Delivered => {}
                Delivery::Left => {
                    paragraph.more("(not there now: it waits until they are)", palette.quiet());
                }
                Delivery::Failed(why) => {
                    paragraph.more(&format!("✗ not sent: {why}"), palette.wrong());
                }
            }
        }
        What::Loud(words) => paragraph.told(&format!("*** {words}"), palette.loud()),
        What::Notice(words) => paragraph.told(words, palette.quiet().patch(plain)),
    }
    paragraph.lines
}

/// The rows of one entry while they are made.
struct Paragraph {
    clock: String,
    indent: usize,
    width: usize,
    palette: Palette,
    lines: Vec<Line<'static>>,
}

impl Paragraph {
    /// `12:34 Name: words`, what follows indented.
    fn said(&mut self, name: &str, style: Style, words: &str) {
        let name = format!("{}:", text::fit(name, (self.width / 3).min(LONGEST_NAME)));
        // A name is not broken, so that its end is known.
        let unbroken = name.replace(' ', "\u{a0}");
        let wrapped = text::wrap(&format!("{unbroken} {words}"), self.width - self.indent);
        for (at, line) in wrapped.into_iter().enumerate() {
            let spans = match line.strip_prefix(&unbroken) {
                Some(words) if at == 0 => vec![
                    Span::styled(name.clone(), style),
                    Span::raw(words.to_owned()),
                ],
                _ => vec![Span::raw(line)],
            };
            self.push(spans);
        }
    }

    fn told(&mut self, words: &str, style: Style) {
        for line in text::wrap(words, self.width - self.indent) {
            self.push(vec![Span::styled(line, style)]);
        }
    }

    fn more(&mut self, words: &str, style: Style) {
        self.told(words, style);
    }

    /// Puts something behind the last line, or below it if there is no room.
    fn mark(&mut self, words: &str, style: Style) {
        if let Some(line) = self.lines.last_mut()
            && line.width() + text::width(words) <= self.width
        {
            line.push_span(Span::styled(words.to_owned(), style));
        }
    }

    fn push(&mut self, mut spans: Vec<Span<'static>>) {
        let lead = if self.lines.is_empty() && !self.clock.is_empty() {
            Span::styled(self.clock.clone(), self.palette.quiet())
        } else if self.lines.is_empty() {
            Span::raw("")
        } else {
            Span::raw(" ".repeat(self.indent))
        };
        spans.insert(0, lead);
        self.lines.push(Line::from(spans));
    }
}

/// From how many columns on the time stands before everything.
const TIMED: usize = 44;
const LONGEST_NAME: usize = 24;
