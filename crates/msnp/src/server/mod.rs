//! Server sessions as values.
//!
//! A session is what a connection means: how far its client has signed in, or which conversation it
//! is in. It takes one [`Input`] at a time and says what must happen as [`Effect`]s; it never waits,
//! reads a clock or draws a random number. Whoever drives it carries the effects out and brings back
//! the [`Answer`]s.
//!
//! ```text
//!            VER                        USR S, verified
//!   Opening ------> sign_in ---------------------------> notification
//!      |               |  (dispatch: XFR, and the end)
//!      |  USR, ANS
//!      +----------> switchboard
//! ```
//!
//! Rules of driving: inputs one after another; after each, every effect in order, and the answer to
//! an effect before the next input. A session that returned [`Effect::Close`] gets [`Input::End`]
//! and nothing else, and so does one whose connection broke.

mod challenges;
pub mod dispatch;
mod exchange;
pub mod notification;
mod pace;
mod policy;
pub mod render;
pub mod sign_in;
pub mod switchboard;

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;

use crate::error::ErrorCode;
use crate::handle::Handle;
use crate::wire::command::session::Failure;
use crate::wire::command::{NotificationReply, SwitchboardReply};
use crate::wire::param::TrId;
use crate::wire::version::{Dialect, Version};

pub use exchange::{
    Admitted, Answer, Appearance, Closing, Company, Edit, Effect, Event, Input, JoinError,
    ListEdit, Presence, Referral, Refusal, Showing, Welcome,
};
pub use pace::Rate;
pub use policy::{BareTickets, Door, Nonce, Place, Policy};

/// A session in whatever state.
#[derive(Debug)]
pub enum Session {
    /// Nothing was said yet.
    Opening(Box<Opening>),
    /// Somebody is signing in.
    SignIn(Box<sign_in::SignIn>),
    /// Somebody is signed in.
    Notification(Box<notification::Notification>),
    /// Somebody is in, or about to enter, a conversation.
    Switchboard(switchboard::Switchboard),
    /// It is over.
    Closed,
}

/// A connection on which nothing was said yet.
#[derive(Debug)]
pub struct Opening {
    policy: Arc<Policy>,
    place: Place,
    nonce: Nonce,
    deadline: Instant,
}

impl Session {
    /// The session of a connection that was just accepted.
    pub fn open(policy: Arc<Policy>, place: Place, nonce: Nonce, now: Instant) -> Self {
        let deadline = now + policy.sign_in_deadline;
        // On the heap, like all that does not last: most sessions of a server are signed in.
        Self::Opening(Box::new(Opening {
            policy,
            place,
            nonce,
            deadline,
        }))
    }

    /// Takes one input and says what must happen.
    #[must_use]
    pub fn handle(self, now: Instant, input: Input, effects: &mut Vec<Effect>) -> Self {
        match self {
            Self::Opening(opening) => opening.handle(now, input, effects),
            Self::SignIn(sign_in) => sign_in.handle(now, input, effects),
            Self::Notification(notification) => notification.handle(now, input, effects),
            Self::Switchboard(switchboard) => switchboard.handle(now, input, effects),
            Self::Closed => Self::Closed,
        }
    }

    /// When the session wants [`Input::Timer`].
    pub fn wake_at(&self) -> Option<Instant> {
        match self {
            Self::Opening(opening) => Some(opening.deadline),
            Self::SignIn(sign_in) => Some(sign_in.wake_at()),
            Self::Notification(notification) => Some(notification.wake_at()),
            Self::Switchboard(switchboard) => Some(switchboard.wake_at()),
            Self::Closed => None,
        }
    }

    /// Whose session it is, for the log.
    pub fn account(&self) -> Option<&Handle> {
        match self {
            Self::Opening(_) | Self::Closed => None,
            Self::SignIn(sign_in) => sign_in.claimed(),
            Self::Notification(notification) => Some(notification.account()),
            Self::Switchboard(switchboard) => switchboard.account(),
        }
    }
}

impl Session {
    /// Which version it speaks, once that was agreed, for the log.
    pub fn version(&self) -> Option<Version> {
        match self {
            Self::Opening(_) | Self::Closed => None,
            Self::SignIn(sign_in) => sign_in.version(),
            Self::Notification(notification) => Some(notification.version()),
            Self::Switchboard(switchboard) => switchboard.version(),
        }
    }
}

impl Opening {
    fn handle(self, now: Instant, input: Input, effects: &mut Vec<Effect>) -> Session {
        match input {
            Input::Line(line) => match (self.place.door, line.verb()) {
                (Door::Main, "USR" | "ANS") => switchboard::Switchboard::open(self.policy, now)
                    .handle(now, Input::Line(line), effects),
                _ => {
                    let Self {
                        policy,
                        place,
                        nonce,
                        deadline,
                    } = self;
                    let sign_in = sign_in::SignIn::open(policy, place, nonce, deadline);
                    sign_in.handle(now, Input::Line(line), effects)
                }
            },
            Input::Timer if now >= self.deadline => {
                close(effects, Closing::Fault("said nothing in time".into()))
            }
            input => unanswered(Session::Opening(Box::new(self)), input, effects),
        }
    }
}

// ---- What all sessions share -------------------------------------------------------------------

/// Inputs that mean the same everywhere, or nothing here.
fn unanswered(session: Session, input: Input, effects: &mut Vec<Effect>) -> Session {
    match input {
        Input::End => Session::Closed,
        Input::Broken(error) => close(effects, Closing::Fault(error.to_string())),
        Input::Event(Event::ShuttingDown) => close(effects, Closing::Done("server going down")),
        Input::Event(Event::SignedOut) => {
            close(effects, Closing::Done("signed out by the operator"))
        }
        Input::Line(_) | Input::Answer(_) | Input::Event(_) | Input::Timer => session,
    }
}

fn close(effects: &mut Vec<Effect>, closing: Closing) -> Session {
    effects.push(Effect::Close(closing));
    Session::Closed
}

/// Writes a reply of the notification server.
fn notify(effects: &mut Vec<Effect>, dialect: Option<&Dialect>, reply: NotificationReply) {
    let mut out = BytesMut::with_capacity(128);
    reply.write(dialect, &mut out);
    effects.push(Effect::Send(out.freeze()));
}

/// Writes a reply of the switchboard.
fn say(effects: &mut Vec<Effect>, dialect: Option<&Dialect>, reply: SwitchboardReply) {
    let mut out = BytesMut::with_capacity(128);
    reply.write(dialect, &mut out);
    effects.push(Effect::Send(out.freeze()));
}

fn fail(effects: &mut Vec<Effect>, code: ErrorCode, trid: TrId) {
    // Errors are written alike by both servers and in every version.
    notify(
        effects,
        None,
        NotificationReply::Failure(Failure::new(code, trid)),
    );
}
