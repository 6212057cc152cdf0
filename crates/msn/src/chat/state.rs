//! All that the screen shows. Changed by [`update`](super::update) alone, shown by
//! `draw`; neither knows of sockets or terminals.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use msnp_client::{ContactBook, Handle, Status};
use ratatui::layout::Size;

use super::complete::Completion;
use super::conversation::{Conversation, Entry, Log, What};
use super::draw;
use super::editor::{Editor, Past};
use super::event::{Attention, ConversationId, EntryId, Now, RoomId};
use super::people::{Absent, Heading, People, Row, RowKey};
use super::text;

/// All that the screen shows.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) me: Me,
    pub(crate) people: People,
    pub(crate) conversations: Vec<Conversation>,
    /// The first tab: what happened that belongs to no conversation.
    pub(crate) notices: Log,
    pub(crate) shown: Tab,
    pub(crate) focus: Focus,
    pub(crate) selected: Option<RowKey>,
    pub(crate) folded: BTreeSet<Heading>,
    pub(crate) absent: Absent,
    pub(crate) questions: VecDeque<Question>,
    pub(crate) link: Link,
    pub(crate) toast: Option<Toast>,
    pub(crate) completion: Option<Completion>,
    pub(crate) size: Size,
    pub(crate) now: Now,
    /// While a nudge shakes the window.
    pub(crate) shaking_until: Option<Instant>,
    pub(super) rooms: BTreeMap<RoomId, Room>,
    pub(super) attention: Attention,
    pub(super) past: Past,
    /// Those who are not to be asked about again.
    pub(super) put_off: BTreeSet<Handle>,
    /// Until when nobody is said to have come: right after sign-in, everybody does.
    pub(super) quiet_until: Instant,
    pub(super) quit_asked: Option<Instant>,
    pub(super) rung_at: Option<Instant>,
    next: u64,
}

/// Oneself, as one appears.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) handle: Handle,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Notices,
    Conversation(ConversationId),
}

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    Line,
    People,
}

/// Somebody put this account on their list: what about them?
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) handle: Handle,
    pub(crate) name: String,
    pub(crate) asked_at: Instant,
}

/// The connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Up,
    /// Lost; the library comes back at this time.
    Waiting {
        reason: String,
        until: Instant,
    },
    /// For good.
    Over {
        reason: String,
    },
}

/// A word at the lower edge, for a while.
#[derive(Clone, Debug)]
pub(crate) struct Toast {
    pub(crate) words: String,
    pub(crate) until: Instant,
}

/// A conversation on the server.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    pub(super) members: Vec<Handle>,
    /// Where it is shown; a room in which nobody said anything need not be.
    pub(super) conversation: Option<ConversationId>,
}

impl State {
    /// What is shown first.
    pub(crate) fn new(
        me: Handle,
        status: Status,
        book: &ContactBook,
        size: Size,
        now: Now,
    ) -> Self {
        let name = text::line(&book.me.name);
        let mut state = Self {
            me: Me {
                name: if name.is_empty() {
                    me.to_string()
                } else {
                    name
                },
                handle: me,
                status,
                message: String::new(),
            },
            people: People::default(),
            conversations: Vec::new(),
            notices: Log::default(),
            shown: Tab::Notices,
            focus: Focus::People,
            selected: None,
            folded: BTreeSet::new(),
            absent: Absent::Listed,
            questions: VecDeque::new(),
            link: Link::Up,
            toast: None,
            completion: None,
            size,
            now,
            shaking_until: None,
            rooms: BTreeMap::new(),
            attention: Attention::Here,
            past: Past::default(),
            put_off: BTreeSet::new(),
            quiet_until: now.at + QUIET,
            quit_asked: None,
            rung_at: None,
            next: 1,
        };
        state.take_over(book);
        let rows = state.people.rows(&state.folded, state.absent);
        let mut persons = rows.iter().filter(|row| matches!(row, Row::Person { .. }));
        state.selected = persons.next().map(Row::key);
        for line in [
            "You are signed in. What happens outside conversations is told here.",
            "Choose a contact and press Enter, or write /msg and an address. F1 is help.",
        ] {
            state.tell(line);
        }
        state
    }

    /// When something changes by itself: a [`Tick`](super::event::Event::Tick) is wanted then.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let typing = self
            .conversations
            .iter()
            .flat_map(|one| one.typing.values());
        let shaking = self
            .shaking_until
            .map(|until| until.min(self.now.at + SHAKE));
        let counting = match &self.link {
            Link::Waiting { until, .. } if *until > self.now.at => {
                Some((self.now.at + SECOND).min(*until))
            }
            _ => None,
        };
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let others = [shaking, counting, toast].into_iter().flatten();
        typing.copied().chain(others).min()
    }

    pub(crate) fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.conversations.iter().find(|one| one.id == id)
    }

    pub(super) fn conversation_mut(&mut self, id: ConversationId) -> Option<&mut Conversation> {
        self.conversations.iter_mut().find(|one| one.id == id)
    }

    /// The conversation that is looked at.
    pub(crate) fn shown_conversation(&self) -> Option<&Conversation> {
        match self.shown {
            Tab::Notices => None,
            Tab::Conversation(id) => self.conversation(id),
        }
    }

    /// The log that is looked at.
    pub(crate) fn log(&self) -> &Log {
        self.shown_conversation()
            .map_or(&self.notices, |conversation| &conversation.log)
    }

    pub(super) fn log_mut(&mut self) -> &mut Log {
        match self.shown {
            Tab::Conversation(id) => {
                let at = self.conversations.iter().position(|one| one.id == id);
                match at {
                    Some(at) => &mut self.conversations[at].log,
                    None => &mut self.notices,
                }
            }
            Tab::Notices => &mut self.notices,
        }
    }

    /// What is being written.
    pub(crate) fn draft(&self) -> &Editor {
        &self.log().draft
    }

    /// All tabs, in their order.
    pub(crate) fn tabs(&self) -> impl Iterator<Item = Tab> {
        let conversations = self.conversations.iter();
        std::iter::once(Tab::Notices).chain(conversations.map(|one| Tab::Conversation(one.id)))
    }

    /// Where a tab stands, the first being 0.
    pub(crate) fn place_of(&self, tab: Tab) -> usize {
        self.tabs().position(|one| one == tab).unwrap_or(0)
    }

    /// What a conversation is called.
    pub(crate) fn title_of(&self, conversation: &Conversation) -> String {
        let names = conversation.peers.iter();
        let names: Vec<_> = names.map(|handle| self.people.name_of(handle)).collect();
        names.join(", ")
    }

    /// How many things nobody looked at yet.
    pub(crate) fn unread_of(&self, handle: &Handle) -> usize {
        let theirs = self.conversations.iter().filter(|one| one.is_with(handle));
        theirs.map(|one| one.log.unread).sum()
    }

    /// Whether a letter can be the answer to a question, because nothing would be said with it.
    pub(crate) fn letters_answer(&self) -> bool {
        let nowhere = self.focus == Focus::People || self.shown == Tab::Notices;
        nowhere && self.draft().is_empty()
    }

    /// Begins with a conversation with somebody.
    pub(crate) fn begin_with(&mut self, handle: &Handle) {
        let id = self.conversation_with(handle);
        self.look_at(Tab::Conversation(id));
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Says something at the lower edge.
    pub(super) fn toast(&mut self, words: impl Into<String>) {
        self.toast = Some(Toast {
            words: words.into(),
            until: self.now.at + TOAST,
        });
    }

    /// What was said at the lower edge was read, if it stood there long enough.
    pub(super) fn let_toast_go(&mut self) {
        let now = self.now.at;
        self.toast
            .take_if(|toast| toast.until <= now + TOAST - READ);
    }

    /// Writes something down among the notices.
    pub(super) fn tell(&mut self, words: impl Into<String>) {
        self.write(Tab::Notices, What::Notice(words.into()));
    }

    /// Writes something into a log.
    pub(super) fn write(&mut self, tab: Tab, what: What) -> EntryId {
        let id = EntryId(self.next_id());
        let entry = Entry {
            id,
            when: self.now.clock,
            what,
        };
        let rows = draw::plan(self).map_or(1, |plan| draw::rows_of(self, &entry, plan.log.width));
        let looked_at = self.is_looked_at(tab);
        let log = match tab {
            Tab::Notices => &mut self.notices,
            Tab::Conversation(id) => match self.conversations.iter_mut().find(|one| one.id == id) {
                Some(conversation) => &mut conversation.log,
                None => &mut self.notices,
            },
        };
        let news = matches!(
            entry.what,
            What::Theirs { .. } | What::Letter { .. } | What::Loud(_)
        );
        if news && !looked_at {
            log.unread += 1;
            log.new_from.get_or_insert(id);
        }
        if log.scrolled > 0 {
            log.scrolled += rows;
        }
        log.push(entry);
        id
    }

    /// Turns to a tab.
    pub(super) fn look_at(&mut self, tab: Tab) {
        if tab != self.shown {
            self.log_mut().new_from = None;
        }
        self.completion = None;
        self.toast = None;
        self.past.leave();
        self.shown = tab;
        self.focus = Focus::Line;
        self.seen();
    }

    /// What is shown was looked at.
    pub(super) fn seen(&mut self) {
        if self.is_looked_at(self.shown) {
            self.log_mut().unread = 0;
        }
    }

    fn is_looked_at(&self, tab: Tab) -> bool {
        let covered = self.focus == Focus::People
            && draw::plan(self)
                .is_some_and(|plan| plan.people.is_some_and(|people| people == plan.body));
        self.shown == tab && self.attention == Attention::Here && !covered
    }

    /// The tab with somebody, made if there is none.
    pub(super) fn conversation_with(&mut self, handle: &Handle) -> ConversationId {
        let existing = self.conversations.iter().find(|one| one.is_with(handle));
        match existing {
            Some(conversation) => conversation.id,
            None => self.new_conversation(vec![handle.clone()]),
        }
    }

    pub(super) fn new_conversation(&mut self, peers: Vec<Handle>) -> ConversationId {
        let id = ConversationId(self.next_id());
        self.conversations.push(Conversation::new(id, peers));
        id
    }

    /// Takes over lists that were read anew.
    pub(super) fn take_over(&mut self, book: &ContactBook) {
        use msnp_client::msnp::roster::Lists;
        self.people = People::new(book);
        let name = text::line(&book.me.name);
        if !name.is_empty() {
            self.me.name = name;
        }
        let answered = Lists::ALLOW | Lists::BLOCK | Lists::FORWARD;
        let waits = |lists: Lists| lists.contains(Lists::PENDING) && !lists.intersects(answered);
        let people = &self.people;
        self.questions.retain(|question| {
            let person = people.find(&question.handle);
            person.is_some_and(|person| waits(person.lists))
        });
        let mut asked = Vec::new();
        for person in people.persons.values().filter(|one| waits(one.lists)) {
            let known = self.questions.iter().any(|one| one.handle == person.handle);
            if !known && !self.put_off.contains(&person.handle) {
                asked.push(Question {
                    handle: person.handle.clone(),
                    name: person.name.clone(),
                    asked_at: self.now.at,
                });
            }
        }
        self.questions.extend(asked);
    }
}

const QUIET: Duration = Duration::from_secs(4);
const TOAST: Duration = Duration::from_secs(8);
/// How long it takes to read a toast.
const READ: Duration = Duration::from_secs(2);
const SECOND: Duration = Duration::from_secs(1);
/// How long the window stands still between two moves.
pub(crate) const SHAKE: Duration = Duration::from_millis(70);
