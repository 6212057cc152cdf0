//! `msn bench` as an operator runs it: a process of its own, with its workers, against a server.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod house;
mod runs;
