//! The strings of an executable: ASCII that can be printed, in bytes or in UTF-16, up to a zero.

/// A string and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it begins in the file.
    pub(super) offset: usize,
    pub(super) encoding: Encoding,
    pub(super) text: String,
}

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One byte a character.
    Ascii,
    /// Two, the lower one first.
    Utf16,
}

impl Encoding {
    /// A text as it is written, without the zero at its end.
    pub(super) fn written(self, text: &str) -> Vec<u8> {
        match self {
            Self::Ascii => text.as_bytes().to_vec(),
            Self::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        }
    }
}

/// All that might have a name in it, in the order of the file. No two of them share a byte: in UTF-16
/// every other byte is a zero, which ends the strings of the other kinds.
pub(super) fn all(image: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    collect(image, 0, Encoding::Ascii, &mut found);
    collect(image, 0, Encoding::Utf16, &mut found);
    collect(image, 1, Encoding::Utf16, &mut found);
    found.sort_by_key(|found| found.offset);
    found
}

/// The strings of one kind, at every step of its width from `start` on.
fn collect(image: &[u8], start: usize, encoding: Encoding, into: &mut Vec<Found>) {
    let width = match encoding {
        Encoding::Ascii => 1,
        Encoding::Utf16 => 2,
    };
    let mut text = String::new();
    let units = image.get(start..).unwrap_or_default().chunks_exact(width);
    for (place, unit) in units.enumerate() {
        match *unit {
            [byte] | [byte, 0] if byte == b' ' || byte.is_ascii_graphic() => {
                text.push(byte.into());
                continue;
            }
            [0] | [0, 0] if LENGTHS.contains(&text.len()) && text.contains('.') => {
                into.push(Found {
                    offset: start + (place - text.len()) * width,
                    encoding,
                    text: std::mem::take(&mut text),
                });
            }
            _ => {}
        }
        text.clear();
    }
}

/// How long a string is that is looked at.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_strings_are() {
        let image = b"\x01abc.defgh\0x\0\0w\0.\0w\0w\0w\0w\0w\0w\0\0\0no.zero.here\x01 a text.\0";
        let seen: Vec<_> = all(image)
            .into_iter()
            .map(|found| (found.offset, found.encoding, found.text))
            .collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            seen,
            [
                (1, Encoding::Ascii, text("abc.defgh")),
                (14, Encoding::Utf16, text("w.wwwwww")),
                (45, Encoding::Ascii, text(" a text.")),
            ]
        );
    }
}
