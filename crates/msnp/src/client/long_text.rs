//! Texts that are too long for one message go in parts (wire-msnp13, 8.6, text/plain).
//!
//! ```text
//!   first   all the usual headers, Message-ID: {GUID}, Chunks: 3
//!   later                          Message-ID: {GUID}, Chunk: 1        and 2
//! ```

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::draw::{Draw, Seed};
use super::switchboard::MAX_MESSAGE;
use crate::handle::Handle;
use crate::message::{Message, TextFormat};

/// Longest text in bytes that is sent, and that is put together.
pub const MAX_TEXT: usize = 64 * 1024;

/// How much text one part carries, in bytes.
const PART: usize = 1300;

/// How many texts may be incomplete in one conversation.
const INCOMPLETE: usize = 16;

/// The messages that carry a text: one, if it fits. `None` when it is longer than [`MAX_TEXT`].
pub fn messages(format: &TextFormat, text: &str, seed: Seed) -> Option<Vec<Message>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let whole = Message::text(format, text);
    if whole.write().len() <= MAX_MESSAGE {
        return Some(vec![whole]);
    }
    let parts = parts_of(text);
    let id = Draw::new(seed).guid().to_string().to_uppercase();
    let id = format!("{{{id}}}");
    let messages = parts.iter().enumerate().map(|(number, part)| match number {
        0 => Message::text(format, part)
            .with("Message-ID", &id)
            .with("Chunks", parts.len()),
        _ => Message::bare()
            .with("Message-ID", &id)
            .with("Chunk", number)
            .with_body((*part).to_owned()),
    });
    Some(messages.collect())
}

fn parts_of(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let (part, rest) = text.split_at(text.floor_char_boundary(PART));
        parts.push(part);
        text = rest;
    }
    parts
}

/// Puts the parts of a conversation's long texts together.
#[derive(Debug, Default)]
pub(super) struct Parts(VecDeque<Incomplete>);

#[derive(Debug)]
struct Incomplete {
    from: Handle,
    id: String,
    first: Message,
    body: BytesMut,
    /// Parts of one sender come in order.
    next: usize,
    count: usize,
}

impl Parts {
    /// The message, if it is whole by itself or by this part.
    pub(super) fn add(&mut self, from: &Handle, message: Message) -> Option<Message> {
        let number = |name| {
            message
                .header(name)
                .and_then(|text| text.trim().parse().ok())
        };
        let (Some(id), count, part) = (
            message.header("Message-ID").map(str::to_owned),
            number("Chunks"),
            number("Chunk"),
        ) else {
            return Some(message);
        };
        match (count, part) {
            (Some(count @ 2..), _) => {
                let incomplete = Incomplete {
                    from: from.clone(),
                    id,
                    body: message.body()[..].into(),
                    first: message,
                    next: 1,
                    count,
                };
                self.0.push_back(incomplete);
                if self.0.len() > INCOMPLETE {
                    self.0.pop_front();
                }
                None
            }
            (_, Some(part)) => self.later(from, &id, part, message.body()),
            _ => Some(message),
        }
    }

    fn later(&mut self, from: &Handle, id: &str, part: usize, body: &Bytes) -> Option<Message> {
        let mut known = self.0.iter();
        let place = known.position(|known| known.id == id && known.from == *from)?;
        let incomplete = self.0.get_mut(place)?;
        let fits = incomplete.body.len() + body.len() <= MAX_TEXT;
        if part != incomplete.next || !fits {
            self.0.remove(place);
            return None;
        }
        incomplete.body.extend_from_slice(body);
        incomplete.next += 1;
        if incomplete.next < incomplete.count {
            return None;
        }
        let whole = self.0.remove(place)?;
        Some(whole.first.with_body(whole.body.freeze()))
    }

    /// Somebody left.
    pub(super) fn forget(&mut self, from: &Handle) {
        self.0.retain(|incomplete| incomplete.from != *from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::speech::Speech;
    use proptest::prelude::*;

    fn alice() -> Handle {
        Handle::parse("alice@example.com").unwrap()
    }

    fn split(text: &str) -> Vec<Message> {
        messages(&TextFormat::default(), text, Seed([7; 16])).unwrap()
    }

    #[test]
    fn a_text_that_fits_goes_as_it_is() {
        assert_eq!(split("Hello").len(), 1);
        assert_eq!(split("Hello")[0].header("Message-ID"), None);
        let long = "x".repeat(MAX_TEXT + 1);
        assert!(messages(&TextFormat::default(), &long, Seed([7; 16])).is_none());
    }

    #[test]
    fn parts_out_of_order_and_of_nothing_are_not_put_together() {
        let messages = split(&"x".repeat(5000));
        let mut parts = Parts::default();
        assert!(parts.add(&alice(), messages[2].clone()).is_none());
        assert!(parts.add(&alice(), messages[0].clone()).is_none());
        assert!(parts.add(&alice(), messages[2].clone()).is_none());
        assert!(parts.add(&alice(), messages[1].clone()).is_none());
        assert!(parts.0.is_empty());
    }

    #[test]
    fn what_is_incomplete_is_limited() {
        let mut parts = Parts::default();
        for seed in 0..100 {
            let seed = Seed([seed; 16]);
            let text = "x".repeat(5000);
            let messages = messages(&TextFormat::default(), &text, seed).unwrap();
            parts.add(&alice(), messages[0].clone());
        }
        assert_eq!(parts.0.len(), INCOMPLETE);
        parts.forget(&alice());
        assert!(parts.0.is_empty());
    }

    proptest! {
        #[test]
        fn every_text_comes_together(text in "(\\PC|\r\n){0,3000}") {
            let messages = split(&text);
            let mut parts = Parts::default();
            let mut whole = None;
            for message in messages {
                prop_assert!(whole.is_none());
                prop_assert!(message.write().len() <= MAX_MESSAGE);
                let read = Message::parse(&message.write()).unwrap();
                whole = parts.add(&alice(), read);
            }
            let Some(Speech::Text(read)) = whole.map(Speech::read) else {
                panic!("not whole");
            };
            prop_assert_eq!(read.words, text);
        }
    }
}
