//! Those who run the service look at who is here, and who comes and goes.

use std::sync::Arc;

use msnp::handle::Handle;
use msnp::presence::Status;
use msnp::wire::version::{Dialect, Version};
use tokio::sync::broadcast;

use super::graph::{Online, Shown};
use super::{Directory, Reached, SessionId};
use crate::mailbox::Mailbox;
use crate::store::account::AccountId;

/// A session, as those who run the service see it.
#[derive(Clone, Debug)]
pub struct SignedInSession {
    /// Which one.
    pub session: SessionId,
    /// Whose.
    pub account: AccountId,
    /// Their address.
    pub handle: Handle,
    /// The name that their contacts see, as text.
    pub name: String,
    /// Which version they speak.
    pub dialect: &'static Dialect,
    /// What they show; `None` before they have shown anything.
    pub coming: Coming,
    /// Where post for them waits.
    pub mailbox: Arc<Mailbox>,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coming {
    /// Nothing said yet.
    Arriving,
    /// Here, and nobody may know.
    Hidden,
    /// Here.
    Here(Status),
}

/// A session came or went.
#[derive(Clone, Debug)]
pub struct Going {
    /// Which one.
    pub session: SessionId,
    /// Whose.
    pub handle: Handle,
    /// Which version it speaks if it came; `None`: it went.
    pub came: Option<Version>,
}

impl Directory {
    /// Everybody who is signed in here, in the order in which they came.
    pub fn sessions(&self) -> Vec<SignedInSession> {
        let graph = self.graph.lock();
        let everybody = graph.everybody();
        let mut sessions: Vec<_> = everybody
            .map(|(id, online)| signed_in(id, online))
            .collect();
        drop(graph);
        sessions.sort_by_key(|session| session.session.0);
        sessions
    }

    /// Hears of everybody who comes or goes from now on.
    pub fn onlook(&self) -> broadcast::Receiver<Going> {
        self.onlookers.subscribe()
    }

    /// The phone of a session for a call of the service itself, which is neither a contact of
    /// anybody's nor hidden from; `None` when the session is gone, or has not settled yet.
    pub fn reach_session(&self, session: &SignedInSession) -> Option<Reached> {
        let mut graph = self.graph.lock();
        let online = graph.session(session.account, session.session.0)?;
        (online.shown != Shown::NotYet).then(|| Reached {
            account: session.account,
            member: online.member(),
            calls: online.calls,
            address: online.address.clone(),
            dialect: online.dialect,
            mailbox: Arc::clone(&online.mailbox),
        })
    }

    pub(super) fn tell_of_coming(
        &self,
        session: SessionId,
        handle: Handle,
        dialect: &'static Dialect,
    ) {
        let came = Some(dialect.version);
        // Nobody looks on: nothing is lost.
        let _nobody = self.onlookers.send(Going {
            session,
            handle,
            came,
        });
    }

    pub(super) fn tell_of_going(&self, session: SessionId, handle: Handle) {
        let _nobody = self.onlookers.send(Going {
            session,
            handle,
            came: None,
        });
    }
}

fn signed_in(account: AccountId, online: &Online) -> SignedInSession {
    SignedInSession {
        session: SessionId(online.session),
        account,
        handle: online.presence.handle.clone(),
        name: online.presence.name.text().into_owned(),
        dialect: online.dialect,
        coming: match online.shown {
            Shown::NotYet => Coming::Arriving,
            Shown::Hidden => Coming::Hidden,
            Shown::Visible => Coming::Here(online.presence.status),
        },
        mailbox: Arc::clone(&online.mailbox),
    }
}
