//! Every fault of services-addressbook, 9, that can occur.

use papilio::config::Config;

use super::{
    AB_ID, ABOOK, World, between, contact_add, contact_delete, contact_update, envelope, fault,
    find_all, find_membership, group_add, group_contact, group_delete, group_update, id, member,
    operation, passport, passport_add, posted,
};

const NOBODY: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

#[tokio::test]
async fn the_table_of_faults() {
    let world = World::new().await;
    let alice = world.alice();
    let bob = world.made(alice, &passport_add("bob@example.org")).await;
    let group = world.made(alice, &group_add("Friends")).await;
    world
        .done(
            alice,
            &member("AddMember", "Allow", &passport("bob@example.org")),
        )
        .await;
    let other_book = find_all("").replace(AB_ID, &format!("<abId>{NOBODY}</abId>"));
    let me = world.me(alice).await;
    let long_name = "<contactType>Me</contactType><displayName>".to_owned()
        + &"x".repeat(388)
        + "</displayName>";
    let exists = ("ContactAlreadyExists", "Contact Already Exists");
    let no_contact = ("ContactDoesNotExist", "Contact Does Not Exist");
    let same_group = ("GroupAlreadyExists", "Group Already Exists");
    let no_group = ("GroupDoesNotExist", "Group Does Not Exist");
    let long_group = (
        "BadArgumentLength",
        "Argument Exceeded Allowed Length GroupName exceeded length",
    );
    let full_sync = (
        "FullSyncRequired",
        "Full sync required.  Details: Delta syncs disabled.",
    );
    let no_at = (
        "BadEmailArgument",
        "Malformed email Argument Email missing &apos;@&apos; character",
    );
    let no_dot = (
        "BadEmailArgument",
        "Malformed email Argument Email missing &apos;.&apos; character",
    );
    let nobody = (
        "InvalidPassportUser",
        "The Passport user specified is invalid SignInName: nobody@example.org",
    );
    let future = "2199-01-01T00:00:00.0000000-08:00";
    for (request, (code, words)) in [
        (other_book, ("ABDoesNotExist", "AB Does Not Exist")),
        (
            operation("ABAdd", "<abInfo/>"),
            ("ABAlreadyExists", "AB Already Exists"),
        ),
        (passport_add("BOB@example.org"), exists),
        (
            contact_update(&id(NOBODY), "<displayName>x</displayName>", "DisplayName"),
            no_contact,
        ),
        (
            contact_update("", "<displayName>x</displayName>", "DisplayName"),
            no_contact,
        ),
        (contact_delete(NOBODY), no_contact),
        (contact_delete("not a guid"), no_contact),
        (contact_delete(&me), no_contact),
        (
            group_contact("ABGroupContactAdd", &group, &id(NOBODY)),
            no_contact,
        ),
        (
            group_contact("ABGroupContactDelete", &group, &id(NOBODY)),
            no_contact,
        ),
        (group_add("fRIENDS"), same_group),
        (group_add("(No Group)"), same_group),
        (group_update(NOBODY, "X"), no_group),
        (group_delete(NOBODY), no_group),
        (
            group_contact("ABGroupContactAdd", NOBODY, &id(&bob)),
            no_group,
        ),
        (
            group_contact("ABGroupContactDelete", NOBODY, &id(&bob)),
            no_group,
        ),
        (group_add(&"x".repeat(62)), long_group),
        (group_update(&group, &"x".repeat(62)), long_group),
        (
            contact_update("", &long_name, "DisplayName"),
            (
                "BadArgumentLength",
                "Argument Exceeded Allowed Length DisplayName exceeded length",
            ),
        ),
        (passport_add("bob.example.org"), no_at),
        (passport_add("bob@example"), no_dot),
        (passport_add("nobody@example.org"), nobody),
        (find_all(future), full_sync),
        (find_membership(future), full_sync),
        (
            member("AddMember", "Allow", &passport("bob@example.org")),
            ("MemberAlreadyExists", "Member already exists "),
        ),
        (
            member("DeleteMember", "Block", &passport("bob@example.org")),
            ("MemberDoesNotExist", "Member does not exist "),
        ),
        (
            member("DeleteMember", "Pending", "<MembershipId>99</MembershipId>"),
            ("MemberDoesNotExist", "Member does not exist "),
        ),
        (
            member("AddMember", "Allow", &passport("nobody@example.org")),
            ("UserDoesNotExist", "User does not exist nobody@example.org"),
        ),
        (
            operation("ABFindContactsPaged", AB_ID),
            (
                "Forbidden",
                "The API ABFindContactsPaged is no longer supported",
            ),
        ),
        (
            operation("ABDelete", AB_ID),
            ("Forbidden", "The API ABDelete is no longer supported"),
        ),
    ] {
        let answer = world.ask(alice, &request).await;
        assert_eq!(
            fault(&answer),
            (code.to_owned(), words.to_owned()),
            "{request}"
        );
        let name = request[1..].split([' ', '>']).next().unwrap();
        let actor = format!("<faultactor>http://www.msn.com/webservices/AddressBook/{name}<");
        assert!(answer.body.contains(&actor), "{}", answer.body);
        assert!(answer.body.contains("<faultcode>soap:Client</faultcode>"));
    }
    // Nothing of all this left a trace.
    let book = world.book(alice).await;
    assert_eq!(between(&book, "<contactId>", "<"), [&me, &bob]);
    assert_eq!(between(&book, "<groupId>", "<"), [&group]);
}

#[tokio::test]
async fn what_is_there_already_is_named() {
    let world = World::new().await;
    let alice = world.alice();
    let bob = world.made(alice, &passport_add("bob@example.org")).await;
    let group = world.made(alice, &group_add("Friends")).await;
    for (request, id) in [
        (passport_add("bob@example.org"), &bob),
        (group_add("friends"), &group),
    ] {
        let answer = world.ask(alice, &request).await;
        let expected = format!("<additionalDetails><conflictObjectId>{id}</conflictObjectId>");
        assert!(answer.body.contains(&expected), "{}", answer.body);
    }
    let answer = world.ask(alice, &group_add(&"x".repeat(62))).await;
    assert!(answer.body.contains(
        "</errorstring><parameterFault xmlns=\"http://www.msn.com/webservices/AddressBook\">\
         GroupName</parameterFault><machineName "
    ));
}

#[tokio::test]
async fn lists_that_are_full() {
    let mut config = Config::default();
    config.lists.forward = Some(1);
    config.lists.allow = Some(0);
    config.lists.block = Some(0);
    config.lists.groups = Some(1);
    let world = World::with(config).await;
    let alice = world.alice();
    world.made(alice, &passport_add("bob@example.org")).await;
    world.made(alice, &group_add("Friends")).await;
    let carol = passport("carol@example.org");
    for request in [
        passport_add("carol@example.org"),
        contact_add("<quickName>Aunt</quickName>"),
        group_add("More"),
        member("AddMember", "Allow", &carol),
        member("AddMember", "Block", &carol),
    ] {
        assert_eq!(
            world.refused(alice, &request).await.0,
            "QuotaLimitReached",
            "{request}"
        );
    }
    assert!(!world.memberships(&world.carol).await.contains("<Member "));
}

#[tokio::test]
async fn what_is_no_request() {
    let world = World::new().await;
    let alice = world.alice();
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(alice));
    let good = envelope("", &find_all(""));
    let deep = "<a>".repeat(100) + &"</a>".repeat(100);
    for body in [
        String::new(),
        "not xml".to_owned(),
        good.replace("</soap:Body>", ""),
        good.replace("soap:Body", "soap:Torso"),
        good.replace(
            "<soap:Envelope",
            "<!DOCTYPE a [<!ENTITY b 'c'>]><soap:Envelope",
        ),
        envelope("", ""),
        envelope("", &format!("<ABFindAll>{deep}</ABFindAll>")),
        envelope(
            "",
            &format!("<ABFindAll>{}</ABFindAll>", "<a/>".repeat(30_000)),
        ),
        envelope("", "<ABContactAdd/>"),
        envelope("", "<ABGroupAdd/>"),
        envelope("", "<AddMember/>"),
        envelope("", &contact_add("")),
        envelope(
            "",
            &member("AddMember", "Admin", &passport("bob@example.org")),
        ),
        envelope(
            "",
            &member("AddMember", "Pending", &passport("bob@example.org")),
        ),
        envelope("", &member("AddMember", "Allow", "")),
    ] {
        let answer = world.server.ask(&posted(ABOOK, &cookie, &body)).await;
        let (code, words) = fault(&answer);
        assert_eq!(code, "", "{body}");
        assert!(words.starts_with("Bad Request: "), "{words}");
        assert!(!answer.body.contains("<detail>"));
    }
    let answer = world.server.ask(&posted(ABOOK, &cookie, &good)).await;
    assert_eq!(answer.status(), "200");
}

#[tokio::test]
async fn the_name_of_an_operation_cannot_break_the_answer() {
    let world = World::new().await;
    let answer = world.ask(world.alice(), "<x-y.z_ñ/>").await;
    assert_eq!(fault(&answer).0, "Forbidden");
    let document = msnp::soap::envelope::Document::parse(
        answer.body.as_bytes(),
        &msnp::soap::envelope::Limits::default(),
    );
    assert_eq!(document.unwrap().request().name(), "Fault");
}
