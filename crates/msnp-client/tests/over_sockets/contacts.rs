//! Lists, groups and names: each change is there at once, at the other's, and after the next sign-in.

use msnp::client::AskError;
use msnp::roster::{Lists, Privacy};
use msnp_client::{Contact, Error, Event};

use crate::house::{House, Person, handle};

async fn contact(person: &Person, name: &str) -> Option<Contact> {
    let book = person.client.contacts().await.unwrap();
    book.find(&handle(name)).cloned()
}

#[tokio::test]
async fn somebody_is_added_answered_blocked_and_removed() {
    let house = House::open().await;
    house.stranger("alice").await;
    house.stranger("bob").await;
    let mut alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;

    let (bobs, words) = (handle("bob"), "It's me");
    alice
        .client
        .add_with_invitation(&bobs, words)
        .await
        .unwrap();
    let known = contact(&alice, "bob").await.unwrap();
    assert_eq!(known.lists, Lists::FORWARD | Lists::ALLOW);
    let (from, name) = bob
        .until(|event| match event {
            Event::AddedBy { handle, name } => Some((handle, name)),
            _ => None,
        })
        .await;
    assert_eq!((from, &*name), (handle("alice"), "alice"));
    let asking = contact(&bob, "alice").await.unwrap();
    assert_eq!(asking.lists, Lists::REVERSE | Lists::PENDING);

    bob.client.add(&handle("alice")).await.unwrap();
    let answered = contact(&bob, "alice").await.unwrap();
    assert_eq!(
        answered.lists,
        Lists::FORWARD | Lists::ALLOW | Lists::REVERSE
    );
    // Both see one another now.
    for person in [&mut alice, &mut bob] {
        let there = person
            .until(|event| match event {
                Event::Presence(contact) => Some(contact),
                _ => None,
            })
            .await;
        assert!(there.presence.is_some());
    }

    bob.client.block(&handle("alice")).await.unwrap();
    alice
        .until(|event| match event {
            Event::Presence(contact) => contact.presence.is_none().then_some(()),
            _ => None,
        })
        .await;
    bob.client.allow(&handle("alice")).await.unwrap();
    alice
        .until(|event| match event {
            Event::Presence(contact) => contact.presence.is_some().then_some(()),
            _ => None,
        })
        .await;

    alice.client.remove(&handle("bob")).await.unwrap();
    bob.until(|event| match event {
        Event::RemovedBy { handle: by } => (by == handle("alice")).then_some(()),
        _ => None,
    })
    .await;
    let left = contact(&alice, "bob").await.unwrap();
    assert_eq!(left.lists, Lists::ALLOW | Lists::REVERSE);
    let again = alice.client.remove(&handle("bob")).await.unwrap_err();
    assert!(
        matches!(again, Error::Ask(AskError::NoSuchContact)),
        "{again}"
    );

    // What the session knows is what is stored.
    for (name, mut person) in [("alice", alice), ("bob", bob)] {
        let before = person.client.contacts().await.unwrap();
        person.client.sign_out().await;
        person = house.sign_in(name).await;
        let after = person.client.contacts().await.unwrap();
        let lists = |book: &msnp_client::ContactBook| {
            let of = |c: &Contact| (c.handle.clone(), c.lists, c.id);
            book.contacts.values().map(of).collect::<Vec<_>>()
        };
        assert_eq!(lists(&before), lists(&after), "{name}");
    }
}

#[tokio::test]
async fn groups_and_nicknames_are_kept() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let client = &alice.client;
    let friends = client.add_group("Friends & <others>").await.unwrap();
    client.add_to_group(&handle("bob"), friends).await.unwrap();
    client.set_nickname(&handle("bob"), "Bobby").await.unwrap();
    client.rename_group(friends, "Mates").await.unwrap();
    let gone = client.add_group("Gone").await.unwrap();
    client.add_to_group(&handle("bob"), gone).await.unwrap();
    client.remove_group(gone).await.unwrap();
    let twice = client.add_group("mates").await.unwrap_err();
    assert!(twice.to_string().contains("GroupAlreadyExists"), "{twice}");
    let unknown = client.remove_group(gone).await.unwrap_err();
    assert!(
        matches!(unknown, Error::Ask(AskError::NoSuchGroup)),
        "{unknown}"
    );

    client.sign_out().await;
    let alice = house.sign_in("alice").await;
    let book = alice.client.contacts().await.unwrap();
    assert_eq!(book.groups.get(&friends).map(String::as_str), Some("Mates"));
    assert_eq!(book.groups.len(), 1);
    let bob = book.find(&handle("bob")).unwrap();
    assert_eq!((bob.shown_name(), &*bob.groups), ("Bobby", &[friends][..]));
    let (client, bobs) = (&alice.client, handle("bob"));
    client.remove_from_group(&bobs, friends).await.unwrap();
    client.set_nickname(&handle("bob"), "").await.unwrap();
    let bob = contact(&alice, "bob").await.unwrap();
    assert_eq!((bob.shown_name(), bob.groups.len()), ("bob", 0));
}

#[tokio::test]
async fn name_and_privacy_are_shown_at_once_and_kept() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    house.stranger("carol").await;
    let mut alice = house.sign_in("alice").await;
    let bob = house.sign_in("bob").await;
    bob.client.set_name("B\u{f6}b & co").await.unwrap();
    alice
        .until(|event| match event {
            Event::Presence(contact) => (contact.name == "B\u{f6}b & co").then_some(()),
            _ => None,
        })
        .await;
    bob.client.set_privacy(Privacy::AllowedOnly).await.unwrap();
    let carol = house.sign_in("carol").await;
    let error = carol.client.chat_with(&handle("bob")).await.unwrap_err();
    let hidden = msnp::client::switchboard::AskError::NotThere;
    assert!(matches!(error, Error::Chat(error) if error == hidden));

    bob.client.sign_out().await;
    let bob = house.sign_in("bob").await;
    let me = bob.client.contacts().await.unwrap().me;
    assert_eq!(
        (&*me.name, me.privacy),
        ("B\u{f6}b & co", Privacy::AllowedOnly)
    );
    let empty = bob.client.set_name("\r\n").await.unwrap_err();
    assert!(matches!(empty, Error::Ask(AskError::EmptyName)), "{empty}");
}
