//! Client sessions against server sessions, as values, in simulated time.
//!
//! Every stream is independent of every other: each direction of each connection, each request to a
//! service, each answer. What moves next, and how many of its bytes, is drawn from a seed; so a seed is
//! an order of events, and a test runs many. The services are the real ones over a store in a file,
//! called without a socket.
//!
//! ```text
//!   client::Session  --bytes--> [cable] --lines--> Driver --- Node
//!        |  \--Fetch--> [request] --> router -> Store ---------^  (changes are announced)
//!        +------------- [answer]  <--+
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chats;
mod house;
mod lists;
mod losses;
mod sign_in;
mod world;
