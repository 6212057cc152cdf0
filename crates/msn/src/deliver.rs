//! Words for somebody: in a conversation if they are there, else as an offline message.

use msnp_client::msnp::client::OfflineText;
use msnp_client::msnp::client::switchboard::AskError;
use msnp_client::{Chat, Client, Error, Handle};
use serde::Serialize;

/// By which way words may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In a conversation, or else as an offline message.
    Any,
    /// In a conversation or not at all.
    Chat,
    /// As an offline message, even to somebody who is there.
    Offline,
}

/// By which way they went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Delivered {
    /// Their client has them.
    Chat,
    /// They will have them when they come back.
    Offline,
}

/// Says it; done when it was acknowledged.
pub(crate) async fn deliver(
    client: &Client,
    to: &Handle,
    text: &str,
    way: Way,
) -> Result<Delivered, Error> {
    if text.trim().is_empty() {
        return Err(Error::Text);
    }
    if way != Way::Offline {
        match client.chat_with(to).await {
            Ok(chat) => {
                let said = say(&chat, text).await;
                chat.leave().await;
                return said.map(|()| Delivered::Chat);
            }
            // They are not there, or do not answer.
            Err(Error::Chat(AskError::NotThere) | Error::TimedOut) if way == Way::Any => {}
            Err(error) => return Err(error),
        }
    }
    for piece in pieces(text, OfflineText::MAX_LEN) {
        client.send_offline(to, piece).await?;
    }
    Ok(Delivered::Offline)
}

/// Says it in a conversation, in as many messages as it takes.
pub(crate) async fn say(chat: &Chat, text: &str) -> Result<(), Error> {
    for piece in pieces(text, PIECE) {
        chat.send(piece).await?;
    }
    Ok(())
}

/// Cuts text into pieces of at most so many bytes: between lines, else between words, else anywhere.
fn pieces(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_end();
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['\r', '\n']);
        if rest.is_empty() {
            return None;
        }
        if rest.len() <= most {
            return Some(std::mem::take(&mut rest));
        }
        let most = rest.floor_char_boundary(most);
        let fits = &rest[..most];
        // A piece of a few words is worse than a line cut in the middle.
        let late = |at: &usize| *at >= most / 2;
        let at = fits.rfind('\n').filter(late);
        let at = at.or_else(|| fits.rfind(' ').filter(late)).unwrap_or(most);
        let (piece, next) = rest.split_at(at);
        rest = next.trim_start_matches(' ');
        Some(piece.trim_end())
    })
}

/// Bytes of words in one message: what fits into one (wire-msnp13, 8.4) beside its headers.
const PIECE: usize = 1400;

#[cfg(test)]
mod tests {
    use super::pieces;

    fn cut(text: &str, most: usize) -> Vec<&str> {
        pieces(text, most).collect()
    }

    #[test]
    fn long_words_are_cut_where_it_hurts_least() {
        assert_eq!(cut("short\n", 10), ["short"]);
        assert_eq!(cut("one two three", 9), ["one two", "three"]);
        assert_eq!(cut("one\ntwo three four", 10), ["one\ntwo", "three four"]);
        assert_eq!(cut("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(cut("a bcdefghij", 6), ["a bcde", "fghij"]);
        assert_eq!(cut("\u{e9}\u{e9}\u{e9}", 3), ["\u{e9}", "\u{e9}", "\u{e9}"]);
        assert_eq!(cut("", 4), [""; 0]);
    }

    #[test]
    fn nothing_but_white_space_is_lost() {
        let text =
            "Lorem ipsum dolor\nsit amet, \u{1f98b}\u{1f98b}\u{1f98b} consectetur ".repeat(20);
        for most in 4..200 {
            let cut = cut(&text, most);
            assert!(
                cut.iter()
                    .all(|piece| piece.len() <= most && !piece.is_empty())
            );
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(bare(&cut.concat()), bare(&text), "{most}");
        }
    }
}
