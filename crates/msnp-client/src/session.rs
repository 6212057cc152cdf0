//! The task of one account: drives its session, carries out its effects, and comes back when the
//! connection is lost.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use msnp::client::Event as Happened;
use msnp::client::service::{Reply, ServiceError};
use msnp::client::{
    Ask, AskError, AskId, Closing, Effect, FetchId, Input, Outcome, Seed, Session, Settings,
};
use rand::RngExt as _;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use crate::chat::{self, Invitation};
use crate::client::{Client, Command, Shared};
use crate::connector::{Answering, Reconnecting};
use crate::error::SignInError;
use crate::event::{Event, EventSender, Events, TooSlow, events};
use crate::http::Http;
use crate::link::{Incoming, Link};
use crate::picture::Offered;
use crate::server::Server;

/// All that is needed to sign in, and to do so again.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) server: Server,
    pub(crate) http: Http,
    pub(crate) answering: Answering,
    pub(crate) reconnecting: Reconnecting,
    pub(crate) pictures: Offered,
}

/// Signs in and leaves a task behind.
pub(crate) async fn start(plan: Plan) -> Result<(Client, Events), SignInError> {
    let (sender, events) = events();
    let (commands, asked) = mpsc::channel(64);
    let (ends, over) = watch::channel(());
    let shared = Arc::new(Shared {
        me: plan.settings.identity.handle.clone(),
        commands,
        events: sender.clone(),
        over,
        chats: 1.into(),
        pictures: plan.pictures.clone(),
    });
    let mut task = Task {
        events: sender,
        shared: Arc::downgrade(&shared),
        asked,
        waiting: HashMap::new(),
        next_ask: 0,
        current: plan.settings.clone(),
        plan,
        told: false,
        _ends: ends,
    };
    let address = task.plan.server.address();
    let link = match Link::open(&address).await {
        Ok(link) => link,
        Err(source) => return Err(SignInError::Connect { address, source }),
    };
    let (signed_in, signing_in) = oneshot::channel();
    tokio::spawn(async move { task.run(link, signed_in).await });
    match signing_in.await {
        Ok(Ok(())) => Ok((Client::new(shared), events)),
        Ok(Err(Closing::SignIn(error))) => Err(SignInError::Refused(error)),
        Ok(Err(closing)) => Err(SignInError::Closed(closing)),
        Err(_) => Err(SignInError::Closed(Closing::Lost)),
    }
}

struct Task {
    plan: Plan,
    /// As `plan.settings`, with what was changed since.
    current: Settings,
    events: EventSender,
    /// Weak, so that the last handle of the application ends the session.
    shared: Weak<Shared>,
    asked: mpsc::Receiver<Command>,
    waiting: HashMap<AskId, oneshot::Sender<Result<Outcome, AskError>>>,
    next_ask: u64,
    /// Whether whoever signs in was told that it worked.
    told: bool,
    _ends: watch::Sender<()>,
}

/// One connection's worth of a session.
struct Run {
    session: Session,
    link: Option<Link>,
    fetching: JoinSet<(FetchId, Result<Reply, ServiceError>)>,
    /// Whether it came as far as [`Happened::SignedIn`].
    signed_in: Option<oneshot::Sender<Result<(), Closing>>>,
    succeeded: bool,
}

impl Task {
    async fn run(&mut self, link: Link, signed_in: oneshot::Sender<Result<(), Closing>>) {
        let mut attempts = 0;
        let mut run = self.begin(Some(link), Some(signed_in));
        loop {
            let closing = self.drive(&mut run).await;
            tracing::debug!(%closing, "session over");
            if let Some(signed_in) = run.signed_in.take() {
                let _unwanted = signed_in.send(Err(closing));
                return;
            }
            attempts = if run.succeeded { 0 } else { attempts + 1 };
            let Some(wait) = self.wait_after(&closing, attempts) else {
                let (reason, retry_in) = (closing, None);
                self.events
                    .send_last(Event::Disconnected { reason, retry_in });
                return;
            };
            let (reason, retry_in) = (closing, Some(wait));
            let told = self.events.send(Event::Disconnected { reason, retry_in });
            if told.is_err() || !self.rest(wait).await {
                let (reason, retry_in) = (Closing::SignedOut, None);
                self.events
                    .send_last(Event::Disconnected { reason, retry_in });
                return;
            }
            let address = self.plan.server.address();
            let link = Link::open(&address).await;
            let link = link.inspect_err(|error| tracing::debug!(%error, address, "cannot connect"));
            run = self.begin(link.ok(), None);
        }
    }

    /// A session on a connection; without one it ends at once.
    fn begin(
        &mut self,
        link: Option<Link>,
        signed_in: Option<oneshot::Sender<Result<(), Closing>>>,
    ) -> Run {
        let settings = Settings {
            seed: Seed(rand::random()),
            ..self.current.clone()
        };
        Run {
            session: Session::new(settings, Instant::now()),
            link,
            fetching: JoinSet::new(),
            signed_in,
            succeeded: false,
        }
    }

    async fn drive(&mut self, run: &mut Run) -> Closing {
        let mut input = match run.link {
            Some(_) => Input::Connected,
            None => Input::End,
        };
        loop {
            let mut effects = Vec::new();
            let session = std::mem::replace(&mut run.session, Session::Closed);
            run.session = session.handle(Instant::now(), input, &mut effects);
            let mut next = None;
            for effect in effects {
                match self.carry_out(effect, run).await {
                    Ok(None) => {}
                    Ok(Some(Next::Input(input))) => next = Some(input),
                    Ok(Some(Next::Closing(closing))) => {
                        if let Some(link) = run.link.take() {
                            link.close().await;
                        }
                        return closing;
                    }
                    Err(TooSlow) => return Closing::Ended("events are not read".to_owned()),
                }
            }
            input = match next {
                Some(input) => input,
                None => self.wait(run).await,
            };
        }
    }

    /// The next thing that happens.
    async fn wait(&mut self, run: &mut Run) -> Input {
        loop {
            let wake_at = run.session.wake_at();
            let waking = async {
                match wake_at {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let Some(link) = &mut run.link else {
                return Input::End;
            };
            tokio::select! {
                incoming = link.next() => return match incoming {
                    Incoming::Line(line) => Input::Line(line),
                    Incoming::Broken(error) => Input::Broken(error),
                    Incoming::End => Input::End,
                },
                Some(fetched) = run.fetching.join_next() => match fetched {
                    Ok((id, outcome)) => return Input::Fetched { id, outcome },
                    Err(error) => tracing::error!(%error, "asking a service failed"),
                },
                command = self.asked.recv() => match command {
                    Some(Command::Ask { ask, done }) => return self.asked(ask, done),
                    Some(Command::Contacts(done)) => {
                        let _unwanted = done.send(run.session.contacts().cloned());
                    }
                    None => return Input::Ask { id: AskId(0), ask: Ask::SignOut },
                },
                () = waking => return Input::Timer,
            }
        }
    }

    fn asked(&mut self, ask: Ask, done: oneshot::Sender<Result<Outcome, AskError>>) -> Input {
        // For when it comes back after the connection was lost.
        match &ask {
            Ask::Status(status) => self.current.status = *status,
            Ask::Picture(picture) => self.current.picture.clone_from(picture),
            Ask::Data(data) => self.current.data.clone_from(data),
            _ => {}
        }
        self.next_ask += 1;
        let id = AskId(self.next_ask);
        self.waiting.insert(id, done);
        Input::Ask { id, ask }
    }

    async fn carry_out(&mut self, effect: Effect, run: &mut Run) -> Result<Option<Next>, TooSlow> {
        match effect {
            Effect::Send(bytes) => {
                let Some(link) = &mut run.link else {
                    return Ok(None);
                };
                if let Err(error) = link.write(&bytes).await {
                    tracing::debug!(%error, "cannot write");
                    run.link = None;
                    return Ok(Some(Next::Input(Input::End)));
                }
            }
            Effect::Reconnect { address } => {
                tracing::debug!(%address, "referred");
                if let Some(link) = run.link.take() {
                    link.close().await;
                }
                run.link = Link::open(address.as_str())
                    .await
                    .inspect_err(|error| tracing::debug!(%error, %address, "cannot connect"))
                    .ok();
                let input = match run.link {
                    Some(_) => Input::Connected,
                    None => Input::End,
                };
                return Ok(Some(Next::Input(input)));
            }
            Effect::Fetch { id, request } => {
                let http = self.plan.http.clone();
                run.fetching
                    .spawn(async move { (id, http.fetch(request).await) });
            }
            Effect::Done { id, outcome } => {
                if let Some(done) = self.waiting.remove(&id) {
                    let _unwanted = done.send(outcome);
                }
            }
            Effect::Event(happened) => self.tell(happened, run)?,
            Effect::Close(closing) => return Ok(Some(Next::Closing(closing))),
        }
        Ok(None)
    }

    fn tell(&mut self, happened: Happened, run: &mut Run) -> Result<(), TooSlow> {
        let contact = |handle| {
            let book = run.session.contacts();
            book.and_then(|book| book.find(handle))
                .cloned()
                .map(Box::new)
        };
        let event = match happened {
            Happened::SignedIn => {
                run.succeeded = true;
                match run.signed_in.take() {
                    Some(signed_in) => {
                        self.told = true;
                        let _unwanted = signed_in.send(Ok(()));
                        return Ok(());
                    }
                    None => Event::Reconnected,
                }
            }
            Happened::Presence(handle) => match contact(&handle) {
                Some(contact) => Event::Presence(contact),
                None => return Ok(()),
            },
            Happened::Data(handle) => match contact(&handle) {
                Some(contact) => Event::PersonalMessage(contact),
                None => return Ok(()),
            },
            Happened::AddedBy { handle, name } => Event::AddedBy {
                handle,
                name: name.text().into_owned(),
            },
            Happened::RemovedBy(handle) => Event::RemovedBy { handle },
            Happened::ListsChanged => Event::ContactsChanged,
            Happened::Ringing(ring) => {
                let Some(shared) = self.shared.upgrade() else {
                    return Ok(());
                };
                match self.plan.answering {
                    Answering::ByApplication => Event::Invitation(Invitation::new(ring, shared)),
                    Answering::Always => {
                        tokio::spawn(async move {
                            if let Err(error) = chat::answer(&shared, ring).await {
                                tracing::debug!(%error, "cannot answer a call");
                            }
                        });
                        return Ok(());
                    }
                }
            }
            Happened::Offline(message) => Event::OfflineMessage(message),
            Happened::MailWaits => Event::OfflineMessagesWait,
            Happened::GoingDown { minutes } => Event::GoingDown { minutes },
            Happened::Trouble(what) => {
                tracing::warn!("{what}");
                return Ok(());
            }
            // What this library has no use for.
            _ => return Ok(()),
        };
        self.events.send(event)
    }

    /// How long to wait before coming back; `None`: not at all.
    fn wait_after(&self, closing: &Closing, attempts: u32) -> Option<Duration> {
        let Reconnecting::Backoff { first, longest } = self.plan.reconnecting else {
            return None;
        };
        let asked = match closing {
            Closing::SignedOut | Closing::Elsewhere | Closing::Ended(_) => return None,
            Closing::SignIn(msnp::client::SignInError::WrongPassword) => return None,
            Closing::ComeBack { minutes } => Duration::from_secs(u64::from(*minutes) * 60),
            _ => Duration::ZERO,
        };
        let wait = first.saturating_mul(1 << attempts.min(20)).min(longest);
        Some(asked + wait.mul_f64(rand::rng().random_range(0.75..=1.25)))
    }

    /// Waits, answering that nobody is signed in; `false` when the application does not want it back.
    async fn rest(&mut self, wait: Duration) -> bool {
        let waiting = sleep(wait);
        tokio::pin!(waiting);
        loop {
            tokio::select! {
                () = &mut waiting => return true,
                command = self.asked.recv() => match command {
                    Some(Command::Ask { ask: Ask::SignOut, done }) => {
                        let _unwanted = done.send(Ok(Outcome::Done));
                        return false;
                    }
                    Some(Command::Ask { done, .. }) => {
                        let _unwanted = done.send(Err(AskError::NotSignedIn));
                    }
                    Some(Command::Contacts(done)) => {
                        let _unwanted = done.send(None);
                    }
                    None => return false,
                },
            }
        }
    }
}

/// What an effect leads to.
enum Next {
    Input(Input),
    Closing(Closing),
}
