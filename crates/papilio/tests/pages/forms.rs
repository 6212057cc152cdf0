//! What no page of ours would send: refused with a page that says so, and nothing changed.

use super::*;

use papilio::http::{self, Ends, Transport};
use support::Client;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

const SAYS_FORGED: &str = "This form could not be taken";

/// Every form that changes something.
const FORMS: [&str; 12] = [
    "/account/sign-in",
    "/account/sign-up",
    "/account/sign-out",
    "/account/name",
    "/account/password",
    "/account/picture",
    "/account/picture/remove",
    "/account/contacts/block",
    "/account/contacts/remove",
    "/account/messages/delete",
    "/account/places/browser",
    "/account/delete",
];

#[tokio::test]
async fn a_form_without_its_word_is_not_taken() {
    let server = Server::with(open()).await;
    let mut browser = Browser::of_alice(&server).await;
    let mut stranger = Browser::at(&server);
    let foreign = stranger
        .get("/account/sign-in")
        .await
        .value("form")
        .unwrap()
        .to_owned();
    let mut fields = person("bob@x");
    fields.push(("current", "secret&1".to_owned()));
    for path in FORMS {
        for word in ["", "x", &foreign] {
            fields.retain(|(name, _)| *name != "form");
            fields.push(("form", word.to_owned()));
            let page = browser.post_exactly(path, &fields).await;
            assert_eq!(page.status, 403, "{path} {word}");
            assert!(page.says(SAYS_FORGED), "{}", page.body);
        }
    }
    // The right word with the cookies of somebody else, or with none.
    browser.get("/account").await;
    browser.forget_cookies();
    let page = browser
        .post("/account/name", &[("name", "x".to_owned())])
        .await;
    assert_eq!(page.status, 403);
    let alice = server
        .store
        .account_by_id(server.alice.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(alice, server.alice);
    assert_eq!(server.store.count_accounts().await.unwrap(), 1);
}

#[tokio::test]
async fn a_form_from_another_site_is_not_taken() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    browser.get("/account").await;
    let name = [("name", "x".to_owned()), ("message", String::new())];
    for origin in ["http://evil.example", "null", ""] {
        browser.headers = format!("Origin: {origin}\r\n");
        let page = browser.post("/account/name", &name).await;
        assert_eq!(page.status, 403, "{origin}");
    }
    browser.headers = format!("Origin: http://{}\r\n", server.address);
    let page = browser.post("/account/name", &name).await;
    assert_eq!(page.leads_to(), Some("/account?done=name"));
}

#[tokio::test]
async fn what_is_no_form_is_said_to_be_none() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    browser.get("/account").await;
    let urlencoded = "application/x-www-form-urlencoded";
    for (kind, body) in [
        ("text/plain", &b"form=x"[..]),
        ("", b""),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n"),
        (urlencoded, b"form=%ff"),
        (urlencoded, &b"a&".repeat(200)),
    ] {
        let page = browser.post_body("/account/name", kind, body).await;
        assert_eq!(page.status, 400, "{kind}");
        assert!(page.says("This form could not be read"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_body_of_100_mib_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    browser.get("/account/picture").await;
    let kind = "Content-Type: multipart/form-data; boundary=x\r\n";
    let announced = format!("{kind}Content-Length: 104857600\r\n");
    let in_chunks = format!("{kind}Transfer-Encoding: chunked\r\n");
    for more in [announced, in_chunks] {
        let mut client = Client::connect(server.address).await;
        client
            .send(&browser.head("POST", "/account/picture", &more))
            .await;
        let (read, mut write) = client.stream.into_split();
        // As much as it takes until the other side has enough.
        let sending = tokio::spawn(async move {
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
            while write.write_all(chunk.as_bytes()).await.is_ok() {}
        });
        let mut answer = Vec::new();
        use tokio::io::AsyncReadExt as _;
        let mut read = tokio::io::BufReader::new(read);
        while !String::from_utf8_lossy(&answer).contains("</html>") {
            assert_ne!(
                read.read_buf(&mut answer).await.unwrap(),
                0,
                "closed too early"
            );
        }
        sending.abort();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("That was too much"), "{answer}");
    }
    assert_eq!(server.store.picture(server.alice.id).await.unwrap(), None);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn tricks_with_paths_lead_nowhere() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    for path in [
        "/account/../papilio.db",
        "/account/..%2f..%2fetc/passwd",
        "/account/%2e%2e/secret",
        "/account/style.css/x",
        "/account/picture/..%5c",
        "/account/%00",
        "/account/%ff%fe",
        "/account/name/../delete",
        "/account/nothing",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.says("There is no such page"), "{path}: {}", page.body);
    }
    // In any case and with doubled slashes, as every path here.
    assert_eq!(browser.get("//Account//Password").await.status, 200);
    let page = browser.get("/account/sign-out").await;
    assert_eq!(page.status, 405);
    assert!(page.says("Not in this way"), "{}", page.body);
    assert!(browser.is_signed_in().await);
    assert_eq!(
        browser
            .get("/account/messages?page=99999999999999999999")
            .await
            .status,
        200
    );
    assert_eq!(browser.get("/account?done=%ff").await.status, 400);
}

#[tokio::test]
async fn every_page_keeps_itself_to_itself() {
    let server = Server::start().await;
    let mut browser = Browser::of_alice(&server).await;
    let mut paths: Vec<&str> = vec![
        "/account",
        "/account/contacts",
        "/account/messages",
        "/account/export",
    ];
    paths.extend([
        "/account/picture",
        "/account/password",
        "/account/places",
        "/account/delete",
    ]);
    paths.extend([
        "/account/reset",
        "/account/confirm?token=x",
        "/account/nothing",
        "/account/gone",
    ]);
    for path in paths {
        let page = browser.get(path).await;
        let policy = page.header("Content-Security-Policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "same-origin"),
            ("X-Frame-Options", "DENY"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}");
        }
        for forbidden in [
            "<script", "<style", "style=", "onclick", "http://", "https://",
        ] {
            assert!(!page.says(forbidden), "{path} has {forbidden:?}");
        }
    }
}

/// A server whose connections are said to come over this, from there.
async fn over(server: &Server, transport: Transport, peer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server.router.clone();
    tokio::spawn(async move {
        let limits = Config::default().http;
        while let Ok((stream, _)) = listener.accept().await {
            let ends = Ends {
                peer: peer.parse().unwrap(),
                local: address,
                transport,
            };
            let (_stop, stopped) = watch::channel(());
            http::serve_connection(stream, ends, router.clone(), &limits, stopped).await;
        }
    });
    address
}

#[tokio::test]
async fn a_session_travels_over_nothing_that_others_can_read() {
    let server = Server::start().await;
    for (transport, peer, status, said) in [
        (Transport::ModernTls, "192.0.2.1:1", 200, "Sign in"),
        (
            Transport::OldTls,
            "127.0.0.1:1",
            403,
            "This browser is too old",
        ),
        (
            Transport::Plain,
            "192.0.2.1:1",
            403,
            "needs an encrypted connection",
        ),
        (Transport::Plain, "127.0.0.1:1", 200, "Sign in"),
    ] {
        let mut browser = Browser::of(over(&server, transport, peer).await);
        for path in [
            "/account/sign-in",
            "/account/sign-up",
            "/account/reset?token=x",
        ] {
            let page = browser.get(path).await;
            if path == "/account/sign-in" {
                assert_eq!(page.status, status, "{transport:?}");
                assert!(page.says(said), "{}", page.body);
            }
            assert_eq!(
                page.header("Set-Cookie").is_some(),
                status == 200 && path == "/account/sign-in"
            );
        }
        let page = browser.post("/account/sign-in", &alice()).await;
        assert_eq!(page.status == 303, status == 200, "{transport:?}");
    }
}
