//! `msn send`: something to somebody, in a conversation if they are there, else as an offline message.

use std::io::Read as _;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use msnp_client::{Client, Closing, Event, Handle};
use serde::Serialize;
use tokio::time::timeout;

use crate::deliver::{Delivered, Way, deliver, say};
use crate::duration;
use crate::exit::{self, NotFound, Over, Usage};
use crate::output;
use crate::profile::{SignInArguments, as_visitor};

/// What `msn send` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    letter: Letter,
    /// Leave it as an offline message, even if they are there
    #[arg(long, conflicts_with = "online")]
    offline: bool,
    /// Fail if they are not there, rather than leave an offline message
    #[arg(long)]
    online: bool,
    /// Wait for an answer, so long at most, and print it alone
    #[arg(long, value_name = "TIME", value_parser = duration::parse, conflicts_with_all = ["offline", "nudge"])]
    reply: Option<Duration>,
    /// Nudge them as well; alone, without any text
    #[arg(long, conflicts_with = "offline")]
    nudge: bool,
}

/// To whom, and what.
#[derive(Debug, Args)]
pub(crate) struct Letter {
    /// To whom: an address
    #[arg(value_name = "HANDLE")]
    to: Handle,
    /// What to say; without it, what comes from standard input
    text: Option<String>,
    /// Say as JSON how it went
    #[arg(long)]
    json: bool,
}

/// How it went.
#[derive(Serialize)]
struct Sent<'a> {
    to: &'a str,
    delivered: Delivered,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<&'a str>,
}

/// Signs in, says it, waits until it has arrived, and signs out.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let Arguments {
        letter,
        offline,
        online,
        reply,
        nudge,
    } = arguments;
    if let Some(patience) = reply {
        let text = letter.text()?;
        let reply = ask(sign_in, &letter.to, &text, patience).await?;
        return letter.tell(Delivered::Chat, Some(&reply));
    }
    if nudge && letter.text.is_none() {
        let client = sign_in.account()?.visit().await?;
        let nudged = nudge_at(&client, &letter.to).await;
        client.sign_out().await;
        nudged.with_context(|| format!("{} was not nudged", letter.to))?;
        return letter.tell(Delivered::Chat, None);
    }
    let way = match (offline, online || nudge) {
        (true, _) => Way::Offline,
        (false, true) => Way::Chat,
        (false, false) => Way::Any,
    };
    let text = letter.text()?;
    let client = sign_in.account()?.visit().await?;
    let mut sent = deliver(&client, &letter.to, &text, way).await;
    if nudge && sent.is_ok() {
        sent = nudge_at(&client, &letter.to)
            .await
            .map(|()| Delivered::Chat);
    }
    client.sign_out().await;
    let sent = sent.map_err(|error| not_told(&letter.to, error))?;
    letter.tell(sent, None)
}

/// `msn oim send`: the same, as an offline message.
pub(crate) async fn leave(sign_in: &SignInArguments, letter: Letter) -> anyhow::Result<()> {
    let arguments = Arguments {
        letter,
        offline: true,
        online: false,
        reply: None,
        nudge: false,
    };
    run(sign_in, arguments).await
}

/// Says it, and the first words that come back.
async fn ask(
    sign_in: &SignInArguments,
    to: &Handle,
    text: &str,
    patience: Duration,
) -> anyhow::Result<String> {
    let (client, mut events) = sign_in.account()?.sign_in(as_visitor).await?;
    let asked = async {
        let chat = client.chat_with(to).await?;
        say(&chat, text).await?;
        Ok::<_, msnp_client::Error>(chat)
    };
    let chat = asked.await.map_err(|error| not_told(to, error))?;
    let replied = timeout(patience, async {
        while let Some(event) = events.next().await {
            match event {
                Event::Message { chat: at, text, .. } if at == chat => return Ok(text.words),
                Event::Disconnected { reason, .. } => return Err(Over(reason).into()),
                _ => {}
            }
        }
        Err(Over(Closing::Lost).into())
    });
    let replied = replied.await;
    client.sign_out().await;
    replied.unwrap_or_else(|_| Err(NotFound(format!("{to} has it, and did not answer")).into()))
}

/// The store of offline messages does not say whether there is such an account.
fn not_told(to: &Handle, error: msnp_client::Error) -> anyhow::Error {
    let error = anyhow::Error::from(error);
    if exit::is_of_nobody(&error) {
        let why = "there is no such account, or it takes no messages from this one";
        return NotFound(format!("{to} was not told: {why}")).into();
    }
    error.context(format!("{to} was not told"))
}

async fn nudge_at(client: &Client, to: &Handle) -> Result<(), msnp_client::Error> {
    let chat = client.chat_with(to).await?;
    let nudged = chat.nudge().await;
    chat.leave().await;
    nudged
}

impl Letter {
    fn text(&self) -> anyhow::Result<String> {
        let text = match &self.text {
            Some(text) => text.clone(),
            None => {
                let mut text = Vec::new();
                let mut input = std::io::stdin().take(LONGEST + 1);
                input.read_to_end(&mut text)?;
                if text.len() as u64 > LONGEST {
                    return Err(Usage(format!("more than {LONGEST} bytes to say")).into());
                }
                String::from_utf8(text).map_err(|_| Usage("that is no UTF-8".to_owned()))?
            }
        };
        match text.trim() {
            "" => Err(Usage("nothing to say".to_owned()).into()),
            _ => Ok(text),
        }
    }

    fn tell(&self, delivered: Delivered, reply: Option<&str>) -> anyhow::Result<()> {
        let to = self.to.as_str();
        match (self.json, delivered) {
            (true, delivered) => output::json(&Sent {
                to,
                delivered,
                reply,
            })?,
            (false, Delivered::Chat) if reply.is_some() => {
                for line in reply.unwrap_or_default().trim_end().lines() {
                    output::line(&output::shown(line))?;
                }
            }
            (false, Delivered::Chat) => output::line(&format!("delivered to {to}"))?,
            (false, Delivered::Offline) => output::line(&format!("left for {to}"))?,
        }
        Ok(())
    }
}

/// Bytes from standard input: more is a mistake rather than a message.
const LONGEST: u64 = 64 * 1024;
