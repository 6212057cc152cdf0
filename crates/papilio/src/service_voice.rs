//! The voice of the service: a text of the operator, to somebody who is signed in.
//!
//! Notification servers can say nothing in free words that every client shows (wire-msnp13, 2, 8: a
//! system message carries a number of minutes, and nothing else). So the service does what people do:
//! it calls, and when the call is taken it says the text and leaves. Every client shows that, as a
//! conversation with somebody who is no contact.
//!
//! ```text
//!   RNG -> the client answers (ANS) -> MSG -> written to its socket -> BYE
//! ```

use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

use msnp::handle::Handle;
use msnp::message::{Message, TextFormat};
use msnp::presence::{Capabilities, FriendlyName};
use msnp::server::Event;
use msnp::wire::command::switchboard::{Ack, Member};
use msnp::wire::param::TrId;
use msnp::wire::version::Dialect;

use crate::conversation::{Conversations, Seat};
use crate::directory::Reached;
use crate::mailbox::{Mailbox, Overflow};
use crate::store::account::{AccountId, SERVICE_HANDLE};

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was written to the client's connection.
    Delivered,
    /// The client did not take the call, or was gone before the text was.
    NotDelivered,
}

/// Tells somebody a text, under this name. Done when it was written, or will not be.
pub async fn tell(
    conversations: &Arc<Conversations>,
    reached: Reached,
    name: &str,
    text: &str,
    patience: Duration,
) -> Told {
    let mailbox = Mailbox::new(MAILBOX);
    let Some(mut seat) = take_a_seat(conversations, name, &mailbox) else {
        return Told::NotDelivered;
    };
    if seat.ring(reached, Instant::now()).is_err() {
        return Told::NotDelivered;
    }
    let told = tokio::time::timeout(patience, say(&seat, &mailbox, text)).await;
    told.unwrap_or(Told::NotDelivered)
}

/// Waits for the other to come, says it, and waits until it was written.
async fn say(seat: &Seat, mailbox: &Mailbox, text: &str) -> Told {
    let format = TextFormat {
        font: "Segoe UI".to_owned(),
        effects: String::new(),
        color: 0,
        charset: 0,
        pitch_family: 0,
    };
    let message = Message::text(&format, text).write();
    loop {
        let (posts, overflow) = poll_fn(|cx| mailbox.poll_take(cx)).await;
        for post in posts {
            match post.event {
                Event::Frozen(bytes) if bytes.starts_with(b"JOI ") => {
                    seat.relay(SAID, Ack::Always, &message);
                }
                Event::Delivered(_) => return Told::Delivered,
                Event::Undelivered(_) | Event::ConversationOver => return Told::NotDelivered,
                _ => {}
            }
        }
        if overflow == Overflow::Yes {
            return Told::NotDelivered;
        }
    }
}

/// Opens a conversation.
fn take_a_seat(
    conversations: &Arc<Conversations>,
    name: &str,
    mailbox: &Arc<Mailbox>,
) -> Option<Seat> {
    let handle = Handle::parse(SERVICE_HANDLE).ok()?;
    let name = FriendlyName::from_text(name).unwrap_or_else(|| FriendlyName::of_handle(&handle));
    let member = Member {
        handle: handle.clone(),
        name,
        capabilities: Capabilities::NONE,
    };
    // What it hears it does not read, so any dialect will do.
    let dialect = Dialect::of(Dialect::newest())?;
    let now = Instant::now();
    let cookie = conversations.admit(NOBODY, member, dialect, now);
    let (seat, _) = conversations.enter(&handle, &cookie, mailbox, now)?;
    Some(seat)
}

/// Accounts are counted from 1.
const NOBODY: AccountId = AccountId(0);

/// The one thing that is said.
const SAID: TrId = TrId(1);

/// What a client may say back before it is no longer listened to, in bytes.
const MAILBOX: usize = 64 * 1024;
