//! Sessions of accounts that were changed by another process end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use msnp::server::Event;
use msnp::wire::param::Param;
use msnp::wire::version::{Dialect, Version};
use papilio::cli::serve;
use papilio::config::Config;
use papilio::mailbox::Mailbox;
use papilio::node::Node;
use papilio::sign_outs::SignOuts;
use papilio::store::Store;
use papilio::store::account::Account;
use papilio::store::sign_out::SignOut;

use crate::account::{handle, new_account};
use crate::{Place, on_each_engine};

on_each_engine! {
    what_ends_sessions_is_told_once,
    what_ends_no_session_is_not_told,
    nothing_that_happens_meanwhile_is_missed,
    an_account_is_as_before_until_its_sessions_end,
    sessions_of_before_end_wherever_they_are_and_later_ones_stay,
}

async fn add(store: &Store, name: &str) -> Account {
    store.add_account(&new_account(name)).await.unwrap()
}

async fn what_ends_sessions_is_told_once(place: Place) {
    let (here, there) = (place.open().await, place.open().await);
    let alice = add(&there, "alice@x").await;
    let bob = add(&there, "bob@x").await;
    let carol = add(&there, "carol@x").await;
    there.disable_account(alice.id).await.unwrap();

    let seen = here.last_sign_out().await.unwrap();
    let news = here.sign_outs_after(seen).await.unwrap();
    assert_eq!(news, (seen, vec![]), "what was before is no news");

    let password = new_account("x@x").password;
    there.set_password(alice.id, &password).await.unwrap();
    there.disable_account(bob.id).await.unwrap();
    there.delete_account(carol.id).await.unwrap();
    there.set_password(alice.id, &password).await.unwrap();
    let (now, news) = here.sign_outs_after(seen).await.unwrap();
    let told = |account: &Account, before| SignOut {
        account: account.id,
        before,
    };
    assert_eq!(
        news,
        [
            told(&bob, bob.epoch + 1),
            told(&carol, i64::MAX),
            told(&alice, alice.epoch + 3)
        ]
    );
    assert!(now > seen);
    assert_eq!(here.sign_outs_after(now).await.unwrap(), (now, vec![]));
}

async fn what_ends_no_session_is_not_told(place: Place) {
    let store = place.open().await;
    let seen = store.last_sign_out().await.unwrap();
    let alice = add(&store, "alice@x").await;
    store
        .rename_account(alice.id, "Alice", Timestamp::now())
        .await
        .unwrap();
    store.enable_account(alice.id).await.unwrap();
    store.delete_account(alice.id).await.unwrap();
    for done in [
        store.delete_account(alice.id).await,
        store.disable_account(alice.id).await,
    ] {
        done.unwrap_err();
    }
    let (_, news) = store.sign_outs_after(seen).await.unwrap();
    assert_eq!(news.len(), 1, "{news:?}");
}

/// Two processes change accounts while a third looks.
async fn nothing_that_happens_meanwhile_is_missed(place: Place) {
    const EACH: usize = 12;
    let looking = place.open().await;
    let mut seen = looking.last_sign_out().await.unwrap();
    let mut changing = Vec::new();
    let mut missing = BTreeSet::new();
    for process in 0..2 {
        let store = place.open().await;
        for number in 0..EACH {
            let account = add(&store, &format!("n{number}.{process}@x")).await;
            missing.insert(account.id);
            let store = store.clone();
            changing.push(tokio::spawn(async move {
                store.disable_account(account.id).await.unwrap();
            }));
        }
    }
    let changed = async {
        for change in changing {
            change.await.unwrap();
        }
    };
    let looked = async {
        // As long as it takes; each is told exactly once.
        while !missing.is_empty() {
            let (now, news) = looking.sign_outs_after(seen).await.unwrap();
            for sign_out in news {
                assert!(missing.remove(&sign_out.account), "told twice");
            }
            seen = now;
        }
    };
    let patience = Duration::from_secs(60);
    let both = async { tokio::join!(changed, looked) };
    tokio::time::timeout(patience, both).await.unwrap();
}

async fn an_account_is_as_before_until_its_sessions_end(place: Place) {
    let store = place.open().await;
    let alice = add(&store, "alice@x").await;
    store
        .rename_account(alice.id, "Alice", Timestamp::now())
        .await
        .unwrap();
    assert!(store.is_as_before(&alice).await.unwrap());
    store.disable_account(alice.id).await.unwrap();
    assert!(!store.is_as_before(&alice).await.unwrap());
    store.enable_account(alice.id).await.unwrap();
    assert!(!store.is_as_before(&alice).await.unwrap(), "nor ever again");
    let again = store.account_by_id(alice.id).await.unwrap().unwrap();
    assert!(store.is_as_before(&again).await.unwrap());
    store.delete_account(alice.id).await.unwrap();
    assert!(!store.is_as_before(&again).await.unwrap());
}

async fn sessions_of_before_end_wherever_they_are_and_later_ones_stay(place: Place) {
    let (here, there) = (place.open().await, place.open().await);
    let node = node();
    let mut sign_outs = SignOuts::new(here.clone(), Arc::clone(&node))
        .await
        .unwrap();
    let alice = add(&there, "alice@x").await;
    let bob = add(&there, "bob@x").await;
    let (session, place, others) = (Mailbox::new(0), Mailbox::new(0), Mailbox::new(0));
    sign_in(&node, &alice, &session);
    sign_in(&node, &bob, &others);
    let member = node.directory.member(alice.id).unwrap();
    let cookie = || {
        let now = Instant::now();
        node.conversations
            .admit(alice.id, member.clone(), dialect(), now)
    };
    let (used, unused) = (cookie(), cookie());
    let enter = |cookie, mailbox| {
        let now = Instant::now();
        node.conversations
            .enter(&alice.handle, cookie, mailbox, now)
    };
    let seat = enter(&used, &place).unwrap();

    there.disable_account(alice.id).await.unwrap();
    assert_eq!(post(&session), 0, "nobody has looked");
    sign_outs.look().await.unwrap();
    assert_eq!((post(&session), post(&place), post(&others)), (1, 1, 0));
    assert!(enter(&unused, &place).is_none(), "a cookie of before");
    assert!(node.directory.member(alice.id).is_none());
    drop(seat);

    // Signed in with the new password before anybody looked.
    let password = new_account("x@x").password;
    there.set_password(bob.id, &password).await.unwrap();
    let bob = there.account_by_handle(&handle("bob@x")).await.unwrap();
    let again = Mailbox::new(0);
    sign_in(&node, &bob.unwrap(), &again);
    let _taken_over = others.take();
    sign_outs.look().await.unwrap();
    assert_eq!((post(&again), post(&others)), (0, 0));
    assert_eq!(node.directory.signed_in(), 1);
}

fn sign_in(node: &Node, account: &Account, mailbox: &Arc<Mailbox>) {
    let address = Param::word("192.0.2.5:1863");
    let mailbox = Arc::clone(mailbox);
    node.directory.sign_in(account, dialect(), address, mailbox);
}

fn dialect() -> &'static Dialect {
    Dialect::of(Version::MSNP13).unwrap()
}

/// How often somebody was told to go, and nothing else.
fn post(mailbox: &Mailbox) -> usize {
    let (posts, _) = mailbox.take();
    for post in &posts {
        assert!(matches!(post.event, Event::SignedOut), "{:?}", post.event);
    }
    posts.len()
}

fn node() -> Arc<Node> {
    let pages = Param::word("http://localhost");
    Node::new(serve::settings(&Config::default(), pages))
}
