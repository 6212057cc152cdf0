//! Signed in: presence, lists, and everything that the application asks (wire-msnp13, 4 to 8.1).
//!
//! ```text
//!   USR OK -> lists read (two services at once) -> BLP ADL PRP UUX CHG -> Event::SignedIn
//!
//!   asks that change lists: one after another, each a row of steps (see `steps`)
//!   other asks: a command at once, its answer found by its TrID
//! ```

mod asks;
mod lists;
mod mail;
mod outcomes;
mod steps;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::contacts::ContactBook;
use super::draw::Draw;
use super::exchange::{
    AskError, AskId, Closing, Effect, Event, FetchId, Input, Outcome, Settings, SignInError,
};
use super::service::tickets::{Challenge, Tickets};
use super::{Session, TrIds, close, send};
use crate::error::ParseError;
use crate::message::Message;
use crate::object::MsnObject;
use crate::presence::UserData;
use crate::soap::guid::Guid;
use crate::wire::command::list::ListDocument;
use crate::wire::command::presence::{Chg, ChgStatus, Uux};
use crate::wire::command::session::{Out, OutReason, Qry};
use crate::wire::command::{NotificationReply, NotificationRequest};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::version::{self, Dialect};

use lists::Push;
use mail::Inbox;
use steps::Operation;

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Notification {
    settings: Settings,
    trids: TrIds,
    dialect: &'static Dialect,
    challenge: Challenge,
    tickets: Tickets,
    phase: Phase,
    book: ContactBook,
    /// What was pushed while the lists were being read.
    pushes: Vec<Push>,
    /// What is asked of the server, by TrID.
    pending: BTreeMap<TrId, Pending>,
    /// What is asked of services, and by whom.
    fetches: BTreeMap<FetchId, Fetch>,
    next_fetch: u64,
    /// The first one is being carried out.
    operations: VecDeque<Operation>,
    inbox: Inbox,
    /// The answer to the last challenge of the service for offline messages.
    lock_key: String,
    /// All offline messages of this session belong together.
    run: Guid,
    letters: u32,
    /// Why it cannot go on.
    failed: Option<Closing>,
    heard_at: Instant,
    ping: Ping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The lists are being read.
    Reading,
    /// The first `CHG` is out.
    Showing,
    /// Everything works.
    Shown,
}

/// What a command to the server was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    /// Nobody waits for the answer.
    Nobody(&'static str),
    /// The first `CHG`.
    FirstStatus,
    /// The application does.
    Ask(AskId),
    /// The operation under way does.
    Step,
}

/// Whom the answer of a service is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetch {
    /// The operation under way.
    Step,
    /// The same, for one of the two halves of the lists.
    Book,
    Memberships,
    /// Offline messages.
    Inbox,
}

#[derive(Clone, Copy, Debug)]
struct Ping {
    every: Duration,
    /// When one went out that is not answered.
    sent_at: Option<Instant>,
}

impl Notification {
    #[expect(
        clippy::too_many_arguments,
        reason = "what sign-in leaves, taken over once"
    )]
    pub(super) fn open(
        settings: Settings,
        draw: &mut Draw,
        trids: TrIds,
        dialect: &'static Dialect,
        challenge: Challenge,
        tickets: Tickets,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) -> Self {
        let run = draw.guid();
        let mut notification = Self {
            settings,
            trids,
            dialect,
            challenge,
            tickets,
            phase: Phase::Reading,
            book: ContactBook::default(),
            pushes: Vec::new(),
            pending: BTreeMap::new(),
            fetches: BTreeMap::new(),
            next_fetch: 0,
            operations: VecDeque::new(),
            inbox: Inbox::default(),
            lock_key: String::new(),
            run,
            letters: 0,
            failed: None,
            heard_at: now,
            ping: Ping {
                every: PING,
                sent_at: None,
            },
        };
        notification.start(Operation::read_lists(), effects);
        notification
    }

    pub(super) fn contacts(&self) -> &ContactBook {
        &self.book
    }

    pub(super) fn wake_at(&self) -> Instant {
        match self.ping.sent_at {
            Some(at) => at + PATIENCE,
            None => self.heard_at + self.ping.every,
        }
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        now: Instant,
        input: Input,
        effects: &mut Vec<Effect>,
    ) -> Session {
        let outcome = match input {
            Input::Line(line) => {
                self.heard_at = now;
                self.ping.sent_at = None;
                let outcome = self.line(&line, effects);
                outcome.and_then(|()| self.failed.take().map_or(Ok(()), Err))
            }
            Input::Broken(error) => Err(Closing::Protocol(error.to_string())),
            Input::Ask { id, ask } => self.ask(id, ask, effects),
            Input::Fetched { id, outcome } => {
                self.fetched(id, outcome, effects);
                self.failed.take().map_or(Ok(()), Err)
            }
            Input::Timer => self.timer(now, effects),
            Input::End => Err(Closing::Lost),
            Input::Connected => Ok(()),
        };
        match outcome {
            Ok(()) => Session::Notification(self),
            Err(closing) => {
                self.leave_nobody_waiting(effects);
                close(effects, closing)
            }
        }
    }

    fn timer(&mut self, now: Instant, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        if now < self.wake_at() {
            return Ok(());
        }
        match self.ping.sent_at {
            Some(_) => Err(Closing::Lost),
            None => {
                self.ping.sent_at = Some(now);
                send(effects, &NotificationRequest::Png);
                Ok(())
            }
        }
    }

    fn leave_nobody_waiting(&mut self, effects: &mut Vec<Effect>) {
        let asked = self.pending.values().filter_map(|pending| match pending {
            Pending::Ask(id) => Some(*id),
            Pending::Nobody(_) | Pending::FirstStatus | Pending::Step => None,
        });
        let operations = self.operations.iter().filter_map(Operation::asked_by);
        effects.extend(asked.chain(operations).map(|id| Effect::Done {
            id,
            outcome: Err(AskError::NotSignedIn),
        }));
    }

    // ---- What the server says ------------------------------------------------------------------

    fn line(&mut self, line: &Line, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        let reply = match NotificationReply::parse(line, Some(self.dialect)) {
            Ok(reply) => reply,
            // wire-msnp13, 9: a client passes over what it does not know.
            Err(ParseError::UnknownVerb(_)) => return Ok(()),
            Err(error) => {
                effects.push(Effect::Event(Event::Trouble(error.to_string())));
                return Ok(());
            }
        };
        match reply {
            NotificationReply::Iln(iln) => self.show(&iln.shown, effects),
            NotificationReply::Nln(nln) => self.show(&nln.shown, effects),
            NotificationReply::Fln(fln) if self.book.hide(&fln.handle) => {
                effects.push(Effect::Event(Event::Presence(fln.handle)));
            }
            NotificationReply::Ubx(ubx) => match UserData::parse(&ubx.document) {
                Ok(Some(data)) => {
                    if self.book.tell(&ubx.handle, data) {
                        effects.push(Effect::Event(Event::Data(ubx.handle)));
                    }
                }
                Ok(None) => {}
                Err(error) => effects.push(Effect::Event(Event::Trouble(error.to_string()))),
            },
            NotificationReply::AdlPush(push) => {
                if let Ok(document) = ListDocument::parse_push(&push.document) {
                    self.added(&document, effects);
                }
            }
            NotificationReply::RmlPush(push) => {
                if let Ok(document) = ListDocument::parse_push(&push.document) {
                    self.removed(&document, effects);
                }
            }
            NotificationReply::Not(_) => self.read_lists_again(effects),
            NotificationReply::Rng(ring) => effects.push(Effect::Event(Event::Ringing(ring))),
            NotificationReply::Msg(message) => self.message(&message.message, effects),
            NotificationReply::Ubn(ubn) => effects.push(Effect::Event(Event::Handed {
                from: ubn.sender,
                kind: ubn.kind,
                data: ubn.data,
            })),
            NotificationReply::Chl(chl) => self.prove(&chl.challenge, effects),
            NotificationReply::Qng(qng) => {
                if let Some(seconds) = qng.seconds {
                    // A server that wants to hear more often than that is a client's worst mistake.
                    let every = Duration::from_secs(seconds.into());
                    self.ping.every = every.clamp(SHORTEST_PING, LONGEST_PING);
                }
            }
            NotificationReply::Out(Out { reason }) => return Err(closing_of(reason)),
            NotificationReply::SwitchboardReferral(referral) => {
                self.done(referral.trid, Ok(Outcome::Switchboard(referral)), effects);
            }
            NotificationReply::Chg(Chg { trid, .. }) => self.done(trid, Ok(Outcome::Done), effects),
            NotificationReply::Prp(prp) => self.done(prp.trid, Ok(Outcome::Done), effects),
            NotificationReply::Blp(blp) => self.done(blp.trid, Ok(Outcome::Done), effects),
            NotificationReply::UuxOk(trid)
            | NotificationReply::AdlOk(trid)
            | NotificationReply::RmlOk(trid)
            | NotificationReply::QryOk(trid) => self.done(trid, Ok(Outcome::Done), effects),
            NotificationReply::Failure(failure) => {
                let refused = Err(AskError::Refused(failure.code));
                self.done(failure.trid, refused, effects);
            }
            // Answers to what this client never asks, and policies.
            _ => {}
        }
        Ok(())
    }

    /// What became of a command.
    fn done(&mut self, trid: TrId, outcome: Result<Outcome, AskError>, effects: &mut Vec<Effect>) {
        match (self.pending.remove(&trid), outcome) {
            (Some(Pending::Ask(id)), outcome) => effects.push(Effect::Done { id, outcome }),
            (Some(Pending::Step), outcome) => self.step_done(outcome.map(drop), effects),
            (Some(Pending::FirstStatus), Ok(_)) => {
                self.phase = Phase::Shown;
                effects.push(Effect::Event(Event::SignedIn));
            }
            (Some(Pending::FirstStatus), Err(AskError::Refused(code))) => {
                self.failed = Some(Closing::SignIn(SignInError::Refused(code)));
            }
            (Some(Pending::Nobody(what)), Err(error)) => {
                let trouble = format!("{what}: {error}");
                effects.push(Effect::Event(Event::Trouble(trouble)));
            }
            // The server said so by itself, or again: `CHG 0`.
            (Some(Pending::Nobody(_)), Ok(_))
            | (Some(Pending::FirstStatus), Err(_))
            | (None, _) => {}
        }
    }

    /// `CHL`.
    fn prove(&mut self, challenge: &Param, effects: &mut Vec<Effect>) {
        let version::Challenge::ProductKey = self.dialect.challenge;
        let product = self.settings.product;
        let response = product.response(challenge.as_str());
        let trid = self.command(Pending::Nobody("a challenge"));
        let qry = Qry {
            trid,
            product: Param::word(product.id),
            response: response.into(),
        };
        send(effects, &NotificationRequest::Qry(qry));
    }

    /// `MSG Hotmail Hotmail`.
    fn message(&mut self, payload: &bytes::Bytes, effects: &mut Vec<Effect>) {
        let Ok(message) = Message::parse(payload) else {
            return;
        };
        match message.content_type() {
            // It says nothing that the services do not.
            "text/x-msmsgsprofile" => {}
            "text/x-msmsgsinitialmdatanotification" | "text/x-msmsgsoimnotification" => {
                self.mail_waits(&message, effects);
            }
            "application/x-msmsgssystemmessage" => {
                let fields = Message::parse(message.body()).ok();
                let minutes = fields.and_then(|fields| fields.header("Arg1")?.trim().parse().ok());
                if let Some(minutes) = minutes {
                    effects.push(Effect::Event(Event::GoingDown { minutes }));
                }
            }
            _ => effects.push(Effect::Event(Event::Notice(message))),
        }
    }

    // ---- Commands ------------------------------------------------------------------------------

    /// A new TrID, for this.
    fn command(&mut self, pending: Pending) -> TrId {
        let trid = self.trids.next();
        self.pending.insert(trid, pending);
        trid
    }

    /// `CHG` with the status, capabilities and picture of the settings.
    fn appear(&mut self, pending: Pending, effects: &mut Vec<Effect>) {
        let chg = Chg {
            trid: self.command(pending),
            status: ChgStatus::Status(self.settings.status),
            capabilities: Some(Param::word(&self.settings.capabilities.to_string())),
            object: self.settings.picture.as_ref().map(MsnObject::to_param),
        };
        send(effects, &NotificationRequest::Chg(chg));
    }

    /// `UUX` with the data of the settings.
    fn publish(&mut self, pending: Pending, effects: &mut Vec<Effect>) {
        let trid = self.command(pending);
        let document = self.settings.data.write();
        send(effects, &NotificationRequest::Uux(Uux { trid, document }));
    }
}

fn closing_of(reason: Option<OutReason>) -> Closing {
    match reason {
        None => Closing::SignedOut,
        Some(OutReason::Elsewhere) => Closing::Elsewhere,
        Some(OutReason::ShuttingDown) => Closing::ShuttingDown,
        Some(OutReason::Reconnect { minutes }) => Closing::ComeBack { minutes },
        Some(OutReason::Migrated) => Closing::ComeBack { minutes: 0 },
        Some(OutReason::TermsOfUse) => Closing::Ended("TOU".to_owned()),
        Some(OutReason::Other(word)) => Closing::Ended(word.as_str().to_owned()),
    }
}

/// How often to ping until the server says how often.
const PING: Duration = Duration::from_secs(45);
const SHORTEST_PING: Duration = Duration::from_secs(10);
const LONGEST_PING: Duration = Duration::from_secs(300);

/// How long a ping may go unanswered.
const PATIENCE: Duration = Duration::from_secs(30);
