//! Says everything again that is said to it.
//!
//! ```text
//! MSN_PASSWORD=papilio cargo run --example echo_bot -- 127.0.0.1 carol@example.com
//! ```

mod arguments;

use arguments::Arguments;
use msnp_client::{Client, Event};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt::init();
    let Arguments {
        server,
        handle,
        password,
    } = Arguments::read(std::env::args().skip(1))?;
    let connector = Client::connect(server).personal_message("I say everything twice");
    let (client, mut events) = connector.sign_in(&handle, &password).await?;
    println!("signed in as {}", client.handle());
    while let Some(event) = events.next().await {
        let outcome = match event {
            Event::Message { chat, from, text } => {
                println!("{from} said something");
                chat.send(&text.words).await
            }
            Event::Nudge { chat, .. } => chat.nudge().await,
            // Whoever adds the bot may talk to it.
            Event::AddedBy { handle, .. } => client.add(&handle).await,
            Event::Disconnected { reason, .. } => {
                eprintln!("disconnected: {reason}");
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = outcome {
            eprintln!("{error}");
        }
    }
    Ok(())
}
