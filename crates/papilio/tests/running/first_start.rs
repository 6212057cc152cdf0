//! What whoever starts a server for the first time is told.

use std::process::Command;

use crate::process::Server;

#[test]
fn while_nobody_has_an_account_it_is_said_how_to_go_on() {
    let server = Server::start("");
    let said = server
        .log_until("an old client finds this server")
        .join("\n");
    let folder = server.path().display().to_string();
    for part in ["papilio user add", "papilio invite create", &folder] {
        assert!(said.contains(part), "{said}");
    }
    let page = format!("http://{}/setup", server.address("http"));
    assert!(said.contains(&page), "{said}");
}

#[test]
fn who_has_accounts_is_told_nothing() {
    let add = |command: &mut Command| {
        let data = command.get_args().nth(2).unwrap().to_owned();
        let mut add = Command::new(env!("CARGO_BIN_EXE_papilio"));
        add.args(["user", "add", "alice@x", "--password", "p", "--data"]);
        assert!(add.arg(data).status().unwrap().success());
        command.args(["--msnp", "127.0.0.1:0"]);
    };
    let server = Server::start_as("[passwords]\nmemory-kib = 8\npasses = 1\n", add);
    server.signal("TERM");
    let said = server.log_until("stopping").join("\n");
    assert!(!said.contains("no account"), "{said}");
}
