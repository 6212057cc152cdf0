//! Passwords: hashed with argon2id, never on a thread that does I/O (services-auth, 3 and 12; RULINGS).

use std::fmt;
use std::time::Duration;

use crate::store::account::AccountId;

/// A password that somebody chose: 1 to 64 characters, none of them a control character.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Longest password in characters (RULINGS).
    pub const MAX_CHARS: usize = 64;

    /// Takes a password if it may be one.
    pub fn parse(text: &str) -> Result<Self, InvalidPassword> {
        let _ = text;
        unimplemented!()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// The text may not be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password has 1 to 64 characters and no control characters")]
pub struct InvalidPassword;

/// A password as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// The PHC string of the whole password.
    pub(crate) whole: String,
    /// The PHC string of its first 16 characters, when it has more.
    pub(crate) start: Option<String>,
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredPassword")
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
#[derive(Clone, Debug)]
pub struct Passwords {}

/// Why a password was neither hashed nor verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait already.
    #[error("too many passwords are being verified")]
    Busy,
    /// The settings are out of range, or a run broke off.
    #[error("a password could not be hashed")]
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
    /// Starts the service.
    pub fn new(settings: PasswordSettings) -> Result<Self, PasswordError> {
        let _ = settings;
        unimplemented!()
    }

    /// Hashes a password for keeping.
    pub async fn hash(&self, password: Password) -> Result<StoredPassword, PasswordError> {
        let _ = password;
        unimplemented!()
    }

    /// Verifies a password. Without an account it takes as long as with one, and the answer is
    /// [`Verdict::Wrong`].
    pub async fn verify(
        &self,
        account: Option<(AccountId, &StoredPassword)>,
        password: &str,
    ) -> Result<Verdict, PasswordError> {
        let _ = (account, password);
        unimplemented!()
    }
}
