//! An async client of MSN Messenger services.

#![warn(missing_docs)]

mod chat;
mod client;
mod connector;
mod error;
mod event;
mod http;
mod link;
mod picture;
mod server;
mod session;

pub use msnp;
pub use msnp::client::contacts::{Contact, ContactBook, ContactPresence};
pub use msnp::client::service::Service;
pub use msnp::client::speech::Text;
pub use msnp::client::{Closing, OfflineMessage};
pub use msnp::handle::Handle;
pub use msnp::presence::Status;
pub use msnp::wire::version::Version;

pub use chat::{Chat, FileOffer, Invitation};
pub use client::Client;
pub use connector::{Answering, Connector, Reconnecting};
pub use error::{Error, SignInError};
pub use event::{Event, Events};
pub use picture::Picture;
pub use server::Server;
