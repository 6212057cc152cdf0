//! Mail to people, handed to the operator's mail server.
//!
//! ```text
//!   reserve -> a place in the queue -> send -> handed over
//!      | full                           |  \--refused for good--> a line in the log
//!      '-> QueueFull                    '--later--> waits, twice as long each time, six times
//! ```
//!
//! A place is reserved before anybody is told that a mail is under way. What waits is in memory: after a
//! restart people ask again. No address and no text stands in the log, since a text has a secret in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use msnp::handle::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::config;

/// Takes mails. Cloning one is a few reference counts; when the last is gone, so is what waits.
#[derive(Clone)]
pub struct Mailer {
    queue: UnboundedSender<Queued>,
    places: Arc<Semaphore>,
}

/// A text to somebody.
pub struct Letter {
    /// Who gets it.
    pub to: Address,
    /// What it is about.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// A place in the queue.
#[derive(Debug)]
pub struct Place {
    mailer: Mailer,
    permit: OwnedSemaphorePermit,
}

/// Why no mail can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The password cannot be read.
    #[error("cannot read the password for the mail server: {0}")]
    Password(#[from] std::io::Error),
    /// The settings are of no use.
    #[error("cannot send mail: {0}")]
    Settings(#[from] lettre::transport::smtp::Error),
    /// This program cannot encrypt.
    #[error("this build has no TLS: `mail.encryption` must be \"none\"")]
    NoTls,
}

/// Too many mails wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many mails wait already")]
pub struct QueueFull;

struct Queued {
    letter: Letter,
    tries: u32,
    due: Instant,
    _permit: OwnedSemaphorePermit,
}

impl Mailer {
    /// Starts handing over mails, if the operator has named a server and a sender. Must be called where
    /// tasks can be started.
    pub fn start(settings: &config::Mail) -> Result<Option<Self>, MailError> {
        let (Some(server), Some(from)) = (&settings.server, &settings.from) else {
            return Ok(None);
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server)
            .port(settings.port)
            .timeout(settings.timeout);
        let mut transport = encrypted(transport, settings.encryption, server)?;
        if let Some(account) = &settings.account {
            let password = settings.password()?;
            let password = password.as_ref().map_or("", |password| password.expose());
            transport =
                transport.credentials(Credentials::new(account.clone(), password.to_owned()));
        }
        let places = settings.waiting.unwrap_or(Semaphore::MAX_PERMITS);
        let (queue, letters) = unbounded_channel();
        let worker = Worker {
            transport: transport.build(),
            from: from.clone(),
            retry: settings.retry.unwrap_or(USUAL_RETRY),
            letters,
            waiting: Vec::new(),
        };
        tokio::spawn(worker.run());
        Ok(Some(Self {
            queue,
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
        }))
    }

    /// A place in the queue, if there is one.
    pub fn reserve(&self) -> Result<Place, QueueFull> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        Ok(Place {
            mailer: self.clone(),
            permit: permit.map_err(|_| QueueFull)?,
        })
    }
}

impl Place {
    /// Sends a letter.
    pub fn send(self, letter: Letter) {
        let queued = Queued {
            letter,
            tries: 0,
            due: Instant::now(),
            _permit: self.permit,
        };
        // The other end goes last.
        let _gone = self.mailer.queue.send(queued);
    }
}

/// The address of mail that a handle is, if it can be one.
pub fn address_of(handle: &Handle) -> Option<Address> {
    handle.as_str().parse().ok()
}

#[cfg(feature = "tls")]
fn encrypted(
    transport: AsyncSmtpTransportBuilder,
    kind: config::Encryption,
    server: &str,
) -> Result<AsyncSmtpTransportBuilder, MailError> {
    use lettre::transport::smtp::client::{Tls, TlsParameters};
    Ok(transport.tls(match kind {
        config::Encryption::None => Tls::None,
        config::Encryption::Starttls => Tls::Required(TlsParameters::new(server.to_owned())?),
        config::Encryption::Tls => Tls::Wrapper(TlsParameters::new(server.to_owned())?),
    }))
}

#[cfg(not(feature = "tls"))]
fn encrypted(
    transport: AsyncSmtpTransportBuilder,
    kind: config::Encryption,
    _: &str,
) -> Result<AsyncSmtpTransportBuilder, MailError> {
    match kind {
        config::Encryption::None => Ok(transport),
        config::Encryption::Starttls | config::Encryption::Tls => Err(MailError::NoTls),
    }
}

struct Worker {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    retry: Duration,
    letters: UnboundedReceiver<Queued>,
    /// To be tried again.
    waiting: Vec<Queued>,
}

impl Worker {
    async fn run(mut self) {
        loop {
            let next = self.waiting.iter().map(|queued| queued.due).min();
            let due = async move {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                letter = self.letters.recv() => match letter {
                    Some(queued) => self.hand_over(queued).await,
                    None => return,
                },
                () = due => {
                    let now = Instant::now();
                    let all = std::mem::take(&mut self.waiting);
                    let (due, later): (Vec<_>, Vec<_>) =
                        all.into_iter().partition(|queued| queued.due <= now);
                    self.waiting = later;
                    for queued in due {
                        self.hand_over(queued).await;
                    }
                }
            }
        }
    }

    async fn hand_over(&mut self, mut queued: Queued) {
        let about = queued.letter.subject.clone();
        let message = match self.message(&queued.letter) {
            Ok(message) => message,
            Err(error) => {
                warn!(about, %error, "a mail cannot be written");
                return;
            }
        };
        let error = match self.transport.send(message).await {
            Ok(_) => {
                info!(about, "mail handed over");
                return;
            }
            Err(error) => error,
        };
        queued.tries += 1;
        if error.is_permanent() || queued.tries >= TRIES {
            warn!(about, %error, tries = queued.tries, "mail given up");
            return;
        }
        let pause = self.retry * 2_u32.pow(queued.tries - 1);
        warn!(about, %error, tries = queued.tries, again_in = ?pause, "mail not handed over");
        queued.due = Instant::now() + pause;
        self.waiting.push(queued);
    }

    fn message(&self, letter: &Letter) -> Result<Message, lettre::error::Error> {
        let id = format!("<{}@{}>", uuid::Uuid::new_v4(), self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, letter.to.clone()))
            .subject(letter.subject.as_str())
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer")
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter")
    }
}

/// How often a mail is tried.
const TRIES: u32 = 6;

/// The pause after the first time, if there is to be none: nobody gains by asking a server that is down
/// without a pause.
const USUAL_RETRY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_every_handle_gets_mail() {
        let address = |text: &str| address_of(&Handle::parse(text).unwrap()).is_some();
        assert!(address("alice@example.org"));
        assert!(!address("a..b@example.org"));
    }

    #[tokio::test]
    async fn a_queue_has_so_many_places() {
        let settings = config::Mail {
            server: Some("localhost".to_owned()),
            from: "a@example.org".parse().ok(),
            encryption: config::Encryption::None,
            waiting: Some(1),
            ..config::Mail::default()
        };
        let mailer = Mailer::start(&settings).unwrap().unwrap();
        let place = mailer.reserve().unwrap();
        assert_eq!(mailer.reserve().unwrap_err(), QueueFull);
        drop(place);
        mailer.reserve().unwrap();
        let nothing = config::Mail::default();
        assert!(Mailer::start(&nothing).unwrap().is_none());
    }
}
