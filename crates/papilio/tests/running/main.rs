//! A server as whoever runs it meets it: signals, the service manager, health, metrics, the log.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod first_start;
mod process;
mod reload;
mod supervised;
mod watched;
mod wire_log;
