//! What the application asks, made into commands or into rows of steps.

use super::steps::{Letter, Operation, Step};
use super::{Notification, Pending, Phase};
use crate::client::exchange::{Ask, AskError, AskId, Closing, Effect, Outcome};
use crate::client::send;
use crate::client::service::book::{Placing, Update};
use crate::handle::Handle;
use crate::presence::{FriendlyName, UserData};
use crate::roster::Lists;
use crate::soap::guid::Guid;
use crate::soap::sharing::Role;
use crate::wire::command::NotificationRequest;
use crate::wire::command::session::{ServerKind, Xfr};

impl Notification {
    pub(super) fn ask(
        &mut self,
        id: AskId,
        ask: Ask,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Closing> {
        if let Ask::SignOut = ask {
            send(effects, &NotificationRequest::Out);
            let outcome = Ok(Outcome::Done);
            effects.push(Effect::Done { id, outcome });
            return Err(Closing::SignedOut);
        }
        let outcome = match ask {
            _ if self.phase != Phase::Shown => Err(AskError::NotSignedIn),
            Ask::Status(status) => {
                self.settings.status = status;
                self.appear(Pending::Ask(id), effects);
                Ok(())
            }
            Ask::Picture(picture) => {
                self.settings.picture = picture;
                self.appear(Pending::Ask(id), effects);
                Ok(())
            }
            Ask::Data(data) if data.write().len() > UserData::MAX_LEN => {
                Err(AskError::TooLong("the personal message"))
            }
            Ask::Data(data) => {
                self.settings.data = data;
                self.publish(Pending::Ask(id), effects);
                Ok(())
            }
            Ask::OpenSwitchboard => {
                let trid = self.command(Pending::Ask(id));
                let server = ServerKind::Switchboard;
                send(effects, &NotificationRequest::Xfr(Xfr { trid, server }));
                Ok(())
            }
            ask => {
                self.start(Operation::asked(id, ask), effects);
                Ok(())
            }
        };
        if let Err(error) = outcome {
            let outcome = Err(error);
            effects.push(Effect::Done { id, outcome });
        }
        Ok(())
    }

    /// The steps by which it is done, as the lists are now: when the operations before it are done.
    pub(super) fn plan(&mut self, ask: Ask) -> Result<Vec<Step>, AskError> {
        Ok(match ask {
            Ask::Name(name) => {
                let wire = FriendlyName::from_text(&name).ok_or(AskError::EmptyName)?;
                vec![Step::Update(Update::Name(name)), Step::Rename(wire)]
            }
            Ask::Privacy(privacy) => vec![
                Step::Update(Update::Privacy(privacy)),
                Step::Privacy(privacy),
            ],
            Ask::AddPolicy(policy) => vec![Step::Update(Update::AddPolicy(policy))],
            Ask::Add { handle, invitation } => {
                let lists = self.book.lists(&handle);
                let mut steps = Vec::new();
                if !lists.contains(Lists::FORWARD) {
                    steps.push(Step::Add(handle.clone(), invitation));
                }
                let mut session = Lists::FORWARD;
                if !lists.contains(Lists::BLOCK) {
                    // The server may have done so by itself; then it says that it is there already.
                    if !lists.contains(Lists::ALLOW) {
                        steps.push(Step::AddMember(Role::Allow, handle.clone()));
                    }
                    session |= Lists::ALLOW;
                }
                steps.push(Step::Answer(handle.clone()));
                steps.push(Step::SessionAdd(handle, session));
                steps
            }
            Ask::Remove(handle) => {
                let contact = self.known(&handle)?;
                contact.id.ok_or(AskError::NoSuchContact)?;
                vec![
                    Step::Delete(handle.clone()),
                    Step::SessionRemove(handle, Lists::FORWARD),
                ]
            }
            Ask::Block(handle) => self.move_to(handle, Role::Block, Role::Allow),
            Ask::Allow(handle) => self.move_to(handle, Role::Allow, Role::Block),
            Ask::Nickname { handle, name } => {
                self.known(&handle)?;
                vec![Step::Nickname(handle, name)]
            }
            Ask::AddGroup(name) if name.trim().is_empty() => return Err(AskError::EmptyName),
            Ask::AddGroup(name) => vec![Step::AddGroup(name)],
            Ask::RenameGroup { group, name } => {
                self.known_group(group)?;
                vec![Step::RenameGroup(group, name)]
            }
            Ask::RemoveGroup(group) => {
                self.known_group(group)?;
                vec![Step::DeleteGroup(group)]
            }
            Ask::Enter { handle, group } => {
                self.known(&handle)?;
                self.known_group(group)?;
                vec![Step::Place(Placing::Into, handle, group)]
            }
            Ask::Leave { handle, group } => {
                self.known(&handle)?;
                self.known_group(group)?;
                vec![Step::Place(Placing::OutOf, handle, group)]
            }
            Ask::SendOffline { handle, text } => {
                self.letters += 1;
                let number = self.letters;
                vec![Step::Store(handle, Letter { text, number })]
            }
            Ask::ListMail => vec![Step::ListMail],
            Ask::ReadMail(id) => vec![Step::ReadMail(id)],
            Ask::DeleteMail(ids) => vec![Step::DeleteMail(ids)],
            // Asked before the plan is made.
            Ask::Status(_)
            | Ask::Picture(_)
            | Ask::Data(_)
            | Ask::OpenSwitchboard
            | Ask::SignOut => Vec::new(),
        })
    }

    /// Onto AL or BL, off the other one and off PL.
    fn move_to(&self, handle: Handle, to: Role, from: Role) -> Vec<Step> {
        let (lists, onto) = (self.book.lists(&handle), Lists::from(to.list()));
        let off = Lists::from(from.list());
        let mut steps = Vec::new();
        if lists.contains(off) {
            steps.push(Step::DeleteMember(from, handle.clone()));
        }
        if !lists.contains(onto) {
            steps.push(Step::AddMember(to, handle.clone()));
        }
        steps.push(Step::Answer(handle.clone()));
        if lists.contains(off) {
            steps.push(Step::SessionRemove(handle.clone(), off));
        }
        steps.push(Step::SessionAdd(handle, onto));
        steps
    }

    fn known(&self, handle: &Handle) -> Result<&crate::client::contacts::Contact, AskError> {
        self.book.find(handle).ok_or(AskError::NoSuchContact)
    }

    fn known_group(&self, group: Guid) -> Result<(), AskError> {
        let known = self.book.groups.contains_key(&group);
        known.then_some(()).ok_or(AskError::NoSuchGroup)
    }
}
