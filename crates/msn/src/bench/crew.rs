//! Starts the workers, lets them begin together, adds up what they tell, and looks at the processes of
//! this machine meanwhile.

use std::pin::{Pin, pin};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::stop;

use super::meter::{Machine, Rate, Usage};
use super::outcome::{Outcome, Sums};
use super::plan::Plan;
use super::progress::Progress;
use super::worker::Told;

/// Carries out the plan by so many processes.
pub(super) async fn run(
    plan: &Plan,
    processes: u32,
    server: Option<u32>,
) -> anyhow::Result<Outcome> {
    if let Some(id) = server
        && Usage::of_process(id).is_none()
    {
        bail!("there is no process {id} to look at");
    }
    let (tells, told) = mpsc::channel(64);
    let mut workers = Vec::new();
    for number in 0..processes {
        let share = Plan {
            range: plan.range.share(processes, number),
            pairs: plan.pairs.div_ceil(processes),
            rate: plan.rate / f64::from(processes),
            sign_in_rate: plan.sign_in_rate / f64::from(processes),
            ..plan.clone()
        };
        workers.push(Worker::start(workers.len(), &share, tells.clone()).await?);
    }
    drop(tells);
    let started = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut crew = Crew {
        sums: Sums::new(plan, processes, started.unwrap_or_default().as_secs()),
        progress: Progress::new(plan),
        workers,
        told,
        server,
        server_rate: Rate::new(),
        machine: Machine::new(),
        beat: Instant::now(),
    };
    let mut enough = pin!(stop::stopped(None)?);
    crew.look();
    if crew.until(Stage::Ready, enough.as_mut()).await? == Reached::Stopped {
        return Ok(crew.finish());
    }
    if !crew.sums.anybody_prepared() {
        crew.sums
            .note("Nobody could be prepared for the load, so there was none.");
        return Ok(crew.finish());
    }
    crew.sums.load_begins();
    crew.progress.load_begins();
    for worker in &mut crew.workers {
        worker.go().await;
    }
    crew.until(Stage::Over, enough).await?;
    Ok(crew.finish())
}

/// Whether the workers came as far as they should.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reached {
    Yes,
    /// Somebody had enough.
    Stopped,
}

/// How far a worker is.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Stage {
    Preparing,
    Ready,
    Over,
}

struct Worker {
    stage: Stage,
    input: Option<ChildStdin>,
    /// Ends when dropped.
    _child: Child,
}

impl Worker {
    async fn start(
        number: usize,
        share: &Plan,
        tells: mpsc::Sender<(usize, Option<Told>)>,
    ) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut child = Command::new(program)
            .args(["bench", "worker"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // An interrupt from the keyboard is for us, who still want to hear of them.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a worker")?;
        let mut input = child.stdin.take().context("a worker without input")?;
        let output = child.stdout.take().context("a worker without output")?;
        let plan = serde_json::to_string(share)? + "\n";
        input.write_all(plan.as_bytes()).await?;
        input.flush().await?;
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(told) = serde_json::from_str(&line) else {
                    break;
                };
                if tells.send((number, Some(told))).await.is_err() {
                    return;
                }
            }
            // Nobody may be interested any more.
            let _over = tells.send((number, None)).await;
        });
        Ok(Self {
            stage: Stage::Preparing,
            input: Some(input),
            _child: child,
        })
    }

    async fn go(&mut self) {
        if let Some(input) = &mut self.input {
            // A worker that has ended is told of by its output.
            let _ended = input.write_all(b"go\n").await;
            let _ended = input.flush().await;
        }
    }
}

struct Crew {
    sums: Sums,
    progress: Progress,
    workers: Vec<Worker>,
    told: mpsc::Receiver<(usize, Option<Told>)>,
    server: Option<u32>,
    server_rate: Rate,
    machine: Machine,
    beat: Instant,
}

impl Crew {
    /// Until every worker has come this far.
    async fn until(
        &mut self,
        stage: Stage,
        mut enough: Pin<&mut impl Future<Output = ()>>,
    ) -> anyhow::Result<Reached> {
        let mut reached = Reached::Yes;
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        seconds.reset();
        while self.workers.iter().any(|worker| worker.stage < stage) {
            tokio::select! {
                told = self.told.recv() => match told {
                    Some((number, Some(told))) => self.hear(number, told)?,
                    Some((number, None)) => {
                        self.workers[number].stage = Stage::Over;
                        self.sums.note("A worker process ended before its time.");
                    }
                    None => break,
                },
                _ = seconds.tick() => self.look(),
                () = &mut enough => {
                    reached = Reached::Stopped;
                    self.sums.note("It was stopped before its time: these are the figures until then.");
                    break;
                }
            }
        }
        self.look();
        Ok(reached)
    }

    fn hear(&mut self, number: usize, told: Told) -> anyhow::Result<()> {
        match told {
            Told::Tick(tick) => self.sums.add(number, &tick),
            Told::Ready => self.workers[number].stage = Stage::Ready,
            Told::Over => self.workers[number].stage = Stage::Over,
            Told::Unable(why) => bail!("{why}"),
        }
        Ok(())
    }

    /// Once a second: a row of the timeline.
    fn look(&mut self) {
        let now = Instant::now();
        let passed = now.duration_since(self.beat).as_secs_f64();
        self.beat = now;
        let server = self.server.and_then(Usage::of_process);
        let processors =
            server.and_then(|usage| self.server_rate.processors(now, usage.processor_ms));
        let row = self
            .sums
            .row(passed, self.machine.busy(), server, processors);
        self.progress.show(row);
    }

    fn finish(self) -> Outcome {
        self.progress.finish();
        self.sums.outcome(self.server)
    }
}
