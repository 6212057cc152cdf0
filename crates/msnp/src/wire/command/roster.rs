//! ADL, RML and FQY: contact lists of a session, and what others did to theirs
//! (wire-msnp13, 4; wire-versions, 3.3 and 3.4). The document itself is in
//! [`list`](super::list).

use bytes::{Bytes, BytesMut};

use super::field::{Fields, Writer};
use crate::error::ParseError;
use crate::wire::line::Line;
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

impl ListCommand {
    pub(super) fn parse(verb: &'static str, line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new(verb, line);
        let trid = fields.trid()?;
        let [] = fields.exactly("0")?;
        let document = fields.payload()?;
        Ok(Self { trid, document })
    }

    pub(super) fn write(&self, verb: &str, out: &mut BytesMut) {
        let writer = Writer::new(verb, out).trid(self.trid);
        writer.payload(&self.document);
    }
}

/// `ADL 0 len` or `RML 0 len`: somebody added or removed the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPush {
    /// For [`ListDocument`](super::list::ListDocument).
    pub document: Bytes,
}

impl ListPush {
    pub(super) fn parse(verb: &'static str, line: &Line) -> Result<Self, ParseError> {
        let ListCommand { document, .. } = ListCommand::parse(verb, line)?;
        Ok(Self { document })
    }

    pub(super) fn write(&self, verb: &str, out: &mut BytesMut) {
        let writer = Writer::new(verb, out).trid(TrId::ASYNC);
        writer.payload(&self.document);
    }
}
