//! `papilio import`.

use msnp::roster::Lists;
use msnp::soap::Since;
use papilio::store::roster::{Imported, ImportedContact};

use super::{World, passport};
use crate::account::{handle, new_account};
use crate::{Place, on_each_engine};

on_each_engine! {
    the_lists_given_are_written,
    importing_again_changes_nothing,
    an_import_goes_on_top_of_what_is_there,
    lines_about_nobody_are_passed_over,
    many_lines_are_many_rows,
}

const FL: Lists = Lists::FORWARD;
const AL: Lists = Lists::ALLOW;
const BL: Lists = Lists::BLOCK;
const RL: Lists = Lists::REVERSE;
const PL: Lists = Lists::PENDING;

fn line(owner: &str, contact: &str, lists: Lists) -> ImportedContact {
    ImportedContact {
        owner: handle(&format!("{owner}@example.org")),
        contact: handle(&format!("{contact}@example.org")),
        lists,
    }
}

impl World {
    async fn import(&self, lines: &[ImportedContact]) -> Vec<Imported> {
        self.store.import_contacts(lines, self.now).await.unwrap()
    }
}

async fn the_lists_given_are_written(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob, carol) = (&world.alice, &world.bob, &world.carol);
    let lines = [
        line("alice", "bob", FL | AL | RL),
        line("alice", "carol", BL),
        line("carol", "bob", PL),
        line("bob", "bob", FL),
    ];
    assert_eq!(world.import(&lines).await, [Imported::Done; 4]);
    assert_eq!(world.lists(alice, bob).await, FL | AL | RL);
    assert_eq!(
        world.lists(bob, alice).await,
        RL,
        "FL is the other's RL, without PL"
    );
    assert_eq!(world.lists(alice, carol).await, BL);
    assert_eq!(world.lists(carol, alice).await, Lists::NONE);
    assert_eq!(world.lists(carol, bob).await, PL);
    assert_eq!(
        world.lists(bob, bob).await,
        Lists::NONE,
        "nobody is one's own contact"
    );
    assert_eq!(world.session_lists(alice, bob).await, FL | AL);
    let book = world.book(alice).await;
    assert_eq!(book.contacts[1].display_name, "Name of bob@example.org");
    // The usual operations go on from there.
    let id = book.contacts[1].id;
    world.writer(alice).delete_contacts(&[id]).await.unwrap();
    assert_eq!(world.lists(bob, alice).await, Lists::NONE);
    world.add(alice, bob).await;
    assert_eq!(world.lists(bob, alice).await, RL | PL);
}

async fn importing_again_changes_nothing(place: Place) {
    let world = World::new(&place).await;
    let lines = [line("alice", "bob", FL | AL), line("bob", "alice", FL | AL)];
    world.import(&lines).await;
    let seen = world.book(&world.alice).await;
    let members = world.members(&world.alice).await;
    assert_eq!(world.import(&lines).await, [Imported::Done; 2]);
    let since = Since::Time(seen.last_change);
    let news = world
        .store
        .address_book(world.alice.id, since)
        .await
        .unwrap();
    assert!(news.contacts.is_empty());
    assert_eq!(world.book(&world.alice).await.contacts, seen.contacts);
    assert_eq!(world.members(&world.alice).await, members);
    // Twice in one file is as good as once.
    let twice = [lines[0].clone(), lines[0].clone(), line("alice", "bob", BL)];
    world.import(&twice).await;
    assert_eq!(
        world.lists(&world.alice, &world.bob).await,
        FL | AL | BL | RL
    );
}

async fn an_import_goes_on_top_of_what_is_there(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob, carol) = (&world.alice, &world.bob, &world.carol);
    let mut plain = passport("bob@example.org");
    plain.messenger = false;
    let id = world
        .writer(alice)
        .add_contact(&plain)
        .await
        .unwrap()
        .answer;
    let gone = world.add(alice, carol).await;
    world.writer(alice).delete_contacts(&[gone]).await.unwrap();
    let seen = world.book(alice).await.last_change;
    world
        .import(&[line("alice", "bob", FL), line("alice", "carol", FL)])
        .await;
    assert_eq!(world.lists(alice, bob).await, FL);
    assert_eq!(world.lists(carol, alice).await, RL);
    let news = world
        .store
        .address_book(alice.id, Since::Time(seen))
        .await
        .unwrap();
    assert_eq!(news.contacts.len(), 2);
    assert!(
        world.contact(alice, id).await.messenger,
        "the entry became a contact"
    );
}

async fn lines_about_nobody_are_passed_over(place: Place) {
    let world = World::new(&place).await;
    let lines = [
        line("nobody", "bob", FL),
        line("alice", "nobody", FL),
        line("alice", "bob", FL),
    ];
    assert_eq!(
        world.import(&lines).await,
        [
            Imported::UnknownOwner,
            Imported::UnknownContact,
            Imported::Done
        ]
    );
    assert_eq!(world.book(&world.alice).await.contacts.len(), 2);
    assert!(world.import(&[]).await.is_empty());
}

async fn many_lines_are_many_rows(place: Place) {
    let world = World::new(&place).await;
    let like = new_account("x@example.org");
    let accounts: Vec<_> = (0..600)
        .map(|number| {
            let handle = handle(&format!("n{number}@example.org"));
            papilio::store::account::NewAccount {
                handle,
                ..like.clone()
            }
        })
        .collect();
    world.store.add_accounts(&accounts).await.unwrap();
    let name = |number: usize| format!("n{}", number % 600);
    let lines: Vec<_> = (0..600)
        .flat_map(|own| (1..=10).map(move |step| (own, own + step)))
        .map(|(own, other)| line(&name(own), &name(other), FL | AL))
        .collect();
    assert_eq!(world.import(&lines).await, vec![Imported::Done; 6_000]);
    for number in [0, 299, 599] {
        let own = handle(&format!("n{number}@example.org"));
        let own = world.store.account_by_handle(&own).await.unwrap().unwrap();
        let roster = world.store.roster_of(own.id).await.unwrap();
        assert_eq!(roster.contacts.len(), 10);
        assert!(
            roster
                .contacts
                .iter()
                .all(|(_, _, lists)| *lists == FL | AL)
        );
        assert_eq!(world.members(&own).await.len(), 20);
    }
}
