//! Walks of a real browser through the pages, as people take them.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::*;
use chromium::{Scripts, Walker, walk};
use image::{DynamicImage, ImageFormat};
use office::Office;

/// A picture in a file, gone with the folder.
fn picture() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("picture.png");
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::new_rgb8(200, 100);
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    std::fs::write(&file, bytes.into_inner()).unwrap();
    (folder, file)
}

async fn sign_in(walker: &Walker, password: &str) {
    assert_eq!(walker.heading().await, "Sign in");
    walker.fill("Address", "dora@example.org").await;
    walker.fill("Password", password).await;
    walker.press("Sign in").await;
}

async fn choose_picture(walker: &Walker, file: &Path) {
    walker.press("Picture").await;
    walker.fill("Another picture", file.to_str().unwrap()).await;
    walker.press("Take this picture").await;
    assert_eq!(walker.notice().await, "This is your picture now.");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_invited_makes_an_account_and_looks_after_it() {
    let server = Server::with(config(Pages::default())).await;
    let (made, code) = invitation(&server, 1).await;
    let site = format!("http://{}", server.address);
    let (_folder, file) = picture();
    walk(Scripts::Run, async move |walker| {
        walker
            .open(&format!(
                "{site}/account/sign-up?invitation={}",
                code.expose()
            ))
            .await;
        assert_eq!(walker.heading().await, "Make an account");
        walker.fill("Address", "dora@example.org").await;
        walker.fill("Display name", "Dora").await;
        walker.fill("New password", "long enough").await;
        walker.fill("New password, once more", "not the same").await;
        walker.press("Make the account").await;
        assert_eq!(walker.notice().await, "The two passwords are not the same.");
        walker.fill("New password", "long enough").await;
        walker.fill("New password, once more", "long enough").await;
        walker.press("Make the account").await;
        assert!(walker.notice().await.starts_with("Welcome!"));

        choose_picture(&walker, &file).await;
        let width = "return document.querySelector('img.picture').naturalWidth";
        let width = walker.client.execute(width, Vec::new()).await.unwrap();
        assert_eq!(width, 200, "it is really shown");

        walker.press("Profile").await;
        walker
            .fill("Display name", "Dora <b>of the woods</b>")
            .await;
        walker.press("Save").await;
        assert!(walker.text().await.contains("Dora <b>of the woods</b>"));

        walker.press("Password").await;
        walker.fill("Password of now", "long enough").await;
        walker.fill("New password", "another one").await;
        walker.fill("New password, once more", "another one").await;
        walker.press("Change the password").await;
        assert!(
            walker
                .notice()
                .await
                .starts_with("You have another password now.")
        );

        walker.press("Signed-in places").await;
        assert!(walker.text().await.contains("this one"));
        walker.press("Sign out").await;
        sign_in(&walker, "long enough").await;
        assert!(
            walker
                .notice()
                .await
                .starts_with("Address and password do not belong")
        );
        sign_in(&walker, "another one").await;
        assert_eq!(walker.heading().await, "Your account");

        walker.press("Export and delete").await;
        walker
            .fill("Your address, to show that you mean it", "dora@example.org")
            .await;
        walker.fill("Password", "another one").await;
        walker.press("Delete my account").await;
        assert_eq!(walker.heading().await, "Your account is gone");

        // The invitation is used up.
        walker
            .open(&format!(
                "{site}/account/sign-up?invitation={}",
                code.expose()
            ))
            .await;
        walker.fill("Address", "dora@example.org").await;
        walker.fill("New password", "long enough").await;
        walker.fill("New password, once more", "long enough").await;
        walker.press("Make the account").await;
        assert!(
            walker
                .notice()
                .await
                .starts_with("This invitation is not open")
        );
    })
    .await;
    let used = server
        .store
        .invitation(made.id)
        .await
        .unwrap()
        .unwrap()
        .used;
    assert!(used == 1 || chromium::is_left_out());
    assert_eq!(server.store.count_accounts().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_without_a_script() {
    let server = Server::with(open()).await;
    let site = format!("http://{}", server.address);
    let (_folder, file) = picture();
    walk(Scripts::Blocked, async move |walker| {
        walker.open(SCRIPTED).await;
        assert_eq!(walker.text().await, "without");
        walker.open(&format!("{site}/account")).await;
        assert_eq!(walker.heading().await, "Sign in");
        walker.press("I have no account").await;
        walker.fill("Address", "dora@example.org").await;
        walker.fill("Display name", "Dora").await;
        walker.fill("New password", "long enough").await;
        walker.fill("New password, once more", "long enough").await;
        walker.press("Make the account").await;
        assert!(walker.notice().await.starts_with("Welcome!"));
        choose_picture(&walker, &file).await;
        walker.press("Sign out").await;
        sign_in(&walker, "long enough").await;
        assert_eq!(walker.heading().await, "Your account");
    })
    .await;
    assert!(server.store.count_accounts().await.unwrap() == 2 || chromium::is_left_out());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_tells_everybody_and_bans_somebody() {
    let office = Office::open().await;
    let site = format!("http://{}", office.server.address);
    walk(Scripts::Run, async move |walker| {
        walker.open(&format!("{site}/account")).await;
        walker.fill("Address", "alice@example.org").await;
        walker.fill("Password", "secret&1").await;
        walker.press("Sign in").await;
        walker.press("For operators").await;
        assert_eq!(walker.heading().await, "How it is doing");
        walker.reads("#live-state", "Live").await;

        walker.press("Broadcast").await;
        walker.fill("Text", "Tea at five").await;
        walker.press("Send to everybody").await;
        assert_eq!(walker.notice().await, "It is on its way to one session.");

        walker.press("Accounts").await;
        walker.fill("Address or name contains", "bob").await;
        walker.press("Search").await;
        walker.press("bob@example.org").await;
        assert!(walker.text().await.contains("MSNP13"));
        walker.press("Ban").await;
        walker.fill("Reason", "spam").await;
        walker.fill("Days", "3").await;
        walker.press("Ban").await;
        assert!(walker.text().await.contains("spam; until "));
        walker.press("Sessions").await;
        assert!(walker.text().await.contains("Nobody is signed in."));

        walker.press("Invitations").await;
        walker.fill("Note", "for Dora").await;
        walker.press("Make an invitation").await;
        let code = walker.text_of("#code").await;
        assert_eq!(code.len(), 19, "{code}");
        walker.press("Revoke invitation 1").await;
        assert!(walker.text().await.contains("revoked"));

        walker.press("Audit log").await;
        for act in [
            "broadcast.text",
            "bans.create",
            "invitations.create",
            "invitations.revoke",
        ] {
            assert!(walker.text().await.contains(act), "{act}");
        }
        walker.press("Bans").await;
        walker.press("Lift the ban on bob@example.org").await;
        assert!(walker.text().await.contains("None."));
    })
    .await;
    assert!(office.bob_is_signed_out() || chromium::is_left_out());
}

/// A page that says whether scripts run.
const SCRIPTED: &str = "data:text/html,<body><p id=p>without</p>\
    <script>document.getElementById(%22p%22).textContent=%22with%22</script></body>";
