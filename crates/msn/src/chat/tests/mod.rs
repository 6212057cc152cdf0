//! The screen without a terminal and without a server: events in, effects out, and what is drawn.

mod anything;
mod connection;
mod files;
mod keyboard;
mod screens;
mod talking;

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::civil::date;
use msnp_client::msnp::presence::{Capabilities, UserData};
use msnp_client::msnp::roster::Lists;
use msnp_client::msnp::soap::guid::Guid;
use msnp_client::{Contact, ContactBook, ContactPresence, Handle, Status};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

use super::conversation::{Conversation, Entry, What};
use super::draw::{Palette, draw};
use super::event::{Effect, Event, Heard, Now, Outcome, RoomId};
use super::state::State;
use super::update::update;

/// Alice at her terminal.
struct Scene {
    state: State,
    now: Now,
    effects: Vec<Effect>,
}

const FRIENDS: &str = "00000000-0000-0000-0000-000000000001";
const COLLEAGUES: &str = "00000000-0000-0000-0000-000000000002";

fn handle(local: &str) -> Handle {
    Handle::parse(&format!("{local}@example.com")).unwrap()
}

fn contact(local: &str, name: &str) -> Contact {
    let mut contact = Contact::new(handle(local));
    contact.name = name.to_owned();
    contact.lists = Lists::FORWARD | Lists::ALLOW;
    contact
}

fn there(mut contact: Contact, status: Status, message: &str) -> Contact {
    contact.presence = Some(ContactPresence::new(status, Capabilities::NONE));
    contact.data = UserData {
        personal_message: message.to_owned(),
        ..UserData::default()
    };
    contact
}

fn within(mut contact: Contact, group: &str) -> Contact {
    contact.groups.extend(Guid::parse(group));
    contact
}

fn book() -> ContactBook {
    let mut book = ContactBook::default();
    book.me.name = "Alice".to_owned();
    for (id, name) in [(FRIENDS, "Friends"), (COLLEAGUES, "Colleagues")] {
        book.groups
            .insert(Guid::parse(id).unwrap(), name.to_owned());
    }
    let contacts = [
        within(
            there(contact("bob", "Bob"), Status::Online, "Out in the sun"),
            FRIENDS,
        ),
        within(
            there(contact("carol", "Carol 🌻 日本語の名前"), Status::Away, ""),
            FRIENDS,
        ),
        within(contact("dave", "Dave"), FRIENDS),
        within(
            there(
                contact("erin", "Erin, with a name that goes on and on"),
                Status::Busy,
                "♪ la la la, and on and on",
            ),
            COLLEAGUES,
        ),
        contact("frank", ""),
    ];
    for contact in contacts {
        book.contacts.insert(contact.handle.clone(), contact);
    }
    book
}

impl Scene {
    fn new(width: u16, height: u16) -> Self {
        Self::with(&book(), width, height)
    }

    fn with(book: &ContactBook, width: u16, height: u16) -> Self {
        let now = Now {
            at: Instant::now(),
            clock: date(2026, 11, 22).at(20, 15, 0, 0),
        };
        let size = Size { width, height };
        let state = State::new(handle("alice"), Status::Online, book, size, now);
        let mut scene = Self {
            state,
            now,
            effects: Vec::new(),
        };
        // Past the first seconds, in which everybody comes.
        scene.later(60);
        scene
    }

    fn happen(&mut self, event: Event) -> &mut Self {
        self.effects = update(&mut self.state, self.now, event);
        self
    }

    fn later(&mut self, seconds: u64) -> &mut Self {
        let more = Duration::from_secs(seconds);
        self.now.at += more;
        self.now.clock += more;
        self.happen(Event::Tick)
    }

    fn hear(&mut self, heard: Heard) -> &mut Self {
        self.happen(Event::Heard(heard))
    }

    fn settle(&mut self, outcome: Outcome) -> &mut Self {
        self.happen(Event::Outcome(outcome))
    }

    fn press(&mut self, code: KeyCode) -> &mut Self {
        self.press_with(KeyModifiers::NONE, code)
    }

    fn press_with(&mut self, modifiers: KeyModifiers, code: KeyCode) -> &mut Self {
        self.happen(Event::Key(KeyEvent::new(code, modifiers)))
    }

    fn write(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.press(KeyCode::Char(c));
        }
        self
    }

    /// Writes it and presses Enter.
    fn enter(&mut self, text: &str) -> &mut Self {
        self.write(text).press(KeyCode::Enter)
    }

    fn join(&mut self, room: u64, who: &str) -> &mut Self {
        self.hear(Heard::Joined {
            room: RoomId(room),
            handle: handle(who),
        })
    }

    fn hears(&mut self, room: u64, who: &str, words: &str) -> &mut Self {
        self.hear(Heard::Said {
            room: RoomId(room),
            from: handle(who),
            words: words.to_owned(),
        })
    }

    fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.happen(Event::Resized(Size { width, height }))
    }

    fn toast(&self) -> &str {
        self.state.toast.as_ref().map_or("", |toast| &toast.words)
    }

    /// The tabs after the first.
    fn titles(&self) -> Vec<String> {
        let conversations = self.state.conversations.iter();
        conversations.map(|one| self.state.title_of(one)).collect()
    }

    fn last(&self) -> &What {
        &self.state.log().entries.back().unwrap().what
    }

    fn conversation(&self) -> &Conversation {
        self.state.shown_conversation().unwrap()
    }

    fn entry(&self) -> &Entry {
        self.state.log().entries.back().unwrap()
    }

    fn buffer(&self, palette: Palette) -> Buffer {
        let Size { width, height } = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal
            .draw(|frame| draw(frame, &self.state, palette))
            .unwrap();
        terminal.backend().buffer().clone()
    }

    /// What is drawn, a line for each row.
    fn screen(&self) -> String {
        let buffer = self.buffer(Palette::Coloured);
        let mut screen = String::new();
        for y in 0..buffer.area.height {
            let mut row = String::new();
            let mut covered = 0;
            for x in 0..buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                if covered == 0 {
                    row.push_str(symbol);
                    covered = super::text::width(symbol);
                }
                covered -= usize::from(covered > 0);
            }
            screen.push_str(row.trim_end());
            screen.push('\n');
        }
        screen
    }
}
