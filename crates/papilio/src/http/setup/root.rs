//! The root certificate of this server, as far as the set-up kit hands it out.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::config::Config;

/// The certificate that people install on their machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root {
    /// The lines between `BEGIN` and `END`: base64, and nothing else, for they get into a script.
    pub(super) lines: Vec<String>,
    /// SHA-1 of it, 40 hexadecimal digits: what Windows calls its thumbprint, and finds it by.
    pub(super) thumbprint: String,
}

impl Root {
    /// The one that this server has, if it has one.
    pub(super) async fn of(config: &Config) -> Option<Self> {
        let path = config.data.join("tls").join("root.pem");
        Self::read(&tokio::fs::read_to_string(path).await.ok()?)
    }

    /// The thumbprint as Windows shows it: `a9 99 3e ...`.
    pub(super) fn shown(&self) -> String {
        let pairs = self.thumbprint.as_bytes().chunks(2);
        let pairs: Vec<_> = pairs.map(String::from_utf8_lossy).collect();
        pairs.join(" ")
    }

    fn read(pem: &str) -> Option<Self> {
        let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
        let (text, _) = rest.split_once("-----END CERTIFICATE-----")?;
        let text: String = text.split_ascii_whitespace().collect();
        // Written anew, whatever form it had.
        let der = STANDARD.decode(text).ok()?;
        let text = STANDARD.encode(&der).into_bytes();
        let lines = text.chunks(LINE).map(String::from_utf8_lossy);
        Some(Self {
            lines: lines.map(Into::into).collect(),
            thumbprint: hexadecimal(&Sha1::digest(&der)),
        })
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        // Writing into a text does not fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// How long a line of PEM is.
const LINE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_thumbprint() {
        let pem = format!(
            "x\r\n-----BEGIN CERTIFICATE-----\r\n{}\r\nYWJj-----END CERTIFICATE-----",
            "QUJD".repeat(16)
        );
        let root = Root::read(&pem).unwrap();
        assert_eq!(root.lines, ["QUJD".repeat(16), "YWJj".to_owned()]);
        let abc = Root::read("-----BEGIN CERTIFICATE-----YWJj-----END CERTIFICATE-----").unwrap();
        assert_eq!(abc.thumbprint, "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(abc.shown().starts_with("a9 99 3e 36 ") && abc.shown().ends_with(" d0 d8 9d"));
        for bad in [
            "",
            "YWJj",
            "-----BEGIN CERTIFICATE-----\n&calc\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(Root::read(bad), None);
        }
    }
}
