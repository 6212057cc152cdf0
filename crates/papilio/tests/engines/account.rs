//! Accounts.

use jiff::Timestamp;
use msnp::handle::Handle;
use papilio::password::{Password, PasswordSettings, Passwords, Verdict};
use papilio::store::StoreError;
use papilio::store::account::{Account, AccountId, NewAccount};

use crate::{Place, on_each_engine};

on_each_engine! {
    an_account_comes_back_as_it_was_made,
    numbers_are_dense_from_one,
    a_handle_is_taken_once,
    many_at_once_leave_out_those_that_exist,
    accounts_are_found_by_many_handles,
    accounts_are_listed_in_pages,
    accounts_are_searched_by_handle_and_name,
    renaming_cleans_the_name,
    the_password_can_be_changed,
    an_account_can_be_disabled_and_enabled,
    a_deleted_account_is_gone_and_its_number_is_not_used_again,
    what_is_not_there_cannot_be_changed,
}

/// As little work as argon2 allows.
pub(crate) const QUICK: PasswordSettings = PasswordSettings {
    memory_kib: 8,
    passes: 1,
    waiting: None,
    remember: None,
    remembered: None,
};

pub(crate) fn handle(text: &str) -> Handle {
    Handle::parse(text).unwrap()
}

/// An account whose password is `password of HANDLE`.
pub(crate) fn new_account(text: &str) -> NewAccount {
    let text = text.to_owned();
    let password = Password::parse(&format!("password of {text}")).unwrap();
    let stored = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let passwords = Passwords::new(QUICK).unwrap();
        runtime.block_on(passwords.hash(password)).unwrap()
    });
    NewAccount {
        handle: handle(&text),
        name: format!("Name of {text}"),
        password: stored.join().unwrap(),
        verified: true,
        created_at: "2006-06-19T12:00:00.123456Z".parse().unwrap(),
    }
}

fn ids(accounts: &[Account]) -> Vec<u32> {
    let mut ids: Vec<_> = accounts.iter().map(|account| account.id.0).collect();
    ids.sort_unstable();
    ids
}

async fn an_account_comes_back_as_it_was_made(place: Place) {
    let store = place.open().await;
    let new = NewAccount {
        handle: handle("Alice@Example.ORG"),
        name: "Alice ♥ 'W' \\ \"%\" 😀".to_owned(),
        ..new_account("alice@example.org")
    };
    let alice = store.add_account(&new).await.unwrap();
    assert_eq!(alice.handle.as_str(), "alice@example.org");
    assert_eq!(alice.name, new.name);
    assert!(alice.verified && !alice.disabled);
    assert_eq!(
        alice.created_at,
        "2006-06-19T12:00:00.123Z".parse::<Timestamp>().unwrap()
    );
    let found = store.account_by_handle(&alice.handle).await.unwrap();
    assert_eq!(found.as_ref(), Some(&alice));
    assert_eq!(store.account_by_id(alice.id).await.unwrap(), found);
    assert_eq!(
        store.account_by_handle(&handle("bob@x")).await.unwrap(),
        None
    );
    assert_eq!(store.account_by_id(AccountId(2)).await.unwrap(), None);

    let unverified = NewAccount {
        verified: false,
        ..new_account("bob@x")
    };
    assert!(!store.add_account(&unverified).await.unwrap().verified);
}

async fn numbers_are_dense_from_one(place: Place) {
    let store = place.open().await;
    for (number, name) in ["bot@x", "carol@x", "alice@x"].into_iter().enumerate() {
        let account = store.add_account(&new_account(name)).await.unwrap();
        assert_eq!(account.id.0 as usize, number + 1);
    }
    let alice = store
        .account_by_handle(&handle("alice@x"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((alice.puid(), alice.cid()), (0x1_0000_0003, 4_294_967_299));
}

async fn a_handle_is_taken_once(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let again = store.add_account(&new_account("ALICE@x")).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    assert_eq!(store.account_by_id(alice.id).await.unwrap(), Some(alice));
    let bob = store.add_account(&new_account("bob@x")).await.unwrap();
    assert_eq!(bob.id, AccountId(2), "a refusal uses no number");

    // And once only when many want it at the same moment.
    let mut wanting = Vec::new();
    for _ in 0..10 {
        let store = store.clone();
        let carol = new_account("carol@x");
        wanting.push(tokio::spawn(async move { store.add_account(&carol).await }));
    }
    let mut made = 0;
    for wanting in wanting {
        match wanting.await.unwrap() {
            Ok(_) => made += 1,
            Err(StoreError::Conflict(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(made, 1);
}

async fn many_at_once_leave_out_those_that_exist(place: Place) {
    let store = place.open().await;
    store.add_account(&new_account("b@x")).await.unwrap();
    let new = ["a@x", "b@x", "c@x", "a@x"].map(new_account);
    let added = store.add_accounts(&new).await.unwrap();
    let added: Vec<_> = added
        .iter()
        .map(|added| added.as_ref().map(|a| a.id.0))
        .collect();
    assert_eq!(added, [Some(2), None, Some(3), None]);
    assert_eq!(store.count_accounts().await.unwrap(), 3);
    assert_eq!(store.add_accounts(&[]).await.unwrap(), []);
}

async fn accounts_are_found_by_many_handles(place: Place) {
    let store = place.open().await;
    let handles: Vec<_> = (0..70)
        .map(|number| handle(&format!("a{number}@x")))
        .collect();
    let new: Vec<_> = handles
        .iter()
        .map(|handle| new_account(handle.as_str()))
        .collect();
    store.add_accounts(&new).await.unwrap();
    for count in [0, 1, 31, 32, 33, 64, 70] {
        let found = store.accounts_by_handles(&handles[..count]).await.unwrap();
        assert_eq!(
            ids(&found),
            (1..=count as u32).collect::<Vec<_>>(),
            "{count}"
        );
    }
    let some = [
        handle("nobody@x"),
        handle("a5@x"),
        handle("a5@x"),
        handle("a_@x"),
    ];
    let found = store.accounts_by_handles(&some).await.unwrap();
    assert_eq!(ids(&found), [6]);
}

async fn accounts_are_listed_in_pages(place: Place) {
    let store = place.open().await;
    let new: Vec<_> = (1..=7)
        .map(|number| new_account(&format!("a{number}@x")))
        .collect();
    store.add_accounts(&new).await.unwrap();
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = store.accounts(after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        pages.push(page.iter().map(|account| account.id.0).collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
}

async fn accounts_are_searched_by_handle_and_name(place: Place) {
    let store = place.open().await;
    for (address, name) in [
        ("alice@one.example", "Queen"),
        ("bob@two.example", "100% Bob_"),
        ("carol@one.example", "C:\\"),
    ] {
        let new = NewAccount {
            name: name.to_owned(),
            ..new_account(address)
        };
        store.add_account(&new).await.unwrap();
    }
    for (text, expected) in [
        ("ONE", vec![1, 3]),
        ("queen", vec![1]),
        ("@", vec![1, 2, 3]),
        ("%", vec![2]),
        ("_", vec![2]),
        ("\\", vec![3]),
        ("\0one", vec![1, 3]),
        ("'; DROP TABLE accounts; --", vec![]),
    ] {
        let found = store.search_accounts(text, None, 10).await.unwrap();
        assert_eq!(ids(&found), expected, "{text:?}");
    }
    let found = store
        .search_accounts("one", Some(AccountId(1)), 10)
        .await
        .unwrap();
    assert_eq!(ids(&found), [3]);
    let found = store.search_accounts("one", None, 1).await.unwrap();
    assert_eq!(ids(&found), [1]);
}

async fn renaming_cleans_the_name(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let long = "é".repeat(500);
    for (name, kept) in [
        ("Alice <3 &", "Alice <3 &"),
        (" a\r\nNLN b\0\u{7}\u{85}\u{ffff} ", "aNLN b"),
        (long.as_str(), &long[..387 * 2]),
        ("", ""),
    ] {
        store
            .rename_account(alice.id, name, Timestamp::now())
            .await
            .unwrap();
        let found = store.account_by_id(alice.id).await.unwrap().unwrap();
        assert_eq!(found.name, kept);
    }
}

async fn the_password_can_be_changed(place: Place) {
    let store = place.open().await;
    let passwords = Passwords::new(QUICK).unwrap();
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let right = async |text: &str| {
        let (account, stored) = store
            .account_with_password(&alice.handle)
            .await
            .unwrap()
            .unwrap();
        let verdict = passwords.verify(Some((account.id, &stored)), text).await;
        verdict.unwrap() == Verdict::Right
    };
    assert!(right("password of alice@x").await);

    let long = Password::parse("another one, a long one").unwrap();
    let stored = passwords.hash(long).await.unwrap();
    store.set_password(alice.id, &stored).await.unwrap();
    assert!(right("another one, a long one").await);
    assert!(right("another one, a l").await, "its first 16 characters");
    assert!(!right("password of alice@x").await);

    let short = Password::parse("short").unwrap();
    let stored = passwords.hash(short).await.unwrap();
    store.set_password(alice.id, &stored).await.unwrap();
    assert!(right("short").await);
    assert!(!right("another one, a l").await);

    let nobody = store.account_with_password(&handle("nobody@x")).await;
    assert!(nobody.unwrap().is_none());
}

async fn an_account_can_be_disabled_and_enabled(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let bob = store.add_account(&new_account("bob@x")).await.unwrap();
    let disabled = async |id| store.account_by_id(id).await.unwrap().unwrap().disabled;
    store.disable_account(alice.id).await.unwrap();
    store.disable_account(alice.id).await.unwrap();
    assert!(disabled(alice.id).await);
    assert!(!disabled(bob.id).await);
    store.enable_account(alice.id).await.unwrap();
    assert!(!disabled(alice.id).await);
}

async fn a_deleted_account_is_gone_and_its_number_is_not_used_again(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    let bob = store.add_account(&new_account("bob@x")).await.unwrap();
    store.delete_account(bob.id).await.unwrap();
    assert_eq!(store.account_by_handle(&bob.handle).await.unwrap(), None);
    assert_eq!(store.account_by_id(alice.id).await.unwrap(), Some(alice));
    let bob = store.add_account(&new_account("bob@x")).await.unwrap();
    assert_eq!(bob.id, AccountId(3));
}

async fn what_is_not_there_cannot_be_changed(place: Place) {
    let store = place.open().await;
    let nobody = AccountId(9);
    let password = new_account("a@x").password;
    for done in [
        store.rename_account(nobody, "x", Timestamp::now()).await,
        store.set_password(nobody, &password).await,
        store.disable_account(nobody).await,
        store.enable_account(nobody).await,
        store.delete_account(nobody).await,
    ] {
        assert!(matches!(done, Err(StoreError::NotFound(_))), "{done:?}");
    }
    assert_eq!(store.count_accounts().await.unwrap(), 0);
}
