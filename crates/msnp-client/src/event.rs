//! What happens, as a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use msnp::client::contacts::Contact;
use msnp::client::speech::Text;
use msnp::client::{Closing, OfflineMessage, switchboard};
use msnp::handle::Handle;
use msnp::message::Message;
use msnp::wire::command::switchboard::Member;
use tokio::sync::mpsc;

use crate::chat::{Chat, FileOffer, Invitation};

/// Something that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A contact came, went, or changed status, name or picture.
    Presence(Box<Contact>),
    /// A contact's personal message or what they listen to changed.
    PersonalMessage(Box<Contact>),
    /// Somebody says something.
    Message {
        /// Where; answer here.
        chat: Chat,
        /// Who.
        from: Handle,
        /// What.
        text: Text,
    },
    /// Somebody is typing; clients say so every five seconds.
    Typing {
        /// Where.
        chat: Chat,
        /// Who.
        from: Handle,
    },
    /// Somebody nudges.
    Nudge {
        /// Where.
        chat: Chat,
        /// Who.
        from: Handle,
    },
    /// Somebody says something that is none of the above: a wink, an emoticon, an old invitation.
    Other {
        /// Where.
        chat: Chat,
        /// Who.
        from: Handle,
        /// What.
        message: Message,
    },
    /// Somebody offers a file.
    FileOffered(FileOffer),
    /// Somebody entered a conversation, or was there when this account did.
    Joined {
        /// Where.
        chat: Chat,
        /// Who.
        member: Member,
    },
    /// Somebody left a conversation.
    Left {
        /// Where.
        chat: Chat,
        /// Who.
        handle: Handle,
    },
    /// A conversation is over for this account.
    ChatClosed {
        /// Which.
        chat: Chat,
        /// Why.
        reason: switchboard::Closing,
    },
    /// Somebody calls. Only with [`Answering::ByApplication`](crate::Answering).
    Invitation(Invitation),
    /// Somebody put this account on their list. Until it is allowed or blocked, they are on PL.
    AddedBy {
        /// Who.
        handle: Handle,
        /// As they are called.
        name: String,
    },
    /// Somebody took this account off their list.
    RemovedBy {
        /// Who.
        handle: Handle,
    },
    /// The lists or groups changed: ask for [`contacts`](crate::Client::contacts) again.
    ContactsChanged,
    /// Somebody left a message while this account was away. It is deleted from the server now.
    OfflineMessage(OfflineMessage),
    /// Offline messages wait, and are left where they are: see
    /// [`offline_messages`](crate::Client::offline_messages). Only with
    /// [`MailHandling::Leave`](crate::MailHandling).
    OfflineMessagesWait,
    /// The server goes down in so many minutes.
    GoingDown {
        /// How many.
        minutes: u32,
    },
    /// Signed out, signed in elsewhere, or disconnected. Without `retry_in` it is the last event.
    Disconnected {
        /// Why.
        reason: Closing,
        /// After how long this library will try to come back.
        retry_in: Option<Duration>,
    },
    /// Signed in again after [`Event::Disconnected`].
    Reconnected,
}

/// The events of one [`Client`](crate::Client), in their order. Ends when the session does.
///
/// An application that does not read them while more than [`Events::LIMIT`] wait is disconnected: the
/// library does not grow without bound, and drops nothing silently.
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::UnboundedReceiver<Event>,
    waiting: Arc<AtomicUsize>,
    over: bool,
}

impl Events {
    /// How many events may wait.
    pub const LIMIT: usize = 16_384;

    /// The next one; `None` when the session is over.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        if self.over {
            return Poll::Ready(None);
        }
        let event = std::task::ready!(self.receiver.poll_recv(cx));
        match &event {
            Some(Event::Disconnected { retry_in: None, .. }) | None => self.over = true,
            Some(_) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
            }
        }
        Poll::Ready(event)
    }
}

/// Where events come from.
#[derive(Clone, Debug)]
pub(crate) struct EventSender {
    sender: mpsc::UnboundedSender<Event>,
    waiting: Arc<AtomicUsize>,
}

/// The application does not read its events.
#[derive(Debug)]
pub(crate) struct TooSlow;

impl EventSender {
    /// Hands an event over. An application that dropped its [`Events`] does not want any.
    pub(crate) fn send(&self, event: Event) -> Result<(), TooSlow> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= Events::LIMIT {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(TooSlow);
        }
        let _unwanted = self.sender.send(event);
        Ok(())
    }

    /// The last one, for which there is always room.
    pub(crate) fn send_last(&self, event: Event) {
        let _unwanted = self.sender.send(event);
    }
}

/// Both ends.
pub(crate) fn events() -> (EventSender, Events) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let events = Events {
        receiver,
        waiting: Arc::clone(&waiting),
        over: false,
    };
    (EventSender { sender, waiting }, events)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_does_not_read_is_told_so_in_the_end() {
        let (sender, mut events) = events();
        for minutes in 0..Events::LIMIT {
            let minutes = u32::try_from(minutes).unwrap();
            sender.send(Event::GoingDown { minutes }).unwrap();
        }
        assert!(sender.send(Event::ContactsChanged).is_err());
        let reason = Closing::Lost;
        sender.send_last(Event::Disconnected {
            reason,
            retry_in: None,
        });
        let mut count = 0;
        while let Some(event) = events.next().await {
            count += 1;
            if count > Events::LIMIT {
                assert!(matches!(event, Event::Disconnected { .. }));
            }
        }
        assert_eq!(count, Events::LIMIT + 1);
    }

    #[tokio::test]
    async fn what_was_read_makes_room() {
        let (sender, mut events) = events();
        for _ in 0..3 * Events::LIMIT {
            sender.send(Event::ContactsChanged).unwrap();
            events.next().await;
        }
    }
}
