//! A conversation, in the application's hand; and the task that is in it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::client::long_text;
use msnp::client::p2p::{
    self, Effect as Transferred, Event as Handed, Failure, FileName, TransferId, Transfers,
};
use msnp::client::speech::Speech;
use msnp::client::switchboard::Event as Happened;
use msnp::client::switchboard::{Ask, AskError, Closing, Delivery, Effect, Input, Switchboard};
use msnp::client::{AskId, Seed};
use msnp::handle::Handle;
use msnp::message::{Message, TextFormat};
use msnp::object::MsnObject;
use msnp::wire::command::switchboard::{Member, Rng, SwitchboardReferral};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use crate::client::Shared;
use crate::error::Error;
use crate::event::{Event, EventSender, TooSlow};
use crate::link::{Incoming, Link};
use crate::picture::{Offered, Picture};

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
        let (done, outcome) = oneshot::channel();
        let command = Command::Offer {
            to: to.clone(),
            name: FileName::of(name),
            data: data.into(),
            done,
        };
        self.command(command).await?;
        Ok(outcome.await.map_err(|_| gone())??)
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

/// Somebody offers a file. Dropping it declines.
#[derive(Debug)]
pub struct FileOffer {
    id: TransferId,
    from: Handle,
    name: FileName,
    size: u64,
    chat: Chat,
    open: bool,
}

impl FileOffer {
    /// Who offers it.
    pub fn from(&self) -> &Handle {
        &self.from
    }

    /// What it is called: never with a folder, but it may be anything else.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// How long it is, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes it: all of it is kept in memory, so look at its [size](FileOffer::size) first.
    pub async fn accept(mut self) -> Result<Bytes, Error> {
        self.open = false;
        let (done, outcome) = oneshot::channel();
        let id = self.id;
        self.chat.command(Command::Accept { id, done }).await?;
        Ok(outcome.await.map_err(|_| gone())??)
    }
}

impl Drop for FileOffer {
    fn drop(&mut self) {
        if self.open {
            // A conversation that is over, or has much to do, forgets the offer by itself.
            let _declined = self.chat.commands.try_send(Command::Decline(self.id));
        }
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
        data: Bytes,
        done: oneshot::Sender<Result<(), Failure>>,
    },
    Accept {
        id: TransferId,
        done: oneshot::Sender<Result<Bytes, Failure>>,
    },
    Decline(TransferId),
}

/// Who waits for a transfer.
enum Waiting {
    Data(oneshot::Sender<Result<Bytes, Failure>>),
    Sent(oneshot::Sender<Result<(), Failure>>),
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
        pictures: shared.pictures.clone(),
        events: shared.events.clone(),
        shown,
        entered: Some(entered),
        waiting: HashMap::new(),
        next_ask: 0,
        transfers: Transfers::new(shared.me.clone(), Seed(rand::random())),
        handed: HashMap::new(),
        packets: HashSet::new(),
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
    pictures: Offered,
    events: EventSender,
    shown: watch::Sender<Vec<Member>>,
    entered: Option<oneshot::Sender<Result<(), Closing>>>,
    waiting: HashMap<AskId, oneshot::Sender<Result<(), AskError>>>,
    next_ask: u64,
    transfers: Transfers,
    handed: HashMap<TransferId, Waiting>,
    /// Packets that the server has not acknowledged.
    packets: HashSet<AskId>,
}

impl Task {
    async fn run(
        mut self,
        mut link: Link,
        mut session: Switchboard,
        mut asked: mpsc::Receiver<Command>,
        mut over: watch::Receiver<()>,
    ) {
        let mut inputs = VecDeque::from([Input::Connected]);
        let reason = loop {
            while let Some(input) = inputs.pop_front() {
                let mut effects = Vec::new();
                session = session.handle(Instant::now(), input, &mut effects);
                self.show(session.members());
                match self.carry_out(effects, &mut link, &mut inputs).await {
                    Ok(None) => {}
                    Ok(Some(closing)) => return self.end(link, closing).await,
                    Err(TooSlow) => return self.end(link, Closing::Lost).await,
                }
            }
            let wake_at = session
                .wake_at()
                .into_iter()
                .chain(self.transfers.wake_at());
            let wake_at = wake_at.min();
            let waking = async {
                match wake_at {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let mut handed = Vec::new();
            tokio::select! {
                incoming = link.next() => inputs.push_back(match incoming {
                    Incoming::Line(line) => Input::Line(line),
                    Incoming::Broken(error) => Input::Broken(error),
                    Incoming::End => Input::End,
                }),
                // There is always a sender: that of this task.
                Some(command) = asked.recv() => {
                    inputs.extend(self.command(command, &mut handed));
                }
                _ = over.changed() => inputs.push_back(Input::Ask { id: AskId(0), ask: Ask::Leave }),
                () = waking => {
                    self.transfers.timer(Instant::now(), &mut handed);
                    inputs.push_back(Input::Timer);
                }
            }
            if self.transferred(handed, &mut inputs).is_err() {
                break Closing::Lost;
            }
        };
        self.end(link, reason).await;
    }

    async fn end(mut self, link: Link, reason: Closing) {
        link.close().await;
        tracing::debug!(chat = self.chat.id, %reason, "conversation over");
        for (_, waiting) in self.handed.drain() {
            waiting.fail(Failure::Left);
        }
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

    fn show(&self, members: &[Member]) {
        self.shown.send_if_modified(|shown| {
            let changed = shown != members;
            if changed {
                *shown = members.to_vec();
            }
            changed
        });
    }

    fn next_ask(&mut self) -> AskId {
        self.next_ask += 1;
        AskId(self.next_ask)
    }

    fn command(&mut self, command: Command, handed: &mut Vec<Transferred>) -> Option<Input> {
        let now = Instant::now();
        match command {
            Command::Ask { ask, done } => {
                let id = self.next_ask();
                self.waiting.insert(id, done);
                return Some(Input::Ask { id, ask });
            }
            Command::Fetch { from, object, done } => {
                let id = self.transfers.fetch(now, &from, object, handed);
                self.handed.insert(id, Waiting::Data(done));
            }
            Command::Offer {
                to,
                name,
                data,
                done,
            } => {
                let id = self.transfers.offer(now, &to, &name, data, handed);
                self.handed.insert(id, Waiting::Sent(done));
            }
            Command::Accept { id, done } => {
                self.handed.insert(id, Waiting::Data(done));
                self.transfers.accept(now, id, handed);
            }
            Command::Decline(id) => self.transfers.decline(id, handed),
        }
        None
    }

    async fn carry_out(
        &mut self,
        effects: Vec<Effect>,
        link: &mut Link,
        inputs: &mut VecDeque<Input>,
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
                    if let Some(done) = self.waiting.remove(&id) {
                        let _unwanted = done.send(outcome);
                    } else if self.packets.remove(&id) {
                        let mut handed = Vec::new();
                        self.transfers.acknowledged(&mut handed);
                        self.transferred(handed, inputs)?;
                    }
                }
                Effect::Event(Happened::Entered) => {
                    if let Some(entered) = self.entered.take() {
                        let _unwanted = entered.send(Ok(()));
                    }
                }
                Effect::Event(Happened::Said {
                    from,
                    speech: Speech::Packet { to, packet },
                }) => self.packet(&from, &to, packet, inputs)?,
                Effect::Event(happened) => {
                    if let Happened::Left(handle) = &happened {
                        let mut handed = Vec::new();
                        self.transfers.left(handle, &mut handed);
                        self.transferred(handed, inputs)?;
                    }
                    if let Some(event) = self.event(happened) {
                        self.events.send(event)?;
                    }
                }
                Effect::Close(closing) => return Ok(Some(closing)),
            }
        }
        Ok(None)
    }

    /// Everybody gets every packet; only those for this account matter.
    fn packet(
        &mut self,
        from: &Handle,
        to: &str,
        packet: Bytes,
        inputs: &mut VecDeque<Input>,
    ) -> Result<(), TooSlow> {
        // Later clients name the one of several at which they mean somebody.
        let handle = to.split(';').next().unwrap_or_default();
        if Handle::parse(handle).as_ref() != Ok(&self.chat.me) {
            return Ok(());
        }
        let (mut handed, pictures) = (Vec::new(), self.pictures.clone());
        let find = |object: &MsnObject| pictures.find(object);
        let transfers = &mut self.transfers;
        transfers.packet(Instant::now(), from, packet, &find, &mut handed);
        self.transferred(handed, inputs)
    }

    fn transferred(
        &mut self,
        handed: Vec<Transferred>,
        inputs: &mut VecDeque<Input>,
    ) -> Result<(), TooSlow> {
        for effect in handed {
            match effect {
                Transferred::Send { to, packet } => {
                    let id = self.next_ask();
                    self.packets.insert(id);
                    let ask = Ask::Say {
                        message: p2p::message(&to, &packet),
                        delivery: Delivery::Data,
                    };
                    inputs.push_back(Input::Ask { id, ask });
                }
                Transferred::Event(Handed::Offered {
                    id,
                    from,
                    name,
                    size,
                }) => {
                    let offer = FileOffer {
                        id,
                        from,
                        name,
                        size,
                        chat: self.chat.clone(),
                        open: true,
                    };
                    self.events.send(Event::FileOffered(offer))?;
                }
                Transferred::Event(Handed::Received(received)) => {
                    if let Some(Waiting::Data(done)) = self.handed.remove(&received.id) {
                        let _unwanted = done.send(Ok(received.data));
                    }
                }
                Transferred::Event(Handed::Sent(id)) => {
                    if let Some(Waiting::Sent(done)) = self.handed.remove(&id) {
                        let _unwanted = done.send(Ok(()));
                    }
                }
                Transferred::Event(Handed::Failed { id, failure }) => {
                    if let Some(waiting) = self.handed.remove(&id) {
                        waiting.fail(failure);
                    }
                }
            }
        }
        Ok(())
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

impl Waiting {
    fn fail(self, failure: Failure) {
        let _unwanted = match self {
            Self::Data(done) => done.send(Err(failure)).is_ok(),
            Self::Sent(done) => done.send(Err(failure)).is_ok(),
        };
    }
}
