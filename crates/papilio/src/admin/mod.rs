//! The acts of an operator: one file for each noun, called by the admin API, the pages of operators and
//! the command line alike.
//!
//! ```text
//!   http::admin, pages --+                       +--> store    the change and its entry in the audit
//!                        +--> Office: may they? --+             log: one transaction
//!   cli -----------------+      |                +--> Live     who is signed in here, if this process serves
//!                               +--> audit: done, refused, failed
//! ```
//!
//! What changes the database works from any process; whoever serves looks for such news every few
//! seconds, and this process does so at once. What is about sessions needs the process that has them.

mod accounts;
mod audit;
mod bans;
mod broadcasts;
mod invitations;
mod links;
mod live;
mod operator;
mod operators;
mod sessions;
mod statistics;
mod tokens;
mod view;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tracing::{info, warn};

use crate::config::{Config, SiteAddress};
use crate::password::{PasswordError, Passwords};
use crate::store::account::Account;
use crate::store::audit::{NewAuditEntry, Outcome};
use crate::store::{Store, StoreError};

pub use crate::store::scope::{Scope, Scopes, UnknownScope};
pub use accounts::{AccountChange, AccountDetails, AccountSummary, AccountToMake, ListSizes};
pub use audit::AuditView;
pub use bans::{BanToMake, BanView};
pub use broadcasts::{BroadcastView, MaintenanceView, Then};
pub use invitations::{InvitationToMake, InvitationView, NewInvitationView};
pub use links::{PasswordLink, RESET_PAGE};
pub use live::Live;
pub use operator::{Operator, Who};
pub use operators::OperatorView;
pub use sessions::{MessageOutcome, SessionView};
pub use statistics::Statistics;
pub use tokens::{NewToken, TokenToMake, TokenView};
pub use view::{LiveEvent, LiveView};

/// Where an operator's acts are done. Cloning one is a few reference counts.
#[derive(Clone, Debug)]
pub struct Office {
    store: Store,
    passwords: Passwords,
    settings: Arc<Settings>,
    live: Option<Arc<Live>>,
}

/// What is configured about operators' acts.
#[derive(Clone, Debug)]
struct Settings {
    /// How long a text may be, in characters.
    text: Option<usize>,
    sender_name: String,
    /// Where people's pages are.
    pages: Option<SiteAddress>,
    reset_lifetime: Option<Duration>,
    /// How many may listen to the live view.
    listeners: usize,
}

/// Why an act was not done. Each says so in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The operator may not do this.
    #[error("this needs the scope {0}")]
    Forbidden(Scope),
    /// The operator may not do this to another who may do more.
    #[error("{0} is an operator who may do what you may not")]
    Above(String),
    /// It is not there.
    #[error("{0}")]
    NotFound(String),
    /// It is there already, or in the way.
    #[error("{0}")]
    Conflict(String),
    /// It was asked for in a way that makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// There are as many as there may be.
    #[error("{0}")]
    TooMany(String),
    /// It is about sessions, and no server runs here.
    #[error("no server is running here")]
    NotRunning,
    /// The database does not answer.
    #[error("the service cannot do this now: try again")]
    Unavailable(#[source] StoreError),
    /// There is too much to do.
    #[error("the service has too much to do: try again")]
    Busy(#[source] PasswordError),
}

/// An act before it is done: who does what to whom.
struct Act<'a> {
    by: &'a Operator,
    scope: Scope,
    name: &'static str,
    subject: String,
    details: Value,
}

impl Office {
    /// For a process that serves (`live`), or for one that works on the database alone.
    pub fn new(
        store: Store,
        passwords: Passwords,
        config: &Config,
        live: Option<Arc<Live>>,
    ) -> Self {
        Self {
            store,
            passwords,
            settings: Arc::new(Settings::of(config)),
            live,
        }
    }

    /// The same with other settings.
    pub fn with_settings(&self, config: &Config) -> Self {
        Self {
            settings: Arc::new(Settings::of(config)),
            ..self.clone()
        }
    }

    /// The process that serves, if it is this one.
    fn live(&self) -> Result<&Arc<Live>, AdminError> {
        self.live.as_ref().ok_or(AdminError::NotRunning)
    }

    /// Lets what others have changed hold at once in this process, which it otherwise would in a few
    /// seconds.
    pub async fn look_now(&self) {
        self.look().await;
    }

    /// The operator that an account is, if it is one.
    pub async fn operator(&self, account: &Account) -> Result<Option<Operator>, AdminError> {
        let scopes = self.store.operator_scopes(account.id).await?;
        Ok(scopes.map(|scopes| Operator {
            who: Who::Account(account.handle.clone()),
            scopes,
        }))
    }

    /// Does an act if its operator may, and writes down what became of it. `work` does it with a store
    /// that writes the entry with the change; without a change of the store it writes it itself, by
    /// [`Office::note`].
    async fn carry_out<T, F>(
        &self,
        act: Act<'_>,
        work: impl FnOnce(Store) -> F,
    ) -> Result<T, AdminError>
    where
        F: Future<Output = Result<T, AdminError>>,
    {
        self.permit(&act).await?;
        let entry = act.entry(Outcome::Done);
        let outcome = work(self.store.noting(entry.clone())).await;
        match &outcome {
            Ok(_) => {
                tell(&entry);
                self.look().await;
            }
            Err(error) => {
                let reason = json!({ "error": error.to_string() });
                let failed = Act {
                    details: merged(act.details.clone(), reason),
                    ..act
                };
                self.note(failed.entry(Outcome::Failed)).await;
            }
        }
        outcome
    }

    /// Refuses, and writes that down, what the operator may not do.
    async fn permit(&self, act: &Act<'_>) -> Result<(), AdminError> {
        if act.by.scopes.allow(act.scope) {
            return Ok(());
        }
        self.note(act.entry(Outcome::Refused)).await;
        Err(AdminError::Forbidden(act.scope))
    }

    /// [`Office::permit`] for what only reads: nothing is written down but a refusal.
    async fn permit_reading(
        &self,
        by: &Operator,
        scope: Scope,
        name: &'static str,
        subject: &str,
    ) -> Result<(), AdminError> {
        let subject = subject.to_owned();
        self.permit(&Act {
            by,
            scope,
            name,
            subject,
            details: json!({}),
        })
        .await
    }

    /// Writes an entry about what changed nothing in the store. That it cannot be written does not
    /// undo what was done, and the log has it.
    async fn note(&self, entry: NewAuditEntry) {
        tell(&entry);
        if let Err(error) = self.store.note(entry).await {
            warn!(%error, "cannot write into the audit log");
        }
    }

    /// Lets what was changed hold at once in this process.
    async fn look(&self) {
        if let Some(live) = &self.live {
            live.look().await;
        }
    }
}

impl Settings {
    fn of(config: &Config) -> Self {
        Self {
            text: config.admin.text,
            sender_name: config.admin.sender_name.clone(),
            pages: config.pages.address.clone(),
            reset_lifetime: config.pages.reset_lifetime,
            listeners: config.admin.listeners.unwrap_or(usize::MAX),
        }
    }
}

impl<'a> Act<'a> {
    fn new(by: &'a Operator, scope: Scope, name: &'static str, subject: impl fmt::Display) -> Self {
        Self {
            by,
            scope,
            name,
            subject: subject.to_string(),
            details: json!({}),
        }
    }

    /// The same act with more to be written down of it: an object, without secrets.
    fn with(self, details: Value) -> Self {
        Self { details, ..self }
    }

    fn entry(&self, outcome: Outcome) -> NewAuditEntry {
        NewAuditEntry {
            at: Timestamp::now(),
            who: self.by.who.to_string(),
            act: self.name,
            subject: self.subject.clone(),
            outcome,
            details: self.details.clone(),
        }
    }
}

/// Tells the log what the audit log is told.
fn tell(entry: &NewAuditEntry) {
    info!(
        target: "papilio::audit",
        who = entry.who,
        act = entry.act,
        subject = entry.subject,
        outcome = entry.outcome.as_str(),
        details = %entry.details,
        "act of an operator"
    );
}

/// Writes a value as the text that it is.
fn as_text<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: fmt::Display,
    S: serde::Serializer,
{
    serializer.collect_str(value)
}

fn merged(into: Value, from: Value) -> Value {
    match (into, from) {
        (Value::Object(mut into), Value::Object(from)) => {
            into.extend(from);
            Value::Object(into)
        }
        (into, _) => into,
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::NotFound(what.to_owned()),
            StoreError::Conflict(what) => Self::Conflict(what.to_owned()),
            error => Self::Unavailable(error),
        }
    }
}

impl From<PasswordError> for AdminError {
    fn from(error: PasswordError) -> Self {
        Self::Busy(error)
    }
}
