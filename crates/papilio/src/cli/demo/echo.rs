//! The demo's echo bot, so that whoever tries the demo alone has somebody to talk to (DESIGN, 1).
//!
//! A client session in the same process. It comes in by the doors that everybody comes in by: sessions
//! over a pipe instead of a socket, services by the router that serves HTTP.
//!
//! ```text
//!   msnp::client::Session     -- pipe --> listen::Reception -> connection
//!                             -- request --> http::router
//!   msnp::client::Switchboard -- pipe --> the same, one for each who calls
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use msnp::client::service::{Reply, ServiceError, ServiceRequest};
use msnp::client::speech::Speech;
use msnp::client::switchboard::{self, Delivery, Switchboard};
use msnp::client::{
    Ask, AskId, Effect, Event, FetchId, Identity, Input, MailHandling, Seed, Session, Settings,
};
use msnp::handle::Handle;
use msnp::message::{Message, TextFormat};
use msnp::presence::{Capabilities, Status, UserData};
use msnp::proof::challenge::Product;
use msnp::soap::rst::Password;
use msnp::wire::command::session::Software;
use msnp::wire::command::switchboard::Rng;
use msnp::wire::line::{Codec, Limits, Line, Side};
use msnp::wire::param::Param;
use msnp::wire::version::Version;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};
use tower::ServiceExt as _;
use tracing::{debug, info};

use super::{ECHO, PASSWORD};
use crate::listen::Reception;

/// The bot, and its doors.
#[derive(Clone)]
pub struct Echo {
    /// To Messenger itself.
    pub reception: Reception,
    /// To the services.
    pub router: Router,
}

impl Echo {
    /// Signs in and says everything again, until somebody signs in in its place.
    pub async fn run(self) {
        match self.answer_calls().await {
            Ok(why) => info!("the echo bot signed out: {why}"),
            Err(error) => info!("the echo bot is not there: {error:#}"),
        }
    }

    async fn answer_calls(&self) -> anyhow::Result<String> {
        let (handle, _) = ECHO;
        let settings = settings(handle.parse()?);
        let me = settings.identity.handle.clone();
        let mut fetching = JoinSet::new();
        let mut calls = JoinSet::new();
        let mut line = self.connect(&mut calls)?;
        let mut session = Session::new(settings, Instant::now());
        let mut input = Input::Connected;
        loop {
            let mut effects = Vec::new();
            session = session.handle(Instant::now(), input, &mut effects);
            let mut added = None;
            for effect in effects {
                match effect {
                    Effect::Send(bytes) => line.write(&bytes).await?,
                    Effect::Fetch { id, request } => {
                        fetching.spawn(fetch(self.router.clone(), id, request));
                    }
                    Effect::Event(Event::Ringing(ring)) => {
                        let pipe = self.connect(&mut calls)?;
                        calls.spawn(answer(pipe, me.clone(), ring));
                    }
                    Effect::Event(Event::AddedBy { handle, .. }) => added = Some(handle),
                    Effect::Event(_) | Effect::Done { .. } => {}
                    Effect::Reconnect { .. } => bail!("sent elsewhere"),
                    Effect::Close(closing) => return Ok(closing.to_string()),
                }
            }
            // Whoever adds the bot may talk to it.
            if let Some(handle) = added {
                let (id, invitation) = (AskId(0), None);
                let ask = Ask::Add { handle, invitation };
                input = Input::Ask { id, ask };
                continue;
            }
            input = tokio::select! {
                line = line.next() => match line {
                    Ok(Some(line)) => Input::Line(line),
                    Ok(None) | Err(_) => Input::End,
                },
                Some(fetched) = fetching.join_next() => match fetched {
                    Ok((id, outcome)) => Input::Fetched { id, outcome },
                    Err(error) => bail!(error),
                },
                () = wait_until(session.wake_at()) => Input::Timer,
            };
            // Forget those that are over.
            while calls.try_join_next().is_some() {}
        }
    }

    /// A pipe to the server, whose end of it `tasks` drives.
    fn connect(&self, tasks: &mut JoinSet<()>) -> anyhow::Result<Pipe> {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let received = self.reception.receive_polled(theirs, here.ip(), here);
        let (mut connection, counted) = received?;
        tasks.spawn(async move {
            connection.drive().await;
            drop(counted);
        });
        Ok(Pipe {
            stream: ours,
            input: BytesMut::new(),
        })
    }
}

/// Says everything again in one conversation, until it is over.
async fn answer(mut pipe: Pipe, me: Handle, ring: Rng) {
    use switchboard::{Effect, Event, Input};
    let mut session = Switchboard::called(me, ring, Instant::now());
    let mut input = Input::Connected;
    loop {
        let mut effects = Vec::new();
        session = session.handle(Instant::now(), input, &mut effects);
        let mut answers = Vec::new();
        for effect in &effects {
            if let Effect::Event(Event::Said { speech, .. }) = effect {
                answers.extend(again(speech));
            }
        }
        for message in answers {
            let (id, delivery) = (AskId(0), Delivery::Unconfirmed);
            let ask = switchboard::Ask::Say { message, delivery };
            session = session.handle(Instant::now(), Input::Ask { id, ask }, &mut effects);
        }
        for effect in effects {
            match effect {
                Effect::Send(bytes) => {
                    if let Err(error) = pipe.write(&bytes).await {
                        debug!("the echo bot is not heard: {error:#}");
                        return;
                    }
                }
                Effect::Close(_) => return,
                Effect::Event(_) | Effect::Done { .. } => {}
            }
        }
        // Nobody is left to talk to.
        if session.wake_at().is_none() && session.members().is_empty() {
            return;
        }
        input = tokio::select! {
            line = pipe.next() => match line {
                Ok(Some(line)) => Input::Line(line),
                Ok(None) | Err(_) => Input::End,
            },
            () = wait_until(session.wake_at()) => Input::Timer,
        };
    }
}

/// What is said to something that was said.
fn again(speech: &Speech) -> Option<Message> {
    match speech {
        Speech::Text(text) => Some(Message::text(&TextFormat::default(), &text.words)),
        Speech::Nudge => Some(Message::nudge()),
        _ => None,
    }
}

/// Asks a service, as if over HTTP.
async fn fetch(
    router: Router,
    id: FetchId,
    request: ServiceRequest,
) -> (FetchId, Result<Reply, ServiceError>) {
    let service = request.service;
    let answered = ask(router, request).await;
    let unreachable = |error: anyhow::Error| ServiceError::Unreachable {
        service,
        why: error.to_string(),
    };
    (id, answered.map_err(unreachable))
}

async fn ask(router: Router, request: ServiceRequest) -> anyhow::Result<Reply> {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut asked = Request::post(request.service.path())
        .header(CONTENT_TYPE, "text/xml; charset=utf-8")
        .extension(ConnectInfo(here));
    if let Some(action) = request.action {
        asked = asked.header("SOAPAction", format!("\"{action}\""));
    }
    if let Some(cookie) = request.cookie {
        asked = asked.header(COOKIE, cookie);
    }
    let answer = router
        .oneshot(asked.body(Body::from(request.body))?)
        .await?;
    let status = answer.status().as_u16();
    let body: Bytes = answer.into_body().collect().await?.to_bytes();
    Ok(Reply { status, body })
}

/// The bot's end of a pipe.
struct Pipe {
    stream: DuplexStream,
    input: BytesMut,
}

impl Pipe {
    /// The next command; nothing is lost when this is given up while it waits.
    async fn next(&mut self) -> anyhow::Result<Option<Line>> {
        loop {
            if let Some(line) = CODEC.decode(&mut self.input)? {
                return Ok(Some(line));
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Writes all of it. While it does, it does not read, so it must not last.
    async fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let writing = timeout(PATIENCE, self.stream.write_all(bytes));
        writing.await.context("the pipe is full")??;
        Ok(())
    }
}

async fn wait_until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

fn settings(handle: Handle) -> Settings {
    let word = Param::word;
    Settings {
        identity: Identity {
            handle,
            password: Password::new(PASSWORD),
        },
        software: Software {
            locale: word("0x0409"),
            os: word("winnt"),
            os_version: word("5.1"),
            architecture: word("i386"),
            name: word("MSNMSGR"),
            version: word("8.0.0787"),
            brand: word("msmsgs"),
        },
        product: Product::WLM_8_0,
        versions: vec![Version::MSNP15, Version::MSNP14, Version::MSNP13],
        status: Status::Online,
        capabilities: MSNC5,
        picture: None,
        data: UserData {
            personal_message: "I say everything again".to_owned(),
            ..UserData::default()
        },
        mail: MailHandling::Leave,
        seed: Seed(rand::random()),
    }
}

/// The generation of 8.0, and nothing that the bot cannot do (wire-msnp13, 5, "Capabilities").
const MSNC5: Capabilities = Capabilities(0x5000_0000);

const CODEC: Codec = Codec::new(Side::Server, Limits::DEFAULT);

/// How many bytes a pipe holds each way: more than there can be of what one message leads to.
const PIPE: usize = 256 * 1024;

/// How long the server may leave what is written to it.
const PATIENCE: Duration = Duration::from_secs(10);
