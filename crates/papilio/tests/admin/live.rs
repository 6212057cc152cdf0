//! The live view: who comes and goes, how the service is doing, what operators do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::house::{House, Server};

struct View(BufReader<TcpStream>);

impl View {
    fn open(server: &Server, token: &str) -> Self {
        let mut stream = TcpStream::connect(server.http).unwrap();
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut view = Self(BufReader::new(stream));
        let head = view.line();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        while view.line().trim() != ": beat" {}
        view
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).unwrap() > 0, "over");
        line
    }

    /// The next event that is wanted.
    fn next(&mut self, wanted: &str) -> Value {
        loop {
            let line = self.line();
            if let Some(data) = line.strip_prefix("data: ") {
                let event: Value = serde_json::from_str(data).unwrap();
                if event["event"] == wanted {
                    return event;
                }
            }
        }
    }

    /// Every event until the view is over.
    fn rest(mut self) -> String {
        let mut rest = String::new();
        let _ended = std::io::Read::read_to_string(&mut self.0, &mut rest);
        rest
    }
}

#[test]
fn what_happens_is_seen_as_it_happens() {
    let house = House::new();
    let token = house.token("all", "all");
    let server = house.serve();
    let mut view = View::open(&server, &token);
    let alice = server.sign_in("alice@x", 15);
    let came = view.next("signed-in");
    assert_eq!(
        (&came["handle"], &came["version"]),
        (&"alice@x".into(), &"MSNP15".into())
    );
    drop(alice);
    let went = view.next("signed-out");
    assert_eq!(
        (&went["handle"], &went["session"]),
        (&came["handle"], &came["session"])
    );
    // By another process.
    house.ok(&["user", "disable", "bob@x"]);
    let act = view.next("audit");
    assert_eq!(
        (&act["act"], &act["subject"]),
        (&"accounts.disable".into(), &"bob@x".into())
    );
    let statistics = view.next("statistics");
    assert_eq!(statistics["accounts"], 2);
}

#[test]
fn a_sign_in_counts_as_one() {
    let house = House::new();
    let token = house.token("all", "all");
    let server = house.serve();
    let _alice = server.sign_in("alice@x", 13);
    let statistics = server.ask(&token, "GET", "/statistics", "").json;
    assert_eq!(
        (&statistics["sign_ins"], &statistics["failures"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn a_view_shows_what_its_token_may_see_and_ends_with_it() {
    let house = House::new();
    let token = house.token("watcher", "sessions:read");
    let server = house.serve();
    let mut view = View::open(&server, &token);
    let _alice = server.sign_in("alice@x", 13);
    view.next("signed-in");
    house.ok(&["token", "revoke", "watcher"]);
    let rest = view.rest();
    assert!(
        !rest.contains("statistics") && !rest.contains("audit"),
        "{rest}"
    );
    let blind = house.token("blind", "invitations");
    assert_eq!(server.ask(&blind, "GET", "/events", "").status, 403);
}

#[test]
fn there_are_so_many_listeners_and_no_more() {
    let house = House::with("[admin]\nlisteners = 2\n");
    let token = house.token("all", "all");
    let server = house.serve();
    let first = View::open(&server, &token);
    let _second = View::open(&server, &token);
    assert_eq!(server.ask(&token, "GET", "/events", "").status, 429);
    drop(first);
    // As soon as the server has seen that the first is gone.
    while server_is_full(&server, &token) {}
}

fn server_is_full(server: &Server, token: &str) -> bool {
    let mut stream = TcpStream::connect(server.http).unwrap();
    let request =
        format!("GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.contains(" 429 ")
}

#[test]
fn an_open_view_does_not_hold_up_the_end() {
    let house = House::new();
    let token = house.token("all", "all");
    let server = house.serve();
    let view = View::open(&server, &token);
    house.ok(&["broadcast", "--maintenance", "0", "--stop"]);
    view.rest();
    assert_eq!(server.ended(), Some(0));
}
