//! Error lines (wire-msnp13, 1.5; wire-errors).

use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::error::{ErrorCode, ParseError};
use crate::wire::command::field::{Fields, Writer};
use crate::wire::line::Line;
use crate::wire::param::TrId;

/// `NNN TrID`: an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub code: ErrorNumber,
    /// That of the command it answers.
    pub trid: TrId,
    /// Other servers name the offending contacts here. Written with its length.
    pub document: Option<Bytes>,
}

impl Failure {
    /// An error without a document: the form that is safe with every client.
    pub fn new(code: ErrorCode, trid: TrId) -> Self {
        Self {
            code: code.into(),
            trid,
            document: None,
        }
    }

    pub(in crate::wire::command) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("error", line);
        let number = line.error_number().ok_or(fields.malformed("number"))?;
        Ok(Self {
            code: ErrorNumber(number),
            trid: fields.trid()?,
            document: line.payload.clone(),
        })
    }

    pub(in crate::wire::command) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new(&format!("{:?}", self.code), out).trid(self.trid);
        match &self.document {
            Some(document) => writer.payload(document),
            None => writer.end(),
        }
    }
}

/// Three digits: an [`ErrorCode`], or one that only other servers send.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorNumber(u16);

impl ErrorNumber {
    /// The number, from 0 to 999.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl From<ErrorCode> for ErrorNumber {
    fn from(code: ErrorCode) -> Self {
        Self(code.number())
    }
}

impl PartialEq<ErrorCode> for ErrorNumber {
    fn eq(&self, code: &ErrorCode) -> bool {
        self.0 == code.number()
    }
}

impl fmt::Debug for ErrorNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_errors_carry_no_number_after_the_trid() {
        let mut out = BytesMut::new();
        Failure::new(ErrorCode::InvalidList, TrId(18)).write(&mut out);
        assert_eq!(out, "241 18\r\n");
    }

    #[test]
    fn errors_of_other_servers_are_read() {
        let document = Bytes::from_static(b"<ml></ml>");
        let line = Line::new("928 7 9", Some(document.clone()));
        let failure = Failure::parse(&line).unwrap();
        assert_eq!((failure.code.number(), failure.trid), (928, TrId(7)));
        assert_eq!(failure.document, Some(document));
        let bare = Failure::parse(&Line::new("241 18", None)).unwrap();
        assert!(bare.code == ErrorCode::InvalidList);
        assert_eq!(bare, Failure::new(ErrorCode::InvalidList, TrId(18)));
    }
}
