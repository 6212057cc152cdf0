//! Operations: what takes more than one request. They are carried out one after another, so that each
//! finds the lists as the one before left them.
//!
//! ```text
//!   start -> [ step, step, step ] -> fetch or command -> its answer -> the next step ... -> Done
//!                                                          |
//!                   not authenticated: new tickets, the same step again (once)
//! ```

use std::collections::VecDeque;

use super::{Fetch, Notification, Pending, Phase};
use crate::client::contacts::ContactBook;
use crate::client::exchange::{
    Ask, AskError, AskId, Closing, Effect, Event, FetchId, Outcome, SignInError,
};
use crate::client::offline::{MailId, OfflineText};
use crate::client::send;
use crate::client::service::book::{self, Credential, Placing, Update};
use crate::client::service::membership::{self, Membership};
use crate::client::service::offline::{self, Pass};
use crate::client::service::tickets::{self, Tickets};
use crate::client::service::{Reply, ServiceError, ServiceRequest};
use crate::handle::Handle;
use crate::presence::FriendlyName;
use crate::roster::{Lists, Privacy};
use crate::soap::guid::Guid;
use crate::soap::sharing::Role;
use crate::wire::command::NotificationRequest;
use crate::wire::command::list::{AttributeOrder, ListDocument, ListedContact, Occasion};
use crate::wire::command::presence::{Blp, Property, Prp};
use crate::wire::command::roster::ListCommand;
use crate::wire::param::Param;

/// Something that takes several steps.
#[derive(Debug)]
pub(super) struct Operation {
    asked_by: Option<AskId>,
    /// What its steps are yet to be made of.
    ask: Option<Ask>,
    /// The first one is under way.
    pub(super) steps: VecDeque<Step>,
    pub(super) outcome: Outcome,
    /// How often it was tried with new tickets or another lock key.
    pub(super) retries: u32,
    /// The halves of the lists that have come.
    book: Option<ContactBook>,
    memberships: Option<Vec<Membership>>,
}

/// One request, to a service or to the notification server.
#[derive(Clone, Debug)]
pub(super) enum Step {
    ReadLists,
    RenewTickets,
    AddBook,
    Update(Update),
    Add(Handle, Option<String>),
    Delete(Handle),
    Nickname(Handle, String),
    AddGroup(String),
    RenameGroup(Guid, String),
    DeleteGroup(Guid),
    Place(Placing, Handle, Guid),
    AddMember(Role, Handle),
    DeleteMember(Role, Handle),
    /// Off PL, for whoever is there by then.
    Answer(Handle),
    Store(Handle, Letter),
    ListMail,
    ReadMail(MailId),
    DeleteMail(Vec<MailId>),
    SessionAdd(Handle, Lists),
    SessionRemove(Handle, Lists),
    Rename(FriendlyName),
    Privacy(Privacy),
}

/// What became of a step that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// There was nothing to do.
    Done,
    /// An answer will come.
    Waiting,
}

/// A message to be left, with its number, which stays the same however often it is tried.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) text: OfflineText,
    pub(super) number: u32,
}

impl Operation {
    pub(super) fn read_lists() -> Self {
        Self::new(None, None, vec![Step::ReadLists])
    }

    pub(super) fn asked(id: AskId, ask: Ask) -> Self {
        Self::new(Some(id), Some(ask), Vec::new())
    }

    fn new(asked_by: Option<AskId>, ask: Option<Ask>, steps: Vec<Step>) -> Self {
        Self {
            asked_by,
            ask,
            steps: steps.into(),
            outcome: Outcome::Done,
            retries: 0,
            book: None,
            memberships: None,
        }
    }

    pub(super) fn asked_by(&self) -> Option<AskId> {
        self.asked_by
    }

    /// Whether somebody may be on FL when this is done.
    pub(super) fn may_add(&self, handle: &Handle) -> bool {
        let asked = matches!(&self.ask, Some(Ask::Add { handle: whom, .. }) if whom == handle);
        asked
            || self.reads_lists()
            || self
                .steps
                .iter()
                .any(|step| matches!(step, Step::Add(whom, _) if whom == handle))
    }

    pub(super) fn reads_lists(&self) -> bool {
        matches!(self.steps.back(), Some(Step::ReadLists))
    }
}

impl Notification {
    /// Carries an operation out when those before it are done.
    pub(super) fn start(&mut self, operation: Operation, effects: &mut Vec<Effect>) {
        self.operations.push_back(operation);
        if self.operations.len() == 1 {
            self.take_step(effects);
        }
    }

    /// Begins the first step of the first operation that has one.
    fn take_step(&mut self, effects: &mut Vec<Effect>) {
        while let Some(operation) = self.operations.front_mut() {
            if let Some(ask) = operation.ask.take() {
                match self.plan(ask) {
                    Ok(steps) => {
                        if let Some(operation) = self.operations.front_mut() {
                            operation.steps = steps.into();
                        }
                    }
                    Err(error) => self.finish(Err(error), effects),
                }
                continue;
            }
            let Some(step) = operation.steps.front().cloned() else {
                let outcome = Ok(operation.outcome.clone());
                self.finish(outcome, effects);
                continue;
            };
            match self.begin(&step, effects) {
                Ok(Progress::Waiting) => return,
                Ok(Progress::Done) => {
                    if let Some(operation) = self.operations.front_mut() {
                        operation.steps.pop_front();
                    }
                }
                Err(error) => self.finish(Err(error), effects),
            }
        }
    }

    fn finish(&mut self, outcome: Result<Outcome, AskError>, effects: &mut Vec<Effect>) {
        let Some(operation) = self.operations.pop_front() else {
            return;
        };
        self.forget_strangers();
        match (operation.asked_by, outcome) {
            (Some(id), outcome) => effects.push(Effect::Done { id, outcome }),
            // Without lists nobody is signed in.
            (None, Err(AskError::Service(error))) if self.phase == Phase::Reading => {
                self.failed = Some(Closing::SignIn(SignInError::Service(error)));
            }
            (None, Err(error)) => {
                let trouble = format!("the contact lists: {error}");
                effects.push(Effect::Event(Event::Trouble(trouble)));
            }
            (None, Ok(_)) => {}
        }
    }

    fn begin(&mut self, step: &Step, effects: &mut Vec<Effect>) -> Result<Progress, AskError> {
        let credential = self.credential();
        let id_of = |handle: &Handle| {
            let contact = self.book.find(handle);
            contact
                .and_then(|contact| contact.id)
                .ok_or(AskError::NoSuchContact)
        };
        let request = match step {
            Step::ReadLists => {
                self.fetch(Fetch::Memberships, membership::find(&credential), effects);
                book::find_all(&credential)
            }
            Step::RenewTickets => Tickets::request(&self.settings.identity, &self.challenge),
            Step::AddBook => book::add_book(&credential, &self.settings.identity.handle),
            Step::Update(update) => book::update(&credential, update),
            Step::Add(handle, invitation) => book::add(
                &credential,
                handle,
                invitation.as_deref(),
                &self.book.me.name,
            ),
            Step::Delete(handle) => book::delete(&credential, id_of(handle)?),
            Step::Nickname(handle, name) => {
                let update = Update::Nickname(id_of(handle)?, name.clone());
                book::update(&credential, &update)
            }
            Step::AddGroup(name) => book::add_group(&credential, name),
            Step::RenameGroup(group, name) => book::rename_group(&credential, *group, name),
            Step::DeleteGroup(group) => book::delete_group(&credential, *group),
            Step::Place(placing, handle, group) => {
                book::place(&credential, *placing, id_of(handle)?, *group)
            }
            Step::AddMember(role, handle) => membership::add(&credential, *role, handle),
            Step::DeleteMember(role, handle) => membership::delete(&credential, *role, handle),
            Step::Answer(handle) if self.book.lists(handle).contains(Lists::PENDING) => {
                membership::delete(&credential, Role::Pending, handle)
            }
            Step::Answer(_) => return Ok(Progress::Done),
            Step::Store(handle, letter) => self.letter(handle, letter),
            Step::ListMail => offline::metadata(self.mail_ticket()),
            Step::ReadMail(id) => offline::message(self.mail_ticket(), id),
            Step::DeleteMail(ids) => offline::delete(self.mail_ticket(), ids),
            Step::SessionAdd(handle, lists) => {
                let command = self.list_command(handle, *lists);
                send(effects, &NotificationRequest::Adl(command));
                return Ok(Progress::Waiting);
            }
            Step::SessionRemove(handle, lists) => {
                let command = self.list_command(handle, *lists);
                send(effects, &NotificationRequest::Rml(command));
                return Ok(Progress::Waiting);
            }
            Step::Rename(name) => {
                let prp = Prp {
                    trid: self.command(Pending::Step),
                    property: Property::FriendlyName,
                    value: Some(Param::from(name)),
                };
                send(effects, &NotificationRequest::Prp(prp));
                return Ok(Progress::Waiting);
            }
            Step::Privacy(privacy) => {
                let blp = Blp {
                    trid: self.command(Pending::Step),
                    privacy: *privacy,
                };
                send(effects, &NotificationRequest::Blp(blp));
                return Ok(Progress::Waiting);
            }
        };
        let of = match step {
            Step::ReadLists => Fetch::Book,
            _ => Fetch::Step,
        };
        self.fetch(of, request, effects);
        Ok(Progress::Waiting)
    }

    pub(super) fn fetch(
        &mut self,
        fetch: Fetch,
        request: ServiceRequest,
        effects: &mut Vec<Effect>,
    ) {
        self.next_fetch += 1;
        let id = FetchId(self.next_fetch);
        self.fetches.insert(id, fetch);
        effects.push(Effect::Fetch { id, request });
    }

    /// The answer of a service.
    pub(super) fn fetched(
        &mut self,
        id: FetchId,
        outcome: Result<Reply, ServiceError>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(fetch) = self.fetches.remove(&id) else {
            return;
        };
        match fetch {
            Fetch::Inbox => self.mail_fetched(outcome, effects),
            Fetch::Book => {
                let read = outcome.and_then(|reply| book::read(&reply));
                self.half_read(read, |operation, read| operation.book = Some(read), effects);
            }
            Fetch::Memberships => {
                let read = outcome.and_then(|reply| membership::read(&reply));
                self.half_read(
                    read,
                    |operation, read| operation.memberships = Some(read),
                    effects,
                );
            }
            Fetch::Step => {
                let Some(step) = self.operations.front().and_then(|o| o.steps.front()) else {
                    return;
                };
                let step = step.clone();
                let outcome = outcome.and_then(|reply| self.apply_step(&step, &reply));
                self.step_done(outcome.map_err(AskError::Service), effects);
            }
        }
    }

    /// One of the two documents of `ReadLists`.
    fn half_read<T>(
        &mut self,
        read: Result<T, ServiceError>,
        keep: impl FnOnce(&mut Operation, T),
        effects: &mut Vec<Effect>,
    ) {
        let Some(operation) = self.operations.front_mut() else {
            return;
        };
        match read {
            Ok(read) => {
                keep(operation, read);
                if let (Some(book), Some(memberships)) = (&operation.book, &operation.memberships) {
                    let (book, memberships) = (book.clone(), memberships.clone());
                    self.lists_read(book, memberships, effects);
                    self.step_done(Ok(()), effects);
                }
            }
            Err(error) => {
                // The other half is of no use any more.
                self.fetches
                    .retain(|_, fetch| !matches!(fetch, Fetch::Book | Fetch::Memberships));
                operation.book = None;
                operation.memberships = None;
                self.step_done(Err(AskError::Service(error)), effects);
            }
        }
    }

    /// The step under way is done, or was not.
    pub(super) fn step_done(&mut self, outcome: Result<(), AskError>, effects: &mut Vec<Effect>) {
        let Some(operation) = self.operations.front_mut() else {
            return;
        };
        match outcome {
            Ok(()) => {
                if let Some(Step::SessionAdd(..) | Step::SessionRemove(..)) =
                    operation.steps.front()
                {
                    effects.push(Effect::Event(Event::ListsChanged));
                }
                operation.steps.pop_front();
            }
            Err(error) => match self.remedy(&error) {
                Some(()) => {}
                None => self.finish(Err(error), effects),
            },
        }
        self.take_step(effects);
    }

    pub(super) fn credential(&self) -> Credential {
        Credential::new(self.tickets.first(&[tickets::CONTACTS, tickets::MESSENGER]))
    }

    fn list_command(&mut self, handle: &Handle, lists: Lists) -> ListCommand {
        let document = ListDocument {
            occasion: Occasion::Change,
            contacts: vec![ListedContact::new(handle, lists)],
            telephones: Vec::new(),
        };
        ListCommand {
            trid: self.command(Pending::Step),
            document: document.write(AttributeOrder::ListsFirst),
        }
    }

    /// For the services of offline messages.
    pub(super) fn mail_ticket(&self) -> &str {
        self.tickets.first(&[tickets::MESSENGER, tickets::SECURE])
    }

    fn letter(&self, to: &Handle, letter: &Letter) -> ServiceRequest {
        let letter = offline::Letter {
            from: &self.settings.identity.handle,
            name: &self.book.me.name,
            to,
            text: &letter.text,
            run: self.run,
            sequence: letter.number,
        };
        let pass = Pass {
            ticket: self.mail_ticket(),
            product: self.settings.product.id,
            lock_key: &self.lock_key,
            version: self.dialect.version,
        };
        offline::store(&letter, &pass)
    }
}
