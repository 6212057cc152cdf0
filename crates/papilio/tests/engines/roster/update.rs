//! ABContactUpdate.

use msnp::roster::{Lists, Privacy};
use msnp::soap::abook::UpdateTarget;
use msnp::soap::contact::{Annotation, BLP, GTC, MBEA};
use msnp::soap::contact_change::{ContactChanges, EmailChange, PropertyChange, TextProperty};
use msnp::soap::refusal::Refusal;
use papilio::store::roster::RosterChange;

use super::{World, display_name, passport, property, refusal};
use crate::{Place, on_each_engine};

on_each_engine! {
    my_own_name_is_the_accounts,
    my_policies_are_annotations,
    properties_are_kept,
    off_the_forward_list_and_on_again,
    a_contact_can_get_another_address,
}

const FL: Lists = Lists::FORWARD;
const RL: Lists = Lists::REVERSE;
const PL: Lists = Lists::PENDING;

async fn my_own_name_is_the_accounts(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    world.add(&world.bob, alice).await;
    let me = world.me(alice).await.id;
    for (target, text, expected) in [
        (UpdateTarget::Me, "Ally 😀 <3", "Ally 😀 <3"),
        (UpdateTarget::Id(me), "Al", "Al"),
        (UpdateTarget::Me, "", "alice@example.org"),
    ] {
        world
            .update(alice, target, display_name(text))
            .await
            .unwrap();
        assert_eq!(world.me(alice).await.display_name, expected);
        let account = world.store.account_by_id(alice.id).await.unwrap().unwrap();
        assert_eq!(account.name, expected);
        assert_eq!(
            world.book(&world.bob).await.contacts[1].display_name,
            expected
        );
    }
    let long = world
        .update(alice, UpdateTarget::Me, display_name(&"x".repeat(388)))
        .await;
    assert_eq!(refusal(long), Refusal::TooLong("DisplayName"));
    // The other door to the name.
    let before = world.book(alice).await.last_change;
    world
        .store
        .rename_account(alice.id, "Alice again", jiff::Timestamp::now())
        .await
        .unwrap();
    let me = world.me(alice).await;
    assert_eq!(me.display_name, "Alice again");
    assert!(me.last_change > before);
}

async fn my_policies_are_annotations(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let value = async |name: &str| {
        let me = world.me(alice).await;
        let found = me.annotations().find(|annotation| annotation.name == name);
        found.map(|annotation| annotation.value.clone())
    };
    for (sent, kept, privacy) in [
        ("0", "0", Privacy::AllowedOnly),
        ("1", "1", Privacy::Everyone),
        ("2", "0", Privacy::AllowedOnly),
        ("", "1", Privacy::Everyone),
    ] {
        let changes = world.annotate_me(alice, BLP, sent).await;
        assert_eq!(
            changes,
            [
                RosterChange::Privacy {
                    owner: alice.id,
                    privacy
                },
                RosterChange::AddressBook { owner: alice.id },
            ]
        );
        assert_eq!(value(BLP).await.as_deref(), Some(kept));
        assert_eq!(
            world.store.roster_of(alice.id).await.unwrap().privacy,
            privacy
        );
        world.annotate_me(alice, GTC, sent).await;
        assert_eq!(value(GTC).await.as_deref(), Some(kept));
    }
    world.annotate_me(alice, MBEA, "1").await;
    world
        .annotate_me(alice, "MSN.IM.RoamLiveProperties", "1")
        .await;
    assert_eq!(value(MBEA).await.as_deref(), Some("1"));
    assert_eq!(
        value("MSN.IM.RoamLiveProperties").await.as_deref(),
        Some("1")
    );
    world
        .annotate_me(alice, "MSN.IM.RoamLiveProperties", "")
        .await;
    assert_eq!(value("MSN.IM.RoamLiveProperties").await, None);
}

async fn properties_are_kept(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let id = world.add(alice, &world.bob).await;
    let target = UpdateTarget::Id(id);
    let nickname = Annotation::new("AB.NickName", "Bobby's \"&\" 😀");
    let nick = property(PropertyChange::Annotation(nickname.clone()));
    world.update(alice, target, nick).await.unwrap();
    world
        .update(alice, target, display_name("My Bob"))
        .await
        .unwrap();
    let contact = world.contact(alice, id).await;
    assert_eq!(contact.properties.annotations, [nickname]);
    assert_eq!(
        contact.display_name, "My Bob",
        "a name that one gives goes first"
    );
    assert!(contact.messenger);
    let bad = property(PropertyChange::Email(EmailChange {
        address: Some("nowhere".to_owned()),
        ..EmailChange::default()
    }));
    assert_eq!(
        refusal(world.update(alice, target, bad).await),
        Refusal::BadEmail('@')
    );
    let long = property(PropertyChange::Text(
        TextProperty::Comment,
        "x".repeat(3000),
    ));
    let outcome = world.update(alice, target, long).await;
    assert_eq!(refusal(outcome), Refusal::TooLong("contactInfo"));
    assert_eq!(world.contact(alice, id).await, contact);
}

async fn off_the_forward_list_and_on_again(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let id = world.add(alice, bob).await;
    let target = UpdateTarget::Id(id);
    let messenger = |on| ContactChanges {
        messenger: Some(on),
        ..ContactChanges::default()
    };
    let off = world.update(alice, target, messenger(false)).await.unwrap();
    assert!(off.changes.contains(&RosterChange::Removed {
        remover: alice.id,
        removed: bob.id
    }));
    assert_eq!(world.lists(alice, bob).await, Lists::NONE);
    assert_eq!(world.lists(bob, alice).await, Lists::NONE);
    assert!(!world.contact(alice, id).await.messenger, "the entry stays");
    let again = world
        .writer(alice)
        .add_contact(&passport("bob@example.org"))
        .await;
    assert_eq!(refusal(again), Refusal::ContactAlreadyExists(id));
    let on = world.update(alice, target, messenger(true)).await.unwrap();
    assert!(on.changes.contains(&RosterChange::Added {
        adder: alice.id,
        added: bob.id
    }));
    assert_eq!(world.lists(bob, alice).await, RL | PL);
    let same = world.update(alice, target, messenger(true)).await.unwrap();
    assert_eq!(
        same.changes,
        [RosterChange::AddressBook { owner: alice.id }]
    );
}

async fn a_contact_can_get_another_address(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob, carol) = (&world.alice, &world.bob, &world.carol);
    let id = world.add(alice, bob).await;
    let address = |name: &str| ContactChanges {
        passport_name: Some(name.to_owned()),
        ..ContactChanges::default()
    };
    let target = UpdateTarget::Id(id);
    world
        .update(alice, target, address("Carol@example.org"))
        .await
        .unwrap();
    assert_eq!(world.lists(alice, bob).await, Lists::NONE);
    assert_eq!(world.lists(bob, alice).await, Lists::NONE);
    assert_eq!(world.lists(alice, carol).await, FL);
    assert_eq!(world.lists(carol, alice).await, RL | PL);
    let other = world.add(alice, bob).await;
    let taken = world
        .update(alice, UpdateTarget::Id(other), address("carol@example.org"))
        .await;
    assert_eq!(refusal(taken), Refusal::ContactAlreadyExists(id));
    let nobody = world
        .update(alice, target, address("nobody@example.org"))
        .await;
    assert!(matches!(refusal(nobody), Refusal::InvalidPassportUser(_)));
    world.update(alice, target, address("")).await.unwrap();
    assert_eq!(world.lists(carol, alice).await, Lists::NONE);
    assert!(!world.contact(alice, id).await.messenger);
}
