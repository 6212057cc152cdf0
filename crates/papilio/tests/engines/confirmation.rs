//! What waits for somebody to follow a link.

use jiff::{SignedDuration, Timestamp};
use papilio::password::{Passwords, Verdict};
use papilio::store::Store;
use papilio::store::confirmation::{Confirmed, PendingSignUp};
use papilio::store::invitation::{InvitationCode, NewInvitation, SignedUp};
use papilio::store::token::Token;

use crate::account::{QUICK, handle, new_account};
use crate::{Place, on_each_engine};

on_each_engine! {
    a_sign_up_is_made_once_when_it_is_confirmed,
    what_is_confirmed_too_late_makes_nothing,
    an_invitation_is_used_up_when_the_account_is_made,
    the_newest_few_of_an_address_are_kept,
    a_password_is_reset_once,
    what_changes_the_account_ends_its_links,
}

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2006-06-19T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minute)
}

async fn keep(store: &Store, name: &str, code: Option<&InvitationCode>, until: i64) -> Token {
    let new = new_account(name);
    let pending = PendingSignUp {
        handle: new.handle,
        name: new.name,
        password: new.password,
    };
    store.keep_sign_up(&pending, code, at(until)).await.unwrap()
}

async fn a_sign_up_is_made_once_when_it_is_confirmed(place: Place) {
    let store = place.open().await;
    let token = keep(&store, "alice@x", None, 60).await;
    let other = keep(&store, "alice@x", None, 60).await;
    assert_eq!(store.count_accounts().await.unwrap(), 0);
    let waiting = store.pending_sign_up(&token, at(1)).await.unwrap().unwrap();
    assert_eq!(waiting.handle, handle("alice@x"));
    assert_eq!(waiting.name, "Name of alice@x");

    let done = store.confirm_sign_up(&token, at(1)).await.unwrap();
    let Confirmed::Known(SignedUp::Made(alice)) = done else {
        panic!("{done:?}");
    };
    assert!(alice.verified);
    let (_, stored) = store
        .account_with_password(&alice.handle)
        .await
        .unwrap()
        .unwrap();
    let passwords = Passwords::new(QUICK).unwrap();
    let verdict = passwords
        .verify(Some((alice.id, &stored)), "password of alice@x")
        .await;
    assert_eq!(verdict, Ok(Verdict::Right));
    for token in [&token, &other] {
        let again = store.confirm_sign_up(token, at(1)).await.unwrap();
        assert_eq!(again, Confirmed::Unknown);
        assert!(store.pending_sign_up(token, at(1)).await.unwrap().is_none());
    }
}

async fn what_is_confirmed_too_late_makes_nothing(place: Place) {
    let store = place.open().await;
    let token = keep(&store, "alice@x", None, 60).await;
    assert!(
        store
            .pending_sign_up(&token, at(60))
            .await
            .unwrap()
            .is_none()
    );
    let late = store.confirm_sign_up(&token, at(60)).await.unwrap();
    assert_eq!(late, Confirmed::Unknown);
    assert_eq!(store.clear_expired_pages(at(60)).await.unwrap(), 1);

    let token = keep(&store, "bob@x", None, 60).await;
    store.add_account(&new_account("bob@x")).await.unwrap();
    let taken = store.confirm_sign_up(&token, at(1)).await.unwrap();
    assert_eq!(taken, Confirmed::Known(SignedUp::Taken));
    assert_eq!(store.count_accounts().await.unwrap(), 1);
}

async fn an_invitation_is_used_up_when_the_account_is_made(place: Place) {
    let store = place.open().await;
    let new = NewInvitation {
        uses: Some(1),
        expires: None,
        note: String::new(),
        made_by: "test".to_owned(),
        made_at: at(0),
    };
    let (made, code) = store.make_invitation(&new).await.unwrap();
    let used = async || store.invitation(made.id).await.unwrap().unwrap().used;
    let alice = keep(&store, "alice@x", Some(&code), 60).await;
    let bob = keep(&store, "bob@x", Some(&code), 60).await;
    assert_eq!(used().await, 0);
    store.add_account(&new_account("alice@x")).await.unwrap();
    let taken = store.confirm_sign_up(&alice, at(1)).await.unwrap();
    assert_eq!(
        (taken, used().await),
        (Confirmed::Known(SignedUp::Taken), 0)
    );
    let made = store.confirm_sign_up(&bob, at(1)).await.unwrap();
    assert!(matches!(made, Confirmed::Known(SignedUp::Made(_))));
    assert_eq!(used().await, 1);
    let carol = keep(&store, "carol@x", Some(&code), 60).await;
    let late = store.confirm_sign_up(&carol, at(1)).await.unwrap();
    assert_eq!(late, Confirmed::Known(SignedUp::NotInvited));
    assert_eq!(store.count_accounts().await.unwrap(), 2);
}

async fn the_newest_few_of_an_address_are_kept(place: Place) {
    let store = place.open().await;
    let first = keep(&store, "alice@x", None, 60).await;
    let second = keep(&store, "alice@x", None, 61).await;
    for minute in 62..66 {
        keep(&store, "alice@x", None, minute).await;
    }
    let other = keep(&store, "bob@x", None, 10).await;
    assert!(
        store
            .pending_sign_up(&first, at(1))
            .await
            .unwrap()
            .is_none()
    );
    for token in [second, other] {
        assert!(
            store
                .pending_sign_up(&token, at(1))
                .await
                .unwrap()
                .is_some()
        );
    }
}

async fn a_password_is_reset_once(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let seen = store.last_sign_out().await.unwrap();
    let token = store.make_reset_link(&alice, at(60)).await.unwrap();
    let other = store.make_reset_link(&alice, at(60)).await.unwrap();
    assert_eq!(store.reset_account(&token, at(60)).await.unwrap(), None);
    let late = new_account("late@x").password;
    assert_eq!(
        store.reset_password(&token, &late, at(60)).await.unwrap(),
        None
    );
    let found = store.reset_account(&token, at(1)).await.unwrap();
    assert_eq!(found.as_ref(), Some(&alice));

    let password = new_account("new@x").password;
    let changed = store
        .reset_password(&token, &password, at(1))
        .await
        .unwrap();
    assert_eq!(changed.unwrap().epoch, alice.epoch + 1);
    let (account, stored) = store
        .account_with_password(&alice.handle)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((account.epoch, stored), (alice.epoch + 1, password));
    assert_eq!(store.sign_outs_after(seen).await.unwrap().1.len(), 1);
    for token in [token, other] {
        let again = store.reset_password(&token, &late, at(1)).await.unwrap();
        assert_eq!(again, None);
    }
}

async fn what_changes_the_account_ends_its_links(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let token = store.make_reset_link(&alice, at(60)).await.unwrap();
    store.disable_account(alice.id).await.unwrap();
    assert_eq!(store.reset_account(&token, at(1)).await.unwrap(), None);
    store.enable_account(alice.id).await.unwrap();
    assert_eq!(store.reset_account(&token, at(1)).await.unwrap(), None);
    store.make_reset_link(&alice, at(60)).await.unwrap_err();
    let password = new_account("new@x").password;
    assert_eq!(
        store
            .reset_password(&token, &password, at(1))
            .await
            .unwrap(),
        None
    );
}
