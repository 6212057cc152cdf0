//! TLS of then and of now, over real sockets: hellos byte by byte, and whole handshakes by a client that
//! is told to be old (services-other, 9).
//!
//! A library that drops SSLv3, RC4 or the format of SSLv2 says nothing of it; these tests do.

#![cfg(feature = "tls")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod certificates;
mod choice;
mod client;
mod commands;
mod handshakes;
mod hellos;
mod house;
mod mixed;
mod process;
mod resumption;
mod sign_in;
