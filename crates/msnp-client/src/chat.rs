//! A conversation, in the application's hand.

mod file;
mod task;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::client::Seed;
use msnp::client::long_text;
use msnp::client::p2p::{Failure, FileName, TransferId};
use msnp::client::switchboard::{Ask, AskError, Delivery, Switchboard};
use msnp::handle::Handle;
use msnp::message::{Message, TextFormat};
use msnp::object::MsnObject;
use msnp::wire::command::switchboard::{Member, Rng, SwitchboardReferral};
use tokio::io::AsyncRead;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::client::Shared;
use crate::error::Error;
use crate::link::Link;
use crate::picture::Picture;
use task::Task;

pub use file::FileOffer;

/// A conversation of two or more. Cloning one gives another handle to the same conversation.
///
/// It lasts until it is [left](Chat::leave), until the server ends it for being idle, or until the
/// client signs out; dropping the handles does not end it.
#[derive(Clone)]
pub struct Chat {
    id: u64,
    me: Handle,
    commands: mpsc::Sender<Command>,
    members: watch::Receiver<Vec<Member>>,
}

impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chat({})", self.id)
    }
}

impl PartialEq for Chat {
    fn eq(&self, other: &Self) -> bool {
        self.commands.same_channel(&other.commands)
    }
}

impl Eq for Chat {}

impl Chat {
    /// A number that no other conversation of this client has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Who else is there just now.
    pub fn members(&self) -> Vec<Member> {
        self.members.borrow().clone()
    }

    /// Calls somebody. Done when their client is told; [`Event::Joined`](crate::Event::Joined) says that they came.
    pub async fn invite(&self, handle: &Handle) -> Result<(), Error> {
        self.ask(Ask::Invite(handle.clone())).await
    }

    /// Waits until somebody is there, at most so long.
    pub async fn someone_joins(&self, patience: Duration) -> Result<(), Error> {
        let mut members = self.members.clone();
        let joining = timeout(patience, members.wait_for(|members| !members.is_empty()));
        match joining.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Error::Chat(AskError::NotThereOneself)),
            Err(_) => Err(Error::TimedOut),
        }
    }

    /// Says something; done when everybody's client has it. What is too long for one message goes in
    /// parts, up to [`MAX_TEXT`](msnp::client::long_text::MAX_TEXT) bytes.
    pub async fn send(&self, text: &str) -> Result<(), Error> {
        self.send_formatted(text, &TextFormat::default()).await
    }

    /// Says something that looks like this.
    pub async fn send_formatted(&self, text: &str, format: &TextFormat) -> Result<(), Error> {
        if text.is_empty() {
            return Err(Error::Text);
        }
        let messages = long_text::messages(format, text, Seed(rand::random()));
        for message in messages.ok_or(Error::Text)? {
            self.say(message, Delivery::Confirmed).await?;
        }
        Ok(())
    }

    /// Says that one is typing. To be repeated every five seconds.
    pub async fn typing(&self) -> Result<(), Error> {
        self.say(Message::typing(&self.me), Delivery::Unconfirmed)
            .await
    }

    /// Nudges.
    pub async fn nudge(&self) -> Result<(), Error> {
        self.say(Message::nudge(), Delivery::Confirmed).await
    }

    /// Says anything.
    pub async fn say(&self, message: Message, delivery: Delivery) -> Result<(), Error> {
        self.ask(Ask::Say { message, delivery }).await
    }

    /// Fetches a picture from somebody who is there.
    pub async fn fetch_picture(&self, from: &Handle, object: &MsnObject) -> Result<Bytes, Error> {
        if object.size > Picture::MAX_LEN as u64 {
            return Err(Error::Transfer(Failure::Corrupt));
        }
        let (done, outcome) = oneshot::channel();
        let (from, object) = (from.clone(), object.clone());
        self.command(Command::Fetch { from, object, done }).await?;
        Ok(outcome.await.map_err(|_| gone())??)
    }

    /// Offers somebody a file, and waits until they have it, or do not want it. The name may be a
    /// path; they see its last part.
    ///
    /// It goes through the conversation, which is slow: some hundred KiB a second at best.
    pub async fn send_file(
        &self,
        to: &Handle,
        name: &str,
        data: impl Into<Bytes>,
    ) -> Result<(), Error> {
        let data = data.into();
        let size = data.len() as u64;
        file::send(self, to, name, size, &data[..]).await
    }

    /// The same with a file of so many bytes that is read as it goes, `tokio::fs::File` for one: only
    /// what is about to leave is in memory. A file that ends before is not sent; what comes after so
    /// many bytes is not either. Giving up the future ends the transfer.
    pub async fn send_file_from(
        &self,
        to: &Handle,
        name: &str,
        size: u64,
        source: impl AsyncRead + Unpin,
    ) -> Result<(), Error> {
        file::send(self, to, name, size, source).await
    }

    /// Leaves. It is no error to have left already.
    pub async fn leave(&self) {
        // Whatever the answer is, one is not there any more.
        let _left = self.ask(Ask::Leave).await;
    }

    async fn ask(&self, ask: Ask) -> Result<(), Error> {
        let (done, outcome) = oneshot::channel();
        self.command(Command::Ask { ask, done }).await?;
        Ok(outcome.await.map_err(|_| gone())??)
    }

    async fn command(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).await.map_err(|_| gone())
    }
}

fn gone() -> Error {
    Error::Chat(AskError::NotThereOneself)
}

/// Somebody calls. Dropping it declines: the caller hears nothing, as in Messenger itself.
#[derive(Debug)]
pub struct Invitation {
    ring: Rng,
    shared: Arc<Shared>,
}

impl Invitation {
    pub(crate) fn new(ring: Rng, shared: Arc<Shared>) -> Self {
        Self { ring, shared }
    }

    /// Who calls.
    pub fn from(&self) -> &Handle {
        &self.ring.caller
    }

    /// As they are called.
    pub fn name(&self) -> String {
        self.ring.name.text().into_owned()
    }

    /// Enters the conversation.
    pub async fn accept(self) -> Result<Chat, Error> {
        answer(&self.shared, self.ring).await
    }
}

/// What is asked of the task of a conversation.
enum Command {
    Ask {
        ask: Ask,
        done: oneshot::Sender<Result<(), AskError>>,
    },
    Fetch {
        from: Handle,
        object: MsnObject,
        done: oneshot::Sender<Result<Bytes, Failure>>,
    },
    Offer {
        to: Handle,
        name: FileName,
        size: u64,
        /// How much is wanted next.
        wants: mpsc::Sender<Wanted>,
        done: oneshot::Sender<Result<(), Failure>>,
    },
    /// What was wanted of a file; empty when there is no more.
    Supply {
        id: TransferId,
        data: Bytes,
    },
    Accept {
        id: TransferId,
        parts: mpsc::Sender<Bytes>,
        done: oneshot::Sender<Result<(), Failure>>,
    },
    Cancel(TransferId),
    Decline(TransferId),
}

/// So much of a file.
struct Wanted {
    id: TransferId,
    length: usize,
}

/// Enters a conversation that was asked for.
pub(crate) async fn open(
    shared: &Arc<Shared>,
    referral: SwitchboardReferral,
) -> Result<Chat, Error> {
    let address = referral.address.clone();
    let session = Switchboard::opened(shared.me.clone(), referral, Instant::now());
    enter(shared, address.as_str(), session).await
}

/// Enters a conversation that one is called to.
pub(crate) async fn answer(shared: &Arc<Shared>, ring: Rng) -> Result<Chat, Error> {
    let address = ring.address.clone();
    let session = Switchboard::called(shared.me.clone(), ring, Instant::now());
    enter(shared, address.as_str(), session).await
}

async fn enter(shared: &Arc<Shared>, address: &str, session: Switchboard) -> Result<Chat, Error> {
    let link = Link::open(address).await?;
    let (commands, asked) = mpsc::channel(32);
    let (shown, members) = watch::channel(Vec::new());
    let chat = Chat {
        id: shared.next_id(),
        me: shared.me.clone(),
        commands,
        members,
    };
    let (entered, entering) = oneshot::channel();
    let task = Task::new(chat.clone(), shared, shown, entered);
    let over = shared.over.clone();
    tokio::spawn(task.run(link, session, asked, over));
    match entering.await {
        Ok(Ok(())) => Ok(chat),
        Ok(Err(closing)) => Err(Error::Conversation(closing)),
        Err(_) => Err(Error::NotSignedIn),
    }
}
