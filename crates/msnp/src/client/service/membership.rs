//! Memberships: AL, BL, RL and PL (services-addressbook, 7 and 8).

use super::book::{Credential, request};
use super::{Reply, Service, ServiceError, ServiceRequest, answer, body_of, text};
use crate::handle::Handle;
use crate::soap::sharing::Role;

/// Somebody on a list other than FL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub handle: Handle,
    /// On which list.
    pub role: Role,
    /// As they are called; may be empty.
    pub name: String,
}

/// FindMembership: everybody.
pub fn find(credential: &Credential) -> ServiceRequest {
    let body = "<serviceFilter><Types><ServiceType>Messenger</ServiceType></Types></serviceFilter>\
                <View>Full</View><deltasOnly>false</deltasOnly>\
                <lastChange>0001-01-01T00:00:00.0000000-08:00</lastChange>";
    request(
        credential,
        Service::Sharing,
        "FindMembership",
        "Initial",
        body,
    )
}

/// The answer to [`find`]: members with a Passport address.
pub fn read(reply: &Reply) -> Result<Vec<Membership>, ServiceError> {
    let answer = answer(Service::Sharing, reply, "FindMembershipResponse")?;
    let services = answer.descend(&["FindMembershipResult", "Services"]);
    let services = services
        .into_iter()
        .flat_map(|services| services.children_named("Service"));
    let messenger = services.filter(|service| {
        let handle = service.descend(&["Info", "Handle"]);
        handle.is_none_or(|handle| handle.text_of("Type") == "Messenger")
    });
    let mut found = Vec::new();
    for membership in messenger
        .filter_map(|service| service.child("Memberships"))
        .flat_map(|memberships| memberships.children_named("Membership"))
    {
        let Some(role) = Role::parse(membership.text_of("MemberRole")) else {
            continue;
        };
        let members = membership.child("Members").into_iter();
        for member in members.flat_map(|members| members.children_named("Member")) {
            let Ok(handle) = Handle::parse(member.text_of("PassportName")) else {
                continue;
            };
            if member.flag("Deleted") != Some(true) {
                let name = member.text_of("DisplayName").to_owned();
                found.push(Membership { handle, role, name });
            }
        }
    }
    Ok(found)
}

/// AddMember.
pub fn add(credential: &Credential, role: Role, handle: &Handle) -> ServiceRequest {
    change(credential, "AddMember", role, handle)
}

/// DeleteMember.
pub fn delete(credential: &Credential, role: Role, handle: &Handle) -> ServiceRequest {
    change(credential, "DeleteMember", role, handle)
}

/// The answer to [`add`] and [`delete`].
pub fn done(reply: &Reply) -> Result<(), ServiceError> {
    body_of(Service::Sharing, reply).map(drop)
}

fn change(
    credential: &Credential,
    operation: &'static str,
    role: Role,
    handle: &Handle,
) -> ServiceRequest {
    let body = format!(
        "<serviceHandle><Id>0</Id><Type>Messenger</Type><ForeignId></ForeignId></serviceHandle>\
         <memberships><Membership><MemberRole>{}</MemberRole><Members>\
         <Member xsi:type=\"PassportMember\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Type>Passport</Type>\
         <State>Accepted</State><PassportName>{}</PassportName></Member></Members></Membership>\
         </memberships>",
        role.name(),
        text(handle.as_str()),
    );
    request(
        credential,
        Service::Sharing,
        operation,
        "BlockUnblock",
        &body,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::soap::envelope::{Document, Limits};
    use crate::soap::sharing::{MemberAddress, MemberRef, MemberTarget, NewMember, SharingRequest};
    use bytes::Bytes;

    fn read_back(request: &ServiceRequest) -> SharingRequest {
        let document = Document::parse(request.body.as_bytes(), &Limits::default()).unwrap();
        SharingRequest::read(document.request()).unwrap()
    }

    #[test]
    fn what_is_asked_is_what_the_service_reads() {
        let credential = Credential::new("t=abc&p=");
        let bob = Handle::parse("bob@example.org").unwrap();
        let address = MemberAddress::Passport(bob.to_string());
        assert!(matches!(
            read_back(&find(&credential)),
            SharingRequest::FindMembership { .. }
        ));
        assert_eq!(
            read_back(&add(&credential, Role::Block, &bob)),
            SharingRequest::AddMember(vec![NewMember {
                role: Role::Block,
                address: address.clone(),
                display_name: String::new(),
                annotations: Vec::new(),
            }])
        );
        assert_eq!(
            read_back(&delete(&credential, Role::Pending, &bob)),
            SharingRequest::DeleteMember(vec![MemberRef {
                role: Role::Pending,
                target: MemberTarget::Address(address),
            }])
        );
    }

    #[test]
    fn tombstones_and_other_networks_are_passed_over() {
        let member = |name: &str, deleted: bool| {
            format!(
                "<Member><Type>Passport</Type><DisplayName>D</DisplayName>\
                 <Deleted>{deleted}</Deleted><PassportName>{name}</PassportName></Member>"
            )
        };
        let body = format!(
            "<soap:Envelope xmlns:soap='s'><soap:Body><FindMembershipResponse>\
             <FindMembershipResult><Services><Service><Memberships><Membership>\
             <MemberRole>Pending</MemberRole><Members>{}{}<Member><Type>Email</Type>\
             <Email>a@b</Email></Member></Members></Membership><Membership>\
             <MemberRole>Admin</MemberRole><Members>{}</Members></Membership></Memberships>\
             <Info><Handle><Type>Messenger</Type></Handle></Info></Service></Services>\
             </FindMembershipResult></FindMembershipResponse></soap:Body></soap:Envelope>",
            member("Bob@Example.org", false),
            member("carol@example.org", true),
            member("dora@example.org", false),
        );
        let reply = Reply {
            status: 200,
            body: Bytes::from(body),
        };
        let bob = Membership {
            handle: Handle::parse("bob@example.org").unwrap(),
            role: Role::Pending,
            name: "D".to_owned(),
        };
        assert_eq!(read(&reply), Ok(vec![bob]));
    }
}
