//! What a session is told when it begins: what the operator decides, where it is, and what it
//! cannot make by itself.

use std::time::Duration;

use super::pace::Rate;
use crate::wire::param::Param;
use crate::wire::version::{Dialect, Version};

/// What the operator decides about sessions. Shared by all of them.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The newest version to speak.
    pub max_version: Version,
    /// What a ticket is worth without the response that proves its secret.
    pub bare_tickets: BareTickets,
    /// `http://host:port` of the web pages, for `CVR` and `URL`.
    pub pages: Param,
    /// From the connection to the first `USR S`.
    pub sign_in_deadline: Duration,
    /// From the challenge of `USR TWN S` to its answer: the client is at the sign-in service.
    pub ticket_deadline: Duration,
    /// A notification connection that says nothing for so long is closed.
    pub notification_idle: Duration,
    /// A client that is silent for so long in the middle of a command is gone (wire-msnp13, 9).
    pub rest_deadline: Duration,
    /// Switchboard, before `USR` or `ANS`.
    pub switchboard_deadline: Duration,
    /// A conversation in which nothing is said for so long is ended.
    pub conversation_idle: Duration,
    /// The same, with nobody else there.
    pub alone_idle: Duration,
    /// What `QNG` says: when to ping again. In seconds.
    pub ping_seconds: u32,
    /// Challenges after the first; `None`: only the first.
    pub challenge_interval: Option<Duration>,
    /// How long a client may take over a challenge.
    pub challenge_deadline: Duration,
    /// `CHG`: 800 above it.
    pub chg_rate: Rate,
    /// `PRP`: 800 above it.
    pub prp_rate: Rate,
    /// `UUX`: 800 above it.
    pub uux_rate: Rate,
    /// `ADL`, `RML`, `BLP`, `FQY`, `UUN`: the connection closes above it.
    pub list_rate: Rate,
    /// `XFR SB`: 713 above it.
    pub xfr_rate: Rate,
    /// `CAL`: 713 above it.
    pub cal_rate: Rate,
    /// `MSG`: not delivered above it.
    pub msg_rate: Rate,
}

impl Policy {
    /// For a server whose pages are at `pages`.
    pub fn new(pages: Param) -> Self {
        let seconds = Duration::from_secs;
        Self {
            max_version: Dialect::newest(),
            bare_tickets: BareTickets::Refused,
            pages,
            sign_in_deadline: seconds(60),
            ticket_deadline: seconds(300),
            notification_idle: seconds(180),
            rest_deadline: seconds(60),
            switchboard_deadline: seconds(60),
            conversation_idle: seconds(300),
            alone_idle: seconds(60),
            ping_seconds: 50,
            challenge_interval: Some(seconds(1800)),
            challenge_deadline: seconds(60),
            chg_rate: Rate::new(300, 20),
            prp_rate: Rate::new(300, 20),
            uux_rate: Rate::new(300, 20),
            list_rate: Rate::new(600, 50),
            xfr_rate: Rate::new(120, 10),
            cal_rate: Rate::new(120, 10),
            msg_rate: Rate::new(20_000, 10_000),
        }
    }
}

/// What becomes of `USR SSO S ticket` without a response: clients that were patched to do without
/// the original sign-in library send it so (wire-versions, 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BareTickets {
    /// 911.
    Refused,
    /// The ticket alone is enough, as it is before MSNP15.
    Taken,
}

/// Which server a listener plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Notification server and switchboard: the first command tells.
    Main,
    /// Dispatch server only.
    Dispatch,
}

/// What a session cannot make by itself: the time of day and chance.
#[derive(Clone, Copy)]
pub struct Nonce {
    /// In Unix seconds.
    pub now: u64,
    /// Random bytes.
    pub random: [u8; 48],
}

/// Where a session is, and for whom it is meant.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which server it plays.
    pub door: Door,
    /// The address to announce for the notification server, `host:port`: where a dispatch server
    /// refers to.
    pub address: Param,
}

impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nonce")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
