//! What is said in a conversation, sorted by what it means (wire-msnp13, 8.6).

use bytes::Bytes;

use crate::message::{Message, TextFormat};
use crate::wire::escape;

/// A message of somebody in a conversation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Speech {
    /// Words. `Debug` does not show them.
    Text(Text),
    /// They are typing.
    Typing,
    /// A nudge.
    Nudge,
    /// A packet of a transfer between clients, with the handle that it is for.
    Packet {
        /// `P2P-Dest`, as written.
        to: String,
        /// Header, data and footer.
        packet: Bytes,
    },
    /// Anything else: winks, emoticons, invitations, capabilities.
    Other(Message),
}

/// Words, and how they look.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Text {
    /// The words.
    pub words: String,
    /// How they look, if the sender says.
    pub format: Option<TextFormat>,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} bytes)", self.words.len())
    }
}

impl Speech {
    /// Reads a message.
    pub fn read(message: Message) -> Self {
        match message.content_type() {
            "text/plain" => Self::Text(Text {
                words: String::from_utf8_lossy(message.body()).into_owned(),
                format: message.header("X-MMS-IM-Format").map(read_format),
            }),
            "text/x-msmsgscontrol" if message.header("TypingUser").is_some() => Self::Typing,
            "text/x-msnmsgr-datacast" if is_nudge(&message) => Self::Nudge,
            "application/x-msnmsgrp2p" => Self::Packet {
                to: message
                    .header("P2P-Dest")
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
                packet: message.body().clone(),
            },
            _ => Self::Other(message),
        }
    }
}

fn is_nudge(message: &Message) -> bool {
    let fields = Message::parse(message.body());
    fields.is_ok_and(|fields| fields.header("ID").map(str::trim) == Some("1"))
}

/// `FN=Segoe%20UI; EF=B; CO=ff; CS=1; PF=22`, whatever is missing being usual.
fn read_format(text: &str) -> TextFormat {
    let mut format = TextFormat::default();
    for field in text.split(';') {
        let Some((name, value)) = field.trim().split_once('=') else {
            continue;
        };
        match name {
            "FN" => format.font = escape::decode(value).into_owned(),
            "EF" => format.effects = value.to_owned(),
            "CO" => format.color = u32::from_str_radix(value, 16).unwrap_or_default(),
            "CS" => format.charset = u8::from_str_radix(value, 16).unwrap_or(1),
            "PF" => format.pitch_family = u8::from_str_radix(value, 16).unwrap_or(0x22),
            _ => {}
        }
    }
    format
}

impl Default for TextFormat {
    /// Plain black words.
    fn default() -> Self {
        Self {
            font: "Segoe UI".to_owned(),
            effects: String::new(),
            color: 0,
            charset: 1,
            pitch_family: 0x22,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::Handle;

    fn read(message: &Message) -> Speech {
        Speech::read(Message::parse(&message.write()).unwrap())
    }

    #[test]
    fn what_is_written_is_understood() {
        let format = TextFormat {
            effects: "BI".to_owned(),
            color: 0xff_00_10,
            ..TextFormat::default()
        };
        let Speech::Text(text) = read(&Message::text(&format, "Hello\r\nyou")) else {
            panic!();
        };
        assert_eq!((&*text.words, text.format), ("Hello\r\nyou", Some(format)));
        let alice = Handle::parse("alice@example.com").unwrap();
        assert_eq!(read(&Message::typing(&alice)), Speech::Typing);
        assert_eq!(read(&Message::nudge()), Speech::Nudge);
    }

    #[test]
    fn other_datacasts_and_types_are_other() {
        let wink = Message::new("text/x-msnmsgr-datacast").with_body("ID: 2\r\nData: x\r\n\r\n");
        for message in [wink, Message::new("text/x-clientcaps")] {
            assert!(matches!(read(&message), Speech::Other(_)));
        }
    }

    #[test]
    fn words_are_not_shown() {
        let speech = read(&Message::text(&TextFormat::default(), "secret"));
        assert_eq!(format!("{speech:?}"), "Text(Text(6 bytes))");
    }
}
