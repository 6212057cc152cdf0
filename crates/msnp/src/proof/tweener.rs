//! Tweener, `USR TWN`: the client fetches a ticket from the sign-in service and presents it
//! (wire-msnp13, "USR, Tweener"; services-auth, 2).
//!
//! ```text
//!   USR 6 TWN I handle           ->
//!   <-  USR 6 TWN S lc=1033,id=507,...      parameters for the sign-in service
//!   (the client gets a ticket there)
//!   USR 7 TWN S t=ticket&p=      ->
//! ```

use std::fmt;

use crate::wire::param::Param;

/// The parameters for the sign-in service: one field, no blanks, `%` only in `ru`
/// (clients/README, 3: which ones clients insist on).
///
/// `now` is in Unix seconds; `random` makes each list different.
pub fn parameters(now: u64, random: [u8; 24]) -> Param {
    todo!("{now} {random:?}")
}

/// The `t` part of a compact ticket. A secret: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ticket(Box<str>);

impl Ticket {
    /// Longest ticket in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Finds the ticket in whatever form a client presents it: `t=x&p=y`, `t=x`, `x`, the same with
    /// `&amp;` or percent-encoded. `None` when there is none.
    pub fn parse(text: &str) -> Option<Self> {
        todo!("{}", text.len())
    }

    /// The ticket itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}

/// What a client presents: the rest of the `USR TWN S` line. A secret: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented(Box<str>);

impl Presented {
    /// Takes text that can end a line: not empty, no control characters, no blanks around it.
    pub fn new(text: &str) -> Option<Self> {
        todo!("{}", text.len())
    }

    /// As it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ticket in it.
    pub fn ticket(&self) -> Option<Ticket> {
        Ticket::parse(&self.0)
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(..)")
    }
}
