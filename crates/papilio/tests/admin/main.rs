//! What operators do, as they do it: over the API, over `admin.sock` and by commands, against a server
//! that runs, with clients that are signed in.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod bans;
mod commands;
mod house;
mod kill;
mod live;
mod people;
mod scopes;
