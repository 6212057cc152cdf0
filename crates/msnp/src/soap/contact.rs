//! What an address book holds: contacts with their properties, and groups.
//!
//! services-addressbook, 2 to 5. Which of them make a list is not decided here: FL is the contacts
//! with [`Contact::messenger`], and `roster` has the rules.

use super::guid::Guid;
use super::refusal::Refusal;
use super::timestamp::Timestamp;
use crate::roster::{AddPolicy, Privacy};

/// A contact as an answer tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Stays the same as long as the contact is there.
    pub id: Guid,
    /// Oneself, or another.
    pub kind: ContactKind,
    /// The Passport address, if the contact has one.
    pub passport_name: Option<String>,
    /// What to show.
    pub display_name: String,
    /// The contact's own CID; 0 if it has no account here.
    pub cid: i64,
    /// The groups it is in.
    pub group_ids: Vec<Guid>,
    /// Whether it is on FL.
    pub messenger: bool,
    /// Everything else.
    pub properties: Properties,
    /// A tombstone: the contact is gone.
    pub deleted: bool,
    /// When it last changed.
    pub last_change: Timestamp,
}

/// Whose contact it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactKind {
    /// The owner of the address book.
    Me,
    /// Anybody else. MSNP13 knows no finer difference.
    Regular,
}

impl ContactKind {
    /// As it is written in `contactType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Me => "Me",
            Self::Regular => "Regular",
        }
    }
}

impl Contact {
    /// What goes into `quickName`: the name given, or the first half of the address.
    pub fn quick_name(&self) -> &str {
        let given = &self.properties.quick_name;
        match &self.passport_name {
            Some(address) if given.is_empty() => {
                address.split_once('@').map_or(address, |(local, _)| local)
            }
            _ => given,
        }
    }

    /// The annotations in the order of the old service: of Me, the three that every client looks for
    /// go first.
    pub fn annotations(&self) -> impl Iterator<Item = &Annotation> {
        let rank = |annotation: &Annotation| {
            [MBEA, GTC, BLP]
                .iter()
                .position(|name| *name == annotation.name)
                .unwrap_or(3)
        };
        let mut annotations: Vec<_> = self.properties.annotations.iter().collect();
        annotations.sort_by_key(|annotation| rank(annotation));
        annotations.into_iter()
    }

    /// Whether messages may go to one of the contact's telephones.
    pub fn mobile(&self) -> bool {
        self.properties.phones.iter().any(|phone| phone.messenger)
    }
}

/// A group as an answer tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Stays the same as long as the group is there.
    pub id: Guid,
    /// What to show.
    pub name: String,
    /// A group of favourites (Windows Live Messenger 2009).
    pub favorite: bool,
    /// A tombstone: the group is gone.
    pub deleted: bool,
    /// When it last changed.
    pub last_change: Timestamp,
}

/// What is known of a contact beyond address and lists. Empty texts and lists are absent ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[expect(missing_docs, reason = "the names are those of the protocol")]
pub struct Properties {
    pub display_name: String,
    pub quick_name: String,
    pub first_name: String,
    pub middle_name: String,
    pub last_name: String,
    pub comment: String,
    /// An xsd:dateTime.
    pub birthdate: String,
    pub anniversary: String,
    pub primary_email_type: String,
    pub favorite: bool,
    pub smtp: bool,
    pub has_space: bool,
    pub emails: Vec<Email>,
    pub phones: Vec<Phone>,
    pub locations: Vec<Location>,
    pub web_sites: Vec<WebSite>,
    /// Known and unknown ones alike, as they came.
    pub annotations: Vec<Annotation>,
}

/// `ContactEmail`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Email {
    /// `ContactEmailPersonal`, `Messenger2` and the like.
    pub kind: String,
    /// The address.
    pub address: String,
    /// Whether messages may go there.
    pub messenger: bool,
    /// The network it belongs to: 32 is Yahoo.
    pub capability: u32,
    /// `MessengerEnabledExternally`.
    pub external: bool,
}

/// `ContactPhone`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Phone {
    /// `ContactPhoneMobile` and the like.
    pub kind: String,
    /// The number.
    pub number: String,
    /// Whether messages may go there.
    pub messenger: bool,
}

/// `ContactLocation`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
#[expect(missing_docs, reason = "the names are those of the protocol")]
pub struct Location {
    /// `ContactLocationPersonal` or `ContactLocationBusiness`.
    pub kind: String,
    pub name: String,
    pub street: String,
    pub city: String,
    pub state: String,
    pub country: String,
    pub postal_code: String,
}

/// `ContactWebSite`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct WebSite {
    /// `ContactWebSitePersonal` and the like.
    pub kind: String,
    /// The address.
    pub url: String,
}

/// A named value at a contact, a member, or oneself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Annotation {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Annotation {
    /// An annotation.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

impl Properties {
    /// Sets an annotation; an empty value takes it away.
    pub fn annotate(&mut self, annotation: Annotation) {
        let place = self
            .annotations
            .iter_mut()
            .find(|a| a.name == annotation.name);
        match place {
            Some(place) => *place = annotation,
            None => self.annotations.push(annotation),
        }
        self.annotations.retain(|a| !a.value.is_empty());
    }

    /// Whether all this may be kept: nothing longer and nothing more than any client makes.
    pub fn check(&self) -> Result<(), Refusal> {
        let emails = self.emails.iter().flat_map(|e| [&e.kind, &e.address]);
        let phones = self.phones.iter().flat_map(|p| [&p.kind, &p.number]);
        let places = self.locations.iter().flat_map(|l| {
            [
                &l.kind,
                &l.name,
                &l.street,
                &l.city,
                &l.state,
                &l.country,
                &l.postal_code,
            ]
        });
        let sites = self.web_sites.iter().flat_map(|s| [&s.kind, &s.url]);
        let annotations = self.annotations.iter().flat_map(|a| [&a.name, &a.value]);
        let texts = [
            &self.quick_name,
            &self.first_name,
            &self.middle_name,
            &self.last_name,
            &self.comment,
            &self.birthdate,
            &self.anniversary,
            &self.primary_email_type,
        ];
        if self.display_name.chars().count() > DISPLAY_NAME_LIMIT {
            return Err(Refusal::TooLong("DisplayName"));
        }
        let mut all = texts
            .into_iter()
            .chain(emails)
            .chain(phones)
            .chain(places)
            .chain(sites)
            .chain(annotations);
        if all.any(|text| text.len() > TEXT_LIMIT) {
            return Err(Refusal::TooLong("contactInfo"));
        }
        let most = [
            self.emails.len(),
            self.phones.len(),
            self.locations.len(),
            self.web_sites.len(),
            self.annotations.len(),
        ];
        if most.into_iter().any(|count| count > COUNT_LIMIT) {
            return Err(Refusal::QuotaLimitReached);
        }
        Ok(())
    }
}

/// `MSN.IM.GTC` of Me: what happens when somebody adds me.
pub const GTC: &str = "MSN.IM.GTC";
/// `MSN.IM.BLP` of Me: whom those on neither list are.
pub const BLP: &str = "MSN.IM.BLP";
/// `MSN.IM.MBEA` of Me: whether I have a telephone for messages.
pub const MBEA: &str = "MSN.IM.MBEA";
/// What somebody says when adding me.
pub const INVITE_MESSAGE: &str = "MSN.IM.InviteMessage";
/// `32:` at an e-mail member: Yahoo.
pub const BUDDY_TYPE: &str = "MSN.IM.BuddyType";

/// What a value of [`GTC`] says: 0 is automatic, and so is 2, which some write for it.
pub fn add_policy(value: &str) -> AddPolicy {
    match value {
        "0" | "2" => AddPolicy::Automatic,
        _ => AddPolicy::Ask,
    }
}

/// The value of [`GTC`].
pub fn add_policy_value(policy: AddPolicy) -> &'static str {
    match policy {
        AddPolicy::Automatic => "0",
        AddPolicy::Ask => "1",
    }
}

/// What a value of [`BLP`] says: 0 is only those allowed, and so is 2, which some write for it.
pub fn privacy(value: &str) -> Privacy {
    match value {
        "0" | "2" => Privacy::AllowedOnly,
        _ => Privacy::Everyone,
    }
}

/// The value of [`BLP`].
pub fn privacy_value(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::AllowedOnly => "0",
        Privacy::Everyone => "1",
    }
}

/// Longest display name in characters (services-addressbook, 10).
pub const DISPLAY_NAME_LIMIT: usize = 387;
/// Longest other text in bytes: room for the longest comment and invitation that clients allow.
const TEXT_LIMIT: usize = 2048;
/// Most addresses, telephones, annotations and so on of one contact.
const COUNT_LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_merge_by_name_and_empty_ones_go() {
        let mut properties = Properties::default();
        properties.annotate(Annotation::new("AB.NickName", "Bobby"));
        properties.annotate(Annotation::new("X.Unknown", "1"));
        properties.annotate(Annotation::new("AB.NickName", "Rob"));
        assert_eq!(
            properties.annotations,
            [
                Annotation::new("AB.NickName", "Rob"),
                Annotation::new("X.Unknown", "1")
            ]
        );
        properties.annotate(Annotation::new("AB.NickName", ""));
        properties.annotate(Annotation::new("never there", ""));
        assert_eq!(properties.annotations, [Annotation::new("X.Unknown", "1")]);
    }

    #[test]
    fn too_much_is_refused() {
        let mut properties = Properties {
            display_name: "é".repeat(DISPLAY_NAME_LIMIT),
            comment: "x".repeat(TEXT_LIMIT),
            ..Properties::default()
        };
        assert_eq!(properties.check(), Ok(()));
        properties.comment.push('x');
        assert_eq!(properties.check(), Err(Refusal::TooLong("contactInfo")));
        properties.comment.clear();
        properties.display_name.push('x');
        assert_eq!(properties.check(), Err(Refusal::TooLong("DisplayName")));
        properties.display_name.clear();
        for number in 0..=COUNT_LIMIT {
            assert_eq!(properties.check(), Ok(()));
            properties.annotate(Annotation::new(number.to_string(), "1"));
        }
        assert_eq!(properties.check(), Err(Refusal::QuotaLimitReached));
    }

    #[test]
    fn both_spellings_of_a_policy_are_read() {
        for (value, policy) in [
            ("0", AddPolicy::Automatic),
            ("2", AddPolicy::Automatic),
            ("1", AddPolicy::Ask),
            ("", AddPolicy::Ask),
        ] {
            assert_eq!(add_policy(value), policy);
            assert_eq!(add_policy(add_policy_value(policy)), policy);
        }
        for (value, expected) in [
            ("0", Privacy::AllowedOnly),
            ("2", Privacy::AllowedOnly),
            ("1", Privacy::Everyone),
            ("", Privacy::Everyone),
        ] {
            assert_eq!(privacy(value), expected);
            assert_eq!(privacy(privacy_value(expected)), expected);
        }
    }
}
