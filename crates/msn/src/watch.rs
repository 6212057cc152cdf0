//! `msn watch`: what happens, one line each, until it is enough.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use msnp_client::{Event, MailHandling, Status};

use crate::duration;
use crate::exit::Over;
use crate::output;
use crate::profile::SignInArguments;
use crate::stop::stopped;
use crate::told::{Teller, Told};

/// What `msn watch` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// End after so long, such as 30s or 5m [default: when interrupted]
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    how_long: Option<Duration>,
    /// Appear offline, so that nobody calls
    #[arg(long)]
    hidden: bool,
}

/// Tells what happens. Whoever calls is answered; offline messages stay where they are.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let tell = |told: &Told| -> anyhow::Result<()> {
        let line = match arguments.json {
            true => told.json()?,
            false => told.line(),
        };
        Ok(output::line(&line)?)
    };
    let status = match arguments.hidden {
        true => Status::Hidden,
        false => Status::Online,
    };
    let prepare = |connector: msnp_client::Connector| {
        connector
            .status(status)
            .offline_messages(MailHandling::Leave)
    };
    let (client, mut events) = sign_in.account()?.sign_in(prepare).await?;
    tell(&Told::SignedIn {
        handle: client.handle().to_string(),
    })?;
    let mut enough = pin!(stopped(arguments.how_long)?);
    let mut teller = Teller::default();
    let mut personal_messages = HashMap::new();
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = &mut enough => break,
        };
        let Some(event) = event else { break };
        match teller.told(&event) {
            // Servers say it with every status.
            Some(Told::PersonalMessage { handle, text, .. })
                if text == personal_messages.get(&handle).map_or("", String::as_str) => {}
            Some(told) => {
                if let Told::PersonalMessage { handle, text, .. } = &told {
                    personal_messages.insert(handle.clone(), text.clone());
                }
                tell(&told)?;
            }
            None => {}
        }
        if let Event::Disconnected {
            reason,
            retry_in: None,
        } = event
        {
            return Err(Over(reason).into());
        }
    }
    client.sign_out().await;
    Ok(())
}
