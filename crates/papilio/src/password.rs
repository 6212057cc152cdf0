//! Passwords: hashed with argon2id, never on a thread that does I/O (services-auth, 3 and 12; RULINGS).
//!
//! ```text
//!   verify -> remembered? -> yes: Right, at once
//!                 | no
//!             a place in the queue? -> none free: Busy
//!                 |
//!             wait for a core -> argon2id on a blocking thread -> Right (remembered) or Wrong
//! ```

mod argon2id;
mod memo;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::metrics::{Limit, METRICS};
use crate::store::account::AccountId;
use argon2id::Argon2id;
use memo::Memo;

/// A password that somebody chose: 1 to 64 characters, none of them a control character.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Longest password in characters (RULINGS).
    pub const MAX_CHARS: usize = 64;

    /// Longest password in bytes.
    const MAX_BYTES: usize = Self::MAX_CHARS * 4;

    /// Takes a password if it may be one.
    pub fn parse(text: &str) -> Result<Self, InvalidPassword> {
        let length = text.chars().count();
        if length == 0 || length > Self::MAX_CHARS || text.chars().any(char::is_control) {
            return Err(InvalidPassword);
        }
        Ok(Self(text.to_owned()))
    }

    /// What old clients send of it, if that is not all of it.
    fn start(&self) -> Option<&str> {
        let (end, _) = self.0.char_indices().nth(START_CHARS)?;
        Some(&self.0[..end])
    }
}

/// The text may not be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a password has 1 to {} characters and no control characters",
    Password::MAX_CHARS
)]
pub struct InvalidPassword;

/// A password as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// The PHC string of the whole password.
    pub(crate) whole: String,
    /// The PHC string of its first 16 characters, when it has more.
    pub(crate) start: Option<String>,
}

impl StoredPassword {
    /// The one hash that this password can only be right for: its length tells which. So one run
    /// is enough, and takes as long as any other.
    fn hash_for(&self, password: &str) -> &str {
        match &self.start {
            Some(start) if password.chars().count() == START_CHARS => start,
            _ => &self.whole,
        }
    }
}

/// How passwords are hashed and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordSettings {
    /// Memory of one run in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// How many may wait for a core before the answer is [`PasswordError::Busy`]; `None` = any number.
    pub waiting: Option<usize>,
    /// How long a right password is remembered; `None` = not at all.
    pub remember: Option<Duration>,
    /// How many right passwords are remembered; `None` = any number.
    pub remembered: Option<usize>,
}

/// Hashes and verifies passwords, as many at once as there are cores. Cloning one is a reference count.
#[derive(Clone)]
pub struct Passwords {
    shared: Arc<Shared>,
}

struct Shared {
    argon2: Argon2id,
    /// One for whoever runs or waits.
    places: Arc<Semaphore>,
    /// One for whoever runs.
    cores: Arc<Semaphore>,
    width: usize,
    /// What a password is verified against when there is no account: no password is right for it.
    nobody: StoredPassword,
    memo: Option<Memo>,
}

/// Why a password was neither hashed nor verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait already.
    #[error("too many passwords are being verified")]
    Busy,
    /// The settings are out of range.
    #[error("argon2id does not work with this much memory or so many passes")]
    Settings,
    /// A run broke off, or what is stored is no hash.
    #[error("a password could not be hashed or verified")]
    Failed,
}

/// What came of verifying a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is not, or there is no such account.
    Wrong,
}

impl Passwords {
    /// Starts the service. Takes as long as one run.
    pub fn new(settings: PasswordSettings) -> Result<Self, PasswordError> {
        let argon2 = Argon2id::new(&settings)?;
        let nobody = StoredPassword {
            whole: argon2.hash(&rand::random::<[u8; 32]>())?,
            start: None,
        };
        argon2.release();
        let width = std::thread::available_parallelism().map_or(1, usize::from);
        let places = settings
            .waiting
            .and_then(|waiting| waiting.checked_add(width))
            .map_or(Semaphore::MAX_PERMITS, |places| {
                places.min(Semaphore::MAX_PERMITS)
            });
        let memo = settings
            .remember
            .map(|lifetime| Memo::new(lifetime, settings.remembered.unwrap_or(usize::MAX)));
        Ok(Self {
            shared: Arc::new(Shared {
                argon2,
                places: Arc::new(Semaphore::new(places)),
                cores: Arc::new(Semaphore::new(width)),
                width,
                nobody,
                memo,
            }),
        })
    }

    /// How many runs there can be at once.
    pub fn width(&self) -> usize {
        self.shared.width
    }

    /// Hashes a password for keeping: one run, or two for a long password.
    pub async fn hash(&self, password: Password) -> Result<StoredPassword, PasswordError> {
        let shared = self.shared.clone();
        self.run(move || {
            Ok(StoredPassword {
                whole: shared.argon2.hash(password.0.as_bytes())?,
                start: password
                    .start()
                    .map(|start| shared.argon2.hash(start.as_bytes()))
                    .transpose()?,
            })
        })
        .await
    }

    /// Verifies a password. Without an account it takes as long as with one, and the answer is
    /// [`Verdict::Wrong`]. Only a right password is ever answered faster than by a run.
    pub async fn verify(
        &self,
        account: Option<(AccountId, &StoredPassword)>,
        password: &str,
    ) -> Result<Verdict, PasswordError> {
        // Nobody has one so long, and those who wait should not hold much.
        let too_long = password.len() > Password::MAX_BYTES;
        let (account, password) = if too_long {
            (None, "")
        } else {
            (account, password)
        };
        let stored = account.map_or(&self.shared.nobody, |(_, stored)| stored);
        let hash = stored.hash_for(password);
        let trace = match (&self.shared.memo, account) {
            (Some(memo), Some((account, _))) => Some(memo.trace(account, hash, password)),
            _ => None,
        };
        if let (Some(memo), Some(trace)) = (&self.shared.memo, trace)
            && memo.remembers(trace, Instant::now())
        {
            return Ok(Verdict::Right);
        }
        let right = self
            .run_verify(hash.to_owned(), password.to_owned())
            .await?;
        if !right || account.is_none() {
            return Ok(Verdict::Wrong);
        }
        if let (Some(memo), Some(trace)) = (&self.shared.memo, trace) {
            memo.remember(trace, Instant::now());
        }
        Ok(Verdict::Right)
    }

    async fn run_verify(&self, hash: String, password: String) -> Result<bool, PasswordError> {
        let shared = self.shared.clone();
        self.run(move || shared.argon2.verify(password.as_bytes(), &hash))
            .await
    }

    /// Does heavy work on a blocking thread when there is a core for it. Work once begun keeps its
    /// core and its place to the end, even when nobody waits for it any more.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = self
            .shared
            .places
            .clone()
            .try_acquire_owned()
            .map_err(|_| {
                METRICS.throttled.of(Limit::Passwords).increment(1);
                PasswordError::Busy
            })?;
        let waiting = Counted::by(&METRICS.argon2_waiting);
        let core = self
            .shared
            .cores
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Failed)?;
        drop(waiting);
        let running = Counted::by(&METRICS.argon2_running);
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop((core, place, running));
            // Whoever waited has the core now, and works in the memory that is there.
            if shared.cores.available_permits() == shared.width {
                shared.argon2.release();
            }
            done
        })
        .await
        .map_err(|_| PasswordError::Failed)?
    }
}

/// Counts for as long as it is there.
struct Counted(&'static metrics::Gauge);

impl Counted {
    fn by(gauge: &'static metrics::Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredPassword")
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords")
    }
}

/// How many characters of a password old clients send (services-auth, 3).
const START_CHARS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// As little work as argon2 allows.
    const QUICK: PasswordSettings = PasswordSettings {
        memory_kib: 8,
        passes: 1,
        waiting: None,
        remember: None,
        remembered: None,
    };

    const ALICE: AccountId = AccountId(3);

    fn remembering() -> Passwords {
        Passwords::new(PasswordSettings {
            remember: Some(Duration::from_secs(600)),
            ..QUICK
        })
        .unwrap()
    }

    async fn stored(passwords: &Passwords, text: &str) -> StoredPassword {
        passwords
            .hash(Password::parse(text).unwrap())
            .await
            .unwrap()
    }

    async fn verdict(passwords: &Passwords, stored: &StoredPassword, text: &str) -> Verdict {
        passwords.verify(Some((ALICE, stored)), text).await.unwrap()
    }

    #[tokio::test]
    async fn the_right_password_and_no_other() {
        let passwords = Passwords::new(QUICK).unwrap();
        let secret = stored(&passwords, "secret&1").await;
        assert_eq!(
            verdict(&passwords, &secret, "secret&1").await,
            Verdict::Right
        );
        for wrong in ["", "secret&2", "Secret&1", "secret&1 ", "secret&11"] {
            assert_eq!(
                verdict(&passwords, &secret, wrong).await,
                Verdict::Wrong,
                "{wrong:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_long_password_is_right_whole_and_by_its_first_16_characters() {
        let passwords = Passwords::new(QUICK).unwrap();
        let long = "ünderstanding-20-ch";
        let secret = stored(&passwords, long).await;
        let start: String = long.chars().take(16).collect();
        assert_eq!(verdict(&passwords, &secret, long).await, Verdict::Right);
        assert_eq!(verdict(&passwords, &secret, &start).await, Verdict::Right);
        let nearly: String = long.chars().take(17).collect();
        let shorter: String = long.chars().take(15).collect();
        for wrong in [nearly.as_str(), shorter.as_str(), "0123456789abcdef"] {
            assert_eq!(
                verdict(&passwords, &secret, wrong).await,
                Verdict::Wrong,
                "{wrong:?}"
            );
        }
        let exact = stored(&passwords, "0123456789abcdef").await;
        assert_eq!(exact.start, None);
        assert_eq!(
            verdict(&passwords, &exact, "0123456789abcdef").await,
            Verdict::Right
        );
        assert_eq!(
            verdict(&passwords, &exact, "0123456789abcdefg").await,
            Verdict::Wrong
        );
    }

    #[test]
    fn what_may_be_a_password() {
        assert!(Password::parse(&"x".repeat(64)).is_ok());
        assert!(Password::parse(&"é".repeat(64)).is_ok());
        for text in ["", "a\nb", "a\0", &"x".repeat(65)] {
            assert_eq!(
                Password::parse(text).err(),
                Some(InvalidPassword),
                "{text:?}"
            );
        }
    }

    #[tokio::test]
    async fn without_an_account_no_password_is_right() {
        let passwords = remembering();
        for text in ["", "x", "secret"] {
            assert_eq!(passwords.verify(None, text).await, Ok(Verdict::Wrong));
        }
    }

    #[tokio::test]
    async fn the_longest_password_is_right_and_a_longer_one_is_wrong() {
        let passwords = Passwords::new(QUICK).unwrap();
        let longest = "\u{1f98b}".repeat(64);
        let secret = stored(&passwords, &longest).await;
        assert_eq!(verdict(&passwords, &secret, &longest).await, Verdict::Right);
        let longer = longest + "x";
        assert_eq!(verdict(&passwords, &secret, &longer).await, Verdict::Wrong);
        let huge = "x".repeat(1_000_000);
        assert_eq!(verdict(&passwords, &secret, &huge).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_right_password_is_remembered_and_a_wrong_one_is_not() {
        let passwords = remembering();
        let secret = stored(&passwords, "secret").await;
        assert_eq!(verdict(&passwords, &secret, "wrong").await, Verdict::Wrong);
        assert_eq!(verdict(&passwords, &secret, "secret").await, Verdict::Right);
        // No core is left to run on: only what is remembered can be answered.
        let cores = passwords
            .shared
            .cores
            .acquire_many(passwords.width() as u32)
            .await
            .unwrap();
        assert_eq!(verdict(&passwords, &secret, "secret").await, Verdict::Right);
        for (account, text) in [(ALICE, "wrong"), (AccountId(4), "secret")] {
            let mut run = Box::pin(passwords.verify(Some((account, &secret)), text));
            assert!(is_waiting(&mut run).await, "{account} {text}");
        }
        drop(cores);
    }

    #[tokio::test]
    async fn what_is_remembered_dies_with_the_stored_hash() {
        let passwords = remembering();
        let before = stored(&passwords, "secret").await;
        let after = stored(&passwords, "secret").await;
        assert_eq!(verdict(&passwords, &before, "secret").await, Verdict::Right);
        let _cores = passwords
            .shared
            .cores
            .acquire_many(passwords.width() as u32)
            .await
            .unwrap();
        let mut run = Box::pin(passwords.verify(Some((ALICE, &after)), "secret"));
        assert!(is_waiting(&mut run).await);
    }

    #[tokio::test]
    async fn when_too_many_wait_the_next_is_told_so() {
        let passwords = Passwords::new(PasswordSettings {
            waiting: Some(1),
            ..QUICK
        })
        .unwrap();
        let cores = passwords.shared.cores.clone();
        let cores = cores.acquire_many(passwords.width() as u32).await.unwrap();
        let mut waiting: Vec<_> = (0..=passwords.width())
            .map(|_| Box::pin(passwords.verify(None, "x")))
            .collect();
        for run in &mut waiting {
            assert!(is_waiting(run).await);
        }
        assert_eq!(passwords.verify(None, "x").await, Err(PasswordError::Busy));
        drop(cores);
        for run in waiting {
            assert_eq!(run.await, Ok(Verdict::Wrong));
        }
        assert_eq!(passwords.verify(None, "x").await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_caller_who_gives_up_frees_his_place() {
        let passwords = Passwords::new(PasswordSettings {
            waiting: Some(0),
            ..QUICK
        })
        .unwrap();
        let cores = passwords.shared.cores.clone();
        let cores = cores.acquire_many(passwords.width() as u32).await.unwrap();
        for _ in 0..100 {
            let mut run = Box::pin(passwords.verify(None, "x"));
            assert!(is_waiting(&mut run).await);
        }
        drop(cores);
        assert_eq!(passwords.verify(None, "x").await, Ok(Verdict::Wrong));
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for settings in [
            PasswordSettings {
                memory_kib: 1,
                ..QUICK
            },
            PasswordSettings { passes: 0, ..QUICK },
        ] {
            assert_eq!(
                Passwords::new(settings).err(),
                Some(PasswordError::Settings)
            );
        }
    }

    #[tokio::test]
    async fn nothing_secret_is_shown() {
        let passwords = Passwords::new(QUICK).unwrap();
        let password = Password::parse("secret").unwrap();
        let secret = stored(&passwords, "secret").await;
        assert_eq!(
            format!("{password:?} {secret:?} {passwords:?}"),
            "Password StoredPassword Passwords"
        );
    }

    /// Polls once.
    async fn is_waiting<F: Future + Unpin>(run: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *run).poll(context).is_pending())
        })
        .await
    }
}
