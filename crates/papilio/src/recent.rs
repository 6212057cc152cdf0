//! What happened recently, within bounds: a map whose entries all live equally long.
//!
//! Because they do, the oldest is always the first to go, and forgetting costs nothing extra. Time is
//! passed in, so that tests need not wait.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// A bounded map whose entries vanish a fixed time after they were put in.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    entries: HashMap<K, (Instant, V)>,
    /// Oldest first. Holds every key of `entries` once.
    order: VecDeque<K>,
    lifetime: Duration,
    capacity: usize,
}

impl<K: Eq + Hash + Clone, V> Recent<K, V> {
    /// Remembers for this long and at most so many entries (at least one). When there is no room
    /// the oldest goes.
    pub(crate) fn new(lifetime: Duration, capacity: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
            lifetime,
            capacity: capacity.max(1),
        }
    }

    /// Remembers for another time from now on, what is there already included.
    pub(crate) fn remember_for(&mut self, lifetime: Duration) {
        self.lifetime = lifetime;
    }

    /// The entry, if it was put in within its lifetime.
    pub(crate) fn find(&mut self, key: &K, now: Instant) -> Option<&mut V> {
        self.forget_old(now);
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    /// The entry; if there is none, one is put in with this value.
    pub(crate) fn find_or_put(&mut self, key: K, value: V, now: Instant) -> &mut V {
        self.forget_old(now);
        if !self.entries.contains_key(&key) {
            if self.entries.len() >= self.capacity {
                self.forget_oldest();
            }
            self.order.push_back(key.clone());
        }
        let (_, value) = self.entries.entry(key).or_insert((now, value));
        value
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some(oldest) = self.order.front() {
            let begun = self.entries.get(oldest).map(|&(begun, _)| begun);
            if begun.is_some_and(|begun| now.saturating_duration_since(begun) < self.lifetime) {
                break;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(key) = self.order.pop_front() {
            self.entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn an_entry_lives_as_long_as_it_may() {
        let start = Instant::now();
        let mut recent = Recent::new(MINUTE, 10);
        *recent.find_or_put("a", 1, start) += 1;
        let just_before = start + MINUTE - Duration::from_nanos(1);
        assert_eq!(recent.find(&"a", just_before), Some(&mut 2));
        assert_eq!(recent.find(&"a", start + MINUTE), None);
        assert_eq!(*recent.find_or_put("a", 7, start + MINUTE), 7);
    }

    #[test]
    fn finding_does_not_prolong() {
        let start = Instant::now();
        let mut recent = Recent::new(MINUTE, 10);
        recent.find_or_put("a", 1, start);
        recent.find_or_put("a", 1, start + MINUTE / 2);
        assert_eq!(recent.find(&"a", start + MINUTE), None);
    }

    #[test]
    fn the_oldest_goes_when_there_is_no_room() {
        let start = Instant::now();
        let mut recent = Recent::new(MINUTE, 2);
        for key in ["a", "b", "c"] {
            recent.find_or_put(key, 0, start);
        }
        assert_eq!(recent.find(&"a", start), None);
        assert!(recent.find(&"b", start).is_some());
        assert!(recent.find(&"c", start).is_some());
        assert_eq!(recent.order.len(), recent.entries.len());
    }
}
