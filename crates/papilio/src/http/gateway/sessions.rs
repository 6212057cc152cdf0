//! The sessions of the gateway: how one is found, how many there may be, how each ends
//! (services-other, 5).
//!
//! A session is a connection like any other, over a pipe instead of a socket. It is in the table
//! until its client has taken its last words, or nobody has asked for them for too long.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;

use super::pipe::{ClientEnd, Limits, pipe};
use crate::config;
use crate::listen::Reception;
use crate::per_address::TooMany;

/// The gateway. Cloning one is a reference count.
#[derive(Clone)]
pub struct Gateway {
    hall: Arc<Hall>,
}

struct Hall {
    reception: Reception,
    limits: Limits,
    /// How many there may be at once.
    most: usize,
    longest_poll: Duration,
    sessions: Mutex<HashMap<SessionId, ClientEnd>>,
    closing: AtomicBool,
}

/// What a client shows with each request. Whoever knows it has the session, so nobody can guess it,
/// and nothing shows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct SessionId(String);

/// A session, for whoever knows its id.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) client: ClientEnd,
}

/// Why no session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoSession {
    /// There are as many as there may be.
    #[error("there are too many sessions already")]
    Full,
    /// There are as many from this address as there may be.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Nobody may come from this address.
    #[error("banned")]
    Banned,
    /// The server is going down.
    #[error("the server is going down")]
    Closing,
}

impl Gateway {
    /// A gateway to what `reception` receives.
    pub fn new(settings: &config::Gateway, reception: Reception) -> Self {
        Self {
            hall: Arc::new(Hall {
                reception,
                limits: Limits {
                    queue: settings.queue.unwrap_or(usize::MAX),
                    idle: settings.idle.unwrap_or(NEVER),
                    patience: settings.longest_poll.unwrap_or(NEVER),
                },
                most: settings.sessions.unwrap_or(usize::MAX),
                longest_poll: settings.longest_poll.unwrap_or(NEVER),
                sessions: Mutex::default(),
                closing: AtomicBool::new(false),
            }),
        }
    }

    /// Opens no more sessions.
    pub fn close(&self) {
        self.hall.closing.store(true, Ordering::Relaxed);
    }

    /// Waits until every client has taken its session's last words; no longer than `patience`.
    pub async fn drain(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.sessions() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.hall.sessions.lock().len()
    }

    /// Where a client that came to `local` is to send its next request.
    pub(super) fn host(&self, local: SocketAddr) -> String {
        self.hall.reception.announcer.host(local)
    }

    /// How long a poll may be held that would be held for so long.
    pub(super) fn hold(&self, lifespan: Duration) -> Duration {
        lifespan.min(self.hall.longest_poll)
    }

    /// Opens a session.
    pub(super) fn open(&self, peer: IpAddr, local: SocketAddr) -> Result<Session, NoSession> {
        let hall = &self.hall;
        if hall.closing.load(Ordering::Relaxed) {
            return Err(NoSession::Closing);
        }
        let (server, client) = pipe(hall.limits);
        let id = SessionId::random();
        let listed = {
            let mut sessions = hall.sessions.lock();
            if sessions.len() >= hall.most {
                return Err(NoSession::Full);
            }
            sessions.insert(id.clone(), client.clone());
            Listed {
                hall: Arc::clone(hall),
                id: id.clone(),
            }
        };
        let (mut connection, counted) = hall.reception.receive_polled(server, peer, local)?;
        // Once it is among the connections, so that a ban of just now is seen by one or the other.
        if hall.reception.node.bans.refuse(peer, Timestamp::now()) {
            return Err(NoSession::Banned);
        }
        let end = client.clone();
        tokio::spawn(async move {
            let _listed = listed;
            let _counted = counted;
            connection.drive().await;
            drop(connection);
            end.over().await;
        });
        Ok(Session { id, client })
    }

    pub(super) fn find(&self, id: SessionId) -> Option<Session> {
        let client = self.hall.sessions.lock().get(&id).cloned()?;
        Some(Session { id, client })
    }

    /// The client knows that it is over.
    pub(super) fn forget(&self, id: &SessionId) {
        self.hall.sessions.lock().remove(id);
    }
}

/// In the table until this is dropped.
struct Listed {
    hall: Arc<Hall>,
    id: SessionId,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.hall.sessions.lock().remove(&self.id);
    }
}

impl SessionId {
    /// In the form of the historic ones: two numbers with a dot between.
    fn random() -> Self {
        Self(format!(
            "{}.{}",
            rand::random::<u64>(),
            rand::random::<u32>()
        ))
    }

    /// As a client says it; `None` for what no session has.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_like_ours = (1..=ID_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
        is_like_ours.then(|| Self(text.to_owned()))
    }

    /// For the client alone.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("sessions", &self.sessions())
            .finish_non_exhaustive()
    }
}

/// Two numbers of 64 and 32 bits, and the dot.
const ID_MAX: usize = 31;

/// Longer than any session lasts.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
