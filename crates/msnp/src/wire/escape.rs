//! Percent-coding of parameters (wire-msnp13, 1.3).
//!
//! Payloads are never percent-coded; parameters always are. `+` is a plus sign.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What clients leave alone: `A-Za-z0-9` and `_ . - /`.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'/');

/// Encodes text as one parameter: everything outside `A-Za-z0-9_.-/` becomes `%XX`.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, PARAMETER).to_string()
}

/// Decodes a parameter. A malformed `%` sequence stays as it is; bytes that are not UTF-8 become
/// U+FFFD.
pub fn decode(parameter: &str) -> Cow<'_, str> {
    percent_decode_str(parameter).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_forms() {
        assert_eq!(encode("Alice W"), "Alice%20W");
        assert_eq!(encode("é%+"), "%C3%A9%25%2B");
        assert_eq!(decode("Bob%20%28away%29"), "Bob (away)");
        assert_eq!(decode("caf%c3%a9"), "café");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz+"), "%zz+");
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(text in ".*") {
            let parameter = encode(&text);
            prop_assert!(parameter.bytes().all(|b| b > b' ' && b < 0x7f));
            prop_assert_eq!(decode(&parameter), text);
        }
    }
}
