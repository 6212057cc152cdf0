//! What happens, as a line for people and as a JSON object for programs: of `msn watch`, and on the
//! standard input of the program of `msn bot`.

use std::collections::HashMap;

use jiff::{Timestamp, Zoned};
use msnp_client::{Chat, Contact, Event, Handle, Status};
use serde::Serialize;

use crate::output::shown;

/// Something that happened. Its `type` and fields are what scripts rely on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Told {
    SignedIn {
        handle: String,
    },
    Presence {
        handle: String,
        name: String,
        status: &'static str,
    },
    PersonalMessage {
        handle: String,
        name: String,
        text: String,
    },
    Message {
        chat: u64,
        from: String,
        name: String,
        text: String,
    },
    Nudge {
        chat: u64,
        from: String,
        name: String,
    },
    Typing {
        chat: u64,
        from: String,
        name: String,
    },
    Joined {
        chat: u64,
        from: String,
        name: String,
    },
    Left {
        chat: u64,
        from: String,
    },
    ChatClosed {
        chat: u64,
        reason: String,
    },
    AddedBy {
        handle: String,
        name: String,
    },
    RemovedBy {
        handle: String,
    },
    OfflineMessage {
        from: String,
        name: String,
        text: String,
        received: String,
    },
    OfflineMessagesWait,
    GoingDown {
        minutes: u32,
    },
    Disconnected {
        reason: String,
        /// Missing: for good.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_in_seconds: Option<u64>,
    },
    Reconnected,
}

/// With the time.
#[derive(Serialize)]
struct Timed<'a> {
    at: String,
    #[serde(flatten)]
    told: &'a Told,
}

/// Makes lines of events. It remembers who entered which conversation: whoever says something may have
/// left when that is told.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    names: HashMap<(u64, Handle), String>,
}

impl Teller {
    /// What an event means to a program; `None`: nothing.
    pub(crate) fn told(&mut self, event: &Event) -> Option<Told> {
        match event {
            Event::Joined { chat, member } => {
                let (who, name) = (member.handle.clone(), member.name.text().into_owned());
                self.names.insert((chat.id(), who), name);
            }
            Event::ChatClosed { chat, .. } => self.names.retain(|(id, _), _| *id != chat.id()),
            _ => {}
        }
        Told::of(event, |chat, handle| {
            let name = self.names.get(&(chat.id(), handle.clone())).cloned();
            name.unwrap_or_else(|| handle.to_string())
        })
    }
}

impl Told {
    fn of(event: &Event, name_in: impl Fn(&Chat, &Handle) -> String) -> Option<Self> {
        Some(match event {
            Event::Presence(contact) => Self::Presence {
                handle: contact.handle.to_string(),
                name: contact.shown_name().to_owned(),
                status: status(contact),
            },
            Event::PersonalMessage(contact) => Self::PersonalMessage {
                handle: contact.handle.to_string(),
                name: contact.shown_name().to_owned(),
                text: contact.data.personal_message.clone(),
            },
            Event::Message { chat, from, text } => Self::Message {
                chat: chat.id(),
                from: from.to_string(),
                name: name_in(chat, from),
                text: text.words.clone(),
            },
            Event::Nudge { chat, from } => Self::Nudge {
                chat: chat.id(),
                from: from.to_string(),
                name: name_in(chat, from),
            },
            Event::Typing { chat, from } => Self::Typing {
                chat: chat.id(),
                from: from.to_string(),
                name: name_in(chat, from),
            },
            Event::Joined { chat, member } => Self::Joined {
                chat: chat.id(),
                from: member.handle.to_string(),
                name: member.name.text().into_owned(),
            },
            Event::Left { chat, handle } => Self::Left {
                chat: chat.id(),
                from: handle.to_string(),
            },
            Event::ChatClosed { chat, reason } => Self::ChatClosed {
                chat: chat.id(),
                reason: reason.to_string(),
            },
            Event::AddedBy { handle, name } => Self::AddedBy {
                handle: handle.to_string(),
                name: name.clone(),
            },
            Event::RemovedBy { handle } => Self::RemovedBy {
                handle: handle.to_string(),
            },
            Event::OfflineMessage(message) => Self::OfflineMessage {
                from: message.from.to_string(),
                name: message.name.clone(),
                text: message.text.clone(),
                received: message.date.clone(),
            },
            Event::OfflineMessagesWait => Self::OfflineMessagesWait,
            Event::GoingDown { minutes } => Self::GoingDown { minutes: *minutes },
            Event::Disconnected { reason, retry_in } => Self::Disconnected {
                reason: reason.to_string(),
                retry_in_seconds: retry_in.map(|wait| wait.as_secs()),
            },
            Event::Reconnected => Self::Reconnected,
            _ => return None,
        })
    }

    /// In which conversation, if in one.
    pub(crate) fn chat(&self) -> Option<u64> {
        match self {
            Self::Message { chat, .. }
            | Self::Nudge { chat, .. }
            | Self::Typing { chat, .. }
            | Self::Joined { chat, .. }
            | Self::Left { chat, .. }
            | Self::ChatClosed { chat, .. } => Some(*chat),
            _ => None,
        }
    }

    /// As a JSON object, with the time.
    pub(crate) fn json(&self) -> serde_json::Result<String> {
        let at = Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
            .to_string();
        serde_json::to_string(&Timed { at, told: self })
    }

    /// As a line for people, with the time of day.
    pub(crate) fn line(&self) -> String {
        format!("{}  {}", Zoned::now().strftime("%H:%M:%S"), self.words())
    }

    fn words(&self) -> String {
        let who = |handle: &str, name: &str| match shown(name) {
            name if name == handle || name.is_empty() => handle.to_owned(),
            name => format!("{name} <{handle}>"),
        };
        match self {
            Self::SignedIn { handle } => format!("signed in as {handle}"),
            Self::Presence {
                handle,
                name,
                status,
            } => format!("{} is {}", who(handle, name), status.replace('_', " ")),
            Self::PersonalMessage { handle, name, text } => match shown(text) {
                text if text.is_empty() => {
                    format!("{} has no personal message", who(handle, name))
                }
                text => format!("{} * {text}", who(handle, name)),
            },
            Self::Message {
                from, name, text, ..
            } => format!("{}: {}", who(from, name), shown(text)),
            Self::Nudge { from, name, .. } => format!("{} nudges", who(from, name)),
            Self::Typing { from, name, .. } => format!("{} is typing", who(from, name)),
            Self::Joined { chat, from, name } => {
                format!("{} is in conversation {chat}", who(from, name))
            }
            Self::Left { chat, from } => format!("{from} left conversation {chat}"),
            Self::ChatClosed { chat, reason } => {
                format!("conversation {chat} is over: {}", shown(reason))
            }
            Self::AddedBy { handle, name } => {
                format!("{} added this account", who(handle, name))
            }
            Self::RemovedBy { handle } => format!("{handle} removed this account"),
            Self::OfflineMessage {
                from, name, text, ..
            } => format!("{}, while away: {}", who(from, name), shown(text)),
            Self::OfflineMessagesWait => "offline messages wait: msn oim list".to_owned(),
            Self::GoingDown { minutes } => format!("the server goes down in {minutes} minutes"),
            Self::Disconnected {
                reason,
                retry_in_seconds: Some(seconds),
            } => format!("disconnected: {}; back in {seconds} s", shown(reason)),
            Self::Disconnected { reason, .. } => format!("disconnected: {}", shown(reason)),
            Self::Reconnected => "back again".to_owned(),
        }
    }
}

/// A contact's status in a word.
pub(crate) fn status(contact: &Contact) -> &'static str {
    match contact.presence.as_ref().map(|presence| presence.status) {
        None | Some(Status::Hidden) => "offline",
        Some(Status::Online) => "online",
        Some(Status::Busy) => "busy",
        Some(Status::Idle) => "idle",
        Some(Status::BeRightBack) => "be_right_back",
        Some(Status::Away) => "away",
        Some(Status::OnThePhone) => "on_the_phone",
        Some(Status::OutToLunch) => "out_to_lunch",
    }
}
