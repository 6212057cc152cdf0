//! Messages for those who are not there.

use msnp::client::AskError;
use msnp_client::{Error, Event, MailHandling, OfflineMessage, Status, Version};

use papilio::config::Config;

use crate::house::{House, Person, handle};

async fn offline_message(person: &mut Person) -> OfflineMessage {
    person
        .until(|event| match event {
            Event::OfflineMessage(message) => Some(message),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn what_was_left_is_handed_over_once_and_in_order() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    for version in [Version::MSNP13, Version::MSNP15] {
        let versions = [version];
        let alice = house
            .sign_in_by(house.connector().versions(versions), "alice")
            .await;
        let long = "\u{e9}-".repeat(300);
        let words = ["first & <foremost>", long.as_str(), "third\r\nand last"];
        for text in words {
            alice
                .client
                .send_offline(&handle("bob"), text)
                .await
                .unwrap();
        }
        let connector = house.connector().versions(versions);
        let mut bob = house.sign_in_by(connector, "bob").await;
        for (sequence, text) in (1..).zip(words) {
            let message = offline_message(&mut bob).await;
            let said = (&message.from, &*message.name, message.sequence);
            assert_eq!(said, (&handle("alice"), "alice", sequence));
            assert_eq!(message.text, text);
            assert!(!message.date.is_empty());
        }
        // One that comes while he is there, but hidden, is the next one that he gets.
        bob.client.set_status(Status::Hidden).await.unwrap();
        alice
            .client
            .send_offline(&handle("bob"), "psst")
            .await
            .unwrap();
        assert_eq!(offline_message(&mut bob).await.text, "psst");
        bob.client.sign_out().await;
        alice.client.sign_out().await;
    }
}

#[tokio::test]
async fn more_than_a_notification_tells_come_too() {
    let mut config = Config::default();
    config.offline_messages.sender_messages = None;
    let house = House::with(config).await;
    house.friends(&["alice", "bob"]).await;
    let Person { client, .. } = house.sign_in("alice").await;
    for number in 0..COUNT {
        let text = number.to_string();
        client.send_offline(&handle("bob"), &text).await.unwrap();
    }
    let mut bob = house.sign_in("bob").await;
    let mut texts = Vec::new();
    for _ in 0..COUNT {
        texts.push(offline_message(&mut bob).await.text);
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), COUNT);
}

#[tokio::test]
async fn what_is_left_where_it_is_can_be_listed_read_and_deleted() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await.client;
    for text in ["first", "second"] {
        alice.send_offline(&handle("bob"), text).await.unwrap();
    }
    let leaving = || house.connector().offline_messages(MailHandling::Leave);
    let mut bob = house.sign_in_by(leaving(), "bob").await;
    let told = |event| matches!(event, Event::OfflineMessagesWait).then_some(());
    bob.until(told).await;
    let waiting = bob.client.offline_messages().await.unwrap();
    assert_eq!(waiting.len(), 2);
    for (message, text) in waiting.iter().zip(["first", "second"]) {
        assert_eq!(
            (&*message.from, &*message.name),
            ("alice@example.com", "alice")
        );
        assert!(message.received.ends_with('Z'), "{}", message.received);
        for _again in 0..2 {
            let read = bob.client.read_offline_message(&message.id).await.unwrap();
            assert_eq!((&read.from, &*read.text), (&handle("alice"), text));
        }
    }
    let first = [waiting[0].id.clone()];
    bob.client.delete_offline_messages(&first).await.unwrap();
    bob.client.sign_out().await;

    // Whoever takes them gets what is left.
    let mut bob = house.sign_in("bob").await;
    assert_eq!(offline_message(&mut bob).await.text, "second");
}

const COUNT: usize = 30;

#[tokio::test]
async fn whoever_blocks_gets_none_and_the_sender_is_told() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let bob = house.sign_in("bob").await;
    bob.client.block(&handle("alice")).await.unwrap();
    bob.client.sign_out().await;
    let alice = house.sign_in("alice").await;
    for who in ["bob", "nobody"] {
        let error = alice.client.send_offline(&handle(who), "hello").await;
        let error = error.unwrap_err();
        let Error::Ask(AskError::Service(service)) = &error else {
            panic!("{error}");
        };
        assert_eq!(service.code(), Some("SystemUnavailable"));
    }
    let empty = alice.client.send_offline(&handle("bob"), "").await;
    assert!(matches!(empty, Err(Error::Text)));
}
