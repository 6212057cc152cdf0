//! `papilio import`: accounts and contacts by the thousand, also while the server runs (DESIGN,
//! section 1; RULINGS, import).
//!
//! ```text
//!   lines -> accounts, 64 at a time:  which exist? -> hash the others on all cores -> one transaction
//!         -> contacts, 5000 at a time, after the accounts that came before them -> one transaction
//! ```
//!
//! A line that cannot be used is reported with its number and the others go in. What exists already
//! stays as it is, password and name included, so that the same file may be imported again.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::import_line::{AccountLine, LONGEST, Line, read_line};
use super::open_store;
use crate::config::Config;
use crate::password::{PasswordError, Passwords};
use crate::store::Store;
use crate::store::account::NewAccount;
use crate::store::roster::{Imported, ImportedContact};

pub(super) const HELP: &str = "\
Take in accounts and contacts; works while the server runs

The input has one object of JSON on each line:

  {\"type\":\"user\",\"email\":\"a@x\",\"name\":\"A\",\"password\":\"...\"}
  {\"type\":\"contact\",\"owner\":\"a@x\",\"contact\":\"b@x\",\"lists\":[\"FL\",\"AL\",\"RL\"]}

Accounts come before the contacts that name them. What exists already stays as it is, so the same
file may be imported again. A line that cannot be used is reported with its number, the others go in,
and the exit code is 1.";

#[derive(Args)]
pub(super) struct Import {
    /// The file; - is standard input
    #[arg(value_name = "FILE|-")]
    file: String,
}

pub(super) async fn run(import: &Import, config: &Config) -> anyhow::Result<()> {
    let input: Box<dyn BufRead> = match import.file.as_str() {
        "-" => Box::new(io::stdin().lock()),
        file => Box::new(BufReader::new(
            File::open(file).with_context(|| file.to_owned())?,
        )),
    };
    let store = open_store(config).await?;
    let mut importer = Importer {
        store: &store,
        passwords: Passwords::new(config.passwords())?,
        accounts: Vec::new(),
        contacts: Vec::new(),
        tally: Tally::default(),
        told: Instant::now(),
    };
    let done = importer.take_all(input).await;
    let tally = importer.tally;
    store.close().await;
    done?;
    writeln!(io::stdout(), "{tally}")?;
    if tally.refused != 0 {
        bail!("{} lines were refused", tally.refused);
    }
    Ok(())
}

struct Importer<'a> {
    store: &'a Store,
    passwords: Passwords,
    /// Read but not yet written, with the numbers of their lines.
    accounts: Vec<(usize, AccountLine)>,
    contacts: Vec<(usize, ImportedContact)>,
    tally: Tally,
    /// When the progress was last told.
    told: Instant,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    added: usize,
    there_already: usize,
    contacts: usize,
    refused: usize,
}

impl Importer<'_> {
    async fn take_all(&mut self, mut input: impl BufRead) -> anyhow::Result<()> {
        let mut line = Vec::new();
        let mut number = 0;
        while read_line(&mut input, &mut line).context("cannot read the input")? {
            number += 1;
            self.take(number, &line);
            if self.accounts.len() >= ACCOUNTS_AT_ONCE {
                self.write_accounts().await?;
            }
            if self.contacts.len() >= CONTACTS_AT_ONCE {
                self.write_accounts().await?;
                self.write_contacts().await?;
            }
        }
        self.write_accounts().await?;
        self.write_contacts().await
    }

    fn take(&mut self, number: usize, line: &[u8]) {
        let line = line
            .strip_prefix(BYTE_ORDER_MARK)
            .unwrap_or(line)
            .trim_ascii();
        if line.is_empty() {
            return;
        }
        if line.len() > LONGEST {
            self.refuse(number, format_args!("longer than {LONGEST} bytes"));
            return;
        }
        match Line::parse(line) {
            Ok(Line::Account(account)) => self.accounts.push((number, account)),
            Ok(Line::Contact(contact)) => self.contacts.push((number, contact)),
            Err(reason) => self.refuse(number, reason),
        }
    }

    async fn write_accounts(&mut self) -> anyhow::Result<()> {
        let accounts = std::mem::take(&mut self.accounts);
        if accounts.is_empty() {
            return Ok(());
        }
        let lines = accounts.len();
        let handles: Vec<_> = accounts
            .iter()
            .map(|(_, line)| line.handle.clone())
            .collect();
        let known = self.store.accounts_by_handles(&handles).await?;
        let is_new = |line: &AccountLine| known.iter().all(|account| account.handle != line.handle);
        let new = accounts.into_iter().map(|(_, line)| line).filter(is_new);
        let new = self.hash(new).await?;
        let added = self.store.add_accounts(&new).await?;
        let added = added.iter().flatten().count();
        self.tally.added += added;
        self.tally.there_already += lines - added;
        self.tell();
        Ok(())
    }

    /// Hashes on all cores, and no more at a time than there are: a run takes some memory.
    async fn hash(
        &self,
        lines: impl Iterator<Item = AccountLine>,
    ) -> Result<Vec<NewAccount>, PasswordError> {
        let mut running = JoinSet::new();
        let mut hashed = Vec::new();
        for (place, line) in lines.enumerate() {
            if running.len() >= self.passwords.width()
                && let Some(done) = running.join_next().await
            {
                hashed.push(done.map_err(|_| PasswordError::Failed)??);
            }
            let passwords = self.passwords.clone();
            running.spawn(async move {
                let account = NewAccount {
                    handle: line.handle,
                    name: line.name,
                    password: passwords.hash(line.password).await?,
                    verified: true,
                    created_at: Timestamp::now(),
                };
                Ok((place, account))
            });
        }
        while let Some(done) = running.join_next().await {
            hashed.push(done.map_err(|_| PasswordError::Failed)??);
        }
        // In the order of the file, so that numbers follow it.
        hashed.sort_unstable_by_key(|&(place, _)| place);
        Ok(hashed.into_iter().map(|(_, account)| account).collect())
    }

    async fn write_contacts(&mut self) -> anyhow::Result<()> {
        let (numbers, contacts): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.contacts).into_iter().unzip();
        let now = Timestamp::now();
        let outcomes = self.store.import_contacts(&contacts, now).await?;
        for ((number, contact), outcome) in numbers.into_iter().zip(&contacts).zip(outcomes) {
            let missing = match outcome {
                Imported::Done => {
                    self.tally.contacts += 1;
                    continue;
                }
                Imported::UnknownOwner => &contact.owner,
                Imported::UnknownContact => &contact.contact,
            };
            self.refuse(number, format_args!("there is no account {missing}"));
        }
        self.tell();
        Ok(())
    }

    fn refuse(&mut self, number: usize, reason: impl fmt::Display) {
        self.tally.refused += 1;
        // If nobody can be told, the exit code still does.
        let _ = writeln!(io::stderr(), "line {number}: {reason}");
    }

    fn tell(&mut self) {
        if self.told.elapsed() >= PROGRESS {
            self.told = Instant::now();
            let _ = writeln!(io::stderr(), "{} ...", self.tally);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} accounts added, {} there already, {} contacts, {} lines refused",
            self.added, self.there_already, self.contacts, self.refused
        )
    }
}

/// Hashing these takes a second or so: often enough for telling the progress and for losing little.
const ACCOUNTS_AT_ONCE: usize = 64;
const CONTACTS_AT_ONCE: usize = 5_000;

const PROGRESS: Duration = Duration::from_secs(3);

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
