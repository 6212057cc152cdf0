//! The elements that lists and queries have in common, `<ml>`, `<d>` and `<c>`, and what may
//! be wrong with them (wire-msnp13, 4, "Errors").

use std::collections::HashMap;

use roxmltree::{Document, Node};

use super::Network;
use crate::error::ErrorCode;
use crate::roster::Lists;
use crate::wire::xml;

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
        match self {
            Self::Malformed | Self::Invalid(_) => ErrorCode::InvalidList,
            Self::Empty => ErrorCode::EmptyList,
            Self::UnknownNetwork => ErrorCode::UnknownNetwork,
        }
    }

    /// Whether the server closes after that.
    pub fn closes(self) -> bool {
        self == Self::Malformed
    }
}

/// More than fit into the longest payload, white space between tags included.
const MAX_NODES: u32 = 10_000;

pub(super) fn open(document: &[u8]) -> Result<Document<'_>, ListError> {
    let document = xml::open(document, MAX_NODES).ok_or(ListError::Malformed)?;
    match document.root_element().tag_name().name() {
        "ml" => Ok(document),
        _ => Err(ListError::Invalid("another document")),
    }
}

/// The elements in one; white space between them, and comments, do not matter.
pub(super) fn elements<'a, 'input>(
    parent: Node<'a, 'input>,
) -> Result<impl Iterator<Item = Node<'a, 'input>>, ListError> {
    let stray = |node: Node<'_, '_>| {
        node.is_text()
            && node
                .text()
                .is_some_and(|text| !text.trim_ascii().is_empty())
    };
    if parent.children().any(stray) {
        return Err(ListError::Invalid("text between tags"));
    }
    Ok(parent.children().filter(Node::is_element))
}

/// The contacts of one `<d n>`, each read by `read`.
pub(super) fn domain_of<'a, 'input, T>(
    element: Node<'a, 'input>,
    read: impl Fn(&str, Node<'a, 'input>) -> Result<T, ListError>,
) -> Result<Vec<T>, ListError> {
    let domain = named(element)?;
    let contacts: Vec<T> = elements(element)?
        .map(|contact| read(domain, contact))
        .collect::<Result<_, _>>()?;
    if contacts.is_empty() {
        return Err(ListError::Empty);
    }
    Ok(contacts)
}

/// The attribute `n` of a `<d>` or `<c>`.
pub(super) fn named<'a>(element: Node<'a, '_>) -> Result<&'a str, ListError> {
    if !matches!(element.tag_name().name(), "d" | "c") {
        return Err(ListError::Invalid("unknown element"));
    }
    let name = element.attribute("n").filter(|name| !name.is_empty());
    name.ok_or(ListError::Invalid("element without n"))
}

pub(super) fn lists_of(contact: Node<'_, '_>, allowed: Lists) -> Result<Lists, ListError> {
    let bits = contact.attribute("l").and_then(|bits| bits.parse().ok());
    bits.and_then(Lists::from_bits)
        .filter(|&lists| allowed.contains(lists))
        .ok_or(ListError::Invalid("lists"))
}

pub(super) fn network_of(contact: Node<'_, '_>) -> Result<Option<Network>, ListError> {
    let Some(number) = contact.attribute("t") else {
        return Ok(None);
    };
    let network = number.parse().ok().and_then(Network::from_number);
    network.map(Some).ok_or(ListError::UnknownNetwork)
}

pub(super) fn open_domain(domain: &str, out: &mut String) {
    out.push_str("<d n=\"");
    xml::escape_into(domain, out);
    out.push_str("\">");
}

/// The contacts, those of one domain together, domains in the order in which they come first.
pub(super) fn by_domain<T>(contacts: &[T], domain: impl Fn(&T) -> &str) -> Vec<(&str, Vec<&T>)> {
    let mut groups: Vec<(&str, Vec<&T>)> = Vec::new();
    let mut places = HashMap::new();
    for contact in contacts {
        let domain = domain(contact);
        let place = *places.entry(domain).or_insert_with(|| {
            groups.push((domain, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(contact);
    }
    groups
}

/// The same contacts in the order of [`by_domain`].
pub(super) fn grouped<T>(mut contacts: Vec<T>, domain: impl Fn(&T) -> &str) -> Vec<T> {
    let ranks: HashMap<Box<str>, usize> = by_domain(&contacts, &domain)
        .into_iter()
        .enumerate()
        .map(|(rank, (domain, _))| (domain.into(), rank))
        .collect();
    contacts.sort_by_key(|contact| ranks.get(domain(contact)).copied());
    contacts
}
