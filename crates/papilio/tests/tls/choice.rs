//! Which rules hold for which name.

use openssl::ssl::SslVersion;
use papilio::tls::probe::{Offer, Reply};

use crate::client::Client;
use crate::hellos::answer;
use crate::house::{House, MODERN_NAME, OLD_NAME};

const RANDOM: [u8; 32] = [7; 32];

#[tokio::test]
async fn a_modern_name_is_not_spoken_to_in_the_old_way() {
    let house = House::open().await;
    // SSLv3 has no alert of its own for versions.
    let offers = |name: &str| {
        [
            (Offer::of(0x0300, 0x0005).to(name), 40),
            (Offer::of(0x0301, 0x0005).to(name), 70),
            (Offer::of(0x0301, 0x002f).to(name), 70),
            (Offer::of(0x0302, 0x002f).to(name), 70),
            (Offer::of(0x0303, 0x0005).to(name), 40),
            (Offer::of(0x0303, 0x000a).to(name), 40),
            (Offer::of(0x0303, 0x002f).to(name), 40),
        ]
    };
    for (offer, alert) in offers("Chat.Example.Org") {
        let reply = answer(house.address, &offer.bytes(RANDOM)).await;
        assert_eq!(reply, Reply::Refused(alert), "{offer:?}");
    }
    for (offer, _) in offers(OLD_NAME).into_iter().chain(offers("192.0.2.1")) {
        let reply = answer(house.address, &offer.bytes(RANDOM)).await;
        assert!(matches!(reply, Reply::Agreed(_)), "{offer:?}: {reply:?}");
    }
}

#[tokio::test]
async fn requests_know_by_which_rules_they_came() {
    let house = House::with(|config| {
        config.tls.names = vec!["*.people.example".to_owned()];
    })
    .await;
    for (client, transport) in [
        (Client::old(SslVersion::TLS1, "RC4-SHA"), "OldTls"),
        (Client::modern(OLD_NAME), "OldTls"),
        (Client::modern("a.people.example"), "ModernTls"),
        // It is advertised, but others are named: patched clients ask for it.
        (Client::modern(MODERN_NAME), "OldTls"),
        (
            Client::old(SslVersion::TLS1, "RC4-SHA").to(MODERN_NAME),
            "OldTls",
        ),
    ] {
        assert_eq!(client.ask(house.address).await, transport);
    }
}
