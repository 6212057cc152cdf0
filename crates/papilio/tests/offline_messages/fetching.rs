//! Reading and deleting, and what becomes of the deleted and the old.

use jiff::{Timestamp, ToSpan};

use super::{World, delete, fault, message};

const UNKNOWN: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

#[tokio::test]
async fn nobody_reads_or_deletes_what_is_anothers() {
    let world = World::new().await;
    world.leave(world.alice(), &world.bob, "for Bob").await;
    let id = world.ids(&world.bob).await.remove(0);
    for other in [world.alice(), &world.carol] {
        assert_eq!(world.ids(other).await, [""; 0]);
        for request in [message(&id, "true"), delete(&[&id])] {
            assert_eq!(fault(&world.fetch(other, &request).await), "soap:Client");
        }
    }
    assert_eq!(world.texts(&world.bob).await, ["for Bob"]);
    assert!(world.metadata(&world.bob).await.contains("<RS>0</RS>"));
}

#[tokio::test]
async fn what_is_read_says_so_and_stays() {
    let world = World::new().await;
    let bob = &world.bob;
    world.leave(world.alice(), bob, "one").await;
    let id = world.ids(bob).await.remove(0);
    for (marking, state) in [
        ("false", "<RS>0</RS>"),
        ("true", "<RS>1</RS>"),
        ("false", "<RS>1</RS>"),
    ] {
        let answer = world.fetch(bob, &message(&id, marking)).await;
        assert_eq!(answer.status(), "200");
        assert!(world.metadata(bob).await.contains(state), "{marking}");
    }
}

#[tokio::test]
async fn what_was_deleted_a_moment_ago_can_still_be_read() {
    let world = World::new().await;
    let bob = &world.bob;
    world.leave(world.alice(), bob, "one").await;
    world.leave(world.alice(), bob, "two").await;
    let ids = world.ids(bob).await;
    let [first, second] = [&*ids[0], &*ids[1]];
    let ask = async |request: &str| world.fetch(bob, request).await.status().to_owned();
    assert_eq!(ask(&delete(&[first])).await, "200");
    assert_eq!(world.texts(bob).await, ["two"]);
    assert!(world.mail(bob, first).await.contains("\n\nb25l"));
    // Again, and together with others: what is known is deleted, and nothing is wrong.
    assert_eq!(ask(&delete(&[first])).await, "200");
    assert_eq!(ask(&delete(&[UNKNOWN, first, second, second])).await, "200");
    assert_eq!(world.texts(bob).await, [""; 0]);
    assert_eq!(
        fault(&world.fetch(bob, &delete(&[UNKNOWN])).await),
        "soap:Client"
    );
    // A request with a word that is no id changes nothing.
    world.leave(world.alice(), bob, "three").await;
    let third = world.ids(bob).await.remove(0);
    let answer = world.fetch(bob, &delete(&[&*third, "7"])).await;
    assert_eq!(fault(&answer), "soap:Client");
    assert_eq!(world.texts(bob).await, ["three"]);
}

#[tokio::test]
async fn what_has_expired_is_there_for_nobody() {
    let world = World::new().await;
    let (bob, store) = (&world.bob, &world.server.store);
    world.leave(world.alice(), bob, "one").await;
    world.leave(world.alice(), bob, "two").await;
    world.leave(world.alice(), bob, "three").await;
    let ids = world.ids(bob).await;
    world.fetch(bob, &delete(&ids[1..2])).await;
    // The first waited too long, the second was deleted too long ago.
    let now = Timestamp::now();
    assert_eq!(store.clear_expired_mails(now).await.unwrap(), 0);
    world
        .execute("UPDATE offline_messages SET expires = received WHERE number < 3")
        .await;
    assert_eq!(world.texts(bob).await, ["three"]);
    for id in &ids[..2] {
        for request in [message(id, "true"), delete(&[id])] {
            assert_eq!(fault(&world.fetch(bob, &request).await), "soap:Client");
        }
    }
    let later = now + 1.minutes();
    assert_eq!(store.clear_expired_mails(later).await.unwrap(), 2);
    assert_eq!(
        store.clear_expired_mails(now + 719.hours()).await.unwrap(),
        0
    );
    let end = now + 721.hours();
    assert_eq!(store.mails(bob.id, end).await.unwrap(), []);
    assert_eq!(store.clear_expired_mails(end).await.unwrap(), 1);
}

#[tokio::test]
async fn an_account_takes_its_mailbox_with_it_and_leaves_what_it_sent() {
    let world = World::new().await;
    world.leave(world.alice(), &world.bob, "from Alice").await;
    world.leave(&world.bob, &world.carol, "from Bob").await;
    let store = &world.server.store;
    store.delete_account(world.bob.id).await.unwrap();
    assert_eq!(world.texts(&world.carol).await, ["from Bob"]);
    let end = Timestamp::now() + 1000.hours();
    assert_eq!(
        store.clear_expired_mails(end).await.unwrap(),
        1,
        "Bob's is gone already"
    );
}
