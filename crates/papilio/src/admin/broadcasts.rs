//! What operators tell everybody: a text, or that the server goes down for maintenance.
//!
//! A text goes as a conversation with the service itself ([`service_voice`]). Of maintenance clients
//! are told by the message that there is for it, again as the time comes near, and so is whoever signs
//! in meanwhile (wire-msnp13, 2, 8).

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use msnp::server::{Event, render};
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;
use tracing::info;
use utoipa::ToSchema;

use super::sessions::PATIENCE;
use super::{Act, AdminError, Live, Office, Operator, Scope};
use crate::directory::SignedInSession;
use crate::service_voice::{self, Told};
use crate::store::audit::Outcome;

/// A text is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BroadcastView {
    /// To how many sessions.
    pub sessions: usize,
}

/// Maintenance that was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MaintenanceView {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub begins: Timestamp,
    /// Whether the server ends then.
    pub stop: bool,
    /// Who announced it.
    pub announced_by: String,
}

/// What happens when the time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Stay,
    /// The server ends, as by SIGTERM.
    Stop,
}

impl Office {
    /// Tells everybody who is signed in and settled a text. Done when it is on its way.
    pub async fn broadcast(&self, by: &Operator, text: &str) -> Result<BroadcastView, AdminError> {
        let details = json!({ "text": text.chars().take(TEXT_NOTED).collect::<String>() });
        let act = Act::new(by, Scope::Broadcast, "broadcast.text", "").with(details);
        let entry = act.entry(Outcome::Done);
        self.carry_out(act, |_| async move {
            let live = self.live()?;
            self.check_text(text)?;
            let sessions = live.node.directory.sessions();
            let view = BroadcastView {
                sessions: sessions.len(),
            };
            self.store.note(entry).await?;
            let name = self.settings.sender_name.clone();
            tokio::spawn(tell_all(Arc::clone(live), sessions, name, text.to_owned()));
            Ok(view)
        })
        .await
    }

    /// Announces maintenance in so many minutes, in place of any that was announced.
    pub async fn announce_maintenance(
        &self,
        by: &Operator,
        minutes: u32,
        then: Then,
    ) -> Result<MaintenanceView, AdminError> {
        let stop = then == Then::Stop;
        let act = Act::new(by, Scope::Broadcast, "broadcast.maintenance", "")
            .with(json!({ "minutes": minutes, "stop": stop }));
        let entry = act.entry(Outcome::Done);
        self.carry_out(act, |_| async move {
            let live = self.live()?;
            if minutes > MINUTES_LIMIT {
                return Err(AdminError::Invalid(format!(
                    "maintenance is announced {MINUTES_LIMIT} minutes before it at most"
                )));
            }
            let view = MaintenanceView {
                begins: Timestamp::now() + SignedDuration::from_mins(i64::from(minutes)),
                stop,
                announced_by: by.who.to_string(),
            };
            self.store.note(entry).await?;
            let counting = tokio::spawn(count_down(Arc::clone(live), minutes, then));
            live.node.maintenance.announce(Some(view.begins));
            live.announce(Some((view.clone(), counting.abort_handle())));
            Ok(view)
        })
        .await
    }

    /// The maintenance that was announced.
    pub async fn maintenance(&self, by: &Operator) -> Result<Option<MaintenanceView>, AdminError> {
        self.permit_reading(by, Scope::Broadcast, "broadcast.show", "")
            .await?;
        Ok(self.live()?.announced())
    }

    /// There will be no maintenance. Who was told of it is told nothing: there is no word for it.
    pub async fn cancel_maintenance(&self, by: &Operator) -> Result<(), AdminError> {
        let act = Act::new(by, Scope::Broadcast, "broadcast.cancel", "");
        let entry = act.entry(Outcome::Done);
        self.carry_out(act, |_| async move {
            let live = self.live()?;
            if live.announced().is_none() {
                let nothing = "no maintenance is announced".to_owned();
                return Err(AdminError::NotFound(nothing));
            }
            self.store.note(entry).await?;
            live.node.maintenance.announce(None);
            live.announce(None);
            Ok(())
        })
        .await
    }

    /// Refuses what cannot be said, or is too long.
    pub(super) fn check_text(&self, text: &str) -> Result<(), AdminError> {
        let invalid = |why: String| Err(AdminError::Invalid(why));
        if text.trim().is_empty() {
            return invalid("there is no text".to_owned());
        }
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            return invalid("the text has control characters".to_owned());
        }
        match self.settings.text {
            Some(most) if text.chars().count() > most => {
                invalid(format!("a text has at most {most} characters"))
            }
            _ => Ok(()),
        }
    }
}

/// Calls everybody, so many at a time: each answers with a connection of its own.
async fn tell_all(live: Arc<Live>, sessions: Vec<SignedInSession>, name: String, text: String) {
    let (mut delivered, mut sent) = (0_usize, 0_usize);
    let mut calls = JoinSet::new();
    for session in sessions {
        if calls.len() >= AT_ONCE
            && let Some(Ok(told)) = calls.join_next().await
        {
            delivered += usize::from(told == Told::Delivered);
        }
        let Some(reached) = live.node.directory.reach_session(&session) else {
            continue;
        };
        sent += 1;
        let conversations = Arc::clone(&live.node.conversations);
        let (name, text) = (name.clone(), text.clone());
        calls.spawn(async move {
            service_voice::tell(&conversations, reached, &name, &text, PATIENCE).await
        });
    }
    while let Some(told) = calls.join_next().await {
        delivered += usize::from(matches!(told, Ok(Told::Delivered)));
    }
    info!(sent, delivered, "a text to everybody");
}

/// Tells everybody, again and again, until the time has come.
async fn count_down(live: Arc<Live>, minutes: u32, then: Then) {
    let begin = tokio::time::Instant::now();
    for left in warnings(minutes) {
        let at = begin + Duration::from_secs(60) * (minutes - left);
        tokio::time::sleep_until(at).await;
        for session in live.node.directory.sessions() {
            let notice = render::going_down(left, session.dialect);
            // One whose mailbox is full or closed is going already.
            let _going = session.mailbox.put(Event::Frozen(notice));
        }
    }
    tokio::time::sleep_until(begin + Duration::from_secs(60) * minutes).await;
    live.node.maintenance.announce(None);
    live.forget_announcement();
    if then == Then::Stop {
        live.stop();
    }
}

/// How many minutes are left each time that everybody is told.
fn warnings(minutes: u32) -> impl Iterator<Item = u32> {
    let later = [60, 30, 15, 10, 5, 2, 1];
    std::iter::once(minutes).chain(later.into_iter().filter(move |&left| left < minutes))
}

/// A day.
const MINUTES_LIMIT: u32 = 24 * 60;

/// How many are called at once.
const AT_ONCE: usize = 200;

/// How much of a text to everybody the log has, in characters.
const TEXT_NOTED: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_told_at_once_and_again_as_the_time_comes_near() {
        let told = |minutes| warnings(minutes).collect::<Vec<_>>();
        assert_eq!(told(0), [0]);
        assert_eq!(told(1), [1]);
        assert_eq!(told(5), [5, 2, 1]);
        assert_eq!(told(7), [7, 5, 2, 1]);
        assert_eq!(told(90), [90, 60, 30, 15, 10, 5, 2, 1]);
    }
}
