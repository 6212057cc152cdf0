//! The root certificate of this server, as far as the set-up kit hands it out.

use crate::config::Config;

/// The certificate that people install on their machines.
pub(super) struct Root {
    /// The lines between `BEGIN` and `END`: base64.
    pub(super) lines: Vec<String>,
    /// SHA-1 of it, 40 hexadecimal digits: what Windows calls its thumbprint.
    pub(super) thumbprint: String,
}

impl Root {
    /// The one that this server has, if it has one.
    pub(super) fn of(_: &Config) -> Option<Self> {
        None
    }
}
