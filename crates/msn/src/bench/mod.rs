//! `msn bench`: a load tool for those who run a server.
//!
//! ```text
//!   msn bench SCENARIO      crew -- a job --> worker, one process or several
//!                            ^                  pace: this account does this, due at this moment
//!                            |                    |
//!                            |                    v
//!                            |                  member, one task an account -> talk, one a conversation
//!                            |                    |
//!                            +-- once a second -- tally: how long it took from when it was due
//!                            v
//!                          outcome -> a table, JSON, a page with plots
//! ```
//!
//! Load is open-loop: what is due is due at a moment that does not depend on the answers to what was
//! asked before, and every duration counts from that moment. A server that stops for a second is so
//! seen to be late for everything that was due in that second, and not for the one request that it
//! happened to hold. How late the tool itself is, is measured and told beside it.

mod accounts;
mod crew;
mod http;
mod link;
mod member;
mod meter;
mod outcome;
mod pace;
mod page;
mod plan;
mod plots;
mod progress;
mod talk;
mod tally;
mod worker;
mod world;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};

use crate::profile::SignInArguments;

use accounts::Range;
use plan::{Plan, Scenario};

/// What `msn bench` takes.
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Prints accounts with contacts of one another, for `papilio import`
    Accounts(AccountArguments),
    /// Sign-in storm: everybody signs in, --rate a second
    SignIn(Load),
    /// Idle herd: everybody is signed in and pings, --rate pings a second
    Idle(Load),
    /// Presence storm: --rate changes of status a second, each seen by its contacts
    Presence(Load),
    /// Chat pairs: --rate messages a second, over a conversation for each pair
    Chat(Load),
    /// Address-book reads: --rate a second, of the contacts and of the memberships
    AddressBook(Load),
    /// Mixed day: messages, statuses, pings, reads, people who leave and come back
    Mixed(Load),
    /// What this program starts to share the load
    #[command(hide = true)]
    Worker,
}

#[derive(Debug, Args)]
struct AccountArguments {
    #[command(flatten)]
    range: RangeArguments,
    /// How many contacts each account has: half of them before it in the range, half after it
    #[arg(long, value_name = "N", default_value_t = 10)]
    contacts: u32,
}

/// Which accounts.
#[derive(Debug, Args)]
struct RangeArguments {
    /// The addresses; {n} is the number of the account, {n:05} the same with zeros before it
    #[arg(long, value_name = "PATTERN", default_value = "load{n}@example.com")]
    accounts: String,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 100)]
    count: u32,
    /// The number of the first one
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u32,
    /// A file with everybody's password on its first line, where {n} is the number too
    /// [default: MSN_PASSWORD, or asked for]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Load {
    #[command(flatten)]
    range: RangeArguments,
    /// How many of what the scenario is about are due a second [default: 200 sign-ins; a ping for
    /// every 45 accounts; 50 statuses; a message for each pair; 50 reads; a tenth of the accounts]
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// How many sign in a second, before the load
    #[arg(long, value_name = "N", default_value_t = 200.0)]
    sign_in_rate: f64,
    /// How long the load lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    seconds: f64,
    /// How long to wait for the last answers
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    patience: f64,
    /// How many pairs talk; each needs four open files, two here and two on the server [default: all]
    #[arg(long, value_name = "N")]
    pairs: Option<u32>,
    /// The length of a message in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 100)]
    length: usize,
    /// The newest version of the protocol to offer
    #[arg(long, value_name = "N", default_value_t = 15)]
    msnp: u32,
    /// How many processes share the load
    #[arg(long, value_name = "N", default_value_t = 1)]
    processes: u32,
    /// Addresses of this machine to connect from, in turn
    #[arg(long, value_name = "IP,IP", value_delimiter = ',')]
    source: Vec<IpAddr>,
    /// How many connections to the services each process has at most
    #[arg(long, value_name = "N", default_value_t = 256)]
    http_connections: usize,
    /// The process of the server, when it runs on this machine: its memory and processor time
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Where to write the figures as JSON (docs/bench.md describes it)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to write them as a page with plots
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Does it.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let (scenario, load) = match arguments.what {
        What::Accounts(AccountArguments { range, contacts }) => {
            let range = range.range()?;
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            return Ok(accounts::print(&range, contacts, &mut out)?);
        }
        What::Worker => return worker::run().await,
        What::SignIn(load) => (Scenario::SignIn, load),
        What::Idle(load) => (Scenario::Idle, load),
        What::Presence(load) => (Scenario::Presence, load),
        What::Chat(load) => (Scenario::Chat, load),
        What::AddressBook(load) => (Scenario::AddressBook, load),
        What::Mixed(load) => (Scenario::Mixed, load),
    };
    let plan = load.plan(sign_in, scenario)?;
    let outcome = crew::run(&plan, load.processes, load.server_pid).await?;
    print!("{}", outcome.table());
    if let Some(path) = &load.json {
        write(path, &(serde_json::to_string_pretty(&outcome)? + "\n"))?;
    }
    if let Some(path) = &load.report {
        write(path, &page::render(&outcome)?)?;
    }
    ensure!(outcome.anything_done(), "nothing of it could be done");
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

impl RangeArguments {
    fn range(&self) -> anyhow::Result<Range> {
        ensure!(self.count > 0, "no accounts: --count is 0");
        let password = match &self.password_file {
            Some(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.with_context(|| format!("cannot read {}", path.display()))?;
                text.lines().next().unwrap_or_default().to_owned()
            }
            None => match std::env::var("MSN_PASSWORD") {
                Ok(password) => password,
                Err(_) => rpassword::prompt_password("Password of all accounts: ")
                    .context("cannot ask for the password; set MSN_PASSWORD")?,
            },
        };
        let range = Range {
            pattern: self.accounts.clone(),
            password,
            first: self.first,
            count: self.count,
        };
        range.check()?;
        Ok(range)
    }
}

impl Load {
    fn plan(&self, sign_in: &SignInArguments, scenario: Scenario) -> anyhow::Result<Plan> {
        let range = self.range.range()?;
        let all = range.count / 2;
        let pairs = self.pairs.unwrap_or(all).min(all);
        let usual = scenario.usual_rate(range.count, pairs);
        let rate = self.rate.unwrap_or(usual);
        for (name, value) in [
            ("--rate", rate),
            ("--sign-in-rate", self.sign_in_rate),
            ("--seconds", self.seconds),
        ] {
            ensure!(
                value.is_finite() && value > 0.0,
                "{name} must be more than 0"
            );
        }
        ensure!(
            self.patience.is_finite() && (0.0..=3600.0).contains(&self.patience),
            "--patience is from 0 to 3600 seconds"
        );
        ensure!(
            self.http_connections > 0,
            "--http-connections must be more than 0"
        );
        ensure!(
            (1..=64).contains(&self.processes) && self.processes <= range.count,
            "--processes is from 1 to 64, and not more than there are accounts"
        );
        ensure!(
            self.length <= LONGEST_MESSAGE,
            "--length is at most {LONGEST_MESSAGE}"
        );
        if !matches!(self.msnp, 13..=15) {
            bail!("--msnp is from 13 to 15");
        }
        let server = sign_in.server()?;
        Ok(Plan {
            scenario,
            range,
            rate,
            sign_in_rate: self.sign_in_rate,
            seconds: self.seconds,
            patience: self.patience,
            pairs,
            length: self.length,
            msnp: self.msnp,
            sources: self.source.clone(),
            http_connections: self.http_connections,
            server: server.address(),
            services: plan::urls(&server)?,
        })
    }
}

/// What a message has room for, besides its headers.
const LONGEST_MESSAGE: usize = 1400;
