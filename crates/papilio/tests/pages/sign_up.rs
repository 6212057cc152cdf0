//! Signing up without mail.

use super::*;

async fn count(server: &Server) -> u64 {
    server.store.count_accounts().await.unwrap()
}

#[tokio::test]
async fn whoever_signs_up_has_an_account_and_is_signed_in() {
    let server = Server::with(open()).await;
    let mut browser = Browser::at(&server);
    let page = browser
        .submit("/account/sign-up", &person("Bob@Example.org"))
        .await;
    assert_eq!(
        page.leads_to(),
        Some("/account?done=welcome"),
        "{}",
        page.body
    );
    let page = browser.get("/account?done=welcome").await;
    assert!(page.notice().starts_with("Welcome!"), "{}", page.body);
    assert!(page.says("Name of Bob@Example.org"));

    let handle = "bob@example.org".parse().unwrap();
    let bob = server
        .store
        .account_by_handle(&handle)
        .await
        .unwrap()
        .unwrap();
    assert!(bob.verified && !bob.disabled);
    let mut other = Browser::at(&server);
    let page = other
        .submit(
            "/account/sign-in",
            &signs_in("bob@example.org", "long enough"),
        )
        .await;
    assert_eq!(page.leads_to(), Some("/account"));
}

#[tokio::test]
async fn what_does_not_fit_is_said_and_changes_nothing() {
    let server = Server::with(open()).await;
    let mut browser = Browser::at(&server);
    let with = |changes: &[(&'static str, &str)]| {
        let mut fields = person("bob@example.org");
        for (name, value) in changes {
            fields.retain(|(named, _)| named != name);
            fields.push((name, (*value).to_owned()));
        }
        fields
    };
    let (long, longer) = ("x".repeat(65), "n".repeat(388));
    for (fields, status, said) in [
        (with(&[("address", "")]), 422, "This is not an address."),
        (with(&[("address", "bob")]), 422, "This is not an address."),
        (
            with(&[("address", "bob@@x")]),
            422,
            "This is not an address.",
        ),
        (
            with(&[("address", "b ob@x<script>")]),
            422,
            "This is not an address.",
        ),
        (
            with(&[("address", " ALICE@example.org ")]),
            409,
            "There is an account with this address already.",
        ),
        (
            with(&[("password", "short"), ("again", "short")]),
            422,
            "This password is too short.",
        ),
        (
            with(&[("password", &long), ("again", &long)]),
            422,
            "A password has 64 characters at most",
        ),
        (
            with(&[("password", "long\tenough"), ("again", "long\tenough")]),
            422,
            "A password has 64",
        ),
        (
            with(&[("again", "long enough!")]),
            422,
            "The two passwords are not the same.",
        ),
        (with(&[("name", &longer)]), 422, "This name is too long."),
    ] {
        let page = browser.submit("/account/sign-up", &fields).await;
        assert_eq!(page.status, status, "{fields:?}");
        assert!(
            page.notice().starts_with(said),
            "{fields:?}: {}",
            page.notice()
        );
        assert!(
            !page.says("<script>") && !page.says("long enough"),
            "{}",
            page.body
        );
        assert_eq!(count(&server).await, 1);
    }
    assert_eq!(browser.session(), None);
}

#[tokio::test]
async fn an_invitation_lets_so_many_in() {
    let server = Server::with(config(Pages::default())).await;
    let (made, code) = invitation(&server, 1).await;
    let mut browser = Browser::at(&server);
    let page = browser
        .get(&format!("/account/sign-up?invitation={}", code.expose()))
        .await;
    assert_eq!(page.value("invitation"), Some(code.expose().as_str()));

    let by = |code: &str, who: &str| {
        let mut fields = person(who);
        fields.push(("invitation", code.to_owned()));
        fields
    };
    for wrong in ["", "0000-0000-0000-0000", "nonsense"] {
        let page = browser
            .submit("/account/sign-up", &by(wrong, "bob@x"))
            .await;
        assert_eq!(page.status, 403, "{wrong}");
        assert!(
            page.notice().starts_with("This invitation is not open"),
            "{wrong}"
        );
    }
    // Somebody who is there already uses nothing up.
    let page = browser
        .submit("/account/sign-up", &by(&code.expose(), "alice@example.org"))
        .await;
    assert_eq!(page.status, 409);
    assert_eq!(count(&server).await, 1);

    let shouted = code.expose().to_uppercase();
    let page = browser
        .submit("/account/sign-up", &by(&shouted, "bob@x"))
        .await;
    assert_eq!(
        page.leads_to(),
        Some("/account?done=welcome"),
        "{}",
        page.body
    );
    let used = server
        .store
        .invitation(made.id)
        .await
        .unwrap()
        .unwrap()
        .used;
    assert_eq!((used, count(&server).await), (1, 2));

    let mut next = Browser::at(&server);
    let page = next
        .submit("/account/sign-up", &by(&code.expose(), "carol@x"))
        .await;
    assert_eq!((page.status, count(&server).await), (403, 2));
}

#[tokio::test]
async fn where_nobody_can_sign_up_nobody_does() {
    let server = Server::with(config(Pages {
        sign_up: SignUp::Closed,
        ..Pages::default()
    }))
    .await;
    let mut browser = Browser::at(&server);
    let page = browser.get("/account/sign-up").await;
    assert!(page.says("Nobody can sign up here") && page.value("form").is_none());
    browser.get("/account/sign-in").await;
    let page = browser.post("/account/sign-up", &person("bob@x")).await;
    assert_eq!((page.status, count(&server).await), (403, 1));
}

#[tokio::test]
async fn one_address_signs_up_so_often() {
    let server = Server::with(config(Pages {
        sign_up: SignUp::Open,
        proxies: vec!["127.0.0.1".parse().unwrap()],
        sign_ups_per_address: Some(2),
        ..Pages::default()
    }))
    .await;
    let mut statuses = Vec::new();
    for (number, from) in ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]
        .iter()
        .enumerate()
    {
        let mut browser = Browser::at(&server);
        browser.headers = format!("X-Forwarded-For: {from}\r\nX-Forwarded-Proto: https\r\n");
        let who = person(&format!("n{number}@x"));
        statuses.push(browser.submit("/account/sign-up", &who).await.status);
    }
    assert_eq!(statuses, [303, 303, 429, 303]);
    assert_eq!(count(&server).await, 4);
}
