//! Services over TLS, at a server whose certificates are signed by a certificate authority of its own.

use msnp::roster::Lists;
use msnp_client::{Event, SignInError};

use crate::house::{House, PASSWORD, handle};

#[tokio::test]
async fn who_trusts_its_root_signs_in_and_has_contacts_and_offline_messages() {
    let house = House::encrypted().await;
    house.friends(&["alice", "bob"]).await;
    let connector = || {
        let server = house.server.clone().trusting(house.root());
        house.connector_to(server)
    };
    let alice = house.sign_in_by(connector(), "alice").await;
    let book = alice.client.contacts().await.unwrap();
    let lists = book.find(&handle("bob")).unwrap().lists;
    assert_eq!(lists, Lists::FORWARD | Lists::ALLOW | Lists::REVERSE);
    alice
        .client
        .send_offline(&handle("bob"), "over TLS")
        .await
        .unwrap();
    let mut bob = house.sign_in_by(connector(), "bob").await;
    let message = bob
        .until(|event| match event {
            Event::OfflineMessage(message) => Some(message),
            _ => None,
        })
        .await;
    assert_eq!(
        (message.from, &*message.text),
        (handle("alice"), "over TLS")
    );
}

#[tokio::test]
async fn who_does_not_trust_its_root_sends_no_password() {
    let house = House::encrypted().await;
    house.stranger("alice").await;
    let refused = house
        .connector()
        .sign_in("alice@example.com", PASSWORD)
        .await
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(refused, SignInError::Refused(_)) && refused.to_string().contains("certificate"),
        "{refused:?}"
    );
}
