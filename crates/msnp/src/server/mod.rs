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

pub mod dispatch;
pub mod notification;
mod pace;
pub mod render;
pub mod sign_in;
pub mod switchboard;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use crate::error::{ErrorCode, ParseError};
use crate::handle::Handle;
use crate::message::Profile;
use crate::presence::{Capabilities, FriendlyName, Status, UserData};
use crate::proof::tweener::Ticket;
use crate::roster::{Lists, Privacy};
use crate::wire::command::list::{Occasion, Query};
use crate::wire::command::service::Calls;
use crate::wire::command::session::Failure;
use crate::wire::command::switchboard::{Ack, Cookie, Member, SessionId};
use crate::wire::command::{NotificationReply, SwitchboardReply};
use crate::wire::line::{Line, LineError};
use crate::wire::param::{Param, TrId};
use crate::wire::version::{Dialect, Version};

pub use pace::Rate;

/// What happens to a session.
#[derive(Debug)]
pub enum Input {
    /// The client sent a command.
    Line(Line),
    /// The client sent what cannot be cut into commands; nothing more will be read.
    Broken(LineError),
    /// What an effect asked for.
    Answer(Answer),
    /// Something happened elsewhere.
    Event(Event),
    /// The time that [`Session::wake_at`] named has come.
    Timer,
    /// The connection is over. The last input.
    End,
}

/// What must happen. In order.
#[derive(Debug)]
pub enum Effect {
    /// Write these bytes.
    Send(Bytes),
    /// Write what was sent so far, then close. Nothing more will be read.
    Close(Closing),

    /// Is this ticket good, and is it this account's? If so, sign the account in here, and away
    /// wherever else it is. Answered by [`Answer::Verified`].
    Verify {
        /// The handle that the client said it is.
        handle: Handle,
        /// The ticket it brought.
        ticket: Ticket,
        /// How it talks.
        dialect: &'static Dialect,
    },
    /// `ADL` or `RML`. Answered by [`Answer::Edited`].
    EditLists(ListEdit),
    /// `FQY`: which of these accounts exist? Answered by [`Answer::Found`].
    Find {
        /// The command to answer.
        trid: TrId,
        /// Whom to look for.
        query: Query,
    },
    /// `BLP`.
    SetPrivacy(Privacy),
    /// `CHG`: this is how the account appears from now on. The first of a session is answered by
    /// [`Answer::Burst`].
    Appear(Appearance),
    /// `PRP MFN`: this is what the account is called from now on.
    Rename(FriendlyName),
    /// `UUX`: personal message and media.
    Publish(UserData),
    /// `IMS`: whether the session is rung.
    TakeCalls(Calls),
    /// `XFR SB`. Answered by [`Answer::Switchboard`].
    OpenSwitchboard {
        /// The command to answer.
        trid: TrId,
    },
    /// `UUN`: hand data to another account's session. Answered by [`Answer::Handed`].
    Hand {
        /// The command to answer.
        trid: TrId,
        /// To whom.
        to: Handle,
        /// The type of the data.
        kind: u32,
        /// The data, opaque.
        data: Bytes,
    },

    /// Switchboard `USR`. Answered by [`Answer::Entered`].
    Enter {
        /// The command to answer.
        trid: TrId,
        /// Who says to enter.
        handle: Handle,
        /// The cookie of `XFR`.
        cookie: Cookie,
    },
    /// Switchboard `ANS`. Answered by [`Answer::Joined`].
    Join {
        /// The command to answer.
        trid: TrId,
        /// Who says to join.
        handle: Handle,
        /// The cookie of `RNG`.
        cookie: Cookie,
        /// The conversation.
        conversation: SessionId,
    },
    /// `CAL`. Answered by [`Answer::Called`].
    Call {
        /// The command to answer.
        trid: TrId,
        /// Whom.
        handle: Handle,
    },
    /// `MSG`: to everyone else in the conversation. Answered by an [`Event`] if `ack` says so.
    Relay {
        /// The command to acknowledge.
        trid: TrId,
        /// What the sender wants to hear.
        ack: Ack,
        /// The message, byte for byte.
        message: Bytes,
    },
    /// Is anybody else in the conversation, or being rung? Answered by [`Answer::Company`].
    AskCompany,
    /// The conversation has been idle for too long: end it for everyone in it.
    EndConversation,
}

/// What an effect asked for.
#[derive(Debug)]
pub enum Answer {
    /// The ticket is good and the account is signed in here, or not.
    Verified(Result<Box<Welcome>, Refusal>),
    /// The lists were changed, or nothing was.
    Edited {
        /// What was asked.
        edit: Edit,
        /// The command to answer.
        trid: TrId,
        /// Why not.
        outcome: Result<(), ErrorCode>,
    },
    /// Which of the accounts exist.
    Found {
        /// The command to answer.
        trid: TrId,
        /// As asked, with the network of those who exist.
        query: Query,
    },
    /// Everyone whom the account sees at its first `CHG`.
    Burst(Vec<Arc<Presence>>),
    /// Where the new switchboard is.
    Switchboard {
        /// The command to answer.
        trid: TrId,
        /// The address to announce and the cookie.
        outcome: Result<Referral, ErrorCode>,
    },
    /// Whether the data was handed over.
    Handed {
        /// The command to answer.
        trid: TrId,
        /// Why not.
        outcome: Result<(), ErrorCode>,
    },
    /// Whether the cookie was good.
    Entered {
        /// The command to answer.
        trid: TrId,
        /// As whom; `None`: a bad cookie.
        entered: Option<Admitted>,
    },
    /// Whether the cookie was good.
    Joined {
        /// The command to answer.
        trid: TrId,
        /// As whom, and who is there.
        outcome: Result<(Admitted, Vec<Member>), JoinError>,
    },
    /// Whether the phone rings.
    Called {
        /// The command to answer.
        trid: TrId,
        /// The conversation, or why not.
        outcome: Result<SessionId, ErrorCode>,
    },
    /// Who else is in the conversation.
    Company(Company),
}

/// Something that happened elsewhere.
#[derive(Debug)]
pub enum Event {
    /// Bytes for the client, rendered in its dialect and shared with whoever else gets them.
    Frozen(Bytes),
    /// The account signed in elsewhere.
    SignedInElsewhere,
    /// The server is going down.
    ShuttingDown,
    /// Every copy of a message was written to its receiver.
    Delivered(TrId),
    /// Some copy was not.
    Undelivered(TrId),
    /// The conversation was ended.
    ConversationOver,
}

impl Event {
    /// What it costs to keep, in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>()
            + if let Self::Frozen(bytes) = self {
                bytes.len()
            } else {
                0
            }
    }
}

/// Why a connection is closed: for the log, and for its level there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// As agreed: `OUT`, a referral, a take-over, a shutdown.
    Done(&'static str),
    /// The client did what a client must not do.
    Fault(String),
}

impl Closing {
    fn parse(error: &ParseError) -> Self {
        Self::Fault(error.to_string())
    }
}

/// What a session needs to know about an account whose ticket was good.
#[derive(Debug)]
pub struct Welcome {
    /// The `MSG Hotmail Hotmail` of sign-in.
    pub profile: Profile,
    /// Whether the address is known to be the account's own.
    pub verified: bool,
    /// Where challenges come from. Secret and different for each session.
    pub seed: u64,
}

/// Why nobody was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Bad, expired, or somebody else's ticket.
    Ticket,
    /// Too much to do just now.
    Busy,
    /// The server's own fault.
    Internal,
}

/// Which of `ADL` and `RML`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// `ADL`.
    Add,
    /// `RML`.
    Remove,
}

/// One `ADL` or `RML`, checked.
#[derive(Debug)]
pub struct ListEdit {
    /// The command to answer.
    pub trid: TrId,
    /// Which.
    pub edit: Edit,
    /// When.
    pub occasion: Occasion,
    /// Whom, and which lists of FL, AL, BL.
    pub contacts: Vec<(Handle, Lists)>,
}

/// How an account appears: the fields of `CHG`, as they are shown to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appearance {
    /// Online, away, hidden ...
    pub status: Status,
    /// What its client can do.
    pub capabilities: Capabilities,
    /// Its display picture, in wire form.
    pub object: Option<Param>,
}

/// How an account appears, in no version's form: what its session shares with those who see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Whose.
    pub handle: Handle,
    /// By which name, fit to be shown.
    pub name: FriendlyName,
    /// Online, away ...
    pub status: Status,
    /// What the client can do.
    pub capabilities: Capabilities,
    /// The display picture, in wire form.
    pub object: Option<Param>,
    /// Personal message and media.
    pub data: UserData,
}

/// A switchboard, for `XFR SB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// The advertised address, `host:port`.
    pub address: Param,
    /// Good once.
    pub cookie: Cookie,
}

/// Somebody whose cookie was good.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// As others are told.
    pub member: Member,
    /// How the session that got the cookie talks; a switchboard has no `VER`.
    pub dialect: &'static Dialect,
}

/// Whether somebody is by themselves in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// Nobody else is there or being rung.
    Alone,
    /// Somebody is.
    Others,
}

/// Nobody joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// Wrong, used or expired cookie, or another's: 911.
    Cookie,
    /// The cookie is not for this conversation, or the conversation is over or full: close.
    Conversation,
}

/// What the operator decides about sessions. Shared by all of them.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The newest version to speak.
    pub max_version: Version,
    /// `http://host:port` of the web pages, for `CVR` and `URL`.
    pub pages: Param,
    /// From the connection to the first `USR S`.
    pub sign_in_deadline: Duration,
    /// From the challenge of `USR TWN S` to its answer: the client is at the sign-in service.
    pub ticket_deadline: Duration,
    /// A notification connection that says nothing for so long is closed.
    pub notification_idle: Duration,
    /// Switchboard, before `USR` or `ANS`.
    pub switchboard_deadline: Duration,
    /// A conversation in which nothing is said for so long is ended.
    pub conversation_idle: Duration,
    /// The same, with nobody else there.
    pub alone_idle: Duration,
    /// What `QNG` says: when to ping again. In seconds.
    pub ping_seconds: u32,
    /// Challenges after the first; `None`: only the first.
    pub challenge_interval: Option<Duration>,
    /// How long a client may take over a challenge.
    pub challenge_deadline: Duration,
    /// `CHG`: 800 above it.
    pub chg_rate: Rate,
    /// `PRP`: 800 above it.
    pub prp_rate: Rate,
    /// `UUX`: 800 above it.
    pub uux_rate: Rate,
    /// `ADL`, `RML`, `FQY`, `UUN`: the connection closes above it.
    pub list_rate: Rate,
    /// `XFR SB`: 713 above it.
    pub xfr_rate: Rate,
    /// `CAL`: 713 above it.
    pub cal_rate: Rate,
    /// `MSG`: not delivered above it.
    pub msg_rate: Rate,
}

impl Policy {
    /// For a server whose pages are at `pages`.
    pub fn new(pages: Param) -> Self {
        let seconds = Duration::from_secs;
        Self {
            max_version: Dialect::newest(),
            pages,
            sign_in_deadline: seconds(60),
            ticket_deadline: seconds(300),
            notification_idle: seconds(180),
            switchboard_deadline: seconds(60),
            conversation_idle: seconds(300),
            alone_idle: seconds(60),
            ping_seconds: 50,
            challenge_interval: Some(seconds(1800)),
            challenge_deadline: seconds(60),
            chg_rate: Rate::new(300, 20),
            prp_rate: Rate::new(300, 20),
            uux_rate: Rate::new(300, 20),
            list_rate: Rate::new(600, 50),
            xfr_rate: Rate::new(60, 5),
            cal_rate: Rate::new(60, 5),
            msg_rate: Rate::new(20_000, 10_000),
        }
    }
}

/// Which server a listener plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Notification server and switchboard: the first command tells.
    Main,
    /// Dispatch server only.
    Dispatch,
}

/// A session in whatever state.
#[derive(Debug)]
pub enum Session {
    /// Nothing was said yet.
    Opening(Opening),
    /// Somebody is signing in.
    SignIn(sign_in::SignIn),
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

/// What a session cannot make by itself: the time of day and chance.
#[derive(Clone, Copy)]
pub struct Nonce {
    /// In Unix seconds.
    pub now: u64,
    /// Random bytes.
    pub random: [u8; 24],
}

/// Where a session is, and for whom it is meant.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which server it plays.
    pub door: Door,
    /// The address to announce for the notification server, `host:port`: where a dispatch server
    /// refers to.
    pub address: Param,
}

impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nonce")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The session of a connection that was just accepted.
    pub fn open(policy: Arc<Policy>, place: Place, nonce: Nonce, now: Instant) -> Self {
        let deadline = now + policy.sign_in_deadline;
        Self::Opening(Opening {
            policy,
            place,
            nonce,
            deadline,
        })
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
            input => unanswered(Session::Opening(self), input, effects),
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
