use super::*;
use crate::soap::contact::{BUDDY_TYPE, INVITE_MESSAGE};
use crate::soap::envelope::{ADDRESS_BOOK, Limits};

fn read(text: &str) -> Result<SharingRequest, Refusal> {
    let text = text.replacen(
        '>',
        &format!(
            " xmlns=\"{ADDRESS_BOOK}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
        ),
        1,
    );
    SharingRequest::read(&Element::parse(text.as_bytes(), &Limits::default()).unwrap())
}

fn ticks(ticks: i64) -> Timestamp {
    Timestamp::from_ticks(11_507_184_000_000_000 + ticks)
}

fn header() -> ServiceHeader {
    ServiceHeader {
        cache_key: "12r1:opaque".to_owned(),
        preferred_host: None,
        session_id: "7e4f6c6a-0d4e-4f2e-9f5c-1f1c3a3f9d10".to_owned(),
    }
}

fn owner() -> Owner {
    Owner {
        handle: "alice@example.org".to_owned(),
        cid: 4_294_967_297,
        created: ticks(0),
    }
}

fn member(id: i64, role: Role, address: MemberAddress) -> Member {
    Member {
        id,
        role,
        address,
        display_name: String::new(),
        annotations: Vec::new(),
        cid: 0,
        deleted: false,
        joined: ticks(1),
        last_change: ticks(2),
    }
}

fn passport(text: &str) -> MemberAddress {
    MemberAddress::Passport(text.to_owned())
}

#[test]
fn memberships_byte_for_byte() {
    let bob = passport("bob@example.org");
    let members = vec![
        Member {
            display_name: "Bob <3".to_owned(),
            annotations: vec![Annotation::new(INVITE_MESSAGE, "it's & me")],
            ..member(3, Role::Pending, bob.clone())
        },
        Member {
            cid: -123_456_789,
            ..member(1, Role::Allow, bob.clone())
        },
        Member {
            annotations: vec![Annotation::new(BUDDY_TYPE, "32:")],
            ..member(
                2,
                Role::Allow,
                MemberAddress::Email("b@yahoo.example".to_owned()),
            )
        },
        member(5, Role::Block, MemberAddress::Phone("+1555".to_owned())),
        Member {
            deleted: true,
            ..member(4, Role::Reverse, bob)
        },
    ];
    let answer = |members| {
        SharingAnswer::Memberships(Box::new(Memberships {
            owner: owner(),
            members,
            last_change: ticks(2),
        }))
    };
    insta::assert_snapshot!("memberships", answer(members).to_xml(&header()));
    insta::assert_snapshot!("memberships_empty", answer(Vec::new()).to_xml(&header()));
    insta::assert_snapshot!(
        "no_services",
        SharingAnswer::NoServices(owner()).to_xml(&header())
    );
    insta::assert_snapshot!("member_added", SharingAnswer::MemberAdded.to_xml(&header()));
    insta::assert_snapshot!(
        "member_deleted",
        SharingAnswer::MemberDeleted.to_xml(&header())
    );
}

#[test]
fn find_membership_tells_of_what_is_asked() {
    let find = |types: &str| {
        read(&format!(
            "<FindMembership><serviceFilter><Types>{types}</Types></serviceFilter><View>Full</View>\
             <deltasOnly>true</deltasOnly>\
             <lastChange>2006-06-19T04:00:00.0000001-08:00</lastChange></FindMembership>"
        ))
    };
    let expected = |scope| {
        Ok(SharingRequest::FindMembership {
            since: Since::Time(ticks(1)),
            scope,
        })
    };
    let messenger = "<ServiceType>Messenger</ServiceType><ServiceType>Space</ServiceType>";
    assert_eq!(find(messenger), expected(Scope::Messenger));
    assert_eq!(
        find("<ServiceType>Space</ServiceType><ServiceType>messenger</ServiceType>"),
        expected(Scope::Messenger)
    );
    assert_eq!(find(""), expected(Scope::Messenger));
    assert_eq!(
        find("<ServiceType>Profile</ServiceType>"),
        expected(Scope::Others)
    );
    assert_eq!(
        read("<FindMembership></FindMembership>"),
        Ok(SharingRequest::FindMembership {
            since: Since::Nothing,
            scope: Scope::Messenger
        })
    );
}

fn change(operation: &str, service: &str, memberships: &str) -> Result<SharingRequest, Refusal> {
    read(&format!(
        "<{operation}><serviceHandle><Id>0</Id><Type>{service}</Type><ForeignId></ForeignId>\
         </serviceHandle><memberships>{memberships}</memberships></{operation}>"
    ))
}

fn in_role(role: &str, members: &str) -> String {
    format!("<Membership><MemberRole>{role}</MemberRole><Members>{members}</Members></Membership>")
}

fn new_member(role: Role, address: MemberAddress) -> NewMember {
    NewMember {
        role,
        address,
        display_name: String::new(),
        annotations: Vec::new(),
    }
}

#[test]
fn members_of_every_kind() {
    let bob = "<Member xsi:type=\"PassportMember\"><Type>Passport</Type><State>Accepted</State>\
               <PassportName> Bob@Example.org </PassportName></Member>";
    let untyped = "<Member><PassportName>carol@example.org</PassportName></Member>";
    let yahoo = "<Member xsi:type=\"EmailMember\"><State>Accepted</State><Annotations><Annotation>\
                 <Name>MSN.IM.BuddyType</Name><Value>32:</Value></Annotation></Annotations>\
                 <Email>b@yahoo.example</Email></Member>";
    let phone = "<Member xsi:type=\"PhoneMember\"><Type>Phone</Type><PhoneNumber>+1555</PhoneNumber>\
                 </Member>";
    let memberships = in_role("Allow", &format!("{bob}{yahoo}")) + &in_role("block", phone);
    assert_eq!(
        change("AddMember", "Messenger", &memberships),
        Ok(SharingRequest::AddMember(vec![
            new_member(Role::Allow, passport("bob@example.org")),
            NewMember {
                annotations: vec![Annotation::new(BUDDY_TYPE, "32:")],
                ..new_member(
                    Role::Allow,
                    MemberAddress::Email("b@yahoo.example".to_owned())
                )
            },
            new_member(Role::Block, MemberAddress::Phone("+1555".to_owned())),
        ]))
    );
    assert_eq!(
        change("AddMember", "", &in_role("Reverse", untyped)),
        Ok(SharingRequest::AddMember(vec![new_member(
            Role::Reverse,
            passport("carol@example.org")
        )]))
    );
}

#[test]
fn deleting_by_number_or_by_address() {
    let by_number = "<Member xsi:type=\"PassportMember\"><MembershipId> 17 </MembershipId>\
                     <Type>Passport</Type></Member>";
    let zero = "<Member><MembershipId>0</MembershipId><PassportName>b@c.d</PassportName></Member>";
    let memberships = in_role("Pending", &format!("{by_number}{zero}"));
    assert_eq!(
        change("DeleteMember", "Messenger", &memberships),
        Ok(SharingRequest::DeleteMember(vec![
            MemberRef {
                role: Role::Pending,
                target: MemberTarget::Id(17)
            },
            MemberRef {
                role: Role::Pending,
                target: MemberTarget::Address(passport("b@c.d"))
            },
        ]))
    );
    let foreign =
        "<Member><MembershipId>Allow/4e851eee</MembershipId><Type>Passport</Type></Member>";
    assert_eq!(
        change("DeleteMember", "Messenger", &in_role("Allow", foreign)),
        Err(Refusal::MemberDoesNotExist)
    );
}

#[test]
fn what_is_no_member_is_refused() {
    let bob = "<Member><PassportName>b@c.d</PassportName></Member>";
    let long = format!(
        "<Member><PassportName>{}@c.d</PassportName></Member>",
        "b".repeat(130)
    );
    for (memberships, expected) in [
        (String::new(), None),
        (in_role("Allow", ""), None),
        (in_role("Admin", bob), None),
        (
            in_role("Allow", "<Member><Type>Passport</Type></Member>"),
            None,
        ),
        (
            in_role("Allow", "<Member><Type>Role</Type><Id>Allow</Id></Member>"),
            None,
        ),
        (
            in_role("Allow", &long),
            Some(Refusal::TooLong("PassportName")),
        ),
    ] {
        let refusal = change("AddMember", "Messenger", &memberships).unwrap_err();
        match expected {
            Some(expected) => assert_eq!(refusal, expected),
            None => assert!(matches!(refusal, Refusal::BadRequest(_)), "{memberships}"),
        }
    }
}

#[test]
fn services_that_keep_nothing_are_answered() {
    let role = "<Member xsi:type=\"RoleMember\"><Type>Role</Type><Id>Allow</Id></Member>";
    let memberships = in_role("ProfileExpression", role);
    assert_eq!(
        change("AddMember", "Profile", &memberships),
        Ok(SharingRequest::AddMember(Vec::new()))
    );
    assert_eq!(
        change("DeleteMember", "Profile", &memberships),
        Ok(SharingRequest::DeleteMember(Vec::new()))
    );
    assert_eq!(
        read("<AddService></AddService>"),
        Err(Refusal::Forbidden("AddService".to_owned()))
    );
    assert!(SharingRequest::knows("AddMember") && !SharingRequest::knows("ABAdd"));
}

#[test]
fn roles_are_the_lists_but_fl() {
    assert_eq!(Role::of_list(List::Forward), None);
    for role in Role::ALL {
        assert_eq!(Role::of_list(role.list()), Some(role));
        assert_eq!(Role::parse(role.name()), Some(role));
    }
    assert_eq!(Role::parse("Admin"), None);
}
