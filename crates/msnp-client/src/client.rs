//! A signed-in account, in the application's hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use msnp::client::contacts::{Contact, ContactBook, ContactPresence};
use msnp::client::{Ask, AskError, MailId, OfflineMessage, OfflineText, Outcome, WaitingMessage};
use msnp::handle::Handle;
use msnp::presence::{Status, UserData};
use msnp::roster::{AddPolicy, Privacy};
use msnp::soap::guid::Guid;
use tokio::sync::{mpsc, oneshot, watch};

use crate::chat::{self, Chat};
use crate::connector::Connector;
use crate::error::{Error, unexpected};
use crate::event::EventSender;
use crate::picture::{Offered, Picture};
use crate::server::Server;

/// A signed-in account. Cloning one gives another handle to the same session, which ends when it is
/// [signed out](Client::sign_out) or when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

/// What handles, invitations and conversations have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) me: Handle,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) events: EventSender,
    /// Changes, by its sender being dropped, when the session is over.
    pub(crate) over: watch::Receiver<()>,
    pub(crate) chats: AtomicU64,
    pub(crate) pictures: Offered,
}

impl Shared {
    pub(crate) fn next_id(&self) -> u64 {
        self.chats.fetch_add(1, Ordering::Relaxed)
    }
}

/// What is asked of the session's task.
#[derive(Debug)]
pub(crate) enum Command {
    Ask {
        ask: Ask,
        done: oneshot::Sender<Result<Outcome, AskError>>,
    },
    Contacts(oneshot::Sender<Option<ContactBook>>),
}

impl Client {
    /// Begins: where the service is. Then [`Connector::sign_in`].
    pub fn connect(server: Server) -> Connector {
        Connector::new(server)
    }

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Whose session it is.
    pub fn handle(&self) -> &Handle {
        &self.shared.me
    }

    // ---- How one appears -----------------------------------------------------------------------

    /// Another status.
    pub async fn set_status(&self, status: Status) -> Result<(), Error> {
        self.ask(Ask::Status(status)).await.map(drop)
    }

    /// Another name, for everybody and for good.
    pub async fn set_name(&self, name: &str) -> Result<(), Error> {
        self.ask(Ask::Name(name.to_owned())).await.map(drop)
    }

    /// Another personal message; an empty one is none.
    pub async fn set_personal_message(&self, text: &str) -> Result<(), Error> {
        let data = UserData {
            personal_message: text.to_owned(),
            ..UserData::default()
        };
        self.set_data(data).await
    }

    /// Personal message and what is playing.
    pub async fn set_data(&self, data: UserData) -> Result<(), Error> {
        self.ask(Ask::Data(data)).await.map(drop)
    }

    /// Another display picture, or none. It stays on this machine: whoever wants to see it fetches it
    /// from this client.
    pub async fn set_picture(&self, picture: Option<Picture>) -> Result<(), Error> {
        let object = picture.map(|picture| {
            let object = picture.object(&self.shared.me);
            self.shared.pictures.add(&object, picture.data().clone());
            object
        });
        self.ask(Ask::Picture(object)).await.map(drop)
    }

    /// Fetches the picture that a contact shows, from their client.
    pub async fn fetch_picture(&self, contact: &Contact) -> Result<Bytes, Error> {
        let presence = contact.presence.as_ref();
        let object = presence.and_then(ContactPresence::picture);
        let object = object.ok_or(Error::NoPicture)?;
        let chat = self.chat_with(&contact.handle).await?;
        let fetched = chat.fetch_picture(&contact.handle, &object).await;
        chat.leave().await;
        fetched
    }

    // ---- Contacts ------------------------------------------------------------------------------

    /// Everybody on any list, with groups and presence, as they are now.
    pub async fn contacts(&self) -> Result<ContactBook, Error> {
        let (done, outcome) = oneshot::channel();
        self.command(Command::Contacts(done)).await?;
        let book = outcome.await.map_err(|_| Error::NotSignedIn)?;
        book.ok_or(Error::NotSignedIn)
    }

    /// Puts somebody on the list, and allows them to see this account. Accepts somebody who added it.
    pub async fn add(&self, handle: &Handle) -> Result<(), Error> {
        self.add_with(handle, None).await
    }

    /// The same, with words for the one added.
    pub async fn add_with_invitation(&self, handle: &Handle, words: &str) -> Result<(), Error> {
        self.add_with(handle, Some(words.to_owned())).await
    }

    async fn add_with(&self, handle: &Handle, invitation: Option<String>) -> Result<(), Error> {
        let handle = handle.clone();
        self.ask(Ask::Add { handle, invitation }).await.map(drop)
    }

    /// Takes somebody off the list. Whether they may see this account stays as it was.
    pub async fn remove(&self, handle: &Handle) -> Result<(), Error> {
        self.ask(Ask::Remove(handle.clone())).await.map(drop)
    }

    /// Hides from somebody, and takes no calls from them.
    pub async fn block(&self, handle: &Handle) -> Result<(), Error> {
        self.ask(Ask::Block(handle.clone())).await.map(drop)
    }

    /// Lets somebody see and call this account: the undoing of [`block`](Client::block), and the
    /// answer to [`Event::AddedBy`](crate::Event::AddedBy) without adding them in return.
    pub async fn allow(&self, handle: &Handle) -> Result<(), Error> {
        self.ask(Ask::Allow(handle.clone())).await.map(drop)
    }

    /// Calls a contact by a name of one's own; an empty one is none.
    pub async fn set_nickname(&self, handle: &Handle, name: &str) -> Result<(), Error> {
        let (handle, name) = (handle.clone(), name.to_owned());
        self.ask(Ask::Nickname { handle, name }).await.map(drop)
    }

    /// Who may see and call: everybody who is not blocked, or only those who are allowed.
    pub async fn set_privacy(&self, privacy: Privacy) -> Result<(), Error> {
        self.ask(Ask::Privacy(privacy)).await.map(drop)
    }

    /// Whether somebody who adds this account waits for an answer or is allowed at once.
    pub async fn set_add_policy(&self, policy: AddPolicy) -> Result<(), Error> {
        self.ask(Ask::AddPolicy(policy)).await.map(drop)
    }

    /// Makes a group; its id.
    pub async fn add_group(&self, name: &str) -> Result<Guid, Error> {
        match self.ask(Ask::AddGroup(name.to_owned())).await? {
            Outcome::Group(id) => Ok(id),
            other => Err(unexpected(&other)),
        }
    }

    /// Calls a group differently.
    pub async fn rename_group(&self, group: Guid, name: &str) -> Result<(), Error> {
        let name = name.to_owned();
        self.ask(Ask::RenameGroup { group, name }).await.map(drop)
    }

    /// Takes a group away. Its contacts stay contacts.
    pub async fn remove_group(&self, group: Guid) -> Result<(), Error> {
        self.ask(Ask::RemoveGroup(group)).await.map(drop)
    }

    /// Puts a contact into a group.
    pub async fn add_to_group(&self, handle: &Handle, group: Guid) -> Result<(), Error> {
        let handle = handle.clone();
        self.ask(Ask::Enter { handle, group }).await.map(drop)
    }

    /// Takes a contact out of a group.
    pub async fn remove_from_group(&self, handle: &Handle, group: Guid) -> Result<(), Error> {
        let handle = handle.clone();
        self.ask(Ask::Leave { handle, group }).await.map(drop)
    }

    // ---- Conversations -------------------------------------------------------------------------

    /// Opens a conversation in which nobody else is yet: [`Chat::invite`] them.
    pub async fn open_chat(&self) -> Result<Chat, Error> {
        match self.ask(Ask::OpenSwitchboard).await? {
            Outcome::Switchboard(referral) => chat::open(&self.shared, referral).await,
            other => Err(unexpected(&other)),
        }
    }

    /// Opens a conversation with somebody, and waits until they are there: half a minute at most.
    pub async fn chat_with(&self, handle: &Handle) -> Result<Chat, Error> {
        let chat = self.open_chat().await?;
        let joined = async {
            chat.invite(handle).await?;
            chat.someone_joins(PATIENCE).await
        };
        match joined.await {
            Ok(()) => Ok(chat),
            Err(error) => {
                chat.leave().await;
                Err(error)
            }
        }
    }

    /// Leaves a message for somebody who is not there.
    pub async fn send_offline(&self, handle: &Handle, text: &str) -> Result<(), Error> {
        let text = OfflineText::new(text).ok_or(Error::Text)?;
        let handle = handle.clone();
        self.ask(Ask::SendOffline { handle, text }).await.map(drop)
    }

    /// Which offline messages wait. For sessions that leave them
    /// ([`MailHandling::Leave`](crate::MailHandling)): others have them as events.
    pub async fn offline_messages(&self) -> Result<Vec<WaitingMessage>, Error> {
        match self.ask(Ask::ListMail).await? {
            Outcome::Waiting(messages) => Ok(messages),
            other => Err(unexpected(&other)),
        }
    }

    /// An offline message that waits. It stays where it is.
    pub async fn read_offline_message(&self, id: &MailId) -> Result<OfflineMessage, Error> {
        match self.ask(Ask::ReadMail(id.clone())).await? {
            Outcome::Message(message) => Ok(message),
            other => Err(unexpected(&other)),
        }
    }

    /// Deletes offline messages.
    pub async fn delete_offline_messages(&self, ids: &[MailId]) -> Result<(), Error> {
        // A service takes so many at once.
        for ids in ids.chunks(DELETED_AT_ONCE) {
            self.ask(Ask::DeleteMail(ids.to_vec())).await?;
        }
        Ok(())
    }

    /// Ends the session, and every conversation with it. It is no error to have ended already.
    pub async fn sign_out(&self) {
        // Whatever the answer is, one is signed out.
        let _signed_out = self.ask(Ask::SignOut).await;
    }

    async fn ask(&self, ask: Ask) -> Result<Outcome, Error> {
        let (done, outcome) = oneshot::channel();
        self.command(Command::Ask { ask, done }).await?;
        Ok(outcome.await.map_err(|_| Error::NotSignedIn)??)
    }

    async fn command(&self, command: Command) -> Result<(), Error> {
        let sent = self.shared.commands.send(command).await;
        sent.map_err(|_| Error::NotSignedIn)
    }
}

/// How long somebody who is called may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many offline messages are deleted in one request.
const DELETED_AT_ONCE: usize = 20;
