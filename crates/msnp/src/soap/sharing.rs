//! The sharing service: who is on AL, BL, RL and PL, as members of roles.
//!
//! services-addressbook, 7 and 8. Only the service `Messenger` keeps anything; the others that clients
//! touch at their first run (`Profile` and the like) are answered and forgotten.
//!
//! ```text
//!   Element --SharingRequest::read--> request ... (roster, the store) ... answer --to_xml--> document
//! ```

use askama::Template;

use super::Since;
use super::abook::Owner;
use super::contact::{Annotation, Properties};
use super::contact_change::read_annotation;
use super::envelope::{Element, ServiceHeader, written};
use super::guid::Guid;
use super::refusal::Refusal;
use super::timestamp::Timestamp;
use crate::roster::List;

/// What a client asks of the sharing service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharingRequest {
    /// FindMembership.
    FindMembership {
        /// What the client has already.
        since: Since,
        /// Of which services.
        scope: Scope,
    },
    /// AddMember: all of them or none. Empty if it is about a service that keeps nothing.
    AddMember(Vec<NewMember>),
    /// DeleteMember: all of them or none. Empty if it is about a service that keeps nothing.
    DeleteMember(Vec<MemberRef>),
}

/// Of which services FindMembership is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `Messenger` is among them.
    Messenger,
    /// Only others, which keep nothing.
    Others,
}

/// A role of the service `Messenger`: a list other than FL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// AL.
    Allow,
    /// BL.
    Block,
    /// RL.
    Reverse,
    /// PL.
    Pending,
}

impl Role {
    /// All of them, in the order of an answer.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Block, Self::Reverse, Self::Pending];

    /// As it is written in `MemberRole`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Block => "Block",
            Self::Reverse => "Reverse",
            Self::Pending => "Pending",
        }
    }

    /// The role with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.name().eq_ignore_ascii_case(name))
    }

    /// The list that its members are on.
    pub fn list(self) -> List {
        match self {
            Self::Allow => List::Allow,
            Self::Block => List::Block,
            Self::Reverse => List::Reverse,
            Self::Pending => List::Pending,
        }
    }

    /// The role whose members are on this list; FL has none.
    pub fn of_list(list: List) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.list() == list)
    }
}

/// How a member is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MemberAddress {
    /// A Passport address.
    Passport(String),
    /// An e-mail address of another network.
    Email(String),
    /// A telephone number.
    Phone(String),
}

impl MemberAddress {
    /// As it is written in `Type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Passport(_) => "Passport",
            Self::Email(_) => "Email",
            Self::Phone(_) => "Phone",
        }
    }

    /// The address or number itself.
    pub fn text(&self) -> &str {
        match self {
            Self::Passport(text) | Self::Email(text) | Self::Phone(text) => text,
        }
    }

    /// The address of this kind, as [`MemberAddress::kind`] names it.
    pub fn of_kind(kind: &str, text: String) -> Option<Self> {
        match kind {
            "Passport" => Some(Self::Passport(text)),
            "Email" => Some(Self::Email(text)),
            "Phone" => Some(Self::Phone(text)),
            _ => None,
        }
    }

    /// By `Type`, or by `xsi:type`, or by what stands there. `None` if nothing does.
    fn read(member: &Element) -> Result<Option<Self>, Refusal> {
        let mut kind = member.text_of("Type");
        if kind.is_empty() {
            let typed = member.attribute("type").unwrap_or_default();
            let local = typed.rsplit_once(':').map_or(typed, |(_, local)| local);
            kind = local.strip_suffix("Member").unwrap_or(local);
        }
        let found = ADDRESSES.iter().find_map(|(of_kind, element)| {
            let wanted = kind.is_empty() || kind.eq_ignore_ascii_case(of_kind);
            let text = member.text_of(element);
            (wanted && !text.is_empty()).then(|| Self::of_kind(of_kind, text.to_lowercase()))
        });
        match found.flatten() {
            Some(address) if address.text().len() > ADDRESS_LIMIT => {
                Err(Refusal::TooLong("PassportName"))
            }
            address => Ok(address),
        }
    }
}

/// A member to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMember {
    /// To which role.
    pub role: Role,
    /// Who.
    pub address: MemberAddress,
    /// The name the client gives it, or empty.
    pub display_name: String,
    /// What else it says of it.
    pub annotations: Vec<Annotation>,
}

/// A member to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRef {
    /// From which role.
    pub role: Role,
    /// Which one.
    pub target: MemberTarget,
}

/// How DeleteMember names whom it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberTarget {
    /// By `MembershipId`.
    Id(i64),
    /// By address.
    Address(MemberAddress),
}

impl SharingRequest {
    /// Whether this is the name of an operation of this service.
    pub fn knows(operation: &str) -> bool {
        matches!(operation, "FindMembership" | "AddMember" | "DeleteMember")
    }

    /// Reads a request; its element's name is the operation.
    pub fn read(request: &Element) -> Result<Self, Refusal> {
        match request.name() {
            "FindMembership" => {
                let mut types = request
                    .texts_of(&["serviceFilter", "Types"], "ServiceType")
                    .peekable();
                let messenger = types.peek().is_none() || types.any(is_messenger);
                Ok(Self::FindMembership {
                    since: Since::read(request),
                    scope: if messenger {
                        Scope::Messenger
                    } else {
                        Scope::Others
                    },
                })
            }
            "AddMember" => read_members(request, NewMember::read).map(Self::AddMember),
            "DeleteMember" => read_members(request, MemberRef::read).map(Self::DeleteMember),
            unknown => Err(Refusal::Forbidden(unknown.to_owned())),
        }
    }
}

/// Reads `memberships/Membership{MemberRole, Members/Member}`.
fn read_members<T>(
    request: &Element,
    read: fn(Role, &Element) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let service = request
        .child("serviceHandle")
        .map_or("", |handle| handle.text_of("Type"));
    if !service.is_empty() && !is_messenger(service) {
        return Ok(Vec::new());
    }
    let mut members = Vec::new();
    for membership in request
        .child("memberships")
        .map_or(&[][..], Element::children)
    {
        let role = Role::parse(membership.text_of("MemberRole"))
            .ok_or_else(|| bad("the service has no such MemberRole"))?;
        for member in membership
            .child("Members")
            .map_or(&[][..], Element::children)
        {
            members.push(read(role, member)?);
        }
    }
    if members.is_empty() {
        return Err(bad("no Member"));
    }
    Ok(members)
}

impl NewMember {
    fn read(role: Role, member: &Element) -> Result<Self, Refusal> {
        let address =
            MemberAddress::read(member)?.ok_or_else(|| bad("a Member without address"))?;
        let mut said = Properties {
            display_name: member.text_of("DisplayName").to_owned(),
            ..Properties::default()
        };
        let annotations = member
            .child("Annotations")
            .map_or(&[][..], Element::children);
        for annotation in annotations {
            said.annotate(read_annotation(annotation));
        }
        said.check()?;
        Ok(Self {
            role,
            address,
            display_name: said.display_name,
            annotations: said.annotations,
        })
    }
}

impl MemberRef {
    fn read(role: Role, member: &Element) -> Result<Self, Refusal> {
        let id = member
            .text_of("MembershipId")
            .parse()
            .ok()
            .filter(|id| *id > 0);
        let target = match (id, MemberAddress::read(member)?) {
            (Some(id), _) => MemberTarget::Id(id),
            (None, Some(address)) => MemberTarget::Address(address),
            // An id of another server's making, or none: there is no such member.
            (None, None) => return Err(Refusal::MemberDoesNotExist),
        };
        Ok(Self { role, target })
    }
}

fn is_messenger(service: &str) -> bool {
    service.eq_ignore_ascii_case("Messenger")
}

fn bad(what: &str) -> Refusal {
    Refusal::BadRequest(what.to_owned())
}

/// What the sharing service answers when it has done what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharingAnswer {
    /// To FindMembership.
    Memberships(Box<Memberships>),
    /// To FindMembership of services that keep nothing.
    NoServices(Owner),
    /// To AddMember.
    MemberAdded,
    /// To DeleteMember.
    MemberDeleted,
}

/// The members of an account's roles, or what changed among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memberships {
    /// Whose they are.
    pub owner: Owner,
    /// In any order.
    pub members: Vec<Member>,
    /// The newest change: what clients send back when they ask for changes.
    pub last_change: Timestamp,
}

/// A member of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number, for ever the same for this owner, role and address.
    pub id: i64,
    /// Which role.
    pub role: Role,
    /// Who.
    pub address: MemberAddress,
    /// The name to show, where one is known; empty otherwise.
    pub display_name: String,
    /// An invitation's message, or what a client says of a member.
    pub annotations: Vec<Annotation>,
    /// The member's own CID; 0 if it has no account here.
    pub cid: i64,
    /// A tombstone: no longer a member.
    pub deleted: bool,
    /// Since when it is a member.
    pub joined: Timestamp,
    /// When it last changed.
    pub last_change: Timestamp,
}

impl SharingAnswer {
    /// The document.
    pub fn to_xml(&self, header: &ServiceHeader) -> String {
        written(&AnswerDocument {
            header,
            answer: self,
        })
    }
}

impl Memberships {
    /// The roles that have members to tell of, each with them.
    fn roles(&self) -> impl Iterator<Item = (Role, Vec<&Member>)> {
        Role::ALL
            .into_iter()
            .map(|role| {
                (
                    role,
                    self.members.iter().filter(|m| m.role == role).collect(),
                )
            })
            .filter(|(_, members): &(_, Vec<_>)| !members.is_empty())
    }
}

#[derive(Template)]
#[template(path = "soap/sharing.xml", whitespace = "suppress")]
struct AnswerDocument<'a> {
    header: &'a ServiceHeader,
    answer: &'a SharingAnswer,
}

/// Kinds of members and the elements that have their addresses.
const ADDRESSES: [(&str, &str); 3] = [
    ("Passport", "PassportName"),
    ("Email", "Email"),
    ("Phone", "PhoneNumber"),
];

/// Longest address in bytes (services-addressbook, 10).
const ADDRESS_LIMIT: usize = 129;

#[cfg(test)]
mod tests;
