//! What operators do about those who are signed in: see them, tell one something, sign one out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use msnp::handle::Handle;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Act, AdminError, Live, Office, Operator, Scope};
use crate::directory::{Coming, SessionId, SignedInSession};
use crate::service_voice::{self, Told};

/// A session, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionView {
    /// Its number, as long as the server runs.
    pub number: u64,
    /// Whose it is.
    #[serde(serialize_with = "super::as_text")]
    #[schema(value_type = String, example = "alice@example.com")]
    pub handle: Handle,
    /// The name that contacts see.
    pub name: String,
    /// The version of the protocol.
    #[schema(example = "MSNP15")]
    pub version: String,
    /// `NLN`, `BSY`, `IDL`, `BRB`, `AWY`, `PHN`, `LUN`; `HDN`: hidden; `-`: not settled yet.
    #[schema(example = "NLN")]
    pub status: String,
    /// Where it comes from.
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    /// Since when it is connected.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
}

/// What became of a message to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageOutcome {
    /// Whether the client took it; otherwise it is gone, or did not answer.
    pub delivered: bool,
}

impl Office {
    /// Everybody who is signed in, in the order in which they came, behind `after`.
    pub async fn sessions(
        &self,
        by: &Operator,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<SessionView>, AdminError> {
        self.permit_reading(by, Scope::SessionsRead, "sessions.list", "")
            .await?;
        let live = self.live()?;
        let found = live.node.directory.sessions().into_iter();
        let found = found.filter(|session| after.is_none_or(|after| session.session.0 > after));
        Ok(shown(live, found.take(limit).collect()))
    }

    /// A session by its number.
    pub async fn session(&self, by: &Operator, number: u64) -> Result<SessionView, AdminError> {
        self.permit_reading(
            by,
            Scope::SessionsRead,
            "sessions.show",
            &number.to_string(),
        )
        .await?;
        let live = self.live()?;
        let found = find(live, number)?;
        shown(live, vec![found])
            .pop()
            .ok_or_else(|| no_session(number))
    }

    /// The session of an account.
    pub async fn session_of(
        &self,
        by: &Operator,
        handle: &Handle,
    ) -> Result<SessionView, AdminError> {
        self.permit_reading(by, Scope::SessionsRead, "sessions.show", handle.as_str())
            .await?;
        let live = self.live()?;
        let found = live.node.directory.sessions().into_iter();
        let found = found.filter(|session| session.handle == *handle).collect();
        shown(live, found)
            .pop()
            .ok_or_else(|| AdminError::NotFound(format!("{handle} is not signed in")))
    }

    /// Tells a session a text, as a conversation with the service itself; done when the client took
    /// it or did not.
    pub async fn message(
        &self,
        by: &Operator,
        number: u64,
        text: &str,
    ) -> Result<MessageOutcome, AdminError> {
        let handle = self.handle_of(number);
        // What was said is between the service and whom it was said to: the log has its length.
        let details = json!({ "session": number, "characters": text.chars().count() });
        let act = Act::new(by, Scope::SessionsWrite, "sessions.message", handle).with(details);
        let entry = act.entry(crate::store::audit::Outcome::Done);
        self.carry_out(act, |_| async move {
            let live = self.live()?;
            self.check_text(text)?;
            let session = find(live, number)?;
            let reached = live.node.directory.reach_session(&session);
            let reached = reached.ok_or_else(|| {
                AdminError::Conflict(format!("{} has not settled yet: try again", session.handle))
            })?;
            self.store.note(entry).await?;
            let conversations = &live.node.conversations;
            let name = &self.settings.sender_name;
            let told = service_voice::tell(conversations, reached, name, text, PATIENCE).await;
            Ok(MessageOutcome {
                delivered: told == Told::Delivered,
            })
        })
        .await
    }

    /// Signs a session's account out, as [`Office::sign_out`] does.
    pub async fn sign_out_session(&self, by: &Operator, number: u64) -> Result<(), AdminError> {
        let known = self.live().and_then(|live| find(live, number));
        match known {
            Ok(session) => self.sign_out(by, &session.handle).await,
            Err(error) => {
                let act = Act::new(by, Scope::SessionsWrite, "sessions.sign-out", "")
                    .with(json!({ "session": number }));
                self.carry_out(act, |_| async move { Err(error) }).await
            }
        }
    }

    fn handle_of(&self, number: u64) -> String {
        let live = self.live.as_ref();
        let found = live.and_then(|live| find(live, number).ok());
        found.map_or_else(String::new, |session| session.handle.to_string())
    }
}

fn find(live: &Live, number: u64) -> Result<SignedInSession, AdminError> {
    let mut sessions = live.node.directory.sessions().into_iter();
    sessions
        .find(|session| session.session == SessionId(number))
        .ok_or_else(|| no_session(number))
}

fn no_session(number: u64) -> AdminError {
    AdminError::NotFound(format!("there is no session {number}"))
}

/// Joins what the directory knows with what the node knows of the same connections.
fn shown(live: &Live, sessions: Vec<SignedInSession>) -> Vec<SessionView> {
    let callers: HashMap<_, _> = live
        .node
        .callers()
        .map(|caller| (Arc::as_ptr(&caller.mailbox), caller))
        .collect();
    let shown = sessions.into_iter().map(|session| {
        let caller = callers.get(&Arc::as_ptr(&session.mailbox));
        SessionView {
            number: session.session.0,
            handle: session.handle,
            name: session.name,
            version: session.dialect.version.to_string(),
            status: match session.coming {
                Coming::Arriving => "-".to_owned(),
                Coming::Hidden => "HDN".to_owned(),
                Coming::Here(status) => status.code().to_owned(),
            },
            address: caller.map(|caller| caller.peer.to_string()),
            since: caller.and_then(|caller| Timestamp::from_second(caller.since).ok()),
        }
    });
    shown.collect()
}

/// How long a client may take to take a call.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
