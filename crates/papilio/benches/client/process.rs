//! The other processes of a benchmark: the server, and the bare program that it is compared with,
//! which is the benchmark itself, started with a word.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use tempfile::TempDir;

use super::Addresses;

/// A process that was told where it listens. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    ready: String,
}

/// What a process holds, in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// In all.
    pub(crate) resident: u64,
    /// The part that is its own: heap and stacks, not the program itself and not files.
    pub(crate) anonymous: u64,
}

/// `papilio serve`, on ports and in a folder of its own.
#[derive(Debug)]
pub(crate) struct Server {
    /// The process.
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) addresses: Addresses,
    /// How long `papilio import` took.
    pub(crate) import: Duration,
    _folder: TempDir,
}

impl Server {
    /// Imports these records, and serves.
    pub(crate) fn start(records: &[String], configuration: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let configured = folder.path().join("papilio.toml");
        fs::write(&configured, configuration)?;
        let imported = folder.path().join("accounts.jsonl");
        fs::write(&imported, records.join("\n") + "\n")?;
        let papilio = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_papilio"));
            command.current_dir(folder.path());
            command
        };
        let started = std::time::Instant::now();
        let status = papilio()
            .args(["import", "--data", ".", "--config", "papilio.toml"])
            .arg(&imported)
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "papilio import: {status}");
        let import = started.elapsed();
        let log = File::create(folder.path().join("papilio.log"))?;
        let process = Process::start(
            papilio()
                .args(["serve", "--data", ".", "--config", "papilio.toml"])
                .args(["--msnp", "127.0.0.1:0", "--http", "127.0.0.1:0"])
                .stderr(log),
        )?;
        let addresses = Addresses {
            msnp: process.address("msnp")?,
            http: process.address("http")?,
        };
        Ok(Self {
            process,
            addresses,
            import,
            _folder: folder,
        })
    }
}

impl Process {
    /// This very program, with `word` as its argument; it must say [`ready`] when it listens.
    pub(crate) fn bare(word: &str) -> anyhow::Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).arg(word))
    }

    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut ready = String::new();
        BufReader::new(stdout).read_line(&mut ready)?;
        ensure!(ready.contains(" ready "), "does not start: {ready:?}");
        Ok(Self { child, ready })
    }

    /// One of the addresses where it listens.
    pub(crate) fn address(&self, name: &str) -> anyhow::Result<SocketAddr> {
        self.ready
            .split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
            .with_context(|| format!("no {name} in {:?}", self.ready))?
            .parse()
            .context("not an address")
    }

    /// How much of the processors it has used so far.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        processor_time(&self.child.id().to_string())
    }

    /// How much memory it holds.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .and_then(|value| value.split_whitespace().next()?.parse().ok())
                .with_context(|| format!("no {name} in /proc/PID/status"))
        };
        Ok(Memory {
            resident: line("VmRSS")?,
            anonymous: line("RssAnon")?,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// How much of the processors this program has used so far.
pub(crate) fn own_processor_time() -> anyhow::Result<Duration> {
    processor_time("self")
}

/// Says where this program listens, as `papilio serve` does.
pub(crate) fn ready(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "bare ready msnp={address}")?;
    Ok(out.flush()?)
}

fn processor_time(process: &str) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program, in parentheses, may hold anything; utime and stime are fields 14 and
    // 15 of proc(5), in hundredths of a second.
    let (_, fields) = stat.rsplit_once(')').context("malformed /proc/PID/stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> anyhow::Result<u64> { Ok(fields.next().context("too short")?.parse()?) };
    Ok(Duration::from_millis(10 * (next()? + next()?)))
}
