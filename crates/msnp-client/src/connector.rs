//! What is said before signing in.

use std::time::Duration;

use msnp::client::{Identity, MailHandling, Seed, Settings};
use msnp::handle::Handle;
use msnp::presence::{Capabilities, Status, UserData};
use msnp::proof::challenge::Product;
use msnp::soap::rst::Password;
use msnp::wire::command::session::Software;
use msnp::wire::param::Param;
use msnp::wire::version::Version;

use crate::client::Client;
use crate::error::SignInError;
use crate::event::Events;
use crate::http::Http;
use crate::picture::{Offered, Picture};
use crate::server::Server;
use crate::session;

/// How to sign in. Everything but the server has a usual value.
#[derive(Clone, Debug)]
pub struct Connector {
    server: Server,
    status: Status,
    data: UserData,
    picture: Option<Picture>,
    versions: Vec<Version>,
    answering: Answering,
    reconnecting: Reconnecting,
    mail: MailHandling,
}

/// Who answers when somebody calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answering {
    /// The library enters every conversation that the account is called to.
    #[default]
    Always,
    /// The application, by [`Event::Invitation`](crate::Event::Invitation).
    ByApplication,
}

/// What happens when the connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reconnecting {
    /// The session is over.
    Never,
    /// Sign in again: after `first`, then after twice as long each time, at most `longest`, and a
    /// little more or less, so that not everybody comes back at once. Not when the account signed in
    /// elsewhere, and not with a password that is wrong now.
    Backoff {
        /// The first wait.
        first: Duration,
        /// The longest wait.
        longest: Duration,
    },
}

impl Default for Reconnecting {
    fn default() -> Self {
        Self::Backoff {
            first: Duration::from_secs(2),
            longest: Duration::from_secs(300),
        }
    }
}

impl Connector {
    pub(crate) fn new(server: Server) -> Self {
        Self {
            server,
            status: Status::Online,
            data: UserData::default(),
            picture: None,
            versions: vec![Version::MSNP15, Version::MSNP14, Version::MSNP13],
            answering: Answering::default(),
            reconnecting: Reconnecting::default(),
            mail: MailHandling::default(),
        }
    }

    /// The first status; [`Status::Hidden`] signs in unseen.
    #[must_use]
    pub fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    /// The first personal message.
    #[must_use]
    pub fn personal_message(mut self, text: impl Into<String>) -> Self {
        self.data.personal_message = text.into();
        self
    }

    /// The first display picture.
    #[must_use]
    pub fn picture(mut self, picture: Picture) -> Self {
        self.picture = Some(picture);
        self
    }

    /// Which versions of the protocol to offer, the best first: usually all that the library speaks.
    #[must_use]
    pub fn versions(self, versions: impl IntoIterator<Item = Version>) -> Self {
        let versions = versions.into_iter().collect();
        Self { versions, ..self }
    }

    /// Who answers when somebody calls.
    #[must_use]
    pub fn answering(self, answering: Answering) -> Self {
        Self { answering, ..self }
    }

    /// What happens when the connection is lost.
    #[must_use]
    pub fn reconnecting(self, reconnecting: Reconnecting) -> Self {
        Self {
            reconnecting,
            ..self
        }
    }

    /// What becomes of offline messages that wait: usually each comes as
    /// [`Event::OfflineMessage`](crate::Event::OfflineMessage) and is then deleted from the server.
    /// Whoever signs in for another reason leaves them.
    #[must_use]
    pub fn offline_messages(self, mail: MailHandling) -> Self {
        Self { mail, ..self }
    }

    /// Signs in: done when the lists are read and the account appears. The password goes to the
    /// sign-in service alone.
    pub async fn sign_in(
        self,
        handle: &str,
        password: &str,
    ) -> Result<(Client, Events), SignInError> {
        let handle = Handle::parse(handle)?;
        if self.server.needs_tls() && cfg!(not(feature = "tls")) {
            return Err(SignInError::NoTls);
        }
        let http = Http::new(self.server.clone()).map_err(SignInError::Http)?;
        let pictures = Offered::default();
        let picture = self.picture.map(|picture| {
            let object = picture.object(&handle);
            pictures.add(&object, picture.data().clone());
            object
        });
        let settings = Settings {
            identity: Identity {
                handle,
                password: Password::new(password),
            },
            software: software(),
            product: Product::WLM_8_0,
            versions: self.versions,
            status: self.status,
            capabilities: CAPABILITIES,
            picture,
            data: self.data,
            mail: self.mail,
            seed: Seed(rand::random()),
        };
        let plan = session::Plan {
            settings,
            server: self.server,
            http,
            answering: self.answering,
            reconnecting: self.reconnecting,
            pictures,
        };
        session::start(plan).await
    }
}

fn software() -> Software {
    let word = Param::word;
    Software {
        locale: word("0x0409"),
        os: word("winnt"),
        os_version: word("5.1"),
        architecture: word("i386"),
        name: word("MSNMSGR"),
        version: word("8.0.0787"),
        brand: word("msmsgs"),
    }
}

/// MSNC5, and nothing that this client cannot do (wire-msnp13, 5, "Capabilities").
const CAPABILITIES: Capabilities = Capabilities(0x5000_0000);
