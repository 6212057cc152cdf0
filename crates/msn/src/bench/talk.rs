//! One account's part in one conversation: a task that opens it or comes when called, and says what is
//! due. What is said carries the moment when it was due, so that whoever hears it knows how long it
//! took.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use msnp_client::Handle;
use msnp_client::msnp::client::AskId;
use msnp_client::msnp::client::speech::{Speech, Text};
use msnp_client::msnp::client::switchboard::{
    Ask, AskError, Closing, Delivery, Effect, Event, Input, Switchboard,
};
use msnp_client::msnp::message::{Message, TextFormat};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::sleep_until;

use super::link::{Incoming, Link};
use super::member::{Order, Post};
use super::plan::Deed;
use super::tally::Metric;
use super::world::World;

/// Says something in a conversation: when it is due.
pub(super) type Words = UnboundedSender<Instant>;

/// How one comes in.
pub(super) enum Entrance {
    /// One's own conversation, to which somebody is called.
    Opened {
        due: Instant,
        partner: Handle,
    },
    Called,
}

/// A conversation that was asked for and is not there yet.
pub(super) struct Opening {
    pub(super) entrance: Entrance,
    /// What is to be said in it.
    pub(super) said: UnboundedReceiver<Instant>,
}

impl Opening {
    /// There will be none.
    pub(super) fn failed(mut self, world: &World, kind: &str) {
        world.tally.failed(Metric::ChatOpened, kind);
        give_up(&mut self.said, world, kind);
    }
}

/// Takes part until it is over.
pub(super) async fn run(
    world: Arc<World>,
    home: UnboundedSender<Post>,
    address: &str,
    switchboard: Switchboard,
    entrance: Entrance,
    said: UnboundedReceiver<Instant>,
) {
    let link = match Link::open(address, world.source()).await {
        Ok(link) => link,
        Err(error) => {
            let kind = format!("cannot connect: {}", error.kind());
            return match entrance {
                Entrance::Opened { .. } => Opening { entrance, said }.failed(&world, &kind),
                Entrance::Called => {
                    world.tally.error(format!("conversation joined: {kind}"));
                    hand_back(said, &home);
                }
            };
        }
    };
    let talk = Talk {
        joined: matches!(entrance, Entrance::Called),
        opening: match entrance {
            Entrance::Opened { due, partner } => Some((due, partner)),
            Entrance::Called => None,
        },
        switchboard: Some(switchboard),
        link,
        mute: false,
        gone: false,
        asked: HashMap::new(),
        next_ask: CALL.0,
        words: 0,
        world,
    };
    let world = Arc::clone(&talk.world);
    world.tally.chats(1);
    talk.take_part(said, &home).await;
    world.tally.chats(-1);
}

struct Talk {
    world: Arc<World>,
    /// Taken out while it handles something.
    switchboard: Option<Switchboard>,
    link: Link,
    /// Until the other one is there: since when they are due, and who.
    opening: Option<(Instant, Handle)>,
    /// Whether what is said is heard.
    joined: bool,
    /// When what was said was due.
    asked: HashMap<AskId, Instant>,
    next_ask: u64,
    words: u32,
    /// The account speaks in another conversation.
    mute: bool,
    /// The other one has left.
    gone: bool,
}

/// What ended a conversation.
struct Over {
    closing: Closing,
}

impl Talk {
    async fn take_part(
        mut self,
        mut said: UnboundedReceiver<Instant>,
        home: &UnboundedSender<Post>,
    ) {
        let mut over = self.feed(Input::Connected, home).await.err();
        while over.is_none() {
            let input = self.next(&mut said).await;
            over = self.feed(input, home).await.err();
        }
        let tally = &self.world.tally;
        let Some(Over { closing }) = over else {
            return;
        };
        if self.opening.is_some() {
            tally.failed(Metric::ChatOpened, &closing);
        }
        match closing {
            Closing::Left | Closing::Idle => hand_back(said, home),
            closing => {
                if self.opening.is_none() {
                    tally.error(format!("conversation: {closing}"));
                }
                give_up(&mut said, &self.world, &closing.to_string());
            }
        }
    }

    /// The next thing that happens.
    async fn next(&mut self, said: &mut UnboundedReceiver<Instant>) -> Input {
        let limit = self.world.plan.scenario.messages_a_chat();
        if limit.is_some_and(|limit| self.words >= limit) && self.asked.is_empty() {
            return self.leave();
        }
        let wake_at = self.switchboard.as_ref().and_then(Switchboard::wake_at);
        let waking = async {
            match wake_at {
                Some(at) => sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let speaks = self.joined && !self.mute && limit.is_none_or(|limit| self.words < limit);
        tokio::select! {
            incoming = self.link.next() => match incoming {
                Incoming::Line(line) => Input::Line(line),
                Incoming::Broken(error) => Input::Broken(error),
                Incoming::End => Input::End,
            },
            due = said.recv(), if speaks => match due {
                Some(due) => self.say(due),
                None => {
                    self.mute = true;
                    Input::Timer
                }
            },
            () = waking => Input::Timer,
        }
    }

    fn say(&mut self, due: Instant) -> Input {
        self.world.tally.begun(due);
        self.words = self.words.saturating_add(1);
        self.next_ask += 1;
        let id = AskId(self.next_ask);
        self.asked.insert(id, due);
        let mut text = format!("{STAMP}{} ", self.world.stamp(due));
        let fill = self.world.plan.length.saturating_sub(text.len());
        text.extend(std::iter::repeat_n('.', fill));
        let message = Message::text(&TextFormat::default(), &text);
        let delivery = Delivery::Confirmed;
        let ask = Ask::Say { message, delivery };
        Input::Ask { id, ask }
    }

    fn leave(&self) -> Input {
        let (id, ask) = (LEAVE, Ask::Leave);
        Input::Ask { id, ask }
    }

    async fn feed(&mut self, input: Input, home: &UnboundedSender<Post>) -> Result<(), Over> {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let mut effects = Vec::new();
            let Some(session) = self.switchboard.take() else {
                return Ok(());
            };
            self.switchboard = Some(session.handle(Instant::now(), input, &mut effects));
            let mut out = Vec::new();
            let mut over = None;
            for effect in effects {
                match effect {
                    Effect::Send(bytes) => out.extend_from_slice(&bytes),
                    Effect::Event(event) => next = next.or(self.happened(event)),
                    Effect::Done { id, outcome } => next = next.or(self.done(id, outcome, home)),
                    Effect::Close(closing) => over = Some(Over { closing }),
                }
            }
            let written = out.is_empty() || self.link.write(&out).await.is_ok();
            if let Some(over) = over {
                return Err(over);
            }
            if !written {
                next = Some(Input::End);
            }
        }
        Ok(())
    }

    fn happened(&mut self, event: Event) -> Option<Input> {
        let tally = &self.world.tally;
        match event {
            Event::Entered => {
                let (_, partner) = self.opening.as_ref()?;
                let ask = Ask::Invite(partner.clone());
                return Some(Input::Ask { id: CALL, ask });
            }
            Event::Joined(_) => {
                if let Some((due, _)) = self.opening.take() {
                    tally.done(Metric::ChatOpened, due);
                }
                self.joined = true;
            }
            Event::Left(_) => {
                self.gone = true;
                return Some(self.leave());
            }
            Event::Said { speech, .. } => {
                if let Speech::Text(Text { words, .. }) = speech
                    && let Some(due) = stamp_of(&words).and_then(|stamp| self.world.moment(stamp))
                {
                    tally.done(Metric::Delivered, due);
                }
            }
            _ => {}
        }
        None
    }

    fn done(
        &mut self,
        id: AskId,
        outcome: Result<(), AskError>,
        home: &UnboundedSender<Post>,
    ) -> Option<Input> {
        let tally = &self.world.tally;
        match (self.asked.remove(&id), outcome) {
            (Some(due), Ok(())) => tally.done(Metric::Acknowledged, due),
            // Said to somebody who was leaving: once more, in the next conversation.
            (Some(due), Err(AskError::NotThereOneself)) if self.gone => {
                let deed = Deed::Say;
                // The member may be gone with the worker.
                let _gone = home.send(Post::Order(Order { deed, due }));
            }
            (Some(_), Err(error)) => tally.failed(Metric::Acknowledged, error),
            (None, Err(error)) if id == CALL && self.opening.take().is_some() => {
                tally.failed(Metric::ChatOpened, error);
                return Some(self.leave());
            }
            (None, _) => {}
        }
        None
    }
}

/// What was to be said goes to the next conversation.
fn hand_back(mut said: UnboundedReceiver<Instant>, home: &UnboundedSender<Post>) {
    said.close();
    while let Ok(due) = said.try_recv() {
        let deed = Deed::Say;
        // The member may be gone with the worker.
        let _gone = home.send(Post::Order(Order { deed, due }));
    }
}

/// What was to be said is not.
fn give_up(said: &mut UnboundedReceiver<Instant>, world: &World, kind: &str) {
    said.close();
    while said.try_recv().is_ok() {
        world.tally.failed(Metric::Acknowledged, kind);
    }
}

fn stamp_of(words: &str) -> Option<u64> {
    let (stamp, _) = words.strip_prefix(STAMP)?.split_once(' ')?;
    stamp.parse().ok()
}

const STAMP: &str = "load ";
const CALL: AskId = AskId(1);
const LEAVE: AskId = AskId(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read_back() {
        assert_eq!(stamp_of("load 12345 ......"), Some(12345));
        for other in ["load 12345", "load x .", "hello"] {
            assert_eq!(stamp_of(other), None);
        }
    }
}
