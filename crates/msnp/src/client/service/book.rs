//! The address book: FL with names and groups, and oneself (services-addressbook, 1 and 3 to 5).

use std::fmt;

use super::tickets::halves;
use super::{Reply, Service, ServiceError, ServiceRequest, answer, body_of, envelope, text};
use crate::client::contacts::{Contact, ContactBook, Me};
use crate::handle::Handle;
use crate::roster::{AddPolicy, Lists, Privacy};
use crate::soap::contact::{
    BLP, GTC, INVITE_MESSAGE, add_policy, add_policy_value, privacy, privacy_value,
};
use crate::soap::envelope::{ADDRESS_BOOK, Element};
use crate::soap::guid::Guid;

/// What the address book and sharing services want to see: a ticket, as older clients send it (a
/// cookie) and as later ones do (in the header). `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(String);

impl Credential {
    /// The ticket for the contact services, `t=...&p=...`.
    pub fn new(ticket: &str) -> Self {
        Self(ticket.to_owned())
    }

    fn cookie(&self) -> String {
        let (t, p) = halves(&self.0);
        format!("MSPAuth={t};MSPProf={p}")
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// A change to what is stored of oneself or of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// One's own name.
    Name(String),
    /// Who may see and call.
    Privacy(Privacy),
    /// What happens when somebody adds the account.
    AddPolicy(AddPolicy),
    /// What a contact is called; empty takes the name away.
    Nickname(Guid, String),
    /// An entry of the address book becomes a Messenger contact.
    Messenger(Guid),
}

/// Whether a contact is put into a group or taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    /// ABGroupContactAdd.
    Into,
    /// ABGroupContactDelete.
    OutOf,
}

/// ABFindAll: everything.
pub fn find_all(credential: &Credential) -> ServiceRequest {
    operation(
        credential,
        "ABFindAll",
        "Initial",
        "<abView>Full</abView><deltasOnly>false</deltasOnly>\
         <lastChange>0001-01-01T00:00:00.0000000-08:00</lastChange>",
    )
}

/// The answer to [`find_all`]: contacts of FL and the rest of the address book, groups, oneself.
pub fn read(reply: &Reply) -> Result<ContactBook, ServiceError> {
    let answer = answer(Service::AddressBook, reply, "ABFindAllResponse")?;
    let result = answer.child("ABFindAllResult").unwrap_or(&answer);
    let items = |list, item| {
        let list = result.child(list).into_iter();
        let items = list.flat_map(move |list: &Element| list.children_named(item));
        items.filter(|item: &&Element| item.flag("fDeleted") != Some(true))
    };
    let mut book = ContactBook::default();
    for group in items("groups", "Group") {
        let name = group.child("groupInfo").map_or("", |i| i.text_of("name"));
        if let Some(id) = Guid::parse(group.text_of("groupId")) {
            book.groups.insert(id, name.to_owned());
        }
    }
    for contact in items("contacts", "Contact") {
        let Some(info) = contact.child("contactInfo") else {
            continue;
        };
        if info.text_of("contactType") == "Me" {
            book.me = read_me(info);
        } else if let Some(contact) = read_contact(contact, info) {
            book.contacts.insert(contact.handle.clone(), contact);
        }
    }
    Ok(book)
}

/// ABAdd: the address book itself, on servers that do not make it with the account.
pub fn add_book(credential: &Credential, owner: &Handle) -> ServiceRequest {
    let body = format!(
        "<abInfo><name/><ownerPuid>0</ownerPuid><ownerEmail>{}</ownerEmail>\
         <fDefault>true</fDefault></abInfo>",
        text(owner.as_str())
    );
    request(credential, Service::AddressBook, "ABAdd", "Initial", &body)
}

/// ABContactAdd: onto FL, and AL unless blocked. The answer is [`guid`]'s.
pub fn add(
    credential: &Credential,
    handle: &Handle,
    invitation: Option<&str>,
    own_name: &str,
) -> ServiceRequest {
    let annotation = invitation.map_or_else(String::new, |invitation| {
        let annotation = annotation(INVITE_MESSAGE, invitation);
        format!("<PendingAnnotations>{annotation}</PendingAnnotations>")
    });
    let body = format!(
        "<contacts><Contact xmlns=\"{ADDRESS_BOOK}\"><contactInfo>\
         <passportName>{}</passportName><isSmtp>false</isSmtp>\
         <isMessengerUser>true</isMessengerUser><MessengerMemberInfo>{annotation}\
         <DisplayName>{}</DisplayName></MessengerMemberInfo></contactInfo></Contact></contacts>\
         <options><EnableAllowListManagement>true</EnableAllowListManagement></options>",
        text(handle.as_str()),
        text(own_name),
    );
    operation(credential, "ABContactAdd", "ContactSave", &body)
}

/// ABContactDelete.
pub fn delete(credential: &Credential, contact: Guid) -> ServiceRequest {
    let body = format!("<contacts><Contact><contactId>{contact}</contactId></Contact></contacts>");
    operation(credential, "ABContactDelete", "Timer", &body)
}

/// ABContactUpdate.
pub fn update(credential: &Credential, update: &Update) -> ServiceRequest {
    let me = "<contactType>Me</contactType>";
    let annotations = |annotation| format!("<annotations>{annotation}</annotations>");
    let (id, info, changed) = match update {
        Update::Name(name) => (
            String::new(),
            format!("{me}<displayName>{}</displayName>", text(name)),
            "DisplayName",
        ),
        Update::Privacy(privacy) => (
            String::new(),
            me.to_owned() + &annotations(annotation(BLP, privacy_value(*privacy))),
            "Annotation",
        ),
        Update::AddPolicy(policy) => (
            String::new(),
            me.to_owned() + &annotations(annotation(GTC, add_policy_value(*policy))),
            "Annotation",
        ),
        Update::Nickname(contact, name) => (
            format!("<contactId>{contact}</contactId>"),
            annotations(annotation(NICKNAME, name)),
            "Annotation",
        ),
        Update::Messenger(contact) => (
            format!("<contactId>{contact}</contactId>"),
            "<isMessengerUser>true</isMessengerUser>".to_owned(),
            "IsMessengerUser",
        ),
    };
    let body = format!(
        "<contacts><Contact xmlns=\"{ADDRESS_BOOK}\">{id}<contactInfo>{info}</contactInfo>\
         <propertiesChanged>{changed}</propertiesChanged></Contact></contacts>"
    );
    operation(credential, "ABContactUpdate", "Timer", &body)
}

/// ABGroupAdd. The answer is [`guid`]'s.
pub fn add_group(credential: &Credential, name: &str) -> ServiceRequest {
    let body = format!(
        "<groupAddOptions><fRenameOnMsgrConflict>false</fRenameOnMsgrConflict></groupAddOptions>\
         <groupInfo><GroupInfo><name>{}</name>\
         <groupType>C8529CE2-6EAD-434d-881F-341E17DB3FF8</groupType><fMessenger>false</fMessenger>\
         <annotations>{}</annotations></GroupInfo></groupInfo>",
        text(name),
        annotation("MSN.IM.Display", "1"),
    );
    operation(credential, "ABGroupAdd", "GroupSave", &body)
}

/// ABGroupUpdate: another name.
pub fn rename_group(credential: &Credential, group: Guid, name: &str) -> ServiceRequest {
    let body = format!(
        "<groups><Group><groupId>{group}</groupId><groupInfo><name>{}</name></groupInfo>\
         <propertiesChanged>GroupName </propertiesChanged></Group></groups>",
        text(name)
    );
    operation(credential, "ABGroupUpdate", "GroupSave", &body)
}

/// ABGroupDelete.
pub fn delete_group(credential: &Credential, group: Guid) -> ServiceRequest {
    operation(credential, "ABGroupDelete", "Timer", &filter(group))
}

/// ABGroupContactAdd and ABGroupContactDelete.
pub fn place(
    credential: &Credential,
    placing: Placing,
    contact: Guid,
    group: Guid,
) -> ServiceRequest {
    let body = format!(
        "{}<contacts><Contact><contactId>{contact}</contactId></Contact></contacts>",
        filter(group)
    );
    let name = match placing {
        Placing::Into => "ABGroupContactAdd",
        Placing::OutOf => "ABGroupContactDelete",
    };
    operation(credential, name, "GroupSave", &body)
}

/// The answer to [`add`] and [`add_group`]: the id of what was made.
pub fn guid(reply: &Reply) -> Result<Guid, ServiceError> {
    let body = body_of(Service::AddressBook, reply)?;
    let found = body
        .children()
        .first()
        .and_then(|answer| answer.children().first())
        .and_then(|result| Guid::parse(result.text_of("guid")));
    found.ok_or(ServiceError::Unreadable {
        service: Service::AddressBook,
        status: reply.status,
    })
}

/// The answer to everything that makes nothing new.
pub fn done(reply: &Reply) -> Result<(), ServiceError> {
    body_of(Service::AddressBook, reply).map(drop)
}

fn operation(
    credential: &Credential,
    name: &'static str,
    scenario: &str,
    body: &str,
) -> ServiceRequest {
    let body = format!("<abId>{}</abId>{body}", Guid::ZERO);
    request(credential, Service::AddressBook, name, scenario, &body)
}

/// An operation of the address book or sharing service.
pub(super) fn request(
    credential: &Credential,
    service: Service,
    name: &'static str,
    scenario: &str,
    body: &str,
) -> ServiceRequest {
    let header = format!(
        "<ABApplicationHeader xmlns=\"{ADDRESS_BOOK}\">\
         <ApplicationId>CFE80F9D-180F-4399-82AB-413F33A1FA11</ApplicationId>\
         <IsMigration>false</IsMigration><PartnerScenario>{scenario}</PartnerScenario>\
         </ABApplicationHeader><ABAuthHeader xmlns=\"{ADDRESS_BOOK}\">\
         <ManagedGroupRequest>false</ManagedGroupRequest><TicketToken>{}</TicketToken>\
         </ABAuthHeader>",
        text(&credential.0),
    );
    ServiceRequest {
        service,
        action: Some(format!("{ADDRESS_BOOK}/{name}")),
        cookie: Some(credential.cookie()),
        body: envelope(
            &header,
            &format!("<{name} xmlns=\"{ADDRESS_BOOK}\">{body}</{name}>"),
        ),
    }
}

fn annotation(name: &str, value: &str) -> String {
    let value = text(value);
    format!("<Annotation><Name>{name}</Name><Value>{value}</Value></Annotation>")
}

fn filter(group: Guid) -> String {
    format!("<groupFilter><groupIds><guid>{group}</guid></groupIds></groupFilter>")
}

fn read_me(info: &Element) -> Me {
    let mut me = Me {
        name: info.text_of("displayName").to_owned(),
        ..Me::default()
    };
    for (name, value) in annotations(info) {
        match name {
            BLP => me.privacy = privacy(value),
            GTC => me.add_policy = add_policy(value),
            _ => {}
        }
    }
    me
}

fn read_contact(contact: &Element, info: &Element) -> Option<Contact> {
    let handle = Handle::parse(info.text_of("passportName")).ok()?;
    let nickname = annotations(info).find(|(name, _)| *name == NICKNAME);
    let groups = info.texts_of(&["groupIds"], "guid");
    Some(Contact {
        id: Guid::parse(contact.text_of("contactId")),
        lists: if info.flag("isMessengerUser") == Some(true) {
            Lists::FORWARD
        } else {
            Lists::NONE
        },
        name: info.text_of("displayName").to_owned(),
        nickname: nickname.map(|(_, value)| value.to_owned()),
        groups: groups.filter_map(Guid::parse).collect(),
        ..Contact::new(handle)
    })
}

fn annotations(info: &Element) -> impl Iterator<Item = (&str, &str)> {
    let list = info.child("annotations").into_iter();
    list.flat_map(|list| list.children_named("Annotation"))
        .map(|annotation| (annotation.text_of("Name"), annotation.text_of("Value")))
}

/// What a contact is called by whoever has it (services-addressbook, 4.3).
const NICKNAME: &str = "AB.NickName";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soap::abook::AddressBookRequest;
    use crate::soap::envelope::{Document, Limits};

    fn read_back(request: &ServiceRequest) -> AddressBookRequest {
        let document = Document::parse(request.body.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(document.ticket_token(), Some("t=abc&p=d"));
        let name = document.request().name();
        let action = request.action.as_deref().unwrap();
        assert!(action.ends_with(&format!("/{name}")), "{action}");
        AddressBookRequest::read(document.request()).unwrap()
    }

    #[test]
    fn what_is_asked_is_what_the_service_reads() {
        let credential = Credential::new("t=abc&p=d");
        let bob = Handle::parse("bob@example.org").unwrap();
        let (contact, group) = (Guid::from_u128(1), Guid::from_u128(2));
        assert!(matches!(
            read_back(&find_all(&credential)),
            AddressBookRequest::FindAll(crate::soap::Since::Nothing)
        ));
        assert_eq!(
            read_back(&add_book(&credential, &bob)),
            AddressBookRequest::AddressBookAdd
        );
        let AddressBookRequest::ContactAdd(new) =
            read_back(&add(&credential, &bob, Some("it's me & you"), "Alice <3"))
        else {
            panic!();
        };
        assert_eq!(new.passport_name.as_deref(), Some("bob@example.org"));
        assert!(new.messenger);
        assert_eq!(new.invitation.display_name, "Alice <3");
        assert_eq!(new.invitation.annotations[0].value, "it's me & you");
        assert_eq!(
            read_back(&delete(&credential, contact)),
            AddressBookRequest::ContactDelete(vec![contact])
        );
        let AddressBookRequest::GroupAdd(new) = read_back(&add_group(&credential, "A & B")) else {
            panic!();
        };
        assert_eq!(new.name, "A & B");
        let AddressBookRequest::GroupUpdate(updates) =
            read_back(&rename_group(&credential, group, "C"))
        else {
            panic!();
        };
        assert_eq!(
            (updates[0].id, updates[0].name.as_deref()),
            (group, Some("C"))
        );
        assert_eq!(
            read_back(&delete_group(&credential, group)),
            AddressBookRequest::GroupDelete(vec![group])
        );
        assert_eq!(
            read_back(&place(&credential, Placing::OutOf, contact, group)),
            AddressBookRequest::GroupContactDelete {
                groups: vec![group],
                contacts: vec![contact],
            }
        );
        for change in [
            Update::Name("Alice".to_owned()),
            Update::Privacy(Privacy::AllowedOnly),
            Update::AddPolicy(AddPolicy::Automatic),
            Update::Nickname(contact, "Bobby".to_owned()),
            Update::Messenger(contact),
        ] {
            let AddressBookRequest::ContactUpdate(updates) =
                read_back(&update(&credential, &change))
            else {
                panic!("{change:?}");
            };
            let changes = &updates[0].changes;
            assert!(
                changes.messenger == Some(true) || changes.properties.len() == 1,
                "{change:?}"
            );
        }
    }

    #[test]
    fn the_ticket_goes_as_a_cookie_too_and_is_not_shown() {
        let credential = Credential::new("t=abc&p=d");
        let request = find_all(&credential);
        assert_eq!(request.cookie.as_deref(), Some("MSPAuth=abc;MSPProf=d"));
        assert!(!format!("{credential:?} {request:?}").contains("abc"));
    }
}
