//! How fast a client may go: a token bucket, as a value.
//!
//! Small, since every session has some; the time comes from outside.

use std::time::{Duration, Instant};

/// A burst, and what comes back per second. A burst of 0 means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// How many per second in the long run.
    pub per_second: u32,
}

impl Rate {
    /// `burst` at once, `per_second` in the long run.
    pub const fn new(burst: u32, per_second: u32) -> Self {
        Self { burst, per_second }
    }
}

/// What is left of a [`Rate`]: the moment at which the bucket will be full again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    full_at: Option<Instant>,
    refused: u32,
}

/// Whether one more is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    Yes,
    /// Not now.
    No,
    /// Not now, and as many times in a row that nobody does it by mistake: close.
    Abuse,
}

impl Pace {
    /// Takes one token.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> Allowed {
        if rate.burst == 0 {
            return Allowed::Yes;
        }
        let token = Duration::from_secs(1) / rate.per_second.max(1);
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + token;
        if full_at - now > token * rate.burst {
            self.refused += 1;
            let patience = rate.burst.saturating_mul(4).max(100);
            return if self.refused > patience {
                Allowed::Abuse
            } else {
                Allowed::No
            };
        }
        self.full_at = Some(full_at);
        self.refused = 0;
        Allowed::Yes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let (rate, start) = (Rate::new(3, 2), Instant::now());
        let mut pace = Pace::default();
        for _ in 0..3 {
            assert_eq!(pace.take(rate, start), Allowed::Yes);
        }
        assert_eq!(pace.take(rate, start), Allowed::No);
        assert_eq!(
            pace.take(rate, start + Duration::from_millis(499)),
            Allowed::No
        );
        assert_eq!(
            pace.take(rate, start + Duration::from_millis(500)),
            Allowed::Yes
        );
        assert_eq!(
            pace.take(rate, start + Duration::from_millis(500)),
            Allowed::No
        );
        assert_eq!(
            pace.take(rate, start + Duration::from_secs(60)),
            Allowed::Yes
        );
    }

    #[test]
    fn who_never_stops_is_cut_off() {
        let (rate, now) = (Rate::new(10, 1), Instant::now());
        let mut pace = Pace::default();
        let outcomes: Vec<_> = (0..111).map(|_| pace.take(rate, now)).collect();
        assert_eq!(outcomes[109], Allowed::No);
        assert_eq!(outcomes[110], Allowed::Abuse);
    }

    #[test]
    fn a_burst_of_nothing_is_no_limit() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for _ in 0..1000 {
            assert_eq!(pace.take(Rate::new(0, 0), now), Allowed::Yes);
        }
    }
}
