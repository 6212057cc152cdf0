//! The one door for a handle and a password (services-auth, 3, 6, 10 and 12; RULINGS, throttling).
//!
//! Wrong password, unknown account, disabled account, too many failures: they look the same and take
//! the same time, one run of argon2. Why it was no stands in the log, without the password.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use msnp::handle::Handle;

use crate::password::{PasswordError, Passwords, Verdict};
use crate::sign_in_throttle::{SignInThrottle, ThrottleSettings};
use crate::store::account::Account;
use crate::store::{Store, StoreError};

/// Checks handles with passwords. Cloning one is a few reference counts.
#[derive(Clone, Debug)]
pub struct Credentials {
    store: Store,
    passwords: Passwords,
    throttle: Arc<SignInThrottle>,
}

/// Why a password was neither right nor wrong.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many wait to have theirs verified.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

impl Credentials {
    /// Opens the door.
    pub fn new(store: Store, passwords: Passwords, throttle: ThrottleSettings) -> Self {
        Self {
            store,
            passwords,
            throttle: Arc::new(SignInThrottle::new(throttle)),
        }
    }

    /// The account, if handle and password are right and it may sign in. `None` says nothing about
    /// why not.
    pub async fn check(
        &self,
        peer: IpAddr,
        handle: &str,
        password: &str,
        now: Instant,
    ) -> Result<Option<Account>, CredentialsError> {
        let Ok(handle) = Handle::parse(handle) else {
            self.passwords.verify(None, password).await?;
            tracing::info!(%peer, "sign-in refused: what was sent is not a handle");
            return Ok(None);
        };
        if let Some(limit) = self.throttle.check(peer, &handle, now) {
            self.passwords.verify(None, password).await?;
            tracing::warn!(%peer, %handle, "sign-in refused: {limit}");
            return Ok(None);
        }
        let known = self.store.account_with_password(&handle).await?;
        // One who may not sign in must not be answered faster because his password is remembered.
        let stored = known
            .as_ref()
            .filter(|(account, _)| !account.disabled)
            .map(|(account, stored)| (account.id, stored));
        let verdict = self.passwords.verify(stored, password).await?;
        let why_not = match (known, verdict) {
            (Some((account, _)), Verdict::Right) => {
                // Many may have tried at the same moment, and failed while this one was verified.
                let Some(limit) = self.throttle.check(peer, &handle, now) else {
                    return Ok(Some(account));
                };
                tracing::warn!(%peer, %handle, "sign-in refused: {limit}");
                return Ok(None);
            }
            (Some((account, _)), Verdict::Wrong) if account.disabled => "the account is disabled",
            (Some(_), Verdict::Wrong) => "wrong password",
            (None, _) => "no such account",
        };
        self.throttle.failed(peer, &handle, now);
        tracing::info!(%peer, %handle, "sign-in refused: {why_not}");
        Ok(None)
    }
}
