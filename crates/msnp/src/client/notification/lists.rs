//! The lists: read from two services at once, repeated to the notification server as `ADL`, and kept
//! current by what it pushes (services-addressbook, 2; wire-msnp13, 4).

use super::steps::Operation;
use super::{Notification, Pending, Phase};
use crate::client::contacts::ContactBook;
use crate::client::exchange::{Effect, Event};
use crate::client::send;
use crate::client::service::membership::Membership;
use crate::handle::Handle;
use crate::presence::{FriendlyName, UserData};
use crate::roster::Lists;
use crate::wire::command::NotificationRequest;
use crate::wire::command::list::{AttributeOrder, ListDocument, ListedContact, Occasion};
use crate::wire::command::presence::{Blp, Property, Prp, Shown};
use crate::wire::command::roster::ListCommand;
use crate::wire::param::Param;

/// What the server said of the lists by itself.
#[derive(Clone, Debug)]
pub(super) enum Push {
    Added(Handle, FriendlyName),
    Removed(Handle),
}

impl Notification {
    /// Both halves of the lists are there.
    pub(super) fn lists_read(
        &mut self,
        mut read: ContactBook,
        memberships: Vec<Membership>,
        effects: &mut Vec<Effect>,
    ) {
        for member in memberships {
            let contact = read.entry(&member.handle);
            contact.lists |= member.role.list().into();
            if contact.name.is_empty() {
                contact.name = member.name;
            }
        }
        self.book.replace(read);
        // The answers may be older than what was pushed in the meantime.
        for push in std::mem::take(&mut self.pushes) {
            self.apply(&push);
        }
        match self.phase {
            Phase::Reading => self.appear_first(effects),
            Phase::Showing | Phase::Shown => effects.push(Effect::Event(Event::ListsChanged)),
        }
    }

    /// What a client says before it is seen: `BLP`, `ADL`, `PRP`, `UUX`, `CHG`.
    fn appear_first(&mut self, effects: &mut Vec<Effect>) {
        self.phase = Phase::Showing;
        let blp = Blp {
            trid: self.command(Pending::Nobody("privacy")),
            privacy: self.book.me.privacy,
        };
        send(effects, &NotificationRequest::Blp(blp));
        for document in initial_documents(&self.book) {
            let trid = self.command(Pending::Nobody("the contact list"));
            let document = document.write(AttributeOrder::ListsFirst);
            send(
                effects,
                &NotificationRequest::Adl(ListCommand { trid, document }),
            );
        }
        if let Some(name) = FriendlyName::from_text(&self.book.me.name) {
            let prp = Prp {
                trid: self.command(Pending::Nobody("the name")),
                property: Property::FriendlyName,
                value: Some(Param::from(&name)),
            };
            send(effects, &NotificationRequest::Prp(prp));
        }
        self.publish(Pending::Nobody("the personal message"), effects);
        self.appear(Pending::FirstStatus, effects);
    }

    /// `ILN` and `NLN`. What was on its way when somebody was taken off FL may come late; what comes
    /// before the service has answered that they are on it comes early.
    pub(super) fn show(&mut self, shown: &Shown, effects: &mut Vec<Effect>) {
        let known = self.book.lists(&shown.handle).contains(Lists::FORWARD);
        let mut under_way = self.operations.iter();
        if !known && !under_way.any(|operation| operation.may_add(&shown.handle)) {
            return;
        }
        self.book.show(shown);
        effects.push(Effect::Event(Event::Presence(shown.handle.clone())));
    }

    /// Whoever was shown while they might have become contacts, and have not.
    pub(super) fn forget_strangers(&mut self) {
        let operations = &self.operations;
        for contact in self.book.contacts.values_mut() {
            let mut under_way = operations.iter();
            let stays = contact.lists.contains(Lists::FORWARD)
                || under_way.any(|operation| operation.may_add(&contact.handle));
            if !stays {
                contact.presence = None;
                contact.data = UserData::default();
            }
        }
        self.book.contacts.retain(|_, contact| contact.is_known());
    }

    /// `ADL 0`.
    pub(super) fn added(&mut self, document: &ListDocument, effects: &mut Vec<Effect>) {
        for contact in &document.contacts {
            let Ok(handle) = contact.handle() else {
                continue;
            };
            let name = contact.name.clone();
            let name = name.unwrap_or_else(|| FriendlyName::of_handle(&handle));
            self.push(Push::Added(handle.clone(), name.clone()));
            effects.push(Effect::Event(Event::AddedBy { handle, name }));
        }
    }

    /// `RML 0`.
    pub(super) fn removed(&mut self, document: &ListDocument, effects: &mut Vec<Effect>) {
        for contact in &document.contacts {
            let Ok(handle) = contact.handle() else {
                continue;
            };
            self.push(Push::Removed(handle.clone()));
            effects.push(Effect::Event(Event::RemovedBy(handle)));
        }
    }

    /// `NOT`: once more, unless that is to be done anyway.
    pub(super) fn read_lists_again(&mut self, effects: &mut Vec<Effect>) {
        let waiting = self.operations.iter().skip(1);
        if !waiting.into_iter().any(Operation::reads_lists) {
            self.start(Operation::read_lists(), effects);
        }
    }

    fn push(&mut self, push: Push) {
        self.apply(&push);
        if self.operations.iter().any(Operation::reads_lists) {
            self.pushes.push(push);
        }
    }

    fn apply(&mut self, push: &Push) {
        match push {
            Push::Added(handle, name) => {
                let known = self.book.lists(handle);
                // Whoever is allowed or blocked was answered before (services-addressbook, 2).
                let answered = known.intersects(Lists::ALLOW | Lists::BLOCK);
                let pending = if answered {
                    Lists::NONE
                } else {
                    Lists::PENDING
                };
                self.book
                    .set_lists(handle, known | Lists::REVERSE | pending);
                let contact = self.book.entry(handle);
                if contact.name.is_empty() {
                    contact.name = name.text().into_owned();
                }
            }
            Push::Removed(handle) => {
                let left = self.book.lists(handle) - (Lists::REVERSE | Lists::PENDING);
                self.book.set_lists(handle, left);
            }
        }
    }
}

/// FL, AL and BL as `ADL` wants them: at least one document, none too long.
fn initial_documents(book: &ContactBook) -> Vec<ListDocument> {
    let listed = book.contacts.values().filter_map(|contact| {
        let mut lists = contact.lists.intersection(Lists::SESSION);
        if lists.contains(Lists::BLOCK) {
            lists -= Lists::ALLOW;
        }
        (!lists.is_empty()).then(|| ListedContact::new(&contact.handle, lists))
    });
    let mut listed: Vec<_> = listed.collect();
    listed.sort_by(|a, b| a.domain.cmp(&b.domain));
    let empty = || ListDocument {
        occasion: Occasion::Initial,
        contacts: Vec::new(),
        telephones: Vec::new(),
    };
    let mut documents = vec![empty()];
    let mut length = 0;
    for contact in listed {
        let more = contact.local.len() + contact.domain.len() + MARKUP;
        if length + more > DOCUMENT {
            documents.push(empty());
            length = 0;
        }
        length += more;
        if let Some(document) = documents.last_mut() {
            document.contacts.push(contact);
        }
    }
    documents
}

/// Longest document in bytes that original clients send (wire-msnp13, 4).
const DOCUMENT: usize = 7000;

/// What stands around a contact: its element, and its domain's if it is the only one there.
const MARKUP: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    fn book_of(count: usize) -> ContactBook {
        let mut book = ContactBook::default();
        for number in 0..count {
            let handle = format!("friend{number}@example{}.com", number % 7);
            let handle = Handle::parse(&handle).unwrap();
            book.set_lists(&handle, Lists::FORWARD | Lists::ALLOW);
        }
        book
    }

    #[test]
    fn a_long_list_goes_in_parts_and_an_empty_one_goes_too() {
        for count in [0, 1, 600] {
            let documents = initial_documents(&book_of(count));
            let mut contacts = 0;
            for document in &documents {
                let written = document.write(AttributeOrder::ListsFirst);
                assert!(written.len() <= 7500, "{}", written.len());
                let read = ListDocument::parse_request(&written).unwrap();
                assert_eq!(read.occasion, Occasion::Initial);
                contacts += read.contacts.len();
            }
            assert_eq!(contacts, count);
            assert_eq!(documents.len() > 1, count == 600);
        }
    }

    #[test]
    fn only_lists_of_a_session_go_and_blocked_wins() {
        let mut book = ContactBook::default();
        for (name, lists) in [
            ("a@b", Lists::REVERSE | Lists::PENDING),
            ("c@b", Lists::FORWARD | Lists::ALLOW | Lists::BLOCK),
        ] {
            book.set_lists(&Handle::parse(name).unwrap(), lists);
        }
        let documents = initial_documents(&book);
        let [contact] = &documents[0].contacts[..] else {
            panic!("{documents:?}");
        };
        assert_eq!(contact.lists, Lists::FORWARD | Lists::BLOCK);
    }
}
