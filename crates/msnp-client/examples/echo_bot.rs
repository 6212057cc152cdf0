//! Says everything again that is said to it.
//!
//! ```text
//! MSN_PASSWORD=papilio cargo run --example echo_bot -- 127.0.0.1 carol@example.com
//! ```
//!
//! The server may be `host`, `host:port` and, behind a space, the address of its HTTP services.

use anyhow::Context as _;
use msnp_client::{Client, Event, Server};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt::init();
    let mut arguments = std::env::args().skip(1);
    let usage = "echo_bot HOST HANDLE [MSNP-PORT HTTP-ADDRESS]";
    let host = arguments.next().context(usage)?;
    let handle = arguments.next().context(usage)?;
    let mut server = Server::new(host);
    if let Some(port) = arguments.next() {
        server = server.port(port.parse().context("a port is a number")?);
    }
    if let Some(address) = arguments.next() {
        server = server.services_at(address);
    }
    let password = std::env::var("MSN_PASSWORD").context("MSN_PASSWORD is not set")?;

    let connector = Client::connect(server).personal_message("I say everything twice");
    let (client, mut events) = connector.sign_in(&handle, &password).await?;
    println!("signed in as {}", client.handle());
    while let Some(event) = events.next().await {
        match event {
            Event::Message { chat, from, text } => {
                println!("{from} said {:?}", text.words);
                chat.typing().await?;
                if let Err(error) = chat.send(&text.words).await {
                    eprintln!("{from} did not get the answer: {error}");
                }
            }
            // Whoever adds the bot may talk to it.
            Event::AddedBy { handle, .. } => client.add(&handle).await?,
            Event::Disconnected { reason, .. } => eprintln!("disconnected: {reason}"),
            _ => {}
        }
    }
    Ok(())
}
