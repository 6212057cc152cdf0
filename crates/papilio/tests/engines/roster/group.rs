//! Groups and who is in them.

use msnp::roster::Lists;
use msnp::soap::abook::{ContactRef, GroupUpdate, NewGroup};
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use papilio::store::account::Account;
use papilio::store::roster::{Changed, RosterChange, RosterError};

use super::{World, entry, passport, refusal};
use crate::{Place, on_each_engine};

on_each_engine! {
    groups_come_change_and_go,
    names_are_told_apart_without_regard_to_case,
    there_are_so_many_groups_of_such_names,
    contacts_are_put_into_groups_and_out,
    whoever_is_put_into_a_group_becomes_a_contact,
    groups_and_contacts_must_exist,
}

impl World {
    async fn group(&self, owner: &Account, name: &str) -> Result<Changed<Guid>, RosterError> {
        let group = NewGroup {
            name: name.to_owned(),
            favorite: false,
        };
        self.writer(owner).add_group(&group).await
    }
}

fn renamed(id: Guid, name: &str) -> GroupUpdate {
    GroupUpdate {
        id,
        name: Some(name.to_owned()),
        favorite: None,
    }
}

async fn groups_come_change_and_go(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let friends = world.group(alice, "Friends & Co 😀").await.unwrap();
    assert_eq!(
        friends.changes,
        [RosterChange::AddressBook { owner: alice.id }]
    );
    let friends = friends.answer;
    let work = world.group(alice, "Work").await.unwrap().answer;
    let names = async || {
        let groups = world.book(alice).await.groups;
        groups
            .into_iter()
            .map(|g| (g.id, g.name, g.favorite))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names().await,
        [
            (friends, "Friends & Co 😀".to_owned(), false),
            (work, "Work".to_owned(), false)
        ]
    );
    let favorite = GroupUpdate {
        favorite: Some(true),
        ..renamed(work, "Workplace")
    };
    world
        .writer(alice)
        .update_groups(&[favorite])
        .await
        .unwrap();
    world.writer(alice).delete_groups(&[friends]).await.unwrap();
    assert_eq!(names().await, [(work, "Workplace".to_owned(), true)]);
    assert!(world.book(&world.bob).await.groups.is_empty());
}

async fn names_are_told_apart_without_regard_to_case(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let id = world.group(alice, "Überfreunde").await.unwrap().answer;
    let same = Refusal::GroupAlreadyExists(Some(id));
    assert_eq!(refusal(world.group(alice, "überFREUNDE").await), same);
    let other = world.group(alice, "Others").await.unwrap().answer;
    let writer = world.writer(alice);
    let outcome = writer.update_groups(&[renamed(other, "ÜBERFREUNDE")]).await;
    assert_eq!(refusal(outcome), same);
    // Its own name is nobody else's.
    writer
        .update_groups(&[renamed(id, "ÜberFreunde")])
        .await
        .unwrap();
    // A name is free again when its group is gone.
    writer.delete_groups(&[id]).await.unwrap();
    world.group(alice, "überfreunde").await.unwrap();
    world.group(&world.bob, "Others").await.unwrap();
}

async fn there_are_so_many_groups_of_such_names(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let longest = "é".repeat(61);
    let id = world.group(alice, &longest).await.unwrap().answer;
    let too_long = Refusal::TooLong("GroupName");
    let longer = format!("{longest}x");
    assert_eq!(refusal(world.group(alice, &longer).await), too_long);
    let outcome = world
        .writer(alice)
        .update_groups(&[renamed(id, &longer)])
        .await;
    assert_eq!(refusal(outcome), too_long);
    for number in 1..30 {
        world.group(alice, &number.to_string()).await.unwrap();
    }
    assert_eq!(
        refusal(world.group(alice, "30").await),
        Refusal::QuotaLimitReached
    );
    world.writer(alice).delete_groups(&[id]).await.unwrap();
    world.group(alice, "30").await.unwrap();
}

async fn contacts_are_put_into_groups_and_out(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let bob = world.add(alice, &world.bob).await;
    let friends = world.group(alice, "Friends").await.unwrap().answer;
    let work = world.group(alice, "Work").await.unwrap().answer;
    let writer = world.writer(alice);
    let changed = writer
        .add_to_groups(&[friends, work], &[ContactRef::Id(bob)])
        .await
        .unwrap();
    assert_eq!(changed.answer, bob);
    assert_eq!(
        changed.changes,
        [RosterChange::AddressBook { owner: alice.id }]
    );
    writer
        .add_to_groups(&[friends], &[ContactRef::Id(bob)])
        .await
        .unwrap();
    let mut groups = world.contact(alice, bob).await.group_ids;
    groups.sort_unstable();
    let mut expected = [friends, work];
    expected.sort_unstable();
    assert_eq!(groups, expected);
    writer.remove_from_groups(&[work], &[bob]).await.unwrap();
    writer.remove_from_groups(&[work], &[bob]).await.unwrap();
    assert_eq!(world.contact(alice, bob).await.group_ids, [friends]);
    let before = world.contact(alice, bob).await.last_change;
    writer.delete_groups(&[friends]).await.unwrap();
    let contact = world.contact(alice, bob).await;
    assert!(
        contact.group_ids.is_empty() && contact.messenger,
        "its contacts stay"
    );
    assert!(contact.last_change > before);
    writer
        .add_to_groups(&[work], &[ContactRef::Id(bob)])
        .await
        .unwrap();
    writer.delete_contacts(&[bob]).await.unwrap();
    let again = world.add(alice, &world.bob).await;
    assert!(world.contact(alice, again).await.group_ids.is_empty());
}

async fn whoever_is_put_into_a_group_becomes_a_contact(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob, carol) = (&world.alice, &world.bob, &world.carol);
    let friends = world.group(alice, "Friends").await.unwrap().answer;
    let named = |name: &str| ContactRef::New(Box::new(passport(name)));
    let writer = world.writer(alice);
    let changed = writer
        .add_to_groups(&[friends], &[named("bob@example.org")])
        .await
        .unwrap();
    assert!(changed.changes.contains(&RosterChange::Added {
        adder: alice.id,
        added: bob.id
    }));
    let id = changed.answer;
    let contact = world.contact(alice, id).await;
    assert!(contact.messenger && contact.group_ids == [friends]);
    assert_eq!(
        world.lists(bob, alice).await,
        Lists::REVERSE | Lists::PENDING
    );
    // Who is there is taken as it is.
    let changed = writer
        .add_to_groups(&[friends], &[named("BOB@example.org")])
        .await
        .unwrap();
    assert_eq!(changed.answer, id);
    assert_eq!(
        changed.changes,
        [RosterChange::AddressBook { owner: alice.id }]
    );
    // Who is there, but not on FL, comes on it.
    let mut plain = passport("carol@example.org");
    plain.messenger = false;
    let id = writer.add_contact(&plain).await.unwrap().answer;
    let changed = writer
        .add_to_groups(&[friends], &[named("carol@example.org")])
        .await
        .unwrap();
    assert_eq!(changed.answer, id);
    assert_eq!(world.lists(alice, carol).await, Lists::FORWARD);
    assert_eq!(
        world.lists(carol, alice).await,
        Lists::REVERSE | Lists::PENDING
    );
    let nobody = writer
        .add_to_groups(&[friends], &[named("nobody@example.org")])
        .await;
    assert!(matches!(refusal(nobody), Refusal::InvalidPassportUser(_)));
}

async fn groups_and_contacts_must_exist(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let mut aunt = msnp::soap::contact::Properties::default();
    aunt.quick_name.push_str("Aunt");
    let aunt = world
        .writer(alice)
        .add_contact(&entry(aunt))
        .await
        .unwrap()
        .answer;
    let group = world.group(alice, "Family").await.unwrap().answer;
    let foreign = world.group(bob, "Family").await.unwrap().answer;
    let me = world.me(alice).await.id;
    let nobody = Guid::from_u128(7);
    let writer = world.writer(alice);
    for wrong in [foreign, nobody] {
        let outcome = writer
            .add_to_groups(&[group, wrong], &[ContactRef::Id(aunt)])
            .await;
        assert_eq!(refusal(outcome), Refusal::GroupDoesNotExist);
        let outcome = writer.remove_from_groups(&[wrong], &[aunt]).await;
        assert_eq!(refusal(outcome), Refusal::GroupDoesNotExist);
        let outcome = writer.delete_groups(&[group, wrong]).await;
        assert_eq!(refusal(outcome), Refusal::GroupDoesNotExist);
        let outcome = writer.update_groups(&[renamed(wrong, "X")]).await;
        assert_eq!(refusal(outcome), Refusal::GroupDoesNotExist);
    }
    for wrong in [me, nobody] {
        let outcome = writer
            .add_to_groups(&[group], &[ContactRef::Id(wrong)])
            .await;
        assert_eq!(refusal(outcome), Refusal::ContactDoesNotExist);
        let outcome = writer.remove_from_groups(&[group], &[wrong]).await;
        assert_eq!(refusal(outcome), Refusal::ContactDoesNotExist);
    }
    assert!(world.contact(alice, aunt).await.group_ids.is_empty());
    assert_eq!(world.book(alice).await.groups.len(), 1);
}
