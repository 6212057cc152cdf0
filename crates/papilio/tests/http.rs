//! The HTTP services over a real socket: raw bytes in, raw bytes out (services-auth, 0 to 6 and 11;
//! clients, 9 to 15).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "support/http.rs"]
mod support;

use std::io::Write;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use jiff::Timestamp;
use papilio::config::Config;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use support::{Answer, Client, Server, add, listen, post};

const COMPOSED: &str = include_str!("../../msnp/tests/soap/rst_composed.xml");
const MSNP15: &str = include_str!("../../msnp/tests/soap/rst_msnp15.xml");

async fn sign_in(server: &Server, document: &str) -> Answer {
    server.ask(&rst(document)).await
}

fn rst(document: &str) -> String {
    post("/RST.srf", "", document)
}

fn tickets(answer: &Answer) -> Vec<String> {
    answer
        .between("<wsse:BinarySecurityToken Id=\"", "</wsse")
        .into_iter()
        .map(|token| token.split_once("\">").unwrap().1.replace("&amp;", "&"))
        .collect()
}

/// The body with the time in it taken out.
fn timeless(answer: &Answer) -> String {
    let time = answer.between(" ServerTime=\"", "\"")[0].to_owned();
    assert_eq!(time.len(), "2006-06-19T12:00:00Z".len());
    answer.body.replace(&time, "NOW")
}

fn is_refusal(answer: &Answer) -> bool {
    answer.status() == "200"
        && answer.body.ends_with(
            "</S:Header><S:Fault><faultcode>wsse:FailedAuthentication</faultcode>\
             <faultstring>Authentication Failure</faultstring></S:Fault></S:Envelope>",
        )
}

fn is_invalid(answer: &Answer) -> bool {
    answer.status() == "200"
        && answer.body.ends_with(
            "<S:Fault><faultcode>S:Client</faultcode>\
             <faultstring>Invalid Request</faultstring></S:Fault></S:Envelope>",
        )
}

#[tokio::test]
async fn the_right_password_gets_tickets_that_every_service_takes() {
    let server = Server::start().await;
    let answer = sign_in(&server, MSNP15).await;
    assert_eq!(answer.status(), "200");
    let issued = tickets(&answer);
    assert_eq!(issued.len(), 4);
    for ticket in &issued {
        assert!(ticket.len() <= 1000);
        let (t, p) = ticket.split_once('&').unwrap();
        assert!(t.starts_with("t=") && p.starts_with("p="));
        assert!(!t[2..].contains('=') && !p[2..].contains('='));
        let whose = server.store.account_of_ticket(&t[2..], Timestamp::now());
        assert_eq!(whose.await.unwrap().unwrap().id, server.alice.id);
    }
    let distinct: std::collections::HashSet<_> = issued.iter().collect();
    assert_eq!(distinct.len(), 4);
    // The secret of the second item is the one that the ticket will be proved with.
    let secrets = answer.between("<wst:BinarySecret>", "</wst");
    assert_eq!(secrets.len(), 2);
    let t = issued[0].split_once('&').unwrap().0[2..].to_owned();
    let secret = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        server.store.ticket_key().secret(&t),
    );
    assert_eq!(secrets[1], secret);
    // A later sign-in leaves the tickets of an earlier one good (clients, 13).
    assert_eq!(tickets(&sign_in(&server, COMPOSED).await).len(), 2);
    let whose = server.store.account_of_ticket(&t, Timestamp::now());
    assert!(whose.await.unwrap().is_some());
}

#[tokio::test]
async fn the_answer_byte_for_byte() {
    let server = Server::start().await;
    let answer = sign_in(&server, COMPOSED).await;
    let mut text = timeless(&answer);
    let expires = answer.between("<wsu:Expires>", "<")[0].to_owned();
    text = text.replace(&expires, "LATER");
    for ticket in tickets(&answer) {
        text = text.replace(&ticket.replace('&', "&amp;"), "TICKET");
    }
    for (start, word) in [
        ("<CipherValue>", "CIPHER"),
        ("<wst:BinarySecret>", "SECRET"),
    ] {
        text = text.replace(answer.between(start, "<")[0], word);
    }
    insta::with_settings!({ snapshot_path => "soap", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("rst", text);
    });
}

#[tokio::test]
async fn the_head_has_the_case_that_old_clients_look_for() {
    let server = Server::start().await;
    let answer = sign_in(&server, COMPOSED).await;
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
    for line in [
        "\r\nContent-Type: text/xml; charset=utf-8\r\n".to_owned(),
        format!("\r\nContent-Length: {}\r\n", answer.body.len()),
    ] {
        assert!(answer.head.contains(&line), "{}", answer.head);
    }
    assert!(!answer.head.contains("Transfer-Encoding"));
}

#[tokio::test]
async fn names_whose_case_no_rule_gives_go_out_right() {
    let odd = get(async || {
        let names = ["passporturls", "www-authenticate", "x-msn-messenger"];
        (names.map(|name| (name, "x")), "Passporturls: x\r\n\r\n")
    });
    let router = Router::new().route("/odd", odd);
    let (address, _stop, _running) = listen(router, Config::default()).await;
    let mut client = Client::connect(address).await;
    for _ in 0..2 {
        let answer = client.ask("GET /odd HTTP/1.1\r\nHost: x\r\n\r\n").await;
        for line in [
            "PassportURLs: x\r\n",
            "WWW-Authenticate: x\r\n",
            "X-MSN-Messenger: x\r\n",
        ] {
            assert!(answer.head.contains(line), "{}", answer.head);
        }
        assert_eq!(answer.body, "Passporturls: x\r\n\r\n");
    }
}

#[tokio::test]
async fn unknown_account_wrong_password_disabled_and_throttled_look_the_same() {
    let mut config = Config::default();
    config.throttle.per_account = Some(3);
    let server = Server::with(config).await;
    let bob = add(
        &server.store,
        &server.passwords,
        "bob@example.org",
        "secret&1",
    )
    .await;
    server.store.disable_account(bob.id).await.unwrap();

    let wrong = COMPOSED.replace("secret&amp;1", "wrong");
    let refused = sign_in(&server, &wrong).await;
    assert!(is_refusal(&refused), "{}", refused.body);
    let others = [
        wrong.replace("alice@", "nobody@"),
        wrong.replace("alice@example.org", "no handle at all"),
        wrong.replace("alice@example.org", ""),
        COMPOSED.replace("secret&amp;1", ""),
        COMPOSED.replace("alice@", "bob@"),
        COMPOSED.replace("secret&amp;1", &"long".repeat(1000)),
        // The third failure of alice was the last; not even the right password counts now.
        COMPOSED.to_owned(),
    ];
    let head_of = |answer: &Answer| {
        let lines = answer
            .head
            .lines()
            .filter(|line| !line.starts_with("Date: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for document in others {
        let answer = sign_in(&server, &document).await;
        assert_eq!(timeless(&answer), timeless(&refused), "{document}");
        assert_eq!(head_of(&answer), head_of(&refused), "{document}");
    }
}

#[tokio::test]
async fn successes_are_not_throttled() {
    let mut config = Config::default();
    config.throttle.per_account = Some(2);
    let server = Server::with(config).await;
    for _ in 0..5 {
        assert!(!is_refusal(&sign_in(&server, COMPOSED).await));
    }
}

#[tokio::test]
async fn a_renewal_is_refused_like_a_wrong_password() {
    let server = Server::start().await;
    let (start, end) = ("<wsse:UsernameToken", "</wsse:UsernameToken>");
    let token = COMPOSED[COMPOSED.find(start).unwrap()..COMPOSED.find(end).unwrap()].to_owned();
    let renewal = COMPOSED.replace(&(token + end), "<EncryptedData/>");
    assert!(is_refusal(&sign_in(&server, &renewal).await));
}

#[tokio::test]
async fn what_cannot_be_read_is_an_invalid_request() {
    let server = Server::start().await;
    let deep = format!("{}{}", "<d>".repeat(5000), "</d>".repeat(5000));
    for document in [
        String::new(),
        "hello".to_owned(),
        COMPOSED.replace(
            "<Envelope ",
            "<!DOCTYPE Envelope [<!ENTITY a \"b\">]><Envelope ",
        ),
        COMPOSED.replace("<Header>", &format!("<Header>{deep}")),
        COMPOSED.replace("</Body>", ""),
    ] {
        let answer = sign_in(&server, &document).await;
        assert!(is_invalid(&answer), "{} for {document:.80}", answer.body);
    }
}

#[tokio::test]
async fn paths_in_any_case_and_with_doubled_slashes() {
    let server = Server::start().await;
    for path in [
        "//RST.srf",
        "/rst.SRF",
        "/pp550/RST.srf",
        "/pp450//RST.srf?x=1",
        "http://login.live.com/RST.srf",
    ] {
        let answer = server.ask(&post(path, "", COMPOSED)).await;
        assert_eq!(tickets(&answer).len(), 2, "{path}");
    }
}

#[tokio::test]
async fn a_soap_action_may_be_empty_or_absent() {
    let server = Server::start().await;
    for headers in [
        "",
        "SOAPAction: \r\n",
        "SOAPAction:\r\n",
        "SOAPAction: \"\"\r\n",
    ] {
        let answer = server.ask(&post("/RST.srf", headers, COMPOSED)).await;
        assert_eq!(tickets(&answer).len(), 2, "{headers:?}");
    }
}

#[tokio::test]
async fn http_1_0_with_and_without_keep_alive() {
    let server = Server::start().await;
    let plain = format!(
        "POST /RST.srf HTTP/1.0\r\nHost: login.live.com:443\r\nContent-Length: {}\r\n\r\n{COMPOSED}",
        COMPOSED.len()
    );
    let mut client = server.connect().await;
    let answer = client.ask(&plain).await;
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(answer.head.contains("\r\nConnection: close\r\n"));
    assert_eq!(tickets(&answer).len(), 2);
    client.assert_closed().await;

    let kept = plain.replace(
        "HTTP/1.0\r\n",
        "HTTP/1.0\r\nProxy-Connection: Keep-Alive\r\nConnection: Keep-Alive\r\n",
    );
    let mut client = server.connect().await;
    for _ in 0..2 {
        assert_eq!(tickets(&client.ask(&kept).await).len(), 2);
    }
}

#[tokio::test]
async fn two_requests_at_once_on_one_connection() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let first = rst(&COMPOSED.replace("secret&amp;1", "wrong"));
    client.send(&format!("{first}{}", rst(COMPOSED))).await;
    assert!(is_refusal(&client.answer().await));
    assert_eq!(tickets(&client.answer().await).len(), 2);
    assert_eq!(tickets(&client.ask(&rst(COMPOSED)).await).len(), 2);
}

#[tokio::test]
async fn a_length_of_minus_one_loses_nobody() {
    let server = Server::start().await;
    let head = "POST //RST.srf HTTP/1.1\r\nHost: login.live.com\r\nContent-Length: -1\r\n\
                Connection: Keep-Alive\r\n\r\n";
    let mut client = server.connect().await;
    // With a body, in pieces, with what a client adds after it.
    client.send(head).await;
    let (start, end) = COMPOSED.split_at(700);
    client.send(start).await;
    client.send(&format!("{}\r\n\r\n", end.trim_end())).await;
    assert_eq!(tickets(&client.answer().await).len(), 2);
    // Without any, which is what libpurple 2.4.3 does, and waits.
    assert!(is_invalid(&client.ask(head).await));
    // Without any, and the next request at its heels.
    client.send(&format!("{head}{}", rst(COMPOSED))).await;
    assert!(is_invalid(&client.answer().await));
    assert_eq!(tickets(&client.answer().await).len(), 2);
}

#[tokio::test]
async fn a_body_over_its_limit_gets_413_and_the_end() {
    let mut config = Config::default();
    config.http.body = Some(100_000);
    let server = Server::with(config).await;
    let body = "a".repeat(3_000_000);
    let endless =
        format!("POST /RST.srf HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n<Envelope>{body}");
    let chunked = format!(
        "POST /RST.srf HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for request in [rst(&body), endless, chunked] {
        let client = server.connect().await;
        let (mut read, mut write) = client.stream.into_split();
        let (written, answer) = tokio::join!(write.write_all(request.as_bytes()), async {
            let mut answer = vec![0; 1000];
            let length = read.read(&mut answer).await.unwrap();
            String::from_utf8(answer[..length].to_vec()).unwrap()
        });
        written.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
    }
    // As much as is allowed, and no document.
    assert!(is_invalid(&sign_in(&server, &"a".repeat(100_000)).await));
}

#[tokio::test]
async fn a_client_may_ask_whether_to_go_on() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let request = post("/RST.srf", "Expect: 100-continue\r\n", COMPOSED);
    let (head, body) = request.split_at(request.len() - COMPOSED.len());
    client.send(head).await;
    assert_eq!(client.answer().await.head, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(body).await;
    assert_eq!(tickets(&client.answer().await).len(), 2);
}

#[tokio::test]
async fn what_is_not_there_is_said_quickly() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let ask = async |client: &mut Client, line: &str| {
        client
            .ask(&format!(
                "{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
            ))
            .await
    };
    for (line, status) in [
        ("GET /a/../../etc/passwd", "404"),
        ("PUT /RST.srf", "405"),
        ("DELETE /", "405"),
        ("POST /", "200"),
    ] {
        let answer = ask(&mut client, line).await;
        assert_eq!(answer.status(), status, "{line}");
        assert_eq!(answer.body, "", "{line}");
        assert!(answer.head.contains("\r\nContent-Length: 0\r\n"), "{line}");
    }
    for (path, kind) in [
        ("/", "text/html"),
        ("/RST.srf", "text/plain"),
        ("/NotRST.srf", "text/plain"),
    ] {
        let answer = ask(&mut client, &format!("GET {path}")).await;
        assert_eq!(answer.status(), "200");
        assert!(answer.head.contains(&format!("Content-Type: {kind}")));
        assert!(answer.body.contains("Papilio"));
        // The answer to HEAD has no body, and the one after it is seen for what it is.
        let answer = ask(&mut client, &format!("HEAD {path}")).await;
        assert_eq!((answer.status(), &*answer.body), ("200", ""));
    }
    let answer = client.ask(&post("/", "", "something")).await;
    assert_eq!(answer.status(), "404");
}

#[tokio::test]
async fn what_is_no_http_ends_that_connection_alone() {
    let server = Server::start().await;
    let mut bystander = server.connect().await;
    for text in [
        "VER 1 MSNP13 CVR0\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{0}\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -7\r\n\r\n",
    ] {
        let mut client = server.connect().await;
        assert_eq!(client.ask(text).await.status(), "400", "{text:?}");
        client.assert_closed().await;
    }
    let mut client = server.connect().await;
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(100_000));
    assert_eq!(client.ask(&long).await.status(), "431");
    assert_eq!(tickets(&bystander.ask(&rst(COMPOSED)).await).len(), 2);
}

#[tokio::test]
async fn not_rst_answers_in_a_header() {
    let server = Server::start().await;
    let ask = async |headers: &str| server.ask(&post("/NotRST.srf", headers, "")).await;
    let right = ask("X-User: Alice@Example.org\r\nX-Password: secret&1\r\n").await;
    assert_eq!((right.status(), &*right.body), ("200", ""));
    let (_, rest) = right.head.split_once("\r\nX-Token: ").unwrap();
    let (token, _) = rest.split_once("\r\n").unwrap();
    let whose = server.store.account_of_ticket(token, Timestamp::now());
    assert_eq!(whose.await.unwrap().unwrap().id, server.alice.id);
    for headers in [
        "X-User: alice@example.org\r\nX-Password: wrong\r\n",
        "X-User: nobody@example.org\r\nX-Password: secret&1\r\n",
        "X-User: alice@example.org\r\n",
        "",
    ] {
        let refused = ask(headers).await;
        assert_eq!((refused.status(), &*refused.body), ("200", ""), "{headers}");
        assert!(!refused.head.contains("X-Token"), "{headers}");
    }
}

#[tokio::test]
async fn the_end_lets_a_request_under_way_finish() {
    let server = Server::start().await;
    let mut idle = server.connect().await;
    idle.ask(&rst(COMPOSED)).await;
    let mut busy = server.connect().await;
    let request = rst(COMPOSED);
    // The server is known to read the second request once it has answered the first.
    busy.send(&format!("{}{}", post("/", "", ""), &request[..500]))
        .await;
    busy.answer().await;
    server.stop.send(()).unwrap();
    idle.assert_closed().await;
    busy.send(&request[500..]).await;
    let answer = busy.answer().await;
    assert_eq!(tickets(&answer).len(), 2);
    busy.assert_closed().await;
    server.running.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// A log that can be read back.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What has been logged since the last time.
    fn lines(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock());
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_failure_has_one_line_in_the_log_and_no_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start().await;
    log.lines();

    let wrong = COMPOSED.replace("secret&amp;1", "hunter");
    let unread = wrong.replace("hunter", "<hunter");
    let unknown = post(
        "/NotRST.srf",
        "X-User: eve@example.org\r\nX-Password: hunter\r\n",
        "",
    );
    let absent = post("/NotRST.srf", "X-Password: hunter\r\n", "");
    for (request, word) in [
        (rst(&wrong), "alice@example.org"),
        (rst(&unread), "/RST.srf"),
        (unknown, "eve@example.org"),
        (absent, "X-User"),
    ] {
        server.ask(&request).await;
        let lines = log.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(word), "{lines:?}");
        assert!(lines[0].contains("127.0.0.1"), "{lines:?}");
        assert!(!lines[0].contains("hunter"), "{lines:?}");
    }
    sign_in(&server, COMPOSED).await;
    assert_eq!(log.lines(), Vec::<String>::new());
}
