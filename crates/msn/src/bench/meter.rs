//! What processes use: memory and processor time, from `/proc` (proc(5)). Elsewhere there are no
//! figures, and nothing is said of them.

use std::fs;
use std::time::Instant;

/// What a process has used and holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Processor time from its start, in milliseconds.
    pub(super) processor_ms: u64,
    /// Resident memory.
    pub(super) resident_kib: u64,
}

impl Usage {
    pub(super) fn of_this_process() -> Option<Self> {
        Self::of("self")
    }

    /// `None` when there is no such process, or no `/proc`.
    pub(super) fn of_process(id: u32) -> Option<Self> {
        Self::of(&id.to_string())
    }

    fn of(process: &str) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        Some(Self {
            processor_ms: processor_ms(&stat)?,
            resident_kib: resident_kib(&status)?,
        })
    }
}

/// How busy all processors of this machine are, from one look to the next.
#[derive(Debug)]
pub(super) struct Machine {
    last: Option<(u64, u64)>,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self { last: ticks() }
    }

    /// From 0 to 1, since the last time.
    pub(super) fn busy(&mut self) -> Option<f64> {
        let (idle, all) = ticks()?;
        let (idle_before, all_before) = self.last.replace((idle, all))?;
        let passed = all.saturating_sub(all_before);
        let idle = idle.saturating_sub(idle_before);
        (passed > 0).then(|| 1.0 - idle as f64 / passed as f64)
    }
}

/// How many processors there are to use.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Processor time as a number of processors, from one look to the next.
#[derive(Debug)]
pub(super) struct Rate {
    last: Option<(Instant, u64)>,
}

impl Rate {
    pub(super) fn new() -> Self {
        Self { last: None }
    }

    pub(super) fn processors(&mut self, now: Instant, processor_ms: u64) -> Option<f64> {
        let (then, before) = self.last.replace((now, processor_ms))?;
        let passed = now.duration_since(then).as_secs_f64();
        (passed > 0.0).then(|| processor_ms.saturating_sub(before) as f64 / 1000.0 / passed)
    }
}

fn processor_ms(stat: &str) -> Option<u64> {
    // The name of the program, in parentheses, may hold anything; utime and stime are fields 14 and 15,
    // in hundredths of a second.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(10 * (next()? + next()?))
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Idle time, and all time, of all processors.
fn ticks() -> Option<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = line
        .split_whitespace()
        // Guest time is in user time already.
        .take(8)
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    // Idle, and waiting for disks.
    Some((fields.get(3)? + fields.get(4)?, fields.iter().sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_programs_may_hold_anything() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 12 30 0 0 20 0 1 0";
        assert_eq!(processor_ms(stat), Some(420));
        assert_eq!(processor_ms("7 (x) S"), None);
        assert_eq!(resident_kib("Name:\tx\nVmRSS:\t  1234 kB\n"), Some(1234));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_holds_something() {
        assert!(Usage::of_this_process().unwrap().resident_kib > 0);
        assert!(Usage::of_process(u32::MAX).is_none());
    }
}
