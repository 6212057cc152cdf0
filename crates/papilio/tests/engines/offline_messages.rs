//! Offline messages: kept, listed, read, deleted, forgotten (services-oim, 9).

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use msnp::handle::Handle;
use msnp::message::offline::{MailData, MailId, OfflineMessage};
use msnp::roster::{Lists, Privacy};
use msnp::soap::abook::{ContactUpdate, UpdateTarget};
use msnp::soap::contact::{Annotation, BLP};
use msnp::soap::contact_change::{ContactChanges, PropertyChange};
use msnp::soap::guid::Guid;
use msnp::soap::sharing::{MemberAddress, NewMember, Role};
use msnp::soap::timestamp::Timestamp as Ticks;
use papilio::config::Config;
use papilio::store::account::{Account, AccountId};
use papilio::store::offline_messages::{Deleted, GRACE, Kept, MailLimits, NumberedMail};
use papilio::store::{Store, StoreError};

use crate::account::new_account;
use crate::{Place, on_each_engine};

on_each_engine! {
    what_is_kept_comes_back,
    a_snapshot_says_up_to_where_it_goes,
    deleting_twice_deletes_once,
    two_deletions_at_once_share_the_work,
    two_writers_keep_the_order_and_the_limit,
    time_takes_everything_away,
    the_recipient_and_what_they_hold_about_the_sender,
    nobody_there_is_no_mailbox,
    another_process_reads_what_was_written,
}

/// A store with some accounts.
struct World {
    store: Store,
    now: Timestamp,
    alice: Account,
    bob: Account,
}

impl World {
    async fn new(place: &Place) -> Self {
        let store = place.open().await;
        let mut made = Vec::new();
        for name in ["alice", "bob"] {
            let new = new_account(&format!("{name}@example.org"));
            made.push(store.add_account(&new).await.unwrap());
        }
        let [alice, bob] = <[Account; 2]>::try_from(made).unwrap();
        Self {
            store,
            now: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            alice,
            bob,
        }
    }

    /// Alice leaves Bob a message, which must be kept.
    async fn leave(&self, number: u128) -> NumberedMail {
        let message = self.message(number);
        match self.store.keep_mail(self.bob.id, &message, ENOUGH).await {
            Ok(Kept::Yes(mail)) => mail,
            other => panic!("{other:?}"),
        }
    }

    fn message(&self, number: u128) -> OfflineMessage {
        OfflineMessage {
            id: id(number),
            sender: self.alice.handle.clone(),
            name: "Alice \u{e9} & Co".to_owned(),
            recipient: self.bob.handle.clone(),
            source: "2001:db8::1".parse().unwrap(),
            proxy: "MSNMSGR".to_owned(),
            run: Guid::from_u128(7),
            sequence: u32::MAX,
            received: Ticks::from_ticks(i64::try_from(self.now.as_nanosecond() / 100).unwrap()),
            text: vec![0, 0x41, 0xc3, 0xa9, b'\n', 3].into(),
        }
    }

    async fn ids(&self) -> Vec<MailId> {
        let mails = self.store.mails(self.bob.id, self.now).await.unwrap();
        mails.iter().map(|mail| mail.id).collect()
    }

    async fn delete(&self, ids: &[MailId]) -> Deleted {
        let deleted = self.store.delete_mails(self.bob.id, ids, self.now).await;
        deleted.unwrap()
    }
}

const ENOUGH: MailLimits = MailLimits {
    mailbox: Some(500),
    lifetime: Some(Duration::from_secs(3600)),
};

fn id(number: u128) -> MailId {
    MailId(Guid::from_u128(number))
}

fn ids(numbers: impl IntoIterator<Item = u128>) -> Vec<MailId> {
    numbers.into_iter().map(id).collect()
}

async fn what_is_kept_comes_back(place: Place) {
    let world = World::new(&place).await;
    let (store, bob) = (&world.store, world.bob.id);
    let message = world.message(1);
    let kept = world.leave(1).await;
    assert_eq!(kept.summary, message.summary());
    assert_eq!(
        store.mails(bob, world.now).await.unwrap(),
        [message.summary()]
    );
    let found = store.mail(bob, id(1), world.now).await.unwrap().unwrap();
    assert_eq!(found, message);
    assert_eq!(found.to_mail().len(), kept.summary.size);
    // Nobody else's, and none other.
    let of_alice = store.mail(world.alice.id, id(1), world.now).await;
    assert_eq!(of_alice.unwrap(), None);
    assert_eq!(store.mail(bob, id(2), world.now).await.unwrap(), None);
    // Read once.
    for marked in [true, false] {
        let done = store.mark_mail_read(bob, id(1), world.now).await.unwrap();
        assert_eq!(done, marked);
        assert!(store.mails(bob, world.now).await.unwrap()[0].is_read);
    }
    let of_alice = store.mark_mail_read(world.alice.id, id(1), world.now).await;
    assert!(!of_alice.unwrap());
}

async fn a_snapshot_says_up_to_where_it_goes(place: Place) {
    let world = World::new(&place).await;
    let snapshot = async || {
        world
            .store
            .mail_snapshot(world.bob.id, world.now)
            .await
            .unwrap()
    };
    let empty = snapshot().await;
    assert_eq!((empty.data, empty.up_to), (MailData::default(), 0));
    let mut summaries = Vec::new();
    for number in 1..=25 {
        let mail = world.leave(number).await;
        assert_eq!(u128::try_from(mail.number).unwrap(), number);
        summaries.push(mail.summary);
    }
    let full = snapshot().await;
    assert_eq!((full.data, full.up_to), (MailData::Mails(summaries), 25));
    world.leave(26).await;
    let over = snapshot().await;
    assert_eq!((over.data, over.up_to), (MailData::TooLarge, 26));
    // The numbers go on when everything is gone.
    world.delete(&ids(1..=26)).await;
    world
        .store
        .clear_expired_mails(world.now + 1.hour())
        .await
        .unwrap();
    let gone = snapshot().await;
    assert_eq!((gone.data, gone.up_to), (MailData::default(), 26));
    assert_eq!(world.leave(27).await.number, 27);
}

async fn deleting_twice_deletes_once(place: Place) {
    let world = World::new(&place).await;
    assert_eq!(
        world.delete(&ids([1])).await,
        Deleted::Unknown,
        "no mailbox at all"
    );
    for number in 1..=3 {
        world.leave(number).await;
    }
    assert_eq!(world.delete(&ids([9])).await, Deleted::Unknown);
    let deleted = world.delete(&ids([9, 1, 1, 2])).await;
    assert_eq!(deleted, Deleted::Mails(ids([1, 2])));
    assert_eq!(world.delete(&ids([2, 1])).await, Deleted::Mails(Vec::new()));
    assert_eq!(world.ids().await, ids([3]));
    let third = ids([3]);
    let of_alice = world.store.delete_mails(world.alice.id, &third, world.now);
    assert_eq!(of_alice.await.unwrap(), Deleted::Unknown);
    assert_eq!(world.ids().await, ids([3]));
}

async fn two_deletions_at_once_share_the_work(place: Place) {
    let world = World::new(&place).await;
    let other = place.open().await;
    for number in 1..=20 {
        world.leave(number).await;
    }
    let (bob, now) = (world.bob.id, world.now);
    let delete = |store: Store, ids: Vec<MailId>| {
        tokio::spawn(async move { store.delete_mails(bob, &ids, now).await.unwrap() })
    };
    // In opposite orders, as two processes.
    let first = delete(world.store.clone(), ids(1..=20));
    let second = delete(other, ids((1..=20).rev()));
    let mut deleted = Vec::new();
    for outcome in [first.await.unwrap(), second.await.unwrap()] {
        match outcome {
            Deleted::Mails(ids) => deleted.extend(ids),
            Deleted::Unknown => panic!("they were known"),
        }
    }
    deleted.sort_unstable();
    assert_eq!(deleted, ids(1..=20));
    assert_eq!(world.ids().await, []);
}

async fn two_writers_keep_the_order_and_the_limit(place: Place) {
    let world = World::new(&place).await;
    let stores = [world.store.clone(), place.open().await];
    let mut running = tokio::task::JoinSet::new();
    for number in 1..=30_u128 {
        let store = stores[usize::try_from(number % 2).unwrap()].clone();
        let (bob, message) = (world.bob.id, world.message(number));
        running.spawn(async move {
            let limits = MailLimits {
                mailbox: Some(12),
                ..ENOUGH
            };
            store.keep_mail(bob, &message, limits).await.unwrap()
        });
    }
    let mut kept = Vec::new();
    for outcome in running.join_all().await {
        if let Kept::Yes(mail) = outcome {
            kept.push((mail.number, mail.summary.id));
        }
    }
    kept.sort_unstable();
    let numbers: Vec<_> = kept.iter().map(|(number, _)| *number).collect();
    assert_eq!(
        numbers,
        (1..=12).collect::<Vec<_>>(),
        "a refused one takes no number"
    );
    let in_order: Vec<_> = kept.into_iter().map(|(_, id)| id).collect();
    assert_eq!(world.ids().await, in_order);
}

async fn time_takes_everything_away(place: Place) {
    let mut world = World::new(&place).await;
    world.leave(1).await;
    let limits = MailLimits {
        lifetime: None,
        mailbox: None,
    };
    let forever = world.message(2);
    let kept = world.store.keep_mail(world.bob.id, &forever, limits).await;
    assert!(matches!(kept, Ok(Kept::Yes(_))));
    world.leave(3).await;
    world.delete(&ids([3])).await;
    let grace = jiff::SignedDuration::try_from(GRACE).unwrap();
    let readable = async |world: &World, number| {
        let found = world.store.mail(world.bob.id, id(number), world.now).await;
        found.unwrap().is_some()
    };
    let start = world.now;
    world.now = start + grace - 1.millisecond();
    assert!(readable(&world, 3).await);
    world.now = start + grace;
    assert!(!readable(&world, 3).await);
    assert_eq!(world.ids().await, ids([1, 2]));
    assert_eq!(world.store.clear_expired_mails(world.now).await.unwrap(), 1);
    world.now = start + 1.hour();
    assert_eq!(world.ids().await, ids([2]));
    assert!(!readable(&world, 1).await);
    let marked = world
        .store
        .mark_mail_read(world.bob.id, id(1), world.now)
        .await;
    assert!(!marked.unwrap());
    assert_eq!(world.delete(&ids([1])).await, Deleted::Unknown);
    // What has expired takes no place.
    let limits = MailLimits {
        mailbox: Some(2),
        ..ENOUGH
    };
    let next = world.message(4);
    let kept = world.store.keep_mail(world.bob.id, &next, limits).await;
    assert!(matches!(kept, Ok(Kept::Yes(_))), "{kept:?}");
    let full = world
        .store
        .keep_mail(world.bob.id, &world.message(5), limits)
        .await;
    assert_eq!(full.unwrap(), Kept::MailboxFull);
    assert_eq!(world.store.clear_expired_mails(world.now).await.unwrap(), 1);
    world.now = start + 100_000.hours();
    assert_eq!(world.ids().await, ids([2]));
}

async fn the_recipient_and_what_they_hold_about_the_sender(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let find = async |address: &str| {
        let found = world.store.mail_recipient(address, &alice.handle).await;
        found.unwrap()
    };
    let found = find(" BOB@example.org").await.unwrap();
    assert_eq!((found.id, found.handle), (bob.id, bob.handle.clone()));
    assert_eq!(
        (found.lists, found.privacy),
        (Lists::NONE, Privacy::Everyone)
    );
    for address in ["", "bob", "nobody@example.org", "bob@example.org\0"] {
        assert_eq!(find(address).await, None, "{address:?}");
    }
    let sizes = Config::default().lists;
    let writer = world.store.roster_writer(bob.id, &sizes, world.now);
    for (role, list) in [(Role::Block, Lists::BLOCK), (Role::Allow, Lists::ALLOW)] {
        let member = NewMember {
            role,
            address: MemberAddress::Passport("alice@example.org".to_owned()),
            display_name: String::new(),
            annotations: Vec::new(),
        };
        writer.add_members(&[member]).await.unwrap();
        assert_eq!(find("bob@example.org").await.unwrap().lists, list);
    }
    let private = ContactUpdate {
        target: UpdateTarget::Me,
        changes: ContactChanges {
            properties: vec![PropertyChange::Annotation(Annotation::new(BLP, "0"))],
            ..ContactChanges::default()
        },
    };
    writer.update_contacts(&[private]).await.unwrap();
    let found = find("bob@example.org").await.unwrap();
    assert_eq!(found.privacy, Privacy::AllowedOnly);
    world.store.disable_account(bob.id).await.unwrap();
    assert_eq!(find("bob@example.org").await, None);
}

async fn nobody_there_is_no_mailbox(place: Place) {
    let world = World::new(&place).await;
    let nobody = AccountId(99);
    let kept = world
        .store
        .keep_mail(nobody, &world.message(1), ENOUGH)
        .await;
    assert!(matches!(kept, Err(StoreError::NotFound(_))), "{kept:?}");
    world.leave(1).await;
    world.store.delete_account(world.bob.id).await.unwrap();
    let snapshot = world.store.mail_snapshot(world.bob.id, world.now).await;
    assert_eq!(snapshot.unwrap().up_to, 0);
    let left = world.store.clear_expired_mails(Timestamp::MAX).await;
    assert_eq!(left.unwrap(), 0, "the mailbox went with its account");
    // The sender's going leaves what they said.
    let bob = world
        .store
        .add_account(&new_account("bob2@example.org"))
        .await
        .unwrap();
    let kept = world
        .store
        .keep_mail(bob.id, &world.message(2), ENOUGH)
        .await;
    assert!(matches!(kept, Ok(Kept::Yes(_))));
    world.store.delete_account(world.alice.id).await.unwrap();
    let found = world.store.mail(bob.id, id(2), world.now).await.unwrap();
    assert_eq!(
        found.unwrap().sender,
        Handle::parse("alice@example.org").unwrap()
    );
}

async fn another_process_reads_what_was_written(place: Place) {
    let world = World::new(&place).await;
    let other = place.open().await;
    world.leave(1).await;
    let found = other.mail(world.bob.id, id(1), world.now).await.unwrap();
    assert_eq!(found, Some(world.message(1)));
    world.delete(&ids([1])).await;
    assert_eq!(other.mails(world.bob.id, world.now).await.unwrap(), []);
}
