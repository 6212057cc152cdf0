//! Signing in: one request, one answer, until the notification server says `USR OK` (wire-msnp13, 2
//! and 3; wire-versions, 2.1).
//!
//! ```text
//!   Connecting -> VER -> CVR -> USR I --parameters or nonce--> tickets -> USR S -> notification
//!       ^                         |
//!       +------- XFR NS ----------+
//! ```

use std::time::{Duration, Instant};

use super::draw::Draw;
use super::exchange::{AskError, Closing, Effect, FetchId, Input, Settings, SignInError};
use super::notification::Notification;
use super::service::tickets::{self, Challenge, Tickets};
use super::service::{Reply, ServiceError};
use super::{Session, TrIds, close, send};
use crate::proof::sso::{Nonce, Response};
use crate::proof::tweener::Presented;
use crate::wire::command::session::{
    Chosen, Cvr, OutReason, Referral, Usr, UsrReply, UsrStep, Ver,
};
use crate::wire::command::{NotificationReply, NotificationRequest};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::{Dialect, Proof};

/// Somebody who is signing in.
#[derive(Debug)]
pub struct SignIn {
    settings: Settings,
    draw: Draw,
    trids: TrIds,
    deadline: Instant,
    referrals: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Connecting,
    /// `VER` is out.
    Offering(TrId),
    /// `CVR` is out.
    Introducing(&'static Dialect, TrId),
    /// `USR I` is out.
    Starting(&'static Dialect, TrId),
    /// The sign-in service is asked.
    Fetching {
        dialect: &'static Dialect,
        challenge: Challenge,
        nonce: Option<Nonce>,
    },
    /// `USR S` is out.
    Presenting {
        dialect: &'static Dialect,
        challenge: Challenge,
        tickets: Tickets,
        trid: TrId,
    },
}

impl SignIn {
    pub(super) fn new(settings: Settings, now: Instant) -> Self {
        Self {
            draw: Draw::new(settings.seed.clone()),
            settings,
            trids: TrIds::default(),
            deadline: now + DEADLINE,
            referrals: 0,
            state: State::Connecting,
        }
    }

    pub(super) fn wake_at(&self) -> Instant {
        self.deadline
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        now: Instant,
        input: Input,
        effects: &mut Vec<Effect>,
    ) -> Session {
        let outcome = match input {
            Input::Connected => self.offer(effects),
            Input::Line(line) => match self.line(&line, effects) {
                Ok(Some(Accepted {
                    dialect,
                    challenge,
                    tickets,
                })) => {
                    let Self {
                        settings,
                        mut draw,
                        trids,
                        ..
                    } = *self;
                    let notification = Notification::open(
                        settings, &mut draw, trids, dialect, challenge, tickets, now, effects,
                    );
                    return Session::Notification(Box::new(notification));
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            },
            Input::Broken(error) => Err(SignInError::Protocol(error.to_string())),
            Input::Fetched { outcome, .. } => self.fetched(outcome, effects),
            Input::Ask { id, .. } => {
                let outcome = Err(AskError::NotSignedIn);
                effects.push(Effect::Done { id, outcome });
                Ok(())
            }
            Input::Timer if now >= self.deadline => Err(SignInError::TimedOut),
            Input::Timer => Ok(()),
            Input::End => Err(SignInError::Lost),
        };
        match outcome {
            Ok(()) => Session::SignIn(self),
            Err(error) => close(effects, Closing::SignIn(error)),
        }
    }

    /// `VER`, on this connection and on every one that it leads to.
    fn offer(&mut self, effects: &mut Vec<Effect>) -> Result<(), SignInError> {
        let versions = self.settings.versions.iter();
        let mut offered: Vec<_> = versions
            .filter(|version| Dialect::of(**version).is_some())
            .map(|version| Param::word(&version.to_string()))
            .collect();
        if offered.is_empty() {
            return Err(SignInError::NoCommonVersion);
        }
        offered.push(Param::word("CVR0"));
        let trid = self.trids.next();
        send(effects, &NotificationRequest::Ver(Ver { trid, offered }));
        self.state = State::Offering(trid);
        Ok(())
    }

    fn line(
        &mut self,
        line: &Line,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<Accepted>, SignInError> {
        let reply = NotificationReply::parse(line, self.dialect())
            .map_err(|error| SignInError::Protocol(error.to_string()))?;
        let handle = Param::from(&self.settings.identity.handle);
        match (&self.state, reply) {
            (State::Offering(asked), NotificationReply::Ver(ver)) if ver.trid == *asked => {
                let Chosen::Version(version) = ver.chosen else {
                    return Err(SignInError::NoCommonVersion);
                };
                let offered = self.settings.versions.contains(&version);
                let dialect = Dialect::of(version).filter(|_| offered);
                let dialect = dialect.ok_or(SignInError::NoCommonVersion)?;
                let (trid, software) = (self.trids.next(), self.settings.software.clone());
                let cvr = Cvr {
                    trid,
                    software,
                    handle,
                };
                send(effects, &NotificationRequest::Cvr(cvr));
                self.state = State::Introducing(dialect, trid);
            }
            (State::Introducing(dialect, asked), NotificationReply::Cvr(cvr))
                if cvr.trid == *asked =>
            {
                let (dialect, trid) = (*dialect, self.trids.next());
                let step = match dialect.proof {
                    Proof::Tweener => UsrStep::TweenerStart { handle },
                    Proof::SingleSignOn => UsrStep::SingleSignOnStart { handle },
                };
                send(effects, &NotificationRequest::Usr(Usr { trid, step }));
                self.state = State::Starting(dialect, trid);
            }
            (
                State::Starting(_, asked),
                NotificationReply::Referral(Referral { trid, address }),
            ) if trid == *asked => {
                self.refer(address, effects)?;
            }
            (State::Starting(dialect, _), NotificationReply::Usr(reply)) => {
                let dialect = *dialect;
                self.fetch_tickets(dialect, reply, effects)?;
            }
            (
                State::Presenting { trid: asked, .. },
                NotificationReply::Usr(UsrReply::Ok { trid, .. }),
            ) if trid == *asked => {
                return Ok(self.accepted());
            }
            (_, NotificationReply::Failure(failure)) => {
                return Err(SignInError::Refused(failure.code));
            }
            (_, NotificationReply::Out(out)) => {
                return Err(match out.reason {
                    Some(OutReason::Other(word)) => SignInError::Protocol(format!("OUT {word}")),
                    _ => SignInError::Lost,
                });
            }
            // Policies, and whatever else a server likes to say.
            _ => {}
        }
        Ok(None)
    }

    /// `XFR NS`.
    fn refer(&mut self, address: Param, effects: &mut Vec<Effect>) -> Result<(), SignInError> {
        self.referrals += 1;
        if self.referrals > MAX_REFERRALS {
            return Err(SignInError::TooManyReferrals);
        }
        if address.as_str() == "0" {
            return self.offer(effects);
        }
        effects.push(Effect::Reconnect { address });
        self.state = State::Connecting;
        Ok(())
    }

    /// The first answer to `USR` tells with what to ask for tickets.
    fn fetch_tickets(
        &mut self,
        dialect: &'static Dialect,
        reply: UsrReply,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SignInError> {
        let (challenge, nonce) = match reply {
            UsrReply::TweenerParameters { parameters, .. } => {
                (Challenge::Tweener(parameters.as_str().to_owned()), None)
            }
            UsrReply::SingleSignOnNonce { policy, nonce, .. } => {
                let nonce = Nonce::parse(nonce.as_str())
                    .ok_or_else(|| SignInError::Protocol("a nonce of odd length".to_owned()))?;
                let policy = policy.as_str().to_owned();
                (Challenge::SingleSignOn(policy), Some(nonce))
            }
            UsrReply::Ok { .. } => {
                return Err(SignInError::Protocol("OK before a ticket".to_owned()));
            }
        };
        effects.push(Effect::Fetch {
            id: TICKETS,
            request: Tickets::request(&self.settings.identity, &challenge),
        });
        self.state = State::Fetching {
            dialect,
            challenge,
            nonce,
        };
        Ok(())
    }

    /// `USR S`.
    fn fetched(
        &mut self,
        outcome: Result<Reply, ServiceError>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), SignInError> {
        let State::Fetching {
            dialect,
            challenge,
            nonce,
        } = &self.state
        else {
            return Ok(());
        };
        let tickets =
            outcome
                .and_then(|reply| Tickets::read(&reply))
                .map_err(|error| match error.code() {
                    Some("FailedAuthentication") => SignInError::WrongPassword,
                    _ => SignInError::Service(error),
                })?;
        let missing = || SignInError::Protocol("no ticket for the notification server".to_owned());
        let step = match (challenge, nonce) {
            (Challenge::SingleSignOn(_), Some(nonce)) => {
                let ticket = tickets.find(tickets::CLEAR).ok_or_else(missing)?;
                let response = ticket.secret.map(|secret| {
                    let response = nonce.response(&secret, self.draw.bytes());
                    Response::new(&Param::word(response.as_str()))
                });
                UsrStep::SingleSignOnTicket {
                    ticket: Presented::new(&ticket.text).ok_or_else(missing)?,
                    response,
                }
            }
            _ => {
                let ticket = tickets.find(tickets::MESSENGER).ok_or_else(missing)?;
                UsrStep::TweenerTicket {
                    ticket: Presented::new(&ticket.text).ok_or_else(missing)?,
                }
            }
        };
        let trid = self.trids.next();
        send(effects, &NotificationRequest::Usr(Usr { trid, step }));
        self.state = State::Presenting {
            dialect,
            challenge: challenge.clone(),
            tickets,
            trid,
        };
        Ok(())
    }

    fn accepted(&mut self) -> Option<Accepted> {
        match std::mem::replace(&mut self.state, State::Connecting) {
            State::Presenting {
                dialect,
                challenge,
                tickets,
                ..
            } => Some(Accepted {
                dialect,
                challenge,
                tickets,
            }),
            state => {
                self.state = state;
                None
            }
        }
    }

    fn dialect(&self) -> Option<&'static Dialect> {
        match &self.state {
            State::Connecting | State::Offering(_) => None,
            State::Introducing(dialect, _) | State::Starting(dialect, _) => Some(dialect),
            State::Fetching { dialect, .. } | State::Presenting { dialect, .. } => Some(dialect),
        }
    }
}

/// What `USR OK` leaves.
struct Accepted {
    dialect: &'static Dialect,
    challenge: Challenge,
    tickets: Tickets,
}

/// The only request of this part of a session.
const TICKETS: FetchId = FetchId(0);

/// From the connection to `USR OK`.
const DEADLINE: Duration = Duration::from_secs(60);

/// A dispatch server, and one that is moving its accounts.
const MAX_REFERRALS: u32 = 4;
