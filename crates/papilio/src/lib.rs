//! The server's rooms. `main` is the door; tests and benchmarks come in through here.

pub mod config;
pub mod connection;
pub mod conversation;
pub mod credentials;
pub mod directory;
pub mod mailbox;
pub mod node;
pub mod password;
mod recent;
pub mod sign_in_throttle;
pub mod store;
