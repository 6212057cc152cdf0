//! The library against a real server over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cable;
mod chats;
mod contacts;
#[cfg(feature = "tls")]
mod encrypted;
mod house;
mod offline;
mod sessions;
mod transfers;
