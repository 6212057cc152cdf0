//! Lists and presence: what clients do at once, in whatever order it arrives, ends the same for both
//! sides.

use msnp::client::contacts::ContactBook;
use msnp::client::{Ask, AskId};
use msnp::handle::Handle;
use msnp::presence::Status;
use msnp::roster::{Lists, allows, sees};
use msnp::soap::guid::Guid;
use rand::RngExt as _;

use crate::world::{World, handle, seeds};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// Everybody on any list: who, which lists, which id.
fn listed(book: &ContactBook) -> Vec<(Handle, Lists, Option<Guid>)> {
    let contacts = book.contacts.values();
    contacts
        .map(|contact| (contact.handle.clone(), contact.lists, contact.id))
        .collect()
}

#[test]
fn strangers_add_one_another_at_once() {
    for seed in seeds() {
        let mut world = World::of_strangers(seed, &NAMES);
        for name in NAMES {
            world.sign_in(name);
        }
        let mut asks = Vec::new();
        for (number, me) in NAMES.iter().enumerate() {
            for name in NAMES.iter().filter(|name| *name != me) {
                let (handle, invitation) = (handle(name), None);
                let ask = Ask::Add { handle, invitation };
                asks.push((number, world.ask(number, ask)));
                world.steps(2);
            }
        }
        world.settle();
        all_done(&world, &asks, seed);
        for number in 0..3 {
            for contact in world.book(number).contacts.values() {
                let all = Lists::FORWARD | Lists::ALLOW | Lists::REVERSE;
                assert_eq!(contact.lists, all, "seed {seed}");
                assert!(contact.presence.is_some(), "seed {seed}");
            }
        }
        what_sessions_know_is_what_is_stored(&mut world, seed);
    }
}

#[test]
fn whatever_they_do_both_sides_agree_in_the_end() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &NAMES);
        for name in NAMES {
            world.sign_in(name);
        }
        for _ in 0..15 {
            let number = world.random.random_range(0..3);
            let other = (number + world.random.random_range(1..3)) % 3;
            let whom = handle(NAMES[other]);
            let ask = match world.random.random_range(0..5) {
                0 => Ask::Add {
                    handle: whom,
                    invitation: None,
                },
                1 => Ask::Remove(whom),
                2 => Ask::Block(whom),
                3 => Ask::Allow(whom),
                _ => Ask::Status([Status::Busy, Status::Hidden, Status::Away][other]),
            };
            // Some come to nothing: to remove whom one has removed already.
            world.ask(number, ask);
            let some = world.random.random_range(0..12);
            world.steps(some);
        }
        world.settle();
        everybody_sees_whom_they_may(&world, seed);
        what_sessions_know_is_what_is_stored(&mut world, seed);
    }
}

#[test]
fn presence_ends_as_it_was_said_last() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &NAMES);
        let numbers = NAMES.map(|name| world.sign_in(name));
        let mut asks = Vec::new();
        let mut last = [Status::Online; 3];
        for _ in 0..30 {
            let number = world.random.random_range(0..3);
            let status = [Status::Busy, Status::Idle, Status::Hidden, Status::Online];
            last[number] = status[world.random.random_range(0..4)];
            let name = format!("{} {}", NAMES[number], world.random.random_range(0..9));
            asks.push((number, world.ask(number, Ask::Status(last[number]))));
            asks.push((number, world.ask(number, Ask::Name(name))));
            world.steps(4);
        }
        world.settle();
        all_done(&world, &asks, seed);
        for watcher in numbers {
            for watched in numbers.into_iter().filter(|number| *number != watcher) {
                let contact = world.book(watcher).find(&handle(NAMES[watched])).unwrap();
                let status = contact.presence.as_ref().map(|p| p.status);
                let shown = Some(last[watched]).filter(|status| *status != Status::Hidden);
                assert_eq!(status, shown, "seed {seed}");
                if shown.is_some() {
                    assert_eq!(contact.name, world.book(watched).me.name, "seed {seed}");
                }
            }
        }
    }
}

fn all_done(world: &World, asks: &[(usize, AskId)], seed: u64) {
    for (number, ask) in asks {
        let outcome = &world.people[*number].done[ask];
        assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
    }
}

/// The rule book, by what both clients believe.
fn everybody_sees_whom_they_may(world: &World, seed: u64) {
    let statuses: Vec<_> = (0..3).map(|number| world.status(number)).collect();
    for (watcher, me) in NAMES.iter().enumerate() {
        for watched in (0..3).filter(|number| *number != watcher) {
            let (theirs, mine) = (world.book(watched), world.book(watcher));
            let held = theirs.lists(&handle(me));
            let holds = mine.lists(&handle(NAMES[watched]));
            let may = sees(holds, held, theirs.me.privacy);
            let there = statuses[watched] != Status::Hidden;
            let contact = mine.find(&handle(NAMES[watched]));
            let seen = contact.is_some_and(|contact| contact.presence.is_some());
            assert_eq!(
                seen,
                may && there,
                "seed {seed}: {me} of {}: {holds:?} {held:?} {}",
                NAMES[watched],
                allows(held, theirs.me.privacy),
            );
        }
    }
}

fn what_sessions_know_is_what_is_stored(world: &mut World, seed: u64) {
    for (number, name) in NAMES.iter().enumerate() {
        let known = listed(world.book(number));
        let again = world.sign_in(name);
        assert_eq!(known, listed(world.book(again)), "seed {seed}: {name}");
    }
}
