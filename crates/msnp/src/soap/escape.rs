//! How text goes into a document, and what is taken out of text that comes in.
//!
//! Answers use the five named entities and never numeric ones, because emesene 1.0 does not decode
//! those (RULINGS). Nicknames of the time carry control characters as formatting codes, and XML 1.0
//! has no way to write most of them, so they are dropped (services-addressbook, 15).

use std::borrow::Cow;
use std::fmt;

/// The escaper of every template whose name ends in `.xml` (named in `askama.toml`).
///
/// Also drops what XML 1.0 forbids: text that came in by another door must not break a document.
#[derive(Clone, Copy, Debug, Default)]
pub struct Xml;

impl askama::filters::Escaper for Xml {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut written = 0;
        for (at, c) in text.char_indices() {
            let entity = match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&apos;",
                _ if is_permitted(c) => continue,
                _ => "",
            };
            dest.write_str(&text[written..at])?;
            dest.write_str(entity)?;
            written = at + c.len_utf8();
        }
        dest.write_str(&text[written..])
    }
}

/// Whether XML 1.0 has a way to write this character.
pub fn is_permitted(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => c >= ' ',
    }
}

/// Text without the characters that XML 1.0 forbids: what enters the system by any door is cleaned
/// with this, so that every document can carry it.
pub fn permitted(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_permitted) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_permitted(*c)).collect())
    }
}

/// A document without forbidden characters and without references to them (`&#3;`), which clients
/// do write and which would make it malformed.
pub(super) fn permitted_document(text: &str) -> Cow<'_, str> {
    let text = permitted(text);
    if !text.contains("&#") {
        return text;
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find("&#") {
        clean.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = forbidden_reference(rest).unwrap_or(0);
        if length == 0 {
            clean.push_str("&#");
        }
        rest = &rest[length.max(2)..];
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// The length of the reference that `text` begins with, if it is one to a forbidden character.
fn forbidden_reference(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("&#")?;
    let end = digits.find(';')?;
    let number = match digits[..end].strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits[..end].parse(),
    };
    let permitted = char::from_u32(number.ok()?).is_some_and(is_permitted);
    (!permitted).then_some("&#".len() + end + ";".len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use askama::filters::Escaper;
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        Xml.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn only_named_entities() {
        assert_eq!(
            escaped("<Tom & \"Jerry's\">"),
            "&lt;Tom &amp; &quot;Jerry&apos;s&quot;&gt;"
        );
        assert_eq!(escaped("a\u{3}b\u{1f}é\u{ffff}\t\n"), "abé\t\n");
        assert_eq!(escaped(""), "");
    }

    #[test]
    fn references_to_forbidden_characters_go_and_others_stay() {
        assert_eq!(
            permitted_document("<n>&#3;a&#x1F;b&#65;&#x41;&#0;&amp;#3;&#;&#zz;&#3</n>"),
            "<n>ab&#65;&#x41;&amp;#3;&#;&#zz;&#3</n>"
        );
        assert!(matches!(permitted("plain"), Cow::Borrowed("plain")));
        assert_eq!(permitted("\u{3}4,2red\u{0}"), "4,2red");
    }

    proptest! {
        #[test]
        fn what_was_escaped_is_read_back(text in ".*") {
            let document = format!("<a>{}</a>", escaped(&text));
            prop_assert!(!document.contains("&#"));
            let tree = roxmltree::Document::parse(&document).unwrap();
            // A parser may turn CR and CR LF into LF, whatever is written.
            let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
            let read = lines(tree.root_element().text().unwrap_or_default());
            prop_assert_eq!(read, lines(&permitted(&text)));
        }
    }
}
