//! TLS, for clients of then and of now on one port, and the certificate authority that makes the
//! certificates for it (services-other, 9; DESIGN, 5).
//!
//! ```text
//!   bytes -> hello: who asks, in which words?
//!              |  one of the operator's own names             contexts: MODERN, TLS 1.2 and later
//!              |  any other name or none, names signatures    contexts: OLD, certificate with SHA-256
//!              |  any other name or none, names none          contexts: OLD, certificate with SHA-1
//!              v
//!            acceptor: the handshake, in turn -> a stream for `http`, or a line in the log
//!
//!   folder: DATA/tls: the root, which people install on old machines, and what it has signed
//! ```
//!
//! * [`Acceptor`]: what a listener hands connections to. [`Acceptor::reload`] takes changed files in.
//! * [`hello`]: reads what clients say first. [`probe`]: says it, to see what a server answers.
//! * [`Folder`], [`Authority`]: the files, and the certificates in them.
//!
//! All but `hello`, `probe` and `pem` need the cargo feature `tls`, and are not there without it.

#[cfg(feature = "tls")]
mod acceptor;
#[cfg(feature = "tls")]
mod authority;
#[cfg(feature = "tls")]
mod contexts;
#[cfg(feature = "tls")]
mod failure;
#[cfg(feature = "tls")]
mod folder;
pub mod hello;
#[cfg(feature = "tls")]
mod names;
pub mod pem;
#[cfg(feature = "tls")]
mod prefixed;
pub mod probe;
#[cfg(feature = "tls")]
mod providers;

#[cfg(feature = "tls")]
pub use acceptor::{Acceptor, TlsStream};
#[cfg(feature = "tls")]
pub use authority::{Authority, Leaves, is_signed_with_sha1, moment, names_of, renewal_of};
#[cfg(feature = "tls")]
pub use contexts::{Rules, brought};
#[cfg(feature = "tls")]
pub use failure::{HandshakeFailed, TlsError};
#[cfg(feature = "tls")]
pub use folder::{Folder, Opened, Renewal};
#[cfg(feature = "tls")]
pub use names::{OwnNames, certificate_names};
#[cfg(feature = "tls")]
pub use providers::load_providers;

use std::path::PathBuf;

use crate::config::Config;

/// Where the certificate of the root is, in PEM, if there is one.
pub fn root_file(config: &Config) -> PathBuf {
    folder_of(config).join(ROOT)
}

fn folder_of(config: &Config) -> PathBuf {
    config.data.join("tls")
}

const ROOT: &str = "root.pem";
