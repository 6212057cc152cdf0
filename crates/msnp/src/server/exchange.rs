//! What goes into a session and what comes out of it.
//!
//! ```text
//!   Input: Line Answer Event Timer End  ->  session  ->  Effect: Send Close, and what must be done
//!              ^                                             |
//!              +------ Answer, by whoever carries it out ----+
//! ```

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{ErrorCode, ParseError};
use crate::handle::Handle;
use crate::message::Profile;
use crate::message::offline::MailData;
use crate::presence::{Capabilities, FriendlyName, Status, UserData};
use crate::proof::sso::{Nonce, Response, Secret};
use crate::proof::tweener::Ticket;
use crate::roster::{Lists, Privacy};
use crate::wire::command::list::{Occasion, Query};
use crate::wire::command::service::Calls;
use crate::wire::command::switchboard::{Ack, Cookie, Member, SessionId};
use crate::wire::line::{Line, LineError};
use crate::wire::param::{Param, TrId};
use crate::wire::version::Dialect;

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
    /// The time that [`Session::wake_at`](super::Session::wake_at) named has come.
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

    /// Is this ticket good, and is it this account's, and shown by whoever got it? If so, sign the account in here, and away
    /// wherever else it is. Answered by [`Answer::Verified`].
    Verify {
        /// The handle that the client said it is.
        handle: Handle,
        /// The ticket it brought.
        ticket: Ticket,
        /// How it showed that the ticket is its own.
        showing: Showing,
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

/// How a client shows that a ticket is its own.
#[derive(Debug)]
pub enum Showing {
    /// By having it.
    Having,
    /// By answering a nonce with the ticket's secret.
    Answering {
        /// What the server asked.
        nonce: Box<Nonce>,
        /// What the client answered.
        response: Response,
    },
}

impl Showing {
    /// Whether it does so, the secret of the ticket being this.
    pub fn is_good(&self, secret: &Secret) -> bool {
        match self {
            Self::Having => true,
            Self::Answering { nonce, response } => nonce.is_answered(response, secret),
        }
    }
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
    /// What a session learns at its first `CHG`.
    Burst {
        /// Everyone whom the account sees.
        seen: Vec<Arc<Presence>>,
        /// What is in its mailbox.
        mail: MailData,
    },
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
    /// The account may not stay: its password changed, or it was disabled or deleted.
    SignedOut,
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
    pub(super) fn parse(error: &ParseError) -> Self {
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
    /// Bad, expired, or somebody else's ticket, or a bad response.
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
    /// Personal message and media; `None` until its client said something of them.
    pub data: Option<Box<UserData>>,
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
