//! Every kind of answer, byte for byte, and every form of request.

use papilio::config::Config;

use crate::support::{Answer, Client};
use crate::world::{Carrier as _, Messenger, World, request};

/// The whole answer, with its line ends to be seen, without what is never the same.
fn shown(answer: &Answer, id: &str) -> String {
    let text = format!("{}{}", answer.head, answer.body).replace(id, "ID");
    let lines = text.split_inclusive("\r\n");
    lines
        .filter(|line| !line.starts_with("Date: "))
        .map(|line| line.replace("\r\n", "\\r\\n\n"))
        .collect()
}

fn snapshot(name: &str, text: String) {
    insta::with_settings!({ snapshot_path => "../soap", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("gateway_{name}"), text);
    });
}

#[tokio::test]
async fn a_session_byte_for_byte() {
    let world = World::new().await;
    let opened = world
        .ask(
            "Action=open&Server=NS&IP=messenger.hotmail.com",
            "VER 1 MSNP13 CVR0\r\n",
        )
        .await;
    let id = Messenger::of(&opened).id;
    snapshot("01_open", shown(&opened, &id));
    let ask = async |action: &str, body: &str| {
        let query = format!("{action}SessionID={id}");
        shown(&world.ask(&query, body).await, &id)
    };
    let cvr = "CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs alice@example.com\r\n";
    let (begin, end) = cvr.split_at(30);
    snapshot("02_half_a_command", ask("", begin).await);
    snapshot("03_send", ask("", end).await);
    snapshot("04_poll", ask("Action=poll&", "").await);
    let last = ask("", "PNG\r\n").await;
    snapshot("05_last", last);
    snapshot("06_unknown_session", ask("Action=poll&", "").await);
}

#[tokio::test]
async fn refusals_byte_for_byte() {
    let mut config = Config::default();
    config.gateway.sessions = Some(1);
    config.http.body = Some(1000);
    let world = World::with(config).await;
    let id = world.polling().await.id;
    let poll = format!("/gateway/gateway.dll?Action=poll&Lifespan=60&SessionID={id}");
    let poll = || {
        let (address, request) = (world.http, request(&poll, ""));
        tokio::spawn(async move { Client::connect(address).await.ask(&request).await })
    };
    // Whichever comes first is held.
    let (mut one, mut other) = (poll(), poll());
    let (parallel, held) = tokio::select! {
        answer = &mut one => (answer.unwrap(), other),
        answer = &mut other => (answer.unwrap(), one),
    };
    snapshot("07_parallel", shown(&parallel, &id));
    let full = world.ask("Action=open&Server=SB&IP=192.0.2.1", "").await;
    snapshot("08_full", shown(&full, &id));
    let large = world
        .ask(&format!("SessionID={id}"), &"a".repeat(1001))
        .await;
    snapshot("09_too_large", shown(&large, &id));
    let odd = world.ask("Action=open&Server=XX", "").await;
    snapshot("10_bad_query", shown(&odd, &id));
    // The session has heard nothing of all this.
    world.node.shut_down();
    let last = held.await.unwrap();
    snapshot("11_held", shown(&last, &id));
}

#[tokio::test]
async fn targets_in_any_form() {
    let world = World::new().await;
    let mut client = Client::connect(world.http).await;
    for target in [
        "/gateway/gateway.dll",
        "//gateway//gateway.dll",
        "/Gateway/GATEWAY.DLL",
        "http://gateway.messenger.hotmail.com/gateway/gateway.dll",
        "http://gateway.messenger.hotmail.com:80/gateway/gateway.dll",
        "HTTP://192.0.2.7/gateway/gateway.dll",
    ] {
        let open = format!("{target}?Action=open&Server=NS&IP=messenger.hotmail.com");
        let opened = client.ask(&request(&open, "VER 1 MSNP13\r\n")).await;
        assert_eq!(
            (opened.status(), &*opened.body),
            ("200", "VER 1 MSNP13\r\n"),
            "{target}"
        );
        let id = Messenger::of(&opened).id;
        let send = format!("{target}?SessionID={id}");
        let answer = client.ask(&request(&send, "PNG\r\n")).await;
        assert!(Messenger::of(&answer).is_closed, "{target}");
    }
}

#[tokio::test]
async fn a_proxy_of_http_1_0_in_between() {
    let world = World::new().await;
    let ask = |query: &str, body: &str| {
        request(
            &format!("http://gateway.messenger.hotmail.com/gateway/gateway.dll?{query}"),
            body,
        )
        .replace("HTTP/1.1", "HTTP/1.0")
        .replace(
            "Host:",
            "Proxy-Connection: Keep-Alive\r\nConnection: Keep-Alive\r\nPragma: no-cache\r\nHost:",
        )
    };
    let mut client = Client::connect(world.http).await;
    let opened = client
        .ask(&ask("Action=open&Server=NS&IP=x", "VER 1 MSNP13\r\n"))
        .await;
    assert!(opened.head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(opened.body, "VER 1 MSNP13\r\n");
    let query = format!("Action=poll&SessionID={}", Messenger::of(&opened).id);
    let answer = client.ask(&ask(&query, "")).await;
    assert_eq!((answer.status(), &*answer.body), ("200", ""));
}

#[tokio::test]
async fn every_answer_says_how_to_go_on() {
    let world = World::with(Config {
        advertise: Some("messenger.example.net:1999".parse().unwrap()),
        ..Config::default()
    })
    .await;
    let mut alice = world.polling().await;
    world.sign_in(&world.alice, &mut alice).await;
    for (query, status) in [
        (format!("SessionID={}", alice.id), "200"),
        ("SessionID=1.2".to_owned(), "400"),
        ("SessionID=%0d%0aX: y".to_owned(), "400"),
        ("Action=dance".to_owned(), "400"),
        (String::new(), "400"),
    ] {
        let query = query.replace(' ', "%20");
        let answer = world.ask(&query, "").await;
        assert_eq!(answer.status(), status, "{query}");
        let messenger = Messenger::of(&answer);
        assert_eq!(messenger.host, "messenger.example.net", "{query}");
        assert_eq!(messenger.is_closed, status == "400", "{query}");
    }
    // What a client behind a proxy passes back as IP is what any client would connect to.
    alice.say("XFR 20 SB\r\n").await;
    let referral = alice.hear("XFR 20 SB ").await;
    assert!(referral.starts_with("XFR 20 SB messenger.example.net:1999 CKI "));
}

#[tokio::test]
async fn other_methods_change_nothing() {
    let world = World::new().await;
    let mut alice = world.polling().await;
    let target = format!("/gateway/gateway.dll?SessionID={}", alice.id);
    let mut client = Client::connect(world.http).await;
    for (method, status) in [
        ("GET", "200"),
        ("HEAD", "200"),
        ("PUT", "405"),
        ("DELETE", "405"),
    ] {
        let asked = request(&target, "").replace("POST", method);
        assert_eq!(client.ask(&asked).await.status(), status, "{method}");
    }
    alice.say("VER 1 MSNP13\r\n").await;
    alice.hear("VER 1 MSNP13").await;
}
