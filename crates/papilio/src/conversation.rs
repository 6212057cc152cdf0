//! Conversations: who is in each switchboard, who is being rung, and the cookies that let them in
//! (wire-msnp13, 8).
//!
//! ```text
//!   XFR SB -> cookie -> USR -> conversation <- ANS <- cookie <- RNG <- CAL
//! ```
//!
//! A conversation lives on the node that opened it, in memory: neither SQL nor another node is
//! touched once somebody was rung. A message is one frozen buffer per dialect, put into everybody's
//! mailbox, however many they are. Whoever sends faster than somebody else reads is held back until
//! that one has caught up or is gone (docs/decisions, 0009).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::error::ErrorCode;
use msnp::handle::Handle;
use msnp::server::switchboard::Fate;
use msnp::server::{Admitted, Company, Event, JoinError, render};
use msnp::wire::command::service::Calls;
use msnp::wire::command::switchboard::{Ack, ByeCause, Cookie, Member, SessionId};
use msnp::wire::param::{Param, TrId};
use msnp::wire::version::Dialect;
use parking_lot::{Mutex, RwLock};
use rand::RngExt;

use crate::directory::{Directory, Reached};
use crate::mailbox::{Mailbox, Post, Receipt};
use crate::metrics::METRICS;
use crate::store::account::AccountId;

/// What the operator decides about conversations.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long the cookie of an `XFR` is good.
    pub open_cookie: Duration,
    /// How long the cookie of a `RNG` is good, and its phone rings.
    pub ring_cookie: Duration,
    /// How many may be in one conversation. 0 = no limit.
    pub participants: usize,
    /// How many failed `CAL`s in a row until 713. 0 = no limit.
    pub failed_calls: u32,
    /// How many bytes may wait for one member until the others are held back. 0 = they never are.
    pub backlog: usize,
}

/// All conversations of this node.
#[derive(Debug)]
pub struct Conversations {
    settings: RwLock<Settings>,
    /// `settings.backlog`, for every message.
    backlog: AtomicUsize,
    registry: Mutex<Registry>,
}

#[derive(Debug)]
struct Registry {
    cookies: HashMap<Cookie, Admission>,
    open: HashMap<SessionId, Arc<Mutex<Conversation>>>,
    next: u32,
    swept: Instant,
}

/// What a cookie lets its holder do, once.
#[derive(Debug)]
struct Admission {
    account: AccountId,
    member: Member,
    dialect: &'static Dialect,
    /// The conversation to join; `None`: a new one.
    conversation: Option<SessionId>,
    expires: Instant,
}

#[derive(Debug)]
struct Conversation {
    id: SessionId,
    seated: Vec<Seated>,
    ringing: Vec<(AccountId, Instant)>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Over,
}

#[derive(Debug)]
struct Seated {
    account: AccountId,
    member: Member,
    dialect: &'static Dialect,
    mailbox: Arc<Mailbox>,
}

/// Whether everybody keeps up with what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// They do, or nobody has to wait for those who do not.
    Enough,
    /// Somebody has much waiting: say no more until [`Seat::poll_room`] is ready.
    Short,
}

/// A connection's place in a conversation. Dropping it leaves.
#[derive(Debug)]
pub struct Seat {
    conversations: Arc<Conversations>,
    conversation: Arc<Mutex<Conversation>>,
    account: AccountId,
    mailbox: Arc<Mailbox>,
    member: Member,
    failed_calls: u32,
}

impl Conversations {
    /// No conversation yet.
    pub fn new(settings: Settings, now: Instant) -> Arc<Self> {
        let registry = Registry {
            cookies: HashMap::new(),
            open: HashMap::new(),
            // Starting anywhere keeps the ids of two runs of the server apart.
            next: rand::rng().random_range(1..1 << 30),
            swept: now,
        };
        Arc::new(Self {
            backlog: AtomicUsize::new(settings.backlog),
            settings: RwLock::new(settings),
            registry: Mutex::new(registry),
        })
    }

    /// Lets other settings hold from now on, in conversations that are open as well.
    pub fn change_settings(&self, settings: Settings) {
        self.backlog.store(settings.backlog, Ordering::Relaxed);
        *self.settings.write() = settings;
    }

    fn settings(&self) -> Settings {
        *self.settings.read()
    }

    /// How many conversations there are.
    pub fn count(&self) -> usize {
        self.registry.lock().open.len()
    }

    /// `XFR SB`: a cookie to open a conversation with.
    pub fn admit(
        &self,
        account: AccountId,
        member: Member,
        dialect: &'static Dialect,
        now: Instant,
    ) -> Cookie {
        let expires = now + self.settings().open_cookie;
        self.registry.lock().issue(
            Admission {
                account,
                member,
                dialect,
                conversation: None,
                expires,
            },
            now,
        )
    }

    /// `USR`: opens a conversation. `None`: the cookie is not good, or not this handle's.
    pub fn enter(
        self: &Arc<Self>,
        handle: &Handle,
        cookie: &Cookie,
        mailbox: &Arc<Mailbox>,
        now: Instant,
    ) -> Option<(Seat, Admitted)> {
        let mut registry = self.registry.lock();
        let admission = registry.redeem(handle, cookie, now)?;
        if admission.conversation.is_some() {
            return None;
        }
        let id = registry.next_id();
        let seated = vec![admission.seated(mailbox)];
        let conversation = Conversation {
            id,
            seated,
            ringing: Vec::new(),
            state: State::Open,
        };
        let conversation = Arc::new(Mutex::new(conversation));
        registry.open.insert(id, Arc::clone(&conversation));
        drop(registry);
        METRICS.conversations_opened.increment(1);
        Some(self.seat(conversation, admission, mailbox))
    }

    /// `ANS`: joins a conversation, telling those in it. Returns who is there.
    pub fn join(
        self: &Arc<Self>,
        handle: &Handle,
        cookie: &Cookie,
        conversation: SessionId,
        mailbox: &Arc<Mailbox>,
        now: Instant,
    ) -> Result<(Seat, Admitted, Vec<Member>), JoinError> {
        let mut registry = self.registry.lock();
        let admission = registry
            .redeem(handle, cookie, now)
            .ok_or(JoinError::Cookie)?;
        if admission.conversation != Some(conversation) {
            return Err(JoinError::Conversation);
        }
        let found = registry
            .open
            .get(&conversation)
            .cloned()
            .ok_or(JoinError::Conversation)?;
        drop(registry);
        let mut open = found.lock();
        let most = self.settings().participants;
        let full = most != 0 && open.seated.len() >= most;
        if open.state == State::Over || full {
            return Err(JoinError::Conversation);
        }
        open.ringing
            .retain(|&(account, _)| account != admission.account);
        open.tell_others(mailbox, |dialect| {
            render::joined(&admission.member, dialect)
        });
        let there = open
            .seated
            .iter()
            .map(|seated| seated.member.clone())
            .collect();
        open.seated.push(admission.seated(mailbox));
        drop(open);
        let (seat, admitted) = self.seat(found, admission, mailbox);
        Ok((seat, admitted, there))
    }

    /// Ends an account's places in conversations, and forgets its cookies; how many places it had.
    pub fn end_seats(&self, account: AccountId) -> usize {
        let mut registry = self.registry.lock();
        registry
            .cookies
            .retain(|_, admission| admission.account != account);
        let open: Vec<_> = registry.open.values().cloned().collect();
        drop(registry);
        let end = |conversation: &Mutex<Conversation>| {
            let conversation = conversation.lock();
            let theirs = |seated: &&Seated| seated.account == account;
            let ended = conversation.seated.iter().filter(theirs).map(|seated| {
                // A full mailbox closes its connection, which is what the event is for.
                let _closing = seated.mailbox.put(Event::SignedOut);
            });
            ended.count()
        };
        open.iter().map(|conversation| end(conversation)).sum()
    }

    fn seat(
        self: &Arc<Self>,
        conversation: Arc<Mutex<Conversation>>,
        admission: Admission,
        mailbox: &Arc<Mailbox>,
    ) -> (Seat, Admitted) {
        let Admission {
            account,
            member,
            dialect,
            ..
        } = admission;
        let seat = Seat {
            conversations: Arc::clone(self),
            conversation,
            account,
            mailbox: Arc::clone(mailbox),
            member: member.clone(),
            failed_calls: 0,
        };
        (seat, Admitted { member, dialect })
    }
}

impl Admission {
    fn seated(&self, mailbox: &Arc<Mailbox>) -> Seated {
        Seated {
            account: self.account,
            member: self.member.clone(),
            dialect: self.dialect,
            mailbox: Arc::clone(mailbox),
        }
    }
}

impl Seat {
    /// `CAL`: rings somebody. The id of the conversation, or why not; offline, hidden, unknown and
    /// blocking are one answer, found in the same way.
    pub fn call(
        &mut self,
        handle: &Handle,
        directory: &Directory,
        now: Instant,
    ) -> Result<SessionId, ErrorCode> {
        let limit = self.conversations.settings().failed_calls;
        if limit != 0 && self.failed_calls >= limit {
            return Err(ErrorCode::TooActive);
        }
        if *handle == self.member.handle {
            return Err(ErrorCode::AlreadyThere);
        }
        let reached = directory.reach(self.account, handle);
        let conversation = self.conversation.lock();
        let there = |seated: &Seated| seated.member.handle == *handle;
        if conversation.seated.iter().any(there) {
            return Err(ErrorCode::AlreadyThere);
        }
        let Some(reached) = reached.filter(|reached| reached.calls == Calls::On) else {
            self.failed_calls += 1;
            return Err(ErrorCode::NotOnline);
        };
        drop(conversation);
        self.ring(reached, now)
    }

    /// Rings somebody who was found, by the rules of [`Directory::reach`] or by right of the service.
    pub(crate) fn ring(&mut self, reached: Reached, now: Instant) -> Result<SessionId, ErrorCode> {
        let settings = self.conversations.settings();
        let mut conversation = self.conversation.lock();
        conversation.ringing.retain(|&(_, until)| until > now);
        if conversation
            .ringing
            .iter()
            .any(|&(account, _)| account == reached.account)
        {
            return Err(ErrorCode::AlreadyThere);
        }
        let registry = &self.conversations.registry;
        let full = settings.participants != 0
            && conversation.seated.len() + conversation.ringing.len() >= settings.participants;
        if full {
            return Err(ErrorCode::TooActive);
        }
        let id = conversation.id;
        let expires = now + settings.ring_cookie;
        let admission = Admission {
            account: reached.account,
            member: reached.member,
            dialect: reached.dialect,
            conversation: Some(id),
            expires,
        };
        let cookie = registry.lock().issue(admission, now);
        let ring = render::ring(id, &reached.address, &cookie, &self.member, reached.dialect);
        if reached.mailbox.offer(Event::Frozen(ring)).is_err() {
            registry.lock().cookies.remove(&cookie);
            self.failed_calls += 1;
            return Err(ErrorCode::NotOnline);
        }
        conversation.ringing.push((reached.account, expires));
        self.failed_calls = 0;
        Ok(id)
    }

    /// `MSG`: one frozen buffer to everyone else. Whether it arrived is told by an event, if the
    /// sender asked; to nobody, it did not.
    pub fn relay(&self, trid: TrId, ack: Ack, message: &Bytes) -> Room {
        let conversation = self.conversation.lock();
        let others = || conversation.others(&self.mailbox);
        let copies = others().count();
        if copies == 0 {
            if let Some(event) = ack.outcome(trid, Fate::Lost) {
                // A sender whose own mailbox is full is about to be closed.
                let _closing = self.mailbox.put(event);
            }
            return Room::Enough;
        }
        let backlog = self.backlog();
        let mut room = Room::Enough;
        let mut frozen: Vec<(&'static Dialect, Bytes)> = Vec::with_capacity(1);
        let receipts = Receipt::for_copies(&self.mailbox, trid, ack, copies);
        for (other, receipt) in others().zip(receipts) {
            let plate = frozen
                .iter()
                .find(|(dialect, _)| std::ptr::eq(*dialect, other.dialect));
            let bytes = if let Some((_, bytes)) = plate {
                bytes.clone()
            } else {
                let bytes = render::message(&self.member, message, other.dialect);
                frozen.push((other.dialect, bytes.clone()));
                bytes
            };
            let post = Post {
                event: Event::Frozen(bytes),
                receipt,
            };
            // A copy that does not fit is lost, and its receipt says so.
            if let Ok(waiting) = other.mailbox.put_and_measure(post)
                && waiting > backlog
            {
                room = Room::Short;
            }
        }
        room
    }

    /// Ready when everybody else keeps up with what is said; woken then otherwise.
    pub fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let backlog = self.backlog();
        for other in self.conversation.lock().others(&self.mailbox) {
            // The first is enough: when there is room, all are asked again.
            ready!(other.mailbox.poll_room(backlog, cx));
        }
        Poll::Ready(())
    }

    fn backlog(&self) -> usize {
        match self.conversations.backlog.load(Ordering::Relaxed) {
            0 => usize::MAX,
            backlog => backlog,
        }
    }

    /// Whether others are here, or being rung.
    pub fn company(&self, now: Instant) -> Company {
        let conversation = self.conversation.lock();
        let rings = conversation.ringing.iter().any(|&(_, until)| until > now);
        if conversation.seated.len() > 1 || rings {
            Company::Others
        } else {
            Company::Alone
        }
    }

    /// Ends the conversation for everyone in it: each is told that each other has left, with the
    /// `1` that says for lack of talk.
    pub fn end_conversation(&self) {
        let mut conversation = self.conversation.lock();
        if conversation.state == State::Over {
            return;
        }
        conversation.state = State::Over;
        for seated in &conversation.seated {
            for other in conversation.others(&seated.mailbox) {
                let bytes = render::left(&other.member, ByeCause::Idle, seated.dialect);
                let _closing = seated.mailbox.put(Event::Frozen(bytes));
            }
            let _closing = seated.mailbox.put(Event::ConversationOver);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut conversation = self.conversation.lock();
        let place = |seated: &Seated| Arc::ptr_eq(&seated.mailbox, &self.mailbox);
        let Some(at) = conversation.seated.iter().position(place) else {
            return;
        };
        let gone = conversation.seated.remove(at);
        self.mailbox.release();
        if conversation.state == State::Open {
            conversation.tell_others(&self.mailbox, |dialect| {
                render::left(&gone.member, ByeCause::Left, dialect)
            });
        }
        if conversation.seated.is_empty() {
            conversation.state = State::Over;
            let id = conversation.id;
            drop(conversation);
            self.conversations.registry.lock().open.remove(&id);
        }
    }
}

impl Conversation {
    fn others<'a>(&'a self, mailbox: &'a Arc<Mailbox>) -> impl Iterator<Item = &'a Seated> {
        self.seated
            .iter()
            .filter(move |seated| !Arc::ptr_eq(&seated.mailbox, mailbox))
    }

    fn tell_others(&self, mailbox: &Arc<Mailbox>, bytes: impl Fn(&'static Dialect) -> Bytes) {
        for other in self.others(mailbox) {
            // A full mailbox closes its own connection.
            let _closing = other.mailbox.put(Event::Frozen(bytes(other.dialect)));
        }
    }
}

impl Registry {
    fn issue(&mut self, admission: Admission, now: Instant) -> Cookie {
        self.sweep(now);
        let mut random = rand::rng();
        loop {
            // Digits and dots are customary (wire-msnp13, 8.1); 128 random bits cannot be guessed.
            let [high, low]: [u64; 2] = random.random();
            let Ok(digits) = Param::new(&format!("{high}.{low}")) else {
                continue;
            };
            let cookie = Cookie(digits);
            if !self.cookies.contains_key(&cookie) {
                self.cookies.insert(cookie.clone(), admission);
                return cookie;
            }
        }
    }

    /// Takes a cookie out: it is good once, for its account, until it expires.
    fn redeem(&mut self, handle: &Handle, cookie: &Cookie, now: Instant) -> Option<Admission> {
        let admission = self.cookies.remove(cookie)?;
        (admission.member.handle == *handle && admission.expires > now).then_some(admission)
    }

    fn next_id(&mut self) -> SessionId {
        loop {
            // Clients read the id as a signed 32-bit number (wire-msnp13, 8.1, RNG).
            self.next = self.next % (i32::MAX as u32) + 1;
            let id = SessionId::new(self.next);
            if !self.open.contains_key(&id) {
                return id;
            }
        }
    }

    /// Forgets cookies that nobody used.
    fn sweep(&mut self, now: Instant) {
        if now.saturating_duration_since(self.swept) > Duration::from_secs(10) {
            self.swept = now;
            self.cookies.retain(|_, admission| admission.expires > now);
        }
    }
}
