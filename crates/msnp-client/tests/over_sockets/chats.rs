//! Conversations.

use msnp::client::switchboard::{AskError, Delivery};
use msnp::message::Message;
use msnp_client::{Answering, Error, Event};

use crate::house::{House, handle};

#[tokio::test]
async fn what_is_said_arrives_and_is_answered() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let mut alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;
    let chat = alice.client.chat_with(&handle("bob")).await.unwrap();
    assert_eq!(chat.members()[0].handle, handle("bob"));
    chat.typing().await.unwrap();
    chat.send("Hello, B\u{f6}b\r\n:-)").await.unwrap();
    chat.nudge().await.unwrap();

    let from = bob
        .until(|event| match event {
            Event::Typing { from, .. } => Some(from),
            _ => None,
        })
        .await;
    assert_eq!(from, handle("alice"));
    let (theirs, text) = bob
        .until(|event| match event {
            Event::Message { chat, text, .. } => Some((chat, text)),
            _ => None,
        })
        .await;
    assert_eq!(text.words, "Hello, B\u{f6}b\r\n:-)");
    bob.until(|event| matches!(event, Event::Nudge { .. }).then_some(()))
        .await;
    theirs.send("Hello yourself").await.unwrap();
    let text = alice
        .until(|event| match event {
            Event::Message { text, .. } => Some(text),
            _ => None,
        })
        .await;
    assert_eq!(text.words, "Hello yourself");

    chat.leave().await;
    bob.until(|event| match event {
        Event::Left { chat, handle: left } => {
            (chat == theirs && left == handle("alice")).then_some(())
        }
        _ => None,
    })
    .await;
    let alone = theirs.send("Still there?").await.unwrap_err();
    assert!(
        matches!(alone, Error::Chat(AskError::NotDelivered)),
        "{alone}"
    );
    let gone = chat.send("Hello?").await.unwrap_err();
    assert!(
        matches!(gone, Error::Chat(AskError::NotThereOneself)),
        "{gone}"
    );
}

#[tokio::test]
async fn three_talk() {
    let house = House::open().await;
    house.friends(&["alice", "bob", "carol"]).await;
    let mut alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;
    let mut carol = house.sign_in("carol").await;
    let chat = alice.client.chat_with(&handle("bob")).await.unwrap();
    chat.invite(&handle("carol")).await.unwrap();
    alice
        .until(|event| match event {
            Event::Joined { member, .. } => (member.handle == handle("carol")).then_some(()),
            _ => None,
        })
        .await;
    chat.send("to both").await.unwrap();
    for person in [&mut bob, &mut carol] {
        let (chat, words) = person
            .until(|event| match event {
                Event::Message { chat, text, .. } => Some((chat, text.words)),
                _ => None,
            })
            .await;
        assert_eq!(words, "to both");
        let mut others: Vec<_> = chat.members().into_iter().map(|m| m.handle).collect();
        others.sort();
        assert_eq!(others.len(), 2);
        assert!(others.contains(&handle("alice")));
    }
}

#[tokio::test]
async fn the_application_may_answer_itself() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let connector = house.connector().answering(Answering::ByApplication);
    let mut bob = house.sign_in_by(connector, "bob").await;
    let chat = alice.client.open_chat().await.unwrap();
    chat.invite(&handle("bob")).await.unwrap();
    let again = chat.invite(&handle("bob")).await.unwrap_err();
    assert!(
        matches!(again, Error::Chat(AskError::AlreadyThere)),
        "{again}"
    );
    let invitation = bob
        .until(|event| match event {
            Event::Invitation(invitation) => Some(invitation),
            _ => None,
        })
        .await;
    assert_eq!(
        (invitation.from(), &*invitation.name()),
        (&handle("alice"), "alice")
    );
    let theirs = invitation.accept().await.unwrap();
    assert_eq!(theirs.members()[0].handle, handle("alice"));
    theirs.send("here I am").await.unwrap();
}

#[tokio::test]
async fn nobody_is_called_who_is_not_there() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    for who in ["bob", "nobody"] {
        let error = alice.client.chat_with(&handle(who)).await.unwrap_err();
        assert!(matches!(error, Error::Chat(AskError::NotThere)), "{error}");
    }
}

#[tokio::test]
async fn a_long_text_arrives_whole_and_one_that_is_too_long_is_refused() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;
    let chat = alice.client.chat_with(&handle("bob")).await.unwrap();
    let long = "na\u{ef}ve \u{1f98b}\r\n".repeat(1500);
    chat.send(&long).await.unwrap();
    let words = bob
        .until(|event| match event {
            Event::Message { text, .. } => Some(text.words),
            _ => None,
        })
        .await;
    assert_eq!(words, long);
    let error = chat.send(&"x".repeat(65_537)).await.unwrap_err();
    assert!(matches!(error, Error::Text), "{error}");
    let raw = Message::new("text/x-notes").with_body(vec![b'x'; 1700]);
    let error = chat.say(raw, Delivery::Confirmed).await.unwrap_err();
    assert!(matches!(error, Error::Chat(AskError::TooLong)), "{error}");
}
