//! What an invitation to a file says of it: the context of 574 bytes that Messenger 6 and later send.
//! It stands in none of the protocol notes of this project; the layout is the one that third-party
//! clients agree on.
//!
//! ```text
//!   | 574 | 2 | size | 1 (no preview) | name, UTF-16, filled up with 0 |  0  | -1 |
//!   |  4  | 4 |  8   |       4        |              520               | 30  |  4 |
//! ```

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use bytes::{Buf, BufMut};

/// The name of a file, without any folder: safe to be shown, and to be joined to a folder of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// Takes the last part of a path, as Windows and others write them; what no file may be called is
    /// `file`.
    pub fn of(path: &str) -> Self {
        let name = path.rsplit(['/', '\\', ':']).next().unwrap_or_default();
        let plain = |c: &char| !c.is_control() && !matches!(c, '<' | '>' | '"' | '|' | '?' | '*');
        let name: String = name.chars().filter(plain).collect();
        let name = name.trim().trim_end_matches('.');
        let units = name.chars().scan(0, |units, c| {
            *units += c.len_utf16();
            (*units < UNITS).then_some(c)
        });
        let name: String = units.collect();
        Self(if name.is_empty() || name.trim_matches('.').is_empty() {
            "file".to_owned()
        } else {
            name
        })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The context of an invitation, in base64.
pub(super) fn context(name: &FileName, size: u64) -> String {
    let mut out = Vec::with_capacity(LENGTH);
    out.put_u32_le(LENGTH as u32);
    out.put_u32_le(2);
    out.put_u64_le(size);
    out.put_u32_le(1);
    let mut units: Vec<u16> = name.0.encode_utf16().collect();
    units.resize(UNITS, 0);
    for unit in units {
        out.put_u16_le(unit);
    }
    out.put_bytes(0, 30);
    out.put_u32_le(u32::MAX);
    STANDARD.encode(out)
}

/// Name and size.
pub(super) fn read_context(context: &str) -> Option<(FileName, u64)> {
    let bytes = LENIENT.decode(context).ok()?;
    let mut bytes = bytes.get(..NAME_AT + 2 * UNITS)?;
    bytes.advance(8);
    let size = bytes.get_u64_le();
    bytes.advance(4);
    let mut units = Vec::with_capacity(UNITS);
    while bytes.has_remaining() {
        match bytes.get_u16_le() {
            0 => break,
            unit => units.push(unit),
        }
    }
    Some((FileName::of(&String::from_utf16_lossy(&units)), size))
}

/// Base64 of clients that leave out the padding.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const LENGTH: usize = 574;
const NAME_AT: usize = 20;
const UNITS: usize = 260;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_says_name_and_size() {
        let name = FileName::of("C:\\Pictures\\caf\u{e9} \u{1f98b}.png");
        assert_eq!(name.as_str(), "caf\u{e9} \u{1f98b}.png");
        let written = context(&name, 1 << 33);
        assert_eq!(STANDARD.decode(&written).unwrap().len(), LENGTH);
        assert_eq!(read_context(&written), Some((name, 1 << 33)));
        assert_eq!(read_context("AAAA"), None);
    }

    #[test]
    fn no_name_leads_out_of_a_folder() {
        for (path, name) in [
            ("../../etc/passwd", "passwd"),
            ("..", "file"),
            ("a/..\\.", "file"),
            ("", "file"),
            ("c:x", "x"),
            ("a\0\r\nb?", "ab"),
        ] {
            assert_eq!(FileName::of(path).as_str(), name);
        }
        assert_eq!(FileName::of(&"x".repeat(999)).as_str().len(), UNITS - 1);
    }
}
