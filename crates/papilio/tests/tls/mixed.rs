//! One port for everything, and those who do not behave on it.

use std::time::Duration;

use openssl::ssl::SslVersion;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::house::{House, MODERN_NAME};

async fn plain(house: &House) -> String {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

async fn all_is_well(house: &House) {
    assert_eq!(plain(house).await, "Plain");
    let old = Client::old(SslVersion::TLS1, "RC4-SHA");
    assert_eq!(old.ask(house.address).await, "OldTls");
    assert_eq!(
        Client::modern(MODERN_NAME).ask(house.address).await,
        "ModernTls"
    );
}

#[tokio::test]
async fn plain_and_both_kinds_of_tls_share_a_port() {
    let house = House::open().await;
    all_is_well(&house).await;
}

#[tokio::test]
async fn those_who_say_nothing_half_or_rubbish_are_in_nobodys_way() {
    let house = House::with(|config| config.tls.handshake_deadline = None).await;
    let mut open = Vec::new();
    let whole = papilio::tls::probe::Offer::of(0x0301, 5).bytes([7; 32]);
    for said in [
        &b""[..],
        b"\x16",
        b"\x80",
        &whole[..20],
        // Whole, and then silence in the middle of the handshake.
        &whole,
        b"GET / HT",
    ] {
        for _ in 0..20 {
            let mut stream = TcpStream::connect(house.address).await.unwrap();
            stream.write_all(said).await.unwrap();
            open.push(stream);
        }
    }
    all_is_well(&house).await;
    for rubbish in [
        &b"\x16\x03\x01\x00\x05hello"[..],
        b"\x16\x02\x00\x00\x00\x00",
        b"\x80\x05\x09\x00\x00\x00\x00",
        b"\xff\xff\xff\xff",
        &[0x16; 100],
    ] {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(rubbish).await.unwrap();
        let mut answer = Vec::new();
        // However it ends, it ends.
        let _ended = stream.read_to_end(&mut answer).await;
        assert!(answer.len() < 100, "{answer:?}");
    }
    all_is_well(&house).await;
    drop(open);
}

/// A hello of 20000 bytes would be none that a client says.
#[tokio::test]
async fn a_hello_without_end_is_cut_off() {
    let house = House::with(|config| config.tls.handshake_deadline = None).await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let mut hello = vec![0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff];
    hello.resize(5 + 0x4000, 0);
    stream.write_all(&hello).await.unwrap();
    let _ended = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn a_handshake_has_a_deadline() {
    let soon = Some(Duration::from_millis(50));
    let house = House::with(|config| config.tls.handshake_deadline = soon).await;
    for said in [1, 20, usize::MAX] {
        let hello = papilio::tls::probe::Offer::of(0x0301, 5).bytes([7; 32]);
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        let said = said.min(hello.len());
        stream.write_all(&hello[..said]).await.unwrap();
        // Nothing else would end it.
        let _ended = stream.read_to_end(&mut Vec::new()).await;
    }
}

#[tokio::test]
async fn the_end_does_not_wait_for_handshakes() {
    let house = House::with(|config| {
        config.tls.handshake_deadline = None;
        config.http.idle = None;
    })
    .await;
    let silent = TcpStream::connect(house.address).await.unwrap();
    let mut half = TcpStream::connect(house.address).await.unwrap();
    half.write_all(b"\x16\x03").await.unwrap();
    // Both are known to the server by now: it takes them in order.
    all_is_well(&house).await;
    house.stop.send(()).unwrap();
    house.serving.await.unwrap();
    drop((silent, half));
}
