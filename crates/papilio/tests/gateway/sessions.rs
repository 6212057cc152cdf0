//! How sessions live and end, and how those who poll and those who do not meet.

use std::time::Duration;

use papilio::config::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{Carrier, Messenger, World, request};

/// A message of a chat, with its length.
fn message(trid: u32, ack: char, text: &str) -> String {
    let payload =
        format!("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n{text}");
    let length = payload.len();
    format!("MSG {trid} {ack} {length}\r\n{payload}")
}

fn impatient() -> Config {
    let mut config = Config::default();
    config.gateway.idle = Some(Duration::from_secs(2));
    config
}

#[tokio::test]
async fn one_who_polls_and_one_who_does_not_chat() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.polling().await, world.socket().await);
    world.sign_in(&world.alice, &mut alice).await;
    world.sign_in(&world.bob, &mut bob).await;
    alice.hear("NLN NLN bob@example.com ").await;
    let (mut alice_sb, mut bob_sb) = (world.polling().await, world.socket().await);
    let pair = [&world.alice, &world.bob];
    world
        .call((&mut alice, &mut alice_sb), (&mut bob, &mut bob_sb), pair)
        .await;
    alice_sb.say(&message(3, 'A', "caf\u{e9}?")).await;
    let heard = bob_sb.hear("MSG alice@example.com ").await;
    assert!(heard.ends_with("\r\n\r\ncaf\u{e9}?"), "{heard}");
    alice_sb.hear("ACK 3").await;
    bob_sb.say(&message(4, 'A', "Yes.")).await;
    alice_sb.hear("MSG bob@example.com ").await;
    bob_sb.hear("ACK 4").await;
}

#[tokio::test]
async fn a_message_is_acknowledged_when_it_was_polled_and_not_before() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.socket().await, world.polling().await);
    world.sign_in(&world.alice, &mut alice).await;
    world.sign_in(&world.bob, &mut bob).await;
    let (mut alice_sb, mut bob_sb) = (world.socket().await, world.polling().await);
    let pair = [&world.alice, &world.bob];
    world
        .call((&mut alice, &mut alice_sb), (&mut bob, &mut bob_sb), pair)
        .await;
    alice_sb.say(&message(3, 'A', "Hello")).await;
    // What Bob's other connection is asked comes after the message, and is answered before it.
    alice_sb.say("CAL 4 nobody\r\n").await;
    assert_eq!(alice_sb.read().await.unwrap(), "208 4");
    bob_sb.hear("MSG alice@example.com ").await;
    assert_eq!(alice_sb.read().await.unwrap(), "ACK 3");
}

#[tokio::test]
async fn a_client_that_stops_polling_is_gone_as_one_whose_socket_closes() {
    let world = World::with(impatient()).await;
    let (mut alice, mut bob) = (world.socket().await, world.polling().await);
    world.sign_in(&world.alice, &mut alice).await;
    world.sign_in(&world.bob, &mut bob).await;
    alice.hear("NLN NLN bob@example.com ").await;
    let (mut alice_sb, mut bob_sb) = (world.socket().await, world.polling().await);
    let pair = [&world.alice, &world.bob];
    world
        .call((&mut alice, &mut alice_sb), (&mut bob, &mut bob_sb), pair)
        .await;
    // Neither the message in the queue of a conversation nor one said later is taken for delivered.
    alice_sb.say(&message(3, 'A', "Are you there?")).await;
    let mut heard = [
        alice_sb.read().await.unwrap(),
        alice_sb.read().await.unwrap(),
    ];
    heard.sort();
    assert_eq!(heard, ["BYE bob@example.com", "NAK 3"]);
    alice.hear("FLN bob@example.com").await;
    for mut polling in [bob, bob_sb] {
        let answer = polling.ask("Action=poll&", "").await;
        assert_eq!(answer.status(), "400");
    }
    assert_eq!(world.gateway.sessions(), 0);
}

#[tokio::test]
async fn polling_is_sign_of_life_enough() {
    let mut config = Config::default();
    config.limits.notification_idle = Some(Duration::from_secs(1));
    let world = World::with(config).await;
    let mut bob = world.polling().await;
    world.sign_in(&world.bob, &mut bob).await;
    // A connection that says as little closes meanwhile.
    let mut alice = world.socket().await;
    world.sign_in(&world.alice, &mut alice).await;
    alice.rest().await;
    bob.say("PNG\r\n").await;
    bob.hear("QNG ").await;
}

#[tokio::test]
async fn whoever_signs_in_elsewhere_ends_the_session_that_polls() {
    let world = World::new().await;
    let mut here = world.polling().await;
    world.sign_in(&world.alice, &mut here).await;
    let mut there = world.socket().await;
    world.sign_in(&world.alice, &mut there).await;
    assert_eq!(here.rest().await.last().unwrap(), "OUT OTH");
    let answer = here.ask("Action=poll&", "").await;
    assert_eq!(answer.status(), "400");
}

#[tokio::test]
async fn deadlines_hold_for_whoever_polls() {
    let mut config = Config::default();
    config.sign_in.deadline = Some(Duration::from_millis(200));
    let world = World::with(config).await;
    let mut slow = world.polling().await;
    slow.say("VER 1 MSNP13\r\n").await;
    assert_eq!(slow.rest().await, ["VER 1 MSNP13"]);
}

#[tokio::test]
async fn a_poll_is_held_no_longer_than_the_server_likes() {
    let mut config = Config::default();
    config.gateway.longest_poll = Some(Duration::from_millis(50));
    let world = World::with(config).await;
    let mut alice = world.polling().await;
    let answer = alice.ask("Action=poll&Lifespan=4000000000&", "").await;
    assert_eq!((answer.status(), &*answer.body), ("200", ""));
    assert!(!Messenger::of(&answer).is_closed);
}

#[tokio::test]
async fn the_last_words_are_there_for_the_next_poll() {
    let world = World::new().await;
    let mut alice = world.polling().await;
    world.sign_in(&world.alice, &mut alice).await;
    world.gateway.close();
    world.node.shut_down();
    let refused = world.ask("Action=open&Server=NS&IP=x", "").await;
    assert_eq!(refused.status(), "503");
    let drained = world.gateway.drain(Duration::from_secs(600));
    let (rest, ()) = tokio::join!(alice.rest(), drained);
    assert_eq!(rest.last().unwrap(), "OUT SSD");
    assert_eq!(world.gateway.sessions(), 0);
}

#[tokio::test]
async fn a_poll_whose_client_goes_away_loses_nothing_and_keeps_nobody_out() {
    let world = World::new().await;
    let (mut alice, mut bob) = (world.socket().await, world.polling().await);
    world.sign_in(&world.bob, &mut bob).await;
    // A proxy cuts the poll off.
    let poll = format!(
        "/gateway/gateway.dll?Action=poll&Lifespan=60&SessionID={}",
        bob.id
    );
    let mut cut = TcpStream::connect(world.http).await.unwrap();
    cut.write_all(request(&poll, "").as_bytes()).await.unwrap();
    cut.shutdown().await.unwrap();
    let mut answer = String::new();
    cut.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    world.sign_in(&world.alice, &mut alice).await;
    bob.hear("NLN NLN alice@example.com ").await;
}
