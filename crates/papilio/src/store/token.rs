//! What somebody must show to be let in: random, handed out once, kept as a hash alone.
//!
//! What is hashed has 80 bits of chance or more, so nobody finds it by trying and the hash needs no
//! salt and no delay.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// 256 random bits: the cookie of a browser's session, the token of a link.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one.
    pub fn random() -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// Reads one; `None` if it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (text.len() == LENGTH && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// The secret itself: for whom it was made, and nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Another secret that follows from this one, for one purpose: in hexadecimal digits. It tells nobody
    /// this one, nor what is kept of it.
    pub fn derive(&self, purpose: &str) -> String {
        hash(&format!("{purpose}:{}", self.0))
    }

    /// What is kept of it.
    pub(super) fn hash(&self) -> String {
        hash(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// The SHA-256 of a secret in hexadecimal digits.
pub(super) fn hash(secret: &str) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(secret.as_bytes()) {
        digits += &format!("{byte:02x}");
    }
    digits
}

/// 32 bytes in base64.
const LENGTH: usize = 43;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_its_text_and_no_other_text_is_one() {
        let token = Token::random();
        assert_eq!(Token::parse(token.expose()), Some(token.clone()));
        assert_ne!(token, Token::random());
        let short = &token.expose()[1..];
        for text in ["", short, &format!("{short}="), &format!("{short}aa")] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let token = Token::random();
        assert_eq!(format!("{token:?}"), "Token");
        assert!(!token.hash().contains(token.expose()));
        assert_ne!(token.derive("form"), token.hash());
        assert_ne!(token.derive("form"), token.derive("other"));
        assert_eq!(
            hash("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
