//! Switchboards: how one is opened (on the notification server) and what is said there
//! (wire-msnp13, 8).

use std::fmt;

use bytes::Bytes;

use crate::handle::Handle;
use crate::presence::{Capabilities, FriendlyName};
use crate::wire::param::{Param, TrId};

/// What lets one account enter one switchboard, once. A secret: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cookie(pub Param);

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(..)")
    }
}

/// The number of a conversation: below 2^31, since clients read it as signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u32);

impl SessionId {
    /// Any number, cut to 31 bits.
    pub fn new(number: u32) -> Self {
        Self(number & 0x7fff_ffff)
    }

    /// The number.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// `XFR TrID SB address CKI cookie ...`: the switchboard that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchboardReferral {
    /// As in the request.
    pub trid: TrId,
    /// `host:port`.
    pub address: Param,
    /// What to enter with.
    pub cookie: Cookie,
}

/// `RNG session address CKI cookie handle friendly ...`: somebody calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    /// Which conversation.
    pub session: SessionId,
    /// `host:port`.
    pub address: Param,
    /// What to enter with.
    pub cookie: Cookie,
    /// Who calls.
    pub caller: Handle,
    /// The name of who calls.
    pub name: FriendlyName,
}

/// `USR TrID handle cookie`: enter the switchboard one asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enter {
    /// The client's transaction id.
    pub trid: TrId,
    /// As typed.
    pub handle: Param,
    /// That of `XFR`.
    pub cookie: Cookie,
}

/// `USR TrID OK handle friendly`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterOk {
    /// As in the request.
    pub trid: TrId,
    /// As typed.
    pub handle: Param,
    /// The name of who entered.
    pub name: FriendlyName,
}

/// `ANS TrID handle cookie session`: enter the switchboard one was called to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ans {
    /// The client's transaction id.
    pub trid: TrId,
    /// As typed.
    pub handle: Param,
    /// That of `RNG`.
    pub cookie: Cookie,
    /// That of `RNG`.
    pub session: SessionId,
}

/// `IRO TrID i n handle friendly capabilities`: who is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iro {
    /// That of the `ANS`.
    pub trid: TrId,
    /// From 1 to `total`.
    pub index: u32,
    /// How many are there.
    pub total: u32,
    /// Who.
    pub member: Member,
}

/// `JOI handle friendly capabilities`: somebody enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joi {
    /// Who.
    pub member: Member,
}

/// Somebody in a conversation, as others are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub handle: Handle,
    /// The name, as it was when they entered.
    pub name: FriendlyName,
    /// What their client can do.
    pub capabilities: Capabilities,
}

/// `CAL TrID handle`: invite somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cal {
    /// The client's transaction id.
    pub trid: TrId,
    /// Whom, as typed: may be no handle at all (208).
    pub handle: Param,
}

/// `CAL TrID RINGING session`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ringing {
    /// As in the request.
    pub trid: TrId,
    /// Which conversation they are called to.
    pub session: SessionId,
}

/// `MSG TrID ack len`: say something. `Debug` tells the size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Say {
    /// The client's transaction id.
    pub trid: TrId,
    /// What the server should answer.
    pub ack: Ack,
    /// For [`Message`](crate::message::Message). Relayed byte for byte.
    pub message: Bytes,
}

/// What the sender of a `MSG` wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ack {
    /// `U`: nothing.
    Nothing,
    /// `N`: `NAK` when it failed.
    Failure,
    /// `A`: `ACK` or `NAK`.
    Always,
    /// `D`: the same, for data.
    Data,
    /// `S`: `ACK` when it did not fail.
    Success,
}

/// `MSG handle friendly len`: somebody said something. `Debug` does not show what.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub handle: Handle,
    /// The name, as it was when they entered.
    pub name: FriendlyName,
    /// For [`Message`](crate::message::Message). The bytes of the sender.
    pub message: Bytes,
}

/// `BYE handle {1}`: somebody left, or the conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bye {
    /// Who.
    pub handle: Handle,
    /// Why.
    pub cause: ByeCause,
}

/// Why somebody is gone from a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByeCause {
    /// They left.
    Left,
    /// `1`: nobody said anything for long, and the server closes.
    Idle,
}

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Say")
            .field("trid", &self.trid)
            .field("ack", &self.ack)
            .field("message", &format_args!("{} bytes", self.message.len()))
            .finish()
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said")
            .field("handle", &self.handle)
            .field("message", &format_args!("{} bytes", self.message.len()))
            .finish_non_exhaustive()
    }
}
