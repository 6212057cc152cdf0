//! Tells who comes and goes.
//!
//! ```text
//! MSN_PASSWORD=papilio cargo run --example presence_watch -- 127.0.0.1 alice@example.com
//! ```

mod arguments;

use arguments::Arguments;
use msnp_client::{Client, Contact, Event};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt::init();
    let Arguments {
        server,
        handle,
        password,
    } = Arguments::read(std::env::args().skip(1))?;
    let (client, mut events) = Client::connect(server).sign_in(&handle, &password).await?;
    for contact in client.contacts().await?.contacts.values() {
        tell(contact);
    }
    while let Some(event) = events.next().await {
        match event {
            Event::Presence(contact) | Event::PersonalMessage(contact) => tell(&contact),
            Event::Disconnected { reason, retry_in } => eprintln!("{reason}; back in {retry_in:?}"),
            Event::Reconnected => eprintln!("back again"),
            _ => {}
        }
    }
    Ok(())
}

fn tell(contact: &Contact) {
    let status = contact.presence.as_ref().map(|presence| presence.status);
    let status = status.map_or("offline".to_owned(), |status| format!("{status:?}"));
    let message = &contact.data.personal_message;
    println!(
        "{} <{}> {status} {message}",
        contact.shown_name(),
        contact.handle
    );
}
