//! `msn oim`: offline messages (services-oim). They stay on the server until they are deleted here, or
//! taken by a client that takes them.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use msnp_client::{Client, MailId, WaitingMessage};
use serde::Serialize;

use crate::exit::NotFound;
use crate::output::{self, shown};
use crate::profile::SignInArguments;
use crate::send;

/// What `msn oim` takes.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the messages that wait
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Reads messages, all if none is named
    Read {
        /// Numbers or ids from the list
        #[arg(value_name = "MESSAGE")]
        which: Vec<String>,
        /// Delete them when they are read
        #[arg(long)]
        delete: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Deletes messages
    Delete {
        /// Numbers or ids from the list
        #[arg(value_name = "MESSAGE", required_unless_present = "all")]
        which: Vec<String>,
        /// All that wait now
        #[arg(long, conflicts_with = "which")]
        all: bool,
    },
    /// Leaves a message, even for somebody who is there
    Send(send::Letter),
}

/// A message, as JSON.
#[derive(Serialize)]
struct Listed<'a> {
    number: usize,
    id: &'a str,
    from: &'a str,
    name: &'a str,
    received: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

/// Signs in, does it and signs out.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let command = match arguments.command {
        Command::Send(letter) => return send::leave(sign_in, letter).await,
        command => command,
    };
    let client = sign_in.account()?.visit().await?;
    let done = carry_out(&client, command).await;
    client.sign_out().await;
    done
}

async fn carry_out(client: &Client, command: Command) -> anyhow::Result<()> {
    let waiting = client.offline_messages().await;
    let waiting = waiting.context("cannot ask for offline messages")?;
    match command {
        Command::List { json } => {
            for (number, message) in (1..).zip(&waiting) {
                list(number, message, json)?;
            }
        }
        Command::Read {
            which,
            delete,
            json,
        } => {
            for (number, message) in chosen(&waiting, &which)? {
                read(client, number, message, json).await?;
                if delete {
                    delete_these(client, std::slice::from_ref(&message.id)).await?;
                }
            }
        }
        Command::Delete { which, .. } => {
            let chosen = chosen(&waiting, &which)?;
            let ids: Vec<_> = chosen
                .iter()
                .map(|(_, message)| message.id.clone())
                .collect();
            delete_these(client, &ids).await?;
            output::line(&format!("deleted {}", ids.len()))?;
        }
        // Done already, by another session.
        Command::Send(_) => {}
    }
    Ok(())
}

fn list(number: usize, message: &WaitingMessage, json: bool) -> anyhow::Result<()> {
    if json {
        output::json(&Listed::of(number, message, None))?;
    } else {
        let from = who(&message.from, &message.name);
        let (received, size) = (shown(&message.received), message.size);
        output::line(&format!("{number:>3}  {received}  {from}  {size} bytes"))?;
    }
    Ok(())
}

async fn read(
    client: &Client,
    number: usize,
    message: &WaitingMessage,
    json: bool,
) -> anyhow::Result<()> {
    let read = client.read_offline_message(&message.id).await;
    let read = read.with_context(|| format!("cannot read message {number}"))?;
    if json {
        output::json(&Listed::of(number, message, Some(&read.text)))?;
    } else {
        let from = who(&message.from, &message.name);
        output::line(&format!("{number}  {}  {from}", shown(&message.received)))?;
        for line in read.text.trim_end().lines() {
            output::line(&format!("   {}", shown(line)))?;
        }
    }
    Ok(())
}

async fn delete_these(client: &Client, ids: &[MailId]) -> anyhow::Result<()> {
    let deleted = client.delete_offline_messages(ids).await;
    deleted.context("cannot delete offline messages")
}

impl<'a> Listed<'a> {
    fn of(number: usize, message: &'a WaitingMessage, text: Option<&'a str>) -> Self {
        Self {
            number,
            id: &message.id.0,
            from: &message.from,
            name: &message.name,
            received: &message.received,
            size: message.size,
            text,
        }
    }
}

/// Those that are meant, by number or id; all if none is named.
fn chosen<'a>(
    waiting: &'a [WaitingMessage],
    which: &[String],
) -> anyhow::Result<Vec<(usize, &'a WaitingMessage)>> {
    let numbered = || (1..).zip(waiting);
    if which.is_empty() {
        return Ok(numbered().collect());
    }
    let find = |name: &String| {
        let named = |(number, message): &(usize, &WaitingMessage)| {
            message.id.0.eq_ignore_ascii_case(name) || number.to_string() == *name
        };
        let found = numbered().find(named);
        found.with_context(|| NotFound(format!("there is no offline message {name:?}")))
    };
    which.iter().map(find).collect()
}

fn who(from: &str, name: &str) -> String {
    match shown(name) {
        name if name.is_empty() || name == from => shown(from).into_owned(),
        name => format!("{name} <{}>", shown(from)),
    }
}
