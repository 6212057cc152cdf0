//! The challenges of one session: when the next goes out, and whether its answer is right
//! (wire-msnp13, CHL / QRY and 6).
//!
//! ```text
//!   Never --first CHG--> Open --right answer--> Next at ... --its time--> Open ...
//!                         |
//!                         +-- wrong answer, or none in time: the end
//! ```

use std::time::{Duration, Instant};

use crate::proof::challenge::Product;

/// Where the session is.
pub(super) struct Challenges {
    /// Where the next one comes from. Whoever knows it knows them all.
    seed: u64,
    state: State,
}

enum State {
    /// None until somebody asks.
    Never,
    /// The next one goes out then.
    Next(Instant),
    /// One is out.
    Open {
        challenge: Box<str>,
        deadline: Instant,
    },
}

/// What the time has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// Another challenge.
    Another,
    /// The answer is late.
    Late,
}

impl Challenges {
    /// None yet. The seed is secret, and different for each session.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            state: State::Never,
        }
    }

    /// A new challenge: twenty digits, always (RULINGS), to be answered until `deadline`.
    pub(super) fn open(&mut self, deadline: Instant) -> String {
        let high = u128::from(splitmix(&mut self.seed));
        let low = u128::from(splitmix(&mut self.seed));
        let challenge = format!("{:020}", (high << 64 | low) % 10u128.pow(20));
        self.state = State::Open {
            challenge: challenge.as_str().into(),
            deadline,
        };
        challenge
    }

    /// Whether this answers the open challenge. One that nobody asked for is wrong.
    pub(super) fn is_answered(&self, product: &str, response: &[u8]) -> bool {
        match (&self.state, Product::find(product)) {
            (State::Open { challenge, .. }, Some(product)) => product.verify(challenge, response),
            _ => false,
        }
    }

    /// The answer was right; the next challenge goes out after `interval`, if at all.
    pub(super) fn answered(&mut self, now: Instant, interval: Option<Duration>) {
        self.state = interval.map_or(State::Never, |interval| State::Next(now + interval));
    }

    /// When to look again.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        match self.state {
            State::Never => None,
            State::Next(at) | State::Open { deadline: at, .. } => Some(at),
        }
    }

    pub(super) fn due(&self, now: Instant) -> Due {
        match self.state {
            State::Next(at) if now >= at => Due::Another,
            State::Open { deadline, .. } if now >= deadline => Due::Late,
            State::Never | State::Next(_) | State::Open { .. } => Due::Nothing,
        }
    }
}

impl std::fmt::Debug for Challenges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Challenges(..)")
    }
}

/// Numbers from a seed that the server drew: a session can draw none itself.
fn splitmix(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::challenge::PRODUCTS;

    #[test]
    fn every_product_can_answer_and_nobody_twice() {
        let now = Instant::now();
        for product in PRODUCTS {
            let mut challenges = Challenges::new(7);
            assert!(!challenges.is_answered(product.id, product.response("1").as_bytes()));
            let challenge = challenges.open(now);
            assert!(challenge.len() == 20 && challenge.bytes().all(|b| b.is_ascii_digit()));
            assert!(challenges.is_answered(product.id, product.response(&challenge).as_bytes()));
            challenges.answered(now, None);
            assert!(!challenges.is_answered(product.id, product.response(&challenge).as_bytes()));
        }
    }

    #[test]
    fn no_two_sessions_or_turns_share_a_challenge() {
        let now = Instant::now();
        let (mut one, mut other) = (Challenges::new(1), Challenges::new(2));
        let drawn = [
            one.open(now),
            one.open(now),
            other.open(now),
            other.open(now),
        ];
        let distinct: std::collections::HashSet<_> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
    }

    #[test]
    fn time_brings_the_next_one_or_the_end() {
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        let mut challenges = Challenges::new(1);
        assert_eq!(
            (challenges.wake_at(), challenges.due(now)),
            (None, Due::Nothing)
        );
        challenges.open(now + minute);
        assert_eq!(
            (challenges.due(now), challenges.due(now + minute)),
            (Due::Nothing, Due::Late)
        );
        challenges.answered(now, Some(minute));
        assert_eq!(challenges.wake_at(), Some(now + minute));
        assert_eq!(
            (challenges.due(now), challenges.due(now + minute)),
            (Due::Nothing, Due::Another)
        );
    }
}
