//! ABContactAdd, ABContactDelete, ABAdd.

use msnp::roster::{AllowListManagement, Lists};
use msnp::soap::abook::{ContactUpdate, Invitation, UpdateTarget};
use msnp::soap::contact::{Annotation, BLP, Email, GTC, INVITE_MESSAGE, MBEA, Phone, Properties};
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use msnp::soap::sharing::Role;
use papilio::store::roster::{Changed, RosterChange};

use super::{World, display_name, entry, lists, passport, refusal};
use crate::{Place, on_each_engine};

on_each_engine! {
    a_new_account_has_me_and_nothing_else,
    adding_changes_both_sides,
    an_invitation_reaches_the_one_added,
    the_server_keeps_the_allow_list_when_asked_to,
    automatic_acceptance_allows,
    who_blocks_me_is_not_asked,
    a_contact_is_added_once,
    only_accounts_can_be_contacts,
    entries_that_are_no_messenger_contacts,
    removing_changes_both_sides,
    a_removed_contact_can_come_again,
    only_the_own_contacts_can_be_changed,
    a_refused_operation_changes_nothing,
    the_address_book_can_be_full,
    an_account_without_address_book_makes_one,
    who_is_deleted_leaves_the_lists_of_others,
}

const FL: Lists = Lists::FORWARD;
const AL: Lists = Lists::ALLOW;
const RL: Lists = Lists::REVERSE;
const PL: Lists = Lists::PENDING;

async fn a_new_account_has_me_and_nothing_else(place: Place) {
    let world = World::new(&place).await;
    let book = world.book(&world.alice).await;
    assert_eq!(book.owner.handle, "alice@example.org");
    assert_eq!(book.owner.cid, world.alice.cid());
    assert!(book.groups.is_empty() && book.contacts.len() == 1);
    assert!(book.last_change > book.owner.created);
    let me = world.me(&world.alice).await;
    assert_eq!(me.passport_name.as_deref(), Some("alice@example.org"));
    assert_eq!(me.display_name, "Name of alice@example.org");
    assert_eq!(me.cid, world.alice.cid());
    assert!(!me.messenger);
    let annotations: Vec<_> = me.annotations().cloned().collect();
    let expected = [(MBEA, "0"), (GTC, "1"), (BLP, "1")];
    assert_eq!(
        annotations,
        expected.map(|(name, value)| Annotation::new(name, value))
    );
    assert!(world.members(&world.alice).await.is_empty());
    assert_ne!(me.id, world.me(&world.bob).await.id);
}

async fn adding_changes_both_sides(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let contact = passport(" BOB@Example.ORG");
    let Changed {
        answer: id,
        changes,
    } = world.writer(alice).add_contact(&contact).await.unwrap();
    assert_eq!(
        changes,
        [
            lists(alice.id, bob.id, FL, FL),
            lists(bob.id, alice.id, RL | PL, RL | PL),
            RosterChange::Added {
                adder: alice.id,
                added: bob.id
            },
            RosterChange::AddressBook { owner: alice.id },
        ]
    );
    assert_eq!(world.lists(alice, bob).await, FL);
    assert_eq!(world.lists(bob, alice).await, RL | PL);
    assert_eq!(world.session_lists(alice, bob).await, FL);
    assert_eq!(world.session_lists(bob, alice).await, Lists::NONE);
    let contact = world.contact(alice, id).await;
    assert!(contact.messenger);
    assert_eq!(contact.passport_name.as_deref(), Some("bob@example.org"));
    assert_eq!(contact.display_name, "Name of bob@example.org");
    assert_eq!(contact.cid, bob.cid());
    let pending = world.members(bob).await;
    assert!(
        pending
            .iter()
            .all(|m| m.display_name == "Name of alice@example.org")
    );
    assert!(
        pending
            .iter()
            .all(|m| m.cid == alice.cid() && m.annotations.is_empty())
    );
}

async fn an_invitation_reaches_the_one_added(place: Place) {
    let world = World::new(&place).await;
    let mut contact = passport("bob@example.org");
    contact.invitation = Invitation {
        display_name: "Ally <3".to_owned(),
        annotations: vec![Annotation::new(INVITE_MESSAGE, "Hi, it's me")],
    };
    world
        .writer(&world.alice)
        .add_contact(&contact)
        .await
        .unwrap();
    for member in world.members(&world.bob).await {
        assert_eq!(member.display_name, "Ally <3");
        assert_eq!(member.annotations, contact.invitation.annotations);
    }
}

async fn the_server_keeps_the_allow_list_when_asked_to(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob, carol) = (&world.alice, &world.bob, &world.carol);
    world.add_member(alice, Role::Block, carol).await.unwrap();
    for (other, expected) in [(bob, FL | AL), (carol, FL | Lists::BLOCK)] {
        let mut contact = passport(other.handle.as_str());
        contact.management = AllowListManagement::ByServer;
        let changed = world.writer(alice).add_contact(&contact).await.unwrap();
        let touched = expected - Lists::BLOCK;
        assert_eq!(
            changed.changes[0],
            lists(alice.id, other.id, expected, touched)
        );
        assert_eq!(world.lists(alice, other).await, expected);
        assert_eq!(world.session_lists(alice, other).await, expected);
    }
}

async fn automatic_acceptance_allows(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    world.annotate_me(bob, GTC, "0").await;
    world.add(alice, bob).await;
    assert_eq!(world.lists(bob, alice).await, RL | AL);
}

async fn who_blocks_me_is_not_asked(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    world.add_member(bob, Role::Block, alice).await.unwrap();
    world.add(alice, bob).await;
    assert_eq!(world.lists(bob, alice).await, RL | Lists::BLOCK);
}

async fn a_contact_is_added_once(place: Place) {
    let world = World::new(&place).await;
    let id = world.add(&world.alice, &world.bob).await;
    let again = world
        .writer(&world.alice)
        .add_contact(&passport("Bob@example.org"))
        .await;
    assert_eq!(refusal(again), Refusal::ContactAlreadyExists(id));
    assert_eq!(world.book(&world.alice).await.contacts.len(), 2);
}

async fn only_accounts_can_be_contacts(place: Place) {
    let world = World::new(&place).await;
    for (name, expected) in [
        ("nobody@example.org", None),
        ("alice@example.org", None),
        ("no body@example.org", None),
        ("example.org", Some(Refusal::BadEmail('@'))),
        ("bob@example", Some(Refusal::BadEmail('.'))),
    ] {
        let outcome = world
            .writer(&world.alice)
            .add_contact(&passport(name))
            .await;
        let expected = expected.unwrap_or(Refusal::InvalidPassportUser(name.to_owned()));
        assert_eq!(refusal(outcome), expected);
    }
    // An account's address is good, whatever it looks like.
    let dotless = crate::account::new_account("dave@x");
    let dave = world.store.add_account(&dotless).await.unwrap();
    world.add(&world.alice, &dave).await;
}

async fn entries_that_are_no_messenger_contacts(place: Place) {
    let world = World::new(&place).await;
    let yahoo = Properties {
        emails: vec![Email {
            kind: "Messenger2".to_owned(),
            address: "Bob@Yahoo.example".to_owned(),
            messenger: true,
            capability: 32,
            external: false,
        }],
        ..Properties::default()
    };
    let phone = Properties {
        phones: vec![Phone {
            kind: "ContactPhoneMobile".to_owned(),
            number: "+1555".to_owned(),
            messenger: true,
        }],
        ..Properties::default()
    };
    let plain = Properties {
        first_name: "Aunt".to_owned(),
        annotations: vec![Annotation::new("X.Unknown", "as & is")],
        ..Properties::default()
    };
    let writer = world.writer(&world.alice);
    for (properties, shown) in [
        (yahoo.clone(), "bob@yahoo.example"),
        (phone, "+1555"),
        (plain, "Aunt"),
    ] {
        let Changed {
            answer: id,
            changes,
        } = writer
            .add_contact(&entry(properties.clone()))
            .await
            .unwrap();
        assert_eq!(
            changes,
            [RosterChange::AddressBook {
                owner: world.alice.id
            }]
        );
        let contact = world.contact(&world.alice, id).await;
        assert_eq!(contact.properties, properties);
        assert_eq!(contact.display_name, shown);
        assert_eq!(
            (contact.passport_name, contact.messenger, contact.cid),
            (None, false, 0)
        );
    }
    let again = writer.add_contact(&entry(yahoo)).await;
    assert!(matches!(refusal(again), Refusal::ContactAlreadyExists(_)));
    let mut known = passport("bob@example.org");
    known.messenger = false;
    writer.add_contact(&known).await.unwrap();
    assert_eq!(world.lists(&world.bob, &world.alice).await, Lists::NONE);
    assert!(
        world
            .store
            .roster_of(world.alice.id)
            .await
            .unwrap()
            .contacts
            .is_empty()
    );

    let nothing = writer.add_contact(&entry(Properties::default())).await;
    assert!(matches!(refusal(nothing), Refusal::BadRequest(_)));
    let mut bad = Properties::default();
    bad.emails.push(Email {
        address: "nowhere".to_owned(),
        ..Email::default()
    });
    let outcome = writer.add_contact(&entry(bad)).await;
    assert_eq!(refusal(outcome), Refusal::BadEmail('@'));
}

async fn removing_changes_both_sides(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let id = world.add(alice, bob).await;
    world.add_member(alice, Role::Allow, bob).await.unwrap();
    world.add_member(bob, Role::Allow, alice).await.unwrap();
    let changed = world.writer(alice).delete_contacts(&[id]).await.unwrap();
    assert_eq!(
        changed.changes,
        [
            lists(alice.id, bob.id, AL, FL),
            lists(bob.id, alice.id, AL, RL),
            RosterChange::Removed {
                remover: alice.id,
                removed: bob.id
            },
            RosterChange::AddressBook { owner: alice.id },
        ]
    );
    assert_eq!(
        world.lists(alice, bob).await,
        AL,
        "what is allowed stays so"
    );
    assert_eq!(world.lists(bob, alice).await, AL);
    assert_eq!(world.session_lists(alice, bob).await, AL);
    let again = world.writer(alice).delete_contacts(&[id]).await;
    assert_eq!(refusal(again), Refusal::ContactDoesNotExist);
}

async fn a_removed_contact_can_come_again(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let first = world.add(alice, bob).await;
    let numbers = |members: Vec<msnp::soap::sharing::Member>| {
        members.iter().map(|m| (m.role, m.id)).collect::<Vec<_>>()
    };
    let before = numbers(world.members(bob).await);
    world.writer(alice).delete_contacts(&[first]).await.unwrap();
    assert!(world.members(bob).await.is_empty());
    let second = world.add(alice, bob).await;
    assert_ne!(first, second);
    assert_eq!(
        numbers(world.members(bob).await),
        before,
        "MembershipIds are stable"
    );
    assert_eq!(world.lists(alice, bob).await, FL);
}

async fn only_the_own_contacts_can_be_changed(place: Place) {
    let world = World::new(&place).await;
    let id = world.add(&world.alice, &world.bob).await;
    let me = world.me(&world.alice).await.id;
    for stranger in [id, me, Guid::from_u128(7)] {
        let writer = world.writer(&world.carol);
        let outcome = writer.delete_contacts(&[stranger]).await;
        assert_eq!(refusal(outcome), Refusal::ContactDoesNotExist);
        let outcome = world
            .update(&world.carol, UpdateTarget::Id(stranger), display_name("x"))
            .await;
        assert_eq!(refusal(outcome), Refusal::ContactDoesNotExist);
    }
    let outcome = world.writer(&world.alice).delete_contacts(&[me]).await;
    assert_eq!(
        refusal(outcome),
        Refusal::ContactDoesNotExist,
        "nobody removes oneself"
    );
}

async fn a_refused_operation_changes_nothing(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let id = world.add(alice, bob).await;
    let before = (
        world.book(alice).await,
        world.book(bob).await,
        world.members(bob).await,
    );
    let writer = world.writer(alice);
    assert!(
        writer
            .delete_contacts(&[id, Guid::from_u128(7)])
            .await
            .is_err()
    );
    let good = ContactUpdate {
        target: UpdateTarget::Me,
        changes: display_name("Ally"),
    };
    let bad = ContactUpdate {
        target: UpdateTarget::Id(Guid::from_u128(7)),
        changes: display_name("Nobody"),
    };
    assert!(writer.update_contacts(&[good, bad]).await.is_err());
    let after = (
        world.book(alice).await,
        world.book(bob).await,
        world.members(bob).await,
    );
    assert_eq!(after, before);
}

async fn the_address_book_can_be_full(place: Place) {
    let mut world = World::new(&place).await;
    world.sizes.forward = Some(1);
    world.add(&world.alice, &world.bob).await;
    let outcome = world
        .writer(&world.alice)
        .add_contact(&passport("carol@example.org"))
        .await;
    assert_eq!(refusal(outcome), Refusal::QuotaLimitReached);
    assert_eq!(world.lists(&world.carol, &world.alice).await, Lists::NONE);
    world.sizes.forward = None;
    world.sizes.allow = Some(0);
    let mut contact = passport("carol@example.org");
    contact.management = AllowListManagement::ByServer;
    let outcome = world.writer(&world.alice).add_contact(&contact).await;
    assert_eq!(refusal(outcome), Refusal::QuotaLimitReached);
    contact.management = AllowListManagement::ByClient;
    world
        .writer(&world.alice)
        .add_contact(&contact)
        .await
        .unwrap();
}

async fn an_account_without_address_book_makes_one(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let exists = world.writer(alice).add_address_book().await;
    assert_eq!(refusal(exists), Refusal::AddressBookAlreadyExists);
    place.execute("DELETE FROM address_books").await;
    let missing = world
        .store
        .address_book(alice.id, msnp::soap::Since::Nothing)
        .await;
    assert_eq!(refusal(missing), Refusal::AddressBookDoesNotExist);
    let missing = world
        .store
        .memberships(alice.id, msnp::soap::Since::Nothing)
        .await;
    assert_eq!(refusal(missing), Refusal::AddressBookDoesNotExist);
    let missing = world
        .writer(alice)
        .add_contact(&passport("bob@example.org"))
        .await;
    assert_eq!(refusal(missing), Refusal::AddressBookDoesNotExist);
    assert!(
        world
            .store
            .roster_of(alice.id)
            .await
            .unwrap()
            .contacts
            .is_empty()
    );
    world.writer(alice).add_address_book().await.unwrap();
    // The other gets one when it is needed.
    world.add(alice, bob).await;
    assert_eq!(world.lists(bob, alice).await, RL | PL);
}

async fn who_is_deleted_leaves_the_lists_of_others(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob, carol) = (&world.alice, &world.bob, &world.carol);
    world.add(alice, bob).await;
    let id = world.add(carol, alice).await;
    world.add_member(bob, Role::Allow, alice).await.unwrap();
    let before = world.book(bob).await.last_change;
    world.store.delete_account(alice.id).await.unwrap();
    assert_eq!(
        world.lists(bob, alice).await,
        AL,
        "the address stays where one put it oneself"
    );
    assert!(world.book(bob).await.last_change > before);
    assert!(
        world
            .store
            .roster_of(carol.id)
            .await
            .unwrap()
            .contacts
            .is_empty()
    );
    let contact = world.contact(carol, id).await;
    assert_eq!((contact.messenger, contact.cid), (true, 0));
    world.writer(carol).delete_contacts(&[id]).await.unwrap();
    world.delete_member(bob, Role::Allow, alice).await.unwrap();
}
