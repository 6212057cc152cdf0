//! Several people in one conversation, over real sockets: what anybody says arrives as it was said,
//! with everybody else, whatever it is (wire-msnp13, 8.4 to 8.7).
//!
//! ```text
//!   house    a server in this process, and clients that know lines and nothing else
//!   p2p      what clients make of messages: packets of pictures and files
//!     relay      any payload, in order
//!     transfer   pictures and files, between two and beside a third
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod house;
mod p2p;
mod relay;
mod transfer;
