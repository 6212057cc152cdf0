//! Handle and password together, with what stands in the way of guessing.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use papilio::credentials::Credentials;
use papilio::password::Passwords;
use papilio::sign_in_throttle::ThrottleSettings;

use crate::account::{QUICK, new_account};
use crate::{Place, on_each_engine};

on_each_engine! {
    the_right_password_opens_and_nothing_else_does,
    a_disabled_account_does_not_sign_in,
    too_many_failures_shut_the_pair_out,
    successes_do_not_count,
    guessing_in_parallel_does_not_help,
}

const WINDOW: Duration = Duration::from_secs(300);
const RIGHT: &str = "password of alice@x";

async fn door(place: &Place) -> Credentials {
    let store = place.open().await;
    store.add_account(&new_account("alice@x")).await.unwrap();
    store.add_account(&new_account("bob@x")).await.unwrap();
    let throttle = ThrottleSettings {
        per_account: Some(10),
        per_address: Some(100),
        window: WINDOW,
    };
    Credentials::new(store, Passwords::new(QUICK).unwrap(), throttle)
}

fn peer(text: &str) -> IpAddr {
    text.parse().unwrap()
}

async fn opens(door: &Credentials, from: &str, handle: &str, password: &str, now: Instant) -> bool {
    let account = door.check(peer(from), handle, password, now).await.unwrap();
    account.is_some()
}

async fn the_right_password_opens_and_nothing_else_does(place: Place) {
    let (door, now) = (door(&place).await, Instant::now());
    let account = door
        .check(peer("192.0.2.1"), " Alice@X ", RIGHT, now)
        .await
        .unwrap();
    assert_eq!(account.unwrap().handle.as_str(), "alice@x");
    for (handle, password) in [
        ("alice@x", "password of bob@x"),
        ("alice@x", ""),
        ("nobody@x", RIGHT),
        ("alice", RIGHT),
        ("", ""),
    ] {
        assert!(
            !opens(&door, "192.0.2.1", handle, password, now).await,
            "{handle}"
        );
    }
}

async fn a_disabled_account_does_not_sign_in(place: Place) {
    let (door, now) = (door(&place).await, Instant::now());
    let alice = door
        .check(peer("192.0.2.1"), "alice@x", RIGHT, now)
        .await
        .unwrap();
    let store = place.open().await;
    store.disable_account(alice.unwrap().id).await.unwrap();
    assert!(!opens(&door, "192.0.2.1", "alice@x", RIGHT, now).await);
}

async fn too_many_failures_shut_the_pair_out(place: Place) {
    let (door, now) = (door(&place).await, Instant::now());
    for _ in 0..10 {
        assert!(!opens(&door, "192.0.2.1", "alice@x", "wrong", now).await);
    }
    assert!(!opens(&door, "192.0.2.1", "alice@x", RIGHT, now).await);
    assert!(
        opens(&door, "192.0.2.2", "alice@x", RIGHT, now).await,
        "from elsewhere"
    );
    let bob = "password of bob@x";
    assert!(
        opens(&door, "192.0.2.1", "bob@x", bob, now).await,
        "somebody else"
    );
    assert!(opens(&door, "192.0.2.1", "alice@x", RIGHT, now + WINDOW).await);
}

async fn successes_do_not_count(place: Place) {
    let (door, now) = (door(&place).await, Instant::now());
    for _ in 0..9 {
        assert!(!opens(&door, "192.0.2.1", "alice@x", "wrong", now).await);
    }
    for _ in 0..150 {
        assert!(opens(&door, "192.0.2.1", "alice@x", RIGHT, now).await);
    }
}

/// All of them are let in to be verified before the first failure is counted.
async fn guessing_in_parallel_does_not_help(place: Place) {
    let (door, now) = (door(&place).await, Instant::now());
    let guess = || opens(&door, "192.0.2.1", "alice@x", "wrong", now);
    let mut guesses: Vec<_> = (0..60).map(|_| Some(Box::pin(guess()))).collect();
    let mut right = Box::pin(opens(&door, "192.0.2.1", "alice@x", RIGHT, now));
    std::future::poll_fn(|context| {
        for guess in &mut guesses {
            let done = guess.as_mut().map(|guess| guess.as_mut().poll(context));
            guess.take_if(|_| done.is_some_and(|done| done.is_ready()));
        }
        right.as_mut().poll(context).map(|opened| assert!(!opened))
    })
    .await;
}
