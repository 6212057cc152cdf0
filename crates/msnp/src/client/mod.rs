//! Client sessions as values: what a client says to its servers, and what it makes of their answers.
//!
//! The other half of [`server`](crate::server), in the same manner: a session takes one [`Input`] at
//! a time and says as [`Effect`]s what must happen. It never waits, reads a clock or draws a random
//! number, so a client and a server can meet in a test without a socket and in simulated time.
//! Whoever drives it carries bytes and documents, and nothing else: the sessions write the SOAP
//! requests themselves and read what comes back.
//!
//! ```text
//!   Session:  SignIn --USR OK--> Notification --Ask::OpenSwitchboard, Event::Ringing--+
//!                |  fetches tickets    |  fetches lists, keeps the ContactBook         |
//!                |                     |                                               v
//!                +-- Effect::Reconnect +-- ADL, CHG, XFR ...            Switchboard (a connection
//!                    (dispatch server)                                  of its own): CAL, MSG
//! ```
//!
//! * [`Session`]: one account, signing in or signed in.
//! * [`switchboard`]: one conversation. [`speech`]: what is said in it.
//! * [`long_text`]: what is too long for one message.
//! * [`p2p`]: pictures and files, from client to client.
//! * [`contacts`]: whom the account knows, as far as its client does.
//! * [`service`]: the documents of the services over HTTP, from a client's side.
//!
//! Rules of driving: inputs one after another; after each, every effect in order. A session that
//! returned [`Effect::Close`] takes nothing more.

pub mod contacts;
mod draw;
mod exchange;
pub mod long_text;
mod notification;
mod offline;
pub mod p2p;
pub mod service;
mod sign_in;
pub mod speech;
pub mod switchboard;

use std::time::Instant;

use bytes::BytesMut;

use crate::wire::command::NotificationRequest;
use crate::wire::param::TrId;

pub use draw::Seed;
pub use exchange::{
    Ask, AskError, AskId, Closing, Effect, Event, FetchId, Identity, Input, Outcome, Settings,
    SignInError,
};
pub use notification::Notification;
pub use offline::{MailHandling, MailId, OfflineMessage, OfflineText, WaitingMessage};
pub use sign_in::SignIn;

use contacts::ContactBook;

/// A session with a notification server, in whatever state.
#[derive(Debug)]
pub enum Session {
    /// Signing in.
    SignIn(Box<SignIn>),
    /// Signed in.
    Notification(Box<Notification>),
    /// It is over.
    Closed,
}

impl Session {
    /// A session that waits for [`Input::Connected`].
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self::SignIn(Box::new(SignIn::new(settings, now)))
    }

    /// Takes one input and says what must happen.
    #[must_use]
    pub fn handle(self, now: Instant, input: Input, effects: &mut Vec<Effect>) -> Self {
        match self {
            Self::SignIn(sign_in) => sign_in.handle(now, input, effects),
            Self::Notification(notification) => notification.handle(now, input, effects),
            Self::Closed => {
                if let Input::Ask { id, .. } = input {
                    let outcome = Err(AskError::NotSignedIn);
                    effects.push(Effect::Done { id, outcome });
                }
                Self::Closed
            }
        }
    }

    /// When the session wants [`Input::Timer`].
    pub fn wake_at(&self) -> Option<Instant> {
        match self {
            Self::SignIn(sign_in) => Some(sign_in.wake_at()),
            Self::Notification(notification) => Some(notification.wake_at()),
            Self::Closed => None,
        }
    }

    /// Whom the account knows, once that was read.
    pub fn contacts(&self) -> Option<&ContactBook> {
        match self {
            Self::Notification(notification) => Some(notification.contacts()),
            Self::SignIn(_) | Self::Closed => None,
        }
    }
}

/// Ends a session; whatever was asked and not answered is answered so.
fn close(effects: &mut Vec<Effect>, closing: Closing) -> Session {
    effects.push(Effect::Close(closing));
    Session::Closed
}

/// Hands out transaction ids, from 1.
#[derive(Debug, Default)]
struct TrIds(u32);

impl TrIds {
    fn next(&mut self) -> TrId {
        // A session does not live for four thousand million commands; 0 is the server's own.
        self.0 = self.0.checked_add(1).unwrap_or(1);
        TrId(self.0)
    }
}

/// Writes a command to the notification server. Requests are written alike in every version.
fn send(effects: &mut Vec<Effect>, request: &NotificationRequest) {
    let mut out = BytesMut::with_capacity(128);
    request.write(None, &mut out);
    effects.push(Effect::Send(out.freeze()));
}
