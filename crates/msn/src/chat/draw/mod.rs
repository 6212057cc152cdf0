//! The screen, drawn from the state and nothing else.
//!
//! ```text
//!   +------------------------------------------+
//!   | oneself                                  |
//!   | people        | tabs                     |
//!   |               | who it is with           |
//!   |               | log                      |
//!   |               | who is typing            |
//!   |               | line                     |
//!   | questions, words, hints                  |
//!   +------------------------------------------+
//! ```
//!
//! A narrow screen shows either the people or the rest. One smaller than 40x10 shows a word.

mod bars;
mod log;
mod palette;
mod people;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

pub(crate) use log::{most_scrolled, rows_of};
pub(crate) use palette::Palette;

use super::state::{Focus, SHAKE, State};

/// Where everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    header: Rect,
    pub(crate) people: Option<Rect>,
    /// All of what stands beside the people, or instead of them.
    pub(crate) body: Rect,
    tabs: Rect,
    with: Rect,
    upper_rule: Rect,
    pub(crate) log: Rect,
    typing: Rect,
    lower_rule: Rect,
    line: Rect,
    status: Rect,
}

/// Divides the screen; `None` when it is too small to be divided.
pub(crate) fn plan(state: &State) -> Option<Plan> {
    let size = state.size;
    if size.width < SMALLEST.0 || size.height < SMALLEST.1 {
        return None;
    }
    let middle = Rect::new(0, 1, size.width, size.height - 2);
    let beside = size.width >= BESIDE;
    let width = (size.width / 3).clamp(24, 36);
    let (people, body) = match state.focus {
        _ if beside => {
            let people = Rect {
                width: width - 1,
                ..middle
            };
            let x = width + 1;
            let width = size.width - x;
            (Some(people), Rect { x, width, ..middle })
        }
        Focus::People => (Some(middle), middle),
        Focus::Line => (None, middle),
    };
    let rule = u16::from(size.height >= RULED);
    let inner = match people {
        Some(_) if beside => Rect {
            x: body.x + 1,
            width: body.width - 1,
            ..body
        },
        _ => body,
    };
    let rows = state.draft().rows(line_width(inner)).lines.len();
    let rows = u16::try_from(rows).unwrap_or(u16::MAX);
    let line = rows.clamp(1, body.height / 3);
    let log = body.height.saturating_sub(3 + 2 * rule + line);
    let mut y = body.y;
    let mut take = |height: u16, of: Rect| {
        let taken = Rect { y, height, ..of };
        y += height;
        taken
    };
    // From here on downwards.
    Some(Plan {
        header: Rect::new(0, 0, size.width, 1),
        people,
        body,
        tabs: take(1, body),
        with: take(1, body),
        upper_rule: take(rule, body),
        log: take(log, inner),
        typing: take(1, inner),
        lower_rule: take(rule, body),
        line: take(line, inner),
        status: Rect::new(0, size.height - 1, size.width, 1),
    })
}

/// How many columns a line has for what is written, after its prompt.
fn line_width(body: Rect) -> usize {
    usize::from(body.width.saturating_sub(PROMPT + 1))
}

/// Draws all of it.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &State, palette: Palette) {
    if frame.area().is_empty() {
        return;
    }
    let Some(plan) = plan(state) else {
        let words = format!("Too small: {} by {}, please.", SMALLEST.0, SMALLEST.1);
        let width = frame.area().width;
        frame.buffer_mut().set_line(0, 0, &Line::from(words), width);
        return;
    };
    // The terminal may have become smaller than it was when this was planned.
    if !frame
        .area()
        .contains(Position::new(state.size.width - 1, state.size.height - 1))
    {
        return;
    }
    let buffer = frame.buffer_mut();
    bars::header(buffer, plan.header, state, palette);
    bars::status(buffer, plan.status, state, palette);
    if let Some(area) = plan.people {
        people::list(buffer, area, state, palette);
        if area == plan.body {
            return;
        }
        for y in area.top()..area.bottom() {
            buffer.set_string(plan.body.x - 1, y, "│", palette.rule());
        }
    }
    bars::tabs(buffer, plan.tabs, state, palette);
    bars::with(buffer, plan.with, state, palette);
    let rules = [plan.upper_rule, plan.lower_rule];
    for rule in rules.into_iter().filter(|rule| rule.height > 0) {
        let line = "─".repeat(rule.width.into());
        buffer.set_string(rule.x, rule.y, line, palette.rule());
    }
    log::lines(buffer, shaken(plan.log, state), state, palette);
    bars::typing(buffer, plan.typing, state, palette);
    let cursor = bars::line(buffer, plan.line, state, palette);
    if state.focus == Focus::Line {
        frame.set_cursor_position(cursor);
    }
}

/// A nudge moves what was said to and fro.
fn shaken(area: Rect, state: &State) -> Rect {
    let left = state
        .shaking_until
        .map(|until| until.saturating_duration_since(state.now.at));
    let moves = left.map_or(0, |left| left.as_millis() / SHAKE.as_millis());
    if moves % 2 == 1 {
        Rect {
            x: area.x + 1,
            width: area.width - 1,
            ..area
        }
    } else {
        area
    }
}

/// Columns and rows below which nothing useful fits.
const SMALLEST: (u16, u16) = (40, 10);
/// From how many columns on the people stand beside a conversation.
const BESIDE: u16 = 64;
/// From how many rows on there are rules between the parts.
const RULED: u16 = 14;
/// `> `
const PROMPT: u16 = 2;
