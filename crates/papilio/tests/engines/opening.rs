//! Opening, closing and sharing a database.

use std::task::Poll;

use papilio::store::account::AccountId;
use papilio::store::{Claim, Database, Store, StoreError};
use sqlx::{Connection, PgConnection};

use crate::account::new_account;
use crate::{Place, on_each_engine};

on_each_engine! {
    what_was_kept_is_there_after_a_restart,
    many_may_open_an_empty_database_at_once,
    two_processes_write_at_once_without_an_error,
    a_caller_who_gives_up_breaks_nothing,
}

async fn what_was_kept_is_there_after_a_restart(place: Place) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.account_by_id(alice.id).await.unwrap(), Some(alice));
}

async fn many_may_open_an_empty_database_at_once(place: Place) {
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let place = place.clone();
            tokio::spawn(async move { place.open().await })
        })
        .collect();
    for (number, opening) in opening.into_iter().enumerate() {
        let store = opening.await.unwrap();
        let account = new_account(&format!("a{number}@x"));
        store.add_account(&account).await.unwrap();
        store.close().await;
    }
    assert_eq!(place.open().await.count_accounts().await.unwrap(), 6);
}

async fn two_processes_write_at_once_without_an_error(place: Place) {
    let stores = [place.open().await, place.open().await];
    let mut writing = Vec::new();
    for number in 0..60 {
        let store = stores[number % 2].clone();
        writing.push(tokio::spawn(async move {
            let handle = format!("a{number}@x");
            let account = store.add_account(&new_account(&handle)).await.unwrap();
            // Reading and changing go on beside the others' writing.
            let found = store.account_by_handle(&account.handle).await.unwrap();
            assert_eq!(found.as_ref(), Some(&account));
            store
                .rename_account(account.id, "new", jiff::Timestamp::now())
                .await
                .unwrap();
            account.id
        }));
    }
    let mut ids = Vec::new();
    for writing in writing {
        ids.push(writing.await.unwrap());
    }
    ids.sort();
    let dense: Vec<_> = (1..=60).map(AccountId).collect();
    assert_eq!(ids, dense);
}

/// A client that hangs up takes the request's future with it, wherever that stands.
async fn a_caller_who_gives_up_breaks_nothing(place: Place) {
    let store = place.open().await;
    let mut made = 0;
    let mut given_up = 0;
    for round in 0.. {
        if given_up >= 50 {
            break;
        }
        for polls in 0..15 {
            let new = new_account(&format!("a{round}x{polls}@x"));
            match give_up_after(polls, store.add_account(&new)).await {
                Some(account) => {
                    account.unwrap();
                    made += 1;
                }
                None => given_up += 1,
            }
        }
        // Whatever was left half done is neither kept nor in the way.
        let new = new_account(&format!("b{round}@x"));
        store.add_account(&new).await.unwrap();
        made += 1;
    }
    store.close().await;
    let store = place.open().await;
    let all = store.accounts(None, 1000).await.unwrap();
    assert!(
        all.len() >= made,
        "{} where {made} were acknowledged",
        all.len()
    );
    for (number, account) in all.iter().enumerate() {
        assert_eq!(account.id.0 as usize, number + 1, "dense");
    }
}

/// sqlx 0.9 hands a connection of PostgreSQL on with its transaction open when somebody gives up while
/// it begins: it would see no errors pass and keep old rows from being cleared away.
#[tokio::test(flavor = "multi_thread")]
async fn giving_up_leaves_no_transaction_open() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let Database::Postgres { url, .. } = &place.database else {
        unreachable!()
    };
    let one = Database::Postgres {
        url: url.clone(),
        connections: 1,
    };
    let store = Store::open(&one).await.unwrap();
    let mut observer = PgConnection::connect(url).await.unwrap();
    for polls in (1..8).cycle().take(70) {
        let add = give_up_after(
            polls,
            store.rename_account(AccountId(1), "x", jiff::Timestamp::now()),
        );
        let _ = add.await;
        // The one connection is free again when this is answered.
        store.count_accounts().await.unwrap();
        let open: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM pg_stat_activity
             WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
        )
        .fetch_one(&mut observer)
        .await
        .unwrap();
        assert_eq!(open, 0, "after {polls} polls");
    }
}

/// Drops a future that is not done after so many polls.
async fn give_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_file_of_sqlite_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::sqlite();
    let store = place.open().await;
    store.add_account(&new_account("alice@x")).await.unwrap();
    let Database::Sqlite { path } = &place.database else {
        unreachable!()
    };
    let folder = path.parent().unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let mut files = 0;
    for file in folder.read_dir().unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        files += 1;
    }
    assert!(files >= 2, "the database and its log");
}

#[tokio::test]
async fn odd_folder_names_are_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b%20?#ü").join("x?mode=memory.db");
    let store = Store::open(&Database::Sqlite { path: path.clone() })
        .await
        .unwrap();
    store.add_account(&new_account("alice@x")).await.unwrap();
    store.close().await;
    assert!(path.metadata().unwrap().len() > 0);
}

#[tokio::test]
async fn a_closed_sqlite_is_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("papilio.db");
    let store = Store::open(&Database::Sqlite { path: path.clone() })
        .await
        .unwrap();
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    store.close().await;

    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    let store = Store::open(&Database::Sqlite { path: copy }).await.unwrap();
    assert_eq!(store.account_by_id(alice.id).await.unwrap(), Some(alice));
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let path = file.join("papilio.db");
    let error = Store::open(&Database::Sqlite { path }).await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");

    let error = Store::open(&Database::Sqlite { path: file })
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not a database"), "{error}");

    let url = "postgres://me:secret@127.0.0.1:1/none".to_owned();
    let database = Database::Postgres {
        url,
        connections: 1,
    };
    let error = Store::open(&database).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_server_at_a_time_has_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::Sqlite {
        path: folder.path().join("new").join("papilio.db"),
    };
    let first = Claim::on(&database).await.unwrap();
    let second = Claim::on(&database).await.unwrap_err();
    assert!(matches!(second, StoreError::Conflict(_)), "{second}");
    drop(first);
    Claim::on(&database).await.unwrap();
}
