//! Pictures and files, handed from client to client through a conversation (wire-msnp13, 8.7;
//! transcripts, 5).
//!
//! ```text
//!   picture                                     file
//!   receiver  INVITE AppID 1  -->               sender    INVITE AppID 2  -->
//!             <--  200 OK                                 <--  200 OK, or 603 Decline
//!             <--  4 bytes, then the data                 the data  -->
//!             BYE  -->                                    <--  BYE
//! ```
//!
//! Every message, MSNSLP text or data, goes in packets, and whoever has all of it acknowledges it. The
//! server sees none of this. What it does acknowledge is each packet, and that is the pace: no more
//! than [`WINDOW`] are on their way.
//!
//! * [`packet`]: header, data, footer. [`slp`]: invitations and their answers.
//! * [`Transfers`]: all that goes on in one conversation, as a value.

mod files;
pub mod packet;
pub mod slp;
mod transfers;

pub use files::FileName;
pub use transfers::{Effect, Event, Failure, Pictures, Received, TransferId, Transfers, WINDOW};

use crate::handle::Handle;
use crate::message::Message;

/// The message that carries a packet in a conversation.
pub fn message(to: &Handle, packet: &packet::Packet) -> Message {
    Message::new("application/x-msnmsgrp2p")
        .with("P2P-Dest", to)
        .with_body(packet.write())
}
