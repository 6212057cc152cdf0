//! What is said in one conversation: by one task, so that it arrives in order.

use std::time::Duration;

use msnp_client::msnp::client::switchboard::AskError;
use msnp_client::{Chat, Client, Error, Handle};
use tokio::sync::mpsc;

use super::event::{ConversationId, EntryId, Failure, Outcome, RoomId, Utterance};
use super::station::Report;
use super::{files, offers};

/// What a courier does for a conversation.
pub(super) enum Errand {
    Open(Vec<Handle>),
    Say {
        chat: Option<Chat>,
        entry: EntryId,
        what: Utterance,
    },
    LeaveWord {
        entry: EntryId,
        to: Handle,
        words: String,
    },
    Leave(Chat),
}

/// Says what is said in one conversation, in order.
pub(super) struct Courier {
    pub(super) conversation: ConversationId,
    pub(super) client: Client,
    pub(super) reports: mpsc::UnboundedSender<Report>,
}

impl Courier {
    /// Goes on until nobody can send errands any more.
    pub(super) async fn run(self, mut errands: mpsc::UnboundedReceiver<Errand>) {
        let conversation = self.conversation;
        while let Some(errand) = errands.recv().await {
            let (outcome, chat) = match errand {
                Errand::Open(with) => match open(&self.client, &with).await {
                    Ok(chat) => {
                        let room = RoomId(chat.id());
                        (Outcome::Opened { conversation, room }, Some(chat))
                    }
                    Err(why) => {
                        let why = failure(&why);
                        (Outcome::NotOpened { conversation, why }, None)
                    }
                },
                // The others need not wait for it.
                Errand::Say {
                    chat: Some(chat),
                    entry: _,
                    what: Utterance::File { to, path },
                } => {
                    tokio::spawn(self.give(chat, to, path));
                    continue;
                }
                Errand::Say { chat, entry, what } => {
                    let said = match chat {
                        Some(chat) => say(&chat, what).await.map_err(|error| failure(&error)),
                        None => Err(Failure::NotInRoom),
                    };
                    let outcome = match said {
                        Ok(()) => Outcome::Sent {
                            conversation,
                            entry,
                        },
                        Err(why) => Outcome::NotSent {
                            conversation,
                            entry,
                            why,
                        },
                    };
                    (outcome, None)
                }
                Errand::LeaveWord { entry, to, words } => {
                    let outcome = match self.client.send_offline(&to, &words).await {
                        Ok(()) => Outcome::Left {
                            conversation,
                            entry,
                        },
                        Err(why) => Outcome::NotSent {
                            conversation,
                            entry,
                            why: failure(&why),
                        },
                    };
                    (outcome, None)
                }
                Errand::Leave(chat) => {
                    chat.leave().await;
                    continue;
                }
            };
            // After the end of the station nobody is there to be told.
            let _told = self.reports.send(Report::Settled { outcome, chat });
        }
    }
}

impl Courier {
    /// Hands a file over, however long that takes.
    fn give(&self, chat: Chat, to: Handle, path: String) -> impl Future<Output = ()> + use<> {
        let (conversation, reports) = (self.conversation, self.reports.clone());
        async move {
            let given = files::give(&chat, &to, &path).await;
            let outcome = Outcome::Given {
                conversation,
                name: offers::name_of(&path),
                outcome: given.map_err(|error| files::words(&error)),
            };
            let _told = reports.send(Report::Settled {
                outcome,
                chat: None,
            });
        }
    }
}

async fn open(client: &Client, with: &[Handle]) -> Result<Chat, Error> {
    if let [only] = with {
        return client.chat_with(only).await;
    }
    let chat = client.open_chat().await?;
    let mut called = Err(Error::Chat(AskError::NotThere));
    for handle in with {
        let outcome = chat.invite(handle).await;
        if called.is_err() {
            called = outcome;
        }
    }
    let joined = match called {
        Ok(()) => chat.someone_joins(PATIENCE).await,
        Err(error) => Err(error),
    };
    match joined {
        Ok(()) => Ok(chat),
        Err(error) => {
            chat.leave().await;
            Err(error)
        }
    }
}

async fn say(chat: &Chat, what: Utterance) -> Result<(), Error> {
    match what {
        // As the clients of then write line breaks.
        Utterance::Words(words) => chat.send(&words.replace('\n', "\r\n")).await,
        Utterance::Nudge => chat.nudge().await,
        Utterance::Invite(handle) => chat.invite(&handle).await,
        Utterance::File { to, path } => files::give(chat, &to, &path).await,
    }
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Chat(AskError::NotThere) => Failure::NotThere,
        Error::Chat(AskError::NotThereOneself) => Failure::NotInRoom,
        other => Failure::Other(other.to_string()),
    }
}

/// How long somebody who is called may take to come.
const PATIENCE: Duration = Duration::from_secs(30);
