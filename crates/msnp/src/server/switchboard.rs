//! A switchboard session: one member of one conversation (wire-msnp13, 8).
//!
//! ```text
//!   Waiting --USR cookie--> In (alone, CAL others)
//!      |                     ^
//!      +----ANS cookie-------+      MSG, CAL, OUT; others' MSG, JOI, BYE come as events
//! ```

use std::sync::Arc;
use std::time::Instant;

use super::pace::{Allowed, Pace};
use super::{
    Admitted, Answer, Closing, Company, Effect, Event, Input, JoinError, Policy, Session, close,
    fail, say, unanswered,
};
use crate::error::ErrorCode;
use crate::handle::Handle;
use crate::wire::command::switchboard::{Ack, EnterOk, Iro, Member, Ringing};
use crate::wire::command::{SwitchboardReply, SwitchboardRequest};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::{Dialect, Version};

/// Somebody in a conversation, or about to enter one.
#[derive(Debug)]
pub struct Switchboard {
    policy: Arc<Policy>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Neither `USR` nor `ANS` yet.
    Waiting { deadline: Instant },
    /// The cookie is being looked at.
    Entering { typed: Param, deadline: Instant },
    /// In a conversation. On the heap, so that a session that is none of this takes no room for it.
    In(Box<In>),
}

#[derive(Debug)]
struct In {
    handle: Handle,
    dialect: &'static Dialect,
    /// When anything last happened here.
    active_at: Instant,
    /// What to look at when nothing has happened for long.
    watch: Watch,
    calls: Pace,
    messages: Pace,
}

/// Which idle limit comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// Is anybody else here?
    Alone,
    /// Somebody is, and says nothing.
    Silent,
}

impl Ack {
    /// What the sender of a message hears once its fate is known.
    pub fn outcome(self, trid: TrId, fate: Fate) -> Option<Event> {
        match (self, fate) {
            (Self::Always | Self::Data | Self::Success, Fate::Delivered) => {
                Some(Event::Delivered(trid))
            }
            (Self::Always | Self::Data | Self::Failure, Fate::Lost) => {
                Some(Event::Undelivered(trid))
            }
            (Self::Nothing, _) | (Self::Failure, Fate::Delivered) | (Self::Success, Fate::Lost) => {
                None
            }
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Every copy was written to its receiver.
    Delivered,
    /// Some copy was not, or there was nobody to get one.
    Lost,
}

impl Switchboard {
    pub(super) fn open(policy: Arc<Policy>, now: Instant) -> Self {
        let deadline = now + policy.switchboard_deadline;
        Self {
            policy,
            state: State::Waiting { deadline },
        }
    }

    pub(super) fn wake_at(&self) -> Instant {
        match &self.state {
            State::Waiting { deadline } | State::Entering { deadline, .. } => *deadline,
            State::In(member) => member.wake_at(&self.policy),
        }
    }

    pub(super) fn version(&self) -> Option<Version> {
        match &self.state {
            State::Waiting { .. } | State::Entering { .. } => None,
            State::In(member) => Some(member.dialect.version),
        }
    }

    pub(super) fn account(&self) -> Option<&Handle> {
        match &self.state {
            State::Waiting { .. } | State::Entering { .. } => None,
            State::In(member) => Some(&member.handle),
        }
    }

    pub(super) fn handle(self, now: Instant, input: Input, effects: &mut Vec<Effect>) -> Session {
        match (self.state, input) {
            (State::Waiting { deadline }, Input::Line(line)) => Self {
                state: State::Waiting { deadline },
                ..self
            }
            .enter(&line, deadline, effects),
            (State::Waiting { deadline } | State::Entering { deadline, .. }, Input::Timer)
                if now >= deadline =>
            {
                close(
                    effects,
                    Closing::Fault("entered no conversation in time".into()),
                )
            }
            (State::Entering { typed, .. }, Input::Answer(answer)) => {
                entered(self.policy, now, typed, answer, effects)
            }
            (State::In(member), input) => member.handle(self.policy, now, input, effects),
            (state, input) => {
                unanswered(Session::Switchboard(Self { state, ..self }), input, effects)
            }
        }
    }

    /// `USR` or `ANS`.
    fn enter(self, line: &Line, deadline: Instant, effects: &mut Vec<Effect>) -> Session {
        let refuse = |typed: &Param, trid, effects: &mut Vec<Effect>| {
            fail(effects, ErrorCode::AuthenticationFailed, trid);
            close(effects, Closing::Fault(format!("{typed} is no handle")))
        };
        let typed = match SwitchboardRequest::parse(line, None) {
            Ok(SwitchboardRequest::Usr(usr)) => {
                let Ok(handle) = usr.handle.to_handle() else {
                    return refuse(&usr.handle, usr.trid, effects);
                };
                effects.push(Effect::Enter {
                    trid: usr.trid,
                    handle,
                    cookie: usr.cookie,
                });
                usr.handle
            }
            Ok(SwitchboardRequest::Ans(ans)) => {
                let Ok(handle) = ans.handle.to_handle() else {
                    return refuse(&ans.handle, ans.trid, effects);
                };
                let conversation = ans.session;
                effects.push(Effect::Join {
                    trid: ans.trid,
                    handle,
                    cookie: ans.cookie,
                    conversation,
                });
                ans.handle
            }
            Ok(_) => {
                let why = format!("{} outside a conversation", line.verb());
                return close(effects, Closing::Fault(why));
            }
            Err(error) => return close(effects, Closing::parse(&error)),
        };
        Session::Switchboard(Self {
            state: State::Entering { typed, deadline },
            ..self
        })
    }
}

/// The cookie was looked at.
fn entered(
    policy: Arc<Policy>,
    now: Instant,
    typed: Param,
    answer: Answer,
    effects: &mut Vec<Effect>,
) -> Session {
    let Admitted { member, dialect } = match answer {
        Answer::Entered {
            trid,
            entered: Some(admitted),
        } => {
            let name = admitted.member.name.clone();
            let ok = EnterOk {
                trid,
                handle: typed,
                name,
            };
            say(effects, Some(admitted.dialect), SwitchboardReply::UsrOk(ok));
            admitted
        }
        Answer::Joined {
            trid,
            outcome: Ok((admitted, there)),
        } => {
            roll_call(trid, admitted.dialect, there, effects);
            admitted
        }
        Answer::Entered {
            trid,
            entered: None,
        }
        | Answer::Joined {
            trid,
            outcome: Err(JoinError::Cookie),
        } => {
            fail(effects, ErrorCode::AuthenticationFailed, trid);
            return close(effects, Closing::Fault(format!("bad cookie of {typed}")));
        }
        Answer::Joined {
            outcome: Err(JoinError::Conversation),
            ..
        } => {
            return close(
                effects,
                Closing::Fault(format!("{typed}: no such conversation, or full")),
            );
        }
        _ => {
            return close(
                effects,
                Closing::Fault("internal: answer to nothing asked".into()),
            );
        }
    };
    let member = Box::new(In {
        handle: member.handle,
        dialect,
        active_at: now,
        watch: Watch::Alone,
        calls: Pace::default(),
        messages: Pace::default(),
    });
    Session::Switchboard(Switchboard {
        policy,
        state: State::In(member),
    })
}

/// `IRO` for each who is there, and `ANS OK`.
fn roll_call(trid: TrId, dialect: &'static Dialect, there: Vec<Member>, effects: &mut Vec<Effect>) {
    let total = u32::try_from(there.len()).unwrap_or(u32::MAX);
    for (index, member) in (1..).zip(there) {
        let iro = Iro {
            trid,
            index,
            total,
            member,
        };
        say(effects, Some(dialect), SwitchboardReply::Iro(iro));
    }
    say(effects, Some(dialect), SwitchboardReply::AnsOk(trid));
}

impl In {
    fn wake_at(&self, policy: &Policy) -> Instant {
        self.active_at
            + match self.watch {
                Watch::Alone => policy.alone_idle,
                Watch::Silent => policy.conversation_idle.max(policy.alone_idle),
            }
    }

    fn handle(
        mut self: Box<Self>,
        policy: Arc<Policy>,
        now: Instant,
        input: Input,
        effects: &mut Vec<Effect>,
    ) -> Session {
        match input {
            Input::Line(line) => {
                self.touch(now);
                if let Err(closing) = self.line(&policy, now, &line, effects) {
                    return close(effects, closing);
                }
            }
            Input::Event(Event::Frozen(bytes)) => {
                self.touch(now);
                effects.push(Effect::Send(bytes));
            }
            Input::Event(Event::Delivered(trid)) => {
                say(effects, Some(self.dialect), SwitchboardReply::Ack(trid));
            }
            Input::Event(Event::Undelivered(trid)) => {
                say(effects, Some(self.dialect), SwitchboardReply::Nak(trid));
            }
            Input::Event(Event::ConversationOver) => {
                return close(effects, Closing::Done("conversation idle"));
            }
            Input::Answer(Answer::Called { trid, outcome }) => match outcome {
                Ok(session) => {
                    let ringing = Ringing { trid, session };
                    say(
                        effects,
                        Some(self.dialect),
                        SwitchboardReply::Ringing(ringing),
                    );
                }
                Err(code) => fail(effects, code, trid),
            },
            Input::Timer if now >= self.wake_at(&policy) => match self.watch {
                Watch::Alone => effects.push(Effect::AskCompany),
                Watch::Silent => effects.push(Effect::EndConversation),
            },
            Input::Answer(Answer::Company(company)) => match company {
                Company::Alone => return close(effects, Closing::Done("alone and idle")),
                Company::Others => self.watch = Watch::Silent,
            },
            input => {
                let session = Session::Switchboard(Switchboard {
                    policy,
                    state: State::In(self),
                });
                return unanswered(session, input, effects);
            }
        }
        Session::Switchboard(Switchboard {
            policy,
            state: State::In(self),
        })
    }

    fn line(
        &mut self,
        policy: &Policy,
        now: Instant,
        line: &Line,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        match SwitchboardRequest::parse(line, Some(self.dialect))
            .map_err(|error| Closing::parse(&error))?
        {
            SwitchboardRequest::Msg(msg) => match self.messages.take(policy.msg_rate, now) {
                Allowed::Yes => {
                    effects.push(Effect::Relay {
                        trid: msg.trid,
                        ack: msg.ack,
                        message: msg.message,
                    });
                }
                Allowed::No => {
                    if let Some(Event::Undelivered(trid)) = msg.ack.outcome(msg.trid, Fate::Lost) {
                        say(effects, Some(self.dialect), SwitchboardReply::Nak(trid));
                    }
                }
                Allowed::Abuse => return Err(Closing::Fault("far too many messages".into())),
            },
            SwitchboardRequest::Cal(cal) => match self.calls.take(policy.cal_rate, now) {
                Allowed::Yes => match cal.handle.to_handle() {
                    Ok(handle) => effects.push(Effect::Call {
                        trid: cal.trid,
                        handle,
                    }),
                    Err(_) => fail(effects, ErrorCode::NoSuchAccount, cal.trid),
                },
                Allowed::No => fail(effects, ErrorCode::TooActive, cal.trid),
                Allowed::Abuse => return Err(Closing::Fault("far too many calls".into())),
            },
            SwitchboardRequest::Out => return Err(Closing::Done("left")),
            SwitchboardRequest::Usr(_) | SwitchboardRequest::Ans(_) => {
                return Err(Closing::Fault(format!(
                    "{} inside a conversation",
                    line.verb()
                )));
            }
        }
        Ok(())
    }

    fn touch(&mut self, now: Instant) {
        self.active_at = now;
        self.watch = Watch::Alone;
    }
}
