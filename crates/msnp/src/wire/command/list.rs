//! The contact list document `<ml>`, in which ADL, RML and FQY name contacts (wire-msnp13, 4).
//!
//! ```text
//!   <ml l="1">                                       l: the listing after sign-in
//!     <d n="example.com">                            domain
//!       <c n="bob" l="3" t="1" />                    local part, lists, network
//!     </d>
//!     <t><c n="tel:+15551111222" l="3" /></t>        telephones
//!   </ml>                                            (no white space between tags)
//! ```

mod element;
mod network;
mod query;

use std::fmt::Write;

use bytes::Bytes;
use roxmltree::Node;

pub use element::ListError;
pub use network::Network;
pub use query::{QueriedContact, Query};

use element::{by_domain, domain_of, elements, grouped, lists_of, named, network_of};

use crate::handle::{Handle, InvalidHandle};
use crate::presence::FriendlyName;
use crate::roster::{List, Lists};
use crate::wire::xml;

/// Contacts and the lists they go on or leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListDocument {
    /// Whether it is the listing after sign-in, or a change.
    pub occasion: Occasion,
    /// Contacts, those of one domain together.
    pub contacts: Vec<ListedContact>,
    /// Telephones.
    pub telephones: Vec<ListedTelephone>,
}

/// When a list is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// `<ml l="1">`: right after sign-in, possibly in several parts.
    Initial,
    /// `<ml>`: a change.
    Change,
}

/// One contact: `<c n l t {f}>` in its `<d n>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedContact {
    /// The part before the `@`, as written.
    pub local: Box<str>,
    /// The part after the `@`, as written.
    pub domain: Box<str>,
    /// `l`.
    pub lists: Lists,
    /// `t`.
    pub network: Network,
    /// `f`, in `ADL 0`: the name of whoever added.
    pub name: Option<FriendlyName>,
}

impl ListedContact {
    /// A contact of this service.
    pub fn new(handle: &Handle, lists: Lists) -> Self {
        Self {
            local: handle.local().into(),
            domain: handle.domain().into(),
            lists,
            network: Network::Messenger,
            name: None,
        }
    }

    /// The handle, if it is one (208 otherwise).
    pub fn handle(&self) -> Result<Handle, InvalidHandle> {
        Handle::from_parts(&self.local, &self.domain)
    }
}

/// One telephone: `<c n l>` in `<t>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTelephone {
    /// `tel:+15551111222`.
    pub number: Box<str>,
    /// `l`.
    pub lists: Lists,
}

/// The order of a contact's attributes. No reader minds; the official ones differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeOrder {
    /// `n l t {f}`: clients, and `RML 0`.
    ListsFirst,
    /// `n t l {f}`: `ADL 0`.
    NetworkFirst,
}

impl ListDocument {
    /// Reads the document of a client's `ADL` or `RML`: only FL, AL and BL.
    pub fn parse_request(document: &[u8]) -> Result<Self, ListError> {
        Self::read(document, Lists::SESSION)
    }

    /// Reads the document of `ADL 0` or `RML 0`: any list.
    pub fn parse_push(document: &[u8]) -> Result<Self, ListError> {
        Self::read(
            document,
            List::ALL
                .into_iter()
                .map(Lists::from)
                .fold(Lists::NONE, Lists::union),
        )
    }

    /// What the account is told that `adder`, called `name`, put on FL: `ADL 0`.
    pub fn added_by(adder: &Handle, name: &FriendlyName) -> Bytes {
        let mut contact = ListedContact::new(adder, Lists::REVERSE);
        contact.name = Some(name.clone());
        Self::change(contact).write(AttributeOrder::NetworkFirst)
    }

    /// What the account is told that `remover` took off FL: `RML 0`.
    pub fn removed_by(remover: &Handle) -> Bytes {
        let contact = ListedContact::new(remover, Lists::REVERSE);
        Self::change(contact).write(AttributeOrder::ListsFirst)
    }

    fn change(contact: ListedContact) -> Self {
        Self {
            occasion: Occasion::Change,
            contacts: vec![contact],
            telephones: Vec::new(),
        }
    }

    /// Writes the document, one `<d>` per domain, without white space between tags.
    pub fn write(&self, order: AttributeOrder) -> Bytes {
        let mut out = String::with_capacity(64 + 32 * self.contacts.len());
        out.push_str(match self.occasion {
            Occasion::Initial => "<ml l=\"1\">",
            Occasion::Change => "<ml>",
        });
        for (domain, contacts) in by_domain(&self.contacts, |contact| &contact.domain) {
            element::open_domain(domain, &mut out);
            for contact in contacts {
                contact.write(order, &mut out);
            }
            out.push_str("</d>");
        }
        if !self.telephones.is_empty() {
            out.push_str("<t>");
            for telephone in &self.telephones {
                out.push_str("<c n=\"");
                xml::escape_into(&telephone.number, &mut out);
                // Writing into a growing string cannot fail.
                let _ = write!(out, "\" l=\"{}\" />", telephone.lists.bits());
            }
            out.push_str("</t>");
        }
        out.push_str("</ml>");
        out.into()
    }

    fn read(document: &[u8], allowed: Lists) -> Result<Self, ListError> {
        let document = element::open(document)?;
        let root = document.root_element();
        let occasion = match root.attribute("l") {
            Some(_) => Occasion::Initial,
            None => Occasion::Change,
        };
        let (mut contacts, mut telephones) = (Vec::new(), Vec::new());
        for child in elements(root)? {
            match child.tag_name().name() {
                "d" => contacts.extend(domain_of(child, |domain, contact| {
                    ListedContact::read(domain, contact, allowed)
                })?),
                "t" => {
                    for contact in elements(child)? {
                        telephones.push(ListedTelephone {
                            number: named(contact)?.into(),
                            lists: lists_of(contact, allowed)?,
                        });
                    }
                }
                _ => return Err(ListError::Invalid("unknown element")),
            }
        }
        if occasion == Occasion::Change && contacts.is_empty() && telephones.is_empty() {
            return Err(ListError::Empty);
        }
        let contacts = grouped(contacts, |contact| &contact.domain);
        Ok(Self {
            occasion,
            contacts,
            telephones,
        })
    }
}

impl ListedContact {
    fn read(domain: &str, contact: Node<'_, '_>, allowed: Lists) -> Result<Self, ListError> {
        let name = contact.attribute("f").and_then(|name| {
            // Some servers send it without percent-coding.
            let wire = FriendlyName::from_wire(name).ok();
            wire.or_else(|| FriendlyName::from_text(name))
        });
        Ok(Self {
            local: named(contact)?.into(),
            domain: domain.into(),
            lists: lists_of(contact, allowed)?,
            network: network_of(contact)?.ok_or(ListError::Invalid("contact without t"))?,
            name,
        })
    }

    fn write(&self, order: AttributeOrder, out: &mut String) {
        out.push_str("<c n=\"");
        xml::escape_into(&self.local, out);
        let (lists, network) = ((" l", self.lists.bits()), (" t", self.network.number()));
        let pairs = match order {
            AttributeOrder::ListsFirst => [lists, network],
            AttributeOrder::NetworkFirst => [network, lists],
        };
        out.push('"');
        for (name, number) in pairs {
            let _ = write!(out, "{name}=\"{number}\"");
        }
        if let Some(name) = &self.name {
            out.push_str(" f=\"");
            xml::escape_into(name.wire(), out);
            out.push('"');
        }
        out.push_str(" />");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> Result<ListDocument, ListError> {
        ListDocument::parse_request(document.as_bytes())
    }

    #[test]
    fn documents_of_clients_come_back_unchanged() {
        for (length, document) in [
            (
                129,
                r#"<ml l="1"><d n="example.com"><c n="bob" l="3" t="1" /><c n="carol" l="3" t="1" /></d><t><c n="tel:+15551111222" l="3" /></t></ml>"#,
            ),
            (
                110,
                r#"<ml l="1"><d n="hotmail.com"><c n="anotheruser" l="3" t="1" /></d><t><c n="tel:+15551111222" l="3" /></t></ml>"#,
            ),
            (15, r#"<ml l="1"></ml>"#),
            (
                59,
                r#"<ml><d n="example.com"><c n="carol" l="1" t="1" /></d></ml>"#,
            ),
        ] {
            assert_eq!(document.len(), length);
            let list = read(document).unwrap();
            assert_eq!(list.write(AttributeOrder::ListsFirst), document);
        }
        let list = read(r#"<ml l="1"><d n="example.com"><c n="bob" l="3" t="1" /></d><t><c n="tel:+15551111222" l="3" /></t></ml>"#).unwrap();
        assert_eq!(list.occasion, Occasion::Initial);
        assert_eq!(list.contacts[0].handle(), Handle::parse("bob@example.com"));
        assert_eq!(list.contacts[0].lists, Lists::FORWARD | Lists::ALLOW);
        assert_eq!(&*list.telephones[0].number, "tel:+15551111222");
    }

    #[test]
    fn pushes_are_those_of_the_transcripts() {
        let push = |local, domain, name| {
            let adder = Handle::from_parts(local, domain).unwrap();
            ListDocument::added_by(&adder, &FriendlyName::from_wire(name).unwrap())
        };
        for (length, document, push) in [
            (
                86,
                r#"<ml><d n="hotmail.com"><c n="digsby06" t="1" l="8" f="digsby%20oh%20sicks" /></d></ml>"#,
                push("digsby06", "hotmail.com", "digsby%20oh%20sicks"),
            ),
            (
                73,
                r#"<ml><d n="example.com"><c n="alice" t="1" l="8" f="Alice%20W" /></d></ml>"#,
                push("alice", "example.com", "Alice%20W"),
            ),
            (
                69,
                r#"<ml><d n="example.com"><c n="carol" t="1" l="8" f="Carol" /></d></ml>"#,
                push("carol", "example.com", "Carol"),
            ),
            (
                59,
                r#"<ml><d n="example.com"><c n="alice" l="8" t="1" /></d></ml>"#,
                ListDocument::removed_by(&Handle::parse("alice@example.com").unwrap()),
            ),
            (
                65,
                r#"<ml><d n="hotmail.com"><c n="anotheruser" l="8" t="1" /></d></ml>"#,
                ListDocument::removed_by(&Handle::parse("anotheruser@hotmail.com").unwrap()),
            ),
        ] {
            assert_eq!(push, document);
            assert_eq!(push.len(), length);
            let list = ListDocument::parse_push(&push).unwrap();
            assert_eq!(list.contacts[0].lists, Lists::REVERSE);
            assert_eq!(
                read(document),
                Err(ListError::Invalid("lists")),
                "not from a client"
            );
        }
        let plain = ListDocument::parse_push(
            br#"<ml><d n="a"><c n="b" l="8" t="1" f="another user" /></d></ml>"#,
        );
        let name = plain.unwrap().contacts[0].name.clone().unwrap();
        assert_eq!(name.wire(), "another%20user");
    }

    #[test]
    fn a_name_with_markup_is_escaped() {
        let adder = Handle::parse("a@b").unwrap();
        let name = FriendlyName::from_wire("<\"&'>").unwrap();
        assert_eq!(
            ListDocument::added_by(&adder, &name),
            r#"<ml><d n="b"><c n="a" t="1" l="8" f="&lt;&quot;&amp;&apos;&gt;" /></d></ml>"#
        );
    }

    #[test]
    fn reading_is_liberal() {
        let list = read(
            "<?xml version='1.0'?>\r\n<ml>\r\n <d n='b.c'><!-- x --><c t='1' l='1' n='a&amp;b' z='1'/></d>\n\
             <d n='d'><c n='e' l='7' t='32'></c></d>\t<d n='b.c'><c n='f' l='0' t='1'/></d></ml> ",
        )
        .unwrap();
        let contacts: Vec<_> = list
            .contacts
            .iter()
            .map(|c| (&*c.local, &*c.domain))
            .collect();
        assert_eq!(
            contacts,
            [("a&b", "b.c"), ("f", "b.c"), ("e", "d")],
            "domains merged"
        );
        assert_eq!(list.contacts[2].network, Network::Yahoo);
        assert!(list.contacts[0].handle().is_err(), "& is in no handle");
    }

    #[test]
    fn every_mistake_has_its_code() {
        use ListError::{Empty, Invalid, Malformed, UnknownNetwork};
        let c = |attributes: &str| format!("<ml><d n='example.com'><c {attributes}/></d></ml>");
        let unclear = Invalid("");
        for (document, error) in [
            ("<ml></ml>".to_owned(), Empty),
            ("<ml/>".to_owned(), Empty),
            ("<ml><t></t></ml>".to_owned(), Empty),
            ("<ml><d n='a.b'></d></ml>".to_owned(), Empty),
            ("<ml l='1'><d n='a.b'/></ml>".to_owned(), Empty),
            ("<ml><d></d></ml>".to_owned(), unclear),
            (
                "<ml><d n=''><c n='a' l='1' t='1'/></d></ml>".to_owned(),
                unclear,
            ),
            (c("n='bob' l='1' t='256'"), UnknownNetwork),
            (c("n='bob' l='1' t='3'"), UnknownNetwork),
            (c("n='bob' l='1' t='x'"), UnknownNetwork),
            (c("n='bob' l='1'"), unclear),
            (c("n='bob' l='8' t='1'"), unclear),
            (c("n='bob' l='17' t='1'"), unclear),
            (c("n='bob' l='32' t='1'"), unclear),
            (c("n='bob' l='x' t='1'"), unclear),
            (c("n='bob' l='-1' t='1'"), unclear),
            (c("n='bob' t='1'"), unclear),
            (c("l='1' t='1'"), unclear),
            ("<ml>text</ml>".to_owned(), unclear),
            ("<ml><x/></ml>".to_owned(), unclear),
            (
                "<ml><d n='a'><x n='b' l='1' t='1'/></d></ml>".to_owned(),
                unclear,
            ),
            ("<xx/>".to_owned(), unclear),
            (String::new(), Malformed),
            ("<ml".to_owned(), Malformed),
            ("<ml></ml><ml></ml>".to_owned(), Malformed),
            ("<ml><d n='a'></ml>".to_owned(), Malformed),
            ("<!DOCTYPE ml [<!ENTITY a 'b'>]><ml/>".to_owned(), Malformed),
            (format!("<ml>{}</ml>", "<a/>".repeat(10_000)), Malformed),
        ] {
            let found = read(&document).unwrap_err();
            match error {
                Invalid(_) => assert!(matches!(found, Invalid(_)), "{document}"),
                _ => assert_eq!(found, error, "{document}"),
            }
        }
        assert_eq!(
            ListDocument::parse_request(b"<ml>\xff</ml>"),
            Err(Malformed)
        );
        let told =
            [Empty, unclear, Malformed, UnknownNetwork].map(|e| (e.code().number(), e.closes()));
        assert_eq!(
            told,
            [(240, false), (241, false), (241, true), (204, false)]
        );
    }
}
