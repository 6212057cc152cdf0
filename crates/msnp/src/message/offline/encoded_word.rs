//! Names in mail headers (RFC 2047), as clients of the time wrote them and not as they should have.
//!
//! ```text
//!   =?utf-8?B?QWxpY2U=?=      =?charset?encoding?text?=      encoding: B base64, Q quoted
//! ```
//!
//! services-oim, 2: emesene breaks the lines of its base64, others leave its padding out. What
//! cannot be decoded stays as it was written.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};

/// One encoded word. No client of the time takes a name in several.
pub(super) fn encode(text: &str) -> String {
    format!("=?utf-8?B?{}?=", general_purpose::STANDARD.encode(text))
}

/// The text of a header's value, in which encoded words may stand.
pub(super) fn decode(value: &str) -> String {
    let mut decoded = Decoded::default();
    let mut rest = value.trim();
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        match Word::read(from) {
            Some((word, after)) => {
                // White space between two encoded words belongs to neither.
                if decoded.word.is_empty() || !before.trim().is_empty() {
                    decoded.text(before);
                }
                decoded.word(word);
                rest = after;
            }
            None => {
                decoded.text(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    decoded.text(rest);
    decoded.finish()
}

/// Base64 as clients write it: broken into lines, with padding or without.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.split_ascii_whitespace().collect();
    LENIENT.decode(plain).ok()
}

/// Text so far, and the bytes of the encoded words at its end: a character may begin in one and end
/// in the next.
#[derive(Default)]
struct Decoded {
    text: String,
    word: Vec<u8>,
    charset: Charset,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Charset {
    #[default]
    Utf8,
    Latin1,
}

struct Word {
    charset: Charset,
    bytes: Vec<u8>,
}

impl Word {
    /// Reads the word that `text` begins with; what follows it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
        let (encoding, rest) = rest.split_once('?')?;
        // In Q no other question mark may stand. Without an end it goes to the end.
        let (encoded, after) = rest.split_once("?=").unwrap_or((rest, ""));
        let charset = charset.split('*').next().unwrap_or_default().trim();
        let charset = match charset.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "us-ascii" | "ascii" => Charset::Utf8,
            "iso-8859-1" | "latin1" | "windows-1252" => Charset::Latin1,
            _ => return None,
        };
        let bytes = match encoding.trim() {
            "B" | "b" => base64(encoded.trim_end_matches('?'))?,
            "Q" | "q" => quoted(encoded)?,
            _ => return None,
        };
        Some((Self { charset, bytes }, after))
    }
}

impl Decoded {
    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.settle();
            self.text.push_str(text);
        }
    }

    fn word(&mut self, word: Word) {
        if word.charset != self.charset {
            self.settle();
            self.charset = word.charset;
        }
        self.word.extend(word.bytes);
    }

    fn settle(&mut self) {
        let bytes = std::mem::take(&mut self.word);
        match self.charset {
            Charset::Utf8 => self.text.push_str(&String::from_utf8_lossy(&bytes)),
            Charset::Latin1 => self.text.extend(bytes.into_iter().map(char::from)),
        }
    }

    fn finish(mut self) -> String {
        self.settle();
        self.text
    }
}

/// `Q`: `_` is a blank, `=41` is a byte.
fn quoted(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                u8::from_str_radix(digits, 16).ok()?
            }
            other => other,
        });
    }
    Some(bytes)
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_encodings_in_every_form() {
        for (value, text) in [
            ("=?utf-8?B?QWxpY2U=?=", "Alice"),
            ("=?UTF-8?b?QWxpY2U=?=", "Alice"),
            ("=?utf-8?B?QWxpY2U?=", "Alice"),
            ("=?utf-8?B?QWxpY2U= ?=", "Alice"),
            ("=?utf-8?B?QWxp\n Y2U=\n?=", "Alice"),
            ("=?utf-8?B?QWxpY2U=", "Alice"),
            ("=?utf-8?B?QWxpY2U=?", "Alice"),
            ("=?utf-8*en?B?QWxpY2U=?=", "Alice"),
            ("=?utf-8?Q?Alice_W=C3=A9?=", "Alice W\u{e9}"),
            ("=?utf-8?q?a=3d=3D?=", "a=="),
            ("=?iso-8859-1?Q?caf=E9?=", "caf\u{e9}"),
            ("  plain  ", "plain"),
            ("caf\u{e9} =?utf-8?B?QWxpY2U=?= !", "caf\u{e9} Alice !"),
            ("=?utf-8?B?QWxp?= =?utf-8?B?Y2U=?=", "Alice"),
            ("=?utf-8?Q?a=C3?=\n =?utf-8?Q?=A9b?=", "a\u{e9}b"),
            ("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
            ("=?utf-8?B??=", ""),
        ] {
            assert_eq!(decode(value), text, "{value:?}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_stays() {
        for value in [
            "=?",
            "=?utf-8",
            "=?utf-8?",
            "=?utf-8?B",
            "=?utf-8?X?QWxpY2U=?=",
            "=?koi8-r?B?QWxpY2U=?=",
            "=?utf-8?B?A?=",
            "=?utf-8?Q?=4?=",
            "a =? b",
        ] {
            assert_eq!(decode(value), value, "{value:?}");
        }
        assert_eq!(decode("=?utf-8?B?/w==?="), "\u{fffd}");
        assert_eq!(decode("=?x?=?utf-8?B?QWxpY2U=?="), "=?x?Alice");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text in "\\PC*") {
            prop_assert_eq!(decode(&encode(&text)), text);
        }

        #[test]
        fn nothing_makes_it_panic(text in "(=\\?|\\?=|\\?|utf-8|[BQ]|=|\\PC)*") {
            let _ = decode(&text);
        }
    }
}
