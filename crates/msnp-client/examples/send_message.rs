//! Sends one message: in a conversation if they are there, else for when they come back.
//!
//! ```text
//! echo "Hello" | MSN_PASSWORD=papilio cargo run --example send_message -- \
//!     bob@example.com 127.0.0.1 alice@example.com
//! ```

mod arguments;

use std::io::Read as _;

use anyhow::Context as _;
use arguments::Arguments;
use msnp_client::{Client, Handle, Reconnecting, Status};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt::init();
    let mut given = std::env::args().skip(1);
    let to: Handle = given.next().context("to whom?")?.parse()?;
    let Arguments {
        server,
        handle,
        password,
    } = Arguments::read(given)?;
    let mut words = String::new();
    std::io::stdin().read_to_string(&mut words)?;
    let words = words.trim_end();

    // Nobody needs to see somebody who is there for a moment.
    let connector = Client::connect(server)
        .status(Status::Hidden)
        .reconnecting(Reconnecting::Never);
    let (client, _events) = connector.sign_in(&handle, &password).await?;
    match client.chat_with(&to).await {
        Ok(chat) => {
            chat.send(words).await?;
            println!("delivered");
            chat.leave().await;
        }
        Err(error) => {
            eprintln!("{to}: {error}");
            client.send_offline(&to, words).await?;
            println!("left for when they come back");
        }
    }
    client.sign_out().await;
    Ok(())
}
