//! What one client can make the gateway hold.

use std::net::SocketAddr;
use std::time::Duration;

use papilio::config::Config;
use papilio::http::{Ends, Transport, serve_connection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::sync::watch;

use crate::world::{Carrier, Messenger, World, request};

const OPEN: &str = "/gateway/gateway.dll?Action=open&Server=NS&IP=x";

/// The status of one request that comes from this address.
async fn status_for(world: &World, peer: &str, config: &Config) -> String {
    let (mut client, server) = duplex(10_000);
    let ends = Ends {
        peer: SocketAddr::new(peer.parse().unwrap(), 4711),
        local: world.http,
        transport: Transport::Plain,
    };
    let (_stop, stopped) = watch::channel(());
    let asks = async {
        let open = request(OPEN, "").replace("Host:", "Connection: close\r\nHost:");
        client.write_all(open.as_bytes()).await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer[9..12].to_owned()
    };
    let serves = serve_connection(server, ends, world.router.clone(), &config.http, stopped);
    tokio::join!(asks, serves).0
}

#[tokio::test]
async fn a_flood_of_sessions_from_one_address_leaves_room_for_others() {
    let mut config = Config::default();
    config.limits.connections_per_address = Some(3);
    config.gateway.idle = Some(Duration::from_secs(2));
    let world = World::with(config.clone()).await;
    for status in ["200", "200", "200", "503", "503"] {
        assert_eq!(status_for(&world, "192.0.2.1", &config).await, status);
    }
    assert_eq!(status_for(&world, "192.0.2.2", &config).await, "200");
    // Whoever never asks again gives the place back.
    world.gateway.drain(Duration::from_secs(600)).await;
    assert_eq!(status_for(&world, "192.0.2.1", &config).await, "200");
}

#[tokio::test]
async fn no_more_sessions_than_there_may_be() {
    let mut config = Config::default();
    config.gateway.sessions = Some(2);
    let world = World::with(config).await;
    let mut first = world.polling().await;
    let _second = world.polling().await;
    for _ in 0..5 {
        let refused = world.ask("Action=open&Server=NS&IP=x", "").await;
        assert_eq!(refused.status(), "503");
        assert!(refused.head.contains("\r\nRetry-After: 5\r\n"));
    }
    first.say("OUT\r\n").await;
    assert_eq!(
        world.ask("Action=open&Server=NS&IP=x", "").await.status(),
        "200"
    );
}

#[tokio::test]
async fn slow_polls_slow_the_session_down_and_lose_nothing() {
    let mut config = Config::default();
    config.gateway.queue = Some(1000);
    let world = World::with(config).await;
    let mut alice = world.polling().await;
    world.sign_in(&world.alice, &mut alice).await;
    for trid in 100..200 {
        // Nothing of the answers is heard before all has been said.
        let answer = alice
            .ask("", &format!("PRP {trid} MFN {}\r\n", "n".repeat(100)))
            .await;
        assert_eq!(answer.status(), "200");
        assert!(answer.body.len() <= 1000);
        assert!(answer.body.ends_with("\r\n"), "{}", answer.body);
        if trid == 150 {
            assert!(
                answer.body.starts_with("PRP 150 MFN nnn"),
                "{}",
                answer.body
            );
        }
    }
    let all: String = (0..60)
        .map(|number| format!("PRP {} MFN {}\r\n", 300 + number, "n".repeat(100)))
        .collect();
    alice.say(&all).await;
    for number in 0..60 {
        let line = alice.hear("PRP ").await;
        assert!(
            line.starts_with(&format!("PRP {} ", 300 + number)),
            "{line}"
        );
    }
}

#[tokio::test]
async fn who_does_not_poll_what_comes_loses_the_session() {
    let mut config = Config::default();
    config.gateway.queue = Some(1000);
    config.limits.mailbox = Some(2000);
    let world = World::with(config).await;
    let (mut alice, mut bob) = (world.socket().await, world.polling().await);
    world.sign_in(&world.alice, &mut alice).await;
    world.sign_in(&world.bob, &mut bob).await;
    let (mut alice_sb, mut bob_sb) = (world.socket().await, world.polling().await);
    let pair = [&world.alice, &world.bob];
    world
        .call((&mut alice, &mut alice_sb), (&mut bob, &mut bob_sb), pair)
        .await;
    for trid in 10..20 {
        let payload = "x".repeat(900);
        alice_sb
            .say(&format!("MSG {trid} A 900\r\n{payload}"))
            .await;
    }
    // What has no room in the queue and none in the mailbox is not taken for delivered.
    alice_sb.hear("NAK ").await;
    let answer = bob_sb.ask("Action=poll&", "").await;
    assert!(answer.body.starts_with("MSG alice@example.com "));
    let mut last = Messenger::of(&answer).is_closed;
    while !last {
        last = Messenger::of(&bob_sb.ask("Action=poll&Lifespan=60&", "").await).is_closed;
    }
    alice_sb.hear("BYE bob@example.com").await;
}

#[tokio::test]
async fn ids_cannot_be_guessed_from_one_another() {
    let world = World::new().await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..20 {
        let id = world.polling().await.id;
        let (first, second) = id.split_once('.').unwrap();
        first.parse::<u64>().unwrap();
        second.parse::<u32>().unwrap();
        assert!(ids.insert(first.to_owned()));
    }
}
