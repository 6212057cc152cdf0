//! Offline messages that wait: fetched one by one, handed to the application, then deleted
//! (services-oim, 5 and 7).

use std::collections::VecDeque;

use super::{Fetch, Notification};
use crate::client::exchange::{Effect, Event};
use crate::client::offline::{MailHandling, MailId};
use crate::client::service::offline::{self, Waiting};
use crate::client::service::{Reply, ServiceError};
use crate::message::Message;

/// What is being fetched. One request at a time.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: State,
    /// To be fetched.
    waiting: VecDeque<MailId>,
    /// Handed over, to be deleted.
    read: Vec<MailId>,
    /// Whether to ask again for what waits.
    ask: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Asking,
    Fetching(MailId),
    Deleting,
}

impl Notification {
    /// A notification that may name messages.
    pub(super) fn mail_waits(&mut self, notification: &Message, effects: &mut Vec<Effect>) {
        let waiting = Waiting::read(notification);
        if waiting.is_some() && self.settings.mail == MailHandling::Leave {
            effects.push(Effect::Event(Event::MailWaits));
            return;
        }
        match waiting {
            Some(Waiting::Messages(ids)) => {
                let known = |id: &MailId| {
                    let fetching = matches!(&self.inbox.state, State::Fetching(at) if at == id);
                    fetching || self.inbox.waiting.contains(id) || self.inbox.read.contains(id)
                };
                let new: Vec<_> = ids.into_iter().filter(|id| !known(id)).collect();
                self.inbox.waiting.extend(new);
            }
            Some(Waiting::Many) => self.inbox.ask = true,
            None => return,
        }
        if let State::Idle = self.inbox.state {
            self.next_mail(effects);
        }
    }

    pub(super) fn mail_fetched(
        &mut self,
        outcome: Result<Reply, ServiceError>,
        effects: &mut Vec<Effect>,
    ) {
        let state = std::mem::take(&mut self.inbox.state);
        let outcome = outcome.and_then(|reply| match state {
            State::Idle => Ok(()),
            State::Asking => {
                let ids = offline::read_metadata(&reply)?;
                self.inbox.waiting.extend(ids);
                Ok(())
            }
            State::Fetching(id) => {
                let message = offline::read_message(&reply)?;
                self.inbox.read.push(id);
                effects.push(Effect::Event(Event::Offline(message)));
                Ok(())
            }
            State::Deleting => offline::deleted(&reply),
        });
        if let Err(error) = outcome {
            // What was not fetched stays where it is, for the next sign-in.
            let trouble = format!("an offline message: {error}");
            effects.push(Effect::Event(Event::Trouble(trouble)));
        }
        self.next_mail(effects);
    }

    fn next_mail(&mut self, effects: &mut Vec<Effect>) {
        let ticket = self.mail_ticket().to_owned();
        let (state, request) = if std::mem::take(&mut self.inbox.ask) {
            (State::Asking, offline::metadata(&ticket))
        } else if let Some(id) = self.inbox.waiting.pop_front() {
            let request = offline::message(&ticket, &id);
            (State::Fetching(id), request)
        } else if !self.inbox.read.is_empty() {
            let read = std::mem::take(&mut self.inbox.read);
            (State::Deleting, offline::delete(&ticket, &read))
        } else {
            return;
        };
        self.inbox.state = state;
        self.fetch(Fetch::Inbox, request, effects);
    }
}
