//! The MSN Messenger protocol, without I/O.
//!
//! No socket, no clock, no runtime, no database: this crate knows what the bytes mean and what a
//! server must answer, and leaves carrying them to someone else.
//!
//! ```text
//!   bytes -> wire::line -> wire::command -> server::* (a session, a value) -> effects
//!                                               |
//!                                            roster (who may see whom)
//! ```
//!
//! * The words: [`handle`], [`presence`], [`roster`], [`object`], [`message`], [`error`].
//! * [`wire`]: lines, versions and typed commands.
//! * [`proof`]: the ways to prove who you are.
//! * [`server`]: dispatch, sign-in, notification and switchboard sessions as values.
//! * [`client`]: the same from the other side.
//! * [`soap`]: the documents of the sign-in, address book and sharing services.

#![warn(missing_docs)]

pub mod client;
pub mod error;
pub mod handle;
pub mod message;
pub mod object;
pub mod presence;
pub mod proof;
pub mod roster;
pub mod server;
pub mod soap;
pub mod wire;

/// The examples of the README hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
