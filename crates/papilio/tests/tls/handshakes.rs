//! Whole handshakes, and what goes over them.

use openssl::ssl::SslVersion;

use crate::client::{Client, ask};
use crate::house::{House, MODERN_NAME, OLD_NAME};

#[tokio::test]
async fn every_version_and_cipher_that_old_clients_have() {
    let house = House::open().await;
    for (version, cipher, name) in [
        (SslVersion::SSL3, "RC4-MD5", "SSLv3"),
        (SslVersion::SSL3, "RC4-SHA", "SSLv3"),
        (SslVersion::SSL3, "DES-CBC3-SHA", "SSLv3"),
        (SslVersion::TLS1, "RC4-MD5", "TLSv1"),
        (SslVersion::TLS1, "RC4-SHA", "TLSv1"),
        (SslVersion::TLS1, "DES-CBC3-SHA", "TLSv1"),
        (SslVersion::TLS1, "AES128-SHA", "TLSv1"),
        (SslVersion::TLS1, "ECDHE-RSA-AES256-SHA", "TLSv1"),
        (SslVersion::TLS1_1, "AES256-SHA", "TLSv1.1"),
        (SslVersion::TLS1_2, "AES128-SHA256", "TLSv1.2"),
        (SslVersion::TLS1_2, "ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2"),
    ] {
        // Old clients verify the chain, too.
        let client = Client::old(version, cipher).trusting(house.root());
        let mut stream = client.connect(house.address).await.unwrap();
        assert_eq!(stream.ssl().version_str(), name);
        assert_eq!(stream.ssl().current_cipher().unwrap().name(), cipher);
        for _ in 0..2 {
            assert_eq!(ask(&mut stream).await, "OldTls", "{name} {cipher}");
        }
    }
}

#[tokio::test]
async fn clients_of_today_find_nothing_wrong_with_either_name() {
    let house = House::open().await;
    for (name, transport) in [
        (OLD_NAME, "OldTls"),
        ("byrdr.omega.contacts.msn.com", "OldTls"),
        (MODERN_NAME, "ModernTls"),
        ("localhost", "ModernTls"),
    ] {
        let client = Client::modern(name).trusting(house.root());
        assert_eq!(client.ask(house.address).await, transport, "{name}");
        let client = Client {
            versions: (SslVersion::TLS1_2, SslVersion::TLS1_2),
            ..client
        };
        assert_eq!(client.ask(house.address).await, transport, "{name}");
    }
    let stranger = Client::modern("www.example.com").trusting(house.root());
    let error = stranger.connect(house.address).await.unwrap_err();
    assert!(
        error.to_string().contains("certificate verify failed"),
        "{error}"
    );
}
