//! What a worker counts: for each metric what was due, done and failed, and how long it took; errors
//! by kind; and how late the worker itself was.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// Something that takes time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Metric {
    /// From when the connection was due until the account is seen.
    SignIn,
    /// A ticket for a password, from when it was asked for.
    Ticket,
    /// ABFindAll.
    AddressBook,
    /// FindMembership.
    Memberships,
    /// `OUT`.
    SignOut,
    /// `PNG` until `QNG`.
    Ping,
    /// `CHG` until its answer.
    Status,
    /// `CHG` until a contact has the `NLN`.
    Seen,
    /// `XFR` until the other one has joined.
    ChatOpened,
    /// `MSG` until `ACK`.
    Acknowledged,
    /// `MSG` until the other one has it.
    Delivered,
}

impl Metric {
    pub(super) const ALL: [Self; 11] = [
        Self::SignIn,
        Self::Ticket,
        Self::AddressBook,
        Self::Memberships,
        Self::SignOut,
        Self::Ping,
        Self::Status,
        Self::Seen,
        Self::ChatOpened,
        Self::Acknowledged,
        Self::Delivered,
    ];

    /// In words.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Ticket => "ticket",
            Self::AddressBook => "address book read",
            Self::Memberships => "memberships read",
            Self::SignOut => "sign-out",
            Self::Ping => "ping",
            Self::Status => "status",
            Self::Seen => "status seen by a contact",
            Self::ChatOpened => "conversation opened",
            Self::Acknowledged => "message acknowledged",
            Self::Delivered => "message delivered",
        }
    }
}

/// Counts of one worker; shared by its tasks.
pub(super) struct Tally {
    rows: [Mutex<Row>; Metric::ALL.len()],
    /// From when something was due until it was begun.
    late: Mutex<Histogram<u64>>,
    /// From when a service was to be asked until one of our connections was free.
    held: Mutex<Histogram<u64>>,
    errors: Mutex<BTreeMap<String, u64>>,
    signed_in: AtomicI64,
    chats: AtomicI64,
    began: Instant,
}

struct Row {
    counts: Counts,
    /// Since the last report.
    took: Histogram<u64>,
}

/// What became of what was due, from the start.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Counts {
    pub(super) due: u64,
    pub(super) done: u64,
    pub(super) failed: u64,
}

impl Counts {
    /// What is neither done nor failed. Things seen by others have no due number.
    pub(super) fn open(self) -> u64 {
        self.due.saturating_sub(self.done + self.failed)
    }
}

/// A report, for the crew: counts from the start, durations since the last one.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Tick {
    pub(super) rows: Vec<RowTick>,
    pub(super) late: Recorded,
    pub(super) held: Recorded,
    pub(super) errors: BTreeMap<String, u64>,
    pub(super) signed_in: i64,
    pub(super) chats: i64,
    /// How long the worker has counted, in milliseconds.
    pub(super) up_ms: u64,
    /// Processor time of the worker from its start, in milliseconds.
    pub(super) processor_ms: u64,
    pub(super) resident_kib: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct RowTick {
    pub(super) metric: Metric,
    pub(super) counts: Counts,
    pub(super) took: Recorded,
}

/// A histogram as it travels: microseconds, and how often. What is added up from parts is what would
/// have been counted at once, since all have the same buckets.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Recorded(Vec<(u64, u64)>);

impl Recorded {
    fn drain(histogram: &mut Histogram<u64>) -> Self {
        let values = histogram.iter_recorded();
        let values = values.map(|value| (value.value_iterated_to(), value.count_at_value()));
        let recorded = Self(values.collect());
        histogram.reset();
        recorded
    }

    /// Adds it to another one.
    pub(super) fn add_to(&self, histogram: &mut Histogram<u64>) {
        for (value, count) in &self.0 {
            histogram.saturating_record_n(*value, *count);
        }
    }
}

/// An empty one: microseconds up to an hour, to three digits.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HOUR, 3).expect("these bounds are good")
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            rows: std::array::from_fn(|_| {
                Mutex::new(Row {
                    counts: Counts::default(),
                    took: histogram(),
                })
            }),
            late: Mutex::new(histogram()),
            held: Mutex::new(histogram()),
            errors: Mutex::default(),
            signed_in: AtomicI64::new(0),
            chats: AtomicI64::new(0),
            began: Instant::now(),
        }
    }

    fn row(&self, metric: Metric) -> &Mutex<Row> {
        &self.rows[metric as usize]
    }

    /// Something is due, and will be done or fail.
    pub(super) fn due(&self, metric: Metric) {
        self.row(metric).lock().counts.due += 1;
    }

    /// It is done.
    pub(super) fn done(&self, metric: Metric, due: Instant) {
        let mut row = self.row(metric).lock();
        row.counts.done += 1;
        row.took.saturating_record(micros(due.elapsed()));
    }

    /// It was not done, for a reason of this kind.
    pub(super) fn failed(&self, metric: Metric, kind: impl std::fmt::Display) {
        self.row(metric).lock().counts.failed += 1;
        self.error(format!("{}: {kind}", metric.title()));
    }

    /// Something went wrong that nothing waits for.
    pub(super) fn error(&self, kind: String) {
        let mut errors = self.errors.lock();
        let known = errors.len() < KINDS || errors.contains_key(&kind);
        let kind = if known { kind } else { "others".to_owned() };
        *errors.entry(kind).or_default() += 1;
    }

    /// Something that was due is begun.
    pub(super) fn begun(&self, due: Instant) {
        self.late.lock().saturating_record(micros(due.elapsed()));
    }

    /// A request had to wait for a free connection since `from`.
    pub(super) fn held(&self, from: Instant) {
        self.held.lock().saturating_record(micros(from.elapsed()));
    }

    /// Somebody is signed in, or no longer.
    pub(super) fn signed_in(&self, more: i64) {
        self.signed_in.fetch_add(more, Ordering::Relaxed);
    }

    /// Somebody is in a conversation, or no longer.
    pub(super) fn chats(&self, more: i64) {
        self.chats.fetch_add(more, Ordering::Relaxed);
    }

    /// How much is neither done nor failed.
    pub(super) fn open(&self) -> u64 {
        let counts = self.rows.iter().map(|row| row.lock().counts.open());
        counts.sum()
    }

    /// How much of one kind is neither done nor failed.
    pub(super) fn open_of(&self, metric: Metric) -> u64 {
        self.row(metric).lock().counts.open()
    }

    /// How many messages were acknowledged and not heard yet.
    pub(super) fn undelivered(&self) -> u64 {
        let acknowledged = self.row(Metric::Acknowledged).lock().counts.done;
        acknowledged.saturating_sub(self.row(Metric::Delivered).lock().counts.done)
    }

    /// The report since the last one.
    pub(super) fn tick(&self) -> Tick {
        let own = super::meter::Usage::of_this_process().unwrap_or_default();
        let rows = Metric::ALL.into_iter().map(|metric| {
            let mut row = self.row(metric).lock();
            RowTick {
                metric,
                counts: row.counts,
                took: Recorded::drain(&mut row.took),
            }
        });
        Tick {
            rows: rows.collect(),
            late: Recorded::drain(&mut self.late.lock()),
            held: Recorded::drain(&mut self.held.lock()),
            errors: self.errors.lock().clone(),
            signed_in: self.signed_in.load(Ordering::Relaxed),
            chats: self.chats.load(Ordering::Relaxed),
            up_ms: micros(self.began.elapsed()) / 1000,
            processor_ms: own.processor_ms,
            resident_kib: own.resident_kib,
        }
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// In microseconds.
const HOUR: u64 = 3_600_000_000;

/// How many kinds of errors are told apart.
const KINDS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole() {
        let (mut whole, mut sum) = (histogram(), histogram());
        for part in 0..3_u64 {
            let mut some = histogram();
            for step in 0..1000 {
                let value = 1 + (step * step * (part + 1)) % 700_001;
                some.saturating_record(value);
                whole.saturating_record(value);
            }
            let recorded = Recorded::drain(&mut some);
            assert_eq!(some.len(), 0);
            let travelled = serde_json::to_string(&recorded).unwrap();
            let recorded: Recorded = serde_json::from_str(&travelled).unwrap();
            recorded.add_to(&mut sum);
        }
        assert_eq!(sum, whole);
    }

    #[test]
    fn what_is_due_stays_open_until_it_is_done_or_fails() {
        let tally = Tally::new();
        for _ in 0..3 {
            tally.due(Metric::Ping);
        }
        tally.done(Metric::Ping, Instant::now());
        tally.failed(Metric::Ping, "gone");
        assert_eq!(tally.open(), 1);
        // Seen by others: never due.
        tally.done(Metric::Seen, Instant::now());
        assert_eq!(tally.open(), 1);
        let tick = tally.tick();
        assert_eq!(tick.errors["ping: gone"], 1);
        let row = &tick.rows[Metric::Ping as usize];
        assert_eq!(row.metric, Metric::Ping);
        assert_eq!(
            (row.counts.due, row.counts.done, row.counts.failed),
            (3, 1, 1)
        );
    }

    #[test]
    fn kinds_of_errors_are_bounded() {
        let tally = Tally::new();
        for number in 0..10 * KINDS {
            tally.error(format!("{number}"));
        }
        let errors = tally.tick().errors;
        assert_eq!(errors.len(), KINDS + 1);
        assert_eq!(errors.values().sum::<u64>(), 10 * KINDS as u64);
    }
}
