//! A process that carries a share of the load. It hears its plan and when to begin on its standard
//! input, and tells on its standard output, as one JSON object a line, what it counts.
//!
//! ```text
//!   crew: plan          ->  worker: tick, tick, ..., ready       (preparations: everybody signs in)
//!   crew: "go"          ->  worker: tick, tick, ..., over        (the load)
//!   crew: end of input  ->  worker ends
//! ```

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{interval, sleep};

use super::member::{Member, Order};
use super::pace::Pace;
use super::plan::{Course, Deed, Plan};
use super::tally::Tick;
use super::world::World;

/// What a worker tells.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Told {
    /// What it counted.
    Tick(Box<Tick>),
    /// Everybody is prepared, as far as they can be.
    Ready,
    /// The load is over.
    Over,
    /// It cannot do its part.
    Unable(String),
}

/// Does the part that standard input names.
pub(super) async fn run() -> anyhow::Result<()> {
    if let Err(error) = work().await {
        // The crew says so.
        tell(&Told::Unable(format!("{error:#}")));
    }
    Ok(())
}

async fn work() -> anyhow::Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let plan = lines.next_line().await?.context("no plan")?;
    let plan: Plan = serde_json::from_str(&plan).context("not a plan")?;
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    check_files(&plan, files)?;
    let (heard, mut go) = mpsc::channel(1);
    tokio::spawn(async move {
        // The end of the input is the end of this process, whatever it is doing.
        while let Ok(Some(_)) = lines.next_line().await {
            if heard.send(()).await.is_err() {
                break;
            }
        }
        std::process::exit(0);
    });

    let world = Arc::new(World::new(plan)?);
    let mut members = Vec::with_capacity(world.handles.len());
    for place in 0..world.handles.len() {
        let (member, mailbox) = Member::new(Arc::clone(&world), place);
        tokio::spawn(member.run());
        members.push(mailbox);
    }
    let pace = Arc::new(Pace {
        world: Arc::clone(&world),
        members,
    });
    let ticking = Arc::clone(&world);
    tokio::spawn(async move {
        let mut seconds = interval(Duration::from_secs(1));
        loop {
            seconds.tick().await;
            tick(&ticking);
        }
    });

    let scenario = world.plan.scenario;
    for deed in scenario.preparations() {
        let (pace, rate) = (Arc::clone(&pace), world.plan.sign_in_rate);
        spawn_blocking(move || pace.once(*deed, rate)).await?;
        prepared(&world, *deed).await;
    }
    tick(&world);
    tell(&Told::Ready);
    if go.recv().await.is_none() {
        return Ok(());
    }
    let Plan { rate, seconds, .. } = world.plan;
    spawn_blocking(move || pace.course(scenario.course(), rate, seconds)).await?;
    answered(&world).await;
    tick(&world);
    tell(&Told::Over);
    // Until the crew has everything.
    std::future::pending().await
}

/// Waits until everybody has done this or failed, or nothing happens any more.
async fn prepared(world: &World, deed: Deed) {
    let patience = Duration::from_secs_f64(world.plan.patience);
    let mut last = (u64::MAX, Instant::now());
    loop {
        let counts = Order::metrics(deed)
            .iter()
            .map(|metric| world.tally.open_of(*metric));
        let open: u64 = counts.sum();
        if open != last.0 {
            last = (open, Instant::now());
        }
        if open == 0 || last.1.elapsed() > patience {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for the last answers.
async fn answered(world: &World) {
    let patience = Duration::from_secs_f64(world.plan.patience);
    let begun = Instant::now();
    while (world.tally.open() > 0 || world.tally.undelivered() > 0) && begun.elapsed() < patience {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Whether this process may hold all that it needs.
fn check_files(plan: &Plan, files: u64) -> anyhow::Result<()> {
    let accounts = u64::from(plan.range.count);
    let chats = match plan.scenario.course() {
        // Both sides of a conversation for each pair.
        Course::Mix(deeds) if deeds.iter().any(|(deed, _)| *deed == Deed::Say) => {
            2 * u64::from(plan.pairs).min(accounts / 2)
        }
        _ => 0,
    };
    let needed = accounts + chats + plan.http_connections as u64 + OTHERS;
    ensure!(
        needed <= files,
        "{accounts} accounts in one process need {needed} open files, and {files} are allowed: \
         use more --processes or fewer --pairs"
    );
    Ok(())
}

fn tick(world: &World) {
    tell(&Told::Tick(Box::new(world.tally.tick())));
}

fn tell(told: &Told) {
    let Ok(mut line) = serde_json::to_string(told) else {
        return;
    };
    line.push('\n');
    let mut out = std::io::stdout().lock();
    if out
        .write_all(line.as_bytes())
        .and_then(|()| out.flush())
        .is_err()
    {
        // Nobody listens any more.
        std::process::exit(1);
    }
}

/// Standard streams, timers, and some to spare.
const OTHERS: u64 = 32;
