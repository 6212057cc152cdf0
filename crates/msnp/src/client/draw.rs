//! The randomness of a session: one secret number from outside, and all that is drawn from it. So a
//! session does the same again when it is given the same.

use std::fmt;

use sha1::{Digest, Sha1};

use crate::soap::guid::Guid;

/// Where a session's random numbers come from. Sixteen random bytes, new for each session.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(pub [u8; 16]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// Draws from a [`Seed`].
#[derive(Debug)]
pub(super) struct Draw {
    seed: Seed,
    drawn: u64,
}

impl Draw {
    pub(super) fn new(seed: Seed) -> Self {
        Self { seed, drawn: 0 }
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= 20) };
        self.drawn += 1;
        let digest = Sha1::new()
            .chain_update(self.seed.0)
            .chain_update(self.drawn.to_le_bytes())
            .finalize();
        let mut bytes = [0; N];
        bytes.copy_from_slice(&digest[..N]);
        bytes
    }

    /// A random GUID (version 4).
    pub(super) fn guid(&mut self) -> Guid {
        let number = u128::from_be_bytes(self.bytes());
        let number = number & !(0xf << 76) | 4 << 76;
        Guid::from_u128(number & !(0b11 << 62) | 0b10 << 62)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_random_ones_and_differ() {
        let mut draw = Draw::new(Seed([7; 16]));
        let (first, second) = (draw.guid().to_string(), draw.guid().to_string());
        assert_ne!(first, second);
        for guid in [first, second] {
            assert_eq!(&guid[14..15], "4", "{guid}");
            assert!("89ab".contains(&guid[19..20]), "{guid}");
        }
    }

    #[test]
    fn a_seed_is_not_shown() {
        assert_eq!(format!("{:?}", Seed([7; 16])), "Seed(..)");
    }
}
