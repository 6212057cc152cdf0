//! What a program answers, read and carried out.

use msnp_client::Handle;
use serde::Deserialize;

use super::Bot;
use crate::deliver::{Way, deliver, say};
use crate::told::Told;

/// One line of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    text: Option<String>,
    /// Somebody else than who wrote.
    to: Option<String>,
    /// Another conversation than where they wrote.
    chat: Option<u64>,
    #[serde(default)]
    nudge: bool,
    #[serde(default)]
    typing: bool,
    #[serde(default)]
    leave: bool,
}

/// Where an answer goes that does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    chat: Option<u64>,
    by: Option<Handle>,
}

impl Asked {
    /// By something that happened.
    pub(super) fn by(told: &Told) -> Self {
        match told {
            Told::Message { chat, from, .. }
            | Told::Nudge { chat, from, .. }
            | Told::Typing { chat, from, .. }
            | Told::Joined { chat, from, .. }
            | Told::Left { chat, from } => Self {
                chat: Some(*chat),
                by: Handle::parse(from).ok(),
            },
            Told::Presence { handle, .. }
            | Told::PersonalMessage { handle, .. }
            | Told::AddedBy { handle, .. }
            | Told::RemovedBy { handle } => Self {
                chat: None,
                by: Handle::parse(handle).ok(),
            },
            _ => Self::default(),
        }
    }
}

impl Answer {
    /// Reads a line; an empty one is none.
    pub(super) fn read(line: &[u8]) -> Result<Option<Self>, String> {
        if line.trim_ascii().is_empty() {
            return Ok(None);
        }
        let answer = serde_json::from_slice(line);
        answer
            .map(Some)
            .map_err(|error| format!("said what is no answer: {error}"))
    }

    /// These words.
    pub(super) fn text(text: String) -> Self {
        Self {
            text: Some(text),
            ..Self::default()
        }
    }

    /// Does what it says.
    pub(super) async fn carry_out(self, bot: &Bot, asked: &Asked) -> Result<(), String> {
        let said = |error: msnp_client::Error| format!("an answer was not delivered: {error}");
        let words = self.text.filter(|text| !text.trim().is_empty());
        if let Some(to) = self.to {
            let to = Handle::parse(&to).map_err(|_| format!("answers {to:?}, who is nobody"))?;
            let words = words.ok_or("answers somebody else without a text")?;
            let delivered = deliver(&bot.client, &to, &words, Way::Any).await;
            return delivered.map(drop).map_err(said);
        }
        let id = self.chat.or(asked.chat);
        let chat = id.and_then(|id| bot.chat(id));
        // Whoever wrote may have left, or another conversation has taken the place of this one.
        let chat = chat.filter(|chat| !chat.members().is_empty());
        let Some(chat) = chat else {
            return match (words, &asked.by) {
                (Some(words), Some(by)) if self.chat.is_none_or(|id| Some(id) == asked.chat) => {
                    let delivered = deliver(&bot.client, by, &words, Way::Any).await;
                    delivered.map(drop).map_err(said)
                }
                (Some(_), _) if id.is_some() => {
                    Err("answers in a conversation that is over".into())
                }
                (Some(_), _) => Err("answers without saying where: \"chat\" or \"to\"".into()),
                (None, _) => Ok(()),
            };
        };
        if self.typing {
            chat.typing().await.map_err(said)?;
        }
        if let Some(words) = words {
            say(&chat, &words).await.map_err(said)?;
        }
        if self.nudge {
            chat.nudge().await.map_err(said)?;
        }
        if self.leave {
            chat.leave().await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let read = |line: &str| Answer::read(line.as_bytes());
        assert_eq!(read("  \r\n"), Ok(None));
        let hello = Answer::text("Hello".to_owned());
        assert_eq!(read("{\"text\":\"Hello\"}\n"), Ok(Some(hello)));
        let all = r#"{"text":"x","to":"a@x","chat":7,"nudge":true,"typing":true,"leave":true}"#;
        let all = read(all).unwrap().unwrap();
        assert_eq!((all.chat, all.to.as_deref()), (Some(7), Some("a@x")));
        assert!(all.nudge && all.typing && all.leave);
        for wrong in [
            "Hello",
            "{\"txet\":\"Hello\"}",
            "{\"text\":1}",
            "[]",
            "{",
            "\u{ff}",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
