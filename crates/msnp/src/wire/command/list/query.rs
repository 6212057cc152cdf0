//! FQY: which network is this address on? (wire-versions, 3.4)

use std::fmt::Write;

use bytes::Bytes;
use roxmltree::Node;

use super::{ListError, Network, element};
use crate::handle::{Handle, InvalidHandle};
use crate::wire::xml;

/// Addresses, and in the answer their networks.
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
        let document = element::open(document)?;
        let mut contacts = Vec::new();
        for domain in element::elements(document.root_element())? {
            contacts.extend(element::domain_of(domain, QueriedContact::read)?);
        }
        if contacts.is_empty() {
            return Err(ListError::Empty);
        }
        let contacts = element::grouped(contacts, |contact| &contact.domain);
        Ok(Self { contacts })
    }

    /// Writes the document, one `<d>` per domain, without white space between tags.
    pub fn write(&self) -> Bytes {
        let mut out = String::from("<ml>");
        for (domain, contacts) in element::by_domain(&self.contacts, |contact| &contact.domain) {
            element::open_domain(domain, &mut out);
            for contact in contacts {
                out.push_str("<c n=\"");
                xml::escape_into(&contact.local, &mut out);
                out.push('"');
                if let Some(network) = contact.network {
                    // Writing into a growing string cannot fail.
                    let _ = write!(out, " t=\"{}\"", network.number());
                }
                out.push_str(" />");
            }
            out.push_str("</d>");
        }
        out.push_str("</ml>");
        out.into()
    }
}

impl QueriedContact {
    fn read(domain: &str, contact: Node<'_, '_>) -> Result<Self, ListError> {
        Ok(Self {
            local: element::named(contact)?.into(),
            domain: domain.into(),
            network: element::network_of(contact)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_real_clients() {
        for document in [
            r#"<ml><d n="example.com"><c n="bob"/></d></ml>"#,
            r#"<ml l="2"><d n="example.com"><c n="bob"/></d></ml>"#,
            r#"<ml l="2"><d n="example.com"><c n="bob" l="3" t="1" /></d></ml>"#,
        ] {
            let mut query = Query::parse(document.as_bytes()).unwrap();
            assert_eq!(query.contacts[0].handle(), Handle::parse("bob@example.com"));
            query.contacts[0].network = Some(Network::Messenger);
            let answer = query.write();
            assert_eq!(
                answer,
                r#"<ml><d n="example.com"><c n="bob" t="1" /></d></ml>"#
            );
            assert_eq!(Query::parse(&answer), Ok(query));
        }
    }

    #[test]
    fn an_address_unknown_has_no_network() {
        let document = br#"<ml><d n="example.com"><c n="bob"/><c n="ghost"/></d><d n="yahoo.example"><c n="dora"/></d></ml>"#;
        let mut query = Query::parse(document).unwrap();
        query.contacts[0].network = Some(Network::Messenger);
        let answer = query.write();
        assert_eq!(answer.len(), 105);
        assert_eq!(
            answer,
            r#"<ml><d n="example.com"><c n="bob" t="1" /><c n="ghost" /></d><d n="yahoo.example"><c n="dora" /></d></ml>"#
        );
    }

    #[test]
    fn mistakes_are_those_of_lists() {
        for (document, error) in [
            ("<ml></ml>", ListError::Empty),
            ("<ml l='2'/>", ListError::Empty),
            ("<ml><d n='a'/></ml>", ListError::Empty),
            (
                "<ml><d><c n='bob'/></d></ml>",
                ListError::Invalid("element without n"),
            ),
            (
                "<ml><d n='a'><c n='b' t='9'/></d></ml>",
                ListError::UnknownNetwork,
            ),
            ("<ml><d", ListError::Malformed),
        ] {
            assert_eq!(Query::parse(document.as_bytes()), Err(error), "{document}");
        }
    }
}
