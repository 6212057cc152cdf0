//! What can go wrong, by whose doing.

use msnp::client::{AskError, Closing, Outcome, switchboard};
use msnp::handle::InvalidHandle;

/// Nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// What was given as an account's address is none.
    #[error(transparent)]
    Handle(#[from] InvalidHandle),
    /// A service is at an `https` address, and this library was built without its feature `tls`.
    #[error("an https address needs the feature \"tls\" of msnp-client")]
    NoTls,
    /// The notification server cannot be reached.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where it should be.
        address: String,
        /// Why not.
        source: std::io::Error,
    },
    /// HTTP cannot be spoken at all.
    #[error("cannot speak HTTP: {0}")]
    Http(String),
    /// Wrong handle or password, an unknown version, a server that says no.
    #[error(transparent)]
    Refused(#[from] msnp::client::SignInError),
    /// The session ended before it began.
    #[error(transparent)]
    Closed(Closing),
}

/// Something that was asked was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not signed in just now, or no more.
    #[error("not signed in")]
    NotSignedIn,
    /// The server or one of its services said no, or it makes no sense.
    #[error(transparent)]
    Ask(AskError),
    /// The conversation cannot be entered, or is over.
    #[error("not in the conversation: {0}")]
    Conversation(switchboard::Closing),
    /// A message was not delivered, or somebody cannot be called.
    #[error(transparent)]
    Chat(#[from] switchboard::AskError),
    /// A picture or file was not handed over.
    #[error(transparent)]
    Transfer(#[from] msnp::client::p2p::Failure),
    /// A file cannot be read or written here.
    #[error("cannot read or write the file: {0}")]
    File(std::io::Error),
    /// They show no picture, or are not there.
    #[error("no picture to fetch")]
    NoPicture,
    /// A connection to a conversation cannot be made.
    #[error("cannot connect: {0}")]
    Connect(#[from] std::io::Error),
    /// It took too long.
    #[error("took too long")]
    TimedOut,
    /// What was given as an account's address is none.
    #[error(transparent)]
    Handle(#[from] InvalidHandle),
    /// The text is empty or too long.
    #[error("the text is empty or too long")]
    Text,
}

impl From<AskError> for Error {
    fn from(error: AskError) -> Self {
        match error {
            AskError::NotSignedIn => Self::NotSignedIn,
            error => Self::Ask(error),
        }
    }
}

/// An outcome of another kind than what was asked for: a server's mistake that the session let pass.
pub(crate) fn unexpected(_: &Outcome) -> Error {
    Error::NotSignedIn
}
