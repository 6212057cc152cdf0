//! `msn bench` as an operator runs it: a process of its own, with its workers, against a server.

mod house;
mod runs;
