//! The documents of the services that clients reach over HTTP.
//!
//! Requests are read by meaning (any prefix, any order, any white space); answers are templates,
//! because old clients match literal prefixes and order (services-auth, 0).
//!
//! ```text
//!   bytes -> envelope::Document -> a typed request        a typed answer -> template -> text
//! ```
//!
//! * [`envelope`]: what every document shares: the parser, the answer's envelope, the fault.
//! * [`escape`]: how text goes into an answer, and what is taken out of text that comes in.
//! * [`rst`]: sign-in, a password for tickets; [`time`]: the form of its points in time.

pub mod envelope;
pub mod escape;
pub mod rst;
pub mod time;
