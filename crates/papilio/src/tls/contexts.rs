//! The rules by which handshakes go: those of old clients and those of today (services-other, 9).
//!
//! Each context has its own keys for tickets and its own memory of sessions, so nothing that was agreed
//! upon under the old rules is taken up again under the modern ones.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslSessionCacheMode, SslVersion,
};
use openssl::x509::X509;

use super::failure::TlsError;
use super::folder::Opened;
use super::hello::Hello;
use super::load_providers;
use super::names::OwnNames;
use crate::config::Config;

/// By which rules a connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Everything from SSLv3 on, RC4 included.
    Old,
    /// TLS 1.2 and later.
    Modern,
}

/// The contexts of one set of certificates.
pub(super) struct Contexts {
    names: OwnNames,
    sha1: SslContext,
    sha256: SslContext,
    modern: SslContext,
}

/// A certificate with its key and the certificates above it.
pub(super) struct Chain {
    pub(super) certificate: X509,
    above: Vec<X509>,
    key: PKey<Private>,
}

impl Chain {
    /// Reads what the operator brings.
    pub(super) fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let mut above = X509::stack_from_pem(&read(certificate)?).unwrap_or_default();
        if above.is_empty() {
            return Err(unusable(certificate, "has no certificate in PEM in it"));
        }
        let own = above.remove(0);
        let secret = PKey::private_key_from_pem_passphrase(&read(key)?, b"")
            .map_err(|_| unusable(key, "is no private key in PEM, or has a passphrase"))?;
        if !own.public_key()?.public_eq(&secret) {
            return Err(unusable(key, "is not the key of the certificate"));
        }
        Ok(Self {
            certificate: own,
            above,
            key: secret,
        })
    }
}

/// The certificate that the operator brings, if it can be used.
pub fn brought(config: &Config) -> Result<Option<X509>, TlsError> {
    let Some((certificate, key)) = config.tls.brought(&config.data) else {
        return Ok(None);
    };
    Chain::read(&certificate, &key).map(|chain| Some(chain.certificate))
}

impl Contexts {
    /// `brought` is what the operator brings for their own names.
    pub(super) fn new(
        names: OwnNames,
        ours: &Opened,
        brought: Option<Chain>,
    ) -> Result<Self, ErrorStack> {
        load_providers()?;
        let leaves = &ours.leaves;
        let chain = |certificate: &X509| Chain {
            certificate: certificate.clone(),
            // Internet Explorer can show, and install, the root of those that it is sent.
            above: vec![ours.root.clone()],
            key: leaves.key.clone(),
        };
        Ok(Self {
            names,
            sha1: old(&chain(&leaves.sha1), b"old, SHA-1")?,
            sha256: old(&chain(&leaves.sha256), b"old, SHA-256")?,
            modern: modern(&brought.unwrap_or_else(|| chain(&leaves.sha256)))?,
        })
    }

    /// The context for whoever says this.
    pub(super) fn of(&self, hello: &Hello) -> (&SslContext, Rules) {
        let name = hello.server_name.as_deref();
        if name.is_some_and(|name| self.names.contains(name)) {
            (&self.modern, Rules::Modern)
        } else if hello.names_signatures {
            (&self.sha256, Rules::Old)
        } else {
            (&self.sha1, Rules::Old)
        }
    }
}

/// Everything from SSLv3 on.
fn old(chain: &Chain, id: &[u8]) -> Result<SslContext, ErrorStack> {
    let mut context = begun(chain, id, 0)?;
    context.set_min_proto_version(Some(SslVersion::SSL3))?;
    // Some clients of then do not understand the empty record that goes before others (`ALL`).
    context.set_options(SslOptions::ALL);
    context.clear_options(SslOptions::NO_SSLV3 | SslOptions::NO_TLSV1 | SslOptions::NO_TLSV1_1);
    context.set_cipher_list(&format!("{MODERN_SUITES}:{OLD_SUITES}:@SECLEVEL=0"))?;
    Ok(context.build())
}

/// TLS 1.2 and later.
fn modern(chain: &Chain) -> Result<SslContext, ErrorStack> {
    let mut context = begun(chain, b"modern", 2)?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_cipher_list(MODERN_SUITES)?;
    Ok(context.build())
}

fn begun(chain: &Chain, id: &[u8], level: u32) -> Result<SslContextBuilder, ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    // Before the certificate, which has to pass it.
    context.set_security_level(level);
    context.set_certificate(&chain.certificate)?;
    for above in &chain.above {
        context.add_extra_chain_cert(above.clone())?;
    }
    context.set_private_key(&chain.key)?;
    context.check_private_key()?;
    context.set_session_id_context(id)?;
    context.set_session_cache_mode(SslSessionCacheMode::SERVER);
    context.set_session_cache_size(SESSIONS);
    context.set_options(
        SslOptions::NO_COMPRESSION
            | SslOptions::NO_RENEGOTIATION
            | SslOptions::CIPHER_SERVER_PREFERENCE
            // Old clients hang up without a word, and HTTP says by itself how long an answer is.
            | SslOptions::IGNORE_UNEXPECTED_EOF,
    );
    // A connection that sleeps keeps no buffers.
    context.set_mode(SslMode::RELEASE_BUFFERS);
    Ok(context)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::File {
        path: path.to_owned(),
        source,
    })
}

fn unusable(path: &Path, what: &'static str) -> TlsError {
    TlsError::Unusable {
        path: path.to_owned(),
        what,
    }
}

const MODERN_SUITES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
     ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
     ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// Better ones first, as far as there is a better. RC4 is what Windows XP offers besides 3DES and worse.
const OLD_SUITES: &str = "ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:\
     AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA:\
     ECDHE-RSA-DES-CBC3-SHA:DES-CBC3-SHA:ECDHE-RSA-RC4-SHA:RC4-SHA:RC4-MD5";

/// How many sessions of those that know no tickets are remembered. A sign-in of Windows XP makes half a
/// dozen connections, to as many hosts.
const SESSIONS: i32 = 8192;
