//! What the notification server tells unasked: its own messages, changes of the address book, data
//! of other clients, pages (wire-msnp13, 3 "MSG Hotmail", 4 "NOT", 5 "UUN / UBN" and "IPG").

use std::fmt;

use bytes::Bytes;

use crate::handle::Handle;
use crate::message::MemberId;
use crate::wire::param::{Param, TrId};

/// `MSG Hotmail Hotmail len`: a message of the server itself. `Debug` tells the size only, since
/// the profile holds a ticket.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerMessage {
    /// For [`Message`](crate::message::Message).
    pub message: Bytes,
}

/// `NOT len`: a notification document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Not {
    /// The document; see [`AddressBookChanged`].
    pub document: Bytes,
}

/// The notification that the account's address book changed: fetch it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressBookChanged {
    /// The PUID of the one who is told.
    pub member: MemberId,
    /// The handle of the one who is told.
    pub handle: Handle,
    /// The CID of the one who is told; clients ignore others.
    pub cid: i64,
    /// When, as `2024-11-29T16:41:26.0000000-08:00`.
    pub modified: String,
}

impl AddressBookChanged {
    /// The document for [`Not`].
    pub fn write(&self) -> Bytes {
        todo!()
    }
}

/// `UUN TrID handle type len`: data for another client, past any switchboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uun {
    /// The client's transaction id.
    pub trid: TrId,
    /// For whom, as typed.
    pub handle: Param,
    /// What kind of data.
    pub kind: u32,
    /// Relayed byte for byte.
    pub data: Bytes,
}

/// `UBN handle type len`: data from another client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ubn {
    /// From whom.
    pub sender: Handle,
    /// What kind of data.
    pub kind: u32,
    /// The bytes of the sender.
    pub data: Bytes,
}

/// `IPG len`: a page from a telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipg {
    /// `<NOTIFICATION ...>`.
    pub document: Bytes,
}

impl fmt::Debug for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerMessage")
            .field("message", &format_args!("{} bytes", self.message.len()))
            .finish()
    }
}
