//! `papilio user`: looks after accounts, also while the server runs (DESIGN, section 1).

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use msnp::handle::Handle;

use super::{done_with, expect_data, handle, open_office, operator, usage};
use crate::admin::{
    AccountChange, AccountDetails, AccountSummary, AccountToMake, Office, Operator,
};
use crate::config::Config;
use crate::password::Password;
use crate::store::account::AccountId;

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
    if !matches!(command, Command::Add { .. }) {
        expect_data(config)?;
    }
    let (office, store) = open_office(config).await?;
    let done = command.obey(&office, &operator()).await;
    done_with(store, config).await;
    done
}

impl Command {
    async fn obey(self, office: &Office, by: &Operator) -> anyhow::Result<()> {
        match self {
            Self::Add {
                who,
                password,
                name,
            } => {
                let new = AccountToMake {
                    handle: who.email,
                    name,
                    password: Some(password.take()?),
                };
                let account = office.make_account(by, new).await?;
                say(format_args!(
                    "added {}, number {}",
                    account.handle, account.number
                ))
            }
            Self::List { text } => list(office, by, text.as_deref()).await,
            Self::Show(who) => show(&office.account(by, &who.email).await?),
            Self::Passwd { who, password } => {
                // Before anybody is asked to think of a password.
                office.account(by, &who.email).await?;
                let change = AccountChange::SetPassword(password.take()?);
                let account = office.change_account(by, &who.email, change).await?;
                say(format_args!("{} has a new password", account.handle))
            }
            Self::Rename { who, name } => {
                let change = AccountChange::Rename(name);
                let account = office.change_account(by, &who.email, change).await?;
                say(format_args!("{} has a new name", account.handle))
            }
            Self::Disable(who) => {
                let change = AccountChange::Disable;
                let account = office.change_account(by, &who.email, change).await?;
                say(format_args!("{} can no longer sign in", account.handle))
            }
            Self::Enable(who) => {
                let change = AccountChange::Enable;
                let account = office.change_account(by, &who.email, change).await?;
                say(format_args!("{} can sign in", account.handle))
            }
            Self::Delete { who, yes } => {
                let account = office.account(by, &who.email).await?;
                if !yes && io::stdin().is_terminal() {
                    confirm(&format!("Delete {} for ever?", account.summary.handle))?;
                }
                let change = AccountChange::Delete;
                let account = office.change_account(by, &who.email, change).await?;
                say(format_args!("deleted {}", account.handle))
            }
        }
    }
}

async fn list(office: &Office, by: &Operator, text: Option<&str>) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut after = None;
    loop {
        let page = office.accounts(by, text, after, PAGE).await?;
        for account in &page {
            let AccountSummary {
                number,
                handle,
                name,
                ..
            } = account;
            writeln!(out, "{number}\t{handle}\t{}\t{name}", state(account))?;
        }
        match page.last() {
            Some(last) => after = Some(AccountId(last.number)),
            None => break,
        }
    }
    Ok(out.flush()?)
}

fn show(account: &AccountDetails) -> anyhow::Result<()> {
    let AccountDetails {
        summary,
        puid,
        cid,
        operator,
        lists,
        offline_messages,
        ban,
    } = account;
    let verified = if summary.confirmed { "yes" } else { "no" };
    say(format_args!(
        "number:   {}\naddress:  {}\nname:     {}\nstate:    {}\nverified: {verified}\nmade:     {}\n\
         PUID:     {puid}\nCID:      {cid}",
        summary.number,
        summary.handle,
        summary.name,
        state(summary),
        summary.created,
    ))?;
    say(format_args!(
        "lists:    {} contacts, {} allowed, {} blocked, added by {}, {} groups",
        lists.contacts, lists.allowed, lists.blocked, lists.added_by, lists.groups
    ))?;
    say(format_args!(
        "waiting:  {offline_messages} offline messages"
    ))?;
    if let Some(scopes) = operator {
        say(format_args!("operator: {scopes}"))?;
    }
    if let Some(ban) = ban {
        let until = ban.expires.map_or_else(
            || "until it is lifted".to_owned(),
            |end| format!("until {end}"),
        );
        say(format_args!(
            "banned:   {until}, number {}: {}",
            ban.number, ban.reason
        ))?;
    }
    Ok(())
}

fn state(account: &AccountSummary) -> &'static str {
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
