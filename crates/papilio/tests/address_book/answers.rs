//! Every operation's answer, byte for byte, in the course of two people's affairs.

use super::{
    AB_ID, NS, World, assert_snapshot, between, contact_add, contact_delete, contact_update,
    find_all, find_membership, group_add, group_contact, group_delete, group_update, id, member,
    operation, passport, passport_add,
};

/// The time of the last change, as clients take it out of an answer.
fn last_change(body: &str) -> String {
    let ab = between(body, "</abInfo><lastChange>", "<");
    let service = between(body, "<Changes/><LastChange>", "<");
    ab.first().or(service.first()).unwrap().to_string()
}

#[tokio::test]
async fn the_address_book_byte_for_byte() {
    let world = World::new().await;
    let alice = world.alice();
    let answer = async |name: &str, request: &str| {
        let answer = world.ask(alice, request).await;
        assert_snapshot(&format!("abook_{name}"), &answer);
        answer
    };
    answer("01_find_all_of_a_new_account", &find_all("")).await;
    let added = answer(
        "02_contact_add",
        &contact_add(
            "<passportName>Bob@Example.org</passportName><isSmtp>false</isSmtp>\
             <isMessengerUser>true</isMessengerUser><MessengerMemberInfo><PendingAnnotations>\
             <Annotation><Name>MSN.IM.InviteMessage</Name><Value>Hi, it is me</Value></Annotation>\
             </PendingAnnotations><DisplayName>Alice</DisplayName></MessengerMemberInfo>",
        ),
    )
    .await;
    let bob = between(&added.body, "<guid>", "<")[0];
    let nickname = "<annotations><Annotation><Name>AB.NickName</Name><Value>Bobby &amp; Co</Value>\
                    </Annotation></annotations>";
    answer(
        "03_contact_update",
        &contact_update(&id(bob), nickname, "Annotation"),
    )
    .await;
    let me = "<contactType>Me</contactType><displayName>Alice in &lt;wire&gt; land</displayName>";
    answer(
        "04_contact_update_of_me",
        &contact_update("", me, "DisplayName"),
    )
    .await;
    let added = answer("05_group_add", &group_add("Friends &amp; Co")).await;
    let group = between(&added.body, "<guid>", "<")[0];
    answer(
        "06_group_contact_add",
        &group_contact("ABGroupContactAdd", group, &id(bob)),
    )
    .await;
    let yahoo = contact_add(
        "<emails><ContactEmail><contactEmailType>Messenger2</contactEmailType>\
         <email>bob@yahoo.example</email><isMessengerEnabled>true</isMessengerEnabled>\
         <Capability>32</Capability><propertiesChanged>Email IsMessengerEnabled Capability\
         </propertiesChanged></ContactEmail></emails>",
    );
    world.made(alice, &yahoo).await;
    let full = answer("07_find_all", &find_all("")).await;
    let seen = last_change(&full.body);
    answer("08_find_all_nothing_new", &find_all(&seen)).await;
    answer("09_group_update", &group_update(group, "Foes")).await;
    answer(
        "10_group_contact_delete",
        &group_contact("ABGroupContactDelete", group, &id(bob)),
    )
    .await;
    answer("11_contact_delete", &contact_delete(bob)).await;
    answer("12_find_all_deltas", &find_all(&seen)).await;
    answer("13_group_delete", &group_delete(group)).await;
    let gleams = format!(
        "<abId/><dynamicItems><DynamicItem xsi:type=\"PassportDynamicItem\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Type>Passport</Type>\
         <PassportName>bob@example.org</PassportName></DynamicItem></dynamicItems>{AB_ID}"
    );
    answer(
        "14_update_dynamic_item",
        &operation("UpdateDynamicItem", &gleams),
    )
    .await;
    let add = "<abInfo><name/><ownerPuid>0</ownerPuid><fDefault>true</fDefault></abInfo>";
    answer("15_ab_add_of_one_that_exists", &operation("ABAdd", add)).await;
    world.execute("DELETE FROM address_books").await;
    answer("16_ab_find_all_without_one", &find_all("")).await;
    answer("17_ab_add", &operation("ABAdd", add)).await;
    world.book(alice).await;
}

#[tokio::test]
async fn the_memberships_byte_for_byte() {
    let world = World::new().await;
    let bob = &world.bob;
    let answer = async |name: &str, request: &str| {
        let answer = world.ask(bob, request).await;
        assert_snapshot(&format!("sharing_{name}"), &answer);
        answer
    };
    answer("01_find_membership_of_a_new_account", &find_membership("")).await;
    let invitation = contact_add(
        "<passportName>bob@example.org</passportName><isMessengerUser>true</isMessengerUser>\
         <MessengerMemberInfo><PendingAnnotations><Annotation><Name>MSN.IM.InviteMessage</Name>\
         <Value>it&apos;s me</Value></Annotation></PendingAnnotations><DisplayName>Alice</DisplayName>\
         </MessengerMemberInfo>",
    );
    world.made(world.alice(), &invitation).await;
    let yahoo = "<Annotations><Annotation><Name>MSN.IM.BuddyType</Name><Value>32:</Value></Annotation>\
                 </Annotations><Email>bob@yahoo.example</Email>";
    let yahoo = member("AddMember", "Allow", yahoo)
        .replace("PassportMember", "EmailMember")
        .replace("<Type>Passport</Type>", "<Type>Email</Type>");
    world.done(bob, &yahoo).await;
    let full = answer("02_find_membership", &find_membership("")).await;
    let seen = last_change(&full.body);
    answer("03_find_membership_nothing_new", &find_membership(&seen)).await;
    let alice = passport("alice@example.org");
    answer("04_add_member", &member("AddMember", "Allow", &alice)).await;
    answer("05_delete_member", &member("DeleteMember", "Allow", &alice)).await;
    world.done(bob, &member("AddMember", "Block", &alice)).await;
    answer("06_find_membership_deltas", &find_membership(&seen)).await;
    let profile = format!(
        "<AddMember {NS}><serviceHandle><Id>0</Id><Type>Profile</Type>\
         <ForeignId>MyProfile</ForeignId></serviceHandle><memberships><Membership>\
         <MemberRole>ProfileExpression</MemberRole><Members><Member xsi:type=\"RoleMember\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Type>Role</Type><Id>Allow</Id>\
         </Member></Members></Membership></memberships></AddMember>"
    );
    answer("07_add_member_of_the_profile", &profile).await;
    let others = find_membership("").replace("Messenger", "Space");
    answer("08_find_membership_of_others", &others).await;
}

#[tokio::test]
async fn nothing_stands_between_elements() {
    let world = World::new().await;
    let alice = world.alice();
    world.made(alice, &passport_add("bob@example.org")).await;
    world.made(alice, &group_add("Friends")).await;
    for body in [
        world.book(alice).await,
        world.memberships(&world.bob).await,
        world.ask(alice, &contact_delete("1")).await.body,
    ] {
        let inside = body.strip_suffix('>').unwrap();
        for text in between(inside, ">", "<") {
            assert!(text.is_empty() || !text.trim().is_empty(), "{body}");
        }
        assert!(!body.contains("&#") && !body.contains("CDATA"));
    }
}

#[tokio::test]
async fn both_services_read_their_own_writes_at_once() {
    let world = World::new().await;
    let alice = world.alice();
    for round in 0..5 {
        let bob = world.made(alice, &passport_add("bob@example.org")).await;
        assert!(world.book(alice).await.contains(&bob));
        assert!(
            world
                .memberships(&world.bob)
                .await
                .contains("<MemberRole>Pending<")
        );
        world.done(alice, &contact_delete(&bob)).await;
        assert!(!world.book(alice).await.contains(&bob), "round {round}");
        assert!(!world.memberships(&world.bob).await.contains("<MemberRole>"));
    }
}

#[tokio::test]
async fn who_waits_is_deleted_by_number() {
    let world = World::new().await;
    world
        .made(world.alice(), &passport_add("bob@example.org"))
        .await;
    let found = world.memberships(&world.bob).await;
    let pending = found
        .split_once("<MemberRole>Pending</MemberRole>")
        .unwrap()
        .1;
    let number: i32 = between(pending, "<MembershipId>", "<")[0].parse().unwrap();
    let by_number = format!("<MembershipId>{number}</MembershipId>");
    world
        .done(&world.bob, &member("DeleteMember", "Pending", &by_number))
        .await;
    let found = world.memberships(&world.bob).await;
    assert!(!found.contains("Pending<") && found.contains("<MemberRole>Reverse<"));
}

#[tokio::test]
async fn a_contact_by_way_of_a_group() {
    let world = World::new().await;
    let alice = world.alice();
    let group = world.made(alice, &group_add("Friends")).await;
    let info = "<contactInfo><passportName>bob@example.org</passportName><isSmtp>false</isSmtp>\
                <isMessengerUser>true</isMessengerUser></contactInfo>";
    let request = group_contact("ABGroupContactAdd", &group, info).replace(
        "</ABGroupContactAdd>",
        "<groupContactAddOptions><fGenerateMissingQuickName>true</fGenerateMissingQuickName>\
         <EnableAllowListManagement>true</EnableAllowListManagement></groupContactAddOptions>\
         </ABGroupContactAdd>",
    );
    let bob = world.made(alice, &request).await;
    let book = world.book(alice).await;
    let contact = book.split_once(&id(&bob)).unwrap().1;
    assert!(contact.contains(&format!("<groupIds><guid>{group}</guid></groupIds>")));
    assert!(contact.contains("<isMessengerUser>true</isMessengerUser>"));
    assert!(
        world
            .memberships(alice)
            .await
            .contains("<MemberRole>Allow</MemberRole>")
    );
    let me = world.me(alice).await;
    let ids = [&bob, &group, &me];
    assert!(
        ids.iter()
            .all(|id| ids.iter().filter(|other| *other == id).count() == 1)
    );
}
