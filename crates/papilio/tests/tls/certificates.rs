//! Certificates that are due, that change, and that the operator brings.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use openssl::x509::X509;
use papilio::config::Config;
use papilio::tls::{Authority, Folder, Renewal, certificate_names};
use tempfile::TempDir;

use crate::client::Client;
use crate::house::{House, MODERN_NAME, OLD_NAME};

/// The certificate that is shown for a name.
async fn shown(house: &House, name: &'static str) -> X509 {
    let stream = Client::modern(name).connect(house.address).await.unwrap();
    stream.ssl().peer_certificate().unwrap()
}

fn days_ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

/// Certificates as this server would have made them then.
fn made(folder: &TempDir, days: i64) -> X509 {
    let config = Config {
        data: folder.path().to_owned(),
        advertise: MODERN_NAME.parse().ok(),
        ..Config::default()
    };
    let names = certificate_names(&config);
    let opened = Folder::of(&config).open(&names, Renewal::Always, days_ago(days));
    opened.unwrap().leaves.sha256
}

#[tokio::test]
async fn what_is_due_at_the_start_is_made_anew_by_the_same_root() {
    let folder = TempDir::new().unwrap();
    let old = made(&folder, 300);
    let house = House::in_folder(folder, |_| {}).await;
    let client = Client::modern(OLD_NAME).trusting(house.root());
    assert_eq!(client.ask(house.address).await, "OldTls");
    assert_ne!(
        shown(&house, OLD_NAME).await.to_der().unwrap(),
        old.to_der().unwrap()
    );
}

#[tokio::test]
async fn what_is_not_due_is_kept() {
    let folder = TempDir::new().unwrap();
    let old = made(&folder, 200);
    let house = House::in_folder(folder, |_| {}).await;
    assert_eq!(
        shown(&house, OLD_NAME).await.to_der().unwrap(),
        old.to_der().unwrap()
    );
}

/// As if the server had run for a year.
#[tokio::test(start_paused = true)]
async fn what_becomes_due_is_made_anew_while_the_server_runs() {
    let house = House::with(|config| {
        config.tls.handshake_deadline = None;
        config.http.idle = None;
    })
    .await;
    let old = made(&house.folder, 300);
    house.acceptor.reload(&house.config).unwrap();
    // Reading it again has seen that it is due.
    let new = shown(&house, OLD_NAME).await.to_der().unwrap();
    assert_ne!(new, old.to_der().unwrap());

    let _old = made(&house.folder, 300);
    let keeping = tokio::spawn(house.acceptor.clone().keep_fresh());
    let mut hours = 0;
    while shown(&house, OLD_NAME).await.to_der().unwrap() == new {
        assert!(hours < 100, "nobody looks");
        tokio::time::sleep(Duration::from_secs(3600)).await;
        hours += 1;
    }
    let client = Client::modern(OLD_NAME).trusting(house.root());
    assert_eq!(client.ask(house.address).await, "OldTls");
    keeping.abort();
}

#[tokio::test]
async fn what_the_operator_brings_is_for_modern_names_alone() {
    let mut house = House::open().await;
    let ours = shown(&house, OLD_NAME).await.to_der().unwrap();
    assert_eq!(shown(&house, MODERN_NAME).await.to_der().unwrap(), ours);

    let brought = Authority::make(Timestamp::now()).unwrap();
    let leaves = brought
        .sign(&[MODERN_NAME.to_owned()], Timestamp::now())
        .unwrap();
    let file = |name: &str, content: &[u8]| {
        std::fs::write(house.folder.path().join(name), content).unwrap();
    };
    let chain = [
        leaves.sha256.to_pem().unwrap(),
        brought.root.to_pem().unwrap(),
    ]
    .concat();
    file("own.pem", &chain);
    file("own.key", &leaves.key.private_key_to_pem_pkcs8().unwrap());
    house.config.tls.certificate = "own.pem".into();
    house.config.tls.key = "own.key".into();
    house.acceptor.reload(&house.config).unwrap();
    assert_eq!(
        shown(&house, MODERN_NAME).await.to_der().unwrap(),
        leaves.sha256.to_der().unwrap()
    );
    assert_eq!(shown(&house, OLD_NAME).await.to_der().unwrap(), ours);

    // What is wrong with it is said, and the old one holds.
    file("own.key", &brought.key.private_key_to_pem_pkcs8().unwrap());
    let error = house
        .acceptor
        .reload(&house.config)
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("own.key: is not the key of the certificate"),
        "{error}"
    );
    file("own.pem", b"x");
    let error = house
        .acceptor
        .reload(&house.config)
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("own.pem: has no certificate in PEM in it"),
        "{error}"
    );
    house.config.tls.certificate = "none.pem".into();
    let error = house
        .acceptor
        .reload(&house.config)
        .unwrap_err()
        .to_string();
    assert!(error.contains("none.pem: No such file"), "{error}");
    assert_eq!(
        shown(&house, MODERN_NAME).await.to_der().unwrap(),
        leaves.sha256.to_der().unwrap()
    );
}
