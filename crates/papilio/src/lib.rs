//! The server's rooms. `main` is the door; tests and benchmarks come in through here.

pub mod admin;
pub mod bans;
pub mod cli;
pub mod config;
pub mod connection;
pub mod conversation;
pub mod credentials;
pub mod directory;
pub mod hosts;
pub mod http;
pub mod listen;
pub mod mail;
pub mod mailbox;
pub mod maintenance;
pub mod metrics;
pub mod node;
pub mod password;
pub mod per_address;
pub mod pictures;
mod recent;
pub mod sender_throttle;
pub mod service_voice;
pub mod sign_in_throttle;
pub mod sign_outs;
pub mod store;
pub mod system_account;
pub mod turns;
