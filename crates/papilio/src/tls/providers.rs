//! The parts of OpenSSL that are in use: its algorithms of today, and those that it has put aside, RC4
//! among them.

use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::provider::Provider;

/// Loads them, once and for the life of the process. Asking for one by name switches off what is loaded
/// when nobody asks, so both are asked for.
pub fn load_providers() -> Result<(), ErrorStack> {
    static LOADED: OnceLock<(Provider, Provider)> = OnceLock::new();
    if LOADED.get().is_none() {
        let both = (
            Provider::load(None, "legacy")?,
            Provider::load(None, "default")?,
        );
        // Whoever was first has loaded the same.
        let _twice = LOADED.set(both);
    }
    Ok(())
}
