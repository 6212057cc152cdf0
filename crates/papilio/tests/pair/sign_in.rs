//! Signing in, in whatever order things arrive.

use std::time::Duration;

use msnp::client::{Ask, Closing, Event, SignInError};
use msnp::presence::Status;
use msnp::roster::Lists;
use msnp::server::Door;
use msnp::wire::version::Version;

use crate::world::{World, handle, seeds};

#[test]
fn friends_sign_in_at_once_and_see_one_another() {
    for seed in seeds() {
        let names = ["alice", "bob", "carol"];
        let mut world = World::of_friends(seed, &names);
        for name in names {
            world.connect(name);
        }
        world.settle();
        for number in 0..3 {
            assert!(world.is_signed_in(number), "seed {seed}");
            let book = world.book(number);
            assert_eq!(book.me.name, names[number]);
            for other in names.iter().filter(|name| **name != names[number]) {
                let contact = book.find(&handle(other)).unwrap();
                let lists = Lists::FORWARD | Lists::ALLOW | Lists::REVERSE;
                assert_eq!((contact.lists, &*contact.name), (lists, *other));
                let presence = contact.presence.as_ref().expect("seed {seed}");
                assert_eq!(presence.status, Status::Online);
            }
            let trouble = world.people[number].events.iter();
            let trouble: Vec<_> = trouble
                .filter(|event| matches!(event, Event::Trouble(_)))
                .collect();
            assert!(trouble.is_empty(), "seed {seed}: {trouble:?}");
        }
    }
}

#[test]
fn the_dispatch_server_leads_to_the_other() {
    for (seed, version) in [Version::MSNP13, Version::MSNP14, Version::MSNP15]
        .into_iter()
        .enumerate()
    {
        let mut world = World::of_strangers(seed as u64, &["alice"]);
        let alice = world.connect_by("alice", version, Door::Dispatch);
        world.settle();
        assert!(world.is_signed_in(alice));
    }
}

#[test]
fn of_two_sessions_of_an_account_one_stays() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        let bob = world.sign_in("bob");
        let sessions = [world.connect("alice"), world.connect("alice")];
        world.settle();
        let (left, stayed): (Vec<_>, Vec<_>) = sessions
            .into_iter()
            .partition(|&number| world.people[number].closing.is_some());
        assert_eq!((left.len(), stayed.len()), (1, 1), "seed {seed}");
        let closing = world.people[left[0]].closing.clone();
        let elsewhere = [
            Some(Closing::Elsewhere),
            // It had not heard of its own success yet.
            Some(Closing::SignIn(SignInError::Lost)),
        ];
        assert!(elsewhere.contains(&closing), "seed {seed}: {closing:?}");
        assert!(world.is_signed_in(stayed[0]), "seed {seed}");
        let seen = world.book(bob).find(&handle("alice")).unwrap();
        assert!(seen.presence.is_some(), "seed {seed}");
    }
}

#[test]
fn a_quiet_session_lasts_and_a_dead_connection_is_noticed() {
    let mut world = World::of_friends(1, &["alice", "bob"]);
    let (alice, bob) = (world.sign_in("alice"), world.sign_in("bob"));
    world.wait(Duration::from_secs(3600));
    assert!(world.is_signed_in(alice) && world.is_signed_in(bob));
    world.silence(alice);
    world.wait(Duration::from_secs(600));
    assert_eq!(world.people[alice].closing, Some(Closing::Lost));
    let seen = world.book(bob).find(&handle("alice")).unwrap();
    assert!(seen.presence.is_none(), "the server noticed as well");
}

#[test]
fn an_account_without_an_address_book_gets_one() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        world.house.execute("DELETE FROM address_books");
        let (alice, bob) = (world.sign_in("alice"), world.sign_in("bob"));
        let (handle, invitation) = (handle("bob"), None);
        world.done(alice, Ask::Add { handle, invitation });
        assert!(world.is_signed_in(bob));
    }
}

#[test]
fn tickets_that_are_too_old_are_renewed() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        let alice = world.sign_in("alice");
        let asks = [
            Ask::Block(handle("bob")),
            Ask::AddGroup("Friends".to_owned()),
            Ask::Name("Alice".to_owned()),
        ];
        for ask in asks {
            let id = world.ask(alice, ask);
            world.spoil_a_ticket();
            world.settle();
            let outcome = &world.people[alice].done[&id];
            assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
        }
    }
}
