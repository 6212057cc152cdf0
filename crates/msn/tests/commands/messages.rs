//! `msn send`, `msn watch` and `msn oim`.

use crate::house::House;

#[test]
fn what_is_sent_arrives_or_is_left() {
    let house = House::open();
    let mut bob = house.begin("bob", &["watch", "--json"]);
    bob.wait_for("signed_in");
    let sent = house.run(
        "alice",
        &["send", "bob@example.com", "Hello & <bye> \u{1f98b}"],
    );
    assert_eq!(sent.ok(), "delivered to bob@example.com\n");
    let told = bob.wait_for("message");
    assert_eq!(told["text"], "Hello & <bye> \u{1f98b}");
    assert_eq!(
        (&told["from"], &told["name"]),
        (&"alice@example.com".into(), &"Alice".into())
    );
    assert_eq!(bob.wait_for("left")["chat"], told["chat"]);
    house
        .run("alice", &["send", "bob@example.com", "--nudge"])
        .ok();
    assert_eq!(bob.wait_for("nudge")["from"], "alice@example.com");

    // More than fits into one message.
    let long = "word ".repeat(500);
    house
        .run_with(&long, "alice", &["send", "bob@example.com"])
        .ok();
    let pieces = [bob.wait_for("message"), bob.wait_for("message")];
    let said = pieces.map(|told| told["text"].as_str().unwrap().to_owned());
    assert_eq!(said.join(" "), long.trim_end());
    assert!(bob.stop().success());

    let sent = house.run("alice", &["send", "bob@example.com", "Hello", "--json"]);
    assert_eq!(
        sent.ok(),
        "{\"to\":\"bob@example.com\",\"delivered\":\"offline\"}\n"
    );
}

#[test]
fn whoever_must_be_there_and_is_not_is_said_to_be() {
    let house = House::open();
    let said = house.run("alice", &["send", "--online", "bob@example.com", "x"]);
    let why = "msn: bob@example.com was not told: cannot be called just now\n";
    assert_eq!(said.failed(4), why);
    let said = house
        .run("alice", &["send", "nobody@example.com", "x"])
        .failed(4);
    assert!(said.contains("there is no such account"), "{said}");
    house
        .run("alice", &["send", "bob@example.com", " \n"])
        .failed(2);
    house.run("alice", &["send", "bob", "x"]).failed(2);
    let mut wrong = house.msn("alice", &["send", "bob@example.com", "x"]);
    let wrong = wrong.env("MSN_PASSWORD", "wrong").output().unwrap();
    assert_eq!(wrong.status.code(), Some(3));
    assert!(!String::from_utf8_lossy(&wrong.stderr).contains("msn: wrong"));
}

#[test]
fn the_demo_has_an_echo_bot() {
    let house = House::open();
    let mut alice = house.begin("alice", &["watch", "--json"]);
    // It may not have been there before.
    let there = alice.wait_for("presence");
    assert_eq!(
        (&there["name"], &there["status"]),
        (&"Echo".into(), &"online".into())
    );
    assert_eq!(
        alice.wait_for("personal_message")["text"],
        "I say everything again"
    );
    let ask = [
        "send",
        "echo@example.com",
        "Is anybody there?",
        "--reply",
        "30s",
    ];
    for name in ["bob", "carol"] {
        assert_eq!(house.run(name, &ask).ok(), "Is anybody there?\n");
    }
}

#[test]
fn offline_messages_are_left_listed_read_and_deleted() {
    let house = House::open();
    for text in ["first", "second\nline"] {
        house
            .run("alice", &["oim", "send", "bob@example.com", text])
            .ok();
    }
    // Nothing but `oim delete` takes them away.
    house.run("bob", &["contacts"]).ok();
    let listed = house.run("bob", &["oim", "list", "--json"]).json();
    let numbers: Vec<_> = listed.iter().map(|one| one["number"].as_u64()).collect();
    assert_eq!(numbers, [Some(1), Some(2)]);
    assert_eq!(listed[0]["from"], "alice@example.com");
    let read = house.run("bob", &["oim", "read", "2", "--json"]).json();
    assert_eq!((read.len(), &read[0]["text"]), (1, &"second\nline".into()));
    let lines = house.run("bob", &["oim", "read"]).ok();
    let texts: Vec<_> = lines
        .lines()
        .filter(|line| line.starts_with("   "))
        .collect();
    assert_eq!(texts, ["   first", "   second", "   line"]);
    house.run("bob", &["oim", "read", "3"]).failed(4);
    house.run("bob", &["oim", "delete"]).failed(2);
    assert_eq!(
        house.run("bob", &["oim", "delete", "1"]).ok(),
        "deleted 1\n"
    );
    house.run("bob", &["oim", "read", "--delete"]).ok();
    assert_eq!(house.run("bob", &["oim", "list"]).ok(), "");
}

#[test]
fn watching_ends_by_itself_and_when_the_account_signs_in_elsewhere() {
    let house = House::open();
    house.run("alice", &["watch", "--for", "10ms"]).ok();
    let mut alice = house.begin("alice", &["watch", "--json"]);
    alice.wait_for("signed_in");
    house.run("alice", &["contacts"]).ok();
    assert_eq!(
        alice.wait_for("disconnected")["reason"],
        "signed in elsewhere"
    );
    assert_eq!(alice.wait().code(), Some(5));
}
