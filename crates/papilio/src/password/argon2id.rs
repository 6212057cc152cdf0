//! Runs of argon2id, and the memory that they work in.
//!
//! ```text
//!   run -> run -> run       a wave of sign-ins: one memory for each core, handed on
//!                    \
//!                     nobody waits: back to the system
//! ```
//!
//! A run fills 19 MB. Fresh memory for each costs a third of the speed, since the system hands it out
//! zeroed and page by page; memory kept for ever would be the largest thing in an idle server.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use parking_lot::Mutex;

use super::{PasswordError, PasswordSettings};

/// Argon2id with the settings of this server.
pub(super) struct Argon2id {
    argon2: Argon2<'static>,
    /// Memory that the last runs have left.
    spare: Mutex<Vec<Vec<Block>>>,
}

impl Argon2id {
    pub(super) fn new(settings: &PasswordSettings) -> Result<Self, PasswordError> {
        let PasswordSettings {
            memory_kib, passes, ..
        } = *settings;
        let params = Params::new(memory_kib, passes, LANES, Some(OUTPUT))
            .map_err(|_| PasswordError::Settings)?;
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            spare: Mutex::default(),
        })
    }

    /// Hashes a password with a new salt: a PHC string.
    pub(super) fn hash(&self, password: &[u8]) -> Result<String, PasswordError> {
        let salt: [u8; SALT] = rand::random();
        let mut output = [0; OUTPUT];
        self.run(&self.argon2, password, &salt, &mut output)?;
        let write = || -> Result<String, argon2::password_hash::Error> {
            let hash = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(self.argon2.params())?,
                salt: Some(Salt::new(&salt)?),
                hash: Some(Output::new(&output)?),
            };
            Ok(hash.to_string())
        };
        write().map_err(|_| PasswordError::Failed)
    }

    /// Whether this is the password of a PHC string, which may have been made with other settings.
    pub(super) fn verify(&self, password: &[u8], hash: &str) -> Result<bool, PasswordError> {
        let hash = PasswordHash::new(hash).map_err(|_| PasswordError::Failed)?;
        let (Some(salt), Some(expected), Some(version)) = (hash.salt, hash.hash, hash.version)
        else {
            return Err(PasswordError::Failed);
        };
        let made_with = || -> Result<Argon2<'static>, argon2::password_hash::Error> {
            let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
            let version = Version::try_from(version)?;
            Ok(Argon2::new(algorithm, version, Params::try_from(&hash)?))
        };
        let argon2 = made_with().map_err(|_| PasswordError::Failed)?;
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..expected.len()];
        self.run(&argon2, password, &salt, output)?;
        // Compared in a time that does not tell how wrong it is.
        Ok(Output::new(output).is_ok_and(|output| output == expected))
    }

    /// Gives all memory that no run works in back to the system.
    pub(super) fn release(&self) {
        let spare = std::mem::take(&mut *self.spare.lock());
        drop(spare);
    }

    fn run(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), PasswordError> {
        let blocks = argon2.params().block_count();
        let mut memory = self.spare.lock().pop().unwrap_or_default();
        if memory.len() < blocks {
            drop(memory);
            memory = Vec::with_capacity(blocks.max(GIVEN_BACK));
            memory.resize(blocks, Block::default());
        }
        let done = argon2.hash_password_into_with_memory(password, salt, output, &mut memory);
        self.spare.lock().push(memory);
        done.map_err(|_| PasswordError::Failed)
    }
}

/// Lanes of argon2: one, because every run has one core.
const LANES: u32 = 1;

/// How long a hash is, in bytes.
const OUTPUT: usize = 32;

/// How long a salt is, in bytes.
const SALT: usize = 16;

/// The smallest memory to ask for, in blocks of 1 KiB. The GNU allocator gives anything above 32 MiB
/// back to the system as soon as it is free, and keeps what is smaller for later. What is asked for
/// and never written to is only a number.
const GIVEN_BACK: usize = 33 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(memory_kib: u32) -> Argon2id {
        Argon2id::new(&PasswordSettings {
            memory_kib,
            passes: 2,
            waiting: None,
            remember: None,
            remembered: None,
        })
        .unwrap()
    }

    #[test]
    fn hashes_are_those_of_the_reference() {
        // Of its own tests: other memory, other lanes than ours.
        for hash in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        ] {
            assert_eq!(quick(8).verify(b"password", hash), Ok(true), "{hash}");
            assert_eq!(quick(8).verify(b"Password", hash), Ok(false), "{hash}");
        }
    }

    #[test]
    fn what_a_run_leaves_does_not_matter_to_the_next() {
        let (small, large) = (quick(8), quick(64));
        let hashes = [
            small.hash(b"one").unwrap(),
            large.hash(b"two").unwrap(),
            small.hash(b"three").unwrap(),
        ];
        for _ in 0..2 {
            for (hash, password) in hashes.iter().zip(["one", "two", "three"]) {
                assert_eq!(small.verify(password.as_bytes(), hash), Ok(true));
                assert_eq!(small.verify(b"four", hash), Ok(false));
            }
        }
        assert_eq!(small.spare.lock().len(), 1, "handed on from run to run");
        small.release();
        assert_eq!(small.spare.lock().len(), 0);
    }

    #[test]
    fn what_is_no_hash_is_an_error() {
        for hash in [
            "",
            "x",
            "$argon2id$v=19$m=8,t=1,p=1",
            "$md5$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA",
        ] {
            assert_eq!(
                quick(8).verify(b"x", hash),
                Err(PasswordError::Failed),
                "{hash}"
            );
        }
    }
}
