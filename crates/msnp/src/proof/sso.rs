//! Single sign-on, `USR SSO`: the client presents a ticket, and proves that it has the secret which
//! came with it (wire-versions, 2.1; transcripts-14-15, 3).
//!
//! ```text
//!   USR 3 SSO I handle                     ->
//!   <-  USR 3 SSO S MBI_KEY_OLD nonce          the policy to ask the ticket with
//!   (the client gets a ticket and its secret from the sign-in service)
//!   USR 4 SSO S t=ticket&p= response       ->
//!
//!   response = base64 of 128 bytes:
//!   | 28 | 1 | 0x6603 | 0x8004 | 8 | 20 | 72 |  iv  |    hash     |       cipher       |
//!   |       seven little-endian u32          |  8   |     20      |         72         |
//!
//!   hash   = HMAC-SHA1(key "HASH" of the secret, nonce)
//!   cipher = 3DES-CBC(key "ENCRYPTION" of the secret, iv, nonce + eight bytes 8)
//! ```
//!
//! The client chooses nothing but the `iv`, so whoever has the secret can make the response anew and
//! compare it whole: that covers the numbers in front as well.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cbc::cipher::{Block, BlockModeEncrypt, KeyIvInit};
use des::TdesEde3;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::wire::param::Param;

/// With which policy a client asks the ticket for `messengerclear.live.com`.
pub const POLICY: &str = "MBI_KEY_OLD";

/// The secret of a ticket: `BinarySecret` before base64.
pub type Secret = [u8; 24];

/// What the server draws for each `USR I`: 64 characters, which are used as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce([u8; NONCE]);

impl Nonce {
    /// Random bytes as a nonce.
    pub fn new(random: [u8; 48]) -> Self {
        let mut text = [0; NONCE];
        // 48 bytes are 64 characters exactly.
        let _length = BASE64.encode_slice(random, &mut text);
        Self(text)
    }

    /// Reads the nonce of a server. `None` when it has not 64 characters.
    pub fn parse(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// As it travels.
    pub fn to_param(&self) -> Param {
        Param::word(&String::from_utf8_lossy(&self.0))
    }

    /// What a client answers: 172 characters. `iv` is random.
    pub fn response(&self, secret: &Secret, iv: [u8; 8]) -> Response {
        Response(BASE64.encode(self.blob(secret, iv)).into())
    }

    /// Whether this is the answer of somebody who has the secret.
    pub fn is_answered(&self, response: &Response, secret: &Secret) -> bool {
        let mut blob = [0; BLOB];
        if BASE64.decode_slice(response.as_str(), &mut blob) != Ok(BLOB) {
            return false;
        }
        let mut iv = [0; 8];
        iv.copy_from_slice(&blob[HEADER..HEADER + 8]);
        self.blob(secret, iv).ct_eq(&blob).into()
    }

    fn blob(&self, secret: &Secret, iv: [u8; 8]) -> [u8; BLOB] {
        let hash = mac(&derived(secret, HASH), &[&self.0]);
        let cipher = encrypted(&derived(secret, ENCRYPTION), iv, &self.0);
        let numbers = [HEADER, CBC, TRIPLE_DES, SHA_1, iv.len(), hash.len(), CIPHER];
        let header = numbers.map(|number| (number as u32).to_le_bytes());
        let parts = [header.as_flattened(), &iv, &hash, &cipher];
        let mut blob = [0; BLOB];
        for (place, byte) in blob.iter_mut().zip(parts.concat()) {
            *place = byte;
        }
        blob
    }
}

/// The second field behind `USR SSO S`, as the client sent it. As good as a password for as long as
/// its nonce holds: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Response(Box<str>);

impl Response {
    /// Takes one field of a line; whether it is a right one, [`Nonce::is_answered`] says.
    pub fn new(field: &Param) -> Self {
        Self(field.as_str().into())
    }

    /// As it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Response(..)")
    }
}

/// A key for one purpose, derived as WS-Trust does: P_SHA1 of `purpose`, 24 bytes.
fn derived(secret: &Secret, purpose: &[u8]) -> [u8; 24] {
    let first = mac(secret, &[purpose]);
    let second = mac(secret, &[&first]);
    let mut key = [0; 24];
    key[..20].copy_from_slice(&mac(secret, &[&first, purpose]));
    key[20..].copy_from_slice(&mac(secret, &[&second, purpose])[..4]);
    key
}

fn mac(key: &[u8; 24], parts: &[&[u8]]) -> [u8; 20] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let mut mac = Hmac::<Sha1>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn encrypted(key: &[u8; 24], iv: [u8; 8], nonce: &[u8; NONCE]) -> [u8; CIPHER] {
    // A whole block of padding, since the nonce fills its own (PKCS#5).
    let mut text = [8; CIPHER];
    text[..NONCE].copy_from_slice(nonce);
    let mut cbc = cbc::Encryptor::<TdesEde3>::new(key.into(), &iv.into());
    for chunk in text.chunks_exact_mut(8) {
        let mut block = Block::<TdesEde3>::default();
        block.copy_from_slice(chunk);
        cbc.encrypt_block(&mut block);
        chunk.copy_from_slice(&block);
    }
    text
}

const HASH: &[u8] = b"WS-SecureConversationSESSION KEY HASH";
const ENCRYPTION: &[u8] = b"WS-SecureConversationSESSION KEY ENCRYPTION";

const NONCE: usize = 64;
const CIPHER: usize = NONCE + 8;
const HEADER: usize = 28;
const BLOB: usize = HEADER + 8 + 20 + CIPHER;

// The names of algorithms, as Windows numbers them.
const CBC: usize = 1;
const TRIPLE_DES: usize = 0x6603;
const SHA_1: usize = 0x8004;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Vector {
        secret: &'static str,
        nonce: &'static str,
        iv: [u8; 8],
        response: &'static str,
    }

    /// wire-versions, 2.1; services-auth, 9; transcripts-14-15, 3b (recorded).
    const VECTORS: [Vector; 3] = [
        Vector {
            secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
            nonce: "ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoOEhYaHiImKi4yNjo+QkZKT",
            iv: [1, 2, 3, 4, 5, 6, 7, 8],
            response: "HAAAAAEAAAADZgAABIAAAAgAAAAUAAAASAAAAAECAwQFBgcItXNIEVaVsP/pv42kC3V5Rrb3wZSoymykwhrkVOciyC/YVMf9sCDJgH6jjPOrjiPmFmEYdaiUmxC6RMg/9Tpgzaa3eFHCTSx4uajw4Av9YO19X2LCY7MHgR0+7d4=",
        },
        Vector {
            secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
            nonce: "MbiNonce0123456789MbiNonce0123456789MbiNonce0123456789MbiNonce01",
            iv: [1, 2, 3, 4, 5, 6, 7, 8],
            response: "HAAAAAEAAAADZgAABIAAAAgAAAAUAAAASAAAAAECAwQFBgcIF70ZdCm6Az3cSW6gPb4PFQUtPZne5+pxviBNErfsomZGj+1dVgThH03/Ee6r/9wgT6/BkmcIduDl26sSaZM3TpwpcWZXrqgtMM5j66mXxcA9dsEGubkJCH8yGTQ=",
        },
        Vector {
            secret: "CzBVep/E6Q4zWH2ix+wRNluApcrvFDle",
            nonce: "sx1Du3EnlDS0sFvdOqiSgjl6Z9rS4Iyu9Bzg6qrT8ixY7XduX5qqKzgFTmUTnuFY",
            iv: [0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0x07, 0x18],
            response: "HAAAAAEAAAADZgAABIAAAAgAAAAUAAAASAAAAKGyw9Tl9gcYM7N5SJAtjPQuGdgEkCYMzbmdJ1Sce1pkBA9AxxzxlsBr3C9HVKeYUg+kN/7vpl1qg3DrqeVREKqiBKuSeFoaT4hw80qjwVJPPMj+dFj+BPdbqjGnUb/zXbTZ4vY=",
        },
    ];

    fn secret(text: &str) -> Secret {
        BASE64.decode(text).unwrap().try_into().unwrap()
    }

    fn response(text: &str) -> Response {
        Response::new(&Param::new(text).unwrap())
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn keys_are_those_of_the_vectors() {
        for (text, hash, encryption) in [
            (
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
                "06af2ac1f46df3fde6e65fef60a13bd21eabb69f09a542c0",
                "2dd0114b936beb17cc1d7fa10191010bb4b7b487404c43e3",
            ),
            (
                "CzBVep/E6Q4zWH2ix+wRNluApcrvFDle",
                "ad0b4fe8f0c6f12963c458ad00335e95ae71c7b610af9819",
                "e0c2b541bb6fc962cc9c6f67b47f42806996b76e6e857427",
            ),
        ] {
            let secret = secret(text);
            assert_eq!(hex(&derived(&secret, HASH)), hash);
            assert_eq!(hex(&derived(&secret, ENCRYPTION)), encryption);
        }
    }

    #[test]
    fn responses_are_those_of_the_vectors() {
        for vector in VECTORS {
            let nonce = Nonce::parse(vector.nonce).unwrap();
            let made = nonce.response(&secret(vector.secret), vector.iv);
            assert_eq!(made.as_str(), vector.response);
            assert!(nonce.is_answered(&made, &secret(vector.secret)));
        }
    }

    #[test]
    fn a_response_answers_one_nonce_of_one_secret() {
        let [
            _,
            _,
            Vector {
                secret: key,
                nonce,
                response: text,
                ..
            },
        ] = VECTORS;
        let (nonce, key) = (Nonce::parse(nonce).unwrap(), secret(key));
        let other = Nonce::parse(VECTORS[0].nonce).unwrap();
        assert!(!other.is_answered(&response(text), &key));
        assert!(!nonce.is_answered(&response(text), &secret(VECTORS[0].secret)));
    }

    #[test]
    fn every_byte_counts() {
        let [
            _,
            _,
            Vector {
                secret: key,
                nonce,
                response: text,
                ..
            },
        ] = VECTORS;
        let (nonce, key) = (Nonce::parse(nonce).unwrap(), secret(key));
        let right = BASE64.decode(text).unwrap();
        for place in 0..right.len() {
            let mut wrong = right.clone();
            wrong[place] ^= 1;
            let wrong = response(&BASE64.encode(wrong));
            assert!(!nonce.is_answered(&wrong, &key), "byte {place}");
        }
        for wrong in [
            BASE64.encode(&right[..127]),
            BASE64.encode([&right[..], b"\0"].concat()),
            text.trim_end_matches('=').to_owned(),
            text.replace('+', "-"),
            "A".to_owned(),
            "=".repeat(172),
        ] {
            assert!(!nonce.is_answered(&response(&wrong), &key), "{wrong}");
        }
    }

    #[test]
    fn nonces_have_64_characters() {
        let nonce = Nonce::new([0xb3; 48]).to_param();
        assert_eq!(nonce.as_str(), "s7Oz".repeat(16));
        assert_eq!(Nonce::parse(nonce.as_str()), Some(Nonce::new([0xb3; 48])));
        assert_eq!(Nonce::parse("MbiNonce"), None);
    }

    #[test]
    fn responses_are_not_shown() {
        let shown = format!("{:?}", response("secret"));
        assert_eq!(shown, "Response(..)");
    }

    proptest! {
        #[test]
        fn whoever_has_the_secret_answers(
            random in prop::array::uniform32(any::<u8>()),
            secret in prop::array::uniform24(any::<u8>()),
            iv in prop::array::uniform8(any::<u8>()),
        ) {
            let mut bytes = [7; 48];
            bytes[..32].copy_from_slice(&random);
            let nonce = Nonce::new(bytes);
            prop_assert!(nonce.is_answered(&nonce.response(&secret, iv), &secret));
        }

        #[test]
        fn nothing_makes_it_panic(text in "[!-~]{1,200}") {
            let nonce = Nonce::new([0; 48]);
            prop_assert!(!nonce.is_answered(&response(&text), &[0; 24]));
        }
    }
}
