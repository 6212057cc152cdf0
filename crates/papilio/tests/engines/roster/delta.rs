//! What changed since: watermarks and tombstones (services-addressbook, 3.2 and 7).

use msnp::soap::Since;
use msnp::soap::abook::{
    AddressBook, ContactRef, ContactUpdate, GroupUpdate, NewGroup, UpdateTarget,
};
use msnp::soap::contact::Annotation;
use msnp::soap::contact_change::{ContactChanges, PropertyChange};
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use msnp::soap::sharing::{Memberships, Role};
use msnp::soap::timestamp::Timestamp;
use papilio::store::account::Account;

use super::{World, passport, refusal};
use crate::{Place, on_each_engine};

on_each_engine! {
    each_change_is_in_the_next_delta_alone,
    each_membership_is_in_the_next_delta_alone,
    nothing_new_is_nothing,
    times_of_an_owner_rise_whatever_the_clock_does,
    a_time_before_the_address_book_gets_everything,
    a_time_that_is_not_known_needs_a_full_list,
    tombstones_are_kept_thirty_days,
    too_many_tombstones_go_at_once,
}

/// A client that remembers the last change it has seen.
struct Client<'a> {
    world: &'a World,
    owner: &'a Account,
    seen: Timestamp,
}

impl<'a> Client<'a> {
    async fn new(world: &'a World, owner: &'a Account) -> Self {
        let seen = world.book(owner).await.last_change;
        Self { world, owner, seen }
    }

    async fn book(&mut self) -> AddressBook {
        let since = Since::Time(self.seen);
        let book = self
            .world
            .store
            .address_book(self.owner.id, since)
            .await
            .unwrap();
        assert!(book.last_change >= self.seen);
        self.seen = book.last_change;
        book
    }

    async fn memberships(&mut self) -> Memberships {
        let since = Since::Time(self.seen);
        let found = self
            .world
            .store
            .memberships(self.owner.id, since)
            .await
            .unwrap();
        self.seen = found.last_change;
        found
    }

    /// The one contact that changed, and whether it is gone.
    async fn contact(&mut self) -> (Guid, bool) {
        let book = self.book().await;
        assert!(book.groups.is_empty(), "{:?}", book.groups);
        let [contact] = &book.contacts[..] else {
            panic!("{:?}", book.contacts);
        };
        assert_eq!(contact.last_change, book.last_change);
        (contact.id, contact.deleted)
    }

    /// The one group that changed, and whether it is gone.
    async fn group(&mut self) -> (Guid, bool) {
        let book = self.book().await;
        let [group] = &book.groups[..] else {
            panic!("{:?}", book.groups);
        };
        assert!(book.contacts.is_empty(), "{:?}", book.contacts);
        (group.id, group.deleted)
    }
}

async fn each_change_is_in_the_next_delta_alone(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let mut client = Client::new(&world, alice).await;
    let writer = world.writer(alice);
    let id = world.add(alice, &world.bob).await;
    assert_eq!(client.contact().await, (id, false));
    let annotation = PropertyChange::Annotation(Annotation::new("AB.NickName", "B"));
    let update = |target| ContactUpdate {
        target,
        changes: ContactChanges {
            properties: vec![annotation.clone()],
            ..ContactChanges::default()
        },
    };
    writer
        .update_contacts(&[update(UpdateTarget::Id(id))])
        .await
        .unwrap();
    assert_eq!(client.contact().await, (id, false));
    let me = world.me(alice).await.id;
    writer
        .update_contacts(&[update(UpdateTarget::Me)])
        .await
        .unwrap();
    assert_eq!(client.contact().await, (me, false));
    world
        .store
        .rename_account(alice.id, "Ally", jiff::Timestamp::now())
        .await
        .unwrap();
    assert_eq!(client.contact().await, (me, false));

    let name = "Friends".to_owned();
    let new = NewGroup {
        name,
        favorite: false,
    };
    let group = writer.add_group(&new).await.unwrap().answer;
    assert_eq!(client.group().await, (group, false));
    let name = Some("Foes".to_owned());
    let update = GroupUpdate {
        id: group,
        name,
        favorite: None,
    };
    writer.update_groups(&[update]).await.unwrap();
    assert_eq!(client.group().await, (group, false));
    writer
        .add_to_groups(&[group], &[ContactRef::Id(id)])
        .await
        .unwrap();
    assert_eq!(client.contact().await, (id, false));
    writer.remove_from_groups(&[group], &[id]).await.unwrap();
    assert_eq!(client.contact().await, (id, false));
    writer
        .add_to_groups(&[group], &[ContactRef::Id(id)])
        .await
        .unwrap();
    client.book().await;
    writer.delete_groups(&[group]).await.unwrap();
    let book = client.book().await;
    assert!(book.groups[0].deleted && book.contacts[0].group_ids.is_empty());
    writer.delete_contacts(&[id]).await.unwrap();
    assert_eq!(client.contact().await, (id, true));
    assert!(
        world
            .book(alice)
            .await
            .contacts
            .iter()
            .all(|contact| !contact.deleted)
    );
}

async fn each_membership_is_in_the_next_delta_alone(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let mut client = Client::new(&world, bob).await;
    let roles = |memberships: Memberships| {
        let mut roles: Vec<_> = memberships
            .members
            .iter()
            .map(|m| (m.role, m.deleted))
            .collect();
        roles.sort_unstable();
        roles
    };
    let id = world.add(alice, bob).await;
    let added = roles(client.memberships().await);
    assert_eq!(added, [(Role::Reverse, false), (Role::Pending, false)]);
    world.add_member(bob, Role::Allow, alice).await.unwrap();
    let accepted = roles(client.memberships().await);
    assert_eq!(accepted, [(Role::Allow, false), (Role::Pending, true)]);
    world.add_member(bob, Role::Block, alice).await.unwrap();
    let blocked = roles(client.memberships().await);
    assert_eq!(blocked, [(Role::Allow, true), (Role::Block, false)]);
    world.delete_member(bob, Role::Block, alice).await.unwrap();
    assert_eq!(roles(client.memberships().await), [(Role::Block, true)]);
    world.writer(alice).delete_contacts(&[id]).await.unwrap();
    assert_eq!(roles(client.memberships().await), [(Role::Reverse, true)]);
    assert!(world.members(bob).await.is_empty());
}

async fn nothing_new_is_nothing(place: Place) {
    let world = World::new(&place).await;
    world.add(&world.alice, &world.bob).await;
    let mut client = Client::new(&world, &world.alice).await;
    let seen = client.seen;
    let book = client.book().await;
    assert!(book.groups.is_empty() && book.contacts.is_empty());
    assert!(client.memberships().await.members.is_empty());
    assert_eq!(client.seen, seen);
}

async fn times_of_an_owner_rise_whatever_the_clock_does(place: Place) {
    let mut world = World::new(&place).await;
    let mut seen = world.book(&world.alice).await.last_change;
    for days in [0, 0, 1, -400, 0, 399, 5] {
        world.later(days);
        let id = world.add(&world.alice, &world.bob).await;
        let book = world.book(&world.alice).await;
        assert!(book.last_change > seen);
        seen = book.last_change;
        assert_eq!(world.contact(&world.alice, id).await.last_change, seen);
        world
            .writer(&world.alice)
            .delete_contacts(&[id])
            .await
            .unwrap();
        let last = world.book(&world.alice).await.last_change;
        assert!(last > seen);
        seen = last;
    }
}

async fn a_time_before_the_address_book_gets_everything(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let id = world.add(alice, &world.bob).await;
    world.writer(alice).delete_contacts(&[id]).await.unwrap();
    world.add(alice, &world.carol).await;
    let everything = world.book(alice).await;
    let beginning = Timestamp::parse("0001-01-01T00:00:00.0000000-08:00").unwrap();
    for time in [beginning, everything.owner.created] {
        let book = world
            .store
            .address_book(alice.id, Since::Time(time))
            .await
            .unwrap();
        assert_eq!(book, everything);
        let found = world
            .store
            .memberships(world.carol.id, Since::Time(time))
            .await
            .unwrap();
        assert_eq!(found.members, world.members(&world.carol).await);
    }
}

async fn a_time_that_is_not_known_needs_a_full_list(place: Place) {
    let world = World::new(&place).await;
    let last = world.book(&world.alice).await.last_change;
    let future = Since::Time(Timestamp::from_ticks(last.ticks() + 1));
    let outcome = world.store.address_book(world.alice.id, future).await;
    assert_eq!(refusal(outcome), Refusal::FullSyncRequired);
    let outcome = world.store.memberships(world.alice.id, future).await;
    assert_eq!(refusal(outcome), Refusal::FullSyncRequired);
}

async fn tombstones_are_kept_thirty_days(place: Place) {
    let mut world = World::new(&place).await;
    let first = world.add(&world.alice, &world.bob).await;
    let second = world.add(&world.alice, &world.carol).await;
    world
        .add_member(&world.alice, Role::Allow, &world.bob)
        .await
        .unwrap();
    let seen = world.book(&world.alice).await.last_change;
    world
        .delete_member(&world.alice, Role::Allow, &world.bob)
        .await
        .unwrap();
    world
        .writer(&world.alice)
        .delete_contacts(&[first])
        .await
        .unwrap();
    let deleted = world.book(&world.alice).await.last_change;

    world.later(29);
    world
        .writer(&world.alice)
        .delete_contacts(&[second])
        .await
        .unwrap();
    let book = world
        .store
        .address_book(world.alice.id, Since::Time(seen))
        .await
        .unwrap();
    assert_eq!(
        book.contacts
            .iter()
            .filter(|contact| contact.deleted)
            .count(),
        2
    );
    let found = world
        .store
        .memberships(world.alice.id, Since::Time(seen))
        .await
        .unwrap();
    assert!(found.members[0].deleted);

    world.later(2);
    let third = world.add(&world.alice, &world.bob).await;
    world
        .writer(&world.alice)
        .delete_contacts(&[third])
        .await
        .unwrap();
    let outcome = world
        .store
        .address_book(world.alice.id, Since::Time(seen))
        .await;
    assert_eq!(refusal(outcome), Refusal::FullSyncRequired);
    let outcome = world
        .store
        .memberships(world.alice.id, Since::Time(seen))
        .await;
    assert_eq!(refusal(outcome), Refusal::FullSyncRequired);
    // Who has seen all that was cleared away needs no more than the rest.
    let book = world
        .store
        .address_book(world.alice.id, Since::Time(deleted))
        .await
        .unwrap();
    let gone: Vec<_> = book
        .contacts
        .iter()
        .map(|contact| (contact.id, contact.deleted))
        .collect();
    assert_eq!(gone, [(second, true), (third, true)]);
}

async fn too_many_tombstones_go_at_once(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let seen = world.book(alice).await.last_change;
    let properties = "{\"quick_name\":\"x\"}";
    for some in 0..41 {
        let rows: Vec<_> = (0..100)
            .map(|row| {
                let id = Guid::from_u128(1_000 + some * 100 + row);
                let time = seen.ticks() + 1;
                format!(
                    "({}, '{id}', 'None', '', 0, '{properties}', 1, {time}, {time})",
                    alice.id
                )
            })
            .collect();
        let rows = rows.join(", ");
        place
            .execute(&format!(
                "INSERT INTO contacts (owner, id, kind, address, messenger, properties, deleted, \
                 added, last_change) VALUES {rows}"
            ))
            .await;
    }
    let id = world
        .writer(alice)
        .add_contact(&passport("bob@example.org"))
        .await
        .unwrap()
        .answer;
    world.writer(alice).delete_contacts(&[id]).await.unwrap();
    let outcome = world.store.address_book(alice.id, Since::Time(seen)).await;
    assert_eq!(refusal(outcome), Refusal::FullSyncRequired);
    let book = world.store.address_book(
        alice.id,
        Since::Time(Timestamp::from_ticks(seen.ticks() + 1)),
    );
    let book = book.await.unwrap();
    assert_eq!(book.contacts.len(), 1, "the newest one stays");
}
