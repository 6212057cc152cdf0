//! What a listener hands connections to that begin with TLS: reads the hello, picks the rules, and shakes
//! hands (decision 0012).
//!
//! ```text
//!   hello comes whole -> rules for it -> a step of the handshake, when it is this one's turn
//!        ^ deadline ------------------------------- ^ the client's next words
//! ```
//!
//! A step is a millisecond of arithmetic, on a thread that others wait for; so only so many steps are
//! under way at once. Nobody has a turn while the network is waited for.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread::available_parallelism;
use std::time::Duration;

use bytes::BytesMut;
use jiff::Timestamp;
use openssl::ssl::{Ssl, SslVersion};
use parking_lot::RwLock;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_openssl::SslStream;
use tracing::{error, info};

use super::contexts::{Chain, Contexts, Rules};
use super::failure::{HandshakeFailed, TlsError};
use super::folder::{Folder, Opened, Renewal};
use super::hello::{self, Progress};
use super::names::{OwnNames, certificate_names};
use super::prefixed::Prefixed;
use crate::config::Config;
use crate::metrics::{Handshake, METRICS};

/// A connection over TLS.
pub type TlsStream = SslStream<Prefixed>;

/// Shakes hands. Cloning one is a reference count.
#[derive(Clone)]
pub struct Acceptor(Arc<Inner>);

struct Inner {
    contexts: RwLock<Arc<Contexts>>,
    /// The configuration that holds: for what is read anew by itself.
    config: RwLock<Arc<Config>>,
    steps: Semaphore,
}

impl Acceptor {
    /// Reads the certificates, and makes those that are missing or due: part of a second, for the first
    /// time.
    pub fn open(config: &Config) -> Result<Self, TlsError> {
        let config = Arc::new(config.clone());
        let contexts = contexts(&config)?;
        let cores = available_parallelism().map_or(1, usize::from);
        Ok(Self(Arc::new(Inner {
            contexts: RwLock::new(Arc::new(contexts)),
            config: RwLock::new(config),
            // The others are for chat.
            steps: Semaphore::new((cores / 2).max(1)),
        })))
    }

    /// Reads names, certificates and keys again, for connections from now on. If something is wrong with
    /// them nothing changes. Takes part of a second when certificates are due.
    pub fn reload(&self, config: &Config) -> Result<(), TlsError> {
        let config = Arc::new(config.clone());
        let contexts = Arc::new(contexts(&config)?);
        *self.0.config.write() = config;
        *self.0.contexts.write() = contexts;
        Ok(())
    }

    /// Keeps the certificates fresh for ever; ends when dropped.
    pub async fn keep_fresh(self) {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            self.refresh().await;
        }
    }

    /// Shakes hands with a client that has begun to speak TLS.
    pub async fn accept(&self, stream: TcpStream) -> Result<(TlsStream, Rules), HandshakeFailed> {
        let deadline = self.0.config.read().tls.handshake_deadline;
        let handshake = self.shake_hands(stream);
        let outcome = match deadline {
            Some(deadline) => tokio::time::timeout(deadline, handshake)
                .await
                .unwrap_or(Err(HandshakeFailed::TooSlow)),
            None => handshake.await,
        };
        let counted = match &outcome {
            Ok((stream, _)) => version(stream.ssl().version2()),
            Err(_) => Handshake::Failed,
        };
        METRICS.tls_handshakes.of(counted).increment(1);
        outcome
    }

    async fn shake_hands(
        &self,
        mut stream: TcpStream,
    ) -> Result<(TlsStream, Rules), HandshakeFailed> {
        let mut read = BytesMut::with_capacity(HELLO_USUALLY);
        let hello = loop {
            match hello::read(&read) {
                Progress::Whole(hello) => break hello,
                Progress::Nonsense => return Err(HandshakeFailed::NotTls),
                Progress::Incomplete if read.len() > 2 * hello::LONGEST => {
                    return Err(HandshakeFailed::NotTls);
                }
                Progress::Incomplete if stream.read_buf(&mut read).await? == 0 => {
                    return Err(HandshakeFailed::Io(
                        std::io::ErrorKind::UnexpectedEof.into(),
                    ));
                }
                Progress::Incomplete => {}
            }
        };
        let contexts = Arc::clone(&self.0.contexts.read());
        let (context, rules) = contexts.of(&hello);
        let begun = Ssl::new(context)
            .and_then(|ssl| SslStream::new(ssl, Prefixed::new(read.freeze(), stream)));
        match begun {
            Ok(mut stream) => match self.step_by_step(&mut stream).await {
                Ok(()) => Ok((stream, rules)),
                Err(error) => Err(HandshakeFailed::of(&error, hello, rules)),
            },
            Err(error) => Err(HandshakeFailed::Refused {
                hello: Box::new(hello),
                rules,
                why: error.to_string(),
            }),
        }
    }

    /// Goes on whenever the client does, and it is this one's turn.
    async fn step_by_step(&self, stream: &mut TlsStream) -> Result<(), openssl::ssl::Error> {
        loop {
            // It is never closed.
            let turn = self.0.steps.acquire().await;
            let step = poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_accept(cx))).await;
            drop(turn);
            if let Poll::Ready(outcome) = step {
                return outcome;
            }
            // Whatever wakes us now is the client, as far as that step knew.
            let mut is_awake = false;
            poll_fn(|_| {
                if std::mem::replace(&mut is_awake, true) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
    }

    async fn refresh(&self) {
        let acceptor = self.clone();
        let refreshed = tokio::task::spawn_blocking(move || {
            let config = Arc::clone(&acceptor.0.config.read());
            acceptor.reload(&config)
        });
        match refreshed.await {
            Ok(Ok(())) | Err(_) => {}
            Ok(Err(error)) => {
                error!(%error, "certificates cannot be looked after; the old ones hold");
            }
        }
    }
}

/// What was agreed, for the metrics.
fn version(agreed: Option<SslVersion>) -> Handshake {
    match agreed {
        Some(SslVersion::SSL3) => Handshake::Ssl3,
        Some(SslVersion::TLS1) => Handshake::Tls10,
        Some(SslVersion::TLS1_1) => Handshake::Tls11,
        Some(SslVersion::TLS1_2) => Handshake::Tls12,
        Some(SslVersion::TLS1_3) => Handshake::Tls13,
        // OpenSSL speaks no other.
        _ => Handshake::Failed,
    }
}

fn contexts(config: &Config) -> Result<Contexts, TlsError> {
    let folder = Folder::of(config);
    let ours = folder.open(
        &certificate_names(config),
        Renewal::WhenDue,
        Timestamp::now(),
    )?;
    tell(&folder, &ours);
    let brought = match config.tls.brought(&config.data) {
        Some((certificate, key)) => Some(Chain::read(&certificate, &key)?),
        None => None,
    };
    Ok(Contexts::new(OwnNames::of(config), &ours, brought)?)
}

fn tell(folder: &Folder, ours: &Opened) {
    let folder = folder.path().display();
    if ours.made_root {
        info!(%folder, "made a certificate authority; `papilio cert export` writes what old machines install");
    }
    if ours.made_leaves {
        let until = ours.leaves.sha256.not_after();
        info!(%folder, %until, "made a server certificate");
    }
}

/// How often is looked whether certificates are due, or others lie there.
const LOOK_INTERVAL: Duration = Duration::from_secs(3600);

/// Most hellos fit into this.
const HELLO_USUALLY: usize = 2048;
