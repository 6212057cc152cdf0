//! What the answers of the services do to the lists, and which refusals are none.

use super::Notification;
use super::steps::Step;
use crate::client::exchange::{AskError, Outcome};
use crate::client::service::book::{self, Placing, Update};
use crate::client::service::tickets::Tickets;
use crate::client::service::{Reply, ServiceError, membership, offline};
use crate::handle::Handle;
use crate::roster::{self, Lists};
use crate::soap::sharing::Role;

impl Notification {
    /// Whether the step can be tried again, or is done all the same.
    pub(super) fn remedy(&mut self, error: &AskError) -> Option<()> {
        let AskError::Service(error) = error else {
            return None;
        };
        let product = self.settings.product;
        let operation = self.operations.front_mut()?;
        let step = operation.steps.front()?.clone();
        match (error.code()?, &step) {
            ("MemberAlreadyExists", Step::AddMember(role, handle)) => {
                let (role, handle) = (*role, handle.clone());
                operation.steps.pop_front();
                self.member_added(role, &handle);
            }
            ("MemberDoesNotExist", Step::Answer(handle)) => {
                let lists = self.book.lists(handle) - Lists::PENDING;
                self.book.set_lists(handle, lists);
                self.operations.front_mut()?.steps.pop_front();
            }
            ("MemberDoesNotExist", Step::DeleteMember(role, handle)) => {
                let lists = self.book.lists(handle) - Lists::from(role.list());
                self.book.set_lists(handle, lists);
                self.operations.front_mut()?.steps.pop_front();
            }
            // The first sign-in of an account; both services may have said so.
            ("ABDoesNotExist", Step::ReadLists) if operation.retries == 0 => {
                operation.retries += 1;
                operation.steps.push_front(Step::AddBook);
            }
            ("ABAlreadyExists", Step::AddBook) => drop(operation.steps.pop_front()),
            // It is in the address book, but not on FL, or another client was faster.
            ("ContactAlreadyExists", Step::Add(handle, _)) => {
                let ServiceError::Fault { fault, .. } = error else {
                    return None;
                };
                let id = fault.conflict?;
                operation.steps.pop_front();
                let update = Step::Update(Update::Messenger(id));
                operation.steps.push_front(update);
                let contact = self.book.entry(handle);
                contact.id = Some(id);
                contact.lists |= Lists::FORWARD;
            }
            (
                "AuthenticationFailed",
                Step::Store(..) | Step::ListMail | Step::ReadMail(_) | Step::DeleteMail(_),
            ) if operation.retries < RETRIES => {
                operation.retries += 1;
                let ServiceError::Fault { fault, .. } = error else {
                    return None;
                };
                match &fault.lock_key_challenge {
                    Some(challenge) => self.lock_key = product.response(challenge),
                    None => operation.steps.push_front(Step::RenewTickets),
                }
            }
            ("PassportAuthFail" | "AuthenticationFailure", _) if operation.retries == 0 => {
                operation.retries += 1;
                operation.steps.push_front(Step::RenewTickets);
            }
            _ => return None,
        }
        Some(())
    }

    /// What a step that a service has carried out does to the lists.
    pub(super) fn apply_step(&mut self, step: &Step, reply: &Reply) -> Result<(), ServiceError> {
        match step {
            Step::RenewTickets => self.tickets = Tickets::read(reply)?,
            Step::AddBook => book::done(reply)?,
            Step::Update(update) => {
                book::done(reply)?;
                match update {
                    Update::Name(name) => self.book.me.name.clone_from(name),
                    Update::Privacy(privacy) => self.book.me.privacy = *privacy,
                    Update::AddPolicy(policy) => self.book.me.add_policy = *policy,
                    Update::Nickname(..) | Update::Messenger(_) => {}
                }
            }
            Step::Add(handle, _) => {
                let id = book::guid(reply)?;
                let contact = self.book.entry(handle);
                contact.id = Some(id);
                contact.lists |= Lists::FORWARD;
            }
            Step::Delete(handle) => {
                book::done(reply)?;
                let contact = self.book.entry(handle);
                contact.id = None;
                contact.nickname = None;
                contact.groups.clear();
                // The server does not say that they are gone.
                contact.presence = None;
                let lists = contact.lists - Lists::FORWARD;
                self.book.set_lists(handle, lists);
            }
            Step::Nickname(handle, name) => {
                book::done(reply)?;
                let nickname = Some(name.clone()).filter(|name| !name.is_empty());
                self.book.entry(handle).nickname = nickname;
            }
            Step::AddGroup(name) => {
                let id = book::guid(reply)?;
                self.book.groups.insert(id, name.clone());
                self.outcome(Outcome::Group(id));
            }
            Step::RenameGroup(group, name) => {
                book::done(reply)?;
                self.book.groups.insert(*group, name.clone());
            }
            Step::DeleteGroup(group) => {
                book::done(reply)?;
                self.book.groups.remove(group);
                for contact in self.book.contacts.values_mut() {
                    contact.groups.retain(|id| id != group);
                }
            }
            Step::Place(placing, handle, group) => {
                book::done(reply)?;
                let groups = &mut self.book.entry(handle).groups;
                groups.retain(|id| id != group);
                if *placing == Placing::Into {
                    groups.push(*group);
                }
            }
            Step::AddMember(role, handle) => {
                membership::done(reply)?;
                self.member_added(*role, handle);
            }
            Step::DeleteMember(role, handle) => {
                membership::done(reply)?;
                let lists = self.book.lists(handle) - Lists::from(role.list());
                self.book.set_lists(handle, lists);
            }
            Step::Answer(handle) => {
                membership::done(reply)?;
                let lists = self.book.lists(handle) - Lists::PENDING;
                self.book.set_lists(handle, lists);
            }
            Step::Store(..) => offline::stored(reply)?,
            Step::ListMail => self.outcome(Outcome::Waiting(offline::read_list(reply)?)),
            Step::ReadMail(_) => self.outcome(Outcome::Message(offline::read_message(reply)?)),
            Step::DeleteMail(_) => offline::deleted(reply)?,
            Step::ReadLists
            | Step::SessionAdd(..)
            | Step::SessionRemove(..)
            | Step::Rename(_)
            | Step::Privacy(_) => {}
        }
        Ok(())
    }

    /// What the operation under way comes to, when all goes well.
    fn outcome(&mut self, outcome: Outcome) {
        if let Some(operation) = self.operations.front_mut() {
            operation.outcome = outcome;
        }
    }

    fn member_added(&mut self, role: Role, handle: &Handle) {
        let lists = self.book.lists(handle);
        let lists = roster::add_member(lists, role.list()).unwrap_or(lists);
        self.book.set_lists(handle, lists);
    }
}

/// A lock key, new tickets, and a lock key again.
const RETRIES: u32 = 3;
