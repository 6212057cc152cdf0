//! `msn contacts`.

use crate::house::House;

#[test]
fn contacts_are_listed_by_group_with_their_status() {
    let house = House::open();
    let mut carol = house.begin("carol", &["watch", "--json"]);
    carol.wait_for("signed_in");
    let alice = |arguments: &[&str]| {
        let arguments = [&["contacts"], arguments].concat();
        house.run("alice", &arguments).ok()
    };
    assert_eq!(
        alice(&["remove", "echo@example.com"]),
        "removed echo@example.com\n"
    );
    let list = "Contacts
  carol@example.com  online         Carol
  bob@example.com    offline        Bob
";
    assert_eq!(alice(&[]), list);
    assert_eq!(
        alice(&["group", "add", "Zo\u{eb}s"]),
        "made the group Zo\u{eb}s\n"
    );
    alice(&["group", "add", "Work"]);
    alice(&["move", "bob@example.com", "Work"]);
    assert_eq!(
        alice(&["move", "bob@example.com", "zo\u{eb}s"]),
        "moved bob@example.com\n"
    );
    alice(&["group", "rename", "Work", "Play"]);
    assert_eq!(alice(&["group", "list"]), "Play  0\nZo\u{eb}s  1\n");
    alice(&["rename", "carol@example.com", "Caro"]);
    assert_eq!(
        alice(&["block", "carol@example.com"]),
        "blocked carol@example.com\n"
    );
    let list = "Zo\u{eb}s
  bob@example.com    offline        Bob
In no group
  carol@example.com  online         Caro  (blocked)
";
    assert_eq!(alice(&[]), list);
    alice(&["allow", "carol@example.com"]);
    alice(&["rename", "carol@example.com"]);
    alice(&["group", "remove", "zo\u{eb}s"]);
    let listed = house
        .run("alice", &["contacts", "--json", "--online"])
        .json();
    let carol = serde_json::json!([{
        "handle": "carol@example.com", "name": "Carol", "status": "online", "personal_message": "",
        "groups": [], "lists": ["forward", "allow", "reverse"],
    }]);
    assert_eq!(serde_json::Value::from(listed), carol);
}

#[test]
fn whoever_is_not_there_cannot_be_changed() {
    let house = House::open();
    let alice = |arguments: &[&str]| house.run("alice", &[&["contacts"], arguments].concat());
    alice(&["add", "nobody@example.com"]).failed(4);
    alice(&["remove", "nobody@example.com"]).failed(4);
    alice(&["move", "nobody@example.com"]).failed(4);
    let said = alice(&["move", "bob@example.com", "Nowhere"]).failed(4);
    assert_eq!(said, "msn: there is no group \"Nowhere\"\n");
    alice(&["add", "bob@example.com", "--group", "Nowhere"]).failed(4);
    alice(&["--json", "group", "list"]).failed(2);
    alice(&["group", "add", "One"]).ok();
    alice(&["group", "add", "One"]).failed(2);
}

#[test]
fn whoever_was_removed_can_be_added_again() {
    let house = House::open();
    let alice = |arguments: &[&str]| {
        house
            .run("alice", &[&["contacts"], arguments].concat())
            .ok()
    };
    alice(&["group", "add", "Friends"]);
    alice(&["remove", "bob@example.com"]);
    assert!(!alice(&[]).contains("bob"));
    let add = [
        "add",
        "bob@example.com",
        "--group",
        "friends",
        "--say",
        "Hello",
    ];
    assert_eq!(alice(&add), "added bob@example.com\n");
    assert!(alice(&[]).starts_with("Friends\n  bob@example.com"));
}
