//! Presence and a session's own state: CHG, PRP, UUX, BLP, and ILN, NLN, FLN, UBX about others
//! (wire-msnp13, 4 "BLP" and 5).

use bytes::Bytes;

use crate::handle::Handle;
use crate::presence::{Capabilities, FriendlyName, Status};
use crate::roster::Privacy;
use crate::wire::param::{Param, TrId};
use crate::wire::version::Dialect;

/// `CHG TrID status {capabilities {object}}`, and the same back.
///
/// A server may send it unasked with [`TrId::ASYNC`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chg {
    /// The client's transaction id.
    pub trid: TrId,
    /// What to become.
    pub status: ChgStatus,
    /// As sent, a number that [`Capabilities::parse`] reads.
    pub capabilities: Option<Param>,
    /// The display picture as sent; never there without `capabilities`.
    pub object: Option<Param>,
}

/// The status of a `CHG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChgStatus {
    /// A status that one can have.
    Status(Status),
    /// `FLN`: from a client 201; from a server, semi-offline.
    Offline,
}

impl Chg {
    /// What to answer: the same, but for capabilities that this dialect has no form for.
    pub fn echo(&self, dialect: &Dialect) -> Self {
        todo!("{dialect:?}")
    }

    /// The capabilities to show others; none named, none shown.
    pub fn shown_capabilities(&self) -> Capabilities {
        todo!()
    }

    /// The display picture to show others: `None` when absent, `0` or an empty element.
    pub fn shown_object(&self) -> Option<Param> {
        todo!()
    }
}

/// `PRP TrID name {value}`, and the same back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prp {
    /// The client's transaction id.
    pub trid: TrId,
    /// Which property.
    pub property: Property,
    /// As sent; `None` clears it. Not longer than the property allows.
    pub value: Option<Param>,
}

/// A property of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Property {
    /// `MFN`: the friendly name.
    FriendlyName,
    /// `PHH`.
    HomePhone,
    /// `PHW`.
    WorkPhone,
    /// `PHM`.
    MobilePhone,
    /// `MOB`: contact me by mobile, Y or N.
    MobileContact,
    /// `MBE`: mobile enabled, Y or N.
    MobileEnabled,
    /// `WWE`: web watch enabled.
    WatchEnabled,
    /// `HSB`: has a Space, set by servers.
    HasSpace,
    /// Any other three letters: 715.
    Other(OtherProperty),
}

/// Three letters that name no [`Property`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OtherProperty([u8; 3]);

impl OtherProperty {
    /// The letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

/// `UUX TrID len`: the personal message. The answer is `UUX TrID 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uux {
    /// The client's transaction id.
    pub trid: TrId,
    /// The document, for [`UserData::parse`](crate::presence::UserData::parse).
    pub document: Bytes,
}

/// `BLP TrID AL|BL`, and the same back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blp {
    /// The client's transaction id.
    pub trid: TrId,
    /// Who may see and call.
    pub privacy: Privacy,
}

/// How somebody who is there is shown: what `ILN` and `NLN` have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Never [`Status::Hidden`] from our server.
    pub status: Status,
    /// Who.
    pub handle: Handle,
    /// By which name: a [clean](FriendlyName::clean) one.
    pub name: FriendlyName,
    /// What their client can do.
    pub capabilities: Capabilities,
    /// Their display picture as they sent it.
    pub object: Option<Param>,
}

/// `ILN TrID status handle friendly capabilities {object}`: who is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iln {
    /// That of the `CHG` (or `ADL`) it answers.
    pub trid: TrId,
    /// Who, and how.
    pub shown: Shown,
}

/// `NLN status handle friendly capabilities {object}`: somebody comes or changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nln {
    /// Who, and how.
    pub shown: Shown,
}

/// `FLN handle`: somebody is no longer to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fln {
    /// Who.
    pub handle: Handle,
}

/// `UBX handle len`: somebody's personal message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ubx {
    /// Whose.
    pub handle: Handle,
    /// The document, for [`UserData::parse`](crate::presence::UserData::parse).
    pub document: Bytes,
}
