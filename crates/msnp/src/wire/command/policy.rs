//! GCF: the policies that a server pushes at sign-in (wire-msnp13, GCF).

use std::fmt::Write;

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use super::field::{Fields, Writer};
use crate::error::ParseError;
use crate::wire::line::Line;
use crate::wire::param::{Param, TrId};
use crate::wire::xml;

/// `GCF TrID file`: a client of MSNP11 or 12 asks for its policies by file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcfRequest {
    /// The client's transaction id.
    pub trid: TrId,
    /// `Shields.xml`.
    pub file: Param,
}

impl GcfRequest {
    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("GCF", line);
        let trid = fields.trid()?;
        let [file] = fields.exactly("1")?;
        let file = fields.param(file, "file")?;
        Ok(Self { trid, file })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("GCF", out).trid(self.trid);
        writer.param(&self.file).end();
    }
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

impl Gcf {
    /// A policy as it is pushed at sign-in.
    pub fn push(shields: &Shields) -> Self {
        Self {
            trid: TrId::ASYNC,
            file: None,
            document: shields.write(Layout::Compact, Checksum::Present),
        }
    }

    pub(super) fn parse(line: &Line) -> Result<Self, ParseError> {
        let mut fields = Fields::new("GCF", line);
        let trid = fields.trid()?;
        let ([], [file]) = fields.between("0 or 1")?;
        Ok(Self {
            trid,
            file: fields.optional_param(file, "file")?,
            document: fields.payload()?,
        })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        let writer = Writer::new("GCF", out).trid(self.trid);
        writer.optional(self.file.as_ref()).payload(&self.document);
    }
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
        const REFUSED: ParseError = ParseError::Payload("GCF");
        let document = xml::open(document, MAX_NODES).ok_or(REFUSED)?;
        let mut elements = document.descendants().filter(roxmltree::Node::is_element);
        let policy = elements
            .find(|node| node.attribute("type") == Some("SHIELDS"))
            .ok_or(REFUSED)?;
        if let Some(checksum) = policy.attribute("checksum") {
            let start = policy.first_child().map_or(0, |node| node.range().start);
            let end = policy.last_child().map_or(0, |node| node.range().end);
            if checksum != upper_md5(&document.input_text()[start..end]) {
                return Err(REFUSED);
            }
        }
        let mut inside = policy.descendants();
        let cli = inside
            .find(|node| node.has_tag_name("cli"))
            .ok_or(REFUSED)?;
        let number = |name| {
            let text: &str = cli.attribute(name).unwrap_or_default();
            text.parse().map_err(|_| REFUSED)
        };
        Ok(Self {
            major: number("maj")?,
            minor: number("min")?,
            min_build: number("minbld")?,
            max_build: number("maxbld")?,
            deny: cli.attribute("deny").unwrap_or_default().to_owned(),
        })
    }

    /// Writes the document. What we send is compact with a checksum.
    pub fn write(&self, layout: Layout, checksum: Checksum) -> Bytes {
        let content = self.content(layout);
        let mut out = String::with_capacity(256);
        out.push_str("<Policies>");
        layout.new_line(1, &mut out);
        out.push_str("<Policy type=\"SHIELDS\"");
        match checksum {
            Checksum::Present => {
                out.push_str(" checksum=\"");
                out.push_str(&upper_md5(&content));
                out.push('"');
            }
            Checksum::Absent => {}
        }
        out.push('>');
        out.push_str(&content);
        out.push_str("</Policy>");
        layout.new_line(0, &mut out);
        out.push_str("</Policies>");
        out.into()
    }

    /// What is in the policy element, white space included.
    fn content(&self, layout: Layout) -> String {
        let mut deny = String::new();
        xml::escape_into(&self.deny, &mut deny);
        let cli = format!(
            "<cli maj=\"{}\" min=\"{}\" minbld=\"{}\" maxbld=\"{}\" deny=\"{deny}\" />",
            self.major, self.minor, self.min_build, self.max_build
        );
        let elements = [
            (2, "<config>"),
            (3, "<shield>"),
            (4, &*cli),
            (3, "</shield>"),
            (3, "<block>"),
            (3, "</block>"),
            (2, "</config>"),
        ];
        let mut out = String::new();
        for (depth, element) in elements {
            layout.new_line(depth, &mut out);
            out.push_str(element);
        }
        layout.new_line(1, &mut out);
        out
    }
}

impl Layout {
    fn new_line(self, depth: usize, out: &mut String) {
        match self {
            Self::Compact => {}
            Self::Indented => {
                out.push_str("\r\n");
                out.extend(std::iter::repeat_n('\t', depth));
            }
        }
    }
}

fn upper_md5(text: &str) -> String {
    Md5::digest(text)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing into a growing string cannot fail.
            let _ = write!(hex, "{byte:02X}");
            hex
        })
}

/// Servers may send more policies than this one.
const MAX_NODES: u32 = 4096;

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

#[cfg(test)]
mod tests {
    use super::*;

    const COMPACT: &str = "<Policies><Policy type=\"SHIELDS\" checksum=\"94A347C122C483F8BEAD525832DB2F71\"><config><shield><cli maj=\"7\" min=\"0\" minbld=\"0\" maxbld=\"9999\" deny=\" \" /></shield><block></block></config></Policy></Policies>";

    #[test]
    fn the_policy_that_is_pushed() {
        let pushed = Gcf::push(&Shields::default());
        assert_eq!(pushed.document, COMPACT);
        assert_eq!(pushed.document.len(), 203);
        assert_eq!(Shields::parse(COMPACT.as_bytes()), Ok(Shields::default()));
    }

    #[test]
    fn the_other_published_forms() {
        let shields = Shields::default();
        let compact = shields.write(Layout::Compact, Checksum::Absent);
        assert_eq!(compact.len(), 159);
        let seed = shields.write(Layout::Indented, Checksum::Absent);
        assert_eq!(seed.len(), 201);
        assert_eq!(
            seed,
            "<Policies>\r\n\t<Policy type=\"SHIELDS\">\r\n\t\t<config>\r\n\t\t\t<shield>\r\n\t\t\t\t<cli maj=\"7\" min=\"0\" minbld=\"0\" maxbld=\"9999\" deny=\" \" />\r\n\t\t\t</shield>\r\n\t\t\t<block>\r\n\t\t\t</block>\r\n\t\t</config>\r\n\t</Policy>\r\n</Policies>"
        );
        let newer = shields.write(Layout::Indented, Checksum::Present);
        assert_eq!(newer.len(), 245);
        assert!(
            str::from_utf8(&newer)
                .unwrap()
                .contains("83B30425941CE296DED998A20861F87B")
        );
        for document in [compact, seed, newer] {
            assert_eq!(Shields::parse(&document), Ok(Shields::default()));
        }
    }

    #[test]
    fn a_wrong_checksum_is_refused() {
        let wrong = COMPACT.replace("9999", "9998");
        assert_eq!(
            Shields::parse(wrong.as_bytes()),
            Err(ParseError::Payload("GCF"))
        );
        for document in ["", "<Policies/>", "<a type=\"SHIELDS\" checksum=\"\"/>"] {
            assert!(Shields::parse(document.as_bytes()).is_err(), "{document}");
        }
    }
}
