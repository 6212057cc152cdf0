//! PEM: DER in letters, between two lines that say what it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The DER of the first certificate in a text.
pub fn certificate(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (letters, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let letters: String = letters.split_ascii_whitespace().collect();
    STANDARD.decode(letters).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_lines() {
        let pem = "x\n-----BEGIN CERTIFICATE-----\nAAEC\r\nAw==\n-----END CERTIFICATE-----\n";
        assert_eq!(certificate(pem), Some(vec![0, 1, 2, 3]));
        assert_eq!(certificate("-----BEGIN CERTIFICATE-----\nAAEC"), None);
        assert_eq!(certificate("AAEC"), None);
    }
}
