//! Sessions of browsers.

use jiff::{SignedDuration, Timestamp};
use papilio::store::Store;
use papilio::store::account::Account;
use papilio::store::ban::{BanSubject, NewBan};
use papilio::store::token::Token;
use papilio::store::web_session::NewWebSession;

use crate::account::{handle, new_account};
use crate::{Place, on_each_engine};

on_each_engine! {
    a_session_is_found_by_its_cookie_until_it_is_over,
    what_ends_tickets_ends_sessions,
    sessions_are_ended_by_name_and_by_cookie,
    the_oldest_of_too_many_go,
    one_that_was_changed_meanwhile_begins_none,
    who_is_banned_has_none,
}

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2006-06-19T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minute)
}

fn from(minute: i64) -> NewWebSession {
    NewWebSession {
        address: "192.0.2.1".parse().unwrap(),
        browser: "Browser/1.0 (with\na line break)".to_owned(),
        began: at(minute),
        expires: at(minute + 60),
    }
}

async fn begin(store: &Store, account: &Account, minute: i64) -> Token {
    store
        .begin_web_session(account, &from(minute))
        .await
        .unwrap()
}

async fn who_is_banned_has_none(place: Place) {
    let store = place.open().await;
    store.add_account(&new_account("alice@x")).await.unwrap();
    let ban = NewBan {
        subject: BanSubject::Account(handle("alice@x")),
        reason: String::new(),
        made_by: String::new(),
        created_at: at(0),
        expires: Some(at(30)),
    };
    store.add_ban(&ban).await.unwrap();
    let alice = store.account_by_handle(&handle("alice@x")).await.unwrap();
    let alice = alice.unwrap();
    let token = begin(&store, &alice, 1).await;
    assert!(!is_there(&store, &token, 2).await);
    let link = store.make_reset_link(&alice, at(60)).await.unwrap();
    assert_eq!(store.reset_account(&link, at(2)).await.unwrap(), None);
    let password = new_account("alice@x").password;
    let changed = store.reset_password(&link, &password, at(2)).await.unwrap();
    assert_eq!(changed, None);
    assert!(is_there(&store, &token, 31).await, "the ban is over");
    let found = store.reset_account(&link, at(31)).await.unwrap();
    assert_eq!(found, Some(alice));
}

async fn is_there(store: &Store, token: &Token, minute: i64) -> bool {
    let found = store.web_session(token, at(minute)).await.unwrap();
    found.is_some()
}

async fn a_session_is_found_by_its_cookie_until_it_is_over(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let token = begin(&store, &alice, 0).await;
    let (account, session) = store.web_session(&token, at(1)).await.unwrap().unwrap();
    assert_eq!(account, alice);
    assert_eq!(session.address, "192.0.2.1");
    assert_eq!(session.browser, "Browser/1.0 (witha line break)");
    assert_eq!((session.began, session.last_seen), (at(0), at(0)));
    assert!(is_there(&store, &token, 20).await);
    let listed = store.web_sessions(&alice, at(20)).await.unwrap();
    assert_eq!(listed[0].last_seen, at(20));

    assert!(is_there(&store, &token, 59).await);
    assert!(!is_there(&store, &token, 60).await);
    assert!(!is_there(&store, &Token::random(), 1).await);
    assert_eq!(store.clear_expired_pages(at(59)).await.unwrap(), 0);
    assert_eq!(store.clear_expired_pages(at(60)).await.unwrap(), 1);
}

async fn what_ends_tickets_ends_sessions(place: Place) {
    let store = place.open().await;
    let other = new_account("x@x").password;
    for (name, act) in [("a@x", 0), ("b@x", 1), ("c@x", 2), ("d@x", 3)] {
        let account = store.add_account(&new_account(name)).await.unwrap();
        let token = begin(&store, &account, 0).await;
        assert!(is_there(&store, &token, 1).await);
        match act {
            0 => store.set_password(account.id, &other).await.unwrap(),
            1 => store.disable_account(account.id).await.unwrap(),
            2 => store.delete_account(account.id).await.unwrap(),
            _ => {
                let changed = store.change_own_password(&account, &other).await.unwrap();
                let changed = changed.unwrap();
                let again = begin(&store, &changed, 1).await;
                assert!(is_there(&store, &again, 1).await);
                // Who still shows the account of before changes nothing.
                let late = store.change_own_password(&account, &other).await.unwrap();
                assert_eq!(late, None);
                assert!(is_there(&store, &again, 1).await);
            }
        }
        assert!(!is_there(&store, &token, 1).await, "{name}");
        store.enable_account(account.id).await.ok();
        assert!(!is_there(&store, &token, 1).await, "{name}, enabled");
    }
}

async fn sessions_are_ended_by_name_and_by_cookie(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let bob = store.add_account(&new_account("bob@x")).await.unwrap();
    let (first, second) = (
        begin(&store, &alice, 0).await,
        begin(&store, &alice, 1).await,
    );
    let listed = store.web_sessions(&alice, at(2)).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1].began, at(0));
    assert_eq!(store.web_sessions(&bob, at(2)).await.unwrap(), []);
    store.end_web_session(bob.id, &listed[1].id).await.unwrap();
    assert!(is_there(&store, &first, 2).await, "not bob's");
    store
        .end_web_session(alice.id, &listed[1].id)
        .await
        .unwrap();
    assert!(!is_there(&store, &first, 2).await);
    assert!(is_there(&store, &second, 2).await);
    store.end_web_session_of(&second).await.unwrap();
    assert!(!is_there(&store, &second, 2).await);
}

async fn the_oldest_of_too_many_go(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let first = begin(&store, &alice, 0).await;
    let second = begin(&store, &alice, 1).await;
    for minute in 2..51 {
        begin(&store, &alice, minute).await;
    }
    assert!(!is_there(&store, &first, 51).await);
    assert!(is_there(&store, &second, 51).await);
}

async fn one_that_was_changed_meanwhile_begins_none(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    store.disable_account(alice.id).await.unwrap();
    store.begin_web_session(&alice, &from(0)).await.unwrap_err();
    let again = store
        .account_by_handle(&handle("alice@x"))
        .await
        .unwrap()
        .unwrap();
    store.begin_web_session(&again, &from(0)).await.unwrap_err();
    store.enable_account(alice.id).await.unwrap();
    begin(&store, &again, 0).await;
}
