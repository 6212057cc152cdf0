//! How often somebody may ask something: so many times at once, and so many a second on average.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::Mutex;

use crate::config::Rate;

/// Counts by whatever name somebody has.
#[derive(Debug)]
pub(super) struct Pace {
    /// `None` = as often as they like.
    rate: Option<Rate>,
    asked: Mutex<HashMap<String, Left>>,
}

#[derive(Clone, Copy, Debug)]
struct Left {
    times: f64,
    at: Instant,
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            asked: Mutex::default(),
        }
    }

    /// Whether they may, and counts it.
    pub(super) fn take(&self, who: &str, now: Instant) -> bool {
        let Some(rate) = self.rate else {
            return true;
        };
        let mut asked = self.asked.lock();
        let left = filled(rate, asked.get(who).copied(), now);
        if left < 1.0 {
            return false;
        }
        if asked.len() >= REMEMBERED && !asked.contains_key(who) {
            // Those who may ask everything again need no place.
            asked.retain(|_, left| filled(rate, Some(*left), now) < f64::from(rate.burst));
            if asked.len() >= REMEMBERED {
                return false;
            }
        }
        let times = left - 1.0;
        asked.insert(who.to_owned(), Left { times, at: now });
        true
    }
}

fn filled(rate: Rate, left: Option<Left>, now: Instant) -> f64 {
    let burst = f64::from(rate.burst);
    left.map_or(burst, |left| {
        let seconds = now.saturating_duration_since(left.at).as_secs_f64();
        (left.times + seconds * f64::from(rate.per_second)).min(burst)
    })
}

/// How many names are remembered.
const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn so_many_at_once_and_so_many_a_second() {
        let pace = Pace::new(Some(Rate {
            burst: 3,
            per_second: 2,
        }));
        let now = Instant::now();
        let times = |who: &str, at| (0..10).filter(|_| pace.take(who, at)).count();
        assert_eq!(times("a", now), 3);
        assert_eq!(times("b", now), 3, "each has their own");
        assert_eq!(times("a", now + Duration::from_secs(1)), 2);
        assert_eq!(times("a", now + Duration::from_secs(100)), 3);
    }
}
