//! The address book service: FL as contacts, their properties, groups, and oneself (Me).
//!
//! services-addressbook, 3 to 6. Requests are read by meaning; answers have the elements in the order
//! of the old service's schema, without white space between them.
//!
//! ```text
//!   Element --AddressBookRequest::read--> request ... (the store) ... answer --to_xml--> document
//! ```

use askama::Template;

use super::Since;
use super::contact::{Annotation, Contact, ContactKind, Group, INVITE_MESSAGE, Properties};
use super::contact_change::{ContactChanges, read_annotation};
use super::envelope::{Element, ServiceHeader, written};
use super::guid::Guid;
use super::refusal::Refusal;
use super::timestamp::Timestamp;
use crate::roster::AllowListManagement;

/// What a client asks of the address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressBookRequest {
    /// ABFindAll.
    FindAll(Since),
    /// ABContactAdd.
    ContactAdd(Box<NewContact>),
    /// ABContactUpdate: all of them or none.
    ContactUpdate(Vec<ContactUpdate>),
    /// ABContactDelete: all of them or none.
    ContactDelete(Vec<Guid>),
    /// ABGroupAdd.
    GroupAdd(NewGroup),
    /// ABGroupUpdate: all of them or none.
    GroupUpdate(Vec<GroupUpdate>),
    /// ABGroupDelete: all of them or none.
    GroupDelete(Vec<Guid>),
    /// ABGroupContactAdd.
    GroupContactAdd {
        /// Into which groups.
        groups: Vec<Guid>,
        /// Who; one that is not there yet is made.
        contacts: Vec<ContactRef>,
    },
    /// ABGroupContactDelete.
    GroupContactDelete {
        /// Out of which groups.
        groups: Vec<Guid>,
        /// Who.
        contacts: Vec<Guid>,
    },
    /// ABAdd.
    AddressBookAdd,
    /// UpdateDynamicItem, which has nothing to do and always succeeds.
    UpdateDynamicItem,
}

/// A contact to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContact {
    /// Its Passport address as it was written, if it has one.
    pub passport_name: Option<String>,
    /// Whether it goes on FL. Never without a Passport address.
    pub messenger: bool,
    /// What else is known.
    pub properties: Properties,
    /// What it is told when it goes on FL.
    pub invitation: Invitation,
    /// Who keeps AL.
    pub management: AllowListManagement,
}

/// What the one added learns about the one who adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invitation {
    /// The name to show, if the client gives one.
    pub display_name: String,
    /// The message among them ([`INVITE_MESSAGE`]).
    pub annotations: Vec<Annotation>,
}

/// A contact of ABGroupContactAdd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactRef {
    /// One that is there.
    Id(Guid),
    /// One by its address, made if it is not there.
    New(Box<NewContact>),
}

/// Changes to one contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactUpdate {
    /// Which one.
    pub target: UpdateTarget,
    /// What changes.
    pub changes: ContactChanges,
}

/// Whom an ABContactUpdate is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateTarget {
    /// The owner.
    Me,
    /// The contact with this id, which may be the owner's own.
    Id(Guid),
}

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Its name, not empty.
    pub name: String,
    /// A group of favourites.
    pub favorite: bool,
}

/// Changes to one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupUpdate {
    /// Which one.
    pub id: Guid,
    /// Its new name, not empty.
    pub name: Option<String>,
    /// A group of favourites, or no longer.
    pub favorite: Option<bool>,
}

impl AddressBookRequest {
    /// Whether this is the name of an operation of this service.
    pub fn knows(operation: &str) -> bool {
        OPERATIONS.contains(&operation)
    }

    /// Reads a request; its element's name is the operation.
    pub fn read(request: &Element) -> Result<Self, Refusal> {
        let book = request.text_of("abId");
        if request.name() != "ABAdd" && !book.is_empty() && Guid::parse(book) != Some(Guid::ZERO) {
            return Err(Refusal::AddressBookDoesNotExist);
        }
        match request.name() {
            "ABFindAll" => Ok(Self::FindAll(Since::read(request))),
            "ABContactAdd" => {
                let contacts: Vec<_> = contacts_of(request).collect();
                let [contact] = contacts[..] else {
                    return Err(bad("ABContactAdd takes one contact"));
                };
                let management = allow_list_management(request.child("options"));
                let info = info_of(contact)?;
                let named = info.text_of("contactType").starts_with("Live");
                let contact = NewContact::read(info, named, management)?;
                Ok(Self::ContactAdd(Box::new(contact)))
            }
            "ABContactUpdate" => {
                let updates = contacts_of(request).map(ContactUpdate::read);
                not_empty(updates.collect::<Result<_, _>>()?).map(Self::ContactUpdate)
            }
            "ABContactDelete" => not_empty(contact_ids(request)?).map(Self::ContactDelete),
            "ABGroupAdd" => {
                let info = request
                    .descend(&["groupInfo", "GroupInfo"])
                    .ok_or_else(|| bad("no GroupInfo"))?;
                Ok(Self::GroupAdd(NewGroup {
                    name: group_name(info.text_of("name"))?,
                    favorite: info.flag("IsFavorite").unwrap_or_default(),
                }))
            }
            "ABGroupUpdate" => {
                let groups = request.child("groups").map_or(&[][..], Element::children);
                let updates = groups.iter().map(GroupUpdate::read);
                not_empty(updates.collect::<Result<_, _>>()?).map(Self::GroupUpdate)
            }
            "ABGroupDelete" => not_empty(group_ids(request)?).map(Self::GroupDelete),
            "ABGroupContactAdd" => {
                let management = allow_list_management(request.child("groupContactAddOptions"));
                let contacts = contacts_of(request).map(|c| ContactRef::read(c, management));
                Ok(Self::GroupContactAdd {
                    groups: not_empty(group_ids(request)?)?,
                    contacts: not_empty(contacts.collect::<Result<_, _>>()?)?,
                })
            }
            "ABGroupContactDelete" => Ok(Self::GroupContactDelete {
                groups: not_empty(group_ids(request)?)?,
                contacts: not_empty(contact_ids(request)?)?,
            }),
            "ABAdd" => Ok(Self::AddressBookAdd),
            "UpdateDynamicItem" => Ok(Self::UpdateDynamicItem),
            unknown => Err(Refusal::Forbidden(unknown.to_owned())),
        }
    }
}

impl NewContact {
    /// `named`: whether an absent `isMessengerUser` means that it is one.
    fn read(info: &Element, named: bool, management: AllowListManagement) -> Result<Self, Refusal> {
        let changes = ContactChanges::read_all(info);
        let mut properties = Properties::default();
        for change in &changes.properties {
            properties.apply(change);
        }
        properties.check()?;
        let passport_name = changes.passport_name.filter(|name| !name.is_empty());
        Ok(Self {
            messenger: passport_name.is_some() && changes.messenger.unwrap_or(named),
            passport_name,
            properties,
            invitation: Invitation::read(info)?,
            management,
        })
    }
}

impl Invitation {
    fn read(info: &Element) -> Result<Self, Refusal> {
        let Some(member) = info.child("MessengerMemberInfo") else {
            return Ok(Self::default());
        };
        let annotations = member
            .child("PendingAnnotations")
            .into_iter()
            .flat_map(|list| list.children_named("Annotation"))
            .map(read_annotation)
            .filter(|annotation| annotation.name == INVITE_MESSAGE && !annotation.value.is_empty())
            .take(1);
        // The same limits as for what one keeps oneself: this is kept in another's address book.
        let said = Properties {
            display_name: member.text_of("DisplayName").to_owned(),
            annotations: annotations.collect(),
            ..Properties::default()
        };
        said.check()?;
        Ok(Self {
            display_name: said.display_name,
            annotations: said.annotations,
        })
    }
}

impl ContactRef {
    fn read(contact: &Element, management: AllowListManagement) -> Result<Self, Refusal> {
        let id = contact.text_of("contactId");
        if !id.is_empty() {
            return contact_id(id).map(Self::Id);
        }
        let contact = NewContact::read(info_of(contact)?, true, management)?;
        Ok(Self::New(Box::new(contact)))
    }
}

impl ContactUpdate {
    fn read(contact: &Element) -> Result<Self, Refusal> {
        let info = contact.child("contactInfo");
        let id = match contact.text_of("contactId") {
            "" => Guid::ZERO,
            id => contact_id(id)?,
        };
        let me = info.is_some_and(|info| info.text_of("contactType") == ContactKind::Me.name());
        let target = match id {
            Guid::ZERO if me => UpdateTarget::Me,
            Guid::ZERO => return Err(Refusal::ContactDoesNotExist),
            id => UpdateTarget::Id(id),
        };
        let changed = contact.text_of("propertiesChanged");
        Ok(Self {
            target,
            changes: info.map_or_else(ContactChanges::default, |info| {
                ContactChanges::read_update(info, changed)
            }),
        })
    }
}

impl GroupUpdate {
    fn read(group: &Element) -> Result<Self, Refusal> {
        let id = Guid::parse(group.text_of("groupId")).ok_or(Refusal::GroupDoesNotExist)?;
        let info = group.child("groupInfo");
        let changed: Vec<_> = group
            .text_of("propertiesChanged")
            .split_whitespace()
            .collect();
        let name = info.map_or("", |info| info.text_of("name"));
        let favorite = info.and_then(|info| info.flag("IsFavorite"));
        Ok(Self {
            id,
            name: changed
                .contains(&"GroupName")
                .then(|| group_name(name))
                .transpose()?,
            favorite: favorite.filter(|_| changed.contains(&"IsFavorite")),
        })
    }
}

/// `ABContactAdd` has its contacts in `contacts/Contact`, and so have the others.
fn contacts_of(request: &Element) -> impl Iterator<Item = &Element> {
    request
        .child("contacts")
        .into_iter()
        .flat_map(|contacts| contacts.children_named("Contact"))
}

fn info_of(contact: &Element) -> Result<&Element, Refusal> {
    contact
        .child("contactInfo")
        .ok_or_else(|| bad("no contactInfo"))
}

/// An id that is no GUID is the id of nothing.
fn contact_id(text: &str) -> Result<Guid, Refusal> {
    Guid::parse(text).ok_or(Refusal::ContactDoesNotExist)
}

fn contact_ids(request: &Element) -> Result<Vec<Guid>, Refusal> {
    contacts_of(request)
        .map(|contact| contact_id(contact.text_of("contactId")))
        .collect()
}

fn group_ids(request: &Element) -> Result<Vec<Guid>, Refusal> {
    request
        .texts_of(&["groupFilter", "groupIds"], "guid")
        .map(|text| Guid::parse(text).ok_or(Refusal::GroupDoesNotExist))
        .collect()
}

/// A group's name is there, and is not what clients call the contacts in no group. How long it may be
/// is the server's affair.
fn group_name(name: &str) -> Result<String, Refusal> {
    if name.is_empty() {
        Err(bad("no group name"))
    } else if name.eq_ignore_ascii_case(NO_GROUP) {
        Err(Refusal::GroupAlreadyExists(None))
    } else {
        Ok(name.to_owned())
    }
}

fn allow_list_management(options: Option<&Element>) -> AllowListManagement {
    match options.and_then(|options| options.flag("EnableAllowListManagement")) {
        Some(true) => AllowListManagement::ByServer,
        Some(false) | None => AllowListManagement::ByClient,
    }
}

/// A request about nothing is none.
fn not_empty<T>(list: Vec<T>) -> Result<Vec<T>, Refusal> {
    if list.is_empty() {
        Err(bad("nothing to do it to"))
    } else {
        Ok(list)
    }
}

fn bad(what: &str) -> Refusal {
    Refusal::BadRequest(what.to_owned())
}

/// What the address book answers when it has done what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressBookAnswer {
    /// To ABFindAll.
    FindAll(Box<AddressBook>),
    /// To ABContactAdd: the new contact's id.
    ContactAdded(Guid),
    /// To ABContactUpdate.
    ContactUpdated,
    /// To ABContactDelete.
    ContactDeleted,
    /// To ABGroupAdd: the new group's id.
    GroupAdded(Guid),
    /// To ABGroupUpdate.
    GroupUpdated,
    /// To ABGroupDelete.
    GroupDeleted,
    /// To ABGroupContactAdd: the first contact's id.
    GroupContactAdded(Guid),
    /// To ABGroupContactDelete.
    GroupContactDeleted,
    /// To ABAdd.
    AddressBookAdded,
    /// To UpdateDynamicItem.
    DynamicItemUpdated,
}

/// An address book, or what changed in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressBook {
    /// Whose it is.
    pub owner: Owner,
    /// Its groups.
    pub groups: Vec<Group>,
    /// Its contacts; Me goes first.
    pub contacts: Vec<Contact>,
    /// Its newest change: what clients send back when they ask for changes.
    pub last_change: Timestamp,
}

/// The account that an address book belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its address.
    pub handle: String,
    /// Its CID.
    pub cid: i64,
    /// When its address book was made.
    pub created: Timestamp,
}

impl AddressBookAnswer {
    /// The document.
    pub fn to_xml(&self, header: &ServiceHeader) -> String {
        written(&AnswerDocument {
            header,
            answer: self,
        })
    }
}

#[derive(Template)]
#[template(path = "soap/abook.xml", whitespace = "suppress")]
struct AnswerDocument<'a> {
    header: &'a ServiceHeader,
    answer: &'a AddressBookAnswer,
}

const OPERATIONS: &[&str] = &[
    "ABFindAll",
    "ABContactAdd",
    "ABContactUpdate",
    "ABContactDelete",
    "ABGroupAdd",
    "ABGroupUpdate",
    "ABGroupDelete",
    "ABGroupContactAdd",
    "ABGroupContactDelete",
    "ABAdd",
    "UpdateDynamicItem",
];

/// What clients call the contacts in no group.
const NO_GROUP: &str = "(No Group)";

#[cfg(test)]
mod tests;
