//! The commands, as processes, against a server of the demo over sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bots;
mod contacts;
mod house;
mod messages;
mod profiles;
