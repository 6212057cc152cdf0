//! How many offline messages one account may leave in a short time (services-oim, 9.3).
//!
//! A count begins with its first message and ends when the window is over, so a client that waits
//! a little longer than that and tries again, as Messenger does, succeeds. Refused messages count
//! too, so that haste tells nobody who blocks them. What is remembered is bounded.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::recent::Recent;
use crate::store::account::AccountId;

/// Counts the messages of each sender.
#[derive(Debug)]
pub struct SenderThrottle {
    most: Option<usize>,
    counts: Mutex<Recent<AccountId, usize>>,
}

/// Too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many messages in a short time")]
pub struct TooFast;

impl SenderThrottle {
    /// At most so many messages of one sender within this time; `None` of either: no limit.
    pub fn new(most: Option<usize>, window: Option<Duration>) -> Self {
        let window = window.unwrap_or_default();
        Self {
            most: most.filter(|_| !window.is_zero()),
            counts: Mutex::new(Recent::new(window, REMEMBERED)),
        }
    }

    /// Counts a message, unless it is one too many.
    pub fn take(&self, sender: AccountId, now: Instant) -> Result<(), TooFast> {
        let Some(most) = self.most else {
            return Ok(());
        };
        let mut counts = self.counts.lock();
        let count = counts.find_or_put(sender, 0, now);
        if *count >= most {
            return Err(TooFast);
        }
        *count += 1;
        Ok(())
    }
}

/// How many senders are remembered: some megabytes at worst.
const REMEMBERED: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    #[test]
    fn the_eleventh_waits_until_the_window_ends() {
        let throttle = SenderThrottle::new(Some(10), Some(WINDOW));
        let start = Instant::now();
        for second in 0..10 {
            let now = start + Duration::from_millis(900 * second);
            assert_eq!(throttle.take(AccountId(1), now), Ok(()));
        }
        let just_before = start + WINDOW - Duration::from_millis(1);
        assert_eq!(throttle.take(AccountId(1), just_before), Err(TooFast));
        assert_eq!(throttle.take(AccountId(2), just_before), Ok(()));
        assert_eq!(throttle.take(AccountId(1), start + WINDOW), Ok(()));
    }

    #[test]
    fn without_limit_there_is_none() {
        for (most, window) in [(None, Some(WINDOW)), (Some(1), None)] {
            let throttle = SenderThrottle::new(most, window);
            let now = Instant::now();
            for _ in 0..100 {
                assert_eq!(throttle.take(AccountId(1), now), Ok(()));
            }
        }
    }
}
