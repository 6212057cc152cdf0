//! Typed commands: what a [`Line`](super::line::Line) says.
//!
//! ```text
//!                   dispatch and notification server      switchboard server
//!   client writes   NotificationRequest                   SwitchboardRequest
//!   server writes   NotificationReply                     SwitchboardReply
//! ```
//!
//! Four enums, because the same verb means different things: `USR` and `MSG` are one command on a
//! notification server and another on a switchboard. Reading undoes writing, for each of them. A
//! `dialect` of `None` stands for the time before `VER` has settled it.

pub mod federation;
mod field;
pub mod list;
pub mod notice;
mod notification;
pub mod policy;
pub mod presence;
pub mod roster;
pub mod service;
pub mod session;
pub mod switchboard;

pub use notification::{NotificationReply, NotificationRequest};
pub use switchboard::{SwitchboardReply, SwitchboardRequest};
