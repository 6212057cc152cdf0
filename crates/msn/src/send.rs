//! `msn send`: something to somebody, in a conversation if they are there, else as an offline message.

use std::io::Read as _;

use anyhow::Context as _;
use clap::Args;
use msnp_client::{Client, Handle};
use serde::Serialize;

use crate::deliver::{Delivered, Way, deliver};
use crate::exit::Usage;
use crate::output;
use crate::profile::SignInArguments;

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
}

/// Signs in, says it, waits until it has arrived, and signs out.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let Arguments {
        letter,
        offline,
        online,
        nudge,
    } = arguments;
    if nudge && letter.text.is_none() {
        let client = sign_in.account()?.visit().await?;
        let nudged = nudge_at(&client, &letter.to).await;
        client.sign_out().await;
        nudged.with_context(|| format!("{} was not nudged", letter.to))?;
        return letter.tell(Delivered::Chat);
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
    let sent = sent.with_context(|| format!("{} was not told", letter.to))?;
    letter.tell(sent)
}

/// `msn oim send`: the same, as an offline message.
pub(crate) async fn leave(sign_in: &SignInArguments, letter: Letter) -> anyhow::Result<()> {
    let arguments = Arguments {
        letter,
        offline: true,
        online: false,
        nudge: false,
    };
    run(sign_in, arguments).await
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

    fn tell(&self, delivered: Delivered) -> anyhow::Result<()> {
        let to = self.to.as_str();
        match (self.json, delivered) {
            (true, delivered) => output::json(&Sent { to, delivered })?,
            (false, Delivered::Chat) => output::line(&format!("delivered to {to}"))?,
            (false, Delivered::Offline) => output::line(&format!("left for {to}"))?,
        }
        Ok(())
    }
}

/// Bytes from standard input: more is a mistake rather than a message.
const LONGEST: u64 = 64 * 1024;
