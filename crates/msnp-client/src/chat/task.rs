//! The task of one conversation: drives its session and its transfers, and tells the application.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use msnp::client::p2p::{
    self, Effect as Transferred, Event as Handed, Failure, TransferId, Transfers,
};
use msnp::client::speech::Speech;
use msnp::client::switchboard::Event as Happened;
use msnp::client::switchboard::{Ask, AskError, Closing, Delivery, Effect, Input, Switchboard};
use msnp::client::{AskId, Seed};
use msnp::handle::Handle;
use msnp::object::MsnObject;
use msnp::wire::command::switchboard::Member;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, timeout};

use super::{Chat, Command, FileOffer, Wanted};
use crate::client::Shared;
use crate::event::{Event, EventSender, TooSlow};
use crate::link::{Incoming, Link};
use crate::picture::Offered;

/// The task of one conversation.
pub(super) struct Task {
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

/// Who waits for a transfer.
enum Waiting {
    /// For a picture.
    Picture(oneshot::Sender<Result<Bytes, Failure>>),
    /// For somebody to take a file.
    Sent {
        wants: mpsc::Sender<Wanted>,
        done: oneshot::Sender<Result<(), Failure>>,
    },
    /// For the parts of a file.
    Taken {
        parts: mpsc::Sender<Bytes>,
        done: oneshot::Sender<Result<(), Failure>>,
    },
}

/// How long parts of a file may wait to be written: meanwhile nothing is read from the conversation.
const PATIENCE: Duration = Duration::from_secs(30);

impl Task {
    pub(super) fn new(
        chat: Chat,
        shared: &Shared,
        shown: watch::Sender<Vec<Member>>,
        entered: oneshot::Sender<Result<(), Closing>>,
    ) -> Self {
        Self {
            chat,
            pictures: shared.pictures.clone(),
            events: shared.events.clone(),
            shown,
            entered: Some(entered),
            waiting: HashMap::new(),
            next_ask: 0,
            transfers: Transfers::new(shared.me.clone(), Seed(rand::random())),
            handed: HashMap::new(),
            packets: HashSet::new(),
        }
    }

    pub(super) async fn run(
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
            if self.transferred(handed, &mut inputs).await.is_err() {
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
                self.handed.insert(id, Waiting::Picture(done));
            }
            Command::Offer {
                to,
                name,
                size,
                wants,
                done,
            } => {
                let id = self.transfers.offer(now, &to, &name, size, handed);
                self.handed.insert(id, Waiting::Sent { wants, done });
            }
            Command::Supply { id, data } => self.transfers.supply(now, id, data, handed),
            Command::Accept { id, parts, done } => {
                if self.transfers.is_offered(id) {
                    self.handed.insert(id, Waiting::Taken { parts, done });
                    self.transfers.accept(now, id, handed);
                } else {
                    // Whoever offered it did not wait.
                    let _unwanted = done.send(Err(Failure::Cancelled));
                }
            }
            Command::Cancel(id) => {
                self.handed.remove(&id);
                self.transfers.cancel(id, handed);
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
                        self.transfers.acknowledged(Instant::now(), &mut handed);
                        self.transferred(handed, inputs).await?;
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
                }) => self.packet(&from, &to, packet, inputs).await?,
                Effect::Event(happened) => {
                    if let Happened::Left(handle) = &happened {
                        let mut handed = Vec::new();
                        self.transfers.left(handle, &mut handed);
                        self.transferred(handed, inputs).await?;
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
    async fn packet(
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
        self.transferred(handed, inputs).await
    }

    async fn transferred(
        &mut self,
        handed: Vec<Transferred>,
        inputs: &mut VecDeque<Input>,
    ) -> Result<(), TooSlow> {
        let mut handed = VecDeque::from(handed);
        while let Some(effect) = handed.pop_front() {
            let mut more = Vec::new();
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
                    let offer = FileOffer::new(id, from, name, size, self.chat.clone());
                    self.events.send(Event::FileOffered(offer))?;
                }
                Transferred::Event(Handed::Received(received)) => {
                    if let Some(Waiting::Picture(done)) = self.handed.remove(&received.id) {
                        let _unwanted = done.send(Ok(received.data));
                    }
                }
                Transferred::Event(Handed::Part(part)) => {
                    if !self.hand_on(part.id, part.data).await {
                        self.handed.remove(&part.id);
                        self.transfers.cancel(part.id, &mut more);
                    }
                }
                Transferred::Event(Handed::Taken(id)) => {
                    if let Some(Waiting::Taken { done, .. }) = self.handed.remove(&id) {
                        let _unwanted = done.send(Ok(()));
                    }
                }
                Transferred::Read { id, length } => {
                    let wants = match self.handed.get(&id) {
                        Some(Waiting::Sent { wants, .. }) => wants.try_send(Wanted { id, length }),
                        _ => continue,
                    };
                    // Whoever sent it gave it up.
                    if wants.is_err() {
                        self.handed.remove(&id);
                        self.transfers.cancel(id, &mut more);
                    }
                }
                Transferred::Event(Handed::Sent(id)) => {
                    if let Some(Waiting::Sent { done, .. }) = self.handed.remove(&id) {
                        let _unwanted = done.send(Ok(()));
                    }
                }
                Transferred::Event(Handed::Failed { id, failure }) => {
                    if let Some(waiting) = self.handed.remove(&id) {
                        waiting.fail(failure);
                    }
                }
                Transferred::Event(_) => {}
            }
            handed.extend(more);
        }
        Ok(())
    }

    /// A part of a file, to whoever writes it. False when nobody does.
    async fn hand_on(&self, id: TransferId, data: Bytes) -> bool {
        match self.handed.get(&id) {
            Some(Waiting::Taken { parts, .. }) => {
                matches!(timeout(PATIENCE, parts.send(data)).await, Ok(Ok(())))
            }
            _ => false,
        }
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
            _ => return None,
        })
    }
}

impl Waiting {
    fn fail(self, failure: Failure) {
        let _unwanted = match self {
            Self::Picture(done) => done.send(Err(failure)).is_ok(),
            Self::Sent { done, .. } | Self::Taken { done, .. } => done.send(Err(failure)).is_ok(),
        };
    }
}
