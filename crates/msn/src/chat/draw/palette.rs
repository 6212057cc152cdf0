//! How things look. Everything that a colour says is said by a word, a sign or a weight too, so that
//! the plain palette lacks nothing.

use msnp_client::Status;
use ratatui::style::{Color, Modifier, Style};

/// With colours of the terminal's own sixteen, or without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Palette {
    Coloured,
    Plain,
}

impl Palette {
    fn with(self, color: Color) -> Style {
        match self {
            Self::Coloured => Style::new().fg(color),
            Self::Plain => Style::new(),
        }
    }

    pub(super) fn header(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn rule(self) -> Style {
        self.quiet()
    }

    /// What need not be read.
    pub(super) fn quiet(self) -> Style {
        match self {
            Self::Coloured => Style::new().fg(Color::DarkGray),
            Self::Plain => Style::new().add_modifier(Modifier::DIM),
        }
    }

    pub(super) fn heading(self) -> Style {
        self.with(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub(super) fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    pub(super) fn unread(self) -> Style {
        self.with(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    pub(super) fn mine(self) -> Style {
        self.with(Color::Green)
    }

    pub(super) fn theirs(self) -> Style {
        self.with(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub(super) fn loud(self) -> Style {
        self.with(Color::Magenta).add_modifier(Modifier::BOLD)
    }

    pub(super) fn wrong(self) -> Style {
        self.with(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn question(self) -> Style {
        self.with(Color::Yellow)
            .add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    pub(super) fn sign(self, status: Option<Status>) -> Style {
        match status {
            Some(Status::Online) => self.with(Color::Green),
            Some(Status::Busy | Status::OnThePhone) => self.with(Color::Red),
            Some(Status::Hidden) | None => self.quiet(),
            Some(_) => self.with(Color::Yellow),
        }
    }
}
