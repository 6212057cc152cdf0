//! What every SOAP document shares: the one place that parses XML requests, and the header of an
//! answer.
//!
//! Requests are read by meaning: any prefix, any order, any white space around a value, with or
//! without a byte order mark, and an element of the wrong namespace when there is none of the right
//! one (services-auth, 0; services-addressbook, 1.1 and 15). Size, depth and number of elements are
//! limited before a tree is built, and document type definitions are refused.

use std::sync::Arc;

use askama::Template;

use super::escape::permitted_document;

/// The namespace of the address book and sharing services.
pub const ADDRESS_BOOK: &str = "http://www.msn.com/webservices/AddressBook";

/// How much a request may ask of the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole document.
    pub bytes: usize,
    /// Elements inside one another; never more than [`DEEPEST`].
    pub depth: usize,
    /// Elements, texts and comments altogether.
    pub nodes: u32,
    /// Attributes and namespace declarations of one element.
    pub attributes: usize,
    /// Namespace declarations of one element and all that it stands in: an element with one of its
    /// own costs the parser the square of that.
    pub namespaces: usize,
}

impl Default for Limits {
    /// Enough for an address book of a thousand contacts in one request.
    fn default() -> Self {
        Self {
            bytes: 512 * 1024,
            depth: 24,
            nodes: 20_000,
            attributes: 16,
            namespaces: 64,
        }
    }
}

/// The deepest document that is read, whatever [`Limits`] allow: each level takes room on the stack,
/// and a stack that overflows ends the process.
pub const DEEPEST: usize = 256;

/// Why a document is not a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Over one of the [`Limits`].
    #[error("the document has too many {0}")]
    Limit(&'static str),
    /// Has a document type definition, or some other declaration.
    #[error("the document has a declaration, which is not allowed")]
    Declaration,
    /// Not UTF-8.
    #[error("the document is not UTF-8")]
    Encoding,
    /// Not well-formed XML.
    #[error("the document is not well-formed: {0}")]
    Malformed(String),
    /// Well-formed, but no SOAP envelope with something in its body.
    #[error("the document is no SOAP envelope with a request in its body")]
    NotAnEnvelope,
}

/// A parsed request: `Envelope`, with a `Body` that has at least one element.
#[derive(Clone, Debug)]
pub struct Document {
    envelope: Element,
}

impl Document {
    /// Parses a request.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, EnvelopeError> {
        let document = Self {
            envelope: Element::parse(bytes, limits)?,
        };
        let in_order = document.envelope.name == "Envelope"
            && document
                .envelope
                .child("Body")
                .is_some_and(|body| !body.children.is_empty());
        if in_order {
            Ok(document)
        } else {
            Err(EnvelopeError::NotAnEnvelope)
        }
    }

    /// The request itself: the first element of `Body`. Its name is the operation.
    pub fn request(&self) -> &Element {
        self.envelope
            .child("Body")
            .and_then(|body| body.children.first())
            .unwrap_or(&self.envelope)
    }

    /// The `Body`, where it has more than one element.
    pub fn body(&self) -> &Element {
        self.envelope.child("Body").unwrap_or(&self.envelope)
    }

    /// The `Header`, if there is one.
    pub fn header(&self) -> Option<&Element> {
        self.envelope.child("Header")
    }

    /// The ticket in `ABAuthHeader/TicketToken` (MSNP15 and later) or, for the storage service, in
    /// `StorageUserHeader/TicketToken`, if it is there and not empty.
    pub fn ticket_token(&self) -> Option<&str> {
        let header = self.header()?;
        ["ABAuthHeader", "StorageUserHeader"]
            .into_iter()
            .filter_map(|name| header.child(name))
            .map(|auth| auth.text_of("TicketToken"))
            .find(|token| !token.is_empty())
    }
}

/// An element of a request, without its prefix.
#[derive(Clone, Debug)]
pub struct Element {
    name: String,
    namespace: Arc<str>,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Parses a document of which nothing is known but that it is XML.
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, EnvelopeError> {
        if bytes.len() > limits.bytes {
            return Err(EnvelopeError::Limit("bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| EnvelopeError::Encoding)?;
        let text = text.trim_start_matches('\u{feff}').trim();
        let text = permitted_document(text);
        guard(&text, limits)?;
        let options = roxmltree::ParsingOptions {
            nodes_limit: limits.nodes,
            ..roxmltree::ParsingOptions::default()
        };
        let tree =
            roxmltree::Document::parse_with_options(&text, options).map_err(
                |error| match error {
                    roxmltree::Error::NodesLimitReached => EnvelopeError::Limit("nodes"),
                    // The parser quotes what it does not understand, which may be a password that
                    // was not escaped, and errors end in a log.
                    other => EnvelopeError::Malformed(format!("at {}", other.pos())),
                },
            )?;
        Ok(Self::from_node(tree.root_element(), &Arc::from("")))
    }

    fn from_node(node: roxmltree::Node<'_, '_>, outer: &Arc<str>) -> Self {
        let namespace = node.tag_name().namespace().unwrap_or_default();
        let namespace = if **outer == *namespace {
            Arc::clone(outer)
        } else {
            Arc::from(namespace)
        };
        Self {
            name: node.tag_name().name().to_owned(),
            attributes: node
                .attributes()
                .map(|a| (a.name().to_owned(), a.value().to_owned()))
                .collect(),
            text: node
                .children()
                .filter(roxmltree::Node::is_text)
                .filter_map(|text| text.text())
                .collect(),
            children: node
                .children()
                .filter(roxmltree::Node::is_element)
                .map(|child| Self::from_node(child, &namespace))
                .collect(),
            namespace,
        }
    }

    /// The name without prefix.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace; empty if it has none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// An attribute's value, by its name without prefix.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(n, _)| n == name)?;
        Some(value.trim())
    }

    /// The element's own text, without white space around it.
    pub fn text(&self) -> &str {
        self.text.trim()
    }

    /// The element's own text as it was written, with its white space: a password may end with a blank.
    pub fn verbatim(&self) -> &str {
        &self.text
    }

    /// The elements inside.
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// The elements inside that have this name, whatever their namespace.
    pub fn children_named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element inside with this name; one of the same namespace goes first.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children_named(name)
            .find(|child| child.namespace == self.namespace)
            .or_else(|| self.children_named(name).next())
    }

    /// Follows names downwards.
    pub fn descend(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |at, name| at.child(name))
    }

    /// The text of an element inside; empty if there is none.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", Element::text)
    }

    /// The texts of all elements with this name inside the element that `list` leads to, empty ones
    /// left out: `texts_of(&["groupFilter", "groupIds"], "guid")`.
    pub fn texts_of<'a>(&'a self, list: &[&str], name: &str) -> impl Iterator<Item = &'a str> {
        self.descend(list)
            .into_iter()
            .flat_map(move |list| list.children_named(name))
            .map(Element::text)
            .filter(|text| !text.is_empty())
    }

    /// The truth value of an element inside: `true` or `1`, in any case, is true. Without the
    /// element, or when it is empty, there is none.
    pub fn flag(&self, name: &str) -> Option<bool> {
        let text = self.text_of(name);
        (!text.is_empty()).then(|| text == "1" || text.eq_ignore_ascii_case("true"))
    }
}

/// The header of an answer of the address book and sharing services (services-addressbook, 1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceHeader {
    /// Opaque, the same for every answer to an account; later clients send it back.
    pub cache_key: String,
    /// The host that the request named. Some clients turn to the host they find here from then on,
    /// so it is never any other; without it the element is left out.
    pub preferred_host: Option<String>,
    /// A GUID.
    pub session_id: String,
}

/// Renders a template. Writing to a string cannot fail, and the templates here do nothing else.
pub(crate) fn written(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

/// Looks through a document before a tree is built of it: what a parser pays for must be in limits.
fn guard(text: &str, limits: &Limits) -> Result<(), EnvelopeError> {
    let deepest = limits.depth.min(DEEPEST);
    let mut depth = 0_usize;
    // Of those elements that have any: how deep they stand, and how many there are up to there.
    let mut namespaces: Vec<(usize, usize)> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        rest = if let Some(comment) = rest.strip_prefix("!--") {
            after(comment, "-->")?
        } else if let Some(data) = rest.strip_prefix("![CDATA[") {
            after(data, "]]>")?
        } else if rest.starts_with('!') {
            return Err(EnvelopeError::Declaration);
        } else if let Some(instruction) = rest.strip_prefix('?') {
            after(instruction, "?>")?
        } else if let Some(end) = rest.strip_prefix('/') {
            depth = depth.saturating_sub(1);
            namespaces.pop_if(|(at, _)| *at >= depth);
            end
        } else {
            let tag = StartTag::scan(rest)?;
            if tag.attributes > limits.attributes {
                return Err(EnvelopeError::Limit("attributes"));
            }
            if depth == deepest {
                return Err(EnvelopeError::Limit("levels"));
            }
            if tag.namespaces > 0 {
                let outer = namespaces.last().map_or(0, |&(_, count)| count);
                if outer + tag.namespaces > limits.namespaces {
                    return Err(EnvelopeError::Limit("namespaces"));
                }
                if !tag.closes_itself {
                    namespaces.push((depth, outer + tag.namespaces));
                }
            }
            depth += usize::from(!tag.closes_itself);
            &rest[tag.length..]
        };
    }
    Ok(())
}

/// What `guard` wants to know of a start tag.
struct StartTag {
    /// Up to and with the `>`.
    length: usize,
    attributes: usize,
    /// Those of the attributes that declare a namespace.
    namespaces: usize,
    closes_itself: bool,
}

impl StartTag {
    /// Scans the tag whose `<` stands before `text`.
    fn scan(text: &str) -> Result<Self, EnvelopeError> {
        let mut quote = None;
        let mut attributes = 0;
        let mut namespaces = 0;
        // Where what stands before the next `=` begins.
        let mut name = 0;
        for (at, byte) in text.bytes().enumerate() {
            match (quote, byte) {
                (Some(open), _) if byte == open => {
                    quote = None;
                    name = at + 1;
                }
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    attributes += 1;
                    namespaces += usize::from(text[name..at].contains("xmlns"));
                    name = at + 1;
                }
                (None, b'>') => {
                    return Ok(Self {
                        length: at + 1,
                        attributes,
                        namespaces,
                        closes_itself: text[..at].ends_with('/'),
                    });
                }
                (None, _) => {}
            }
        }
        Err(EnvelopeError::Malformed("a tag has no end".to_owned()))
    }
}

fn after<'a>(text: &'a str, end: &str) -> Result<&'a str, EnvelopeError> {
    text.split_once(end)
        .map(|(_, rest)| rest)
        .ok_or_else(|| EnvelopeError::Malformed(format!("no {end}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document, EnvelopeError> {
        Document::parse(text.as_bytes(), &Limits::default())
    }

    const REQUEST: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
        <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">\
        <soap:Header><ABAuthHeader xmlns=\"http://www.msn.com/webservices/AddressBook\">\
        <TicketToken> t=a&amp;p=b\n</TicketToken></ABAuthHeader></soap:Header><soap:Body>\n\
        <ABContactAdd xmlns=\"http://www.msn.com/webservices/AddressBook\"><options>\
        <EnableAllowListManagement>\n true\n</EnableAllowListManagement></options>\
        <ids><guid>a</guid><guid/><guid> b </guid></ids></ABContactAdd></soap:Body></soap:Envelope>";

    fn check(text: &str) {
        let document = parse(text).unwrap();
        let request = document.request();
        assert_eq!(request.name(), "ABContactAdd");
        assert_eq!(document.ticket_token(), Some("t=a&p=b"));
        let options = request.child("options").unwrap();
        assert_eq!(options.flag("EnableAllowListManagement"), Some(true));
        assert_eq!(options.flag("other"), None);
        let ids: Vec<_> = request.texts_of(&["ids"], "guid").collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(request.texts_of(&["none", "ids"], "guid").count(), 0);
    }

    #[test]
    fn reads_by_meaning() {
        check(REQUEST);
        check(&format!("\u{feff}{REQUEST}\r\n \n"));
        check(
            &REQUEST
                .replace("soap:", "s:")
                .replace("xmlns:soap", "xmlns:s"),
        );
        check(
            &REQUEST
                .replace("> t=", "><!-- c --><![CDATA[t=a&p=b]]><!--")
                .replace("p=b\n<", "--><"),
        );
        // Prefixed payload elements, and no namespace for the payload at all.
        check(
            &REQUEST
                .replace(" xmlns=", " xmlns:n=")
                .replace("<ABC", "<n:ABC")
                .replace("</ABC", "</n:ABC"),
        );
        check(&REQUEST.replace(&format!(" xmlns=\"{ADDRESS_BOOK}\""), ""));
    }

    #[test]
    fn the_right_namespace_goes_first() {
        let element = Element::parse(
            b"<a xmlns='urn:a'><v xmlns='urn:b'>wrong</v><v>right</v><w xmlns='urn:b'>only</w></a>",
            &Limits::default(),
        )
        .unwrap();
        assert_eq!(element.text_of("v"), "right");
        assert_eq!(element.text_of("w"), "only");
        assert_eq!(element.text_of("x"), "");
    }

    #[test]
    fn characters_that_xml_forbids_are_taken_out() {
        let document = "<a n='&#2;x'>\u{3}4red&#x1;</a>";
        let element = Element::parse(document.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(element.text(), "4red");
        assert_eq!(element.attribute("n"), Some("x"));
    }

    #[test]
    fn declarations_are_refused() {
        for text in [
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<!DOCTYPE a><a/>",
            "<?xml version='1.0'?><!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        ] {
            assert_eq!(
                parse(text).unwrap_err(),
                EnvelopeError::Declaration,
                "{text}"
            );
        }
    }

    #[test]
    fn limits_hold_before_a_tree_is_built() {
        let limits = Limits {
            bytes: 200,
            depth: 3,
            nodes: 10,
            attributes: 2,
            namespaces: 2,
        };
        let outcome = |text: &str| Element::parse(text.as_bytes(), &limits).map(|_| ());
        assert_eq!(outcome("<a><b><c/><c></c></b></a>"), Ok(()));
        assert_eq!(
            outcome("<a><b><c><d/></c></b></a>"),
            Err(EnvelopeError::Limit("levels"))
        );
        assert_eq!(outcome("<a b='=' c=\">=\"/>"), Ok(()));
        assert_eq!(
            outcome("<a b='1' c='2' d='3'/>"),
            Err(EnvelopeError::Limit("attributes"))
        );
        for scoped in [
            "<a xmlns='1'><b xmlns:c='2'><c/></b><b xmlns = '2'/><b q='xmlns='/></a>",
            "<a><b xmlns='1' xmlns:d='2'/><b xmlns='3'><c\nxmlns='4'/></b></a>",
        ] {
            assert_eq!(outcome(scoped), Ok(()), "{scoped}");
        }
        for scoped in [
            "<a xmlns='1' xmlns:b='2'><b xmlns='3'/></a>",
            "<a xmlns='1'><b xmlns='2'/><b xmlns='3'><c xmlns:d='4'/></b></a>",
            "<a xmlns='1'><b><c\n xmlns:d\t='2'\nxmlns='3'/></b></a>",
        ] {
            let limit = Err(EnvelopeError::Limit("namespaces"));
            assert_eq!(outcome(scoped), limit, "{scoped}");
        }
        assert_eq!(
            outcome(&format!("<a>{}</a>", "<b/>".repeat(20))),
            Err(EnvelopeError::Limit("nodes"))
        );
        assert_eq!(
            outcome(&format!("<a>{}</a>", "x".repeat(200))),
            Err(EnvelopeError::Limit("bytes"))
        );
    }

    #[test]
    fn no_document_overflows_the_stack() {
        let limits = Limits {
            depth: usize::MAX,
            ..Limits::default()
        };
        let nested = |depth| "<a>".repeat(depth) + &"</a>".repeat(depth);
        let outcome = |depth| Element::parse(nested(depth).as_bytes(), &limits).map(|_| ());
        assert_eq!(outcome(DEEPEST), Ok(()));
        let limit = Err(EnvelopeError::Limit("levels"));
        assert_eq!(outcome(DEEPEST + 1), limit);
        assert_eq!(outcome(20_000), limit);
    }

    #[test]
    fn what_is_no_envelope_says_so() {
        assert_eq!(parse("<a/>").unwrap_err(), EnvelopeError::NotAnEnvelope);
        for text in [
            "<Envelope/>",
            "<Envelope><Body/></Envelope>",
            "<Envelope><Body>text</Body></Envelope>",
        ] {
            assert_eq!(
                parse(text).unwrap_err(),
                EnvelopeError::NotAnEnvelope,
                "{text}"
            );
        }
        assert_eq!(
            Document::parse(b"\xff\xfe<\0", &Limits::default()).unwrap_err(),
            EnvelopeError::Encoding
        );
        for text in [
            "", "text", "<a>", "<a", "<a b='", "<a></b>", "<!-- ", "<x:a/>", "<a/><b/>",
        ] {
            assert!(
                matches!(parse(text), Err(EnvelopeError::Malformed(_))),
                "{text}"
            );
        }
    }
}
