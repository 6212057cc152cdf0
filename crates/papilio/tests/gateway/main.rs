//! The gateway over real sockets: raw bytes in, raw bytes out (services-other, 5; wire-msnp13, 10).
//!
//! That it carries the protocol as a socket does is for the transcripts, every one of which is
//! played through it; here is what a transcript cannot say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "../support/http.rs"]
mod support;

mod answers;
mod limits;
mod sessions;
mod world;
