//! Pictures and files, through conversations.

use msnp::client::p2p::Failure;
use msnp_client::{Error, Event, FileOffer, Picture};

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
