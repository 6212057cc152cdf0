//! Which passwords were right a short while ago.
//!
//! A run of argon2 is slow on purpose, so after a restart thousands of clients that sign in again at
//! once would wait for one another. What is remembered of a right password is an HMAC of account,
//! stored hash and password under a key of this process alone: it is worth nothing elsewhere, and
//! as the stored hash is in it, it dies when the password changes.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use sha2::Sha256;

use crate::recent::Recent;
use crate::store::account::AccountId;

/// Which passwords were right a short while ago.
pub(super) struct Memo {
    key: [u8; 64],
    right: Mutex<Recent<Trace, ()>>,
}

/// The first half of the HMAC: nobody guesses 128 bits, and there are as many traces as passwords.
pub(super) type Trace = [u8; 16];

impl Memo {
    pub(super) fn new(lifetime: Duration, capacity: usize) -> Self {
        let mut key = [0; 64];
        rand::fill(&mut key);
        Self {
            key,
            right: Mutex::new(Recent::new(lifetime, capacity)),
        }
    }

    pub(super) fn trace(&self, account: AccountId, hash: &str, password: &str) -> Trace {
        let mut mac = Hmac::<Sha256>::new(&self.key.into());
        mac.update(&account.0.to_be_bytes());
        mac.update(&(hash.len() as u64).to_be_bytes());
        mac.update(hash.as_bytes());
        mac.update(password.as_bytes());
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        std::array::from_fn(|place| whole[place])
    }

    pub(super) fn remembers(&self, trace: Trace, now: Instant) -> bool {
        self.right.lock().find(&trace, now).is_some()
    }

    pub(super) fn remember(&self, trace: Trace, now: Instant) {
        self.right.lock().find_or_put(trace, (), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: AccountId = AccountId(3);

    #[test]
    fn what_is_remembered_is_forgotten_in_time() {
        let memo = Memo::new(Duration::from_secs(600), 10);
        let trace = memo.trace(ALICE, "hash", "secret");
        let start = Instant::now();
        memo.remember(trace, start);
        assert!(memo.remembers(trace, start + Duration::from_secs(599)));
        assert!(!memo.remembers(trace, start + Duration::from_secs(600)));
        assert_ne!(
            trace,
            Memo::new(Duration::from_secs(1), 1).trace(ALICE, "hash", "secret")
        );
    }
}
