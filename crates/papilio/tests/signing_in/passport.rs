//! Passport 1.4 over a real socket: raw bytes in, raw bytes out (services-auth, 10).

use jiff::Timestamp;
use papilio::config::Config;

use crate::support::{Answer, Client, Server, add, post};

const RIGHT: &str = "sign-in=alice%40example%2Eorg,pwd=secret%261";

/// `login2.srf` as Messenger asks it.
fn login(fields: &str) -> String {
    format!(
        "GET /login2.srf HTTP/1.1\r\nAuthorization: Passport1.4 OrgVerb=GET,\
         OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,{fields},ct=1,rver=5.5.4177.0,lc=1033,id=507,\
         ru=http:%2F%2Fmessenger.msn.com,tw=0,kpp=1,kv=9,ver=2.1.6000.1,rn=x,tpf=y\r\n\
         User-Agent: MSMSGS\r\nHost: login.passport.com\r\nConnection: Keep-Alive\r\n\
         Cache-Control: no-cache\r\n\r\n"
    )
}

fn nexus(host: &str) -> String {
    format!("GET /rdr/pprdr.asp HTTP/1.1\r\n{host}\r\n")
}

/// The whole answer but for its date, with its line ends to be seen.
fn shown(answer: &Answer) -> String {
    let text = format!("{}{}", answer.head, answer.body);
    let lines = text.split_inclusive("\r\n");
    lines
        .filter(|line| !line.starts_with("Date: "))
        .map(|line| line.replace("\r\n", "\\r\\n\n"))
        .collect()
}

fn snapshot(name: &str, text: String) {
    insta::with_settings!({ snapshot_path => "../soap", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("passport_{name}"), text);
    });
}

/// What old clients take: everything between the quotes.
fn ticket(answer: &Answer) -> &str {
    let (_, rest) = answer.head.split_once("\r\nAuthentication-Info: ").unwrap();
    let (_, rest) = rest.split_once("from-PP='").unwrap();
    rest.split_once('\'').unwrap().0
}

#[tokio::test]
async fn the_answers_byte_for_byte() {
    let server = Server::start().await;
    let answer = server.ask(&nexus("Host: nexus.passport.com\r\n")).await;
    snapshot("1_nexus", shown(&answer));
    let granted = server.ask(&login(RIGHT)).await;
    let text = shown(&granted).replace(ticket(&granted), "TICKET");
    snapshot("2_granted", text);
    let wrong = "sign-in=alice%40example%2Eorg,pwd=wrong";
    snapshot("3_refused", shown(&server.ask(&login(wrong)).await));
}

#[tokio::test]
async fn a_ticket_signs_in() {
    let server = Server::start().await;
    let granted = server.ask(&login(RIGHT)).await;
    let ticket = ticket(&granted);
    let (t, p) = ticket.split_once('&').unwrap();
    assert!(t.starts_with("t=") && p == "p=", "{ticket}");
    let whose = server.store.account_of_ticket(&t[2..], Timestamp::now());
    assert_eq!(whose.await.unwrap().unwrap().id, server.alice.id);
    // As it is, and as a client presents it that takes everything behind the quote.
    for presented in [
        ticket.to_owned(),
        format!("{ticket},ru=http://messenger.msn.com"),
    ] {
        let open = "/gateway/gateway.dll?Action=open&Server=NS&IP=x";
        let handle = "alice@example.org";
        let said = format!(
            "VER 1 MSNP13\r\nCVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs {handle}\r\n\
             USR 3 TWN I {handle}\r\nUSR 4 TWN S {presented}\r\n"
        );
        let answer = server.ask(&post(open, "", &said)).await;
        assert!(
            answer.body.contains("USR 4 OK alice@example.org 1 0\r\n"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn the_nexus_answers_whoever_forgets_the_version() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    // Gaim reads until the connection closes.
    let answer = client.ask("GET /rdr/pprdr.asp\r\n\r\n").await;
    assert!(answer.head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(
        answer
            .head
            .contains(",DALogin=login.passport.com/login2.srf,DAReg=")
    );
    client.assert_closed().await;
}

#[tokio::test]
async fn the_nexus_names_the_host_that_its_client_knows() {
    let login_at = |answer: &Answer| {
        let (_, rest) = answer.head.split_once("PassportURLs: DALogin=").unwrap();
        rest.split_once(',').unwrap().0.to_owned()
    };
    let mut server = Server::start().await;
    for (host, named) in [
        ("Host: nexus.passport.com\r\n", "login.passport.com"),
        ("Host: NEXUS.passport.com:443\r\n", "login.passport.com"),
        ("Host: msn.example.net\r\n", "msn.example.net"),
        ("Host: msn.example.net:8080\r\n", "msn.example.net"),
        ("Host: a,b\"\r\n", "login.passport.com"),
        ("", "login.passport.com"),
    ] {
        let asked = nexus(host).replace("HTTP/1.1", "HTTP/1.0");
        assert_eq!(
            login_at(&server.ask(&asked).await),
            format!("{named}/login2.srf"),
            "{host}"
        );
    }
    server = Server::with(Config {
        advertise: Some("msn.example.net:1863".parse().unwrap()),
        ..Config::default()
    })
    .await;
    let named = login_at(&server.ask("GET /rdr/pprdr.asp\r\n\r\n").await);
    assert_eq!(named, "msn.example.net/login2.srf");
}

#[tokio::test]
async fn every_client_finds_the_login_in_its_own_way() {
    let server = Server::start().await;
    let answer = server.ask(&nexus("Host: nexus.passport.com\r\n")).await;
    // Kopete: three fields in a row, the first of them the first of the header.
    let (_, rest) = answer.head.split_once("PassportURLs: DARealm=").unwrap();
    let (_, rest) = rest.split_once(",DALogin=").unwrap();
    assert_eq!(
        rest.split_once(",DAReg=").unwrap().0,
        "login.passport.com/login2.srf"
    );
    // msnp11-sdk: all of the first header is the address.
    let (_, rest) = answer.head.split_once("PassportURLs: ").unwrap();
    let address = rest.split_once("\r\n").unwrap().0.replace("DALogin=", "");
    let path = address.strip_prefix("login.passport.com").unwrap();
    let asked = login(RIGHT).replace("GET /login2.srf ", &format!("GET {path} "));
    assert_eq!(server.ask(&asked).await.status(), "200");
}

#[tokio::test]
async fn unknown_wrong_disabled_and_throttled_look_the_same() {
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
    let refused = shown(&server.ask(&login("sign-in=alice@example.org,pwd=x")).await);
    assert!(refused.starts_with("HTTP/1.1 401 Unauthorized\\r\\n"));
    for fields in [
        "sign-in=nobody@example.org,pwd=secret%261",
        "sign-in=no%20handle,pwd=secret%261",
        "sign-in=,pwd=",
        "sign-in=bob@example.org,pwd=secret%261",
        "sign-in=alice@example.org,pwd=%",
        "sign-in=alice@example.org,pwd=%00%ff%zz",
        // The third failure of alice was the last; not even the right password counts now.
        RIGHT,
        // Nothing to check.
        "sign-in=alice@example.org",
        "pwd=x",
        "a=b",
    ] {
        assert_eq!(
            shown(&server.ask(&login(fields)).await),
            refused,
            "{fields}"
        );
    }
    let headless = "GET /login2.srf HTTP/1.1\r\nHost: login.passport.com\r\n\r\n";
    assert_eq!(shown(&server.ask(headless).await), refused);
    let basic =
        "GET /login2.srf HTTP/1.1\r\nHost: login.passport.com\r\nAuthorization: Basic YTpi\r\n\r\n";
    assert_eq!(shown(&server.ask(basic).await), refused);
}

#[tokio::test]
async fn failures_count_by_whichever_door() {
    let mut config = Config::default();
    config.throttle.per_account = Some(2);
    let server = Server::with(config).await;
    for _ in 0..2 {
        let wrong = "X-User: alice@example.org\r\nX-Password: wrong\r\n";
        server.ask(&post("/NotRST.srf", wrong, "")).await;
    }
    assert_eq!(server.ask(&login(RIGHT)).await.status(), "401");
}

#[tokio::test]
async fn names_and_paths_in_any_case() {
    let server = Server::start().await;
    for asked in [
        login(RIGHT).replace("Authorization: Passport1.4", "AUTHORIZATION:passport1.4"),
        login(RIGHT).replace("Authorization:", "authorization:"),
        login(RIGHT).replace("/login2.srf", "//Login2.SRF?lc=1033"),
        login(RIGHT).replace("/login2.srf", "http://login.passport.com/login2.srf"),
        login("SIGN-IN=Alice@Example.ORG,Pwd=secret&1"),
    ] {
        assert_eq!(server.ask(&asked).await.status(), "200", "{asked}");
    }
    let odd = nexus("Host: x\r\n").replace("/rdr/pprdr.asp", "//RDR/PPRDR.asp");
    assert_eq!(server.ask(&odd).await.status(), "200");
}

#[tokio::test]
async fn odd_requests_are_answered_and_change_nothing() {
    let server = Server::start().await;
    let mut client = Client::connect(server.address).await;
    for (asked, status) in [
        (login(RIGHT).replacen("GET", "PUT", 1), "405"),
        (post("/login2.srf", "", "sign-in=alice"), "405"),
        (post("/rdr/pprdr.asp", "", ""), "405"),
        (login(RIGHT).replacen("GET", "HEAD", 1), "200"),
        (
            login(&format!("sign-in=a@x,pwd={}", "%41".repeat(10_000))),
            "401",
        ),
    ] {
        assert_eq!(client.ask(&asked).await.status(), status, "{asked:.60}");
    }
    let huge = login(&format!("sign-in=a@x,pwd={}", "a".repeat(100_000)));
    assert_eq!(server.ask(&huge).await.status(), "431");
    assert_eq!(client.ask(&login(RIGHT)).await.status(), "200");
}
