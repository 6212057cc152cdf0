//! A conversation on the screen, and the lines of one: what was said, and what happened.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use jiff::civil::DateTime;
use msnp_client::Handle;

use super::editor::Editor;
use super::event::{ConversationId, EntryId, RoomId, Utterance};
use super::offers::Offer;

/// A tab.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) id: ConversationId,
    /// Who it is with: who is there, or was there last. Never empty.
    pub(crate) peers: Vec<Handle>,
    /// Where it is held.
    pub(crate) door: Door,
    /// Until when somebody counts as typing.
    pub(crate) typing: BTreeMap<Handle, Instant>,
    /// When one's own typing was told last.
    pub(crate) told_typing: Option<Instant>,
    /// Files that are offered, the newest last.
    pub(crate) offers: Vec<Offer>,
    pub(crate) log: Log,
}

/// Whether there is a room to speak in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// None: one is opened when something is said.
    Shut,
    /// They are being called; meanwhile, this is to be said.
    Opening(Vec<(EntryId, Utterance)>),
    Open(RoomId),
}

/// Lines, how far one has read, and what one is about to say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) entries: VecDeque<Entry>,
    /// How many came while nobody looked.
    pub(crate) unread: usize,
    /// The first that is new; a line is drawn before it until one looks elsewhere.
    pub(crate) new_from: Option<EntryId>,
    /// How many rows below are out of sight.
    pub(crate) scrolled: usize,
    pub(crate) draft: Editor,
}

/// Something in a log. Texts are clean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) when: DateTime,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// Somebody else says something.
    Theirs {
        from: Handle,
        name: String,
        words: String,
    },
    /// The same, while this account was away.
    Letter {
        from: Handle,
        name: String,
        words: String,
        left_at: String,
    },
    /// Oneself.
    Mine { words: String, delivery: Delivery },
    /// Something that must not be overlooked: a nudge.
    Loud(String),
    /// Something that happened.
    Notice(String),
}

/// How far something has come that one said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Underway,
    Delivered,
    /// As an offline message.
    Left,
    Failed(String),
}

impl Conversation {
    pub(crate) fn new(id: ConversationId, peers: Vec<Handle>) -> Self {
        Self {
            id,
            peers,
            door: Door::Shut,
            typing: BTreeMap::new(),
            told_typing: None,
            offers: Vec::new(),
            log: Log::default(),
        }
    }

    /// Whether it is with this one alone.
    pub(crate) fn is_with(&self, handle: &Handle) -> bool {
        matches!(&self.peers[..], [only] if only == handle)
    }

    pub(crate) fn room(&self) -> Option<RoomId> {
        match self.door {
            Door::Open(room) => Some(room),
            Door::Shut | Door::Opening(_) => None,
        }
    }
}

impl Log {
    /// Adds a line; the oldest go when there are too many.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        while self.entries.len() > ENTRIES {
            self.entries.pop_front();
        }
    }

    pub(crate) fn deliver(&mut self, id: EntryId, outcome: Delivery) {
        let mut entries = self.entries.iter_mut().rev();
        if let Some(entry) = entries.find(|entry| entry.id == id)
            && let What::Mine { delivery, .. } = &mut entry.what
        {
            *delivery = outcome;
        }
    }
}

/// How many lines a log keeps.
const ENTRIES: usize = 2000;
