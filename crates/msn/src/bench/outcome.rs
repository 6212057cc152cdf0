//! What came of it all: the counts of every worker added up, second by second and in all, and whether
//! the figures are the server's or the tool's own.

mod verdict;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::meter::{self, Usage};
use super::plan::{Course, Plan, Scenario};
use super::tally::{Counts, Metric, Tick, histogram};

pub(super) use verdict::{Bottleneck, Verdict};

/// Everything there is to say, as it goes into the JSON file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) scenario: Scenario,
    pub(super) title: &'static str,
    pub(super) version: &'static str,
    /// Seconds since 1970.
    pub(super) started: u64,
    pub(super) server: String,
    pub(super) accounts: u32,
    pub(super) processes: u32,
    pub(super) sources: Vec<String>,
    pub(super) msnp: u32,
    /// What was due a second.
    pub(super) rate: f64,
    pub(super) sign_in_rate: f64,
    pub(super) message_bytes: usize,
    pub(super) preparation_seconds: f64,
    pub(super) load_seconds: f64,
    pub(super) most_signed_in: i64,
    pub(super) most_in_chats: i64,
    pub(super) figures: Vec<Figures>,
    /// By kind, how many.
    pub(super) errors: BTreeMap<String, u64>,
    /// What else there is to know.
    pub(super) notes: Vec<String>,
    pub(super) tool: Tool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server_process: Option<ServerProcess>,
    pub(super) timeline: Vec<Row>,
}

/// Before the load, or the load.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Phase {
    Preparation,
    Load,
}

/// One metric in one phase.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub(super) phase: Phase,
    pub(super) metric: Metric,
    /// 0 for what is seen by others.
    pub(super) due: u64,
    pub(super) done: u64,
    pub(super) failed: u64,
    pub(super) unanswered: u64,
    pub(super) per_second: f64,
    pub(super) ms: Spread,
    /// Percentile and milliseconds.
    pub(super) curve: Vec<(f64, f64)>,
}

/// How long it took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Spread {
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p99: f64,
    pub(super) p99_9: f64,
    pub(super) max: f64,
    pub(super) mean: f64,
}

/// What the tool says of itself.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Tool {
    pub(super) verdict: Verdict,
    /// From when something was due until it was begun.
    pub(super) late_ms: Spread,
    /// From when a service was to be asked until a connection was free.
    pub(super) held_ms: Spread,
    /// On average during the load, as a number of processors; all processes together.
    pub(super) processors_used: f64,
    /// How many this machine has.
    pub(super) processors: usize,
    /// How busy all of them were during the load, by whomever, from 0 to 1.
    pub(super) machine_busy: f64,
    /// The most that all workers held.
    pub(super) resident_kib: u64,
    pub(super) kib_for_each_account: f64,
}

/// The server, when its process is on this machine.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ServerProcess {
    pub(super) pid: u32,
    pub(super) before_kib: u64,
    /// When the load began.
    pub(super) prepared_kib: u64,
    pub(super) most_kib: u64,
    pub(super) last_kib: u64,
    /// What each signed-in account added, when the load began.
    pub(super) kib_for_each_account: Option<f64>,
    /// On average during the load, as a number of processors.
    pub(super) processors_used: f64,
}

/// One second.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    /// Seconds from the start.
    pub(super) at: f64,
    pub(super) phase: Phase,
    #[serde(skip)]
    pub(super) load_second: f64,
    pub(super) signed_in: i64,
    pub(super) in_chats: i64,
    pub(super) metrics: Vec<(Metric, Second)>,
    /// Of all kinds, from the start.
    pub(super) errors: u64,
    pub(super) late_p99_ms: f64,
    pub(super) tool_processors: Option<f64>,
    pub(super) machine_busy: Option<f64>,
    pub(super) server_kib: Option<u64>,
    pub(super) server_processors: Option<f64>,
}

/// One metric in one second.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Second {
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

/// Sums of what the workers tell.
pub(super) struct Sums {
    plan: Plan,
    processes: u32,
    started: u64,
    /// The last that each worker told.
    workers: Vec<Last>,
    sums: BTreeMap<(Phase, Metric), (Counts, Histogram<u64>)>,
    second: BTreeMap<Metric, Histogram<u64>>,
    late: Histogram<u64>,
    late_second: Histogram<u64>,
    held: Histogram<u64>,
    phase: Phase,
    most_signed_in: i64,
    most_in_chats: i64,
    /// Seconds in each phase.
    preparation_seconds: f64,
    load_seconds: f64,
    notes: Vec<String>,
    rows: Vec<Row>,
    most_resident_kib: u64,
}

#[derive(Clone, Default)]
struct Last {
    counts: BTreeMap<Metric, Counts>,
    errors: BTreeMap<String, u64>,
    signed_in: i64,
    chats: i64,
    processors: Clock,
    /// At the last row, and when the load began.
    processors_at_row: Clock,
    processors_at_load: Clock,
    resident_kib: u64,
}

/// Processor time within time, by the worker's own watch, since what it tells comes when it comes.
#[derive(Clone, Copy, Default)]
struct Clock {
    processor_ms: u64,
    up_ms: u64,
}

impl Clock {
    /// As a number of processors.
    fn since(self, before: Self) -> Option<f64> {
        let passed = self.up_ms.saturating_sub(before.up_ms);
        let used = self.processor_ms.saturating_sub(before.processor_ms);
        (passed > 0).then(|| used as f64 / passed as f64)
    }
}

impl Sums {
    pub(super) fn new(plan: &Plan, processes: u32, started: u64) -> Self {
        Self {
            phase: match plan.scenario.preparations() {
                [] => Phase::Load,
                _ => Phase::Preparation,
            },
            plan: plan.clone(),
            processes,
            started,
            workers: vec![Last::default(); processes as usize],
            sums: BTreeMap::new(),
            second: BTreeMap::new(),
            late: histogram(),
            late_second: histogram(),
            held: histogram(),
            most_signed_in: 0,
            most_in_chats: 0,
            preparation_seconds: 0.0,
            load_seconds: 0.0,
            notes: Vec::new(),
            rows: Vec::new(),
            most_resident_kib: 0,
        }
    }

    /// Something that the reader has to know.
    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// What comes from now on is the load.
    pub(super) fn load_begins(&mut self) {
        self.phase = Phase::Load;
        // How late the preparations were has nothing to do with the load.
        self.late.reset();
        self.held.reset();
        // Nor has the rest of their last second.
        self.late_second.reset();
        self.second.values_mut().for_each(Histogram::reset);
        for worker in &mut self.workers {
            worker.processors_at_load = worker.processors;
        }
    }

    /// Whether the load makes sense.
    pub(super) fn anybody_prepared(&self) -> bool {
        let done = |((phase, _), (counts, _)): (&(Phase, Metric), &(Counts, _))| {
            *phase == Phase::Preparation && counts.done > 0
        };
        let first = self.plan.scenario.preparations().first();
        let Some(deed) = first else { return true };
        let wanted = super::member::Order::metrics(*deed);
        let mut sums = self.sums.iter();
        sums.any(|(key, sum)| wanted.contains(&key.1) && done((key, sum)))
    }

    /// What a worker told.
    pub(super) fn add(&mut self, worker: usize, tick: &Tick) {
        let last = &mut self.workers[worker];
        for row in &tick.rows {
            let before = last
                .counts
                .insert(row.metric, row.counts)
                .unwrap_or_default();
            let key = (self.phase, row.metric);
            let sum = self.sums.entry(key);
            let (counts, took) = sum.or_insert_with(|| (Counts::default(), histogram()));
            counts.due += row.counts.due.saturating_sub(before.due);
            counts.done += row.counts.done.saturating_sub(before.done);
            counts.failed += row.counts.failed.saturating_sub(before.failed);
            row.took.add_to(took);
            let second = self.second.entry(row.metric).or_insert_with(histogram);
            row.took.add_to(second);
        }
        last.errors.clone_from(&tick.errors);
        last.signed_in = tick.signed_in;
        last.chats = tick.chats;
        last.processors = Clock {
            processor_ms: tick.processor_ms,
            up_ms: tick.up_ms,
        };
        last.resident_kib = tick.resident_kib;
        for late in [&mut self.late, &mut self.late_second] {
            tick.late.add_to(late);
        }
        tick.held.add_to(&mut self.held);
        let resident = self.workers.iter().map(|worker| worker.resident_kib).sum();
        self.most_resident_kib = self.most_resident_kib.max(resident);
        self.most_signed_in = self.most_signed_in.max(self.sum(|worker| worker.signed_in));
        self.most_in_chats = self.most_in_chats.max(self.sum(|worker| worker.chats));
    }

    /// The second that has passed.
    pub(super) fn row(
        &mut self,
        passed: f64,
        machine_busy: Option<f64>,
        server: Option<Usage>,
        server_processors: Option<f64>,
    ) -> &Row {
        match self.phase {
            Phase::Preparation => self.preparation_seconds += passed,
            Phase::Load => self.load_seconds += passed,
        }
        let place = self.rows.len();
        if passed < SECOND && place > 0 {
            // The rest at the end of a phase: nothing can be said a second of it.
            return &self.rows[place - 1];
        }
        let late_p99_ms = ms(self.late_second.value_at_quantile(0.99));
        let signed_in = self.sum(|worker| worker.signed_in);
        let in_chats = self.sum(|worker| worker.chats);
        let metrics = self.second.iter().filter(|(_, took)| !took.is_empty());
        let metrics = metrics.map(|(metric, took)| {
            let second = Second {
                per_second: took.len() as f64 / passed.max(0.001),
                p50_ms: ms(took.value_at_quantile(0.5)),
                p99_ms: ms(took.value_at_quantile(0.99)),
                max_ms: ms(took.max()),
            };
            (*metric, second)
        });
        let row = Row {
            at: self.preparation_seconds + self.load_seconds,
            phase: self.phase,
            load_second: self.load_seconds,
            signed_in,
            in_chats,
            metrics: metrics.collect(),
            errors: self.errors().values().sum(),
            late_p99_ms,
            tool_processors: self.used_since(|worker| worker.processors_at_row),
            machine_busy,
            server_kib: server.map(|usage| usage.resident_kib),
            server_processors,
        };
        self.second.values_mut().for_each(Histogram::reset);
        self.late_second.reset();
        for worker in &mut self.workers {
            worker.processors_at_row = worker.processors;
        }
        self.rows.push(row);
        &self.rows[place]
    }

    fn sum(&self, of: fn(&Last) -> i64) -> i64 {
        self.workers.iter().map(of).sum()
    }

    /// Of all workers together; `None` when none has told anything since.
    fn used_since(&self, before: fn(&Last) -> Clock) -> Option<f64> {
        let used = self
            .workers
            .iter()
            .filter_map(|worker| worker.processors.since(before(worker)));
        used.reduce(|sum, more| sum + more)
    }

    fn errors(&self) -> BTreeMap<String, u64> {
        let mut errors = BTreeMap::new();
        for (kind, count) in self.workers.iter().flat_map(|worker| &worker.errors) {
            *errors.entry(kind.clone()).or_default() += count;
        }
        errors
    }

    /// All of it.
    pub(super) fn outcome(self, pid: Option<u32>) -> Outcome {
        let mut errors = self.errors();
        let load_seconds = match self.plan.scenario.course() {
            // Not what the last answers took.
            Course::Mix(_) => self.load_seconds.min(self.plan.seconds),
            Course::Once(_) => self.load_seconds,
        };
        let mut figures = Vec::new();
        let mut done = BTreeMap::<Metric, Counts>::new();
        for ((phase, metric), (counts, took)) in &self.sums {
            let all = done.entry(*metric).or_default();
            all.due += counts.due;
            all.done += counts.done;
            all.failed += counts.failed;
            if *counts == Counts::default() {
                continue;
            }
            let seconds = match phase {
                Phase::Preparation => self.preparation_seconds,
                Phase::Load => load_seconds,
            };
            figures.push(Figures {
                phase: *phase,
                metric: *metric,
                due: counts.due,
                done: counts.done,
                failed: counts.failed,
                unanswered: counts.open(),
                per_second: counts.done as f64 / seconds.max(0.001),
                ms: Spread::of(took),
                curve: curve(took),
            });
        }
        for (metric, counts) in &done {
            if counts.open() > 0 {
                errors.insert(format!("{}: no answer", metric.title()), counts.open());
            }
        }
        let of = |metric| done.get(&metric).map_or(0, |counts| counts.done);
        let lost = of(Metric::Acknowledged).saturating_sub(of(Metric::Delivered));
        if lost > 0 {
            errors.insert("message: acknowledged, never delivered".to_owned(), lost);
        }
        let tool = self.tool();
        let server_process = pid.and_then(|pid| self.server_process(pid));
        Outcome {
            scenario: self.plan.scenario,
            title: self.plan.scenario.title(),
            version: env!("CARGO_PKG_VERSION"),
            started: self.started,
            server: self.plan.server.clone(),
            accounts: self.plan.range.count,
            processes: self.processes,
            sources: self.plan.sources.iter().map(ToString::to_string).collect(),
            msnp: self.plan.msnp,
            rate: self.plan.rate,
            sign_in_rate: self.plan.sign_in_rate,
            message_bytes: self.plan.length,
            preparation_seconds: self.preparation_seconds,
            load_seconds,
            most_signed_in: self.most_signed_in,
            most_in_chats: self.most_in_chats,
            figures,
            errors,
            notes: self.notes,
            tool,
            server_process,
            timeline: self.rows,
        }
    }

    fn tool(&self) -> Tool {
        let loaded = self.rows.iter().filter(|row| row.phase == Phase::Load);
        let used = self.used_since(|worker| worker.processors_at_load);
        let processors_used = used.unwrap_or_default();
        let machine_busy = mean(loaded.filter_map(|row| row.machine_busy));
        let (late_ms, held_ms) = (Spread::of(&self.late), Spread::of(&self.held));
        let processors = meter::processors();
        Tool {
            verdict: verdict::Found {
                late_p99_ms: late_ms.p99,
                held_p99_ms: held_ms.p99,
                processors_used,
                processors,
                machine_busy,
                latency_p50_ms: self.latency_p50_ms(),
            }
            .verdict(),
            late_ms,
            held_ms,
            processors_used,
            processors,
            machine_busy,
            resident_kib: self.most_resident_kib,
            kib_for_each_account: self.most_resident_kib as f64 / f64::from(self.plan.range.count),
        }
    }

    /// Of what the load is about: the metric that was due most often.
    fn latency_p50_ms(&self) -> f64 {
        let load = self
            .sums
            .iter()
            .filter(|((phase, _), _)| *phase == Phase::Load);
        let main = load.max_by_key(|(_, (counts, _))| counts.due);
        main.map_or(0.0, |(_, (_, took))| ms(took.value_at_quantile(0.5)))
    }

    fn server_process(&self, pid: u32) -> Option<ServerProcess> {
        let kib: Vec<_> = self.rows.iter().filter_map(|row| row.server_kib).collect();
        let prepared = self
            .rows
            .iter()
            .filter(|row| row.phase == Phase::Preparation);
        let prepared = prepared.max_by(|a, b| a.at.total_cmp(&b.at));
        let prepared = prepared.or(self.rows.first())?;
        let (before, prepared_kib) = (*kib.first()?, prepared.server_kib?);
        let loaded = self.rows.iter().filter(|row| row.phase == Phase::Load);
        let added = prepared_kib as f64 - before as f64;
        Some(ServerProcess {
            pid,
            before_kib: before,
            prepared_kib,
            most_kib: kib.iter().copied().max()?,
            last_kib: *kib.last()?,
            kib_for_each_account: (prepared.signed_in > 0)
                .then(|| added / prepared.signed_in as f64),
            processors_used: mean(loaded.filter_map(|row| row.server_processors)),
        })
    }
}

impl Spread {
    fn of(took: &Histogram<u64>) -> Self {
        if took.is_empty() {
            return Self::default();
        }
        let at = |quantile| ms(took.value_at_quantile(quantile));
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: ms(took.max()),
            mean: took.mean() / 1000.0,
        }
    }
}

impl Outcome {
    /// Whether anything that the scenario is about was done.
    pub(super) fn anything_done(&self) -> bool {
        let mut load = self.figures.iter();
        load.any(|figures| {
            // A ticket alone is nothing.
            figures.phase == Phase::Load && figures.metric != Metric::Ticket && figures.done > 0
        })
    }

    /// The figures as text.
    pub(super) fn table(&self) -> String {
        let mut out = String::new();
        // Writing into a string cannot fail.
        let _ = writeln!(
            out,
            "{}: {} accounts, {} signed in at most, {:.0} due a second for {:.0} s\n",
            self.title, self.accounts, self.most_signed_in, self.rate, self.load_seconds
        );
        let _ = writeln!(
            out,
            "{:<36} {:>9} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "", "done", "failed", "a second", "p50 ms", "p99 ms", "p99.9 ms", "max ms"
        );
        for figures in &self.figures {
            let Figures {
                done,
                failed,
                per_second,
                ms,
                ..
            } = figures;
            let _ = writeln!(
                out,
                "{:<36} {done:>9} {failed:>7} {per_second:>9.1} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
                figures.title(),
                ms.p50,
                ms.p99,
                ms.p99_9,
                ms.max
            );
        }
        if !self.errors.is_empty() {
            let _ = writeln!(out, "\nerrors");
            for (kind, count) in &self.errors {
                let _ = writeln!(out, "{count:>9}  {kind}");
            }
        }
        if let Some(server) = &self.server_process {
            let _ = writeln!(
                out,
                "\nserver: {} KiB before, {} when prepared, {} at most; {:.2} processors under load",
                server.before_kib, server.prepared_kib, server.most_kib, server.processors_used
            );
        }
        let _ = writeln!(out);
        for note in self.notes.iter().chain(&self.tool.verdict.says) {
            let _ = writeln!(out, "{note}");
        }
        out
    }
}

impl Figures {
    /// What it is about, in words.
    pub(super) fn title(&self) -> String {
        match self.phase {
            Phase::Preparation => format!("before: {}", self.metric.title()),
            Phase::Load => self.metric.title().to_owned(),
        }
    }
}

fn ms(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    if count == 0 {
        0.0
    } else {
        sum / f64::from(count)
    }
}

/// A row is about this much time, in seconds, at least.
const SECOND: f64 = 0.5;

/// From the median to the slowest, ever finer.
fn curve(took: &Histogram<u64>) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    if took.is_empty() {
        return points;
    }
    let mut rest = 1.0;
    while rest * took.len() as f64 >= 1.0 {
        let quantile = 1.0 - rest;
        points.push((100.0 * quantile, ms(took.value_at_quantile(quantile))));
        rest /= 1.3;
    }
    points.push((100.0, ms(took.max())));
    points
}
