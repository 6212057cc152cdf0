//! A notification session: somebody who is signed in (wire-msnp13, 4 to 6).
//!
//! ```text
//!   NotYet --first CHG--> Shown
//!     BLP ADL RML PRP UUX PNG        the same, and XFR SB, and challenges
//! ```
//!
//! What the account's contacts are, and who may see whom, is not here: the session says what its
//! client asked for, and hears as events what concerns it.

use std::sync::Arc;
use std::time::Instant;

use super::challenges::{Challenges, Due};
use super::pace::{Allowed, Pace};
use super::{
    Answer, Appearance, Closing, Edit, Effect, Event, Input, ListEdit, Policy, Presence, Referral,
    Session, close, fail, notify, render, sign_in, unanswered,
};
use crate::error::{ErrorCode, ParseError};
use crate::handle::Handle;
use crate::message::Message;
use crate::message::offline::MailData;
use crate::presence::{FriendlyName, UserData};
use crate::roster::Lists;
use crate::wire::command::federation::Uum;
use crate::wire::command::list::{ListDocument, ListError, Network, Occasion, Query};
use crate::wire::command::notice::{ServerMessage, Uun};
use crate::wire::command::policy::{Checksum, Gcf, GcfRequest, Layout, Shields};
use crate::wire::command::presence::{Chg, ChgStatus, Property, Prp, Uux};
use crate::wire::command::roster::ListCommand;
use crate::wire::command::service::{Url, UrlReply};
use crate::wire::command::session::{Chl, Out, OutReason, Qng, Qry, ServerKind, Xfr};
use crate::wire::command::switchboard::SwitchboardReferral;
use crate::wire::command::{NotificationReply, NotificationRequest};
use crate::wire::line::{Line, LineError};
use crate::wire::param::{Param, TrId};
use crate::wire::version::{self, Dialect};

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Notification {
    policy: Arc<Policy>,
    dialect: &'static Dialect,
    account: Handle,
    phase: Phase,
    heard_at: Instant,
    challenges: Challenges,
    paces: Paces,
}

/// How fast the client has been.
#[derive(Debug, Default)]
struct Paces {
    chg: Pace,
    prp: Pace,
    uux: Pace,
    list: Pace,
    xfr: Pace,
}

/// Whether the first `CHG` came.
#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// No; neither seen nor seeing.
    NotYet,
    /// It is being carried out, for this TrID.
    Showing(TrId),
    /// Yes.
    Shown,
}

impl Notification {
    pub(super) fn new(
        policy: Arc<Policy>,
        dialect: &'static Dialect,
        account: Handle,
        seed: u64,
        now: Instant,
    ) -> Self {
        Self {
            policy,
            dialect,
            account,
            phase: Phase::NotYet,
            heard_at: now,
            challenges: Challenges::new(seed),
            paces: Paces::default(),
        }
    }

    pub(super) fn version(&self) -> version::Version {
        self.dialect.version
    }

    pub(super) fn account(&self) -> &Handle {
        &self.account
    }

    pub(super) fn wake_at(&self) -> Instant {
        let idle = self.heard_at + self.policy.notification_idle;
        self.challenges.wake_at().map_or(idle, |at| at.min(idle))
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
                self.line(now, &line, effects)
            }
            Input::Broken(error) => self.broken(&error, effects),
            Input::Answer(answer) => {
                self.answer(now, answer, effects);
                Ok(())
            }
            Input::Event(event) => self.event(event, effects),
            Input::Timer => self.timer(now, effects),
            Input::End => return unanswered(Session::Notification(self), Input::End, effects),
        };
        match outcome {
            Ok(()) => Session::Notification(self),
            Err(closing) => close(effects, closing),
        }
    }

    // ---- Commands ------------------------------------------------------------------------------

    fn line(
        &mut self,
        now: Instant,
        line: &Line,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        let request = match NotificationRequest::parse(line, Some(self.dialect)) {
            Ok(request) => request,
            Err(error) => {
                // The one command that says why it closes (wire-errors, "By command").
                if let (ParseError::Arity { verb: "SDC", .. }, Some(trid)) = (&error, line.trid()) {
                    fail(effects, ErrorCode::Unspecified, TrId(trid));
                }
                return Err(Closing::parse(&error));
            }
        };
        match request {
            NotificationRequest::Chg(chg) => self.change(now, &chg, effects),
            NotificationRequest::Prp(prp) => self.property(now, prp, effects),
            NotificationRequest::Uux(uux) => self.user_data(now, &uux, effects),
            NotificationRequest::Blp(blp) => {
                self.may_list(now)?;
                self.reply(effects, NotificationReply::Blp(blp));
                effects.push(Effect::SetPrivacy(blp.privacy));
                Ok(())
            }
            NotificationRequest::Adl(list) => self.edit(now, Edit::Add, &list, effects),
            NotificationRequest::Rml(list) => self.edit(now, Edit::Remove, &list, effects),
            NotificationRequest::Fqy(list) => self.query(now, &list, effects),
            NotificationRequest::Xfr(xfr) => self.transfer(now, &xfr, effects),
            NotificationRequest::Uun(uun) => self.hand(now, uun, effects),
            NotificationRequest::Uum(uum) => self.send_abroad(&uum, effects),
            NotificationRequest::Qry(qry) => self.prove(now, &qry, effects),
            NotificationRequest::Png => {
                let seconds = Some(self.policy.ping_seconds);
                self.reply(effects, NotificationReply::Qng(Qng { seconds }));
                Ok(())
            }
            NotificationRequest::Out => {
                self.reply(effects, NotificationReply::Out(Out { reason: None }));
                Err(Closing::Done("signed out"))
            }
            NotificationRequest::Gcf(GcfRequest { trid, file }) => {
                let document = Shields::default().write(Layout::Compact, Checksum::Present);
                self.reply(
                    effects,
                    NotificationReply::Gcf(Gcf {
                        trid,
                        file: Some(file),
                        document,
                    }),
                );
                Ok(())
            }
            NotificationRequest::Url(url) => {
                self.reply(
                    effects,
                    NotificationReply::Url(page_of(&url, &self.policy.pages)),
                );
                Ok(())
            }
            NotificationRequest::Sdc(sdc) => {
                self.reply(effects, NotificationReply::SdcOk(sdc.trid));
                Ok(())
            }
            NotificationRequest::Snd(snd) => {
                self.reply(effects, NotificationReply::SndOk(snd.trid));
                Ok(())
            }
            NotificationRequest::Ims(ims) => {
                effects.push(Effect::TakeCalls(ims.calls));
                self.reply(effects, NotificationReply::Ims(ims));
                Ok(())
            }
            NotificationRequest::Pag(pag) => {
                fail(effects, ErrorCode::NotExpected, pag.trid);
                Ok(())
            }
            NotificationRequest::Pgd(pgd) => {
                fail(effects, ErrorCode::PagingUnavailable, pgd.trid);
                Ok(())
            }
            NotificationRequest::Fnd(fnd) => {
                fail(effects, ErrorCode::CommandDisabled, fnd.trid);
                Ok(())
            }
            request @ (NotificationRequest::Ver(_)
            | NotificationRequest::Cvr(_)
            | NotificationRequest::Cvq(_)
            | NotificationRequest::Usr(_)) => {
                if let Some((code, trid)) = sign_in::too_late(&request) {
                    fail(effects, code, trid);
                }
                Err(Closing::Fault(format!("{} after sign-in", line.verb())))
            }
        }
    }

    /// `CHG`.
    fn change(
        &mut self,
        now: Instant,
        chg: &Chg,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        let ChgStatus::Status(status) = chg.status else {
            fail(effects, ErrorCode::InvalidParameter, chg.trid);
            return Ok(());
        };
        let allowed = self.paces.chg.take(self.policy.chg_rate, now);
        if !may_change(allowed, chg.trid, effects)? {
            return Ok(());
        }
        self.reply(effects, NotificationReply::Chg(chg.echo(self.dialect)));
        if self.phase == Phase::NotYet {
            self.phase = Phase::Showing(chg.trid);
        }
        effects.push(Effect::Appear(Appearance {
            status,
            capabilities: chg.shown_capabilities(),
            object: chg.shown_object(),
        }));
        Ok(())
    }

    /// `PRP`: echoed as sent; the name is for this session, and for who sees it.
    fn property(
        &mut self,
        now: Instant,
        prp: Prp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        let allowed = self.paces.prp.take(self.policy.prp_rate, now);
        if !may_change(allowed, prp.trid, effects)? {
            return Ok(());
        }
        match prp.property {
            Property::Other(_) => fail(effects, ErrorCode::NotExpected, prp.trid),
            Property::FriendlyName => {
                let name = prp
                    .value
                    .as_ref()
                    .and_then(|value| FriendlyName::from_wire(value.as_str()).ok());
                let name = name.and_then(|name| name.clean());
                let name = name.unwrap_or_else(|| FriendlyName::of_handle(&self.account));
                self.reply(effects, NotificationReply::Prp(prp));
                effects.push(Effect::Rename(name));
            }
            Property::HomePhone
            | Property::WorkPhone
            | Property::MobilePhone
            | Property::MobileContact
            | Property::MobileEnabled
            | Property::WatchEnabled
            | Property::HasSpace => self.reply(effects, NotificationReply::Prp(prp)),
        }
        Ok(())
    }

    /// `UUX`.
    fn user_data(
        &mut self,
        now: Instant,
        uux: &Uux,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        let allowed = self.paces.uux.take(self.policy.uux_rate, now);
        if !may_change(allowed, uux.trid, effects)? {
            return Ok(());
        }
        match UserData::parse(&uux.document) {
            Ok(data) => {
                self.reply(effects, NotificationReply::UuxOk(uux.trid));
                effects.extend(data.map(Effect::Publish));
            }
            Err(_) => fail(effects, ErrorCode::NotExpected, uux.trid),
        }
        Ok(())
    }

    /// `ADL` and `RML`: everything is checked before anything is applied.
    fn edit(
        &mut self,
        now: Instant,
        edit: Edit,
        list: &ListCommand,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        self.may_list(now)?;
        match (
            self.dialect.lists,
            ListDocument::parse_request(&list.document),
        ) {
            (version::Lists::Soap, Ok(document)) => match contacts_of(&document, edit) {
                Ok(contacts) => {
                    let occasion = document.occasion;
                    effects.push(Effect::EditLists(ListEdit {
                        trid: list.trid,
                        edit,
                        occasion,
                        contacts,
                    }));
                }
                Err(code) => fail(effects, code, list.trid),
            },
            (version::Lists::Soap, Err(error)) => return refuse_list(&error, list.trid, effects),
        }
        Ok(())
    }

    /// `FQY`.
    fn query(
        &mut self,
        now: Instant,
        list: &ListCommand,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        self.may_list(now)?;
        match Query::parse(&list.document) {
            Ok(query) => {
                effects.push(Effect::Find {
                    trid: list.trid,
                    query,
                });
                Ok(())
            }
            Err(error) => refuse_list(&error, list.trid, effects),
        }
    }

    fn may_list(&mut self, now: Instant) -> Result<(), Closing> {
        // These have no error for haste: whoever is that fast is no client.
        match self.paces.list.take(self.policy.list_rate, now) {
            Allowed::Yes => Ok(()),
            Allowed::No | Allowed::Abuse => {
                Err(Closing::Fault("changes lists far too fast".into()))
            }
        }
    }

    /// `XFR`.
    fn transfer(
        &mut self,
        now: Instant,
        xfr: &Xfr,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        let trid = xfr.trid;
        let code = match (&xfr.server, &self.phase, self.dialect.hidden_calls) {
            (ServerKind::Notification | ServerKind::Other(_), _, _) => ErrorCode::InvalidParameter,
            (ServerKind::Switchboard, Phase::NotYet, _) => ErrorCode::NotAllowedOffline,
            (ServerKind::Switchboard, _, version::HiddenCalls::Allowed) => {
                match self.paces.xfr.take(self.policy.xfr_rate, now) {
                    Allowed::Yes => {
                        effects.push(Effect::OpenSwitchboard { trid });
                        return Ok(());
                    }
                    Allowed::No => ErrorCode::TooActive,
                    Allowed::Abuse => {
                        return Err(Closing::Fault("opens switchboards far too fast".into()));
                    }
                }
            }
        };
        fail(effects, code, trid);
        Ok(())
    }

    /// `UUN`.
    fn hand(&mut self, now: Instant, uun: Uun, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        self.may_list(now)?;
        let Uun {
            trid,
            handle,
            kind,
            data,
        } = uun;
        match handle.to_handle() {
            Ok(to) => effects.push(Effect::Hand {
                trid,
                to,
                kind,
                data,
            }),
            Err(_) => fail(effects, ErrorCode::NotOnline, trid),
        }
        Ok(())
    }

    /// `UUM`: no network but this one is served, and here people talk on switchboards. Without a
    /// payload: clients of these versions would read one as commands (transcripts-14-15, 8).
    fn send_abroad(&self, uum: &Uum, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        match self.dialect.federation {
            version::Federation::None => {
                let version = self.dialect.version;
                Err(Closing::Fault(format!("UUM in {version}")))
            }
            version::Federation::Unserved => {
                fail(effects, ErrorCode::NetworkUnserved, uum.trid);
                Ok(())
            }
        }
    }

    // ---- Challenges ----------------------------------------------------------------------------

    fn challenge(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let version::Challenge::ProductKey = self.dialect.challenge;
        let challenge = Param::word(&self.challenges.open(now + self.policy.challenge_deadline));
        self.reply(effects, NotificationReply::Chl(Chl { challenge }));
    }

    /// `QRY`: a wrong answer, or one that nobody asked for, is 540 and the end.
    fn prove(&mut self, now: Instant, qry: &Qry, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        if !self
            .challenges
            .is_answered(qry.product.as_str(), &qry.response)
        {
            fail(effects, ErrorCode::ChallengeFailed, qry.trid);
            return Err(Closing::Fault(format!(
                "failed the challenge as {}",
                qry.product
            )));
        }
        self.reply(effects, NotificationReply::QryOk(qry.trid));
        self.challenges
            .answered(now, self.policy.challenge_interval);
        Ok(())
    }

    fn timer(&mut self, now: Instant, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        if now >= self.heard_at + self.policy.notification_idle {
            return Err(Closing::Fault("silent for too long".into()));
        }
        match self.challenges.due(now) {
            Due::Nothing => {}
            Due::Another => self.challenge(now, effects),
            Due::Late => return Err(Closing::Fault("did not answer the challenge".into())),
        }
        Ok(())
    }

    // ---- What comes back, and what comes from elsewhere ----------------------------------------

    fn answer(&mut self, now: Instant, answer: Answer, effects: &mut Vec<Effect>) {
        match answer {
            Answer::Burst { seen, mail } => self.burst(now, &seen, &mail, effects),
            Answer::Edited {
                edit,
                trid,
                outcome: Ok(()),
            } => {
                let reply = match edit {
                    Edit::Add => NotificationReply::AdlOk(trid),
                    Edit::Remove => NotificationReply::RmlOk(trid),
                };
                self.reply(effects, reply);
            }
            Answer::Found { trid, query } => {
                let nobody = query
                    .contacts
                    .iter()
                    .all(|contact| contact.network.is_none());
                if nobody && self.phase == Phase::Shown {
                    fail(effects, ErrorCode::NoSuchAccount, trid);
                } else {
                    let document = query.write();
                    self.reply(
                        effects,
                        NotificationReply::Fqy(ListCommand { trid, document }),
                    );
                }
            }
            Answer::Switchboard {
                trid,
                outcome: Ok(Referral { address, cookie }),
            } => {
                let referral = SwitchboardReferral {
                    trid,
                    address,
                    cookie,
                };
                self.reply(effects, NotificationReply::SwitchboardReferral(referral));
            }
            Answer::Handed {
                trid,
                outcome: Ok(()),
            } => {
                self.reply(effects, NotificationReply::UunOk(trid));
            }
            Answer::Edited {
                trid,
                outcome: Err(code),
                ..
            }
            | Answer::Switchboard {
                trid,
                outcome: Err(code),
            }
            | Answer::Handed {
                trid,
                outcome: Err(code),
            } => fail(effects, code, trid),
            Answer::Verified(_)
            | Answer::Entered { .. }
            | Answer::Joined { .. }
            | Answer::Called { .. }
            | Answer::Company(_) => {}
        }
    }

    /// What follows the first `CHG`: everyone who can be seen, the challenge, the mailbox.
    fn burst(
        &mut self,
        now: Instant,
        seen: &[Arc<Presence>],
        mail: &MailData,
        effects: &mut Vec<Effect>,
    ) {
        let Phase::Showing(trid) = self.phase else {
            return;
        };
        self.phase = Phase::Shown;
        let mut out = bytes::BytesMut::with_capacity(seen.len() * 256);
        for presence in seen {
            render::write_presence(trid, presence, self.dialect, &mut out);
        }
        if !out.is_empty() {
            effects.push(Effect::Send(out.freeze()));
        }
        self.challenge(now, effects);
        let message = Message::initial_mail(mail).write();
        self.reply(effects, NotificationReply::Msg(ServerMessage { message }));
    }

    fn event(&mut self, event: Event, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        let (reason, why) = match event {
            Event::Frozen(bytes) => {
                effects.push(Effect::Send(bytes));
                return Ok(());
            }
            Event::SignedInElsewhere => (Some(OutReason::Elsewhere), "signed in elsewhere"),
            Event::ShuttingDown => (Some(OutReason::ShuttingDown), "server going down"),
            // No reason that there is fits (wire-msnp13, 2): with OTH clients would blame another
            // place, and with any other they would come back by themselves.
            Event::SignedOut => (None, "signed out by the operator"),
            Event::Delivered(_) | Event::Undelivered(_) | Event::ConversationOver => return Ok(()),
        };
        self.reply(effects, NotificationReply::Out(Out { reason }));
        Err(Closing::Done(why))
    }

    /// The stream cannot be read any further. An `ADL` or `RML` that is too long is told so.
    fn broken(&mut self, error: &LineError, effects: &mut Vec<Effect>) -> Result<(), Closing> {
        if let LineError::PayloadTooLong {
            verb,
            trid: Some(trid),
            ..
        } = error
            && matches!(&**verb, "ADL" | "RML" | "FQY")
        {
            fail(effects, ErrorCode::InvalidList, TrId(*trid));
        }
        Err(Closing::Fault(error.to_string()))
    }

    fn reply(&self, effects: &mut Vec<Effect>, reply: NotificationReply) {
        notify(effects, Some(self.dialect), reply);
    }
}

/// Whether to go on with a change of presence; haste is 800.
fn may_change(allowed: Allowed, trid: TrId, effects: &mut Vec<Effect>) -> Result<bool, Closing> {
    match allowed {
        Allowed::Yes => Ok(true),
        Allowed::No => {
            fail(effects, ErrorCode::TooFast, trid);
            Ok(false)
        }
        Allowed::Abuse => Err(Closing::Fault("changes presence far too fast".into())),
    }
}

/// The contacts of a list that can have an account here. Those of other networks are taken and
/// do nothing; a malformed address is like one that nobody has.
fn contacts_of(document: &ListDocument, edit: Edit) -> Result<Vec<(Handle, Lists)>, ErrorCode> {
    let mut contacts = Vec::with_capacity(document.contacts.len());
    for contact in &document.contacts {
        if contact.network != Network::Messenger {
            continue;
        }
        match (contact.handle(), edit, document.occasion) {
            (Ok(handle), ..) => contacts.push((handle, contact.lists)),
            // A list at sign-in never fails for one contact, and whoever is not there is off every
            // list already (RULINGS).
            (Err(_), Edit::Remove, _) | (Err(_), Edit::Add, Occasion::Initial) => {}
            (Err(_), Edit::Add, Occasion::Change) => return Err(ErrorCode::NoSuchAccount),
        }
    }
    Ok(contacts)
}

fn refuse_list(error: &ListError, trid: TrId, effects: &mut Vec<Effect>) -> Result<(), Closing> {
    fail(effects, error.code(), trid);
    if error.closes() {
        Err(Closing::Fault(error.to_string()))
    } else {
        Ok(())
    }
}

/// `URL`: always answered. Mail and its kin are not served, so every service is the front page.
fn page_of(url: &Url, pages: &Param) -> UrlReply {
    let site = match url.service.as_str() {
        "PERSON" | "PROFILE" => "4263",
        "MOBILE" | "CHGMOB" => "961",
        "CHAT" => "2260",
        "N2PACCOUNT" | "N2PFUND" => "2823",
        _ => "2",
    };
    UrlReply {
        trid: url.trid,
        redirect: Param::word("/"),
        login_url: pages.clone(),
        site: Param::word(site),
    }
}
