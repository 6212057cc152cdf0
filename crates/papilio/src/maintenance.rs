//! Maintenance that was announced: whoever signs in before it begins is told as well (wire-msnp13, 2, 8).

use jiff::Timestamp;
use parking_lot::Mutex;

/// When maintenance begins, if any was announced.
#[derive(Debug, Default)]
pub struct Maintenance(Mutex<Option<Timestamp>>);

impl Maintenance {
    /// It begins then, or there is none.
    pub fn announce(&self, begins: Option<Timestamp>) {
        *self.0.lock() = begins;
    }

    /// How many minutes are left, begun ones included; `None` without maintenance.
    pub fn minutes_left(&self, now: Timestamp) -> Option<u32> {
        let begins = (*self.0.lock())?;
        let seconds = begins.duration_since(now).as_secs().max(0);
        u32::try_from((seconds + 59) / 60).ok()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_begun_minute_counts() {
        let maintenance = Maintenance::default();
        let now = Timestamp::from_second(1000).unwrap();
        assert_eq!(maintenance.minutes_left(now), None);
        for (seconds, minutes) in [(-5, 0), (0, 0), (1, 1), (60, 1), (61, 2), (300, 5)] {
            maintenance.announce(Some(now + SignedDuration::from_secs(seconds)));
            assert_eq!(maintenance.minutes_left(now), Some(minutes), "{seconds}");
        }
        maintenance.announce(None);
        assert_eq!(maintenance.minutes_left(now), None);
    }
}
