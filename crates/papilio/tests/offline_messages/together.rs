//! Several at once.

use std::collections::BTreeSet;

use papilio::config::Config;
use tokio::task::JoinSet;

use super::support::Client;
use super::{Message, World, delete, fetching_posted, message};

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_at_once_lose_nothing() {
    let world = World::unhurried().await;
    let mut running = JoinSet::new();
    let address = world.server.address;
    for (sender, from) in [world.alice(), &world.carol].into_iter().enumerate() {
        for connection in 0..3 {
            let good = world.message(from, &world.bob);
            running.spawn(async move {
                use base64::Engine as _;
                let mut client = Client::connect(address).await;
                for number in 0..10 {
                    let text = format!("{sender} {connection} {number}");
                    let message = Message {
                        text: base64::engine::general_purpose::STANDARD.encode(text),
                        ..good.clone()
                    };
                    assert_eq!(client.ask(&message.posted()).await.status(), "200");
                }
            });
        }
    }
    while let Some(outcome) = running.join_next().await {
        outcome.unwrap();
    }
    let texts = world.texts(&world.bob).await;
    assert_eq!(texts.len(), 60);
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 60);
    // Those of one connection stand in their order.
    for connection in ["0 0 ", "1 2 "] {
        let numbers = texts
            .iter()
            .filter_map(|text| text.strip_prefix(connection));
        assert!(numbers.map(|n| n.parse::<u32>().unwrap()).eq(0..10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_never_fuller_than_full() {
    let mut config = Config::default();
    config.offline_messages.mailbox = Some(5);
    config.offline_messages.sender_messages = None;
    let world = World::with(config).await;
    let mut running = JoinSet::new();
    for _ in 0..12 {
        let request = world.message(world.alice(), &world.bob).posted();
        let address = world.server.address;
        running.spawn(async move {
            let answer = Client::connect(address).await.ask(&request).await;
            answer.status().to_owned()
        });
    }
    let statuses = running.join_all().await;
    assert_eq!(statuses.iter().filter(|status| *status == "200").count(), 5);
    assert_eq!(world.ids(&world.bob).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_and_deleting_at_once_as_emesene_does() {
    let world = World::unhurried().await;
    let bob = &world.bob;
    let cookie = format!("<t>{}</t><p></p>", world.ticket(bob));
    let address = world.server.address;
    for _ in 0..10 {
        world.leave(world.alice(), bob, "now or never").await;
        let id = world.ids(bob).await.remove(0);
        let mut running = JoinSet::new();
        for request in [
            message(&id, "true"),
            delete(&[&id]),
            message(&id, "false"),
            delete(&[&id]),
        ] {
            let request = fetching_posted(&cookie, &request);
            running.spawn(async move { Client::connect(address).await.ask(&request).await });
        }
        for answer in running.join_all().await {
            assert_eq!(answer.status(), "200", "{}", answer.body);
        }
        assert_eq!(world.ids(bob).await.len(), 0);
    }
}
