//! The same requests in other clothes: paths, prefixes, order, white space (services-addressbook, 1
//! and 15; clients, 9, 10, 14 and 15).

use super::support::Client;
use super::{
    AB_ID, ABOOK, NS, SHARING, World, between, contact_update, envelope, find_all, find_membership,
    group_add, group_contact, member, passport, passport_add, posted,
};

#[tokio::test]
async fn every_operation_on_every_path() {
    let world = World::new().await;
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(world.alice()));
    for path in [
        ABOOK,
        SHARING,
        "//abservice/abservice.asmx",
        "/ABService/sharingservice.ASMX",
        "/abservice//SharingService.asmx?x=y",
    ] {
        for (request, name) in [
            (find_all(""), "ABFindAll"),
            (find_membership(""), "FindMembership"),
        ] {
            for action in [
                "",
                "SOAPAction: \r\n",
                "SOAPAction: \"http://www.msn.com/webservices/AddressBook/ABContactDelete\"\r\n",
                "SOAPAction: http://www.msn.com/webservices/AddressBook/FindMembership\r\n",
            ] {
                let headers = format!("{cookie}{action}Content-Type: text/xml; charset=utf-8\r\n");
                let answer = world
                    .server
                    .ask(&posted(path, &headers, &envelope("", &request)))
                    .await;
                assert_eq!(answer.status(), "200", "{path} {action}");
                assert!(
                    answer
                        .body
                        .contains(&format!("<soap:Body><{name}Response "))
                );
            }
        }
    }
}

#[tokio::test]
async fn prefixes_order_and_white_space_mean_nothing() {
    let world = World::new().await;
    let alice = world.alice();
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(alice));
    let strange = "\u{feff}\n<E:Envelope xmlns:E=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:a=\"http://www.msn.com/webservices/AddressBook\">\n  <E:Body>\n\
         <!-- a comment --><a:ABContactAdd>\n\
         <a:options>\n<a:EnableAllowListManagement>\n true\n</a:EnableAllowListManagement>\
         </a:options>\n<a:contacts>\n <a:Contact>\n <a:contactInfo>\n\
         <a:isMessengerUser>\n1\n</a:isMessengerUser>\n\
         <a:passportName>\n <![CDATA[ bob@example.org ]]>\n</a:passportName>\n\
         </a:contactInfo></a:Contact></a:contacts>\n\
         <a:abId>\n{00000000-0000-0000-0000-000000000000}\n</a:abId></a:ABContactAdd>\
         </E:Body></E:Envelope>\r\n\r\n ";
    let answer = world.server.ask(&posted(ABOOK, &cookie, strange)).await;
    assert_eq!(answer.status(), "200", "{}", answer.body);
    let found = world.memberships(alice).await;
    assert!(
        found.contains("<MemberRole>Allow</MemberRole>"),
        "the server keeps AL: {found}"
    );
    assert!(
        world
            .book(alice)
            .await
            .contains("<isMessengerUser>true</isMessengerUser>")
    );

    // No namespace at all, and a header that has not been invented.
    let bare = "<Envelope><Header><X><Y/></X></Header><Body><ABFindAll/></Body></Envelope>";
    let answer = world.server.ask(&posted(SHARING, &cookie, bare)).await;
    assert_eq!(answer.status(), "200", "{}", answer.body);
}

/// libpurple writes attributes in single quotes and names the namespace of the envelope again and
/// again; its first requests have no `deltasOnly` and no white space anywhere.
#[tokio::test]
async fn the_ways_of_libpurple() {
    let world = World::new().await;
    let alice = world.alice();
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(alice));
    let ask = async |path: &str, request: &str| {
        let again = "xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'";
        let body = envelope("", request)
            .replace('"', "'")
            .replace("<soap:Header>", &format!("<soap:Header {again}>"))
            .replace("<soap:Body>", &format!("<soap:Body {again}>"));
        let body = body.split_once("?>\r\n").unwrap().1.trim_end();
        let answer = world.server.ask(&posted(path, &cookie, body)).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
        answer.body
    };
    let filter = format!(
        "<serviceFilter {NS}><Types {NS}><ServiceType {NS}>Messenger</ServiceType></Types>\
         </serviceFilter>"
    );
    ask(
        SHARING,
        &format!("<FindMembership {NS}>{filter}</FindMembership>"),
    )
    .await;
    ask(
        ABOOK,
        &format!("<ABFindAll {NS}>{AB_ID}<abView>Full</abView></ABFindAll>"),
    )
    .await;
    let made = ask(ABOOK, &group_add("Buddies")).await;
    let group = between(&made, "<guid>", "<")[0];
    let info = "<contactInfo><passportName>bob@example.org</passportName><isSmtp>false</isSmtp>\
                <isMessengerUser>true</isMessengerUser></contactInfo>";
    ask(ABOOK, &group_contact("ABGroupContactAdd", group, info)).await;
    ask(
        SHARING,
        &member("AddMember", "Allow", &passport("bob@example.org")),
    )
    .await;
    let found = ask(SHARING, &find_membership("")).await;
    assert!(found.contains("<PassportName>bob@example.org</PassportName>"));
    ask(
        SHARING,
        &member("DeleteMember", "Allow", &passport("bob@example.org")),
    )
    .await;
}

#[tokio::test]
async fn addresses_compare_without_regard_to_case() {
    let world = World::new().await;
    let alice = world.alice();
    world.made(alice, &passport_add("Bob@EXAMPLE.org")).await;
    world
        .done(
            alice,
            &member("AddMember", "Allow", &passport("BOB@example.org")),
        )
        .await;
    let again = member("AddMember", "Allow", &passport("bob@example.org"));
    assert_eq!(world.refused(alice, &again).await.0, "MemberAlreadyExists");
    world
        .done(
            alice,
            &member("DeleteMember", "Allow", &passport("bOb@example.org")),
        )
        .await;
    assert!(
        world
            .book(alice)
            .await
            .contains("<passportName>bob@example.org</passportName>")
    );
}

#[tokio::test]
async fn nicknames_are_escaped_once_and_cleaned() {
    let world = World::new().await;
    let alice = world.alice();
    world
        .made(&world.bob, &passport_add("alice@example.org"))
        .await;
    let me = "<contactType>Me</contactType><displayName>&#3;4\u{4}&lt;b&gt; &amp;amp; 'Al' &quot;😀&quot;\
              &#x1f;\u{2}</displayName>";
    world
        .done(alice, &contact_update("", me, "DisplayName"))
        .await;
    let expected = "<displayName>4&lt;b&gt; &amp;amp; &apos;Al&apos; &quot;😀&quot;</displayName>";
    assert!(world.book(alice).await.contains(expected));
    assert!(
        world.book(&world.bob).await.contains(expected),
        "others see the same"
    );
    world.made(alice, &group_add("a&#0;b\u{1}")).await;
    assert!(world.book(alice).await.contains("<name>ab</name>"));
}

#[tokio::test]
async fn old_http_and_lengths_that_are_none() {
    let world = World::new().await;
    let t = world.ticket(world.alice());
    let body = envelope("", &find_membership(""));
    let request = format!(
        "POST //abservice/SharingService.asmx HTTP/1.0\r\nProxy-Connection: Keep-Alive\r\n\
         Host: contacts.msn.com:443\r\nCookie: MSPAuth={t};MSPProf=\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut client = Client::connect(world.server.address).await;
    let answer = client.ask(&request).await;
    assert!(
        answer.head.starts_with("HTTP/1.1 200 OK\r\n"),
        "{}",
        answer.head
    );
    assert!(
        answer
            .body
            .contains("<PreferredHostName>contacts.msn.com</PreferredHostName>")
    );
    client.assert_closed().await;

    let body = envelope(
        "",
        &member("AddMember", "Allow", &passport("bob@example.org")),
    );
    let request = posted(
        SHARING,
        &format!("Cookie: MSPAuth={t}\r\n"),
        body.trim_end(),
    );
    let length = format!("Content-Length: {}", body.trim_end().len());
    let answer = world
        .server
        .ask(&request.replace(&length, "Content-Length: -1"))
        .await;
    assert_eq!(answer.status(), "200", "{}", answer.body);
    assert!(
        world
            .memberships(world.alice())
            .await
            .contains("bob@example.org")
    );
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let world = World::new().await;
    let t = world.ticket(world.alice());
    let cookie = format!("Cookie: MSPAuth={t}\r\n");
    let mut client = Client::connect(world.server.address).await;
    for request in [
        find_membership(""),
        find_all(""),
        format!("<Nothing {NS}/>"),
        find_all(""),
    ] {
        client
            .send(&posted(ABOOK, &cookie, &envelope("", &request)))
            .await;
    }
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(client.answer().await.status().to_owned());
    }
    assert_eq!(statuses, ["200", "200", "500", "200"]);
}

#[tokio::test]
async fn the_host_of_the_answer_is_the_clients_own() {
    let world = World::new().await;
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(world.alice()));
    for (host, expected) in [
        (
            "byrdr.omega.contacts.msn.com",
            vec!["byrdr.omega.contacts.msn.com"],
        ),
        ("localhost:8080", vec![]),
    ] {
        let request = posted(ABOOK, &cookie, &envelope("", &find_all("")));
        let request = request.replace("contacts.msn.com\r\n", &format!("{host}\r\n"));
        let answer = world.server.ask(&request).await;
        assert_eq!(between(&answer.body, "<PreferredHostName>", "<"), expected);
    }
}
