//! The documents of the services that clients reach over HTTP.
//!
//! Requests are read by meaning (any prefix, any order, any white space); answers are templates,
//! because old clients match literal prefixes and order (services-auth, 0).
//!
//! ```text
//!   bytes -> envelope::Document -> a typed request        a typed answer -> template -> text
//! ```
//!
//! * [`envelope`]: the parser of requests and the header of answers; [`escape`]: how text goes into
//!   an answer, and what is taken out of text that comes in.
//! * [`abook`]: the address book, FL; its words are in [`contact`] and [`contact_change`].
//! * [`sharing`]: memberships, AL, BL, RL and PL.
//! * [`storage`]: the profile that roams, and its display picture; its faults are its own.
//! * [`refusal`]: what address book and sharing answer when they do not do it.
//! * [`guid`], [`timestamp`]: how both write ids and times.
//! * [`oim`]: leaving an offline message; [`rsi`]: fetching and deleting them.
//! * [`rst`] and [`rst2`]: sign-in, a password for tickets; [`time`]: the form of its points in time.

pub mod abook;
pub mod contact;
pub mod contact_change;
pub mod envelope;
pub mod escape;
pub mod guid;
pub mod oim;
pub mod refusal;
pub mod rsi;
pub mod rst;
pub mod rst2;
pub mod sharing;
pub mod storage;
pub mod time;
pub mod timestamp;

use envelope::Element;
use timestamp::Timestamp;

/// What a client that fetches an address book or its memberships has already
/// (services-addressbook, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing that counts: everything is sent.
    Nothing,
    /// Everything up to this time: only what changed later is sent.
    Time(Timestamp),
}

impl Since {
    /// Reads `deltasOnly` and `lastChange` of ABFindAll and FindMembership. Without a time that can
    /// be read there is nothing to count from.
    fn read(request: &Element) -> Self {
        let deltas = request.flag("deltasOnly").unwrap_or_default();
        match Timestamp::parse(request.text_of("lastChange")) {
            Some(time) if deltas => Self::Time(time),
            _ => Self::Nothing,
        }
    }
}
