//! Signing in and out, being signed out, and coming back.

use std::time::Duration;

use msnp_client::{Closing, Error, Event, Reconnecting, SignInError, Status, Version};

use crate::cable::Cable;
use crate::house::{House, PASSWORD, handle};

#[tokio::test]
async fn every_version_signs_in() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let mut alice = house.sign_in("alice").await;
    for version in [Version::MSNP13, Version::MSNP14, Version::MSNP15] {
        let connector = house
            .connector()
            .versions([version])
            .status(Status::Busy)
            .personal_message("& <here>");
        let bob = house.sign_in_by(connector, "bob").await;
        let contact = alice
            .until(|event| match event {
                Event::Presence(contact) if contact.presence.is_some() => Some(contact),
                _ => None,
            })
            .await;
        assert_eq!(
            (contact.handle.as_str(), &*contact.name),
            ("bob@example.com", "bob")
        );
        assert_eq!(contact.presence.unwrap().status, Status::Busy);
        let contact = alice
            .until(|event| match event {
                Event::PersonalMessage(contact) => Some(contact),
                _ => None,
            })
            .await;
        assert_eq!(contact.data.personal_message, "& <here>");
        let seen = bob.client.contacts().await.unwrap();
        assert!(seen.find(&handle("alice")).unwrap().presence.is_some());
        bob.client.sign_out().await;
        alice
            .until(|event| match event {
                Event::Presence(contact) => contact.presence.is_none().then_some(()),
                _ => None,
            })
            .await;
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_wrong_handle_are_told() {
    let house = House::open().await;
    house.stranger("alice").await;
    for (who, password) in [
        ("alice@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
    ] {
        let refused = house.connector().sign_in(who, password).await.unwrap_err();
        let expected = msnp::client::SignInError::WrongPassword;
        assert!(
            matches!(&refused, SignInError::Refused(error) if *error == expected),
            "{refused}"
        );
    }
    let odd = house.connector().sign_in("alice", PASSWORD).await;
    assert!(matches!(odd, Err(SignInError::Handle(_))));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let house = House::open().await;
    let nowhere = msnp_client::Server::new("127.0.0.1").port(1);
    let connector = msnp_client::Client::connect(nowhere);
    let refused = connector.sign_in("alice@example.com", PASSWORD).await;
    assert!(matches!(refused, Err(SignInError::Connect { .. })));
    house.stranger("alice").await;
    let half = house.server.clone().services_at("http://127.0.0.1:1");
    let refused = msnp_client::Client::connect(half)
        .sign_in("alice@example.com", PASSWORD)
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("the sign-in service cannot be asked"),
        "{refused}"
    );
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn https_without_tls_is_told_before_anything_is_sent() {
    let server = msnp_client::Server::new("127.0.0.1").services_at("https://127.0.0.1:1");
    let refused = msnp_client::Client::connect(server)
        .sign_in("alice@example.com", PASSWORD)
        .await;
    assert!(matches!(refused, Err(SignInError::NoTls)));
}

#[tokio::test]
async fn signed_in_elsewhere_is_the_end_and_nobody_comes_back() {
    let house = House::open().await;
    house.stranger("alice").await;
    // Even one that would come back.
    let connector = msnp_client::Client::connect(house.server.clone());
    let mut first = house.sign_in_by(connector, "alice").await;
    let second = house.sign_in("alice").await;
    let reason = first
        .until(|event| match event {
            Event::Disconnected { reason, retry_in } => Some((reason, retry_in)),
            _ => None,
        })
        .await;
    assert_eq!(reason, (Closing::Elsewhere, None));
    assert!(first.events.next().await.is_none(), "the last event");
    assert!(first.client.set_status(Status::Away).await.is_err());
    second.client.set_status(Status::Away).await.unwrap();
}

#[tokio::test]
async fn the_last_handle_ends_the_session() {
    let house = House::open().await;
    house.stranger("alice").await;
    let mut alice = house.sign_in("alice").await;
    let another = alice.client.clone();
    drop(std::mem::replace(&mut alice.client, another.clone()));
    another.set_status(Status::Away).await.unwrap();
    drop((alice.client, another));
    let mut last = None;
    while let Some(event) = alice.events.next().await {
        last = Some(event);
    }
    assert!(matches!(
        last,
        Some(Event::Disconnected {
            reason: Closing::SignedOut,
            retry_in: None
        })
    ));
}

#[tokio::test]
async fn whoever_is_cut_off_comes_back_as_they_were() {
    let house = House::open().await;
    house.friends(&["alice", "bob"]).await;
    let mut alice = house.sign_in("alice").await;
    let cable = Cable::to(house.port).await;
    let connector = msnp_client::Client::connect(house.server.clone().port(cable.port))
        .reconnecting(Reconnecting::Backoff {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(20),
        });
    let mut bob = house.sign_in_by(connector, "bob").await;
    bob.client.set_status(Status::OutToLunch).await.unwrap();
    bob.client.set_personal_message("pie").await.unwrap();
    for _ in 0..3 {
        alice
            .until(|event| match event {
                Event::PersonalMessage(bob) => (bob.data.personal_message == "pie").then_some(()),
                _ => None,
            })
            .await;
        cable.cut();
        let (reason, retry_in) = bob
            .until(|event| match event {
                Event::Disconnected { reason, retry_in } => Some((reason, retry_in)),
                _ => None,
            })
            .await;
        assert_eq!(reason, Closing::Lost);
        assert!(retry_in.is_some());
        bob.until(|event| matches!(event, Event::Reconnected).then_some(()))
            .await;
        let contact = alice
            .until(|event| match event {
                Event::Presence(contact) => contact.presence.clone().map(|_| contact),
                _ => None,
            })
            .await;
        assert_eq!(contact.presence.unwrap().status, Status::OutToLunch);
    }
    assert!(bob.client.chat_with(&handle("alice")).await.is_ok());
}

#[tokio::test]
async fn signing_out_while_cut_off_ends_it() {
    let house = House::open().await;
    house.stranger("bob").await;
    let cable = Cable::to(house.port).await;
    let connector = msnp_client::Client::connect(house.server.clone().port(cable.port))
        .reconnecting(Reconnecting::Backoff {
            first: Duration::from_secs(3600),
            longest: Duration::from_secs(3600),
        });
    let mut bob = house.sign_in_by(connector, "bob").await;
    cable.cut();
    bob.until(|event| matches!(event, Event::Disconnected { .. }).then_some(()))
        .await;
    let error = bob.client.set_status(Status::Away).await.unwrap_err();
    assert!(matches!(error, Error::NotSignedIn), "{error}");
    bob.client.sign_out().await;
    let last = bob.events.next().await;
    let reason = Closing::SignedOut;
    assert!(
        matches!(last, Some(Event::Disconnected { reason: last, retry_in: None }) if last == reason)
    );
    assert!(bob.events.next().await.is_none());
}
