//! Trouble of ours, and clients that go away: whole or not at all.

use super::support::Client;
use super::{World, delete, fault, message, metadata};

#[tokio::test]
async fn what_breaks_half_way_leaves_nothing() {
    let world = World::new().await;
    let (alice, bob) = (world.alice(), &world.bob);
    world.leave(alice, bob, "one").await;
    world.leave(alice, bob, "two").await;
    let before = world.metadata(bob).await;
    let ids = world.ids(bob).await;
    world
        .execute(
            "CREATE TRIGGER broken BEFORE INSERT ON offline_messages \
             BEGIN SELECT RAISE(ABORT, 'disk'); END",
        )
        .await;
    let answer = world.send(&world.message(alice, bob)).await;
    assert_eq!(fault(&answer), "q0:SystemUnavailable");
    world.execute("DROP TRIGGER broken").await;
    world
        .execute(
            "CREATE TRIGGER broken BEFORE UPDATE ON offline_messages WHEN OLD.number = 2 \
             BEGIN SELECT RAISE(ABORT, 'disk'); END",
        )
        .await;
    for request in [delete(&ids), message(&ids[1], "true")] {
        let answer = world.fetch(bob, &request).await;
        assert_eq!(fault(&answer), "soap:Server");
        assert!(!answer.body.contains("disk"), "the log's affair");
    }
    world.execute("DROP TRIGGER broken").await;
    assert_eq!(world.metadata(bob).await, before);
    world.leave(alice, bob, "three").await;
    assert_eq!(world.texts(bob).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_store_that_is_gone_is_a_fault() {
    let world = World::new().await;
    let good = world.message(world.alice(), &world.bob);
    let fetch =
        super::fetching_posted(&format!("<t>{}</t>", world.ticket(&world.bob)), &metadata());
    world.server.store.close().await;
    assert_eq!(fault(&world.send(&good).await), "q0:SystemUnavailable");
    assert_eq!(fault(&world.server.ask(&fetch).await), "soap:Server");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_whole_messages() {
    let world = World::unhurried().await;
    let request = world.message(world.alice(), &world.bob).posted();
    for _ in 0..20 {
        let mut client = Client::connect(world.server.address).await;
        client.send(&request).await;
        drop(client);
    }
    world.leave(world.alice(), &world.bob, "last").await;
    let texts = world.texts(&world.bob).await;
    assert!(texts.iter().all(|text| text == "Hello" || text == "last"));
}
