//! `msn send`: something to somebody, in a conversation if they are there, else as an offline message.

use std::io::Read as _;

use anyhow::Context as _;
use clap::Args;
use msnp_client::msnp::client::switchboard::AskError;
use msnp_client::{Error, Handle};

use crate::profile::SignInArguments;

/// What `msn send` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// To whom
    to: String,
    /// What to say; without it, what comes from standard input
    text: Option<String>,
}

/// Signs in, says it and signs out.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let to =
        Handle::parse(&arguments.to).with_context(|| format!("no address: {}", arguments.to))?;
    let text = match arguments.text {
        Some(text) => text,
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
    };
    let (client, _events) = sign_in.account()?.sign_in(|connector| connector).await?;
    let sent = match client.chat_with(&to).await {
        Ok(chat) => {
            let sent = chat.send(&text).await;
            chat.leave().await;
            sent
        }
        Err(Error::Chat(AskError::NotThere)) => client.send_offline(&to, &text).await,
        Err(error) => Err(error),
    };
    client.sign_out().await;
    sent.with_context(|| format!("{to} was not told"))
}
