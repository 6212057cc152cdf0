//! Hellos as old clients say them, and how a server answers: the way to know that it still does
//! (services-other, 9). A library that drops SSLv3 or RC4 says nothing of it; this does.
//!
//! ```text
//!   Offer -> bytes -> a server -> bytes -> Reply: version, cipher, how the certificate is signed
//! ```
//!
//! Everything is put together and taken apart by hand: no library that is still made would say it.

use super::hello::{Cipher, Version};

/// One version and one cipher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// In which form it is said.
    pub format: Format,
    /// The version: 0x0300 is SSLv3, 0x0304 TLS 1.3.
    pub version: u16,
    /// The cipher.
    pub cipher: u16,
    /// The host asked for, if one is.
    pub server_name: Option<String>,
}

/// The form of a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As SSLv2 said it, for something later.
    SslV2,
    /// As everybody has said it since, without extensions where they can be done without.
    Records,
}

/// How a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// There is more to come.
    Incomplete,
    /// It agrees.
    Agreed(Agreement),
    /// It refuses, with the number of an alert: 40 is that it has nothing to agree upon, 70 that the
    /// version is none it speaks.
    Refused(u8),
    /// It speaks of something else.
    Nonsense,
}

/// What a server agrees to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The version.
    pub version: u16,
    /// The cipher.
    pub cipher: u16,
    /// How its certificate is signed. TLS 1.3 does not show it in the open.
    pub signature: Option<Signature>,
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// RSA with SHA-1: all that Windows XP knows before its third service pack.
    Sha1,
    /// RSA with SHA-256.
    Sha256,
    /// In another way.
    Other,
}

impl Offer {
    /// An offer in records, without a name.
    pub fn of(version: u16, cipher: u16) -> Self {
        Self {
            format: Format::Records,
            version,
            cipher,
            server_name: None,
        }
    }

    /// The same, in another form.
    pub fn in_format(self, format: Format) -> Self {
        Self { format, ..self }
    }

    /// The same, with a name.
    pub fn to(self, server_name: &str) -> Self {
        Self {
            server_name: Some(server_name.to_owned()),
            ..self
        }
    }

    /// The bytes to send. `random` is what makes one hello different from another.
    pub fn bytes(&self, random: [u8; 32]) -> Vec<u8> {
        match self.format {
            Format::SslV2 => self.sslv2(random),
            Format::Records => self.records(random),
        }
    }

    fn sslv2(&self, random: [u8; 32]) -> Vec<u8> {
        let mut body = vec![1];
        for number in [self.version, 3, 0, 16] {
            body.extend(number.to_be_bytes());
        }
        body.push(0);
        body.extend(self.cipher.to_be_bytes());
        body.extend(&random[..16]);
        let mut hello = (0x8000 | length(&body)).to_be_bytes().to_vec();
        hello.extend(body);
        hello
    }

    fn records(&self, random: [u8; 32]) -> Vec<u8> {
        let mut body = self.version.min(0x0303).to_be_bytes().to_vec();
        body.extend(random);
        body.extend([0, 0, 2]);
        body.extend(self.cipher.to_be_bytes());
        body.extend([1, 0]);
        let extensions = self.extensions();
        if !extensions.is_empty() {
            body.extend(counted(&extensions));
        }
        let mut message = vec![1, 0];
        message.extend(counted(&body));
        let mut hello = vec![0x16];
        hello.extend(self.version.min(0x0301).to_be_bytes());
        hello.extend(counted(&message));
        hello
    }

    fn extensions(&self) -> Vec<u8> {
        let mut extensions = Vec::new();
        let mut add = |kind: u16, content: &[u8]| {
            extensions.extend(kind.to_be_bytes());
            extensions.extend(counted(content));
        };
        if let Some(name) = &self.server_name {
            let mut entry = vec![0];
            entry.extend(counted(name.as_bytes()));
            add(0, &counted(&entry));
        }
        if self.version >= 0x0303 {
            // Elliptic curves, and signatures: RSA with SHA-256 in both of its forms, and SHA-384, SHA-1.
            add(10, &[0, 4, 0, 29, 0, 23]);
            add(11, &[1, 0]);
            add(13, &[0, 10, 4, 3, 8, 4, 4, 1, 5, 1, 2, 1]);
        }
        if self.version >= 0x0304 {
            add(43, &[2, 3, 4]);
            // Any number is a key of X25519; this one is that of everybody who is only asking.
            let mut share = vec![0, 36, 0, 29, 0, 32, 9];
            share.resize(38, 0);
            add(51, &share);
        }
        extensions
    }
}

impl Reply {
    /// Reads as much as a server has answered.
    pub fn read(mut bytes: &[u8]) -> Self {
        let mut messages = Vec::new();
        while let Some((head, rest)) = bytes.split_at_checked(5) {
            let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
            let Some((content, rest)) = rest.split_at_checked(length) else {
                break;
            };
            match (head[0], content) {
                (22, _) => messages.extend_from_slice(content),
                (21, [_, alert]) => return Self::Refused(*alert),
                // What follows is enciphered.
                (20 | 23, _) => break,
                _ => return Self::Nonsense,
            }
            bytes = rest;
        }
        if bytes.first().is_some_and(|kind| !(20..=23).contains(kind)) {
            return Self::Nonsense;
        }
        let mut agreed = None;
        let mut left = messages.as_slice();
        while let Some((kind, body, rest)) = next_message(left) {
            match kind {
                2 => match server_hello(body) {
                    Some(found) if found.version == 0x0304 => return Self::Agreed(found),
                    Some(found) => agreed = Some(found),
                    None => return Self::Nonsense,
                },
                11 => {
                    return match (agreed, first_certificate(body)) {
                        (Some(agreed), Some(certificate)) => Self::Agreed(Agreement {
                            signature: signature_of(certificate),
                            ..agreed
                        }),
                        _ => Self::Nonsense,
                    };
                }
                _ => {}
            }
            left = rest;
        }
        Self::Incomplete
    }
}

impl std::fmt::Display for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", Version(self.version), Cipher(self.cipher))?;
        match self.signature {
            Some(Signature::Sha1) => f.write_str(", certificate signed with SHA-1"),
            Some(Signature::Sha256) => f.write_str(", certificate signed with SHA-256"),
            Some(Signature::Other) | None => Ok(()),
        }
    }
}

fn next_message(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, a, b, c], rest) = bytes.split_first_chunk()?;
    let (body, rest) = rest.split_at_checked(u32::from_be_bytes([0, a, b, c]) as usize)?;
    Some((kind, body, rest))
}

fn server_hello(body: &[u8]) -> Option<Agreement> {
    let short = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
    let after_session = 35 + usize::from(*body.get(34)?);
    let mut version = short(0)?;
    let cipher = short(after_session)?;
    let mut at = after_session + 5;
    while let (Some(kind), Some(length)) = (short(at), short(at + 2)) {
        if kind == 43 {
            version = short(at + 4)?;
        }
        at += 4 + usize::from(length);
    }
    Some(Agreement {
        version,
        cipher,
        signature: None,
    })
}

fn first_certificate(body: &[u8]) -> Option<&[u8]> {
    let &[a, b, c] = body.get(3..)?.first_chunk()?;
    body.get(6..6 + u32::from_be_bytes([0, a, b, c]) as usize)
}

/// A certificate is a sequence of what is signed, how, and the signature.
fn signature_of(certificate: &[u8]) -> Option<Signature> {
    let (inside, _) = value(certificate)?;
    let (_signed, rest) = value(inside)?;
    let (how, _) = value(rest)?;
    let (name, _) = value(how)?;
    Some(match name {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5] => Signature::Sha1,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11] => Signature::Sha256,
        _ => Signature::Other,
    })
}

/// The first value of DER, and what follows it.
fn value(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[_, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match usize::from(first) {
        length @ ..0x80 => (length, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long & 0x7f)?;
            let digits = digits.iter().filter(|_| digits.len() <= 4);
            (
                digits.fold(0, |sum, &digit| sum << 8 | usize::from(digit)),
                rest,
            )
        }
    };
    rest.split_at_checked(length)
}

fn counted(content: &[u8]) -> Vec<u8> {
    let mut counted = length(content).to_be_bytes().to_vec();
    counted.extend(content);
    counted
}

/// Nothing here is as long as a length can say; only a name could be, and then the server refuses it.
fn length(content: &[u8]) -> u16 {
    u16::try_from(content.len()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::hello::{self, Progress};

    #[test]
    fn what_is_said_is_what_is_heard() {
        for offer in [
            Offer::of(0x0300, 5),
            Offer::of(0x0301, 10).to("login.live.com"),
            Offer::of(0x0301, 5).in_format(Format::SslV2),
            Offer::of(0x0303, 0xc02f).to("a.example"),
            Offer::of(0x0304, 0x1301),
        ] {
            let Progress::Whole(hello) = hello::read(&offer.bytes([7; 32])) else {
                panic!("{offer:?}");
            };
            assert_eq!(hello.highest(), offer.version);
            assert_eq!(hello.ciphers, [offer.cipher]);
            assert_eq!(hello.server_name, offer.server_name);
            assert_eq!(hello.is_sslv2_format, offer.format == Format::SslV2);
            assert_eq!(hello.names_signatures, offer.version >= 0x0303);
        }
    }

    #[test]
    fn alerts_and_other_things() {
        assert_eq!(Reply::read(&[21, 3, 1, 0, 2, 2, 40]), Reply::Refused(40));
        assert_eq!(Reply::read(&[21, 3, 1, 0, 2, 2]), Reply::Incomplete);
        assert_eq!(Reply::read(&[]), Reply::Incomplete);
        assert_eq!(Reply::read(b"HTTP/1.1 400 Bad Request"), Reply::Nonsense);
        assert_eq!(
            Reply::read(&[22, 3, 1, 0, 5, 2, 0, 0, 1, 3]),
            Reply::Nonsense
        );
    }
}
