//! The node: what all connections of one server share (DESIGN, 7: node).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use msnp::server::{Door, Event, Nonce, Place, Policy, Session};
use msnp::wire::line::{Codec, Limits, Side};
use msnp::wire::param::Param;
use parking_lot::{Mutex, RwLock};

use crate::bans::Bans;
use crate::connection::driver::Driver;
use crate::conversation::{self, Conversations};
use crate::directory::{Directory, ListLimits};
use crate::mailbox::Mailbox;
use crate::maintenance::Maintenance;
use crate::metrics::METRICS;
use crate::turns::Turns;
use crate::wire_log::WireLog;

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// About sessions.
    pub policy: Policy,
    /// About bytes.
    pub wire: Limits,
    /// About conversations.
    pub conversations: conversation::Settings,
    /// About contact lists.
    pub lists: ListLimits,
    /// The most that may wait for one connection, in bytes. 0 = no limit.
    pub mailbox: usize,
    /// How long a client may take over a portion of what it is sent.
    pub unread: Duration,
}

/// Everything in memory that connections share.
#[derive(Debug)]
pub struct Node {
    /// Who is signed in, and who watches whom.
    pub directory: Directory,
    /// Who talks to whom.
    pub conversations: Arc<Conversations>,
    /// Whether this node goes down soon.
    pub maintenance: Maintenance,
    /// From where nobody may come.
    pub bans: Arc<Bans>,
    /// Held from a change of stored lists until the directory knows of it.
    pub roster_turn: tokio::sync::Mutex<()>,
    /// Whose connections are written down.
    pub wire_log: WireLog,
    /// Whose turn it is at the address book and sharing services.
    pub turns: Turns,
    policies: RwLock<Policies>,
    sizes: Sizes,
    connections: Mutex<HashMap<ConnectionId, Caller>>,
    last_connection: AtomicU64,
    stopping: AtomicBool,
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Where post for it waits.
    pub mailbox: Arc<Mailbox>,
    /// Where it comes from.
    pub peer: IpAddr,
    /// Since when, in seconds since 1970.
    pub since: i64,
}

/// What new sessions go by.
#[derive(Clone, Debug)]
struct Policies {
    usual: Arc<Policy>,
    /// For clients that poll.
    polled: Arc<Policy>,
}

/// What every line and every write is held to: read without a lock, since that is often.
#[derive(Debug, Default)]
struct Sizes {
    line: AtomicUsize,
    message: AtomicUsize,
    payload: AtomicUsize,
    mailbox: AtomicUsize,
    /// In milliseconds.
    unread: AtomicU64,
    /// In milliseconds.
    rest: AtomicU64,
}

/// The number of a connection, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    #[cfg(test)]
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }
}

impl std::fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Node {
    /// A node on which nobody is signed in.
    pub fn new(settings: Settings) -> Arc<Self> {
        let sizes = Sizes::default();
        sizes.change(&settings);
        Arc::new(Self {
            directory: Directory::new(settings.lists),
            conversations: Conversations::new(settings.conversations, Instant::now()),
            maintenance: Maintenance::default(),
            bans: Arc::default(),
            roster_turn: tokio::sync::Mutex::default(),
            wire_log: WireLog::default(),
            turns: Turns::default(),
            policies: RwLock::new(Policies::of(settings.policy)),
            sizes,
            connections: Mutex::default(),
            last_connection: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        })
    }

    /// Lets other settings hold from now on: for sessions that begin, what concerns sessions; for
    /// all, what concerns lines, lists and conversations.
    pub fn change(&self, settings: Settings) {
        self.sizes.change(&settings);
        self.directory.change_limits(settings.lists);
        self.conversations.change_settings(settings.conversations);
        *self.policies.write() = Policies::of(settings.policy);
    }

    /// How long a client may be silent in the middle of a command.
    pub fn rest_deadline(&self) -> Duration {
        Duration::from_millis(self.sizes.rest.load(Ordering::Relaxed))
    }

    /// How long a client may take over a portion of what it is sent.
    pub fn unread_deadline(&self) -> Duration {
        Duration::from_millis(self.sizes.unread.load(Ordering::Relaxed))
    }

    /// How clients' bytes are cut into lines.
    pub fn codec(&self) -> Codec {
        Codec::new(Side::Client, self.sizes.wire())
    }

    /// A session for a connection that was just accepted, at `door`, from `peer`; `address` is the
    /// one to announce to this client.
    pub fn open(
        self: &Arc<Self>,
        door: Door,
        address: Param,
        peer: SocketAddr,
        now: Instant,
    ) -> Driver {
        let policy = Arc::clone(&self.policies.read().usual);
        self.open_under(policy, door, address, peer, now)
    }

    /// The same for a client that polls. It need not say anything to show that it is there: it polls
    /// (wire-msnp13, 10). It is for whoever is polled to notice when it stops.
    pub fn open_polled(
        self: &Arc<Self>,
        door: Door,
        address: Param,
        peer: SocketAddr,
        now: Instant,
    ) -> Driver {
        let policy = Arc::clone(&self.policies.read().polled);
        self.open_under(policy, door, address, peer, now)
    }

    fn open_under(
        self: &Arc<Self>,
        policy: Arc<Policy>,
        door: Door,
        address: Param,
        peer: SocketAddr,
        now: Instant,
    ) -> Driver {
        let id = ConnectionId(self.last_connection.fetch_add(1, Ordering::Relaxed) + 1);
        METRICS.connections_accepted.increment(1);
        let mailbox = Mailbox::new(self.sizes.mailbox.load(Ordering::Relaxed));
        let seconds = Timestamp::now().as_second();
        let caller = Caller {
            mailbox: Arc::clone(&mailbox),
            peer: peer.ip().to_canonical(),
            since: seconds,
        };
        self.connections.lock().insert(id, caller);
        let nonce = Nonce {
            now: u64::try_from(seconds).unwrap_or(0),
            random: rand::random(),
        };
        let place = Place {
            door,
            address: address.clone(),
        };
        let session = Session::open(policy, place, nonce, now);
        Driver::new(Arc::clone(self), id, session, mailbox, address, peer)
    }

    /// A connection is over.
    pub(crate) fn forget(&self, id: ConnectionId) {
        self.connections.lock().remove(&id);
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.connections.lock().len()
    }

    /// From now on whoever asks is told that this node is going down.
    pub fn prepare_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether this node is going down.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Who is connected now.
    pub fn callers(&self) -> impl Iterator<Item = Caller> + use<> {
        let callers: Vec<_> = self.connections.lock().values().cloned().collect();
        callers.into_iter()
    }

    /// Ends the connections that come from where nobody may come from; how many there were.
    pub fn end_banned(&self, now: Timestamp) -> usize {
        self.callers()
            .filter(|caller| self.bans.refuse(caller.peer, now))
            // A full mailbox closes its connection, which is what the event is for.
            .map(|caller| caller.mailbox.put(Event::SignedOut).is_ok())
            .filter(|&told| told)
            .count()
    }

    /// Tells every session that the server is going down.
    pub fn shut_down(&self) {
        let mailboxes: Vec<_> = self.callers().map(|caller| caller.mailbox).collect();
        // All are told before the first goes, so that nobody hears of the others' going.
        for mailbox in &mailboxes {
            // One whose mailbox is full or closed is going already.
            let _going = mailbox.put_quietly(Event::ShuttingDown);
        }
        for mailbox in mailboxes {
            mailbox.wake();
        }
    }
}

impl Policies {
    fn of(policy: Policy) -> Self {
        Self {
            polled: Arc::new(Policy {
                notification_idle: NEVER,
                ..policy.clone()
            }),
            usual: Arc::new(policy),
        }
    }
}

impl Sizes {
    fn change(&self, settings: &Settings) {
        let millis = |period: Duration| u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
        let Limits {
            line,
            message,
            payload,
        } = settings.wire;
        self.line.store(line, Ordering::Relaxed);
        self.message.store(message, Ordering::Relaxed);
        self.payload.store(payload, Ordering::Relaxed);
        self.mailbox.store(settings.mailbox, Ordering::Relaxed);
        self.unread
            .store(millis(settings.unread), Ordering::Relaxed);
        let rest = settings.policy.rest_deadline;
        self.rest.store(millis(rest), Ordering::Relaxed);
    }

    fn wire(&self) -> Limits {
        Limits {
            line: self.line.load(Ordering::Relaxed),
            message: self.message.load(Ordering::Relaxed),
            payload: self.payload.load(Ordering::Relaxed),
        }
    }
}

/// Longer than any session lasts.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
