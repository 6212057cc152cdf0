//! What a client changes at a contact: ABContactUpdate lists the properties that change, ABContactAdd
//! just has them.
//!
//! services-addressbook, 4.3. Only what `propertiesChanged` lists changes; a listed property whose
//! element is absent or empty is cleared; lists (annotations, addresses, telephones, places) merge
//! by name or kind, and their items have lists of changed properties of their own. Unknown tokens
//! are passed over.

use super::contact::{Annotation, Location, Properties, WebSite};
use super::envelope::Element;
use super::timestamp::Timestamp;

/// Changes to one contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContactChanges {
    /// A new Passport address, as it was written; empty takes it away.
    pub passport_name: Option<String>,
    /// Onto FL, or off it.
    pub messenger: Option<bool>,
    /// All other changes, in any order.
    pub properties: Vec<PropertyChange>,
}

/// A change to one property. Several of one kind are several changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropertyChange {
    /// A text; an empty one is cleared.
    Text(TextProperty, String),
    /// A truth value.
    Flag(FlagProperty, bool),
    /// Merges by name; an empty value takes the annotation away.
    Annotation(Annotation),
    /// Merges by kind.
    Email(EmailChange),
    /// Merges by kind.
    Phone(PhoneChange),
    /// Merges by kind.
    Location(LocationChange),
    /// All of them at once.
    WebSites(Vec<WebSite>),
}

/// The texts of [`Properties`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the fields")]
pub enum TextProperty {
    DisplayName,
    QuickName,
    FirstName,
    MiddleName,
    LastName,
    Comment,
    Birthdate,
    Anniversary,
    PrimaryEmailType,
}

/// The truth values of [`Properties`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the fields")]
pub enum FlagProperty {
    Favorite,
    Smtp,
    HasSpace,
}

/// What changes at the e-mail address of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the fields")]
pub struct EmailChange {
    pub kind: String,
    pub address: Option<String>,
    pub messenger: Option<bool>,
    pub capability: Option<u32>,
    pub external: Option<bool>,
}

/// What changes at the telephone of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the fields")]
pub struct PhoneChange {
    pub kind: String,
    pub number: Option<String>,
    pub messenger: Option<bool>,
}

/// What changes at the place of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the fields")]
pub struct LocationChange {
    pub kind: String,
    pub name: Option<String>,
    pub street: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub postal_code: Option<String>,
}

impl ContactChanges {
    /// What `propertiesChanged` says of `contactInfo`.
    pub fn read_update(info: &Element, properties_changed: &str) -> Self {
        let listed: Vec<&str> = properties_changed.split_whitespace().collect();
        Self::read(info, &|token, _| listed.contains(&token))
    }

    /// Everything that stands in `contactInfo`.
    pub fn read_all(info: &Element) -> Self {
        Self::read(info, &|_, element| info.child(element).is_some())
    }

    /// `applies` knows, by token and by element, what is to be read.
    fn read(info: &Element, applies: &dyn Fn(&str, &str) -> bool) -> Self {
        let mut properties = Vec::new();
        for &(property, token, element) in TEXTS {
            if applies(token, element) {
                let mut text = info.text_of(element);
                if property == TextProperty::Birthdate && Timestamp::parse(text).is_none() {
                    text = "";
                }
                properties.push(PropertyChange::Text(property, text.to_owned()));
            }
        }
        for &(property, token, element) in FLAGS {
            if applies(token, element) {
                let value = info.flag(element).unwrap_or_default();
                properties.push(PropertyChange::Flag(property, value));
            }
        }
        let items = |token, list, item| {
            info.child(list)
                .filter(|_| applies(token, list))
                .into_iter()
                .flat_map(move |list| list.children_named(item))
        };
        let annotations = items("Annotation", "annotations", "Annotation").map(read_annotation);
        properties.extend(annotations.map(PropertyChange::Annotation));
        let emails = items("ContactEmail", "emails", "ContactEmail").map(EmailChange::read);
        properties.extend(emails.map(PropertyChange::Email));
        let phones = items("ContactPhone", "phones", "ContactPhone").map(PhoneChange::read);
        properties.extend(phones.map(PropertyChange::Phone));
        let places = items("ContactLocation", "locations", "ContactLocation");
        properties.extend(
            places
                .map(LocationChange::read)
                .map(PropertyChange::Location),
        );
        if applies("ContactWebSite", "webSites") {
            let sites = items("ContactWebSite", "webSites", "ContactWebSite").map(|site| WebSite {
                kind: site.text_of("contactWebSiteType").to_owned(),
                url: site.text_of("webURL").to_owned(),
            });
            let sites = sites.filter(|site| !site.url.is_empty()).collect();
            properties.push(PropertyChange::WebSites(sites));
        }
        Self {
            passport_name: applies("Passport", "passportName")
                .then(|| info.text_of("passportName").to_owned()),
            messenger: applies("IsMessengerUser", "isMessengerUser")
                .then(|| info.flag("isMessengerUser").unwrap_or_default()),
            properties,
        }
    }
}

impl Properties {
    /// Makes one change.
    pub fn apply(&mut self, change: &PropertyChange) {
        match change {
            PropertyChange::Text(property, text) => text.clone_into(self.text_mut(*property)),
            PropertyChange::Flag(FlagProperty::Favorite, value) => self.favorite = *value,
            PropertyChange::Flag(FlagProperty::Smtp, value) => self.smtp = *value,
            PropertyChange::Flag(FlagProperty::HasSpace, value) => self.has_space = *value,
            PropertyChange::Annotation(annotation) => self.annotate(annotation.clone()),
            PropertyChange::Email(change) => {
                let email = of_kind(&mut self.emails, |e| &mut e.kind, &change.kind);
                set(&mut email.address, change.address.as_ref());
                set(&mut email.messenger, change.messenger.as_ref());
                set(&mut email.capability, change.capability.as_ref());
                set(&mut email.external, change.external.as_ref());
                self.emails.retain(|email| !email.address.is_empty());
            }
            PropertyChange::Phone(change) => {
                let phone = of_kind(&mut self.phones, |p| &mut p.kind, &change.kind);
                set(&mut phone.number, change.number.as_ref());
                set(&mut phone.messenger, change.messenger.as_ref());
                self.phones.retain(|phone| !phone.number.is_empty());
            }
            PropertyChange::Location(change) => {
                let place = of_kind(&mut self.locations, |l| &mut l.kind, &change.kind);
                set(&mut place.name, change.name.as_ref());
                set(&mut place.street, change.street.as_ref());
                set(&mut place.city, change.city.as_ref());
                set(&mut place.state, change.state.as_ref());
                set(&mut place.country, change.country.as_ref());
                set(&mut place.postal_code, change.postal_code.as_ref());
                self.locations.retain(|place| !place.is_empty());
            }
            PropertyChange::WebSites(sites) => sites.clone_into(&mut self.web_sites),
        }
    }

    fn text_mut(&mut self, property: TextProperty) -> &mut String {
        match property {
            TextProperty::DisplayName => &mut self.display_name,
            TextProperty::QuickName => &mut self.quick_name,
            TextProperty::FirstName => &mut self.first_name,
            TextProperty::MiddleName => &mut self.middle_name,
            TextProperty::LastName => &mut self.last_name,
            TextProperty::Comment => &mut self.comment,
            TextProperty::Birthdate => &mut self.birthdate,
            TextProperty::Anniversary => &mut self.anniversary,
            TextProperty::PrimaryEmailType => &mut self.primary_email_type,
        }
    }
}

/// Reads `Annotation`.
pub(super) fn read_annotation(element: &Element) -> Annotation {
    Annotation::new(element.text_of("Name"), element.text_of("Value"))
}

impl EmailChange {
    fn read(email: &Element) -> Self {
        let item = Item::new(email, "propertiesChanged");
        Self {
            kind: email.text_of("contactEmailType").to_owned(),
            address: item.text("Email", "email"),
            messenger: item.flag("IsMessengerEnabled", "isMessengerEnabled"),
            capability: item
                .text("Capability", "Capability")
                .map(|text| text.parse().unwrap_or_default()),
            external: item.flag("MessengerEnabledExternally", "MessengerEnabledExternally"),
        }
    }
}

impl PhoneChange {
    fn read(phone: &Element) -> Self {
        let item = Item::new(phone, "propertiesChanged");
        Self {
            kind: phone.text_of("contactPhoneType").to_owned(),
            number: item.text("Number", "number"),
            messenger: item.flag("IsMessengerEnabled", "isMessengerEnabled"),
        }
    }
}

impl LocationChange {
    fn read(place: &Element) -> Self {
        let item = Item::new(place, "Changes");
        Self {
            kind: place.text_of("contactLocationType").to_owned(),
            name: item.text("Name", "name"),
            street: item.text("Street", "street"),
            city: item.text("City", "city"),
            state: item.text("State", "state"),
            country: item.text("Country", "country"),
            postal_code: item.text("PostalCode", "postalCode"),
        }
    }
}

impl Location {
    fn is_empty(&self) -> bool {
        let of_kind = Self {
            kind: self.kind.clone(),
            ..Self::default()
        };
        *self == of_kind
    }
}

/// An item of a list with its own list of changed properties. Where that is missing or empty, what
/// stands there changes.
struct Item<'a> {
    element: &'a Element,
    changed: Vec<&'a str>,
}

impl<'a> Item<'a> {
    fn new(element: &'a Element, list: &str) -> Self {
        Self {
            element,
            changed: element.text_of(list).split_whitespace().collect(),
        }
    }

    fn changes(&self, token: &str, element: &str) -> bool {
        if self.changed.is_empty() {
            self.element.child(element).is_some()
        } else {
            self.changed.contains(&token)
        }
    }

    fn text(&self, token: &str, element: &str) -> Option<String> {
        self.changes(token, element)
            .then(|| self.element.text_of(element).to_owned())
    }

    fn flag(&self, token: &str, element: &str) -> Option<bool> {
        self.changes(token, element)
            .then(|| self.element.flag(element).unwrap_or_default())
    }
}

/// The item of this kind; a new one if there is none.
fn of_kind<'a, T: Default>(
    items: &'a mut Vec<T>,
    kind_of: fn(&mut T) -> &mut String,
    kind: &str,
) -> &'a mut T {
    let place = items
        .iter_mut()
        .position(|item| kind_of(item) == kind)
        .unwrap_or_else(|| {
            let mut item = T::default();
            kind.clone_into(kind_of(&mut item));
            items.push(item);
            items.len() - 1
        });
    &mut items[place]
}

fn set<T: Clone>(place: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        value.clone_into(place);
    }
}

/// Property, token in `propertiesChanged`, element.
const TEXTS: &[(TextProperty, &str, &str)] = &[
    (TextProperty::DisplayName, "DisplayName", "displayName"),
    (TextProperty::QuickName, "ContactQuickName", "quickName"),
    (TextProperty::FirstName, "ContactFirstName", "firstName"),
    (TextProperty::MiddleName, "MiddleName", "MiddleName"),
    (TextProperty::LastName, "ContactLastName", "lastName"),
    (TextProperty::Comment, "Comment", "comment"),
    (TextProperty::Birthdate, "ContactBirthDate", "birthdate"),
    (TextProperty::Anniversary, "Anniversary", "Anniversary"),
    (
        TextProperty::PrimaryEmailType,
        "ContactPrimaryEmailType",
        "primaryEmailType",
    ),
];

const FLAGS: &[(FlagProperty, &str, &str)] = &[
    (FlagProperty::Favorite, "IsFavorite", "isFavorite"),
    (FlagProperty::Smtp, "IsSmtp", "isSmtp"),
    (FlagProperty::HasSpace, "HasSpace", "hasSpace"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soap::contact::{Email, Phone};
    use crate::soap::envelope::Limits;

    fn updated(properties: &Properties, info: &str, tokens: &str) -> Properties {
        let info = Element::parse(
            format!("<contactInfo>{info}</contactInfo>").as_bytes(),
            &Limits::default(),
        )
        .unwrap();
        let mut properties = properties.clone();
        for change in &ContactChanges::read_update(&info, tokens).properties {
            properties.apply(change);
        }
        properties
    }

    #[test]
    fn only_what_is_listed_changes() {
        let before = Properties {
            display_name: "Bob".to_owned(),
            comment: "old".to_owned(),
            ..Properties::default()
        };
        let info = "<displayName> Rob </displayName><comment>new</comment>\
                    <isFavorite>1</isFavorite><firstName>R</firstName>";
        let after = updated(&before, info, " Unknown\nIsFavorite DisplayName ");
        assert_eq!(
            after,
            Properties {
                display_name: "Rob".to_owned(),
                comment: "old".to_owned(),
                favorite: true,
                ..Properties::default()
            }
        );
        assert_eq!(
            updated(&after, "", "DisplayName Comment IsFavorite"),
            Properties::default(),
            "listed and absent is cleared"
        );
        assert_eq!(updated(&before, info, ""), before);
    }

    #[test]
    fn addresses_merge_by_kind() {
        let one = "<emails><ContactEmail><contactEmailType>ContactEmailPersonal</contactEmailType>\
            <email>a@b.c</email><isMessengerEnabled>true</isMessengerEnabled>\
            <Capability>32</Capability>\
            <propertiesChanged>Email IsMessengerEnabled Capability</propertiesChanged>\
            </ContactEmail></emails>";
        let two = "<emails><ContactEmail><contactEmailType>ContactEmailPersonal</contactEmailType>\
            <email>ignored</email><propertiesChanged>IsMessengerEnabled </propertiesChanged>\
            </ContactEmail><ContactEmail><contactEmailType>ContactEmailOther</contactEmailType>\
            <email>x@y.z</email></ContactEmail></emails>";
        let first = updated(&Properties::default(), one, "ContactEmail ");
        let email = Email {
            kind: "ContactEmailPersonal".to_owned(),
            address: "a@b.c".to_owned(),
            messenger: true,
            capability: 32,
            external: false,
        };
        assert_eq!(first.emails, std::slice::from_ref(&email));
        let second = updated(&first, two, "ContactEmail");
        let other = Email {
            kind: "ContactEmailOther".to_owned(),
            address: "x@y.z".to_owned(),
            ..Email::default()
        };
        let expected = Email {
            messenger: false,
            ..email
        };
        assert_eq!(second.emails, [expected, other.clone()]);
        let gone = "<emails><ContactEmail><contactEmailType>ContactEmailPersonal</contactEmailType>\
            <email/><propertiesChanged>Email</propertiesChanged></ContactEmail></emails>";
        assert_eq!(updated(&second, gone, "ContactEmail").emails, [other]);
        assert_eq!(updated(&first, one, "ContactPhone"), first);
    }

    #[test]
    fn places_telephones_and_sites() {
        let info = "<phones><ContactPhone><contactPhoneType>ContactPhoneMobile</contactPhoneType>\
            <number>+1555</number><isMessengerEnabled>true</isMessengerEnabled></ContactPhone></phones>\
            <locations><ContactLocation><contactLocationType>ContactLocationPersonal</contactLocationType>\
            <city>Oslo</city><street>ignored</street><Changes>City </Changes></ContactLocation></locations>\
            <webSites><ContactWebSite><contactWebSiteType>ContactWebSitePersonal</contactWebSiteType>\
            <webURL>http://x/</webURL></ContactWebSite></webSites>";
        let tokens = "ContactPhone ContactLocation ContactWebSite";
        let after = updated(&Properties::default(), info, tokens);
        assert_eq!(
            after.phones,
            [Phone {
                kind: "ContactPhoneMobile".to_owned(),
                number: "+1555".to_owned(),
                messenger: true
            }]
        );
        assert_eq!(
            after.locations,
            [Location {
                kind: "ContactLocationPersonal".to_owned(),
                city: "Oslo".to_owned(),
                ..Location::default()
            }]
        );
        assert_eq!(after.web_sites.len(), 1);
        let empty = "<locations><ContactLocation>\
            <contactLocationType>ContactLocationPersonal</contactLocationType><city/>\
            <Changes>City</Changes></ContactLocation></locations>";
        let after = updated(&after, empty, tokens);
        assert!(after.locations.is_empty());
        assert!(after.web_sites.is_empty(), "sites come all at once");
        assert_eq!(after.phones.len(), 1);
    }

    #[test]
    fn a_birthday_that_is_none_is_cleared() {
        let info = "<birthdate>1980-01-02T00:00:00</birthdate>";
        let after = updated(&Properties::default(), info, "ContactBirthDate");
        assert_eq!(after.birthdate, "1980-01-02T00:00:00");
        let info = "<birthdate>soon</birthdate>";
        assert_eq!(updated(&after, info, "ContactBirthDate").birthdate, "");
    }
}
