//! Health, metrics, and the log as JSON.

use super::process::{Server, get, say};

#[test]
fn a_server_says_that_it_lives_and_is_ready() {
    let server = Server::start("");
    assert_eq!(server.get("/healthz"), (200, "alive\n".to_owned()));
    assert_eq!(server.get("/readyz"), (200, "ready\n".to_owned()));
}

/// A client that polls, and does not just now, keeps a server from stopping at once.
#[test]
fn a_server_that_stops_is_not_ready() {
    let server = Server::start("");
    let body = "VER 1 MSNP13 CVR0\r\n";
    let path = "/gateway/gateway.dll?Action=open&Server=NS&IP=messenger.hotmail.com";
    let length = body.len();
    let open = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}");
    let (_open, answer) = say(&server.address("http"), &open);
    assert!(answer.contains("X-MSN-Messenger: SessionID="), "{answer}");
    server.signal("TERM");
    let stopping = (503, "stopping\n".to_owned());
    while server.get("/readyz") != stopping {}
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn what_happens_is_counted() {
    let server = Server::start("");
    let (_open, _) = say(&server.address("msnp"), "VER 1 MSNP13 CVR0\r\n");
    let (status, _) = get(&server.address("http"), "/rdr/pprdr.asp", "");
    assert_eq!(status, 200);
    let (status, metrics) = server.get("/metrics");
    assert_eq!(status, 200);
    let value = |name: &str| {
        let found = metrics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found
            .unwrap_or_else(|| panic!("{name} in {metrics}"))
            .to_owned()
    };
    assert_eq!(value("papilio_connections"), "1");
    assert_eq!(value("papilio_connections_accepted_total"), "1");
    assert_eq!(value("papilio_sessions{version=\"MSNP13\"}"), "0");
    let asked = "papilio_http_requests_total{outcome=\"ok\",service=\"login\"}";
    assert_eq!(value(asked), "1");
}

#[test]
fn the_log_as_json_is_one_object_a_line_with_whose_session_it_is() {
    let server = Server::start("log = 'debug'\nlog-format = 'json'\n");
    let (open, _) = say(&server.address("msnp"), "VER 1 MSNP13 CVR0\r\n");
    drop(open);
    let log = server.log_until("closed: ");
    for line in &log {
        let read: Result<serde_json::Value, _> = serde_json::from_str(line);
        assert!(read.is_ok(), "{line}");
    }
    let closed: serde_json::Value = serde_json::from_str(log.last().unwrap()).unwrap();
    assert_eq!(closed["connection"], "1");
    assert_eq!(closed["version"], "MSNP13");
    assert_eq!(closed["handle"], "-");
    assert!(closed["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(server.path().exists());
}
