use super::*;
use crate::soap::contact::{BLP, Email, GTC, Location, MBEA, Phone, WebSite};
use crate::soap::contact_change::{PropertyChange, TextProperty};
use crate::soap::envelope::{ADDRESS_BOOK, Limits};

const FRIENDS: Guid = Guid::from_u128(0x4e85_1eee_e1a7_4f4b_8a8e_3d2a_7f2a_7711);
const BOB: Guid = Guid::from_u128(0xb0b);

fn read(text: &str) -> Result<AddressBookRequest, Refusal> {
    let text = text.replacen('>', &format!(" xmlns=\"{ADDRESS_BOOK}\">"), 1);
    AddressBookRequest::read(&Element::parse(text.as_bytes(), &Limits::default()).unwrap())
}

fn ticks(ticks: i64) -> Timestamp {
    Timestamp::from_ticks(11_507_184_000_000_000 + ticks)
}

fn header() -> ServiceHeader {
    ServiceHeader {
        cache_key: "12r1:opaque".to_owned(),
        preferred_host: Some("contacts.msn.com".to_owned()),
        session_id: "7e4f6c6a-0d4e-4f2e-9f5c-1f1c3a3f9d10".to_owned(),
    }
}

fn contact(id: Guid, passport_name: Option<&str>) -> Contact {
    Contact {
        id,
        kind: ContactKind::Regular,
        passport_name: passport_name.map(str::to_owned),
        display_name: "Bob".to_owned(),
        cid: -123_456_789,
        group_ids: Vec::new(),
        messenger: passport_name.is_some(),
        properties: Properties::default(),
        deleted: false,
        last_change: ticks(2),
    }
}

fn book(groups: Vec<Group>, contacts: Vec<Contact>) -> AddressBookAnswer {
    AddressBookAnswer::FindAll(Box::new(AddressBook {
        owner: Owner {
            handle: "alice@example.org".to_owned(),
            cid: 4_294_967_297,
            created: ticks(0),
        },
        groups,
        contacts,
        last_change: ticks(3),
    }))
}

#[test]
fn an_address_book_byte_for_byte() {
    let me = Contact {
        kind: ContactKind::Me,
        display_name: "Alice <in> \"wire\" & land's \u{3}end".to_owned(),
        messenger: false,
        properties: Properties {
            quick_name: "Alice".to_owned(),
            annotations: vec![
                Annotation::new(BLP, "1"),
                Annotation::new("MSN.IM.RoamLiveProperties", "1"),
                Annotation::new(GTC, "1"),
                Annotation::new(MBEA, "0"),
            ],
            ..Properties::default()
        },
        ..contact(Guid::from_u128(1), Some("alice@example.org"))
    };
    let bob = Contact {
        group_ids: vec![FRIENDS, Guid::from_u128(2)],
        ..contact(BOB, Some("bob@example.org"))
    };
    let friends = Group {
        id: FRIENDS,
        name: "Friends & Co".to_owned(),
        favorite: false,
        deleted: false,
        last_change: ticks(1),
    };
    let answer = book(vec![friends], vec![me, bob]);
    insta::assert_snapshot!("address_book", answer.to_xml(&header()));

    let empty = book(Vec::new(), Vec::new());
    let header = ServiceHeader {
        preferred_host: None,
        ..header()
    };
    insta::assert_snapshot!("address_book_empty", empty.to_xml(&header));
}

#[test]
fn every_property_and_tombstones_byte_for_byte() {
    let text = str::to_owned;
    let full = Contact {
        display_name: "Yahoo Bob".to_owned(),
        cid: 0,
        properties: Properties {
            display_name: text("Yahoo Bob"),
            quick_name: text("yb"),
            first_name: text("Bob"),
            middle_name: text("B."),
            last_name: text("Bobson"),
            comment: text("met at <the> fair"),
            birthdate: text("1980-01-02T00:00:00"),
            anniversary: text("1998/05/05"),
            primary_email_type: text("Messenger2"),
            favorite: true,
            smtp: true,
            has_space: true,
            emails: vec![Email {
                kind: text("Messenger2"),
                address: text("bob@yahoo.example"),
                messenger: true,
                capability: 32,
                external: false,
            }],
            phones: vec![Phone {
                kind: text("ContactPhoneMobile"),
                number: text("+1555"),
                messenger: true,
            }],
            locations: vec![Location {
                kind: text("ContactLocationPersonal"),
                name: text("home"),
                street: text("1 Road"),
                city: text("Oslo"),
                state: text("-"),
                country: text("NO"),
                postal_code: text("0001"),
            }],
            web_sites: vec![WebSite {
                kind: text("ContactWebSitePersonal"),
                url: text("http://x/?a&b"),
            }],
            annotations: vec![
                Annotation::new("AB.NickName", "Bobby"),
                Annotation::new("X.<Unknown>", "as & is"),
            ],
        },
        ..contact(BOB, None)
    };
    let gone = Contact {
        deleted: true,
        ..contact(Guid::from_u128(9), Some("bob@example.org"))
    };
    let group = Group {
        id: FRIENDS,
        name: "Friends".to_owned(),
        favorite: true,
        deleted: true,
        last_change: ticks(1),
    };
    let answer = book(vec![group], vec![full, gone]);
    insta::assert_snapshot!("address_book_full", answer.to_xml(&header()));
}

#[test]
fn the_small_answers_byte_for_byte() {
    let body = |answer: &AddressBookAnswer| {
        let document = answer.to_xml(&header());
        let (_, body) = document.split_once("<soap:Body>").unwrap();
        body.strip_suffix("</soap:Body></soap:Envelope>")
            .unwrap()
            .to_owned()
    };
    let answers = [
        AddressBookAnswer::ContactAdded(BOB),
        AddressBookAnswer::ContactUpdated,
        AddressBookAnswer::ContactDeleted,
        AddressBookAnswer::GroupAdded(FRIENDS),
        AddressBookAnswer::GroupUpdated,
        AddressBookAnswer::GroupDeleted,
        AddressBookAnswer::GroupContactAdded(BOB),
        AddressBookAnswer::GroupContactDeleted,
        AddressBookAnswer::AddressBookAdded,
        AddressBookAnswer::DynamicItemUpdated,
    ];
    let bodies: Vec<_> = answers.iter().map(body).collect();
    insta::assert_snapshot!("small_answers", bodies.join("\n"));
}

#[test]
fn find_all_knows_what_the_client_has() {
    let request = |deltas: &str, time: &str| {
        read(&format!(
            "<ABFindAll><abId>00000000-0000-0000-0000-000000000000</abId><abView>Full</abView>\
             <deltasOnly>{deltas}</deltasOnly><lastChange>{time}</lastChange></ABFindAll>"
        ))
    };
    let everything = Ok(AddressBookRequest::FindAll(Since::Nothing));
    let time = "2006-06-19T04:00:00.0000001-08:00";
    assert_eq!(request("false", time), everything);
    assert_eq!(request("true", ""), everything);
    assert_eq!(request("true", "yesterday"), everything);
    assert_eq!(read("<ABFindAll></ABFindAll>"), everything);
    for truth in ["true", " TRUE\n", "1"] {
        assert_eq!(
            request(truth, time),
            Ok(AddressBookRequest::FindAll(Since::Time(ticks(1))))
        );
    }
}

#[test]
fn other_address_books_do_not_exist() {
    for (book, expected) in [
        ("{00000000-0000-0000-0000-000000000000}", None),
        ("", None),
        (
            "4e851eee-e1a7-4f4b-8a8e-3d2a7f2a7711",
            Some(Refusal::AddressBookDoesNotExist),
        ),
        ("mine", Some(Refusal::AddressBookDoesNotExist)),
    ] {
        let request = format!("<ABFindAll><abId>{book}</abId></ABFindAll>");
        assert_eq!(read(&request).err(), expected, "{book}");
    }
}

#[test]
fn contact_add_of_every_kind() {
    let add = |info: &str, options: &str| {
        read(&format!(
            "<ABContactAdd><contacts><Contact><contactInfo>{info}</contactInfo></Contact></contacts>\
             {options}</ABContactAdd>"
        ))
        .map(|request| match request {
            AddressBookRequest::ContactAdd(contact) => *contact,
            other => panic!("{other:?}"),
        })
    };
    let contact = add(
        "<passportName> Bob@example.org </passportName><isSmtp>false</isSmtp>\
         <isMessengerUser>true</isMessengerUser><MessengerMemberInfo><PendingAnnotations>\
         <Annotation><Name>X</Name><Value>dropped</Value></Annotation>\
         <Annotation><Name>MSN.IM.InviteMessage</Name><Value>Hi, it is me</Value></Annotation>\
         </PendingAnnotations><DisplayName>Alice</DisplayName></MessengerMemberInfo>",
        "<options><EnableAllowListManagement>\n true\n</EnableAllowListManagement></options>",
    )
    .unwrap();
    assert_eq!(
        contact,
        NewContact {
            passport_name: Some("Bob@example.org".to_owned()),
            messenger: true,
            properties: Properties::default(),
            invitation: Invitation {
                display_name: "Alice".to_owned(),
                annotations: vec![Annotation::new(INVITE_MESSAGE, "Hi, it is me")],
            },
            management: AllowListManagement::ByServer,
        }
    );

    let pending = add(
        "<contactType>LivePending</contactType><passportName>b@c.d</passportName>",
        "",
    );
    assert!(
        pending.unwrap().messenger,
        "LivePending is a Messenger contact"
    );

    let yahoo = add(
        "<emails><ContactEmail><contactEmailType>Messenger2</contactEmailType>\
         <email>b@yahoo.example</email><isMessengerEnabled>true</isMessengerEnabled>\
         <Capability>32</Capability><propertiesChanged>Email IsMessengerEnabled Capability\
         </propertiesChanged></ContactEmail></emails><isMessengerUser>true</isMessengerUser>",
        "<options/>",
    )
    .unwrap();
    assert!(!yahoo.messenger, "FL is for Passport addresses");
    assert_eq!(yahoo.properties.emails[0].capability, 32);
    assert_eq!(yahoo.management, AllowListManagement::ByClient);

    let entry = add("<firstName>Bob</firstName><quickName>b</quickName>", "").unwrap();
    assert_eq!((entry.passport_name, entry.messenger), (None, false));
    assert_eq!(entry.properties.first_name, "Bob");

    let long = "x".repeat(3000);
    assert_eq!(
        add(&format!("<comment>{long}</comment>"), ""),
        Err(Refusal::TooLong("contactInfo"))
    );
    assert_eq!(
        add(
            &format!(
                "<MessengerMemberInfo><DisplayName>{long}</DisplayName></MessengerMemberInfo>"
            ),
            ""
        ),
        Err(Refusal::TooLong("DisplayName"))
    );
    for none in [
        "<ABContactAdd></ABContactAdd>",
        "<ABContactAdd><contacts/></ABContactAdd>",
        "<ABContactAdd><contacts><Contact/></contacts></ABContactAdd>",
        "<ABContactAdd><contacts><Contact><contactInfo/></Contact>\
         <Contact><contactInfo/></Contact></contacts></ABContactAdd>",
    ] {
        assert!(matches!(read(none), Err(Refusal::BadRequest(_))), "{none}");
    }
}

#[test]
fn contact_update_finds_its_target() {
    let update = |id: &str, kind: &str| {
        read(&format!(
            "<ABContactUpdate><contacts><Contact>{id}<contactInfo>{kind}\
             <displayName>New</displayName></contactInfo>\
             <propertiesChanged>DisplayName </propertiesChanged></Contact></contacts></ABContactUpdate>"
        ))
    };
    let expected = |target| {
        Ok(AddressBookRequest::ContactUpdate(vec![ContactUpdate {
            target,
            changes: ContactChanges {
                properties: vec![PropertyChange::Text(
                    TextProperty::DisplayName,
                    "New".to_owned(),
                )],
                ..ContactChanges::default()
            },
        }]))
    };
    let me = "<contactType>Me</contactType>";
    let id = format!("<contactId>{BOB}</contactId>");
    let zero = format!("<contactId>{}</contactId>", Guid::ZERO);
    assert_eq!(update("", me), expected(UpdateTarget::Me));
    assert_eq!(update("<contactId/>", me), expected(UpdateTarget::Me));
    assert_eq!(update(&zero, me), expected(UpdateTarget::Me));
    assert_eq!(update(&id, me), expected(UpdateTarget::Id(BOB)));
    assert_eq!(update(&id, ""), expected(UpdateTarget::Id(BOB)));
    assert_eq!(update("", ""), Err(Refusal::ContactDoesNotExist));
    assert_eq!(update(&zero, ""), Err(Refusal::ContactDoesNotExist));
    assert_eq!(
        update("<contactId>me</contactId>", me),
        Err(Refusal::ContactDoesNotExist)
    );
    let many = "<ABContactUpdate><contacts/></ABContactUpdate>";
    assert!(matches!(read(many), Err(Refusal::BadRequest(_))));
}

#[test]
fn deleting_takes_ids() {
    let request = format!(
        "<ABContactDelete><contacts><Contact><contactId>{BOB}</contactId></Contact>\
         <Contact><contactId> {{{FRIENDS}}} </contactId></Contact></contacts></ABContactDelete>"
    );
    assert_eq!(
        read(&request),
        Ok(AddressBookRequest::ContactDelete(vec![BOB, FRIENDS]))
    );
    let unknown = "<ABContactDelete><contacts><Contact><contactId>1</contactId></Contact></contacts>\
                   </ABContactDelete>";
    assert_eq!(read(unknown), Err(Refusal::ContactDoesNotExist));
}

#[test]
fn group_names_are_checked() {
    let add = |name: &str| {
        read(&format!(
            "<ABGroupAdd><groupAddOptions><fRenameOnMsgrConflict>false</fRenameOnMsgrConflict>\
             </groupAddOptions><groupInfo><GroupInfo><name>{name}</name><fMessenger>false</fMessenger>\
             <groupType>C8529CE2-6EAD-434d-881F-341E17DB3FF8</groupType></GroupInfo></groupInfo>\
             </ABGroupAdd>"
        ))
    };
    let group = |name: &str| {
        Ok(AddressBookRequest::GroupAdd(NewGroup {
            name: name.to_owned(),
            favorite: false,
        }))
    };
    assert_eq!(add("Friends &amp; Co"), group("Friends & Co"));
    assert_eq!(add("(no group)"), Err(Refusal::GroupAlreadyExists(None)));
    assert!(matches!(add("  "), Err(Refusal::BadRequest(_))));
    assert!(matches!(
        read("<ABGroupAdd></ABGroupAdd>"),
        Err(Refusal::BadRequest(_))
    ));
}

#[test]
fn group_update_and_delete() {
    let update = |id: &str, changed: &str| {
        read(&format!(
            "<ABGroupUpdate><groups><Group><groupId>{id}</groupId><groupInfo><name>New</name>\
             <IsFavorite>true</IsFavorite></groupInfo><propertiesChanged>{changed}</propertiesChanged>\
             </Group></groups></ABGroupUpdate>"
        ))
    };
    let id = FRIENDS.to_string();
    let expected = |name: Option<&str>, favorite| {
        Ok(AddressBookRequest::GroupUpdate(vec![GroupUpdate {
            id: FRIENDS,
            name: name.map(str::to_owned),
            favorite,
        }]))
    };
    assert_eq!(update(&id, "GroupName "), expected(Some("New"), None));
    assert_eq!(update(&id, "IsFavorite"), expected(None, Some(true)));
    assert_eq!(update(&id, "Unknown"), expected(None, None));
    assert_eq!(update("x", "GroupName"), Err(Refusal::GroupDoesNotExist));

    let delete = |ids: &str| {
        read(&format!(
            "<ABGroupDelete><groupFilter><groupIds>{ids}</groupIds></groupFilter></ABGroupDelete>"
        ))
    };
    assert_eq!(
        delete(&format!("<guid>{FRIENDS}</guid><guid>{BOB}</guid>")),
        Ok(AddressBookRequest::GroupDelete(vec![FRIENDS, BOB]))
    );
    assert_eq!(delete("<guid>x</guid>"), Err(Refusal::GroupDoesNotExist));
    assert!(matches!(delete(""), Err(Refusal::BadRequest(_))));
}

#[test]
fn into_a_group_by_id_or_by_address() {
    let add = |contact: &str| {
        read(&format!(
            "<ABGroupContactAdd><groupFilter><groupIds><guid>{FRIENDS}</guid></groupIds></groupFilter>\
             <contacts><Contact>{contact}</Contact></contacts><groupContactAddOptions>\
             <fGenerateMissingQuickName>true</fGenerateMissingQuickName>\
             <EnableAllowListManagement>true</EnableAllowListManagement></groupContactAddOptions>\
             </ABGroupContactAdd>"
        ))
    };
    assert_eq!(
        add(&format!("<contactId>{BOB}</contactId>")),
        Ok(AddressBookRequest::GroupContactAdd {
            groups: vec![FRIENDS],
            contacts: vec![ContactRef::Id(BOB)],
        })
    );
    let new = add("<contactInfo><passportName>b@c.d</passportName></contactInfo>");
    let Ok(AddressBookRequest::GroupContactAdd { contacts, .. }) = new else {
        panic!("{new:?}");
    };
    let [ContactRef::New(contact)] = &contacts[..] else {
        panic!("{contacts:?}");
    };
    assert!(contact.messenger);
    assert_eq!(contact.management, AllowListManagement::ByServer);
    assert_eq!(
        add("<contactId>x</contactId>"),
        Err(Refusal::ContactDoesNotExist)
    );

    let delete = format!(
        "<ABGroupContactDelete><contacts><Contact><contactId>{BOB}</contactId></Contact></contacts>\
         <groupFilter><groupIds><guid>{FRIENDS}</guid></groupIds></groupFilter></ABGroupContactDelete>"
    );
    assert_eq!(
        read(&delete),
        Ok(AddressBookRequest::GroupContactDelete {
            groups: vec![FRIENDS],
            contacts: vec![BOB],
        })
    );
}

#[test]
fn the_rest_has_nothing_to_read() {
    let add =
        "<ABAdd><abInfo><name/><ownerPuid>0</ownerPuid><fDefault>true</fDefault></abInfo></ABAdd>";
    assert_eq!(read(add), Ok(AddressBookRequest::AddressBookAdd));
    let gleams = "<UpdateDynamicItem><abId/></UpdateDynamicItem>";
    assert_eq!(read(gleams), Ok(AddressBookRequest::UpdateDynamicItem));
    assert_eq!(
        read("<ABDelete></ABDelete>"),
        Err(Refusal::Forbidden("ABDelete".to_owned()))
    );
    assert!(AddressBookRequest::knows("ABAdd") && !AddressBookRequest::knows("AddMember"));
}
