//! `msn chat`: conversations in a terminal.
//!
//! ```text
//!   terminal, library --> station --Event--> update --Effect--> station --> library, terminal
//!                            |                  |
//!                            |                State
//!                            +---- draw <-------+
//! ```
//!
//! `update` and `draw` are pure and hold all that can be right or wrong; the station around them
//! carries things to and fro, with a courier for each conversation and a clerk for the account. Whatever others write passes `text` before it is kept.

mod clerk;
mod command;
mod complete;
mod conversation;
mod courier;
mod draw;
mod editor;
mod event;
mod files;
mod heard;
mod keys;
mod obey;
mod offers;
mod people;
mod screen;
mod state;
mod station;
mod talk;
#[cfg(test)]
mod tests;
mod text;
mod update;

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use clap::Args;
use msnp_client::Status;

use crate::profile::SignInArguments;

/// What `msn chat` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// With whom to begin: an address, or the name of a contact
    with: Option<String>,
    /// How to appear first: online, busy, idle, brb, away, phone, lunch, hidden
    #[arg(long, default_value = "online", value_parser = status)]
    status: Status,
    /// No colours; so does the environment's NO_COLOR
    #[arg(long)]
    no_color: bool,
}

fn status(word: &str) -> Result<Status, String> {
    let mut all = Status::ALL.into_iter();
    let found = all.find(|status| people::status_word(Some(*status)) == word);
    found.ok_or_else(|| "no such status".to_owned())
}

/// Signs in, shows the screen until it is left, and signs out.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        bail!("msn chat needs a terminal; msn send and msn watch do without");
    }
    let bare = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let palette = if arguments.no_color || bare {
        draw::Palette::Plain
    } else {
        draw::Palette::Coloured
    };
    let account = sign_in.account()?;
    let entrance = station::Entrance {
        password: account.password().await?,
        account,
    };
    let station::Back {
        client,
        events,
        book,
    } = entrance.sign_in(arguments.status, String::new()).await?;
    let with = match &arguments.with {
        Some(word) => {
            let who = people::People::new(&book).who(word);
            Some(who.with_context(|| format!("neither an address nor a contact: {word}"))?)
        }
        None => None,
    };
    let screen = screen::Screen::open(palette).context("cannot use this terminal")?;
    let size = screen.size().context("cannot measure this terminal")?;
    let me = client.handle().clone();
    let mut state = state::State::new(me, arguments.status, &book, size, station::now());
    if let Some(with) = with {
        state.begin_with(&with);
    }
    station::run(screen, state, entrance, (client, events)).await
}
