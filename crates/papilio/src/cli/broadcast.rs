//! `papilio broadcast`: what everybody who is signed in is told.

use clap::Args;
use serde_json::json;

use super::running::ask;
use super::table;
use crate::config::Config;

#[derive(Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Broadcast {
    /// A text; clients show it as a conversation with the service itself
    #[arg(conflicts_with_all = ["maintenance", "cancel"])]
    text: Option<String>,
    /// Announce maintenance in so many minutes; clients are told again as the time comes near
    #[arg(long, value_name = "MINUTES", conflicts_with = "cancel")]
    maintenance: Option<u32>,
    /// End the server then
    #[arg(long, requires = "maintenance")]
    stop: bool,
    /// Cancel the maintenance that was announced
    #[arg(long)]
    cancel: bool,
}

pub(super) async fn run(broadcast: Broadcast, config: &Config) -> anyhow::Result<()> {
    let Broadcast {
        text,
        maintenance,
        stop,
        cancel,
    } = broadcast;
    if let Some(text) = text {
        let body = json!({ "text": text });
        let sent = ask(config, "POST", "/broadcasts", Some(&body)).await?;
        match sent["sessions"].as_u64() {
            Some(1) => println!("on its way to 1 session"),
            sessions => println!("on its way to {} sessions", sessions.unwrap_or_default()),
        }
    } else if let Some(minutes) = maintenance {
        let body = json!({ "minutes": minutes, "stop": stop });
        let announced = ask(config, "PUT", "/maintenance", Some(&body)).await?;
        let begins = announced["begins"].as_str().unwrap_or_default().parse();
        let begins = table::when(begins.ok());
        let then = if stop { "; the server ends then" } else { "" };
        println!("maintenance begins at {begins} UTC{then}");
    } else if cancel {
        ask(config, "DELETE", "/maintenance", None).await?;
        println!("there will be no maintenance");
    }
    Ok(())
}
