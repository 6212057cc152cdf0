//! The one door for a handle and a password (services-auth, 3, 6, 10 and 12; RULINGS, throttling).
//!
//! Wrong password, unknown, disabled or banned account, banned address, too many failures: they look
//! the same and take the same time, one run of argon2. Why it was no stands in the log, without the
//! password.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use msnp::handle::Handle;

use crate::bans::Bans;
use crate::metrics::{self, METRICS};
use crate::password::{Password, PasswordError, Passwords, StoredPassword, Verdict};
use crate::sign_in_throttle::{SignInThrottle, ThrottleSettings, Throttled};
use crate::store::account::{Account, AccountId};
use crate::store::ban::BanSubject;
use crate::store::{Store, StoreError};

/// Checks handles with passwords. Cloning one is a few reference counts.
#[derive(Clone, Debug)]
pub struct Credentials {
    store: Store,
    passwords: Passwords,
    throttle: Arc<SignInThrottle>,
    bans: Arc<Bans>,
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
            bans: Arc::default(),
        }
    }

    /// The same door, which nobody from these networks gets through.
    pub fn closed_to(self, bans: Arc<Bans>) -> Self {
        Self { bans, ..self }
    }

    /// Lets other settings of the throttle hold from now on.
    pub fn change_throttle(&self, settings: ThrottleSettings) {
        self.throttle.change(settings);
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
        let outcome = self.look(peer, handle, password, now).await;
        let counted = match &outcome {
            Ok(Ok(_)) => metrics::Password::Right,
            Ok(Err(why_not)) => *why_not,
            Err(_) => metrics::Password::Trouble,
        };
        METRICS.passwords.of(counted).increment(1);
        Ok(outcome?.ok())
    }

    async fn look(
        &self,
        peer: IpAddr,
        handle: &str,
        password: &str,
        now: Instant,
    ) -> Result<Result<Account, metrics::Password>, CredentialsError> {
        let date = Timestamp::now();
        let Ok(handle) = Handle::parse(handle) else {
            self.passwords.verify(None, password).await?;
            tracing::info!(%peer, "sign-in refused: what was sent is not a handle");
            return Ok(Err(metrics::Password::Malformed));
        };
        if let Some(limit) = self.throttle.check(peer, &handle, now) {
            self.passwords.verify(None, password).await?;
            return Ok(Err(throttled(peer, &handle, limit)));
        }
        if self.bans.refuse(peer, date) {
            self.passwords.verify(None, password).await?;
            tracing::info!(%peer, %handle, "sign-in refused: the address is banned");
            return Ok(Err(metrics::Password::Banned));
        }
        let known = self.store.account_with_password(&handle).await?;
        // After the account: whoever was banned in between gets tickets of before, which are dead.
        let subject = BanSubject::Account(handle.clone());
        let is_banned = self.store.ban_on(&subject, date).await?.is_some();
        // One who may not sign in must not be answered faster because his password is remembered.
        let stored = known
            .as_ref()
            .filter(|(account, _)| !account.disabled && !is_banned)
            .map(|(account, stored)| (account.id, stored));
        let verdict = self.passwords.verify(stored, password).await?;
        let why_not = match (known, verdict) {
            (Some((account, _)), Verdict::Right) => {
                // Many may have tried at the same moment, and failed while this one was verified.
                let Some(limit) = self.throttle.check(peer, &handle, now) else {
                    return Ok(Ok(account));
                };
                return Ok(Err(throttled(peer, &handle, limit)));
            }
            (Some((account, _)), Verdict::Wrong) if account.disabled => metrics::Password::Disabled,
            (Some(_), Verdict::Wrong) if is_banned => metrics::Password::Banned,
            (Some(_), Verdict::Wrong) => metrics::Password::Wrong,
            (None, _) => metrics::Password::Unknown,
        };
        self.throttle.failed(peer, &handle, now);
        let why = match why_not {
            metrics::Password::Disabled => "the account is disabled",
            metrics::Password::Banned => "the account is banned",
            metrics::Password::Unknown => "no such account",
            _ => "wrong password",
        };
        tracing::info!(%peer, %handle, "sign-in refused: {why}");
        Ok(Err(why_not))
    }

    /// Whether this is the password that was chosen for an account that is not made yet. Failures count
    /// as those of an account.
    pub async fn check_waiting(
        &self,
        peer: IpAddr,
        handle: &Handle,
        stored: &StoredPassword,
        password: &str,
        now: Instant,
    ) -> Result<bool, CredentialsError> {
        if let Some(limit) = self.throttle.check(peer, handle, now) {
            self.passwords.verify(None, password).await?;
            tracing::warn!(%peer, %handle, "confirmation refused: {limit}");
            return Ok(false);
        }
        let verdict = self
            .passwords
            .verify(Some((NOBODY, stored)), password)
            .await?;
        if verdict == Verdict::Wrong {
            self.throttle.failed(peer, handle, now);
            tracing::info!(%peer, %handle, "confirmation refused: wrong password");
        }
        Ok(verdict == Verdict::Right)
    }

    /// Hashes a password for keeping.
    pub async fn hash(&self, password: Password) -> Result<StoredPassword, PasswordError> {
        self.passwords.hash(password).await
    }
}

fn throttled(peer: IpAddr, handle: &Handle, limit: Throttled) -> metrics::Password {
    tracing::warn!(%peer, %handle, "sign-in refused: {limit}");
    METRICS.throttled.of(metrics::Limit::SignIn).increment(1);
    metrics::Password::Throttled
}

/// No account has this number.
const NOBODY: AccountId = AccountId(0);
