//! An async client of MSN Messenger services: for bots, clients and tools.
//!
//! It speaks MSNP13, 14 and 15 to any Messenger server, on [tokio]. The protocol itself, without
//! sockets, is the crate [`msnp`].
//!
//! [tokio]: https://docs.rs/tokio
//!
//! # Signing in
//!
//! Say where the service is, and who you are. What comes back is a [`Client`], by which you ask, and
//! [`Events`], which tell what happens.
//!
//! ```no_run
//! use msnp_client::{Client, Server, Status};
//!
//! # async fn example() -> Result<(), msnp_client::SignInError> {
//! let (client, mut events) = Client::connect(Server::new("chat.example.com"))
//!     .status(Status::Away)
//!     .personal_message("out for a walk")
//!     .sign_in("alice@example.com", "secret")
//!     .await?;
//! while let Some(event) = events.next().await {
//!     println!("{event:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Client`] is a handle: clone it, and hand it to other tasks. The session ends when it is
//! [signed out](Client::sign_out) or when the last handle is dropped. [`Events`] is a
//! [`Stream`](futures_core::Stream), too.
//!
//! # Answering
//!
//! Calls are answered by the library, unless you [ask for them](Connector::answering). Everything that
//! is said comes as an event with the [`Chat`] it was said in. This is a bot:
//!
//! ```no_run
//! use msnp_client::{Client, Event, Server};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::new("chat.example.com");
//! let (client, mut events) = Client::connect(server).sign_in("bot@example.com", "secret").await?;
//! while let Some(event) = events.next().await {
//!     match event {
//!         Event::Message { chat, text, .. } => chat.send(&text.words).await?,
//!         Event::AddedBy { handle, .. } => client.add(&handle).await?,
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Talking
//!
//! ```no_run
//! use msnp_client::{Client, Error, Handle, msnp::client::switchboard::AskError};
//!
//! # async fn example(client: Client) -> Result<(), Error> {
//! let bob: Handle = "bob@example.com".parse()?;
//! match client.chat_with(&bob).await {
//!     Ok(chat) => {
//!         chat.typing().await?;
//!         chat.send("Hello!").await?;
//!         chat.nudge().await?;
//!         chat.send_file(&bob, "notes.txt", "dear diary").await?;
//!         chat.leave().await;
//!     }
//!     // He finds it when he comes back.
//!     Err(Error::Chat(AskError::NotThere)) => client.send_offline(&bob, "Hello!").await?,
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Files that are too large for memory are read as they go, [`Chat::send_file_from`], and written as they
//! come, [`FileOffer::accept_into`].
//!
//! [`Chat::send`] is done when everybody's client has the message, and an error when somebody's has
//! not. [`Client::open_chat`] and [`Chat::invite`] make conversations of more than two.
//!
//! # Contacts
//!
//! ```no_run
//! use msnp_client::{Client, Error, Handle};
//!
//! # async fn example(client: Client) -> Result<(), Error> {
//! let book = client.contacts().await?;
//! for contact in book.contacts.values() {
//!     let status = contact.presence.as_ref().map(|presence| presence.status);
//!     println!("{}: {status:?}", contact.shown_name());
//!     if contact.presence.as_ref().is_some_and(|presence| presence.picture().is_some()) {
//!         let picture = client.fetch_picture(contact).await?;
//!         println!("a picture of {} bytes", picture.len());
//!     }
//! }
//! let carol: Handle = "carol@example.com".parse()?;
//! client.add(&carol).await?;
//! let friends = client.add_group("Friends").await?;
//! client.add_to_group(&carol, friends).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Changes are stored by the service and seen at once: [`Client::add`], [`remove`](Client::remove),
//! [`block`](Client::block), [`allow`](Client::allow). Several asked for at the same time are carried
//! out one after another. [`Event::ContactsChanged`] says that it is worth reading the book again.
//!
//! # When the connection is lost
//!
//! The library signs in again by itself, after a wait that grows ([`Reconnecting`]), as the account
//! was: status, personal message and picture. [`Event::Disconnected`] tells of it, and
//! [`Event::Reconnected`] when it worked. Meanwhile everything that is asked is
//! [`Error::NotSignedIn`]. It does not come back when the account signed in elsewhere.
//!
//! # Features
//!
//! * `tls`: services at `https` addresses, with an OpenSSL that is built along. Messenger's own
//!   protocol is never encrypted: what people say can be read on its way, here as in the clients of
//!   then.
//!
//! Logs go to [`tracing`](https://docs.rs/tracing), without passwords, tickets and words.

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
pub use msnp::client::{Closing, MailHandling, MailId, OfflineMessage, WaitingMessage};
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
