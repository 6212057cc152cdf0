//! Tickets, with the account that they belong to.

use std::time::Duration;

use jiff::Timestamp;
use papilio::password::{Password, Passwords};
use papilio::store::Store;
use papilio::store::account::Account;

use crate::account::{QUICK, new_account};
use crate::{Place, on_each_engine};

on_each_engine! {
    a_ticket_leads_to_its_account,
    a_ticket_holds_across_a_restart,
    a_ticket_holds_in_every_process,
    a_ticket_of_another_service_does_not_hold,
    a_new_password_kills_tickets,
    disabling_kills_tickets_for_good,
    deleting_kills_tickets,
    renaming_does_not_kill_tickets,
}

const DAY: Duration = Duration::from_secs(86_400);

fn now() -> Timestamp {
    Timestamp::from_second(1_150_718_400).unwrap()
}

async fn with_alice(place: &Place) -> (Store, Account, String) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    store.add_account(&new_account("bob@x")).await.unwrap();
    let ticket = store.ticket_key().issue(&alice, Some(DAY), now());
    (store, alice, ticket.t)
}

async fn holds(store: &Store, ticket: &str) -> bool {
    store
        .account_of_ticket(ticket, now())
        .await
        .unwrap()
        .is_some()
}

async fn a_ticket_leads_to_its_account(place: Place) {
    let (store, alice, ticket) = with_alice(&place).await;
    let whose = async |text: &str, now| store.account_of_ticket(text, now).await.unwrap();
    assert_eq!(whose(&ticket, now()).await, Some(alice.clone()));
    let last = now() + DAY - Duration::from_secs(1);
    assert_eq!(whose(&ticket, last).await, Some(alice));
    assert_eq!(whose(&ticket, now() + DAY).await, None);
    for text in [&format!("t={ticket}&p="), &format!("t={ticket}&amp;p=")] {
        assert!(holds(&store, text).await, "{text}");
    }
    for text in [
        "",
        "x",
        &ticket[1..],
        &ticket.to_lowercase(),
        &format!("{ticket}A"),
    ] {
        assert_eq!(whose(text, now()).await, None, "{text:?}");
    }
}

async fn a_ticket_holds_across_a_restart(place: Place) {
    let (store, alice, ticket) = with_alice(&place).await;
    let secret = store.ticket_key().secret(&ticket);
    store.close().await;
    let store = place.open().await;
    let found = store.account_of_ticket(&ticket, now()).await.unwrap();
    assert_eq!(found, Some(alice));
    assert_eq!(store.ticket_key().secret(&ticket), secret);
}

async fn a_ticket_holds_in_every_process(place: Place) {
    let (_store, alice, ticket) = with_alice(&place).await;
    let other = place.open().await;
    let found = other.account_of_ticket(&ticket, now()).await.unwrap();
    assert_eq!(found, Some(alice));
}

async fn a_ticket_of_another_service_does_not_hold(place: Place) {
    let (store, _, _) = with_alice(&place).await;
    let (_, _, strange) = with_alice(&Place::sqlite()).await;
    assert!(!holds(&store, &strange).await);
}

async fn a_new_password_kills_tickets(place: Place) {
    let (store, alice, ticket) = with_alice(&place).await;
    let passwords = Passwords::new(QUICK).unwrap();
    // The same password anew is a change too: somebody wants the others out.
    let same = Password::parse("password of alice@x").unwrap();
    let stored = passwords.hash(same).await.unwrap();
    store.set_password(alice.id, &stored).await.unwrap();
    assert!(!holds(&store, &ticket).await);
    let alice = store.account_by_id(alice.id).await.unwrap().unwrap();
    let ticket = store.ticket_key().issue(&alice, Some(DAY), now());
    assert!(holds(&store, &ticket.t).await);
}

async fn disabling_kills_tickets_for_good(place: Place) {
    let (store, alice, ticket) = with_alice(&place).await;
    store.disable_account(alice.id).await.unwrap();
    assert!(!holds(&store, &ticket).await);
    let disabled = store.account_by_id(alice.id).await.unwrap().unwrap();
    let fresh = store.ticket_key().issue(&disabled, Some(DAY), now());
    assert!(!holds(&store, &fresh.t).await, "not even a new one");
    store.enable_account(alice.id).await.unwrap();
    assert!(!holds(&store, &ticket).await);
}

async fn deleting_kills_tickets(place: Place) {
    let (store, alice, ticket) = with_alice(&place).await;
    store.delete_account(alice.id).await.unwrap();
    assert!(!holds(&store, &ticket).await);
    store.add_account(&new_account("alice@x")).await.unwrap();
    assert!(!holds(&store, &ticket).await);
}

async fn renaming_does_not_kill_tickets(place: Place) {
    let (store, alice, ticket) = with_alice(&place).await;
    store
        .rename_account(alice.id, "Alice W", Timestamp::now())
        .await
        .unwrap();
    assert!(holds(&store, &ticket).await);
}
