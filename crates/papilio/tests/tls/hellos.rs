//! Hellos byte by byte, and what the server answers in the open: version, cipher, certificate.

use std::net::SocketAddr;

use papilio::tls::probe::{Reply, Signature};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::house::House;

/// 32 bytes that a client would have made up.
const RANDOM: &str = "45 6d 1c 0a 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 00 01 02 03 04 05 06 07 08 09 0a 0b 0c";

/// In the format of SSLv2, for TLS 1.0: `RC4-SHA` alone, and a challenge of 16 bytes.
const SSLV2_FORMAT: &str = "80 1c 01 03 01 00 03 00 00 00 10  00 00 05 \
     00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f";

/// The same for SSLv2 itself, with a suite of its own.
const SSLV2_ITSELF: &str = "80 1c 01 00 02 00 03 00 00 00 10  01 00 80 \
     00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f";

/// SSLv3 with `RC4-SHA`: no extensions, for there were none.
fn sslv3() -> String {
    format!("16 03 00 00 2d  01 00 00 29  03 00 {RANDOM} 00  00 02 00 05  01 00")
}

/// TLS 1.0 with one suite.
fn tls_1_0(suite: &str) -> String {
    format!("16 03 01 00 2d  01 00 00 29  03 01 {RANDOM} 00  00 02 {suite}  01 00")
}

/// TLS 1.2 with `AES128-SHA` and, behind it, these extensions.
fn tls_1_2(length: u8, extensions: &str) -> String {
    let (body, message) = (0x2b + length, 0x2f + length);
    format!(
        "16 03 01 00 {message:02x}  01 00 00 {body:02x}  03 03 {RANDOM} 00  00 02 00 2f  01 00  \
         00 {length:02x} {extensions}"
    )
}

/// TLS 1.3: versions, signatures, groups, and a key of X25519, which any number is.
fn tls_1_3() -> String {
    let key = "09".to_owned() + &" 00".repeat(31);
    format!(
        "16 03 01 00 72  01 00 00 6e  03 03 {RANDOM} 00  00 02 13 01  01 00  00 43 \
         00 2b 00 03 02 03 04   00 0d 00 06 00 04 08 04 04 01   00 0a 00 04 00 02 00 1d \
         00 33 00 26 00 24 00 1d 00 20 {key}"
    )
}

#[tokio::test]
async fn every_version_and_every_format_is_answered_in_kind() {
    let house = House::open().await;
    let signatures = "00 0d 00 04 00 02 04 01";
    for (hello, version, cipher, signature) in [
        (
            SSLV2_FORMAT.to_owned(),
            0x0301,
            0x0005,
            Some(Signature::Sha1),
        ),
        (sslv3(), 0x0300, 0x0005, Some(Signature::Sha1)),
        (tls_1_0("00 05"), 0x0301, 0x0005, Some(Signature::Sha1)),
        (tls_1_0("00 04"), 0x0301, 0x0004, Some(Signature::Sha1)),
        (tls_1_0("00 0a"), 0x0301, 0x000a, Some(Signature::Sha1)),
        (tls_1_0("00 2f"), 0x0301, 0x002f, Some(Signature::Sha1)),
        // Whoever says nothing of signatures knows SHA-1 alone, whatever the version.
        (tls_1_2(0, ""), 0x0303, 0x002f, Some(Signature::Sha1)),
        (
            tls_1_2(8, signatures),
            0x0303,
            0x002f,
            Some(Signature::Sha256),
        ),
        (tls_1_3(), 0x0304, 0x1301, None),
    ] {
        let Reply::Agreed(agreed) = answer(house.address, &bytes(&hello)).await else {
            panic!("{hello}: {:?}", answer(house.address, &bytes(&hello)).await);
        };
        let got = (agreed.version, agreed.cipher, agreed.signature);
        assert_eq!(got, (version, cipher, signature), "{hello}");
    }
}

#[tokio::test]
async fn what_is_too_weak_for_anybody_is_refused() {
    let house = House::open().await;
    for (hello, alert) in [
        // DES with 56 bits, RC4 with 40, and no cipher at all.
        (tls_1_0("00 09"), 40),
        (tls_1_0("00 03"), 40),
        (tls_1_0("00 02"), 40),
        // Without a certificate.
        (tls_1_0("00 18"), 40),
        (SSLV2_ITSELF.to_owned(), 70),
    ] {
        let reply = answer(house.address, &bytes(&hello)).await;
        assert_eq!(reply, Reply::Refused(alert), "{hello}");
    }
}

/// What a server answers to these bytes.
pub(crate) async fn answer(address: SocketAddr, hello: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(hello).await.unwrap();
    let mut answer = Vec::new();
    loop {
        let read = stream.read_buf(&mut answer).await.unwrap_or(0);
        let reply = Reply::read(&answer);
        if read == 0 || reply != Reply::Incomplete {
            return reply;
        }
    }
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
