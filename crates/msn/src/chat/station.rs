//! The loop around the state: brings it what happens, and carries out what it wants.
//!
//! What is said in one conversation is said in order, by one task for each; what is asked for the
//! account, by another. The loop itself waits for nothing but events.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use crossterm::event::{Event as Happened, EventStream};
use futures_util::StreamExt as _;
use jiff::Zoned;
use msnp_client::{Chat, Client, Connector, ContactBook, Event as Told, Events, FileOffer, Status};
use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::clerk::serve;
use super::courier::{Courier, Errand};
use super::event::{
    Attention, ConversationId, Effect, Event, Heard, Now, OfferId, Outcome, Request, RoomId,
};
use super::files;
use super::screen::Screen;
use super::state::State;
use super::update::update;
use crate::profile::Account;

/// What it is now.
pub(super) fn now() -> Now {
    Now {
        at: Instant::now(),
        clock: Zoned::now().datetime(),
    }
}

/// Shows the state and lets things happen until it wants to quit, or the terminal is gone.
pub(super) async fn run(
    mut screen: Screen,
    mut state: State,
    entrance: Entrance,
    (client, mut events): (Client, Events),
) -> anyhow::Result<()> {
    let (reports, mut reported) = mpsc::unbounded_channel();
    let mut station = Station::new(entrance, client, reports);
    let mut keys = EventStream::new();
    let mut stop = Box::pin(stopped());
    let mut session = Session::Lasts;
    // Much that happens at once is drawn once.
    let mut draw_at = Some(Instant::now());
    loop {
        let event = tokio::select! {
            biased;
            () = &mut stop => break,
            () = until(draw_at) => {
                screen.draw(&state).context("cannot draw")?;
                draw_at = None;
                continue;
            }
            happened = keys.next() => match happened {
                Some(happened) => read(happened.context("the terminal is gone")?),
                None => break,
            },
            Some(report) = reported.recv() => Some(Event::Outcome(match report {
                Report::Settled { outcome, chat } => station.settle(outcome, chat),
                Report::SignedIn(back) => {
                    session = Session::Lasts;
                    station.begin(back.client);
                    events = back.events;
                    Outcome::SignedIn(back.book)
                }
            })),
            told = events.next(), if session == Session::Lasts => match told {
                Some(told) => station.hear(told),
                None => {
                    session = Session::Over;
                    None
                }
            },
            () = until(state.wake_at()) => Some(Event::Tick),
        };
        let Some(event) = event else { continue };
        let mut quit = false;
        for effect in update(&mut state, now(), event) {
            match effect {
                Effect::Quit => quit = true,
                Effect::Bell => screen.bell().context("cannot ring")?,
                Effect::Redraw => screen.clear().context("cannot draw")?,
                effect => station.carry_out(effect),
            }
        }
        if quit {
            break;
        }
        draw_at.get_or_insert_with(|| Instant::now() + FRAME);
    }
    drop(screen);
    station.finish().await;
    Ok(())
}

/// How one signs in, for when that is to be done once more.
#[derive(Clone)]
pub(super) struct Entrance {
    pub(super) account: Account,
    pub(super) password: String,
}

impl Entrance {
    /// Signs in and reads the lists.
    pub(super) async fn sign_in(&self, status: Status, message: String) -> anyhow::Result<Back> {
        let prepare = |connector: Connector| connector.status(status).personal_message(message);
        let signed_in = self.account.sign_in_with(&self.password, prepare).await;
        let (client, events) = signed_in?;
        let book = Box::new(client.contacts().await?);
        Ok(Back {
            client,
            events,
            book,
        })
    }
}

/// What one has after signing in.
pub(super) struct Back {
    pub(super) client: Client,
    pub(super) events: Events,
    pub(super) book: Box<ContactBook>,
}

/// Whether more events come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    Lasts,
    Over,
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Somebody wants the program to end.
#[cfg(unix)]
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [
        SignalKind::terminate(),
        SignalKind::hangup(),
        SignalKind::interrupt(),
    ];
    let mut signals: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| signal(kind).ok())
        .collect();
    std::future::poll_fn(|context| {
        let mut polls = signals.iter_mut().map(|signal| signal.poll_recv(context));
        if polls.any(|poll| poll.is_ready()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[cfg(not(unix))]
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What the terminal tells, as far as it matters.
fn read(happened: Happened) -> Option<Event> {
    Some(match happened {
        Happened::Key(key) => Event::Key(key),
        Happened::Paste(text) => Event::Pasted(text),
        Happened::Resize(width, height) => Event::Resized(Size { width, height }),
        Happened::FocusGained => Event::Attention(Attention::Here),
        Happened::FocusLost => Event::Attention(Attention::Elsewhere),
        Happened::Mouse(_) => return None,
    })
}

/// Whatever is under way.
struct Station {
    entrance: Entrance,
    client: Client,
    chats: HashMap<RoomId, Chat>,
    offers: HashMap<OfferId, FileOffer>,
    next_offer: u64,
    couriers: HashMap<ConversationId, mpsc::UnboundedSender<Errand>>,
    clerk: mpsc::UnboundedSender<Request>,
    reports: mpsc::UnboundedSender<Report>,
    under_way: JoinSet<()>,
}

/// What a task has to say.
pub(super) enum Report {
    /// How something went, and the room that came of it.
    Settled {
        outcome: Outcome,
        chat: Option<Chat>,
    },
    SignedIn(Back),
}

impl Station {
    fn new(entrance: Entrance, client: Client, reports: mpsc::UnboundedSender<Report>) -> Self {
        let mut under_way = JoinSet::new();
        let (clerk, asked) = mpsc::unbounded_channel();
        under_way.spawn(serve(client.clone(), asked, reports.clone()));
        Self {
            entrance,
            client,
            chats: HashMap::new(),
            offers: HashMap::new(),
            next_offer: 0,
            couriers: HashMap::new(),
            clerk,
            reports,
            under_way,
        }
    }

    /// Goes on with another session.
    fn begin(&mut self, client: Client) {
        let (clerk, asked) = mpsc::unbounded_channel();
        let serving = serve(client.clone(), asked, self.reports.clone());
        self.under_way.spawn(serving);
        self.clerk = clerk;
        self.client = client;
        self.chats.clear();
        self.offers.clear();
        self.couriers.clear();
    }

    fn settle(&mut self, outcome: Outcome, chat: Option<Chat>) -> Outcome {
        if let Some(chat) = chat {
            self.chats.insert(RoomId(chat.id()), chat);
        }
        outcome
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Open { conversation, with } => self.send(conversation, Errand::Open(with)),
            Effect::Say {
                conversation,
                room,
                entry,
                what,
            } => {
                let chat = self.chats.get(&room).cloned();
                self.send(conversation, Errand::Say { chat, entry, what });
            }
            Effect::LeaveWord {
                conversation,
                entry,
                to,
                words,
            } => self.send(conversation, Errand::LeaveWord { entry, to, words }),
            Effect::Typing(room) => {
                if let Some(chat) = self.chats.get(&room).cloned() {
                    // Nobody misses it.
                    self.under_way
                        .spawn(async move { chat.typing().await.unwrap_or(()) });
                }
            }
            Effect::Leave { conversation, room } => {
                let Some(chat) = self.chats.remove(&room) else {
                    return;
                };
                match conversation {
                    Some(conversation) => {
                        self.send(conversation, Errand::Leave(chat));
                        self.couriers.remove(&conversation);
                    }
                    None => {
                        self.under_way.spawn(async move { chat.leave().await });
                    }
                }
            }
            Effect::Take {
                conversation,
                offer,
                place,
            } => {
                let Some(offer) = self.offers.remove(&offer) else {
                    return;
                };
                let reports = self.reports.clone();
                self.under_way.spawn(async move {
                    let name = offer.name().to_owned();
                    let outcome = Outcome::Taken {
                        conversation,
                        outcome: files::take(offer, &place).await,
                        name,
                    };
                    let chat = None;
                    let _told = reports.send(Report::Settled { outcome, chat });
                });
            }
            // Dropped, it is declined.
            Effect::Decline(offer) => drop(self.offers.remove(&offer)),
            Effect::FetchPicture { handle, place } => {
                let (client, reports) = (self.client.clone(), self.reports.clone());
                self.under_way.spawn(async move {
                    let outcome = files::fetch_picture(&client, &handle, &place).await;
                    let outcome = Outcome::Pictured { handle, outcome };
                    let chat = None;
                    let _told = reports.send(Report::Settled { outcome, chat });
                });
            }
            Effect::Ask(request) => {
                // The clerk is there as long as the station.
                let _sent = self.clerk.send(request);
            }
            Effect::SignIn { status, message } => {
                let (entrance, reports) = (self.entrance.clone(), self.reports.clone());
                self.under_way.spawn(async move {
                    let report = match entrance.sign_in(status, message).await {
                        Ok(back) => Report::SignedIn(back),
                        Err(error) => Report::Settled {
                            outcome: Outcome::NotSignedIn {
                                why: error.root_cause().to_string(),
                            },
                            chat: None,
                        },
                    };
                    let _told = reports.send(report);
                });
            }
            Effect::Bell | Effect::Redraw | Effect::Quit => {}
        }
        while self.under_way.try_join_next().is_some() {}
    }

    fn send(&mut self, conversation: ConversationId, errand: Errand) {
        let courier = self.couriers.entry(conversation).or_insert_with(|| {
            let (errands, given) = mpsc::unbounded_channel();
            let courier = Courier {
                conversation,
                client: self.client.clone(),
                reports: self.reports.clone(),
            };
            self.under_way.spawn(courier.run(given));
            errands
        });
        // A courier goes on until this sender is dropped.
        let _sent = courier.send(errand);
    }

    /// Lets what was said arrive, but not for long.
    async fn finish(mut self) {
        self.couriers.clear();
        drop(self.clerk);
        let all = async { while self.under_way.join_next().await.is_some() {} };
        // What has not arrived by then will not.
        let _late = timeout(FAREWELL, all).await;
        self.client.sign_out().await;
    }

    fn hear(&mut self, told: Told) -> Option<Event> {
        let mut enter = |chat: Chat| {
            let room = RoomId(chat.id());
            self.chats.insert(room, chat);
            room
        };
        Some(Event::Heard(match told {
            Told::Presence(contact) | Told::PersonalMessage(contact) => Heard::Appearance(contact),
            Told::Message { chat, from, text } => Heard::Said {
                room: enter(chat),
                from,
                words: text.words,
            },
            Told::Typing { chat, from } => Heard::Typing {
                room: enter(chat),
                from,
            },
            Told::Nudge { chat, from } => Heard::Nudged {
                room: enter(chat),
                from,
            },
            Told::FileOffered(offer) => {
                let room = enter(offer.chat().clone());
                let id = OfferId(self.next_offer);
                self.next_offer += 1;
                let (from, name) = (offer.from().clone(), offer.name().to_owned());
                let size = offer.size();
                self.offers.insert(id, offer);
                Heard::Offered {
                    room,
                    from,
                    offer: id,
                    name,
                    size,
                }
            }
            Told::Joined { chat, member } => Heard::Joined {
                room: enter(chat),
                handle: member.handle,
            },
            Told::Left { chat, handle } => Heard::Left {
                room: enter(chat),
                handle,
            },
            Told::ChatClosed { chat, .. } => {
                let room = RoomId(chat.id());
                self.chats.remove(&room);
                Heard::RoomClosed { room }
            }
            Told::AddedBy { handle, name } => Heard::AddedBy { handle, name },
            Told::RemovedBy { handle } => Heard::RemovedBy { handle },
            Told::ContactsChanged => Heard::ListsChanged,
            Told::OfflineMessage(letter) => Heard::Letter {
                from: letter.from,
                date: letter.date,
                words: letter.text,
            },
            Told::GoingDown { minutes } => Heard::GoingDown { minutes },
            Told::Disconnected { reason, retry_in } => Heard::Disconnected {
                reason: reason.to_string(),
                retry_in,
            },
            Told::Reconnected => Heard::Reconnected,
            // What a terminal cannot show.
            _ => return None,
        }))
    }
}

/// How long what happens is gathered before it is drawn.
const FRAME: Duration = Duration::from_millis(16);
/// How long what was said last may take to arrive.
const FAREWELL: Duration = Duration::from_secs(2);
