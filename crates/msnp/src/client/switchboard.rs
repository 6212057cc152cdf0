//! A conversation: a connection of its own to a switchboard (wire-msnp13, 8).
//!
//! ```text
//!   Connecting -> USR cookie -> In (alone: ask to invite somebody)
//!              -> ANS cookie -> IRO ... ANS OK -> In
//!   In: CAL, MSG; others' JOI, MSG, BYE
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::TrIds;
use super::exchange::AskId;
use super::long_text::Parts;
use super::speech::Speech;
use crate::handle::Handle;
use crate::message::Message;
use crate::wire::command::session::ErrorNumber;
use crate::wire::command::switchboard::{
    Ack, Ans, Bye, ByeCause, Cal, Cookie, Enter, Member, Rng, Say, SwitchboardReferral,
};
use crate::wire::command::{SwitchboardReply, SwitchboardRequest};
use crate::wire::line::{Line, LineError};
use crate::wire::param::{Param, TrId};

/// What happens to a conversation.
#[derive(Debug)]
pub enum Input {
    /// The connection stands.
    Connected,
    /// The server sent a command.
    Line(Line),
    /// The server sent what cannot be cut into commands.
    Broken(LineError),
    /// The application wants something.
    Ask {
        /// Comes back in [`Effect::Done`].
        id: AskId,
        /// What.
        ask: Ask,
    },
    /// The time that [`Switchboard::wake_at`] named has come.
    Timer,
    /// The connection is over.
    End,
}

/// What an application can ask of a conversation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ask {
    /// Call somebody. Done when their phone rings; [`Event::Joined`] says that they came.
    Invite(Handle),
    /// Say something. Done when everybody has it, or when it was sent, as `delivery` says.
    Say {
        /// What.
        message: Message,
        /// When it is done.
        delivery: Delivery,
    },
    /// Leave.
    Leave,
}

/// When a message is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// When it is sent.
    Unconfirmed,
    /// When everybody has it; refused when somebody has not.
    Confirmed,
    /// The same, for data between clients.
    Data,
}

/// What must happen. In order.
#[derive(Debug)]
pub enum Effect {
    /// Write these bytes.
    Send(Bytes),
    /// The application may want to know.
    Event(Event),
    /// What the application asked for is done, or was not.
    Done {
        /// Of which [`Input::Ask`].
        id: AskId,
        /// What came of it.
        outcome: Result<(), AskError>,
    },
    /// Write what was sent so far, then close. The last effect.
    Close(Closing),
}

/// Something that happened in a conversation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// In; who is there is told before as [`Event::Joined`].
    Entered,
    /// Somebody is there.
    Joined(Member),
    /// Somebody left.
    Left(Handle),
    /// Somebody says something.
    Said {
        /// Who.
        from: Handle,
        /// What.
        speech: Speech,
    },
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Somebody does not have the message, or nobody is there to have it.
    #[error("not delivered to everybody")]
    NotDelivered,
    /// They are offline, or do not want to be called by this account.
    #[error("cannot be called just now")]
    NotThere,
    /// They are in the conversation, or being called.
    #[error("already in the conversation")]
    AlreadyThere,
    /// The server said no for another reason.
    #[error("refused by the server with error {0:?}")]
    Refused(ErrorNumber),
    /// A message is at most [`MAX_MESSAGE`] bytes, headers and all.
    #[error("the message is longer than {} bytes", MAX_MESSAGE)]
    TooLong,
    /// Not in the conversation yet, or no longer.
    #[error("not in the conversation")]
    NotThereOneself,
}

/// Longest message in bytes, headers and all (wire-msnp13, 8.4).
pub const MAX_MESSAGE: usize = 1664;

/// Why a conversation is over for this account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Closing {
    /// As asked.
    #[error("left")]
    Left,
    /// Nobody said anything for long.
    #[error("the conversation was idle for too long")]
    Idle,
    /// The cookie was not good, or no longer.
    #[error("not let into the conversation")]
    NotLetIn,
    /// The connection broke, or the server closed it.
    #[error("the connection is lost")]
    Lost,
    /// The server said what a server must not say.
    #[error("the server is not understood: {0}")]
    Protocol(String),
}

/// One account's part in one conversation.
#[derive(Debug)]
pub struct Switchboard {
    me: Handle,
    door: Door,
    state: State,
    trids: TrIds,
    pending: BTreeMap<TrId, AskId>,
    members: Vec<Member>,
    parts: Parts,
    deadline: Instant,
    idle: bool,
}

/// How one enters.
#[derive(Debug)]
enum Door {
    Opened(Cookie),
    Called(Rng),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Entering(TrId),
    In,
    Closed,
}

impl Switchboard {
    /// A conversation that one opens, with what `XFR SB` was answered.
    pub fn opened(me: Handle, referral: SwitchboardReferral, now: Instant) -> Self {
        Self::new(me, Door::Opened(referral.cookie), now)
    }

    /// A conversation that one is called to.
    pub fn called(me: Handle, ring: Rng, now: Instant) -> Self {
        Self::new(me, Door::Called(ring), now)
    }

    fn new(me: Handle, door: Door, now: Instant) -> Self {
        Self {
            me,
            door,
            state: State::Connecting,
            trids: TrIds::default(),
            pending: BTreeMap::new(),
            members: Vec::new(),
            parts: Parts::default(),
            deadline: now + DEADLINE,
            idle: false,
        }
    }

    /// Who else is there.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// When the session wants [`Input::Timer`].
    pub fn wake_at(&self) -> Option<Instant> {
        match self.state {
            State::Connecting | State::Entering(_) => Some(self.deadline),
            State::In | State::Closed => None,
        }
    }

    /// Takes one input and says what must happen.
    #[must_use]
    pub fn handle(mut self, now: Instant, input: Input, effects: &mut Vec<Effect>) -> Self {
        let outcome = match input {
            _ if self.state == State::Closed => {
                if let Input::Ask { id, .. } = input {
                    let outcome = Err(AskError::NotThereOneself);
                    effects.push(Effect::Done { id, outcome });
                }
                return self;
            }
            Input::Connected => {
                self.enter(effects);
                Ok(())
            }
            Input::Line(line) => self.line(&line, effects),
            Input::Broken(error) => Err(Closing::Protocol(error.to_string())),
            Input::Ask { id, ask } => self.ask(id, ask, effects),
            Input::Timer if self.wake_at().is_some_and(|at| now >= at) => Err(Closing::NotLetIn),
            Input::Timer => Ok(()),
            Input::End if self.idle => Err(Closing::Idle),
            Input::End => Err(Closing::Lost),
        };
        if let Err(closing) = outcome {
            let waiting = std::mem::take(&mut self.pending);
            effects.extend(waiting.into_values().map(|id| Effect::Done {
                id,
                outcome: Err(AskError::NotThereOneself),
            }));
            effects.push(Effect::Close(closing));
            self.state = State::Closed;
            self.members.clear();
        }
        self
    }

    /// `USR` or `ANS`.
    fn enter(&mut self, effects: &mut Vec<Effect>) {
        let (trid, handle) = (self.trids.next(), Param::from(&self.me));
        let request = match &self.door {
            Door::Opened(cookie) => SwitchboardRequest::Usr(Enter {
                trid,
                handle,
                cookie: cookie.clone(),
            }),
            Door::Called(ring) => SwitchboardRequest::Ans(Ans {
                trid,
                handle,
                cookie: ring.cookie.clone(),
                session: ring.session,
            }),
        };
        say(effects, &request);
        self.state = State::Entering(trid);
    }

    fn ask(&mut self, id: AskId, ask: Ask, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        let refused = match ask {
            Ask::Leave => {
                say(effects, &SwitchboardRequest::Out);
                let outcome = Ok(());
                effects.push(Effect::Done { id, outcome });
                return Err(Closing::Left);
            }
            _ if self.state != State::In => AskError::NotThereOneself,
            Ask::Invite(handle) => {
                let trid = self.trids.next();
                self.pending.insert(trid, id);
                let handle = Param::from(&handle);
                say(effects, &SwitchboardRequest::Cal(Cal { trid, handle }));
                return Ok(());
            }
            Ask::Say { message, delivery } => {
                let message = message.write();
                if message.len() <= MAX_MESSAGE {
                    self.say(id, message, delivery, effects);
                    return Ok(());
                }
                AskError::TooLong
            }
        };
        let outcome = Err(refused);
        effects.push(Effect::Done { id, outcome });
        Ok(())
    }

    /// `MSG`.
    fn say(&mut self, id: AskId, message: Bytes, delivery: Delivery, effects: &mut Vec<Effect>) {
        let trid = self.trids.next();
        let ack = match delivery {
            Delivery::Unconfirmed => Ack::Nothing,
            Delivery::Confirmed => Ack::Always,
            Delivery::Data => Ack::Data,
        };
        say(
            effects,
            &SwitchboardRequest::Msg(Say { trid, ack, message }),
        );
        match delivery {
            Delivery::Unconfirmed => {
                let outcome = Ok(());
                effects.push(Effect::Done { id, outcome });
            }
            Delivery::Confirmed | Delivery::Data => {
                self.pending.insert(trid, id);
            }
        }
    }

    fn line(&mut self, line: &Line, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        let Ok(reply) = SwitchboardReply::parse(line, None) else {
            // wire-msnp13, 9: a client passes over what it does not know.
            return Ok(());
        };
        match reply {
            SwitchboardReply::UsrOk(ok) => self.entered(ok.trid, effects),
            SwitchboardReply::AnsOk(trid) => self.entered(trid, effects),
            SwitchboardReply::Iro(iro) => self.join(iro.member, effects),
            SwitchboardReply::Joi(joi) => self.join(joi.member, effects),
            SwitchboardReply::Ringing(ringing) => self.done(ringing.trid, Ok(()), effects),
            SwitchboardReply::Ack(trid) => self.done(trid, Ok(()), effects),
            SwitchboardReply::Nak(trid) => {
                self.done(trid, Err(AskError::NotDelivered), effects);
            }
            SwitchboardReply::Msg(said) => {
                let message = Message::parse(&said.message).ok();
                let whole = message.and_then(|message| self.parts.add(&said.handle, message));
                if let Some(message) = whole {
                    effects.push(Effect::Event(Event::Said {
                        from: said.handle,
                        speech: Speech::read(message),
                    }));
                }
            }
            SwitchboardReply::Bye(Bye { handle, cause }) => {
                self.idle |= cause == ByeCause::Idle;
                let there = self.members.len();
                self.members.retain(|member| member.handle != handle);
                self.parts.forget(&handle);
                if self.members.len() < there {
                    effects.push(Effect::Event(Event::Left(handle)));
                }
            }
            SwitchboardReply::Out(_) => return Err(Closing::Lost),
            SwitchboardReply::Failure(failure) => match self.state {
                State::Entering(asked) if failure.trid == asked => return Err(Closing::NotLetIn),
                _ => {
                    let error = match failure.code.number() {
                        215 => AskError::AlreadyThere,
                        216 | 217 => AskError::NotThere,
                        _ => AskError::Refused(failure.code),
                    };
                    self.done(failure.trid, Err(error), effects);
                }
            },
        }
        Ok(())
    }

    fn entered(&mut self, trid: TrId, effects: &mut Vec<Effect>) {
        if self.state == State::Entering(trid) {
            self.state = State::In;
            effects.push(Effect::Event(Event::Entered));
        }
    }

    fn join(&mut self, member: Member, effects: &mut Vec<Effect>) {
        self.members.retain(|known| known.handle != member.handle);
        self.members.push(member.clone());
        effects.push(Effect::Event(Event::Joined(member)));
    }

    fn done(&mut self, trid: TrId, outcome: Result<(), AskError>, effects: &mut Vec<Effect>) {
        if let Some(id) = self.pending.remove(&trid) {
            effects.push(Effect::Done { id, outcome });
        }
    }
}

/// Writes a command to the switchboard; they are written alike in every version.
fn say(effects: &mut Vec<Effect>, request: &SwitchboardRequest) {
    let mut out = BytesMut::with_capacity(128);
    request.write(None, &mut out);
    effects.push(Effect::Send(out.freeze()));
}

/// From the connection to being let in.
const DEADLINE: Duration = Duration::from_secs(60);
