//! ADL, RML and FQY: contact lists of a session, and what others did to theirs
//! (wire-msnp13, 4; wire-versions, 3.3 and 3.4). The document itself is in
//! [`list`](super::list).

use bytes::Bytes;

use crate::wire::param::TrId;

/// `ADL TrID len`, `RML TrID len` or `FQY TrID len`: a list command of a client. `FQY` is answered
/// by the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCommand {
    /// The client's transaction id.
    pub trid: TrId,
    /// For [`ListDocument`](super::list::ListDocument) or [`Query`](super::list::Query).
    pub document: Bytes,
}

/// `ADL 0 len` or `RML 0 len`: somebody added or removed the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPush {
    /// For [`ListDocument`](super::list::ListDocument).
    pub document: Bytes,
}
