//! `RST2.srf` (examples-soap, 1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use msnp::proof::sso::Nonce;
use papilio::config::Config;

use crate::support::{Answer, Server, add, post};

const COMPOSED: &str = include_str!("../../../msnp/tests/soap/rst2_composed.xml");

/// The composed request, by the account that is there.
fn right() -> String {
    COMPOSED.replace("alice@example.com", "alice@example.org")
}

async fn ask(server: &Server, document: &str) -> Answer {
    server.ask(&post("/RST2.srf", "", document)).await
}

fn tickets(answer: &Answer) -> Vec<String> {
    let tokens = answer.between("<wsse:BinarySecurityToken Id=\"Compact", "</wsse");
    let texts = tokens
        .iter()
        .map(|token| token.split_once("\">").unwrap().1);
    texts.map(|text| text.replace("&amp;", "&")).collect()
}

/// The body with what is never the same taken out.
fn timeless(answer: &Answer) -> String {
    let mut text = answer.body.clone();
    for (start, end, word) in [
        (" ServerTime=\"", "\"", "NOW"),
        ("<wsu:Expires>", "<", "SOON"),
        ("<CipherValue>", "<", "CIPHER"),
        ("<wst:BinarySecret>", "<", "SECRET"),
    ] {
        for found in answer.between(start, end) {
            text = text.replace(found, word);
        }
    }
    for ticket in tickets(answer) {
        text = text.replace(&ticket.replace('&', "&amp;"), "TICKET");
    }
    text
}

fn snapshot(name: &str, answer: &Answer) {
    assert_eq!(answer.status(), "200");
    let content_type = "\r\nContent-Type: text/xml; charset=utf-8\r\n";
    assert!(answer.head.contains(content_type), "{}", answer.head);
    insta::with_settings!({ snapshot_path => "../soap", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("rst2_{name}"), timeless(answer));
    });
}

#[tokio::test]
async fn the_answers_byte_for_byte() {
    let server = Server::start().await;
    snapshot("1_granted", &ask(&server, &right()).await);
    snapshot("2_refused", &ask(&server, COMPOSED).await);
    snapshot("3_invalid", &ask(&server, "<Envelope/>").await);
}

#[tokio::test]
async fn tickets_are_good_and_come_with_the_secret_that_proves_them() {
    let server = Server::start().await;
    let answer = ask(&server, &right()).await;
    let issued = tickets(&answer);
    assert_eq!(issued.len(), 2);
    for ticket in &issued {
        let (t, _) = ticket[2..].split_once('&').unwrap();
        let whose = server.store.account_of_ticket(t, Timestamp::now());
        assert_eq!(whose.await.unwrap().unwrap().id, server.alice.id);
    }
    // Of the login cipher, and of the one whose policy asks for it.
    let secrets = answer.between("<wst:BinarySecret>", "</wst");
    let (t, _) = issued[0][2..].split_once('&').unwrap();
    let secret = STANDARD.encode(server.store.ticket_key().secret(t));
    assert_eq!(secrets.len(), 2);
    assert_eq!(secrets[1], secret);
}

#[tokio::test]
async fn a_ticket_signs_in_with_its_proof() {
    let server = Server::start().await;
    let answer = ask(&server, &right()).await;
    let ticket = &tickets(&answer)[0];
    let secret = answer.between("<wst:BinarySecret>", "</wst")[1];
    let secret = STANDARD.decode(secret).unwrap().try_into().unwrap();
    let handle = "alice@example.org";
    let gateway = "/gateway/gateway.dll?Action=open&Server=NS&IP=x";
    let said = format!(
        "VER 1 MSNP15\r\nCVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.5.1302 msmsgs {handle}\r\n\
         USR 3 SSO I {handle}\r\n"
    );
    let asked = server.ask(&post(gateway, "", &said)).await;
    let (_, nonce) = asked.body.split_once("USR 3 SSO S MBI_KEY_OLD ").unwrap();
    let nonce = Nonce::parse(nonce.trim_end()).unwrap();
    let (_, id) = asked.head.split_once("SessionID=").unwrap();
    let (id, _) = id.split_once(';').unwrap();
    let proof = nonce.response(&secret, *b"12345678");
    let said = format!("USR 4 SSO S {ticket} {}\r\n", proof.as_str());
    let session = format!("/gateway/gateway.dll?SessionID={id}");
    let welcome = server.ask(&post(&session, "", &said)).await;
    let ok = "USR 4 OK alice@example.org 1 0\r\n";
    assert!(welcome.body.starts_with(ok), "{}", welcome.body);
}

#[tokio::test]
async fn unknown_wrong_disabled_throttled_and_renewed_look_the_same() {
    let mut config = Config::default();
    config.throttle.per_account = Some(2);
    let server = Server::with(config).await;
    let bob = add(
        &server.store,
        &server.passwords,
        "bob@example.org",
        "secret&1",
    )
    .await;
    server.store.disable_account(bob.id).await.unwrap();
    let refused = ask(&server, COMPOSED).await;
    let (start, end) = ("<wsse:UsernameToken", "</wsse:UsernameToken>");
    let from = COMPOSED.find(start).unwrap();
    let to = COMPOSED.find(end).unwrap() + end.len();
    for document in [
        right().replace("secret&amp;1", "wrong"),
        right().replace("secret&amp;1", ""),
        right().replace("alice@", "bob@"),
        right().replace("alice@example.org", "no handle"),
        COMPOSED.replace(&COMPOSED[from..to], "<EncryptedData/>"),
        // The second failure of alice was the last.
        right(),
    ] {
        let answer = ask(&server, &document).await;
        assert_eq!(timeless(&answer), timeless(&refused), "{document}");
    }
}

#[tokio::test]
async fn requests_in_any_form() {
    let server = Server::start().await;
    for path in [
        "//rst2.srf",
        "/RST2.SRF",
        "/pp900/RST2.srf",
        "http://login.live.com/RST2.srf",
    ] {
        let headers = "Content-Type: application/soap+xml\r\nSOAPAction: \"\"\r\n";
        let answer = server.ask(&post(path, headers, &right())).await;
        assert_eq!(tickets(&answer).len(), 2, "{path}");
    }
    let pretty = right().replace("><", ">\r\n  <");
    assert_eq!(tickets(&ask(&server, &pretty).await).len(), 2);
    let prefixed = right()
        .replace("wst:", "t:")
        .replace("xmlns:wst", "xmlns:t");
    assert_eq!(tickets(&ask(&server, &prefixed).await).len(), 2);
    // What is asked in the older namespaces is answered here in the younger ones.
    let older = include_str!("../../../msnp/tests/soap/rst_composed.xml");
    let answer = ask(&server, older).await;
    assert!(
        answer
            .body
            .contains("xmlns:wst=\"http://schemas.xmlsoap.org/ws/2005/02/trust\"")
    );
}

#[tokio::test]
async fn odd_requests_are_answered_clearly() {
    let server = Server::start().await;
    let deep = format!("{}{}", "<d>".repeat(5000), "</d>".repeat(5000));
    for document in [
        String::new(),
        "hello".to_owned(),
        right().replace("<s:Header>", &format!("<s:Header>{deep}")),
        right().replace("</s:Body>", ""),
        right().replace("wst:RequestSecurityToken ", "wst:Other "),
        format!("<!DOCTYPE a>{}", right()),
    ] {
        let answer = ask(&server, &document).await;
        assert_eq!(answer.status(), "200");
        assert!(
            answer
                .body
                .contains("<S:Value>wst:InvalidRequest</S:Value>"),
            "{document:.80}"
        );
    }
    let put = post("/RST2.srf", "", "").replace("POST", "PUT");
    assert_eq!(server.ask(&put).await.status(), "405");
    let get = "GET /RST2.srf HTTP/1.1\r\nHost: login.live.com\r\n\r\n";
    assert!(server.ask(get).await.body.starts_with("Papilio"));
}
