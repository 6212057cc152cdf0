//! Pictures and files, through conversations.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use msnp::client::p2p::Failure;
use msnp_client::{Error, Event, FileOffer, Picture};
use tokio::io::{AsyncRead, ReadBuf};

use crate::house::{House, Person, handle};

fn data(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 7 % 251) as u8).collect()
}

async fn offer(person: &mut Person) -> FileOffer {
    person
        .until(|event| match event {
            Event::FileOffered(offer) => Some(offer),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_contacts_picture_is_fetched() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let first = Picture::new(data(25_235)).unwrap();
    let connector = house.connector().picture(first.clone());
    let bob = house.sign_in_by(connector, "bob").await;
    let shown = alice.client.contacts().await.unwrap();
    let mut shown = shown.find(&handle("bob")).unwrap().clone();
    if shown.presence.is_none() {
        // He had only just come.
        let mut watching = alice;
        shown = watching
            .until(|event| match event {
                Event::Presence(contact) => Some(*contact),
                _ => None,
            })
            .await;
        fetch_and_change(watching, bob, shown, first).await;
    } else {
        fetch_and_change(alice, bob, shown, first).await;
    }
}

async fn fetch_and_change(
    mut alice: Person,
    bob: Person,
    shown: msnp_client::Contact,
    first: Picture,
) {
    let fetched = alice.client.fetch_picture(&shown).await.unwrap();
    assert_eq!(&fetched, first.data());
    let object = |contact: &msnp_client::Contact| contact.presence.as_ref()?.picture();
    let before = object(&shown);

    let second = Picture::new(data(3)).unwrap();
    bob.client.set_picture(Some(second.clone())).await.unwrap();
    let changed = alice
        .until(|event| match event {
            Event::Presence(contact) if object(&contact) != before => Some(contact),
            _ => None,
        })
        .await;
    let fetched = alice.client.fetch_picture(&changed).await.unwrap();
    assert_eq!(&fetched, second.data());
    // Whoever asks late for the one before gets it, too.
    assert_eq!(
        &alice.client.fetch_picture(&shown).await.unwrap(),
        first.data()
    );

    bob.client.set_picture(None).await.unwrap();
    let bare = alice
        .until(|event| match event {
            Event::Presence(contact) if object(&contact).is_none() => Some(contact),
            _ => None,
        })
        .await;
    let nothing = alice.client.fetch_picture(&bare).await.unwrap_err();
    assert!(matches!(nothing, Error::NoPicture), "{nothing}");
}

#[tokio::test]
async fn a_file_is_taken_while_they_talk() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;
    let chat = alice.client.chat_with(&handle("bob")).await.unwrap();
    let file = data(300_000);
    let sending = {
        let (chat, file) = (chat.clone(), file.clone());
        tokio::spawn(async move {
            chat.send_file(&handle("bob"), "/tmp/notes & so.txt", file)
                .await
        })
    };
    let offer = offer(&mut bob).await;
    let told = (offer.from(), offer.name(), offer.size());
    assert_eq!(told, (&handle("alice"), "notes & so.txt", 300_000));
    let taking = tokio::spawn(offer.accept());
    chat.send("how is it coming?").await.unwrap();
    bob.until(|event| matches!(event, Event::Message { .. }).then_some(()))
        .await;
    assert_eq!(taking.await.unwrap().unwrap(), file);
    sending.await.unwrap().unwrap();
}

/// A file that is made as it is read, and counts how much of it was.
struct Made {
    read: Arc<AtomicUsize>,
    ends_at: usize,
}

impl AsyncRead for Made {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let at = self.read.load(Ordering::Relaxed);
        let length = buffer.remaining().min(self.ends_at - at).min(10_000);
        buffer.put_slice(&data(at + length)[at..]);
        self.read.fetch_add(length, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_file_goes_from_disk_to_disk() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
    std::fs::write(&from, data(300_000)).unwrap();
    let chat = alice.client.chat_with(&handle("bob")).await.unwrap();
    let source = tokio::fs::File::open(&from).await.unwrap();
    let bobs = handle("bob");
    let sending = chat.send_file_from(&bobs, "from", 300_000, source);
    let taking = async {
        let offer = offer(&mut bob).await;
        let file = tokio::fs::File::create(&to).await.unwrap();
        offer.accept_into(file).await
    };
    let (sent, taken) = tokio::join!(sending, taking);
    sent.unwrap();
    taken.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), data(300_000));
}

#[tokio::test]
async fn a_file_is_read_when_it_is_wanted_and_no_further_than_it_goes() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;
    let chat = alice.client.chat_with(&handle("bob")).await.unwrap();
    let read = Arc::new(AtomicUsize::new(0));
    let source = Made {
        read: Arc::clone(&read),
        ends_at: 400_000,
    };
    let sending = {
        let chat = chat.clone();
        tokio::spawn(async move {
            chat.send_file_from(&handle("bob"), "a", 500_000, source)
                .await
        })
    };
    let offer = offer(&mut bob).await;
    assert_eq!(read.load(Ordering::Relaxed), 0, "nobody has said yes");
    let taken = offer.accept_into(tokio::io::sink()).await.unwrap_err();
    let sent = sending.await.unwrap().unwrap_err();
    assert!(matches!(sent, Error::File(_)), "{sent}");
    assert!(
        matches!(taken, Error::Transfer(Failure::Cancelled)),
        "{taken}"
    );
}

#[tokio::test]
async fn whoever_cannot_write_a_file_or_gives_it_up_ends_it() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;
    let chat = alice.client.chat_with(&handle("bob")).await.unwrap();
    let send = || {
        let chat = chat.clone();
        tokio::spawn(async move { chat.send_file(&handle("bob"), "a", data(900_000)).await })
    };
    // As full as a disk can be.
    let full = io::Cursor::new(vec![0; 5000].into_boxed_slice());
    let sending = send();
    let taken = offer(&mut bob).await.accept_into(full).await;
    assert!(matches!(taken, Err(Error::File(_))), "{taken:?}");
    let sent = sending.await.unwrap().unwrap_err();
    assert!(
        matches!(sent, Error::Transfer(Failure::Cancelled)),
        "{sent}"
    );

    let sending = send();
    let taking = tokio::spawn(offer(&mut bob).await.accept());
    sending.abort();
    let taken = taking.await.unwrap().unwrap_err();
    assert!(
        matches!(taken, Error::Transfer(Failure::Cancelled)),
        "{taken}"
    );
    // The conversation goes on.
    chat.send("still there?").await.unwrap();
}

#[tokio::test]
async fn a_file_is_declined_and_a_sender_may_leave() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let alice = house.sign_in("alice").await;
    let mut bob = house.sign_in("bob").await;
    let chat = alice.client.chat_with(&handle("bob")).await.unwrap();
    let bobs = handle("bob");
    let (sent, offered) = tokio::join!(chat.send_file(&bobs, "a", data(10)), async {
        drop(offer(&mut bob).await);
    });
    let () = offered;
    let declined = sent.unwrap_err();
    assert!(
        matches!(declined, Error::Transfer(Failure::Declined)),
        "{declined}"
    );

    let sending = {
        let chat = chat.clone();
        tokio::spawn(async move { chat.send_file(&handle("bob"), "a", data(10)).await })
    };
    let offer = offer(&mut bob).await;
    chat.leave().await;
    let left = sending.await.unwrap().unwrap_err();
    assert!(matches!(left, Error::Transfer(Failure::Left)), "{left}");
    let gone = offer.accept().await.unwrap_err();
    assert!(
        matches!(gone, Error::Transfer(Failure::Left) | Error::Chat(_)),
        "{gone}"
    );
}
