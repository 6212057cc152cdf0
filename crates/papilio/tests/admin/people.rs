//! What people hear of operators: texts, maintenance, the end of their sessions.

use serde_json::json;

use crate::house::{Client, House, Server};

/// Takes the call of the service, and hears what it says.
fn takes_call(server: &Server, person: &mut Client, handle: &str) -> String {
    person.until("RNG ");
    let ring = person.until("\r\n");
    let fields: Vec<&str> = ring.split(' ').collect();
    let [session, address, _, cookie, caller, ..] = fields[..] else {
        panic!("{ring}");
    };
    assert_eq!(address.parse(), Ok(server.msnp));
    assert_eq!(caller, "service@papilio.invalid");
    let mut party = Client::connect(server.msnp);
    party.say(&format!("ANS 1 {handle} {cookie} {session}\r\n"));
    party.until("ANS 1 OK\r\n");
    party.until("MSG service@papilio.invalid Papilio ");
    party.until("BYE service@papilio.invalid")
}

#[test]
fn a_text_reaches_everybody_whatever_they_speak() {
    let house = House::new();
    let server = house.serve();
    let mut alice = server.sign_in("alice@x", 13);
    let mut bob = server.sign_in("bob@x", 15);
    bob.say("BLP 6 BL\r\n");
    bob.until("BLP 6 BL");
    bob.say("CHG 7 HDN 0\r\n");
    bob.until("CHG 7 HDN 0");
    let said = house.ok(&["broadcast", "Caf\u{e9} moves on Sunday"]);
    assert_eq!(said, "on its way to 2 sessions\n");
    for (person, handle) in [(&mut alice, "alice@x"), (&mut bob, "bob@x")] {
        let message = takes_call(&server, person, handle);
        assert!(message.contains("Content-Type: text/plain"), "{message}");
        assert!(
            message.contains("\r\n\r\nCaf\u{e9} moves on Sunday"),
            "{message}"
        );
    }
}

#[test]
fn a_message_goes_to_one_and_it_is_known_whether_it_arrived() {
    let house = House::new();
    let server = house.serve();
    let mut alice = server.sign_in("alice@x", 13);
    let mut bob = server.sign_in("bob@x", 13);
    std::thread::scope(|scope| {
        let telling = scope.spawn(|| house.ok(&["session", "message", "alice@x", "Hello"]));
        let message = takes_call(&server, &mut alice, "alice@x");
        assert!(message.contains("\r\n\r\nHello"), "{message}");
        assert_eq!(telling.join().unwrap(), "delivered\n");
    });
    bob.say("PNG\r\n");
    assert!(!bob.until("QNG ").contains("RNG"), "for one alone");
    let log = house.ok(&["audit", "--act", "sessions.message"]);
    assert!(log.contains("alice@x") && !log.contains("Hello"), "{log}");
}

#[test]
fn maintenance_is_announced_to_everybody_and_to_those_who_come_later() {
    let house = House::new();
    let server = house.serve();
    let mut alice = server.sign_in("alice@x", 13);
    house.ok(&["broadcast", "--maintenance", "7"]);
    alice.until("Content-Type: application/x-msmsgssystemmessage\r\n\r\nType: 1\r\nArg1: 7\r\n");
    let bob = server.sign_in("bob@x", 15);
    assert!(
        bob.arrival.contains("Type: 1\r\nArg1: 7\r\n"),
        "{}",
        bob.arrival
    );
    let shown = house.ask_socket("GET", "/maintenance", "");
    assert_eq!((shown.status, &shown.json["stop"]), (200, &json!(false)));
    house.ok(&["broadcast", "--cancel"]);
    assert_eq!(house.ask_socket("GET", "/maintenance", "").status, 404);
    let bob = server.sign_in("bob@x", 13);
    assert!(!bob.arrival.contains("systemmessage"), "cancelled");
}

#[test]
fn maintenance_can_end_the_server() {
    let house = House::new();
    let server = house.serve();
    let mut alice = server.sign_in("alice@x", 13);
    let mut bob = server.sign_in("bob@x", 15);
    let said = house.ok(&["broadcast", "--maintenance", "0", "--stop"]);
    assert!(said.contains("the server ends then"), "{said}");
    for person in [&mut alice, &mut bob] {
        let heard = person.until_closed();
        assert!(heard.contains("Arg1: 0"), "{heard}");
        assert!(heard.ends_with("OUT SSD\r\n"), "{heard}");
    }
    assert_eq!(server.ended(), Some(0));
    assert!(!house.path().join("admin.sock").exists());
}

#[test]
fn sessions_are_seen_and_signed_out() {
    let house = House::new();
    let server = house.serve();
    let mut alice = server.sign_in("alice@x", 13);
    let mut bob = server.sign_in("bob@x", 15);
    let listed = house.ask_socket("GET", "/sessions", "").json;
    let [first, second] = &listed["items"].as_array().unwrap()[..] else {
        panic!("{listed}");
    };
    assert_eq!(
        (
            &first["handle"],
            &first["version"],
            &first["status"],
            &first["address"]
        ),
        (
            &json!("alice@x"),
            &json!("MSNP13"),
            &json!("NLN"),
            &json!("127.0.0.1")
        )
    );
    assert_eq!(second["version"], "MSNP15");
    let table = house.ok(&["session", "list"]);
    assert!(table.starts_with("NUMBER  HANDLE   VERSION"), "{table}");
    house.ok(&["session", "sign-out", &first["number"].to_string()]);
    assert!(alice.until_closed().ends_with("OUT\r\n"));
    house.ok(&["session", "sign-out", "bob@x"]);
    assert!(bob.until_closed().ends_with("OUT\r\n"));
    server.sign_in("bob@x", 15);
}

#[test]
fn what_a_command_does_to_an_account_holds_at_once() {
    let house = House::new();
    let server = house.serve();
    for change in ["disable", "delete"] {
        let mut alice = server.sign_in("alice@x", 13);
        house.ok(&["user", change, "alice@x"]);
        assert!(alice.until_closed().ends_with("OUT\r\n"), "{change}");
        if change == "disable" {
            house.ok(&["user", "enable", "alice@x"]);
        }
    }
}
