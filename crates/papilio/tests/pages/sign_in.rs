//! Signing in and out, and what ends a session.

use super::*;
use support::add;

#[tokio::test]
async fn a_session_begins_with_a_cookie_of_its_own_and_ends_with_it() {
    let server = Server::start().await;
    let mut browser = Browser::at(&server);
    browser.get("/account/sign-in").await;
    let made_up = "x".repeat(43);
    browser.set_session(&made_up);
    assert!(!browser.is_signed_in().await);
    let page = browser.submit("/account/sign-in", &alice()).await;
    assert_eq!((page.status, page.leads_to()), (303, Some("/account")));
    let first = browser.session().unwrap();
    assert_ne!(first, made_up, "nobody chooses the cookie of a session");
    let cookie = page.header("Set-Cookie").unwrap();
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=1209600"),
        "{cookie}"
    );
    assert!(browser.is_signed_in().await);
    for path in ["/account/sign-in", "/account/sign-up"] {
        assert_eq!(browser.get(path).await.leads_to(), Some("/account"));
    }
    browser.get("/account").await;
    let page = browser.post("/account/sign-out", &[]).await;
    assert_eq!(page.leads_to(), Some("/account/sign-in"));
    assert_eq!(browser.session(), None);
    // Whoever has kept the cookie has nothing.
    browser.set_session(&first);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn wrong_unknown_and_disabled_are_one_answer() {
    let server = Server::start().await;
    let bob = add(&server.store, &server.passwords, "bob@x", "right one").await;
    server.store.disable_account(bob.id).await.unwrap();
    let mut answers = Vec::new();
    for (address, password) in [
        ("alice@example.org", "wrong"),
        ("nobody@example.org", "secret&1"),
        ("bob@x", "right one"),
        ("no address", "secret&1"),
        ("", ""),
    ] {
        let mut browser = Browser::at(&server);
        let page = browser
            .submit("/account/sign-in", &signs_in(address, password))
            .await;
        assert_eq!(browser.session(), None);
        let word = page.value("form").unwrap().to_owned();
        let shown = format!("name=\"address\" value=\"{address}\"");
        let body = page.body.replace(&word, "WORD").replace(&shown, "ADDRESS");
        assert!(body.contains("ADDRESS"), "{body}");
        answers.push((page.status, body));
    }
    assert_eq!(answers[0].0, 403);
    for answer in &answers[1..] {
        assert_eq!(*answer, answers[0]);
    }
}

#[tokio::test]
async fn after_many_failures_the_right_password_is_no_better() {
    let server = Server::start().await;
    let mut browser = Browser::at(&server);
    for _ in 0..10 {
        let wrong = signs_in("alice@example.org", "wrong");
        browser.submit("/account/sign-in", &wrong).await;
    }
    let page = browser.submit("/account/sign-in", &alice()).await;
    assert_eq!((page.status, browser.session()), (403, None));
}

#[tokio::test]
async fn another_password_ends_every_session_but_the_one_that_chose_it() {
    let server = Server::start().await;
    let (mut here, mut there) = (
        Browser::of_alice(&server).await,
        Browser::of_alice(&server).await,
    );
    let before = here.session().unwrap();
    let change = |current: &str, new: &str, again: &str| {
        vec![
            ("current", current.to_owned()),
            ("password", new.to_owned()),
            ("again", again.to_owned()),
        ]
    };
    for (fields, status) in [
        (change("wrong", "another one", "another one"), 403),
        (change("secret&1", "short", "short"), 422),
        (change("secret&1", "another one", "another two"), 422),
    ] {
        let page = here.submit("/account/password", &fields).await;
        assert_eq!(page.status, status);
        assert!(there.is_signed_in().await);
    }
    let page = here
        .submit(
            "/account/password",
            &change("secret&1", "another one", "another one"),
        )
        .await;
    assert_eq!(page.leads_to(), Some("/account?done=password"));
    assert!(here.is_signed_in().await && !there.is_signed_in().await);
    here.set_session(&before);
    assert!(!here.is_signed_in().await);
    let page = there.submit("/account/sign-in", &alice()).await;
    assert_eq!(page.status, 403);
    let page = there
        .submit(
            "/account/sign-in",
            &signs_in("alice@example.org", "another one"),
        )
        .await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn what_an_operator_does_ends_sessions() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    server.store.disable_account(server.alice.id).await.unwrap();
    assert!(!browser.is_signed_in().await);
    server.store.enable_account(server.alice.id).await.unwrap();
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn over_tls_cookies_stay_there() {
    let server = Server::with(config(Pages {
        proxies: vec!["127.0.0.1".parse().unwrap()],
        ..Pages::default()
    }))
    .await;
    let mut browser = Browser::at(&server);
    browser.headers = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n".to_owned();
    let page = browser.get("/account/sign-in").await;
    let cookie = page.header("Set-Cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-papilio-visitor=") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    let page = browser.post("/account/sign-in", &alice()).await;
    let cookie = page.header("Set-Cookie").unwrap();
    assert!(
        cookie.starts_with("__Host-papilio=") && cookie.contains("; Secure; "),
        "{cookie}"
    );
    assert!(browser.is_signed_in().await);
    // The same cookies are worth nothing where others can read them.
    browser.headers = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n".to_owned();
    assert_eq!(browser.get("/account").await.status, 403);
}
