//! Connections that break and services that do not answer: nobody waits for ever, and whoever comes
//! back finds everything as it is.

use std::time::Duration;

use msnp::client::service::ServiceError;
use msnp::client::{Ask, AskError, Closing, SignInError};
use msnp::presence::Status;
use rand::RngExt as _;

use crate::world::{World, handle, seeds};

#[test]
fn whoever_is_cut_off_while_signing_in_can_do_so_again() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        let bob = world.sign_in("bob");
        let alice = world.connect("alice");
        world.steps(seed as usize % 40);
        world.cut(alice);
        world.settle();
        let closing = world.people[alice].closing.clone();
        let lost = [
            Some(Closing::Lost),
            Some(Closing::SignIn(SignInError::Lost)),
        ];
        assert!(lost.contains(&closing), "seed {seed}: {closing:?}");
        let seen = world.book(bob).find(&handle("alice")).unwrap();
        assert!(seen.presence.is_none(), "seed {seed}");
        world.sign_in("alice");
        let seen = world.book(bob).find(&handle("alice")).unwrap();
        assert!(seen.presence.is_some(), "seed {seed}");
    }
}

#[test]
fn whatever_was_asked_is_answered_when_the_connection_breaks() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        let alice = world.sign_in("alice");
        let group = "Friends".to_owned();
        let asks = [
            Ask::Status(Status::Away),
            Ask::Block(handle("bob")),
            Ask::AddGroup(group),
            Ask::OpenSwitchboard,
            Ask::Name("Alice".to_owned()),
            Ask::Remove(handle("bob")),
        ];
        let asks = asks.map(|ask| world.ask(alice, ask));
        let some = world.random.random_range(0..30);
        world.steps(some);
        world.cut(alice);
        world.settle();
        for ask in asks {
            let outcome = &world.people[alice].done[&ask];
            let told = matches!(outcome, Ok(_) | Err(AskError::NotSignedIn));
            assert!(told, "seed {seed}: {outcome:?}");
        }
        let late = world.ask(alice, Ask::Status(Status::Busy));
        assert_eq!(world.people[alice].done[&late], Err(AskError::NotSignedIn));
        world.sign_in("alice");
    }
}

#[test]
fn services_that_do_not_answer_are_told() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        let alice = world.connect("alice");
        let lost = loop {
            if world.random.random_bool(0.1) && world.lose_an_errand() {
                break true;
            }
            if !world.step() {
                break false;
            }
        };
        world.settle();
        if lost {
            let closing = world.people[alice].closing.clone();
            let expected = matches!(
                closing,
                Some(Closing::SignIn(SignInError::Service(
                    ServiceError::Unreachable { .. }
                )))
            );
            assert!(expected, "seed {seed}: {closing:?}");
        }
        let alice = world.sign_in("alice");
        let ask = world.ask(alice, Ask::Block(handle("bob")));
        world.lose_an_errand();
        world.settle();
        let outcome = &world.people[alice].done[&ask];
        assert!(matches!(outcome, Err(AskError::Service(_))), "{outcome:?}");
        world.done(alice, Ask::Block(handle("bob")));
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let mut world = World::of_strangers(3, &["alice"]);
    let alice = world.connect("alice");
    world.silence(alice);
    world.wait(Duration::from_secs(120));
    let timed_out = Closing::SignIn(SignInError::TimedOut);
    assert_eq!(world.people[alice].closing, Some(timed_out));
}
