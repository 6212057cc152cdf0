//! GCF: the policies that a server pushes at sign-in (wire-msnp13, GCF).

use bytes::Bytes;

use crate::error::ParseError;
use crate::wire::param::{Param, TrId};

/// `GCF TrID file`: a client of MSNP11 or 12 asks for its policies by file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcfRequest {
    /// The client's transaction id.
    pub trid: TrId,
    /// `Shields.xml`.
    pub file: Param,
}

/// `GCF 0 len`, pushed, or `GCF TrID file len`, asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gcf {
    /// [`TrId::ASYNC`] when pushed.
    pub trid: TrId,
    /// As in the request; `None` when pushed.
    pub file: Option<Param>,
    /// The document; see [`Shields`].
    pub document: Bytes,
}

/// The SHIELDS policy: which clients and which texts are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shields {
    /// `maj` of `<cli>`.
    pub major: u32,
    /// `min`.
    pub minor: u32,
    /// `minbld`.
    pub min_build: u32,
    /// `maxbld`.
    pub max_build: u32,
    /// `deny`: which features; a blank is none.
    pub deny: String,
}

/// How a policy document is laid out. Both are in use, and the checksum covers the white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// No white space between elements.
    Compact,
    /// CRLF, and one tab per level.
    Indented,
}

/// Whether the policy element has a checksum: upper-case MD5 of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// As servers of MSNP13 send it.
    Present,
    /// As in older samples.
    Absent,
}

impl Shields {
    /// Reads a document; a checksum that is there must be right.
    pub fn parse(document: &[u8]) -> Result<Self, ParseError> {
        todo!("{document:?}")
    }

    /// Writes the document. What we send is compact with a checksum.
    pub fn write(&self, layout: Layout, checksum: Checksum) -> Bytes {
        todo!("{layout:?} {checksum:?}")
    }
}

impl Default for Shields {
    /// Nobody is refused.
    fn default() -> Self {
        Self {
            major: 7,
            minor: 0,
            min_build: 0,
            max_build: 9999,
            deny: " ".to_owned(),
        }
    }
}
