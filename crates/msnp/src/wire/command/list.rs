//! The contact list document `<ml>`, in which ADL, RML and FQY name contacts (wire-msnp13, 4).
//!
//! ```text
//!   <ml l="1">                                       l: the listing after sign-in
//!     <d n="example.com">                            domain
//!       <c n="bob" l="3" t="1" />                    local part, lists, network
//!     </d>
//!     <t><c n="tel:+15551111222" l="3" /></t>        telephones
//!   </ml>                                            (no white space between tags)
//! ```

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::handle::{Handle, InvalidHandle};
use crate::presence::FriendlyName;
use crate::roster::Lists;

/// Contacts and the lists they go on or leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListDocument {
    /// Whether it is the listing after sign-in, or a change.
    pub occasion: Occasion,
    /// Contacts, those of one domain together.
    pub contacts: Vec<ListedContact>,
    /// Telephones.
    pub telephones: Vec<ListedTelephone>,
}

/// When a list is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// `<ml l="1">`: right after sign-in, possibly in several parts.
    Initial,
    /// `<ml>`: a change.
    Change,
}

/// One contact: `<c n l t {f}>` in its `<d n>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedContact {
    /// The part before the `@`, as written.
    pub local: Box<str>,
    /// The part after the `@`, as written.
    pub domain: Box<str>,
    /// `l`.
    pub lists: Lists,
    /// `t`.
    pub network: Network,
    /// `f`, in `ADL 0`: the name of whoever added.
    pub name: Option<FriendlyName>,
}

impl ListedContact {
    /// A contact of this service.
    pub fn new(handle: &Handle, lists: Lists) -> Self {
        Self {
            local: handle.local().into(),
            domain: handle.domain().into(),
            lists,
            network: Network::Messenger,
            name: None,
        }
    }

    /// The handle, if it is one (208 otherwise).
    pub fn handle(&self) -> Result<Handle, InvalidHandle> {
        Handle::from_parts(&self.local, &self.domain)
    }
}

/// One telephone: `<c n l>` in `<t>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTelephone {
    /// `tel:+15551111222`.
    pub number: Box<str>,
    /// `l`.
    pub lists: Lists,
}

/// A network, `t` (wire-msnp13, 4, "Network ids").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// 1: this service.
    Messenger,
    /// 2: Office Communicator.
    Communicator,
    /// 4: telephone.
    Telephone,
    /// 8: mobile network interoperability.
    MobileInterop,
    /// 9: circle.
    Circle,
    /// 16: mail, Japanese mobile mail.
    Mail,
    /// 32: Yahoo!.
    Yahoo,
}

impl Network {
    /// The number.
    pub fn number(self) -> u8 {
        todo!()
    }

    /// The network with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        todo!("{number}")
    }
}

/// Why a list document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Not XML, or too much of it: 241, and the server closes.
    #[error("not an XML document")]
    Malformed,
    /// XML, but no list that a client may send: 241.
    #[error("not a contact list: {0}")]
    Invalid(&'static str),
    /// Nothing listed: 240.
    #[error("nothing listed")]
    Empty,
    /// A `t` that is no network: 204.
    #[error("unknown network")]
    UnknownNetwork,
}

impl ListError {
    /// What the client is told.
    pub fn code(self) -> ErrorCode {
        todo!()
    }

    /// Whether the server closes after that.
    pub fn closes(self) -> bool {
        self == Self::Malformed
    }
}

/// The order of a contact's attributes. No reader minds; the official ones differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeOrder {
    /// `n l t {f}`: clients, and `RML 0`.
    ListsFirst,
    /// `n t l {f}`: `ADL 0`.
    NetworkFirst,
}

impl ListDocument {
    /// Reads the document of a client's `ADL` or `RML`: only FL, AL and BL.
    pub fn parse_request(document: &[u8]) -> Result<Self, ListError> {
        todo!("{document:?}")
    }

    /// Reads the document of `ADL 0` or `RML 0`: any list.
    pub fn parse_push(document: &[u8]) -> Result<Self, ListError> {
        todo!("{document:?}")
    }

    /// What the account is told that `adder`, called `name`, put on FL: `ADL 0`.
    pub fn added_by(adder: &Handle, name: &FriendlyName) -> Bytes {
        todo!("{adder} {name}")
    }

    /// What the account is told that `remover` took off FL: `RML 0`.
    pub fn removed_by(remover: &Handle) -> Bytes {
        todo!("{remover}")
    }

    /// Writes the document, one `<d>` per domain, without white space between tags.
    pub fn write(&self, order: AttributeOrder) -> Bytes {
        todo!("{order:?}")
    }
}

/// FQY: which network is this address on? (wire-versions, 3.4)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The addresses, those of one domain together.
    pub contacts: Vec<QueriedContact>,
}

/// One address of a [`Query`]: `<c n {t}>` in its `<d n>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueriedContact {
    /// The part before the `@`, as written.
    pub local: Box<str>,
    /// The part after the `@`, as written.
    pub domain: Box<str>,
    /// `t`, in the answer: the network, if known.
    pub network: Option<Network>,
}

impl QueriedContact {
    /// The handle, if it is one.
    pub fn handle(&self) -> Result<Handle, InvalidHandle> {
        Handle::from_parts(&self.local, &self.domain)
    }
}

impl Query {
    /// Reads the document of an `FQY`, of either side. The errors are those of `ADL`.
    pub fn parse(document: &[u8]) -> Result<Self, ListError> {
        todo!("{document:?}")
    }

    /// Writes the document.
    pub fn write(&self) -> Bytes {
        todo!()
    }
}
