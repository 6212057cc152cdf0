//! A conversation, in the application's hand; and the task that is in it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use msnp::client::AskId;
use msnp::client::speech::Speech;
use msnp::client::switchboard::Event as Happened;
use msnp::client::switchboard::{Ask, AskError, Closing, Delivery, Effect, Input, Switchboard};
use msnp::handle::Handle;
use msnp::message::{Message, TextFormat};
use msnp::wire::command::switchboard::{Member, Rng, SwitchboardReferral};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use crate::client::Shared;
use crate::error::Error;
use crate::event::{Event, TooSlow};
use crate::link::{Incoming, Link};

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

    /// Calls somebody. Done when their client is told; [`Event::Joined`] says that they came.
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

    /// Says something; done when everybody's client has it.
    pub async fn send(&self, text: &str) -> Result<(), Error> {
        self.send_formatted(text, &TextFormat::default()).await
    }

    /// Says something that looks like this.
    pub async fn send_formatted(&self, text: &str, format: &TextFormat) -> Result<(), Error> {
        if text.is_empty() {
            return Err(Error::Text);
        }
        self.say(Message::text(format, text), Delivery::Confirmed)
            .await
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

    /// Leaves. It is no error to have left already.
    pub async fn leave(&self) {
        // Whatever the answer is, one is not there any more.
        let _left = self.ask(Ask::Leave).await;
    }

    async fn ask(&self, ask: Ask) -> Result<(), Error> {
        let gone = || Error::Chat(AskError::NotThereOneself);
        let (done, outcome) = oneshot::channel();
        let command = Command { ask, done };
        self.commands.send(command).await.map_err(|_| gone())?;
        Ok(outcome.await.map_err(|_| gone())??)
    }
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

struct Command {
    ask: Ask,
    done: oneshot::Sender<Result<(), AskError>>,
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
    let task = Task {
        chat: chat.clone(),
        shared: Arc::downgrade(shared),
        events: shared.events.clone(),
        shown,
        entered: Some(entered),
        waiting: Vec::new(),
    };
    let over = shared.over.clone();
    tokio::spawn(task.run(link, session, asked, over));
    match entering.await {
        Ok(Ok(())) => Ok(chat),
        Ok(Err(closing)) => Err(Error::Conversation(closing)),
        Err(_) => Err(Error::NotSignedIn),
    }
}

/// The task of one conversation.
struct Task {
    chat: Chat,
    /// Not held: whoever is in a conversation need not be signed in, but does not keep others so.
    #[expect(dead_code, reason = "pictures and files are handed over here")]
    shared: std::sync::Weak<Shared>,
    events: crate::event::EventSender,
    shown: watch::Sender<Vec<Member>>,
    entered: Option<oneshot::Sender<Result<(), Closing>>>,
    waiting: Vec<(AskId, oneshot::Sender<Result<(), AskError>>)>,
}

impl Task {
    async fn run(
        mut self,
        mut link: Link,
        mut session: Switchboard,
        mut asked: mpsc::Receiver<Command>,
        mut over: watch::Receiver<()>,
    ) {
        let mut next_ask = 0;
        let mut input = Input::Connected;
        let reason = loop {
            let mut effects = Vec::new();
            session = session.handle(Instant::now(), input, &mut effects);
            self.shown.send_if_modified(|shown| {
                let changed = shown != session.members();
                if changed {
                    *shown = session.members().to_vec();
                }
                changed
            });
            match self.carry_out(effects, &mut link).await {
                Ok(None) => {}
                Ok(Some(closing)) => break closing,
                Err(TooSlow) => break Closing::Lost,
            }
            let wake_at = session.wake_at();
            let waking = async {
                match wake_at {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            input = tokio::select! {
                incoming = link.next() => match incoming {
                    Incoming::Line(line) => Input::Line(line),
                    Incoming::Broken(error) => Input::Broken(error),
                    Incoming::End => Input::End,
                },
                // There is always a sender: that of this task.
                Some(command) = asked.recv() => {
                    next_ask += 1;
                    let id = AskId(next_ask);
                    self.waiting.push((id, command.done));
                    Input::Ask { id, ask: command.ask }
                }
                _ = over.changed() => Input::Ask { id: AskId(0), ask: Ask::Leave },
                () = waking => Input::Timer,
            };
        };
        link.close().await;
        tracing::debug!(chat = self.chat.id, %reason, "conversation over");
        match self.entered.take() {
            Some(entered) => {
                let _unwanted = entered.send(Err(reason));
            }
            None => {
                let chat = self.chat.clone();
                // The session ends with the application that does not read.
                let _too_slow = self.events.send(Event::ChatClosed { chat, reason });
            }
        }
    }

    async fn carry_out(
        &mut self,
        effects: Vec<Effect>,
        link: &mut Link,
    ) -> Result<Option<Closing>, TooSlow> {
        for effect in effects {
            match effect {
                Effect::Send(bytes) => {
                    if let Err(error) = link.write(&bytes).await {
                        tracing::debug!(%error, "cannot write to a conversation");
                        return Ok(Some(Closing::Lost));
                    }
                }
                Effect::Done { id, outcome } => {
                    if let Some(at) = self.waiting.iter().position(|(asked, _)| *asked == id) {
                        let (_, done) = self.waiting.swap_remove(at);
                        let _unwanted = done.send(outcome);
                    }
                }
                Effect::Event(Happened::Entered) => {
                    if let Some(entered) = self.entered.take() {
                        let _unwanted = entered.send(Ok(()));
                    }
                }
                Effect::Event(happened) => {
                    if let Some(event) = self.event(happened) {
                        self.events.send(event)?;
                    }
                }
                Effect::Close(closing) => return Ok(Some(closing)),
            }
        }
        Ok(None)
    }

    fn event(&self, happened: Happened) -> Option<Event> {
        let chat = self.chat.clone();
        Some(match happened {
            Happened::Entered => return None,
            Happened::Joined(member) => Event::Joined { chat, member },
            Happened::Left(handle) => Event::Left { chat, handle },
            Happened::Said { from, speech } => match speech {
                Speech::Text(text) => Event::Message { chat, from, text },
                Speech::Typing => Event::Typing { chat, from },
                Speech::Nudge => Event::Nudge { chat, from },
                Speech::Other(message) => Event::Other {
                    chat,
                    from,
                    message,
                },
                _ => return None,
            },
        })
    }
}
