//! Invitations.

use jiff::{SignedDuration, Timestamp};
use papilio::store::account::NewAccount;
use papilio::store::invitation::{InvitationCode, InvitationId, NewInvitation, SignedUp};
use papilio::store::{Store, StoreError};

use crate::account::new_account;
use crate::{Place, on_each_engine};

on_each_engine! {
    an_invitation_comes_back_as_it_was_made,
    invitations_are_listed_in_pages_the_newest_first,
    each_account_takes_one_use,
    an_account_that_is_not_made_takes_no_use,
    what_is_expired_revoked_or_unknown_invites_nobody,
    the_last_use_is_taken_once,
}

fn now() -> Timestamp {
    "2006-06-19T12:00:00.123Z".parse().unwrap()
}

fn new_invitation(uses: Option<u32>) -> NewInvitation {
    NewInvitation {
        uses,
        expires: None,
        note: "for the LAN party".to_owned(),
        made_by: "alice@x".to_owned(),
        made_at: now(),
    }
}

fn person(handle: &str) -> NewAccount {
    NewAccount {
        created_at: now(),
        ..new_account(handle)
    }
}

async fn used(store: &Store, code: &InvitationCode) -> u32 {
    let found = store.invitation_by_code(code).await.unwrap();
    found.unwrap().used
}

async fn an_invitation_comes_back_as_it_was_made(place: Place) {
    let store = place.open().await;
    let new = NewInvitation {
        expires: Some(now() + SignedDuration::from_hours(24)),
        note: "  two\nlines \u{1}".to_owned(),
        ..new_invitation(Some(3))
    };
    let (made, code) = store.make_invitation(&new).await.unwrap();
    assert_eq!(
        (made.id, made.uses, made.used),
        (InvitationId(1), Some(3), 0)
    );
    assert_eq!((made.expires, made.revoked), (new.expires, false));
    assert_eq!(
        (made.note.as_str(), made.made_by.as_str()),
        ("twolines", "alice@x")
    );
    assert_eq!(made.made_at, now());
    assert!(made.is_open(now()));
    assert!(!made.is_open(made.expires.unwrap()));

    let again = place.open().await;
    let found = again.invitation(made.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made));
    assert_eq!(again.invitation_by_code(&code).await.unwrap(), found);
    assert_eq!(again.invitation(InvitationId(2)).await.unwrap(), None);
}

async fn invitations_are_listed_in_pages_the_newest_first(place: Place) {
    let store = place.open().await;
    for _ in 0..5 {
        store.make_invitation(&new_invitation(None)).await.unwrap();
    }
    let page = async |before: Option<u32>| {
        let found = store
            .invitations(before.map(InvitationId), 2)
            .await
            .unwrap();
        found.iter().map(|found| found.id.0).collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [5, 4]);
    assert_eq!(page(Some(4)).await, [3, 2]);
    assert_eq!(page(Some(2)).await, [1]);
    assert_eq!(page(Some(1)).await, [0_u32; 0]);
}

async fn each_account_takes_one_use(place: Place) {
    let store = place.open().await;
    let (_, code) = store
        .make_invitation(&new_invitation(Some(2)))
        .await
        .unwrap();
    for name in ["a@x", "b@x"] {
        let done = store.sign_up(&person(name), Some(&code)).await.unwrap();
        assert!(matches!(&done, SignedUp::Made(account) if account.handle.as_str() == name));
    }
    let third = store.sign_up(&person("c@x"), Some(&code)).await.unwrap();
    assert_eq!(third, SignedUp::NotInvited);
    assert_eq!(used(&store, &code).await, 2);
    assert_eq!(store.count_accounts().await.unwrap(), 2);

    let (_, any) = store.make_invitation(&new_invitation(None)).await.unwrap();
    let done = store.sign_up(&person("c@x"), Some(&any)).await.unwrap();
    assert!(matches!(done, SignedUp::Made(_)));
    // Who came by it may go.
    let SignedUp::Made(account) = done else {
        unreachable!()
    };
    store.delete_account(account.id).await.unwrap();
    assert_eq!(used(&store, &any).await, 1);
    let done = store.sign_up(&person("c@x"), None).await.unwrap();
    assert!(matches!(done, SignedUp::Made(_)), "without any invitation");
}

async fn an_account_that_is_not_made_takes_no_use(place: Place) {
    let store = place.open().await;
    store.add_account(&person("a@x")).await.unwrap();
    let (_, code) = store
        .make_invitation(&new_invitation(Some(1)))
        .await
        .unwrap();
    let done = store.sign_up(&person("a@x"), Some(&code)).await.unwrap();
    assert_eq!(done, SignedUp::Taken);
    assert_eq!(used(&store, &code).await, 0);
    let done = store.sign_up(&person("b@x"), Some(&code)).await.unwrap();
    // A number that nobody got is not left out.
    assert!(matches!(done, SignedUp::Made(account) if account.id.0 == 2));
}

async fn what_is_expired_revoked_or_unknown_invites_nobody(place: Place) {
    let store = place.open().await;
    let late = NewInvitation {
        expires: Some(now()),
        ..new_invitation(None)
    };
    let (_, late) = store.make_invitation(&late).await.unwrap();
    let (made, revoked) = store.make_invitation(&new_invitation(None)).await.unwrap();
    let ended = store.revoke_invitation(made.id).await.unwrap();
    assert!(ended.revoked && !ended.is_open(now()));
    store.revoke_invitation(made.id).await.unwrap();
    let unknown = InvitationCode::parse("0000-0000-0000-0000").unwrap();
    for code in [late, revoked, unknown] {
        let done = store.sign_up(&person("a@x"), Some(&code)).await.unwrap();
        assert_eq!(done, SignedUp::NotInvited);
    }
    assert_eq!(store.count_accounts().await.unwrap(), 0);
    let nothing = store.revoke_invitation(InvitationId(9)).await;
    assert!(
        matches!(nothing, Err(StoreError::NotFound(_))),
        "{nothing:?}"
    );
}

async fn the_last_use_is_taken_once(place: Place) {
    let store = place.open().await;
    let (_, code) = store
        .make_invitation(&new_invitation(Some(1)))
        .await
        .unwrap();
    let mut under_way = Vec::new();
    for number in 0..8 {
        let (store, code) = (place.open().await, code.clone());
        let new = person(&format!("a{number}@x"));
        under_way.push(tokio::spawn(async move {
            store.sign_up(&new, Some(&code)).await.unwrap()
        }));
    }
    let mut made = 0;
    for one in under_way {
        made += usize::from(matches!(one.await.unwrap(), SignedUp::Made(_)));
    }
    assert_eq!((made, used(&store, &code).await), (1, 1));
    assert_eq!(store.count_accounts().await.unwrap(), 1);
}
