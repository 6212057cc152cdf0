//! What people change of their accounts.

use std::io::Cursor;

use super::*;
use image::{DynamicImage, ImageFormat};
use msnp::roster::Lists;
use papilio::store::picture::PictureSize;
use papilio::store::roster::ImportedContact;
use serde_json::Value;
use support::add;

fn png(side: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::new_rgb8(side, side);
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn field(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.to_owned())
}

#[tokio::test]
async fn name_and_message_are_saved_as_they_are_typed() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    let name = "A <b>\"bold\"</b> & 'new' n\u{e4}me \u{1f98b}";
    browser.get("/account").await;
    let page = browser
        .post(
            "/account/name",
            &[field("name", name), field("message", " here\nto\tstay ")],
        )
        .await;
    assert_eq!(page.leads_to(), Some("/account?done=name"), "{}", page.body);
    let profile = server.store.profile(server.alice.id).await.unwrap();
    assert_eq!(profile.display_name, name);
    assert_eq!(profile.personal_status, "heretostay");
    let page = browser.get("/account?done=name").await;
    assert!(page.notice().starts_with("Saved."));
    assert!(
        !page.says("<b>") && page.says("&#60;b&#62;"),
        "{}",
        page.body
    );

    let long = "x".repeat(501);
    for fields in [
        [field("name", &long), field("message", "")],
        [field("name", ""), field("message", &long)],
    ] {
        let page = browser.post("/account/name", &fields).await;
        assert_eq!(page.status, 422);
        assert!(page.notice().ends_with("Nothing was changed."));
    }
    let unchanged = server.store.profile(server.alice.id).await.unwrap();
    assert_eq!(unchanged.display_name, name);

    // Without a name it is the address.
    browser
        .post("/account/name", &[field("name", " "), field("message", "")])
        .await;
    let profile = server.store.profile(server.alice.id).await.unwrap();
    assert_eq!(
        (
            profile.display_name.as_str(),
            profile.personal_status.as_str()
        ),
        ("alice@example.org", "")
    );
}

#[tokio::test]
async fn a_picture_is_made_one_of_ours_and_what_is_none_is_refused() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    browser.get("/account/picture").await;
    let page = browser
        .upload("/account/picture", "picture", &png(300))
        .await;
    assert_eq!(
        page.leads_to(),
        Some("/account/picture?done=kept"),
        "{}",
        page.body
    );
    let kept = server
        .store
        .picture(server.alice.id)
        .await
        .unwrap()
        .unwrap();
    assert!(kept.listed && kept.shown);
    let bytes = server
        .store
        .picture_bytes(&kept.token, PictureSize::Whole)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 256);
    let page = browser.get("/account/picture").await;
    let path = format!("/storage/usertile/{}/static", kept.token);
    assert!(page.says(&path), "{}", page.body);

    let mut broken = png(40);
    broken.truncate(60);
    for (file, said) in [
        (&b"GIF"[..], "This is no picture"),
        (b"<html>a page</html>", "This is no picture"),
        (&broken, "This picture is broken"),
        (&png(2000), "This picture is too large"),
        (&vec![0; 600_000], "This picture is too large"),
        (b"", "Choose a file first."),
    ] {
        let page = browser.upload("/account/picture", "picture", file).await;
        assert_eq!(page.status, 422, "{said}");
        assert!(page.notice().starts_with(said), "{}", page.notice());
        let still = server.store.picture(server.alice.id).await.unwrap();
        assert_eq!(still.as_ref(), Some(&kept));
    }
    let page = browser.post("/account/picture/remove", &[]).await;
    assert_eq!(page.leads_to(), Some("/account/picture?done=removed"));
    assert_eq!(server.store.picture(server.alice.id).await.unwrap(), None);
}

async fn befriend(server: &Server, lists: Lists) {
    let row = ImportedContact {
        owner: server.alice.handle.clone(),
        contact: "bob@x".parse().unwrap(),
        lists,
    };
    server
        .store
        .import_contacts(&[row], Timestamp::now())
        .await
        .unwrap();
}

async fn lists_of_bob(server: &Server) -> Lists {
    let roster = server.store.roster_of(server.alice.id).await.unwrap();
    let bob = roster
        .contacts
        .iter()
        .find(|(_, handle, _)| handle.as_str() == "bob@x");
    bob.map_or(Lists::NONE, |(_, _, lists)| *lists)
}

#[tokio::test]
async fn contacts_are_shown_blocked_allowed_and_removed() {
    let server = Server::start().await;
    add(&server.store, &server.passwords, "bob@x", "b").await;
    befriend(&server, Lists::FORWARD | Lists::ALLOW).await;
    let mut browser = Browser::of_alice(&server).await;
    let page = browser.get("/account/contacts").await;
    assert!(
        page.says("bob@x") && page.says(">Block<") && !page.says("blocked"),
        "{}",
        page.body
    );

    let bob = [field("address", "Bob@x")];
    let page = browser.post("/account/contacts/block", &bob).await;
    assert_eq!(page.leads_to(), Some("/account/contacts"), "{}", page.body);
    assert_eq!(lists_of_bob(&server).await, Lists::FORWARD | Lists::BLOCK);
    let page = browser.get("/account/contacts").await;
    assert!(
        page.says("blocked") && page.says(">Allow<"),
        "{}",
        page.body
    );
    let contact = page.value("contact").unwrap().to_owned();
    browser.post("/account/contacts/allow", &bob).await;
    assert_eq!(lists_of_bob(&server).await, Lists::FORWARD | Lists::ALLOW);

    for nonsense in ["", "x", "00000000-0000-0000-0000-000000000001"] {
        let page = browser
            .post("/account/contacts/remove", &[field("contact", nonsense)])
            .await;
        assert_eq!(page.status, 409, "{nonsense}");
        assert!(page.notice().starts_with("That could not be done"));
    }
    for nonsense in ["", "nobody", "a b@x"] {
        let page = browser
            .post("/account/contacts/block", &[field("address", nonsense)])
            .await;
        assert_eq!(page.status, 409, "{nonsense}");
    }
    let page = browser
        .post("/account/contacts/remove", &[field("contact", &contact)])
        .await;
    assert_eq!(page.leads_to(), Some("/account/contacts"));
    assert!(!lists_of_bob(&server).await.contains(Lists::FORWARD));
}

#[tokio::test]
async fn signed_in_places_are_shown_and_ended() {
    let server = Server::start().await;
    let mut here = Browser::of_alice(&server).await;
    let mut there = Browser::at(&server);
    there.headers = "User-Agent: Mozilla/5.0 (X11; Linux) Firefox/141.0\r\n".to_owned();
    there.submit("/account/sign-in", &alice()).await;
    let page = here.get("/account/places").await;
    assert!(
        page.says("Firefox on Linux") && page.says("this one"),
        "{}",
        page.body
    );
    assert!(page.says("You are not signed in with Messenger."));
    let ids: Vec<_> = page
        .body
        .split("name=\"id\" value=\"")
        .skip(1)
        .map(|rest| rest[..32].to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    // Theirs is the one that was seen last; ours says that it is this one.
    let ours = page.body.find("this one").unwrap();
    let theirs = ids.iter().find(|id| {
        let at = page.body.find(id.as_str()).unwrap();
        at <= ours || page.body[ours..at].contains("<li>")
    });
    here.post("/account/places/browser", &[field("id", theirs.unwrap())])
        .await;
    assert!(here.is_signed_in().await && !there.is_signed_in().await);
    here.get("/account/places").await;
    here.post("/account/places/browser", &[field("id", "nonsense")])
        .await;
    assert!(here.is_signed_in().await);
}

#[tokio::test]
async fn everything_is_exported_but_the_password() {
    let server = Server::start().await;
    add(&server.store, &server.passwords, "bob@x", "b").await;
    befriend(&server, Lists::FORWARD | Lists::ALLOW).await;
    let mut browser = Browser::of_alice(&server).await;
    browser.get("/account/picture").await;
    browser
        .upload("/account/picture", "picture", &png(20))
        .await;
    let page = browser.get("/account/export").await;
    assert_eq!(page.header("Content-Type"), Some("application/json"));
    let file = page.header("Content-Disposition").unwrap();
    assert!(file.starts_with("attachment; "), "{file}");
    let all: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(all["account"]["address"], "alice@example.org");
    assert_eq!(all["account"]["name"], "Alice & Co");
    assert!(all["picture"]["png"].as_str().unwrap().starts_with("iVBOR"));
    assert!(
        all["contacts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|contact| contact["address"] == "bob@x")
    );
    assert!(
        all["lists"]
            .as_array()
            .unwrap()
            .iter()
            .any(|member| member["list"] == "Allow")
    );
    assert_eq!(all["browsers-signed-in"].as_array().unwrap().len(), 1);
    assert!(
        !page.says("argon2") && !page.says("secret"),
        "{}",
        page.body
    );
    let page = Browser::at(&server).get("/account/export").await;
    assert_eq!(page.leads_to(), Some("/account/sign-in"));
}

#[tokio::test]
async fn an_account_is_deleted_by_whoever_knows_its_password_and_means_it() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    let leave = |address: &str, password: &str| {
        vec![field("address", address), field("password", password)]
    };
    for (fields, status) in [
        (leave("", "secret&1"), 422),
        (leave("bob@x", "secret&1"), 422),
        (leave("alice@example.org", "wrong"), 403),
        (leave("alice@example.org", ""), 403),
    ] {
        let page = browser.submit("/account/delete", &fields).await;
        assert_eq!(page.status, status, "{fields:?}");
        assert!(page.notice().ends_with("Nothing was deleted."));
        assert_eq!(server.store.count_accounts().await.unwrap(), 1);
    }
    let page = browser
        .submit("/account/delete", &leave("Alice@Example.org", "secret&1"))
        .await;
    assert_eq!(page.leads_to(), Some("/account/gone"), "{}", page.body);
    assert_eq!(browser.session(), None);
    assert!(browser.get("/account/gone").await.says("Goodbye!"));
    assert_eq!(server.store.count_accounts().await.unwrap(), 0);
}
