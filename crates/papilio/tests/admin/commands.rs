//! The commands of operators, with a server and without one.

use std::os::unix::fs::PermissionsExt as _;

use crate::house::House;

#[test]
fn what_is_stored_needs_no_server() {
    let house = House::new();
    house.ok(&["ban", "add", "alice@x", "--reason", "spam"]);
    house.ok(&[
        "ban",
        "add",
        "192.0.2.9/24",
        "--until",
        "2099-01-02T03:04:05Z",
    ]);
    let table = house.ok(&["ban", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(
        lines[1].contains("alice@x") && lines[1].ends_with("spam"),
        "{table}"
    );
    assert!(
        lines[2].contains("192.0.2.0/24  2099-01-02 03:04:05"),
        "{table}"
    );
    assert_eq!(
        house.ok(&["ban", "lift", "2"]),
        "192.0.2.0/24 is no longer banned\n"
    );
    assert_eq!(
        house.fails(&["ban", "lift", "2"]),
        "papilio: there is no ban 2\n"
    );
    let said = house.fails(&["ban", "add", "alice@x"]);
    assert_eq!(
        said,
        "papilio: alice@x is banned already: lift that ban first\n"
    );

    let code = house.ok(&["invite", "create", "--uses", "3", "--note", "for Ann"]);
    assert_eq!(code.trim().len(), 19, "{code}");
    let listed = house.ok(&["invite", "list"]);
    assert!(
        listed.contains("open") && listed.contains("for Ann"),
        "{listed}"
    );
    assert_eq!(
        house.ok(&["invite", "revoke", "1"]),
        "invitation 1 is revoked\n"
    );

    house.ok(&[
        "operator",
        "add",
        "bob@x",
        "--scope",
        "bans:write,audit:read",
    ]);
    let listed = house.ok(&["operator", "list"]);
    assert!(
        listed.contains("bans:read bans:write audit:read"),
        "{listed}"
    );
    assert!(
        house
            .ok(&["user", "show", "bob@x"])
            .contains("operator: bans:read")
    );
    house.ok(&["operator", "remove", "bob@x"]);

    let token = house.token("ci", "all");
    assert_eq!(token.len(), 43, "{token}");
    assert!(house.ok(&["token", "list"]).contains("ci"), "listed");
    assert_eq!(
        house.ok(&["token", "revoke", "ci"]),
        "token ci is revoked\n"
    );
    assert_eq!(
        house.ok(&["session", "sign-out", "bob@x"]),
        "bob@x is signed out\n"
    );
    let acts: Vec<_> = house.audit().into_iter().map(|(act, _, _)| act).collect();
    assert_eq!(
        acts,
        [
            "accounts.create",
            "accounts.create",
            "bans.create",
            "bans.create",
            "bans.lift",
            "bans.lift",
            "bans.create",
            "invitations.create",
            "invitations.revoke",
            "operators.put",
            "operators.remove",
            "tokens.create",
            "tokens.revoke",
            "sessions.sign-out",
        ]
    );
    let failed = house.ok(&["audit", "--act", "bans.", "--json"]);
    assert_eq!(failed.matches("\"failed\"").count(), 2, "{failed}");
    assert!(failed.contains("command line ("), "{failed}");
}

#[test]
fn what_is_live_says_plainly_that_no_server_runs() {
    let house = House::new();
    for command in [
        &["session", "list"][..],
        &["session", "message", "alice@x", "hello"],
        &["session", "sign-out", "7"],
        &["broadcast", "hello"],
        &["broadcast", "--maintenance", "5"],
        &["broadcast", "--cancel"],
    ] {
        let said = house.fails(command);
        assert_eq!(said, "papilio: no server is running here\n", "{command:?}");
    }
    // Nor when one was killed and has left its socket behind.
    let server = house.serve();
    server.kill();
    assert!(house.path().join("admin.sock").exists());
    let said = house.fails(&["session", "list"]);
    assert_eq!(said, "papilio: no server is running here\n");
    house.ok(&["user", "disable", "alice@x"]);
    let _again = house.serve();
    house.ok(&["session", "list"]);
}

#[test]
fn what_cannot_be_understood_is_told_so() {
    let house = House::new();
    for command in [
        &["ban", "add", "somewhere"][..],
        &["ban", "add", "alice@x", "--for", "ever"],
        &[
            "ban",
            "add",
            "alice@x",
            "--for",
            "1h",
            "--until",
            "2099-01-01T00:00:00Z",
        ],
        &["token", "create", "ci"],
        &["token", "create", "ci", "--scope", "fly"],
        &["broadcast", "hello", "--cancel"],
        &["broadcast", "--stop"],
    ] {
        let ran = house.run(command);
        assert_eq!(ran.code, Some(2), "{command:?}: {ran:?}");
    }
    assert_eq!(house.audit().len(), 2, "the two accounts");
}

#[test]
fn the_socket_is_for_its_owner_alone_and_needs_no_token() {
    let house = House::new();
    let _server = house.serve();
    let socket = house.path().join("admin.sock");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let made = house.ask_socket("POST", "/bans", r#"{"network":"192.0.2.1"}"#);
    assert_eq!(made.status, 201, "{}", made.json);
    let by = made.json["made_by"].as_str().unwrap();
    assert!(by.starts_with("command line ("), "{by}");
    let left: Vec<_> = std::fs::read_dir(house.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".admin"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
