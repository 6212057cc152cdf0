//! XML as this protocol uses it: documents without DTDs, and text escaped by the five named entities
//! only, since some clients decode no others (RULINGS, "text in UBX and in SOAP answers").

use roxmltree::{Document, ParsingOptions};

/// Opens a document of at most `nodes` nodes. `None` when it is not UTF-8, not XML, too large, too
/// costly, or has a DTD.
pub(crate) fn open(document: &[u8], nodes: u32) -> Option<Document<'_>> {
    let text = std::str::from_utf8(document).ok()?;
    if !is_cheap(text) {
        return None;
    }
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: nodes,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).ok()
}

/// Whether reading takes a time that grows with the length and no faster. Every attribute of an
/// element is compared with its others, and namespaces are handed down to every child.
fn is_cheap(text: &str) -> bool {
    text.matches("xmlns").nth(MAX_NAMESPACES).is_none()
        && text.split('<').all(|tag| attributes(tag) <= MAX_ATTRIBUTES)
}

/// How many attributes a tag has, read from behind its `<` to the next one, which no value may have in
/// it. A `>` may stand in a value.
fn attributes(tag: &str) -> usize {
    let mut quote = None;
    let mut count = 0;
    for byte in tag.bytes() {
        match (quote, byte) {
            (Some(open), _) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') => count += 1,
            (None, b'>') => break,
            (None, _) => {}
        }
    }
    count
}

/// No document of this protocol has more than two.
const MAX_NAMESPACES: usize = 8;

/// No element of this protocol has more than eight.
const MAX_ATTRIBUTES: usize = 64;

/// Appends text, escaped for an element or an attribute; what XML 1.0 forbids, and every other
/// control character, is left out.
pub(crate) fn escape_into(text: &str, out: &mut String) {
    for c in text.chars().filter(|&c| is_plain(c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(c),
        }
    }
}

/// Text, escaped as by [`escape_into`].
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape_into(text, &mut out);
    out
}

/// Whether a character is neither a control character nor forbidden by XML 1.0.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_by_the_five_named_entities() {
        assert_eq!(
            escape("a & <b> \"c\" 'd' \u{e9}\r\n\u{0}\u{85}\u{ffff}"),
            "a &amp; &lt;b&gt; &quot;c&quot; &apos;d&apos; \u{e9}"
        );
    }

    #[test]
    fn what_would_cost_more_than_its_length_is_not_read() {
        let attributes = |count| {
            let attributes: String = (0..count).map(|n| format!("a{n}='' ")).collect();
            format!("<a {attributes}>{}</a>", "=".repeat(100))
        };
        assert!(
            open(attributes(64).as_bytes(), 8).is_some(),
            "text does not count"
        );
        assert!(open(attributes(65).as_bytes(), 8).is_none());
        for quoted in ["<a n='>' ", "<a n=\">'\" ", "<!-- \" --><a n=\">\" "] {
            let document = |count| attributes(count).replacen("<a ", quoted, 1);
            assert!(open(document(63).as_bytes(), 8).is_some(), "{quoted}");
            assert!(open(document(64).as_bytes(), 8).is_none(), "{quoted}");
        }
        let digests = format!("<a n='{}'/>", "=".repeat(100));
        assert!(open(digests.as_bytes(), 8).is_some(), "nor does a value");
        let nested = |count: usize| {
            let open: String = (0..count)
                .map(|n| format!("<a xmlns:n{n}='u{n}'>"))
                .collect();
            open + &"</a>".repeat(count)
        };
        assert!(open(nested(8).as_bytes(), 20).is_some());
        assert!(open(nested(9).as_bytes(), 20).is_none());
    }

    #[test]
    fn no_dtd_no_garbage_and_no_more_nodes_than_allowed() {
        assert!(open(b"<a><b/></a>", 8).is_some());
        assert!(open(b"<a><b/><b/><b/><b/></a>", 3).is_none());
        assert!(open(b"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", 8).is_none());
        for document in [
            &b""[..],
            b"<a>",
            b"<a></b>",
            b"a",
            b"<a>\xff</a>",
            b"<a/><b/>",
            b"<a n='<'/>",
        ] {
            assert!(open(document, 8).is_none(), "{document:?}");
        }
    }
}
