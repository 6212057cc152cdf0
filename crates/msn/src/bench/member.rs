//! One account of the herd: a task that drives its session and does what is due.
//!
//! ```text
//!   pace -- Order --> mailbox -> member -- Session --> link
//!                        ^         |  +-- fetch (a task each) --+
//!                        |         +----- talk (a task each)    |
//!                        +---------------- Fetched -------------+
//! ```

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use msnp_client::msnp::client::service::book::{self, Credential};
use msnp_client::msnp::client::service::tickets::{self, Challenge, Tickets};
use msnp_client::msnp::client::service::{
    Reply, Service, ServiceError, ServiceRequest, membership,
};
use msnp_client::msnp::client::switchboard::Switchboard;
use msnp_client::msnp::client::{
    Ask, AskError, AskId, Closing, Effect, Event, FetchId, Input, Outcome, Session,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep_until;

use super::link::{Incoming, Link};
use super::plan::{Course, Deed};
use super::talk::{self, Entrance, Words};
use super::tally::Metric;
use super::world::World;

/// Something to do, and when it is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) deed: Deed,
    pub(super) due: Instant,
}

/// What comes into the mailbox of a member.
pub(super) enum Post {
    Order(Order),
    /// What a service answered; boxed, since mailboxes hold room for some.
    Fetched(Box<Fetched>),
    /// A ticket for the contacts.
    Credential(Credential),
}

pub(super) struct Fetched {
    /// Of which session of the account: an earlier one may have asked.
    session: u32,
    id: FetchId,
    outcome: Result<Reply, ServiceError>,
}

impl Order {
    /// What is due with it.
    pub(super) fn metrics(deed: Deed) -> &'static [Metric] {
        match deed {
            Deed::SignIn => &[Metric::SignIn],
            Deed::ComeBack => &[Metric::SignOut],
            Deed::Ping => &[Metric::Ping],
            Deed::Status => &[Metric::Status],
            Deed::OpenChat => &[Metric::ChatOpened],
            Deed::Say => &[Metric::Acknowledged],
            Deed::Ticket => &[Metric::Ticket],
            Deed::Read => &[Metric::AddressBook, Metric::Memberships],
        }
    }
}

/// One account.
pub(super) struct Member {
    world: Arc<World>,
    place: usize,
    mail: UnboundedReceiver<Post>,
    own: UnboundedSender<Post>,
    online: Option<Online>,
    /// Counts the sessions.
    session: u32,
    next_ask: u64,
    asked: HashMap<AskId, Asked>,
    /// When the pings were due that are not answered.
    pings: VecDeque<Instant>,
    changes: usize,
    talk: Option<Words>,
    credential: Option<Credential>,
}

struct Online {
    session: Session,
    link: Link,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    /// Since it was due.
    Arriving(Instant),
    Here,
}

enum Asked {
    Status(Instant),
    SignOut(Instant),
    Chat(Box<talk::Opening>),
}

impl Member {
    /// A member and the way to its mailbox.
    pub(super) fn new(world: Arc<World>, place: usize) -> (Self, UnboundedSender<Post>) {
        let (own, mail) = unbounded_channel();
        let member = Self {
            place,
            mail,
            own: own.clone(),
            online: None,
            session: 0,
            next_ask: 0,
            asked: HashMap::new(),
            pings: VecDeque::new(),
            // Not all change to the same.
            changes: place,
            talk: None,
            credential: None,
            world,
        };
        (member, own)
    }

    /// Does what is due, for ever.
    pub(super) async fn run(mut self) {
        loop {
            let Some(online) = &mut self.online else {
                match self.mail.recv().await {
                    Some(post) => self.take(post).await,
                    None => return,
                }
                continue;
            };
            let wake_at = online.session.wake_at();
            let waking = async {
                match wake_at {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                incoming = online.link.next() => {
                    let input = match incoming {
                        Incoming::Line(line) => {
                            if line.verb() == "QNG" && let Some(due) = self.pings.pop_front() {
                                self.world.tally.done(Metric::Ping, due);
                            }
                            Input::Line(line)
                        }
                        Incoming::Broken(error) => Input::Broken(error),
                        Incoming::End => Input::End,
                    };
                    self.feed(input).await;
                }
                post = self.mail.recv() => match post {
                    Some(post) => self.take(post).await,
                    None => return,
                },
                () = waking => self.feed(Input::Timer).await,
            }
        }
    }

    async fn take(&mut self, post: Post) {
        match post {
            Post::Order(order) => {
                self.world.tally.begun(order.due);
                self.carry_out(order).await;
            }
            Post::Fetched(fetched) => {
                let Fetched {
                    session,
                    id,
                    outcome,
                } = *fetched;
                if session == self.session {
                    self.feed(Input::Fetched { id, outcome }).await;
                }
            }
            Post::Credential(credential) => self.credential = Some(credential),
        }
    }

    async fn carry_out(&mut self, Order { deed, due }: Order) {
        match deed {
            Deed::SignIn => self.sign_in(due).await,
            Deed::Ticket => self.ask_for_ticket(due),
            Deed::Read => self.read(due),
            Deed::ComeBack => match self.here() {
                true => self.ask(Ask::SignOut, Asked::SignOut(due)).await,
                // It was lost before, and may be back now.
                false if self.online.is_none() => {
                    self.fail(deed, "not signed in");
                    self.world.tally.due(Metric::SignIn);
                    self.sign_in(Instant::now()).await;
                }
                false => self.fail(deed, "not signed in"),
            },
            _ if !self.here() => self.fail(deed, "not signed in"),
            Deed::Ping => {
                self.pings.push_back(due);
                self.write(b"PNG\r\n").await;
            }
            Deed::Status => {
                self.changes += 1;
                let status = World::status(self.changes);
                self.world.changes(self.place, status, due);
                self.ask(Ask::Status(status), Asked::Status(due)).await;
            }
            Deed::OpenChat => self.open_chat(Some(due), None).await,
            Deed::Say => {
                if let Some(words) = &self.talk
                    && words.send(due).is_ok()
                {
                    return;
                }
                self.world.tally.due(Metric::ChatOpened);
                self.open_chat(None, Some(due)).await;
            }
        }
    }

    fn here(&self) -> bool {
        let online = self.online.as_ref();
        online.is_some_and(|online| matches!(online.stage, Stage::Here))
    }

    fn fail(&self, deed: Deed, kind: impl std::fmt::Display) {
        for metric in Order::metrics(deed) {
            self.world.tally.failed(*metric, &kind);
        }
    }

    // ---- The session ---------------------------------------------------------------------------

    async fn sign_in(&mut self, due: Instant) {
        if self.online.is_some() {
            let tally = &self.world.tally;
            return tally.failed(Metric::SignIn, "signed in already");
        }
        let address = &self.world.plan.server;
        let link = match Link::open(address, self.world.source()).await {
            Ok(link) => link,
            Err(error) => {
                let kind = format!("cannot connect: {}", error.kind());
                return self.world.tally.failed(Metric::SignIn, kind);
            }
        };
        self.session += 1;
        self.online = Some(Online {
            session: Session::new(self.world.settings(self.place), Instant::now()),
            link,
            stage: Stage::Arriving(due),
        });
        self.feed(Input::Connected).await;
    }

    async fn ask(&mut self, ask: Ask, asked: Asked) {
        self.next_ask += 1;
        let id = AskId(self.next_ask);
        self.asked.insert(id, asked);
        self.feed(Input::Ask { id, ask }).await;
    }

    /// Hands the session its input, and whatever comes of it.
    async fn feed(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let Some(online) = &mut self.online else {
                return;
            };
            let session = std::mem::replace(&mut online.session, Session::Closed);
            let mut effects = Vec::new();
            online.session = session.handle(Instant::now(), input, &mut effects);
            // One write for all that is sent together.
            let mut out = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Send(bytes) => {
                        if bytes.starts_with(b"PNG") {
                            self.world.tally.due(Metric::Ping);
                            self.pings.push_back(Instant::now());
                        }
                        out.extend_from_slice(&bytes);
                    }
                    Effect::Fetch { id, request } => self.fetch(id, request),
                    Effect::Reconnect { address } => {
                        next = Some(self.reconnect(address.as_str()).await);
                    }
                    Effect::Event(event) => self.happened(event),
                    Effect::Done { id, outcome } => self.done(id, outcome),
                    Effect::Close(closing) => {
                        self.write(&out).await;
                        Box::pin(self.closed(closing)).await;
                        return;
                    }
                }
            }
            if !self.write(&out).await {
                next = Some(Input::End);
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> bool {
        match &mut self.online {
            Some(online) if !bytes.is_empty() => online.link.write(bytes).await.is_ok(),
            _ => true,
        }
    }

    async fn reconnect(&mut self, address: &str) -> Input {
        let source = self.world.source();
        match (Link::open(address, source).await, &mut self.online) {
            (Ok(link), Some(online)) => {
                online.link = link;
                Input::Connected
            }
            _ => Input::End,
        }
    }

    fn happened(&mut self, event: Event) {
        let tally = &self.world.tally;
        match event {
            Event::SignedIn => {
                let Some(online) = &mut self.online else {
                    return;
                };
                if let Stage::Arriving(due) = online.stage {
                    online.stage = Stage::Here;
                    tally.done(Metric::SignIn, due);
                    tally.signed_in(1);
                }
            }
            Event::Presence(handle) => {
                let Some(Online { session, stage, .. }) = &self.online else {
                    return;
                };
                let contact = session.contacts().and_then(|book| book.find(&handle));
                let presence = contact.and_then(|contact| contact.presence.as_ref());
                // What is seen on arrival changed some time ago.
                if let (Stage::Here, Some(presence)) = (stage, presence)
                    && let Some(due) = self.world.due_of(&handle, presence.status)
                {
                    tally.done(Metric::Seen, due);
                }
            }
            Event::Ringing(ring) => {
                let (words, said) = unbounded_channel();
                if self.talk.as_ref().is_none_or(Words::is_closed) {
                    self.talk = Some(words);
                }
                let address = ring.address.clone();
                let me = self.world.handles[self.place].clone();
                let switchboard = Switchboard::called(me, ring, Instant::now());
                let entrance = Entrance::Called;
                let world = Arc::clone(&self.world);
                let home = self.own.clone();
                tokio::spawn(async move {
                    talk::run(world, home, address.as_str(), switchboard, entrance, said).await;
                });
            }
            Event::Trouble(what) => tally.error(format!("session: {what}")),
            _ => {}
        }
    }

    fn done(&mut self, id: AskId, outcome: Result<Outcome, AskError>) {
        let tally = &self.world.tally;
        match (self.asked.remove(&id), outcome) {
            (Some(Asked::Status(due)), Ok(_)) => tally.done(Metric::Status, due),
            (Some(Asked::Status(_)), Err(error)) => tally.failed(Metric::Status, error),
            (Some(Asked::SignOut(due)), Ok(_)) => tally.done(Metric::SignOut, due),
            (Some(Asked::SignOut(_)), Err(error)) => tally.failed(Metric::SignOut, error),
            (Some(Asked::Chat(opening)), Ok(Outcome::Switchboard(referral))) => {
                let address = referral.address.clone();
                let me = self.world.handles[self.place].clone();
                let switchboard = Switchboard::opened(me, referral, Instant::now());
                let world = Arc::clone(&self.world);
                let home = self.own.clone();
                let talk::Opening { entrance, said } = *opening;
                tokio::spawn(async move {
                    talk::run(world, home, address.as_str(), switchboard, entrance, said).await;
                });
            }
            (Some(Asked::Chat(opening)), outcome) => {
                let kind = outcome.map_or_else(|error| error.to_string(), |_| "no answer".into());
                opening.failed(&self.world, &kind);
            }
            (None, _) => {}
        }
    }

    async fn closed(&mut self, closing: Closing) {
        let Some(online) = self.online.take() else {
            return;
        };
        let tally = &self.world.tally;
        for _ in self.pings.drain(..) {
            tally.failed(Metric::Ping, "the session ended");
        }
        // Whatever was asked was answered by the session, but for a write that failed.
        match (online.stage, closing) {
            (Stage::Arriving(_), Closing::SignIn(error)) => tally.failed(Metric::SignIn, error),
            (Stage::Arriving(_), closing) => tally.failed(Metric::SignIn, closing),
            (Stage::Here, closing) => {
                tally.signed_in(-1);
                if closing != Closing::SignedOut {
                    return tally.error(format!("session: {closing}"));
                }
                // Only to come back.
                tally.due(Metric::SignIn);
                self.sign_in(Instant::now()).await;
            }
        }
    }

    // ---- Conversations -------------------------------------------------------------------------

    /// `due`: of the conversation itself; `word`: of what is to be said in it.
    async fn open_chat(&mut self, due: Option<Instant>, word: Option<Instant>) {
        let (words, said) = unbounded_channel();
        if let Some(word) = word {
            // The other end is at hand.
            let _held = words.send(word);
        }
        self.talk = Some(words);
        let due = due.or(word).unwrap_or_else(Instant::now);
        let Some(partner) = self.world.partner(self.place).cloned() else {
            let opening = talk::Opening {
                entrance: Entrance::Called,
                said,
            };
            return opening.failed(&self.world, "nobody to talk to");
        };
        let entrance = Entrance::Opened { due, partner };
        let asked = Asked::Chat(Box::new(talk::Opening { entrance, said }));
        self.ask(Ask::OpenSwitchboard, asked).await;
    }

    // ---- Services ------------------------------------------------------------------------------

    /// For the session.
    fn fetch(&self, id: FetchId, request: ServiceRequest) {
        let metric = match request.service {
            Service::SignIn => Some(Metric::Ticket),
            Service::AddressBook => Some(Metric::AddressBook),
            Service::Sharing => Some(Metric::Memberships),
            _ => None,
        };
        if let Some(metric) = metric {
            self.world.tally.due(metric);
        }
        let keep = self.keeps_credential();
        let (world, home, session) = (Arc::clone(&self.world), self.own.clone(), self.session);
        tokio::spawn(async move {
            let asked = Instant::now();
            let outcome = world.http.fetch(request, &world.tally).await;
            match (metric, &outcome) {
                (Some(metric), Ok(reply)) if reply.status < 300 => {
                    world.tally.done(metric, asked);
                    if keep && metric == Metric::Ticket {
                        keep_credential(reply, &home);
                    }
                }
                (Some(metric), Ok(reply)) => {
                    let kind = format!("HTTP status {}", reply.status);
                    world.tally.failed(metric, kind);
                }
                (Some(metric), Err(error)) => world.tally.failed(metric, error),
                (None, _) => {}
            }
            let fetched = Fetched {
                session,
                id,
                outcome,
            };
            // The member may be gone with the worker.
            let _gone = home.send(Post::Fetched(Box::new(fetched)));
        });
    }

    /// Whether this account is going to read by itself.
    fn keeps_credential(&self) -> bool {
        let Course::Mix(deeds) = self.world.plan.scenario.course() else {
            return false;
        };
        self.credential.is_none() && deeds.iter().any(|(deed, _)| *deed == Deed::Read)
    }

    fn ask_for_ticket(&self, due: Instant) {
        let identity = self.world.identity(self.place);
        let request = Tickets::request(&identity, &Challenge::Tweener("id=507".to_owned()));
        let (world, home) = (Arc::clone(&self.world), self.own.clone());
        tokio::spawn(async move {
            let reply = world.http.fetch(request, &world.tally).await;
            match reply.and_then(|reply| Tickets::read(&reply).map(|_| reply)) {
                Ok(reply) => {
                    keep_credential(&reply, &home);
                    world.tally.done(Metric::Ticket, due);
                }
                Err(error) => world.tally.failed(Metric::Ticket, error),
            }
        });
    }

    /// Contacts and memberships at once, as clients do.
    fn read(&self, due: Instant) {
        let Some(credential) = &self.credential else {
            return self.fail(Deed::Read, "no ticket");
        };
        let requests = [
            (Metric::AddressBook, book::find_all(credential)),
            (Metric::Memberships, membership::find(credential)),
        ];
        for (metric, request) in requests {
            let world = Arc::clone(&self.world);
            tokio::spawn(async move {
                let reply = world.http.fetch(request, &world.tally).await;
                let read = reply.and_then(|reply| match metric {
                    Metric::Memberships => membership::read(&reply).map(drop),
                    _ => book::read(&reply).map(drop),
                });
                match read {
                    Ok(()) => world.tally.done(metric, due),
                    Err(error) => world.tally.failed(metric, error),
                }
            });
        }
    }
}

fn keep_credential(reply: &Reply, home: &UnboundedSender<Post>) {
    if let Ok(tickets) = Tickets::read(reply) {
        let ticket = tickets.first(&[tickets::CONTACTS, tickets::MESSENGER]);
        // The member may be gone with the worker.
        let _gone = home.send(Post::Credential(Credential::new(ticket)));
    }
}
