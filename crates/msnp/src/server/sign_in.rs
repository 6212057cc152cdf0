//! Sign-in: one request, one answer, until the ticket was found good (wire-msnp13, 2 and 3;
//! transcripts-14-15, 1 and 3).
//!
//! ```text
//!   Start --VER--> Greeted --CVR--> Introduced --USR I--> Invited --USR S--> Verifying --> notification
//!                                        |
//!                                        +-- on a dispatch server: XFR, the end
//! ```
//!
//! `VER`, `CVR` and `USR` out of this order are 715 and the end; everything else is the end.

use std::sync::Arc;
use std::time::Instant;

use super::notification::Notification;
use super::{
    Answer, BareTickets, Closing, Door, Effect, Event, Input, Nonce, Place, Policy, Refusal,
    Session, Showing, Welcome, close, dispatch, fail, notify, unanswered,
};
use crate::error::ErrorCode;
use crate::handle::Handle;
use crate::proof::{sso, tweener};
use crate::wire::command::notice::ServerMessage;
use crate::wire::command::policy::{Gcf, Shields};
use crate::wire::command::session::{
    Chosen, CvrReply, Out, OutReason, Software, Usr, UsrReply, UsrStep, Ver, VerReply,
};
use crate::wire::command::{NotificationReply, NotificationRequest};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::{Dialect, Policies, Proof, Version};

/// Somebody who is signing in.
#[derive(Debug)]
pub struct SignIn {
    policy: Arc<Policy>,
    place: Place,
    nonce: Nonce,
    deadline: Instant,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing yet.
    Start,
    /// `VER` is settled.
    Greeted { dialect: &'static Dialect },
    /// `VER` is settled on `CVR0`: only questions about client versions.
    Asking,
    /// `CVR` was answered.
    Introduced { dialect: &'static Dialect },
    /// The challenge of `USR` is out; the client is at the sign-in service.
    Invited {
        dialect: &'static Dialect,
        claim: Claim,
        invitation: Invitation,
    },
    /// The ticket is being looked at.
    Verifying {
        dialect: &'static Dialect,
        claim: Claim,
        trid: TrId,
    },
}

/// Who the client says it is.
#[derive(Debug)]
struct Claim {
    /// As typed: `USR OK` must echo it so.
    typed: Param,
    handle: Handle,
}

/// What the client was asked to bring.
#[derive(Debug)]
enum Invitation {
    /// `TWN`: a ticket.
    Tweener,
    /// `SSO`: a ticket, and an answer to this.
    SingleSignOn(Box<sso::Nonce>),
}

impl SignIn {
    pub(super) fn open(policy: Arc<Policy>, place: Place, nonce: Nonce, deadline: Instant) -> Self {
        Self {
            policy,
            place,
            nonce,
            deadline,
            state: State::Start,
        }
    }

    pub(super) fn wake_at(&self) -> Instant {
        self.deadline
    }

    pub(super) fn version(&self) -> Option<Version> {
        self.dialect().map(|dialect| dialect.version)
    }

    pub(super) fn claimed(&self) -> Option<&Handle> {
        match &self.state {
            State::Start | State::Greeted { .. } | State::Asking | State::Introduced { .. } => None,
            State::Invited { claim, .. } | State::Verifying { claim, .. } => Some(&claim.handle),
        }
    }

    pub(super) fn handle(self, now: Instant, input: Input, effects: &mut Vec<Effect>) -> Session {
        match input {
            Input::Line(line) => self.line(now, &line, effects),
            Input::Answer(Answer::Verified(outcome)) => self.verified(now, outcome, effects),
            Input::Timer if now >= self.deadline => {
                close(effects, Closing::Fault("did not sign in in time".into()))
            }
            Input::Event(Event::ShuttingDown) => {
                let out = Out {
                    reason: Some(OutReason::ShuttingDown),
                };
                notify(effects, self.dialect(), NotificationReply::Out(out));
                close(effects, Closing::Done("server going down"))
            }
            input => unanswered(session(self), input, effects),
        }
    }

    fn line(self, now: Instant, line: &Line, effects: &mut Vec<Effect>) -> Session {
        let request = match NotificationRequest::parse(line, self.dialect()) {
            Ok(request) => request,
            Err(error) => return close(effects, Closing::parse(&error)),
        };
        match (&self.state, request) {
            (State::Start, NotificationRequest::Ver(ver)) => self.greet(&ver, effects),
            (State::Greeted { dialect }, NotificationRequest::Cvr(cvr)) => {
                let dialect = *dialect;
                let reply = self.client_versions(cvr.trid, &cvr.software);
                notify(effects, Some(dialect), NotificationReply::Cvr(reply));
                session(Self {
                    state: State::Introduced { dialect },
                    ..self
                })
            }
            (State::Greeted { .. } | State::Asking, NotificationRequest::Cvq(cvq)) => {
                let reply = self.client_versions(cvq.trid, &cvq.software);
                notify(effects, self.dialect(), NotificationReply::Cvq(reply));
                session(self)
            }
            (State::Asking, NotificationRequest::Cvr(cvr)) => {
                let reply = self.client_versions(cvr.trid, &cvr.software);
                notify(effects, self.dialect(), NotificationReply::Cvr(reply));
                session(self)
            }
            (State::Introduced { dialect }, NotificationRequest::Usr(usr)) => {
                let dialect = *dialect;
                self.invite(now, dialect, usr, effects)
            }
            (State::Invited { .. }, NotificationRequest::Usr(usr)) => self.present(usr, effects),
            (_, request) => match out_of_order(&request) {
                Some(trid) => {
                    fail(effects, ErrorCode::NotExpected, trid);
                    close(
                        effects,
                        Closing::Fault(format!("{} out of order", line.verb())),
                    )
                }
                None => close(
                    effects,
                    Closing::Fault(format!("{} before sign-in", line.verb())),
                ),
            },
        }
    }

    /// `VER`: one dialect alone, the newest that both know (RULINGS).
    fn greet(self, ver: &Ver, effects: &mut Vec<Effect>) -> Session {
        let trid = ver.trid;
        let chosen = Dialect::negotiate(&ver.versions(), self.policy.max_version);
        let (chosen, state) = match chosen {
            Some(dialect) => (Chosen::Version(dialect.version), State::Greeted { dialect }),
            None if ver.offers_cvr0() => (Chosen::Cvr0, State::Asking),
            None => {
                let reply = VerReply {
                    trid,
                    chosen: Chosen::Nothing,
                };
                notify(effects, None, NotificationReply::Ver(reply));
                let offered: Vec<_> = ver.offered.iter().map(Param::as_str).collect();
                let offered = offered.join(" ");
                return close(
                    effects,
                    Closing::Fault(format!("speaks no version of ours: {offered}")),
                );
            }
        };
        notify(
            effects,
            None,
            NotificationReply::Ver(VerReply { trid, chosen }),
        );
        session(Self { state, ..self })
    }

    /// `CVR` and `CVQ`: the client's own version is the right one, whatever it is.
    fn client_versions(&self, trid: TrId, software: &Software) -> CvrReply {
        let pages = &self.policy.pages;
        let download = Param::word(&format!("{pages}/setup"));
        CvrReply {
            trid,
            recommended: software.version.clone(),
            recommended_too: software.version.clone(),
            minimum: software.version.clone(),
            download_url: download,
            info_url: pages.clone(),
        }
    }

    /// `USR ... I`. Only the form of the handle is looked at: whether there is such an account is not
    /// for strangers to know.
    fn invite(
        self,
        now: Instant,
        dialect: &'static Dialect,
        usr: Usr,
        effects: &mut Vec<Effect>,
    ) -> Session {
        let trid = usr.trid;
        let typed = match (dialect.proof, usr.step) {
            (Proof::Tweener, UsrStep::TweenerStart { handle })
            | (Proof::SingleSignOn, UsrStep::SingleSignOnStart { handle }) => handle,
            (Proof::Tweener, UsrStep::TweenerTicket { .. })
            | (Proof::SingleSignOn, UsrStep::SingleSignOnTicket { .. }) => {
                fail(effects, ErrorCode::NotExpected, trid);
                return close(
                    effects,
                    Closing::Fault("ticket before the challenge".into()),
                );
            }
            (_, step) => return wrong_package(&step, dialect, effects),
        };
        let Ok(handle) = typed.to_handle() else {
            fail(effects, ErrorCode::AuthenticationFailed, trid);
            return close(effects, Closing::Fault(format!("{typed} is no handle")));
        };
        if self.place.door == Door::Dispatch {
            return dispatch::refer(self.place.address, dialect, trid, effects);
        }
        let (challenge, invitation) = self.challenge(dialect, trid);
        let challenge = NotificationReply::Usr(challenge);
        let replies = match dialect.policies {
            Policies::AfterChallenge => [challenge, policies()],
            Policies::BeforeChallenge => [policies(), challenge],
        };
        for reply in replies {
            notify(effects, Some(dialect), reply);
        }
        let deadline = now + self.policy.ticket_deadline;
        let state = State::Invited {
            dialect,
            claim: Claim { typed, handle },
            invitation,
        };
        session(Self {
            deadline,
            state,
            ..self
        })
    }

    /// The answer to `USR ... I`, and what is to be brought.
    fn challenge(&self, dialect: &Dialect, trid: TrId) -> (UsrReply, Invitation) {
        match dialect.proof {
            Proof::Tweener => {
                let parameters = tweener::parameters(self.nonce.now, self.nonce.random);
                (
                    UsrReply::TweenerParameters { trid, parameters },
                    Invitation::Tweener,
                )
            }
            Proof::SingleSignOn => {
                let nonce = sso::Nonce::new(self.nonce.random);
                let reply = UsrReply::SingleSignOnNonce {
                    trid,
                    policy: Param::word(sso::POLICY),
                    nonce: nonce.to_param(),
                };
                (reply, Invitation::SingleSignOn(Box::new(nonce)))
            }
        }
    }

    /// `USR ... S`.
    fn present(self, usr: Usr, effects: &mut Vec<Effect>) -> Session {
        let State::Invited {
            dialect,
            claim,
            invitation,
        } = self.state
        else {
            return session(self);
        };
        let trid = usr.trid;
        let (presented, showing) = match (invitation, usr.step) {
            (Invitation::Tweener, UsrStep::TweenerTicket { ticket }) => {
                (ticket, Some(Showing::Having))
            }
            (Invitation::SingleSignOn(nonce), UsrStep::SingleSignOnTicket { ticket, response }) => {
                let showing = match (response, self.policy.bare_tickets) {
                    (Some(response), _) => Some(Showing::Answering { nonce, response }),
                    (None, BareTickets::Taken) => Some(Showing::Having),
                    (None, BareTickets::Refused) => None,
                };
                (ticket, showing)
            }
            (Invitation::Tweener, UsrStep::TweenerStart { .. })
            | (Invitation::SingleSignOn(_), UsrStep::SingleSignOnStart { .. }) => {
                fail(effects, ErrorCode::NotExpected, trid);
                return close(effects, Closing::Fault("second USR I".into()));
            }
            (_, step) => return wrong_package(&step, dialect, effects),
        };
        let (Some(ticket), Some(showing)) = (presented.ticket(), showing) else {
            return refuse(trid, Refusal::Ticket, effects);
        };
        effects.push(Effect::Verify {
            handle: claim.handle.clone(),
            ticket,
            showing,
            dialect,
        });
        let state = State::Verifying {
            dialect,
            claim,
            trid,
        };
        session(Self { state, ..self })
    }

    fn verified(
        self,
        now: Instant,
        outcome: Result<Box<Welcome>, Refusal>,
        effects: &mut Vec<Effect>,
    ) -> Session {
        let State::Verifying {
            dialect,
            claim,
            trid,
        } = self.state
        else {
            return session(self);
        };
        let Welcome {
            profile,
            verified,
            seed,
        } = match outcome {
            Ok(welcome) => *welcome,
            Err(refusal) => return refuse(trid, refusal, effects),
        };
        let handle = claim.typed;
        let ok = UsrReply::Ok {
            trid,
            handle,
            verified,
            restricted: false,
        };
        notify(effects, Some(dialect), NotificationReply::Usr(ok));
        notify(effects, Some(dialect), NotificationReply::Sbs);
        let message = profile.to_message().write();
        notify(
            effects,
            Some(dialect),
            NotificationReply::Msg(ServerMessage { message }),
        );
        let notification = Notification::new(self.policy, dialect, claim.handle, seed, now);
        Session::Notification(Box::new(notification))
    }

    fn dialect(&self) -> Option<&'static Dialect> {
        match &self.state {
            State::Start | State::Asking => None,
            State::Greeted { dialect }
            | State::Introduced { dialect }
            | State::Invited { dialect, .. }
            | State::Verifying { dialect, .. } => Some(dialect),
        }
    }
}

/// On the heap, so that the sessions of those who are signed in do not pay for it.
fn session(sign_in: SignIn) -> Session {
    Session::SignIn(Box::new(sign_in))
}

/// `GCF`, unasked.
fn policies() -> NotificationReply {
    NotificationReply::Gcf(Gcf::push(&Shields::default()))
}

/// A package that this dialect does not have.
fn wrong_package(step: &UsrStep, dialect: &Dialect, effects: &mut Vec<Effect>) -> Session {
    let (package, version) = (step.package(), dialect.version);
    close(
        effects,
        Closing::Fault(format!("USR {package} in {version}")),
    )
}

fn refuse(trid: TrId, refusal: Refusal, effects: &mut Vec<Effect>) -> Session {
    let (code, why) = match refusal {
        Refusal::Ticket => (ErrorCode::AuthenticationFailed, "bad ticket or response"),
        Refusal::Busy => (ErrorCode::TooBusyToAuthenticate, "too busy to authenticate"),
        Refusal::Internal => (ErrorCode::Internal, "sign-in failed inside the server"),
    };
    fail(effects, code, trid);
    close(effects, Closing::Fault(why.into()))
}

/// The TrID of a request that belongs to sign-in, but not here.
fn out_of_order(request: &NotificationRequest) -> Option<TrId> {
    match request {
        NotificationRequest::Ver(ver) => Some(ver.trid),
        NotificationRequest::Cvr(cvr) => Some(cvr.trid),
        NotificationRequest::Usr(usr) => Some(usr.trid),
        _ => None,
    }
}

/// Requests of sign-in that come when it is over: 207 for `USR`, 715 for the others.
pub(super) fn too_late(request: &NotificationRequest) -> Option<(ErrorCode, TrId)> {
    let trid = out_of_order(request)?;
    match request {
        NotificationRequest::Usr(_) => Some((ErrorCode::AlreadySignedIn, trid)),
        _ => Some((ErrorCode::NotExpected, trid)),
    }
}
