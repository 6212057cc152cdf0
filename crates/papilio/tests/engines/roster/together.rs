//! Several at once: two processes, two accounts that change one another.

use std::sync::Arc;

use msnp::roster::Lists;
use msnp::soap::Since;
use msnp::soap::abook::{ContactUpdate, UpdateTarget};
use msnp::soap::contact_change::{ContactChanges, PropertyChange, TextProperty};
use msnp::soap::sharing::Role;
use papilio::config::Config;
use papilio::store::Store;
use papilio::store::account::Account;
use papilio::store::roster::RosterError;

use super::{World, new_member, passport};
use crate::{Place, on_each_engine};

on_each_engine! {
    two_who_change_one_another_both_succeed,
    everybody_adds_everybody,
    one_account_in_two_places_adds_a_contact_once,
    another_process_reads_what_was_written,
}

/// Adds and removes `other` again and again, renames itself, and ends with it added.
async fn come_and_go(store: Store, own: Account, other: Account) -> Result<(), RosterError> {
    let sizes = Config::default().lists;
    for round in 0..15 {
        let writer = store.roster_writer(own.id, &sizes, jiff::Timestamp::now());
        let contact = passport(other.handle.as_str());
        let id = writer.add_contact(&contact).await?.answer;
        let role = if round % 2 == 0 {
            Role::Block
        } else {
            Role::Allow
        };
        let member = new_member(role, super::address(&other));
        writer.add_members(&[member]).await?;
        let name = PropertyChange::Text(TextProperty::DisplayName, format!("round {round}"));
        let changes = ContactChanges {
            properties: vec![name],
            ..ContactChanges::default()
        };
        let me = ContactUpdate {
            target: UpdateTarget::Me,
            changes,
        };
        let off = ContactUpdate {
            target: UpdateTarget::Id(id),
            changes: ContactChanges {
                messenger: Some(false),
                ..ContactChanges::default()
            },
        };
        writer.update_contacts(&[me, off]).await?;
        if round < 14 {
            writer.delete_contacts(&[id]).await?;
        }
    }
    Ok(())
}

async fn two_who_change_one_another_both_succeed(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    // Two stores are two processes as far as the database knows.
    let other = place.open().await;
    let first = tokio::spawn(come_and_go(world.store.clone(), alice.clone(), bob.clone()));
    let second = tokio::spawn(come_and_go(other, bob.clone(), alice.clone()));
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    for (own, other) in [(alice, bob), (bob, alice)] {
        assert_eq!(world.lists(own, other).await, Lists::BLOCK);
        let book = world.book(own).await;
        assert_eq!(book.contacts.len(), 2);
        assert_eq!(book.contacts[0].display_name, "round 14");
    }
}

async fn everybody_adds_everybody(place: Place) {
    let world = World::new(&place).await;
    let others: Vec<_> = (0..7)
        .map(|number| crate::account::new_account(&format!("n{number}@example.org")))
        .collect();
    let all: Vec<_> = world.store.add_accounts(&others).await.unwrap();
    let all: Arc<Vec<Account>> = Arc::new(all.into_iter().flatten().collect());
    let stores = [world.store.clone(), place.open().await];
    let mut running = tokio::task::JoinSet::new();
    for (at, own) in all.iter().cloned().enumerate() {
        let (all, store) = (Arc::clone(&all), stores[at % 2].clone());
        running.spawn(async move {
            let sizes = Config::default().lists;
            // Everybody in another order.
            for step in 1..all.len() {
                let other = &all[(at + step) % all.len()];
                let writer = store.roster_writer(own.id, &sizes, jiff::Timestamp::now());
                writer
                    .add_contact(&passport(other.handle.as_str()))
                    .await
                    .unwrap();
            }
        });
    }
    while let Some(outcome) = running.join_next().await {
        outcome.unwrap();
    }
    let expected = Lists::FORWARD | Lists::REVERSE | Lists::PENDING;
    for own in &*all {
        for other in all.iter().filter(|other| other.id != own.id) {
            assert_eq!(world.lists(own, other).await, expected);
        }
        let mut numbers: Vec<_> = world.members(own).await.iter().map(|m| m.id).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    }
}

async fn one_account_in_two_places_adds_a_contact_once(place: Place) {
    let world = World::new(&place).await;
    let other = place.open().await;
    let add = async |store: Store| {
        let sizes = Config::default().lists;
        let writer = store.roster_writer(world.alice.id, &sizes, jiff::Timestamp::now());
        writer
            .add_contact(&passport("bob@example.org"))
            .await
            .is_ok()
    };
    let outcomes = tokio::join!(
        add(world.store.clone()),
        add(other),
        add(world.store.clone())
    );
    let added = [outcomes.0, outcomes.1, outcomes.2];
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(world.book(&world.alice).await.contacts.len(), 2);
}

async fn another_process_reads_what_was_written(place: Place) {
    let world = World::new(&place).await;
    let other = place.open().await;
    let id = world.add(&world.alice, &world.bob).await;
    let book = other
        .address_book(world.alice.id, Since::Nothing)
        .await
        .unwrap();
    assert_eq!(book, world.book(&world.alice).await);
    assert_eq!(book.contacts[1].id, id);
}
