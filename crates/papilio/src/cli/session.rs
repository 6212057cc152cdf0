//! `papilio session`: who is signed in on the server that runs here.

use clap::Subcommand;
use msnp::handle::Handle;
use serde_json::{Value, json};

use super::running::ask;
use super::table::{self, Form};
use super::{done_with, handle, open_office, operator};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List who is signed in
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Say something to somebody who is signed in
    Message {
        /// Whom: an address, or the number of a session
        #[arg(value_name = "WHO", value_parser = whom)]
        whom: Whom,
        /// What to say
        text: String,
    },
    /// Sign somebody out; with their password they may come again
    SignOut {
        /// Whom: an address, or the number of a session
        #[arg(value_name = "WHO", value_parser = whom)]
        whom: Whom,
    },
}

/// A session by its number, or by whose it is.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    Number(u64),
    Handle(Handle),
}

fn whom(text: &str) -> Result<Whom, String> {
    match text.parse() {
        Ok(number) => Ok(Whom::Number(number)),
        Err(_) => handle(text).map(Whom::Handle),
    }
}

pub(super) async fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    match command {
        Command::List { form } => {
            let heads = [
                "NUMBER", "HANDLE", "VERSION", "STATUS", "SINCE", "ADDRESS", "NAME",
            ];
            table::print(form, heads, &all(config).await?, |session| {
                let cell = |field: &str| match &session[field] {
                    Value::String(text) => text.clone(),
                    Value::Null => "-".to_owned(),
                    other => other.to_string(),
                };
                let since = cell("since").parse().ok();
                [
                    cell("number"),
                    cell("handle"),
                    cell("version"),
                    cell("status"),
                    table::when(since),
                    cell("address"),
                    cell("name"),
                ]
            })
        }
        Command::Message { whom, text } => {
            let number = match &whom {
                Whom::Number(number) => *number,
                Whom::Handle(handle) => number_of(config, handle).await?,
            };
            let path = format!("/sessions/{number}/message");
            let outcome = ask(config, "POST", &path, Some(&json!({ "text": text }))).await?;
            anyhow::ensure!(
                outcome["delivered"] == true,
                "the client did not take it, or is gone"
            );
            println!("delivered");
            Ok(())
        }
        Command::SignOut {
            whom: Whom::Number(number),
        } => {
            ask(config, "DELETE", &format!("/sessions/{number}"), None).await?;
            println!("signed out");
            Ok(())
        }
        // The same without a server here: one elsewhere on the same database hears of it.
        Command::SignOut {
            whom: Whom::Handle(handle),
        } => {
            let (office, store) = open_office(config).await?;
            let done = office.sign_out(&operator(), &handle).await;
            done_with(store, config).await;
            done?;
            println!("{handle} is signed out");
            Ok(())
        }
    }
}

async fn number_of(config: &Config, handle: &Handle) -> anyhow::Result<u64> {
    let sessions = all(config).await?;
    let of_theirs = |session: &&Value| session["handle"] == handle.as_str();
    let found = sessions.iter().find(of_theirs);
    found
        .and_then(|session| session["number"].as_u64())
        .ok_or_else(|| anyhow::anyhow!("{handle} is not signed in"))
}

async fn all(config: &Config) -> anyhow::Result<Vec<Value>> {
    let mut sessions = Vec::new();
    let mut path = "/sessions?limit=500".to_owned();
    loop {
        let mut page = ask(config, "GET", &path, None).await?;
        if let Value::Array(items) = page["items"].take() {
            sessions.extend(items);
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/sessions?limit=500&after={next}"),
            None => return Ok(sessions),
        }
    }
}
