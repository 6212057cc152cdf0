//! What is due when: a thread that does nothing but wait for the next moment and tell the account whose
//! turn it is. It never waits for anybody.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt as _;
use tokio::sync::mpsc::UnboundedSender;

use super::member::{Order, Post};
use super::plan::{Course, Deed};
use super::world::World;

/// Everybody's mailboxes, and whose turn it is.
pub(super) struct Pace {
    pub(super) world: Arc<World>,
    pub(super) members: Vec<UnboundedSender<Post>>,
}

impl Pace {
    /// Everybody does this once, `rate` a second.
    pub(super) fn once(&self, deed: Deed, rate: f64) {
        let doers = self.doers(deed);
        let start = Instant::now();
        for turn in 0..doers.len() {
            let due = start + Duration::from_secs_f64(turn as f64 / rate);
            self.give(deed, doers.at(turn), due);
        }
    }

    /// The load itself.
    pub(super) fn course(&self, course: Course, rate: f64, seconds: f64) {
        let deeds = match course {
            Course::Once(deed) => return self.once(deed, rate),
            Course::Mix(deeds) => deeds,
        };
        let all: u32 = deeds.iter().map(|(_, weight)| weight).sum();
        let mut turns = vec![0; deeds.len()];
        let start = Instant::now();
        for number in 0_u64.. {
            let offset = number as f64 / rate;
            if offset >= seconds {
                break;
            }
            let mut drawn = match all {
                1 => 0,
                _ => rand::rng().random_range(0..all),
            };
            for ((deed, weight), turn) in deeds.iter().zip(&mut turns) {
                if drawn < *weight {
                    let doers = self.doers(*deed);
                    if doers.len() > 0 {
                        let due = start + Duration::from_secs_f64(offset);
                        self.give(*deed, doers.at(*turn), due);
                    }
                    *turn += 1;
                    break;
                }
                drawn -= weight;
            }
        }
    }

    fn doers(&self, deed: Deed) -> Doers {
        Doers {
            deed,
            members: self.members.len(),
            pairs: (self.members.len() / 2).min(self.world.plan.pairs as usize),
        }
    }

    fn give(&self, deed: Deed, place: usize, due: Instant) {
        let wait = due.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            thread::sleep(wait);
        }
        for metric in Order::metrics(deed) {
            self.world.tally.due(*metric);
        }
        // Members stay for as long as the worker does.
        let _stays = self.members[place].send(Post::Order(Order { deed, due }));
    }
}

/// Who does something, in which order.
struct Doers {
    deed: Deed,
    members: usize,
    /// How many pairs talk.
    pairs: usize,
}

impl Doers {
    fn len(&self) -> usize {
        match self.deed {
            Deed::OpenChat => self.pairs,
            Deed::Say => 2 * self.pairs,
            _ => self.members,
        }
    }

    /// First one of each pair talks, then the other one of each.
    fn at(&self, turn: usize) -> usize {
        let turn = turn % self.len().max(1);
        match self.deed {
            Deed::OpenChat => 2 * turn,
            Deed::Say => 2 * (turn % self.pairs) + turn / self.pairs,
            _ => turn,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everybody_has_a_turn() {
        for members in [2, 3, 20, 21] {
            for deed in [Deed::Say, Deed::Ping, Deed::OpenChat] {
                let pairs = members / 2;
                let doers = Doers {
                    deed,
                    members,
                    pairs,
                };
                let turns: BTreeSet<_> = (0..doers.len()).map(|turn| doers.at(turn)).collect();
                assert_eq!(turns.len(), doers.len(), "{deed:?} of {members}");
                assert_eq!(doers.at(doers.len()), doers.at(0));
                assert!(turns.iter().all(|place| *place < members));
            }
        }
        let few = Doers {
            deed: Deed::Say,
            members: 20,
            pairs: 2,
        };
        let turns: Vec<_> = (0..5).map(|turn| few.at(turn)).collect();
        assert_eq!(turns, [0, 2, 1, 3, 0]);
    }
}
