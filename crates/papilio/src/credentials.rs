//! The one door for a handle and a password (services-auth, 3, 6, 10 and 12; RULINGS, throttling).
//!
//! Wrong password, unknown account, disabled account and too many failures look the same and take
//! the same time.

use std::net::IpAddr;
use std::time::Instant;

use crate::password::{PasswordError, Passwords};
use crate::sign_in_throttle::ThrottleSettings;
use crate::store::account::Account;
use crate::store::{Store, StoreError};

/// Checks handles with passwords. Cloning one is a reference count.
#[derive(Clone)]
pub struct Credentials {}

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
        let _ = (store, passwords, throttle);
        unimplemented!()
    }

    /// The account, if handle and password are right and it may sign in. `None` says nothing about
    /// why not; the reason stands in the log.
    pub async fn check(
        &self,
        peer: IpAddr,
        handle: &str,
        password: &str,
        now: Instant,
    ) -> Result<Option<Account>, CredentialsError> {
        let _ = (peer, handle, password, now);
        unimplemented!()
    }
}
