//! What goes wrong with TLS, said so that the operator can do something about it.

use std::io;
use std::path::PathBuf;

use openssl::error::ErrorStack;
use openssl::ssl::{self, SslAlert};

use super::contexts::Rules;
use super::hello::Hello;

/// The certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has something else in it.
    #[error("{path}: {what}", path = path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// OpenSSL says no.
    #[error("TLS cannot be set up: {0}")]
    OpenSsl(#[from] ErrorStack),
}

/// A handshake that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeFailed {
    /// What came is no hello.
    #[error("not TLS")]
    NotTls,
    /// The client did not go on.
    #[error("the client does not go on")]
    TooSlow,
    /// The client went, or the network did.
    #[error("the connection broke off: {0}")]
    Io(#[from] io::Error),
    /// The two sides do not come together.
    #[error("{why}")]
    Refused {
        /// What the client offered.
        hello: Box<Hello>,
        /// By which rules it was answered.
        rules: Rules,
        /// Why that was not enough, or what the client said about us.
        why: String,
    },
}

impl HandshakeFailed {
    /// What OpenSSL says about the handshake that began with these words.
    pub(super) fn of(error: &ssl::Error, hello: Hello, rules: Rules) -> Self {
        Self::Refused {
            hello: Box::new(hello),
            rules,
            why: why(error),
        }
    }
}

fn why(error: &ssl::Error) -> String {
    let first = error
        .ssl_error()
        .and_then(|errors| errors.errors().first().cloned());
    let Some(first) = first else {
        return match error.io_error() {
            Some(error) => format!("the connection broke off: {error}"),
            None => "the client went away in the middle; it may not trust the root certificate, \
                     see `papilio cert export`"
                .to_owned(),
        };
    };
    let said = first.reason().unwrap_or("unknown").to_owned();
    match SslAlert::from_reason_code(first.reason_code()) {
        Some(
            SslAlert::UNKNOWN_CA
            | SslAlert::BAD_CERTIFICATE
            | SslAlert::CERTIFICATE_UNKNOWN
            | SslAlert::UNSUPPORTED_CERTIFICATE,
        ) => format!(
            "the client does not trust the certificate ({said}): the root must be installed there, \
             see `papilio cert export`"
        ),
        Some(SslAlert::CERTIFICATE_EXPIRED) => {
            format!("the client finds the certificate out of date ({said}): look at its clock")
        }
        Some(_) => format!("the client gives up: {said}"),
        None => said,
    }
}
