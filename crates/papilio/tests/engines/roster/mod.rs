//! Contacts, groups, members and lists.

mod contact;
mod delta;
mod group;
mod import;
mod member;
mod together;
mod update;

use jiff::{Timestamp, ToSpan};
use msnp::roster::{AllowListManagement, Lists};
use msnp::soap::Since;
use msnp::soap::abook::{AddressBook, ContactUpdate, Invitation, NewContact, UpdateTarget};
use msnp::soap::contact::{Annotation, Contact, ContactKind, Properties};
use msnp::soap::contact_change::{ContactChanges, PropertyChange, TextProperty};
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use msnp::soap::sharing::{Member, MemberAddress, MemberRef, MemberTarget, NewMember, Role};
use papilio::config::{Config, ListSizes};
use papilio::store::Store;
use papilio::store::account::{Account, AccountId};
use papilio::store::roster::{Changed, RosterChange, RosterError, RosterWriter};

use crate::Place;
use crate::account::new_account;

/// A store with some accounts, and a clock that the test moves.
struct World {
    store: Store,
    sizes: ListSizes,
    now: Timestamp,
    alice: Account,
    bob: Account,
    carol: Account,
}

impl World {
    async fn new(place: &Place) -> Self {
        let store = place.open().await;
        let mut made = Vec::new();
        for name in ["alice", "bob", "carol"] {
            let new = new_account(&format!("{name}@example.org"));
            made.push(store.add_account(&new).await.unwrap());
        }
        let [alice, bob, carol] = <[Account; 3]>::try_from(made).unwrap();
        Self {
            store,
            sizes: Config::default().lists,
            now: "2026-01-02T03:04:05Z".parse().unwrap(),
            alice,
            bob,
            carol,
        }
    }

    fn writer(&self, account: &Account) -> RosterWriter<'_> {
        self.store.roster_writer(account.id, &self.sizes, self.now)
    }

    fn later(&mut self, days: i64) {
        self.now += (24 * days).hours();
    }

    async fn add(&self, owner: &Account, other: &Account) -> Guid {
        let contact = passport(other.handle.as_str());
        self.writer(owner)
            .add_contact(&contact)
            .await
            .unwrap()
            .answer
    }

    async fn book(&self, owner: &Account) -> AddressBook {
        self.store
            .address_book(owner.id, Since::Nothing)
            .await
            .unwrap()
    }

    async fn contact(&self, owner: &Account, id: Guid) -> Contact {
        let book = self.book(owner).await;
        book.contacts
            .into_iter()
            .find(|contact| contact.id == id)
            .unwrap()
    }

    async fn me(&self, owner: &Account) -> Contact {
        let book = self.book(owner).await;
        let first = book.contacts.into_iter().next().unwrap();
        assert_eq!(first.kind, ContactKind::Me);
        first
    }

    async fn members(&self, owner: &Account) -> Vec<Member> {
        let found = self.store.memberships(owner.id, Since::Nothing).await;
        found.unwrap().members
    }

    /// What `owner` holds about `other`, as the two services tell it.
    async fn lists(&self, owner: &Account, other: &Account) -> Lists {
        let mut lists = Lists::NONE;
        for contact in self.book(owner).await.contacts {
            if contact.messenger && contact.passport_name.as_deref() == Some(other.handle.as_str())
            {
                lists |= Lists::FORWARD;
            }
        }
        for member in self.members(owner).await {
            if member.address == address(other) {
                lists |= member.role.list().into();
            }
        }
        lists
    }

    /// What a session of `owner` begins with, about `other`.
    async fn session_lists(&self, owner: &Account, other: &Account) -> Lists {
        let roster = self.store.roster_of(owner.id).await.unwrap();
        let about: Vec<_> = roster
            .contacts
            .iter()
            .filter(|(id, ..)| *id == other.id)
            .collect();
        assert!(about.len() <= 1);
        about.first().map_or(Lists::NONE, |(_, handle, lists)| {
            assert_eq!(*handle, other.handle);
            *lists
        })
    }

    async fn add_member(
        &self,
        owner: &Account,
        role: Role,
        other: &Account,
    ) -> Result<Changed<()>, RosterError> {
        let member = new_member(role, address(other));
        self.writer(owner).add_members(&[member]).await
    }

    async fn delete_member(
        &self,
        owner: &Account,
        role: Role,
        other: &Account,
    ) -> Result<Changed<()>, RosterError> {
        let target = MemberTarget::Address(address(other));
        self.writer(owner)
            .delete_members(&[MemberRef { role, target }])
            .await
    }

    async fn update(
        &self,
        owner: &Account,
        target: UpdateTarget,
        changes: ContactChanges,
    ) -> Result<Changed<()>, RosterError> {
        let update = ContactUpdate { target, changes };
        self.writer(owner).update_contacts(&[update]).await
    }

    async fn annotate_me(&self, owner: &Account, name: &str, value: &str) -> Vec<RosterChange> {
        let annotation = PropertyChange::Annotation(Annotation::new(name, value));
        let changes = property(annotation);
        self.update(owner, UpdateTarget::Me, changes)
            .await
            .unwrap()
            .changes
    }
}

fn address(account: &Account) -> MemberAddress {
    MemberAddress::Passport(account.handle.as_str().to_owned())
}

fn new_member(role: Role, address: MemberAddress) -> NewMember {
    NewMember {
        role,
        address,
        display_name: String::new(),
        annotations: Vec::new(),
    }
}

/// A Messenger contact, AL kept by the client.
fn passport(name: &str) -> NewContact {
    NewContact {
        passport_name: Some(name.to_owned()),
        messenger: true,
        properties: Properties::default(),
        invitation: Invitation::default(),
        management: AllowListManagement::ByClient,
    }
}

/// An entry that is no Messenger contact.
fn entry(properties: Properties) -> NewContact {
    NewContact {
        passport_name: None,
        messenger: false,
        ..passport("")
    }
    .with(properties)
}

trait With {
    fn with(self, properties: Properties) -> Self;
}

impl With for NewContact {
    fn with(self, properties: Properties) -> Self {
        Self { properties, ..self }
    }
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, RosterError>) -> Refusal {
    match outcome {
        Err(RosterError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn lists(owner: AccountId, contact: AccountId, lists: Lists, touched: Lists) -> RosterChange {
    RosterChange::Lists {
        owner,
        contact,
        lists,
        touched,
    }
}

fn property(change: PropertyChange) -> ContactChanges {
    ContactChanges {
        properties: vec![change],
        ..ContactChanges::default()
    }
}

fn display_name(text: &str) -> ContactChanges {
    property(PropertyChange::Text(
        TextProperty::DisplayName,
        text.to_owned(),
    ))
}
