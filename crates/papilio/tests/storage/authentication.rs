//! Whose a request is: the ticket decides, whatever else it says.

use super::{
    PATH, World, create_document, envelope, fault, find_documents, get_profile, post, posted, red,
    update_profile,
};

#[tokio::test]
async fn the_ticket_in_the_document_or_in_a_cookie() {
    let world = World::new().await;
    let alice = world.alice();
    let t = world.ticket(alice);
    let cookie = format!("Cookie: MSPAuth={t};MSPProf=\r\n");
    for (headers, token) in [("", t.as_str()), (&cookie, ""), (&cookie, "old")] {
        let request = posted(headers, &envelope(token, &get_profile(alice)));
        let answer = world.server.ask(&request).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
    }
}

#[tokio::test]
async fn who_shows_no_good_ticket_gets_nothing() {
    let world = World::new().await;
    let alice = world.alice();
    let t = world.ticket(alice);
    for token in ["", "x", &t[1..], "alice@example.org"] {
        for request in [
            get_profile(alice),
            update_profile(alice, "<DisplayName>x</DisplayName>"),
            create_document(alice, &red()),
            "<ShareItem/>".to_owned(),
        ] {
            let answer = world
                .server
                .ask(&posted("", &envelope(token, &request)))
                .await;
            assert_eq!(fault(&answer), "PassportAuthFail", "{token}");
        }
    }
    let bare = "<Envelope><Body><GetProfile/></Body></Envelope>";
    assert_eq!(
        fault(&world.server.ask(&posted("", bare)).await),
        "PassportAuthFail"
    );
    assert_eq!(world.picture(alice).await, None);
    assert!(world.profile(alice).await.contains("Alice &amp; Co"));
}

#[tokio::test]
async fn the_same_request_in_other_clothes() {
    let world = World::new().await;
    let alice = world.alice();
    let t = world.ticket(alice);
    let hex = get_profile(alice).replace(
        &format!("<Name>{}<", alice.cid()),
        &format!("<Name>\n{:016X}\n<", alice.cid()),
    );
    let by_id = format!(
        "<s:GetProfile xmlns:s=\"urn:x\">\n<s:profileHandle><s:ResourceID>{}\r\n</s:ResourceID>\
         </s:profileHandle></s:GetProfile>",
        super::id(alice, 106)
    );
    for request in [hex, by_id, "<GetProfile/>".to_owned()] {
        for path in [PATH, "//storageservice/schematizedstore.ASMX"] {
            for action in [
                "",
                "SOAPAction: \r\n",
                "SOAPAction: \"http://www.msn.com/webservices/storage/w10/FindDocuments\"\r\n",
            ] {
                let request = post(path, action, &envelope(&t, &request).replace('"', "'"));
                let answer = world.server.ask(&request).await;
                assert_eq!(answer.status(), "200", "{}", answer.body);
                assert!(answer.body.contains("<soap:Body><GetProfileResponse "));
            }
        }
    }
}

#[tokio::test]
async fn nobody_reaches_anothers_profile_or_picture() {
    let world = World::new().await;
    let (alice, bob) = (world.alice(), &world.bob);
    world.done(bob, &create_document(bob, &red())).await;
    world
        .done(
            bob,
            &update_profile(bob, "<PersonalStatus>mine</PersonalStatus>"),
        )
        .await;
    let (profile, picture) = (world.profile(bob).await, world.picture(bob).await);

    let nobody = |request: String| request.replace(&bob.cid().to_string(), "99");
    for (request, code) in [
        (get_profile(bob), "ItemDoesNotExist"),
        (nobody(get_profile(bob)), "ItemDoesNotExist"),
        (find_documents(bob), "ItemDoesNotExist"),
        (nobody(find_documents(bob)), "ItemDoesNotExist"),
        (
            update_profile(bob, "<DisplayName>x</DisplayName>"),
            "AccessDenied",
        ),
        (
            update_profile(bob, "").replace(&super::id(bob, 118), "ffffffffffffffff!118"),
            "AccessDenied",
        ),
        (create_document(bob, &red()), "AccessDenied"),
        (
            super::update_document(bob, "<Name>x</Name>"),
            "AccessDenied",
        ),
        (
            super::create_relationships(&super::id(alice, 118), &super::id(bob, 205)),
            "AccessDenied",
        ),
        (
            super::create_relationships(&super::id(bob, 118), &super::id(alice, 205)),
            "AccessDenied",
        ),
        (super::unlist(bob), "AccessDenied"),
        (super::unshow(bob), "AccessDenied"),
        (
            super::unlist(alice).replace(&super::id(alice, 205), &super::id(bob, 205)),
            "AccessDenied",
        ),
    ] {
        assert_eq!(world.refused(alice, &request).await, code, "{request}");
    }
    assert_eq!(world.picture(bob).await, picture);
    assert_eq!(world.profile(alice).await.matches("<Photo>").count(), 0);
    let without_ticket = |body: &str| body.split_once("<soap:Body>").unwrap().1.to_owned();
    assert_eq!(
        without_ticket(&world.profile(bob).await),
        without_ticket(&profile)
    );
}

/// As BitlBee 3.0.5 asks when it has signed in.
#[tokio::test]
async fn the_ways_of_bitlbee() {
    let world = World::new().await;
    let alice = world.alice();
    let body = envelope(&world.ticket(alice), &get_profile(alice));
    let (declaration, rest) = body.split_once("<soap:Header>").unwrap();
    let (affinity, rest) = rest.split_once("<StorageApplicationHeader").unwrap();
    assert!(declaration.ends_with('>') && affinity.ends_with("</AffinityCacheHeader>"));
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Header \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><StorageApplicationHeader{}",
        rest.trim_end()
    );
    let request = format!(
        "POST {PATH} HTTP/1.0\r\nHost: storage.msn.com\r\nAccept: */*\r\n\
         User-Agent: BitlBee 3.0.5\r\nContent-Type: text/xml; charset=utf-8\r\n\
         SOAPAction: \"{}/GetProfile\"\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\r\n{body}",
        super::W10,
        body.len()
    );
    let mut client = world.server.connect().await;
    let answer = client.ask(&request).await;
    assert_eq!(answer.status(), "200", "{}", answer.body);
    assert!(
        answer
            .body
            .contains("<DisplayName>Alice &amp; Co</DisplayName>")
    );
    client.assert_closed().await;
}
