//! `msn bot`: a program answers, in whatever language.
//!
//! ```text
//!   event -> a JSON line on the program's standard input
//!   JSON lines on its standard output -> answers in the conversation
//!
//!   each:  one process per event; within a conversation one after another, --at-most in all
//!   keep:  one process for all; when it ends, another is begun
//! ```

mod answer;
mod each;
mod keep;
mod program;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use msnp_client::{Chat, Client, Connector, Event, MailHandling};
use parking_lot::Mutex;

use crate::duration;
use crate::exit::Over;
use crate::profile::SignInArguments;
use crate::stop::stopped;
use crate::told::{Teller, Told};
use program::Program;

/// For `--help`.
pub(crate) const HELP: &str = r#"Answers messages by a program

For every message a program is run. It finds one JSON object on a line of its standard input:

  {"at":"...","type":"message","chat":1,"from":"alice@example.com","name":"Alice","text":"Hello"}

and answers with JSON objects, one a line, on its standard output:

  {"text":"Hello Alice"}                        says it in the conversation
  {"nudge":true} {"typing":true} {"leave":true} nudges, shows that it is typing, leaves
  {"text":"...","to":"bob@example.com"}         says it to somebody else, now or as an offline message
  {"text":"...","chat":1}                       says it in that conversation

With --plain it finds the text alone, and what it prints is the answer; MSN_FROM and MSN_NAME in its
environment say who wrote. With --keep one process gets all lines; its answers name a "chat" or "to".

A program that fails, takes too long or says too much is told of on standard error; the bot goes on."#;

/// What `msn bot` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    program: Vec<String>,
    /// One process for all events, begun again when it ends
    #[arg(long)]
    keep: bool,
    /// Text rather than JSON, on both sides
    #[arg(long, conflicts_with = "keep")]
    plain: bool,
    /// What the program is told of
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["message", "nudge"])]
    events: Vec<Kind>,
    /// Put whoever adds the bot on its list
    #[arg(long)]
    accept: bool,
    /// The bot's personal message
    #[arg(long, value_name = "TEXT", default_value = "")]
    personal_message: String,
    /// How long a program may take over an event, or with --keep to read one
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "30s")]
    timeout: Duration,
    /// How many programs may run at once
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..))]
    at_most: u16,
    /// How many bytes a program may answer an event with; with --keep, on a line
    #[arg(long, value_name = "BYTES", default_value = "65536", value_parser = clap::value_parser!(u32).range(1..))]
    longest: u32,
}

/// A kind of event that a program can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    Message,
    Nudge,
    Typing,
    Joined,
    Left,
    ChatClosed,
    Presence,
    PersonalMessage,
    AddedBy,
    RemovedBy,
}

/// What the parts of a bot have in common.
#[derive(Debug)]
struct Bot {
    client: Client,
    program: Program,
    timeout: Duration,
    longest: usize,
    /// The conversations that it is in.
    chats: Mutex<HashMap<u64, Chat>>,
}

/// Where events go.
enum Door {
    Each(each::Each),
    Keep(keep::Keep),
}

/// Signs in and answers until it is told to stop.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let program = Program::new(arguments.program, arguments.plain)?;
    let prepare = |connector: Connector| {
        connector
            .personal_message(&arguments.personal_message)
            .offline_messages(MailHandling::Leave)
    };
    let (client, mut events) = sign_in.account()?.sign_in(prepare).await?;
    let mut enough = pin!(stopped(None)?);
    eprintln!("msn: {} answers by {program}", client.handle());
    let bot = Arc::new(Bot {
        client: client.clone(),
        program,
        timeout: arguments.timeout,
        longest: arguments.longest as usize,
        chats: Mutex::default(),
    });
    let mut door = match arguments.keep {
        true => Door::Keep(keep::Keep::begin(&bot)),
        false => Door::Each(each::Each::new(&bot, arguments.at_most.into())),
    };
    let mut teller = Teller::default();
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = &mut enough => break,
        };
        let Some(event) = event else { break };
        bot.keep_in_mind(&event);
        let told = teller.told(&event);
        match (&event, &told) {
            (Event::AddedBy { handle, .. }, _) if arguments.accept => {
                let (client, handle) = (client.clone(), handle.clone());
                tokio::spawn(async move {
                    if let Err(error) = client.add(&handle).await {
                        eprintln!("msn: cannot add {handle}: {error}");
                    }
                });
            }
            (
                Event::Disconnected {
                    retry_in: Some(_), ..
                }
                | Event::Reconnected,
                Some(told),
            ) => {
                eprintln!("msn: {}", told.line());
            }
            _ => {}
        }
        if let Event::Disconnected {
            reason,
            retry_in: None,
        } = event
        {
            return Err(Over(reason).into());
        }
        let told = told.filter(|told| {
            let wanted = arguments.events.iter();
            wanted.copied().any(|kind| Some(kind) == Kind::of(told))
        });
        if let Some(told) = told {
            match &mut door {
                Door::Each(each) => each.tell(told),
                Door::Keep(keep) => keep.tell(&told),
            }
        }
        if let (Event::ChatClosed { chat, .. }, Door::Each(each)) = (&event, &mut door) {
            each.forget(chat.id());
        }
    }
    client.sign_out().await;
    Ok(())
}

impl Bot {
    fn keep_in_mind(&self, event: &Event) {
        match event {
            Event::Joined { chat, .. } => {
                self.chats.lock().insert(chat.id(), chat.clone());
            }
            Event::ChatClosed { chat, .. } => {
                self.chats.lock().remove(&chat.id());
            }
            _ => {}
        }
    }

    fn chat(&self, id: u64) -> Option<Chat> {
        self.chats.lock().get(&id).cloned()
    }
}

impl Kind {
    /// `None`: no program is told.
    fn of(told: &Told) -> Option<Self> {
        Some(match told {
            Told::Message { .. } => Self::Message,
            Told::Nudge { .. } => Self::Nudge,
            Told::Typing { .. } => Self::Typing,
            Told::Joined { .. } => Self::Joined,
            Told::Left { .. } => Self::Left,
            Told::ChatClosed { .. } => Self::ChatClosed,
            Told::Presence { .. } => Self::Presence,
            Told::PersonalMessage { .. } => Self::PersonalMessage,
            Told::AddedBy { .. } => Self::AddedBy,
            Told::RemovedBy { .. } => Self::RemovedBy,
            Told::SignedIn { .. }
            | Told::OfflineMessage { .. }
            | Told::OfflineMessagesWait
            | Told::GoingDown { .. }
            | Told::Disconnected { .. }
            | Told::Reconnected => return None,
        })
    }
}
