//! Reading the fields of a line in their order, and writing them: what every command is made of.

use std::fmt::Write;
use std::str::SplitAsciiWhitespace;

use bytes::{Bytes, BytesMut};

use crate::error::ParseError;
use crate::handle::Handle;
use crate::presence::{Capabilities, FriendlyName};
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};

/// The fields of a line after its verb, taken from the front (and the payload length from the end).
#[derive(Clone)]
pub(super) struct Fields<'a> {
    verb: &'static str,
    rest: SplitAsciiWhitespace<'a>,
    payload: Option<&'a Bytes>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(verb: &'static str, line: &'a Line) -> Self {
        let mut rest = line.text().split_ascii_whitespace();
        rest.next();
        let payload = line.payload.as_ref();
        if payload.is_some() {
            rest.next_back();
        }
        Self {
            verb,
            rest,
            payload,
        }
    }

    /// Takes the TrID off the front.
    pub(super) fn trid(&mut self) -> Result<TrId, ParseError> {
        let trid = self.rest.next().and_then(decimal);
        trid.map(TrId).ok_or(ParseError::TrId(self.verb))
    }

    /// Passes over one field.
    pub(super) fn skip(&mut self) {
        self.rest.next();
    }

    /// Everything left: exactly `N` fields.
    pub(super) fn exactly<const N: usize>(
        &self,
        expected: &'static str,
    ) -> Result<[&'a str; N], ParseError> {
        let (fields, []) = self.between(expected)?;
        Ok(fields)
    }

    /// Everything left: `N` fields and up to `M` more.
    pub(super) fn between<const N: usize, const M: usize>(
        &self,
        expected: &'static str,
    ) -> Result<([&'a str; N], [Option<&'a str>; M]), ParseError> {
        let found = self.rest.clone().count();
        if !(N..=N + M).contains(&found) {
            return Err(ParseError::Arity {
                verb: self.verb,
                expected,
                found,
            });
        }
        let mut rest = self.rest.clone();
        let required = [(); N].map(|()| rest.next().unwrap_or_default());
        Ok((required, [(); M].map(|()| rest.next())))
    }

    /// Everything left: at least one field.
    pub(super) fn at_least_one(&self, expected: &'static str) -> Result<&'a str, ParseError> {
        self.rest.clone().next().ok_or(ParseError::Arity {
            verb: self.verb,
            expected,
            found: 0,
        })
    }

    /// Everything left, as it is.
    pub(super) fn params(&self) -> Result<Vec<Param>, ParseError> {
        let mut fields = self.rest.clone();
        fields
            .by_ref()
            .map(|field| self.param(field, "field"))
            .collect()
    }

    /// The payload.
    pub(super) fn payload(&self) -> Result<Bytes, ParseError> {
        self.payload.cloned().ok_or(ParseError::Payload(self.verb))
    }

    pub(super) fn malformed(&self, field: &'static str) -> ParseError {
        ParseError::Field {
            verb: self.verb,
            field,
        }
    }

    pub(super) fn param(&self, text: &str, field: &'static str) -> Result<Param, ParseError> {
        Param::new(text).map_err(|_| self.malformed(field))
    }

    pub(super) fn optional_param(
        &self,
        text: Option<&str>,
        field: &'static str,
    ) -> Result<Option<Param>, ParseError> {
        text.map(|text| self.param(text, field)).transpose()
    }

    pub(super) fn number(&self, text: &str, field: &'static str) -> Result<u32, ParseError> {
        decimal(text).ok_or_else(|| self.malformed(field))
    }

    pub(super) fn handle(&self, text: &str) -> Result<Handle, ParseError> {
        let param = self.param(text, "handle")?;
        param.to_handle().map_err(|_| self.malformed("handle"))
    }

    pub(super) fn name(&self, text: &str) -> Result<FriendlyName, ParseError> {
        FriendlyName::from_wire(text).map_err(|_| self.malformed("friendly name"))
    }

    pub(super) fn capabilities(&self, text: &str) -> Result<Capabilities, ParseError> {
        Capabilities::parse(text).ok_or_else(|| self.malformed("capabilities"))
    }
}

/// An unsigned decimal number: digits only, no sign.
fn decimal(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// Writes one command: its verb, its fields, its end.
pub(super) struct Writer<'a>(&'a mut BytesMut);

impl<'a> Writer<'a> {
    pub(super) fn new(verb: &str, out: &'a mut BytesMut) -> Self {
        out.extend_from_slice(verb.as_bytes());
        Self(out)
    }

    /// A field that is in wire form: not empty, no white space.
    pub(super) fn field(self, field: &str) -> Self {
        self.0.extend_from_slice(b" ");
        self.0.extend_from_slice(field.as_bytes());
        self
    }

    pub(super) fn param(self, param: &Param) -> Self {
        self.field(param.as_str())
    }

    pub(super) fn optional(self, param: Option<&Param>) -> Self {
        match param {
            Some(param) => self.param(param),
            None => self,
        }
    }

    pub(super) fn params(self, params: &[Param]) -> Self {
        params.iter().fold(self, Self::param)
    }

    pub(super) fn number(self, number: u32) -> Self {
        // Writing into a growing buffer cannot fail.
        let _ = write!(self.0, " {number}");
        self
    }

    pub(super) fn trid(self, trid: TrId) -> Self {
        self.number(trid.0)
    }

    pub(super) fn end(self) {
        self.0.extend_from_slice(b"\r\n");
    }

    /// The length of the payload, the line end, the payload.
    pub(super) fn payload(self, payload: &[u8]) {
        let _ = write!(self.0, " {}\r\n", payload.len());
        self.0.extend_from_slice(payload);
    }
}

/// A command of a verb alone.
pub(super) fn bare<T>(verb: &'static str, line: &Line, command: T) -> Result<T, ParseError> {
    let [] = Fields::new(verb, line).exactly("0")?;
    Ok(command)
}

/// An answer of a TrID and a fixed word, or of a TrID and at most one field that says nothing.
pub(super) fn trid_and(
    verb: &'static str,
    line: &Line,
    word: Option<&str>,
) -> Result<TrId, ParseError> {
    let mut fields = Fields::new(verb, line);
    let trid = fields.trid()?;
    let ([], [found]) = fields.between("0 or 1")?;
    if word.is_some() && found.is_some() && found != word {
        return Err(fields.malformed("outcome"));
    }
    Ok(trid)
}
