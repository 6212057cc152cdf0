//! The live view: who comes and goes, how the service is doing, and what operators do, as it happens.
//!
//! Each listener has a task that looks and hands on. What is handed on waits in a short queue; whoever
//! does not keep up loses the view, and costs nobody else anything.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::Timestamp;
use msnp::handle::Handle;
use serde::Serialize;
use tokio::sync::{broadcast, mpsc};
use tokio::time::MissedTickBehavior;
use utoipa::ToSchema;

use super::{AdminError, AuditView, Live, Office, Operator, Scope, Scopes, Statistics};
use crate::directory::Going;
use crate::store::StoreError;
use crate::store::audit::AuditNumber;
use crate::store::ban::BanSubject;

/// Something that happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum LiveEvent {
    /// A session began.
    SignedIn {
        /// Its number.
        session: u64,
        /// Whose.
        handle: String,
        /// Which version it speaks.
        version: String,
    },
    /// A session ended.
    SignedOut {
        /// Its number.
        session: u64,
        /// Whose.
        handle: String,
    },
    /// How the service is doing.
    Statistics(Statistics),
    /// What an operator did.
    Audit(AuditView),
    /// Nothing: for whoever wants to know that the view is still there.
    Beat,
}

/// A listener's end.
#[derive(Debug)]
pub struct LiveView {
    events: mpsc::Receiver<LiveEvent>,
    _place: Place,
}

/// A listener's place among those that there may be.
#[derive(Debug)]
struct Place(Arc<Live>);

impl Office {
    /// Opens a view. What its operator may not see is left out: each part needs the scope for reading
    /// it, and one of them at least must be there.
    pub async fn listen(&self, by: &Operator) -> Result<LiveView, AdminError> {
        let parts = [Scope::SessionsRead, Scope::StatisticsRead, Scope::AuditRead];
        if !parts.iter().any(|&scope| by.scopes.allow(scope)) {
            self.permit_reading(by, Scope::StatisticsRead, "events.listen", "")
                .await?;
        }
        let live = self.live()?;
        if live.listeners.fetch_add(1, Ordering::Relaxed) >= self.settings.listeners {
            live.listeners.fetch_sub(1, Ordering::Relaxed);
            let full = "as many listen to the live view as may".to_owned();
            return Err(AdminError::TooMany(full));
        }
        let place = Place(Arc::clone(live));
        let seen = self.store.last_audit().await?;
        let (sender, events) = mpsc::channel(BEHIND);
        let looking = Looking {
            office: self.clone(),
            live: Arc::clone(live),
            by: by.clone(),
            seen,
            sender,
        };
        tokio::spawn(looking.look(live.node.directory.onlook()));
        Ok(LiveView {
            events,
            _place: place,
        })
    }
}

impl LiveView {
    /// What happens next; `None` when the view is over.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        self.events.recv().await
    }

    /// The same, for whoever polls.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<LiveEvent>> {
        self.events.poll_recv(cx)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The listener does not keep up, or is gone.
struct Gone;

struct Looking {
    office: Office,
    live: Arc<Live>,
    by: Operator,
    seen: AuditNumber,
    sender: mpsc::Sender<LiveEvent>,
}

impl Looking {
    async fn look(mut self, mut going: broadcast::Receiver<Going>) {
        let mut rounds = tokio::time::interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut round = 0_u64;
        loop {
            let handed = tokio::select! {
                () = self.sender.closed() => return,
                gone = going.recv() => match gone {
                    Ok(gone) => self.tell(gone),
                    // So far behind that some were lost, or the node is gone.
                    Err(_) => return,
                },
                _ = rounds.tick() => {
                    let handed = self.round(round).await;
                    round += 1;
                    handed
                }
            };
            if handed.is_err() {
                return;
            }
        }
    }

    fn tell(&self, gone: Going) -> Result<(), Gone> {
        if !self.by.scopes.allow(Scope::SessionsRead) {
            return Ok(());
        }
        let (session, handle) = (gone.session.0, gone.handle.to_string());
        self.hand(match gone.came {
            Some(version) => LiveEvent::SignedIn {
                session,
                handle,
                version: version.to_string(),
            },
            None => LiveEvent::SignedOut { session, handle },
        })
    }

    async fn round(&mut self, round: u64) -> Result<(), Gone> {
        if self.live.node.is_stopping() || !self.may_stay().await {
            return Err(Gone);
        }
        if self.by.scopes.allow(Scope::AuditRead) {
            // A database that does not answer now may do so in the next round.
            let entries = self.office.store.audit_after(self.seen, AT_ONCE).await;
            for entry in entries.unwrap_or_default() {
                self.seen = entry.number;
                self.hand(LiveEvent::Audit(entry.into()))?;
            }
        }
        if round.is_multiple_of(STATISTICS_ROUNDS)
            && self.by.scopes.allow(Scope::StatisticsRead)
            && let Ok(statistics) = self.office.statistics(&self.by).await
        {
            self.hand(LiveEvent::Statistics(statistics))?;
        }
        if round.is_multiple_of(BEAT_ROUNDS) {
            self.hand(LiveEvent::Beat)?;
        }
        Ok(())
    }

    /// Whether the operator still may do what they could when they began to listen.
    async fn may_stay(&self) -> bool {
        let now = match &self.by.who {
            super::Who::CommandLine { .. } => return true,
            super::Who::Token(name) => self
                .office
                .store
                .token_by_name(name)
                .await
                .map(|record| record.map(|record| (record.scopes, record.expires))),
            super::Who::Account(handle) => {
                let scopes = self.scopes_of(handle).await;
                scopes.map(|scopes| scopes.map(|scopes| (scopes, None)))
            }
        };
        match now {
            Ok(Some((scopes, expires))) => {
                scopes.include(self.by.scopes)
                    && expires.is_none_or(|expires| expires > Timestamp::now())
            }
            Ok(None) => false,
            // Nobody knows just now.
            Err(_) => true,
        }
    }

    /// What an account may do, if it may sign in.
    async fn scopes_of(&self, handle: &Handle) -> Result<Option<Scopes>, StoreError> {
        let store = &self.office.store;
        let subject = BanSubject::Account(handle.clone());
        if store.ban_on(&subject, Timestamp::now()).await?.is_some() {
            return Ok(None);
        }
        match store.account_by_handle(handle).await? {
            Some(account) if !account.disabled => store.operator_scopes(account.id).await,
            _ => Ok(None),
        }
    }

    fn hand(&self, event: LiveEvent) -> Result<(), Gone> {
        self.sender.try_send(event).map_err(|_| Gone)
    }
}

/// How often is looked.
const ROUND: Duration = Duration::from_secs(1);

/// How many rounds there are from one look at how the service is doing to the next.
const STATISTICS_ROUNDS: u64 = 3;

/// How many rounds there are from one beat to the next.
const BEAT_ROUNDS: u64 = 15;

/// How many events a listener may be behind.
const BEHIND: usize = 256;

/// How many entries of the audit log are handed on in a round.
const AT_ONCE: u32 = 100;
