//! `[tls]`: certificates, and the names that modern browsers ask for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::value;
use super::{Advertised, ConfigError};

/// Certificates, names, and how long a handshake may take (services-other, 9).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tls {
    /// The address under which clients reach this server over HTTPS; `None` = the host of the services
    /// over HTTP, with the port that the client came to.
    #[serde(with = "value::or_nothing")]
    pub advertise: Option<Advertised>,
    /// The names under which only TLS 1.2 and later is spoken. Empty = the advertised hosts.
    pub names: Vec<String>,
    /// A certificate of one's own for those names, with those above it, in PEM. Empty = ours.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
    /// How long a client may take to come to terms.
    #[serde(with = "value::period")]
    pub handshake_deadline: Option<Duration>,
}

impl Tls {
    /// The certificate that the operator brings, and its key. Paths start in the folder of the data.
    pub fn brought(&self, data: &Path) -> Option<(PathBuf, PathBuf)> {
        let is_given = !self.certificate.as_os_str().is_empty();
        is_given.then(|| (data.join(&self.certificate), data.join(&self.key)))
    }

    /// Whether what belongs together is there.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.certificate.as_os_str().is_empty() == self.key.as_os_str().is_empty() {
            Ok(())
        } else {
            Err(ConfigError(
                "tls.certificate and tls.key go together: one of them is missing".to_owned(),
            ))
        }
    }
}
