//! The profile: the first `MSG` of a session, which makes clients fetch their address book
//! (wire-msnp13, 3, "MSG Hotmail").

use std::net::IpAddr;

use super::Message;
use crate::handle::Handle;
use crate::proof::tweener::Ticket;

/// The two halves of an account's PUID: `MemberIdHigh` and `MemberIdLow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemberId {
    /// The upper 32 bits.
    pub high: u32,
    /// The lower 32 bits.
    pub low: u32,
}

/// What the profile tells a client about itself. What is not here is the same for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `LoginTime`: when the session began, in Unix seconds.
    pub login_time: u64,
    /// `EmailEnabled`: whether the client shows its mail buttons.
    pub email_enabled: bool,
    /// `MemberIdHigh`, `MemberIdLow`.
    pub member: MemberId,
    /// `lang_preference`: a Windows language id, 1033 for English.
    pub language: u32,
    /// `preferredEmail`.
    pub handle: Handle,
    /// `country`: two letters.
    pub country: String,
    /// `MSPAuth`: the ticket just presented.
    pub ticket: Ticket,
    /// `ClientIP`: where the client connects from.
    pub client_ip: IpAddr,
    /// `ClientPort`, in host order; it travels byte-swapped.
    pub client_port: u16,
}

impl Profile {
    /// The message.
    pub fn to_message(&self) -> Message {
        todo!()
    }
}
