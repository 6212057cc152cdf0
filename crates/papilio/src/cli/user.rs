//! `papilio user`: looks after accounts, also while the server runs (DESIGN, section 1).

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use msnp::handle::Handle;

use super::{handle, open_store, usage};
use crate::config::Config;
use crate::password::{Password, Passwords, StoredPassword};
use crate::store::account::{Account, NewAccount};
use crate::store::{Store, StoreError};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make an account
    Add {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: PasswordFrom,
        /// The display name [default: the address]
        #[arg(long)]
        name: Option<String>,
    },
    /// List accounts: number, address, state and name, separated by tabs
    List {
        /// Only those whose address or name contains this
        text: Option<String>,
    },
    /// Show all about an account but its password
    Show(Who),
    /// Change a password; whoever is signed in has to sign in again
    Passwd {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Change a display name
    Rename {
        #[command(flatten)]
        who: Who,
        /// The new display name
        name: String,
    },
    /// Sign an account out, and keep it from signing in
    Disable(Who),
    /// Let an account sign in again
    Enable(Who),
    /// Delete an account with its contacts; asks first on a terminal
    Delete {
        #[command(flatten)]
        who: Who,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub(super) struct Who {
    /// The address that the account signs in with
    #[arg(value_name = "EMAIL", value_parser = handle)]
    email: Handle,
}

/// Where a password comes from. With neither it is asked for twice on the terminal.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct PasswordFrom {
    /// The password; other people of this machine can see it while the command runs
    #[arg(long, value_name = "PW")]
    password: Option<String>,
    /// Read the password from standard input, one line
    #[arg(long)]
    password_stdin: bool,
}

pub(super) async fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    let store = open_store(config).await?;
    let done = command.obey(&store, config).await;
    store.close().await;
    done
}

impl Command {
    async fn obey(self, store: &Store, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::Add {
                who,
                password,
                name,
            } => add(store, config, who.email, password.take()?, name).await,
            Self::List { text } => list(store, text.as_deref()).await,
            Self::Show(who) => show(&find(store, &who.email).await?),
            Self::Passwd { who, password } => {
                let account = find(store, &who.email).await?;
                let stored = hash(config, password.take()?).await?;
                store.set_password(account.id, &stored).await?;
                say(format_args!("{} has a new password", account.handle))
            }
            Self::Rename { who, name } => {
                let account = find(store, &who.email).await?;
                store
                    .rename_account(account.id, &name, Timestamp::now())
                    .await?;
                say(format_args!("{} has a new name", account.handle))
            }
            Self::Disable(who) => {
                let account = find(store, &who.email).await?;
                store.disable_account(account.id).await?;
                say(format_args!("{} can no longer sign in", account.handle))
            }
            Self::Enable(who) => {
                let account = find(store, &who.email).await?;
                store.enable_account(account.id).await?;
                say(format_args!("{} can sign in", account.handle))
            }
            Self::Delete { who, yes } => {
                let account = find(store, &who.email).await?;
                if !yes && io::stdin().is_terminal() {
                    confirm(&format!("Delete {} for ever?", account.handle))?;
                }
                store.delete_account(account.id).await?;
                say(format_args!("deleted {}", account.handle))
            }
        }
    }
}

async fn add(
    store: &Store,
    config: &Config,
    email: Handle,
    password: Password,
    name: Option<String>,
) -> anyhow::Result<()> {
    let new = NewAccount {
        name: name.unwrap_or_else(|| email.to_string()),
        handle: email,
        password: hash(config, password).await?,
        verified: true,
        created_at: Timestamp::now(),
    };
    match store.add_account(&new).await {
        Ok(account) => say(format_args!(
            "added {}, number {}",
            account.handle, account.id
        )),
        Err(StoreError::Conflict(_)) => bail!("{} exists already", new.handle),
        Err(error) => Err(error.into()),
    }
}

async fn find(store: &Store, email: &Handle) -> anyhow::Result<Account> {
    let account = store.account_by_handle(email).await?;
    account.with_context(|| format!("there is no account {email}"))
}

async fn hash(config: &Config, password: Password) -> anyhow::Result<StoredPassword> {
    Ok(Passwords::new(config.passwords())?.hash(password).await?)
}

async fn list(store: &Store, text: Option<&str>) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut after = None;
    loop {
        let page = match text {
            Some(text) => store.search_accounts(text, after, PAGE).await?,
            None => store.accounts(after, PAGE).await?,
        };
        for account in &page {
            let state = state(account);
            writeln!(
                out,
                "{}\t{}\t{state}\t{}",
                account.id, account.handle, account.name
            )?;
        }
        match page.last() {
            Some(last) => after = Some(last.id),
            None => break,
        }
    }
    Ok(out.flush()?)
}

fn show(account: &Account) -> anyhow::Result<()> {
    let verified = if account.verified { "yes" } else { "no" };
    say(format_args!(
        "number:   {}\naddress:  {}\nname:     {}\nstate:    {}\nverified: {verified}\nmade:     {}\n\
         PUID:     {:016X}\nCID:      {}",
        account.id,
        account.handle,
        account.name,
        state(account),
        account.created_at,
        account.puid(),
        account.cid(),
    ))
}

fn state(account: &Account) -> &'static str {
    if account.disabled {
        "disabled"
    } else {
        "enabled"
    }
}

impl PasswordFrom {
    fn take(self) -> anyhow::Result<Password> {
        let text = match self.password {
            Some(text) => text,
            None if self.password_stdin => first_line(io::stdin().lock())?,
            None if io::stdin().is_terminal() => ask_twice()?,
            None => {
                return Err(usage(
                    "standard input is no terminal to ask for a password on: use --password or \
                     --password-stdin",
                ));
            }
        };
        Password::parse(&text).map_err(usage)
    }
}

/// The first line, without its end.
fn first_line(mut input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input
        .read_line(&mut line)
        .context("cannot read the password")?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

fn ask_twice() -> anyhow::Result<String> {
    let ask = |prompt| rpassword::prompt_password(prompt).context("cannot ask for the password");
    let first = ask("Password: ")?;
    if first != ask("Once more: ")? {
        bail!("the two passwords differ");
    }
    Ok(first)
}

fn confirm(question: &str) -> anyhow::Result<()> {
    let mut terminal = io::stderr();
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let answer = first_line(io::stdin().lock())?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing was done");
    }
    Ok(())
}

fn say(text: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// How many accounts are read at a time.
const PAGE: u32 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_on_standard_input_ends_with_its_line() {
        for (input, password) in [
            ("secret\n", "secret"),
            ("secret\r\nmore\n", "secret"),
            ("secret", "secret"),
            (" se cret \n", " se cret "),
            ("", ""),
        ] {
            assert_eq!(first_line(input.as_bytes()).unwrap(), password, "{input:?}");
        }
    }
}
