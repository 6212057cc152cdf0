//! What hostile clients do, and what must come of it (wire-msnp13, 9; the bugs that were found).
//!
//! Sessions on a node without listeners: bytes go in as a client would send them, what is to be
//! written comes out, and time is simulated. What only a whole server can show is in `process`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod connections;
mod floods;
mod house;
mod names;
mod privacy;
mod process;
mod slow;
