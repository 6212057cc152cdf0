//! A client's first words over TLS, read by hand: they decide which of our certificates and which of our
//! rules answer, and they tell the operator what a client that failed had offered (services-other, 9).
//!
//! ```text
//!   0x16  version  length | 0x01 length  version random session ciphers compression extensions
//!   1 length  0x01  version  lengths  ciphers session challenge          the form of SSLv2
//! ```
//!
//! Reading is lenient, for OpenSSL reads the same bytes again and is not.

use std::fmt;

/// What a client offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// Whether it came in the form of SSLv2.
    pub is_sslv2_format: bool,
    /// The highest version as the old field says it: 0x0300 is SSLv3, 0x0303 TLS 1.2 and later.
    pub version: u16,
    /// The versions of the extension that came with TLS 1.3.
    pub supported_versions: Vec<u16>,
    /// The suites, in the client's order.
    pub ciphers: Vec<u16>,
    /// The host that the client wants, in lower case (SNI).
    pub server_name: Option<String>,
    /// Whether the client says which signatures it can verify. Who does not knows SHA-1 alone.
    pub names_signatures: bool,
}

/// How far a client's first words have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is more to come.
    Incomplete,
    /// They are whole.
    Whole(Hello),
    /// They are none.
    Nonsense,
}

/// Whether a connection that begins with this byte is one of TLS: no line of HTTP does.
pub fn begins_with(byte: u8) -> bool {
    byte == HANDSHAKE || byte & 0x80 != 0
}

/// Reads as much as has come.
pub fn read(bytes: &[u8]) -> Progress {
    match bytes.first() {
        None => Progress::Incomplete,
        Some(&HANDSHAKE) => match message(bytes) {
            Ok(message) => Cursor(&message).hello().map_or(Progress::Nonsense, whole),
            Err(progress) => progress,
        },
        Some(first) if first & 0x80 != 0 => {
            let Some(&second) = bytes.get(1) else {
                return Progress::Incomplete;
            };
            let length = usize::from(first & 0x7f) << 8 | usize::from(second);
            match bytes.get(2..2 + length) {
                Some(body) => Cursor(body).sslv2().map_or(Progress::Nonsense, whole),
                None if bytes.get(2).is_some_and(|&kind| kind != CLIENT_HELLO) => {
                    Progress::Nonsense
                }
                None => Progress::Incomplete,
            }
        }
        Some(_) => Progress::Nonsense,
    }
}

fn whole(hello: Hello) -> Progress {
    Progress::Whole(hello)
}

impl Hello {
    /// The highest version that is offered.
    pub fn highest(&self) -> u16 {
        let known = |version: &&u16| VERSIONS.iter().any(|(known, _)| known == *version);
        let modern = self.supported_versions.iter().filter(known).max();
        modern.copied().unwrap_or(self.version)
    }

    /// The versions and suites for the log, such as `up to TLS 1.0` and `RC4-MD5 RC4-SHA`.
    pub fn versions_shown(&self) -> String {
        let form = if self.is_sslv2_format {
            ", in the format of SSLv2"
        } else {
            ""
        };
        format!("up to {}{form}", Version(self.highest()))
    }

    /// The first few suites by name, and how many there are beyond.
    pub fn ciphers_shown(&self) -> String {
        let mut shown: Vec<String> = self
            .ciphers
            .iter()
            .filter(|&&cipher| !is_signal(cipher))
            .map(|&cipher| Cipher(cipher).to_string())
            .collect();
        if let Some(beyond) = shown.len().checked_sub(CIPHERS_SHOWN).filter(|&n| n > 0) {
            shown.truncate(CIPHERS_SHOWN);
            shown.push(format!("and {beyond} more"));
        }
        shown.join(" ")
    }
}

/// A version by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match VERSIONS.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "version {:#06x}", self.0),
        }
    }
}

/// A suite by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cipher(pub u16);

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match CIPHERS.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "{:#06x}", self.0),
        }
    }
}

/// The first handshake message, put together from as many records as it takes.
fn message(mut bytes: &[u8]) -> Result<Vec<u8>, Progress> {
    let mut message = Vec::new();
    loop {
        let Some((head, rest)) = bytes.split_at_checked(5) else {
            return Err(Progress::Incomplete);
        };
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if head[0] != HANDSHAKE || head[1] != 3 || length == 0 {
            return Err(Progress::Nonsense);
        }
        let taken = rest.len().min(length);
        message.extend_from_slice(&rest[..taken]);
        if let Some(&[kind, a, b, c]) = message.first_chunk() {
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            if kind != CLIENT_HELLO || length > LONGEST {
                return Err(Progress::Nonsense);
            }
            if let Some(body) = message.get(4..4 + length) {
                return Ok(body.to_vec());
            }
        }
        if taken < length {
            return Err(Progress::Incomplete);
        }
        bytes = &rest[taken..];
    }
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<usize> {
        self.take(1).map(|bytes| usize::from(bytes[0]))
    }

    fn short(&mut self) -> Option<u16> {
        self.take(2)
            .map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// What follows its length, itself of one byte.
    fn counted_by_byte(&mut self) -> Option<&'a [u8]> {
        let length = self.byte()?;
        self.take(length)
    }

    /// What follows its length, itself of two bytes.
    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = self.short()?;
        self.take(length.into())
    }

    fn hello(&mut self) -> Option<Hello> {
        let version = self.short()?;
        self.take(32)?;
        self.counted_by_byte()?;
        let ciphers = shorts(self.counted()?);
        self.counted_by_byte()?;
        let mut hello = Hello {
            version,
            ciphers,
            ..Hello::default()
        };
        // SSLv3 and many of TLS 1.0 end here.
        let mut extensions = Cursor(self.counted().unwrap_or_default());
        while let (Some(kind), Some(content)) = (extensions.short(), extensions.counted()) {
            match kind {
                SERVER_NAME => hello.server_name = Cursor(content).server_name(),
                SIGNATURE_ALGORITHMS => hello.names_signatures = true,
                SUPPORTED_VERSIONS => {
                    let versions = Cursor(content).counted_by_byte();
                    hello.supported_versions = shorts(versions.unwrap_or_default());
                }
                _ => {}
            }
        }
        Some(hello)
    }

    fn server_name(&mut self) -> Option<String> {
        let mut names = Cursor(self.counted()?);
        let kind = names.byte()?;
        let name = names.counted()?;
        let is_host = kind == 0 && (1..=255).contains(&name.len()) && name.is_ascii();
        let name = is_host.then(|| String::from_utf8_lossy(name).to_ascii_lowercase())?;
        Some(name.trim_end_matches('.').to_owned())
    }

    fn sslv2(&mut self) -> Option<Hello> {
        if self.byte()? != usize::from(CLIENT_HELLO) {
            return None;
        }
        let version = self.short()?;
        let length = self.short()?;
        let (_session, _challenge) = (self.short()?, self.short()?);
        let ciphers = self
            .take(length.into())?
            .chunks_exact(3)
            // Suites of SSLv2 itself begin with something else.
            .filter(|suite| suite[0] == 0)
            .map(|suite| u16::from_be_bytes([suite[1], suite[2]]))
            .collect();
        Some(Hello {
            is_sslv2_format: true,
            version,
            ciphers,
            ..Hello::default()
        })
    }
}

fn shorts(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect()
}

/// What stands among the suites and is none: signals, and what clients put in to keep servers supple.
fn is_signal(cipher: u16) -> bool {
    matches!(cipher, 0x00ff | 0x5600) || cipher & 0x0f0f == 0x0a0a
}

const HANDSHAKE: u8 = 0x16;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
const SUPPORTED_VERSIONS: u16 = 43;

/// The longest hello that is read, in bytes. Those of today, with keys that withstand quantum computers,
/// have two thousand.
pub const LONGEST: usize = 16 * 1024;

/// How many suites the log shows.
const CIPHERS_SHOWN: usize = 8;

const VERSIONS: [(u16, &str); 6] = [
    (0x0002, "SSLv2"),
    (0x0300, "SSLv3"),
    (0x0301, "TLS 1.0"),
    (0x0302, "TLS 1.1"),
    (0x0303, "TLS 1.2"),
    (0x0304, "TLS 1.3"),
];

/// The suites that somebody who looks for the reason of a failure may have heard of.
const CIPHERS: [(u16, &str); 32] = [
    (0x0003, "EXP-RC4-MD5"),
    (0x0004, "RC4-MD5"),
    (0x0005, "RC4-SHA"),
    (0x0006, "EXP-RC2-CBC-MD5"),
    (0x0008, "EXP-DES-CBC-SHA"),
    (0x0009, "DES-CBC-SHA"),
    (0x000a, "DES-CBC3-SHA"),
    (0x0012, "DHE-DSS-DES-CBC-SHA"),
    (0x0013, "DHE-DSS-DES-CBC3-SHA"),
    (0x0015, "DHE-RSA-DES-CBC-SHA"),
    (0x0016, "DHE-RSA-DES-CBC3-SHA"),
    (0x002f, "AES128-SHA"),
    (0x0033, "DHE-RSA-AES128-SHA"),
    (0x0035, "AES256-SHA"),
    (0x0039, "DHE-RSA-AES256-SHA"),
    (0x003c, "AES128-SHA256"),
    (0x003d, "AES256-SHA256"),
    (0x0062, "EXP1024-DES-CBC-SHA"),
    (0x0064, "EXP1024-RC4-SHA"),
    (0x009c, "AES128-GCM-SHA256"),
    (0x009d, "AES256-GCM-SHA384"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0xc011, "ECDHE-RSA-RC4-SHA"),
    (0xc012, "ECDHE-RSA-DES-CBC3-SHA"),
    (0xc013, "ECDHE-RSA-AES128-SHA"),
    (0xc014, "ECDHE-RSA-AES256-SHA"),
    (0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"),
    (0xc030, "ECDHE-RSA-AES256-GCM-SHA384"),
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// As Windows XP says it over TLS 1.0: no extensions.
    fn windows_xp() -> Vec<u8> {
        let mut body = vec![3, 1];
        body.extend([7; 32]);
        body.extend([0, 0, 10, 0, 4, 0, 5, 0, 10, 0, 9, 0, 100, 1, 0]);
        message_of(&body)
    }

    fn message_of(body: &[u8]) -> Vec<u8> {
        let mut message = vec![1, 0];
        message.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        message.extend(body);
        message
    }

    fn record(content: &[u8]) -> Vec<u8> {
        let mut record = vec![0x16, 3, 1];
        record.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        record.extend(content);
        record
    }

    #[test]
    fn a_hello_without_extensions() {
        let Progress::Whole(hello) = read(&record(&windows_xp())) else {
            panic!("a hello");
        };
        assert_eq!(hello.version, 0x0301);
        assert_eq!(hello.ciphers, [4, 5, 10, 9, 100]);
        assert!(hello.server_name.is_none() && !hello.names_signatures);
        assert_eq!(hello.versions_shown(), "up to TLS 1.0");
        assert_eq!(
            hello.ciphers_shown(),
            "RC4-MD5 RC4-SHA DES-CBC3-SHA DES-CBC-SHA EXP1024-RC4-SHA"
        );
    }

    #[test]
    fn a_hello_with_a_name_signatures_and_versions() {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 6, 0x1a, 0x1a, 0x13, 1, 0, 0xff, 1, 0]);
        let mut extensions = vec![0, 0, 0, 14, 0, 12, 0, 0, 9];
        extensions.extend(b"Chat.EXAM");
        extensions.extend([0, 13, 0, 4, 0, 2, 4, 1]);
        extensions.extend([0, 43, 0, 7, 6, 0x0a, 0x0a, 3, 4, 3, 3]);
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let Progress::Whole(hello) = read(&record(&message_of(&body))) else {
            panic!("a hello");
        };
        assert_eq!(hello.server_name.as_deref(), Some("chat.exam"));
        assert!(hello.names_signatures);
        assert_eq!(hello.highest(), 0x0304);
        assert_eq!(hello.ciphers_shown(), "TLS_AES_128_GCM_SHA256");
    }

    #[test]
    fn a_hello_in_the_format_of_sslv2() {
        let mut bytes = vec![0x80, 34, 1, 3, 1, 0, 9, 0, 0, 0, 16];
        bytes.extend([1, 0, 0x80, 0, 0, 5, 0, 0, 10]);
        bytes.extend([9; 16]);
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Progress::Incomplete, "{end}");
        }
        let Progress::Whole(hello) = read(&bytes) else {
            panic!("a hello");
        };
        assert_eq!(hello.ciphers, [5, 10]);
        assert_eq!(
            hello.versions_shown(),
            "up to TLS 1.0, in the format of SSLv2"
        );
    }

    #[test]
    fn any_cut_is_incomplete_and_any_records_carry_it() {
        let message = windows_xp();
        let whole = record(&message);
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), Progress::Incomplete, "{end}");
        }
        for at in 1..message.len() {
            let two = [record(&message[..at]), record(&message[at..])].concat();
            assert_eq!(read(&two), read(&whole), "{at}");
        }
    }

    #[test]
    fn what_is_no_hello() {
        for bytes in [
            &b"GET / HTTP/1.1"[..],
            &[0x16, 2, 1, 0, 1, 1],
            &[0x16, 3, 1, 0, 0],
            &[0x16, 3, 1, 0, 4, 2, 0, 0, 0],
            &[0x16, 3, 1, 0, 4, 1, 0, 0, 0],
            &[0x16, 3, 1, 0, 4, 1, 1, 0, 0],
            &[0x80, 1, 2],
            &[0xff, 0xff, 0],
        ] {
            assert_eq!(read(bytes), Progress::Nonsense, "{bytes:?}");
        }
        assert!(begins_with(0x16) && begins_with(0x80) && !begins_with(b'G'));
    }
}
