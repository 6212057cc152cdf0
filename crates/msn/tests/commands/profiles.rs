//! `msn profile`, and what it is good for.

use std::process::{Command, Output};

use crate::house::House;

/// The client with nothing in its environment but where its configuration is.
fn bare(house: &House, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_msn"));
    for name in [
        "MSN_SERVER",
        "MSN_PORT",
        "MSN_SERVICES",
        "MSN_HANDLE",
        "MSN_PASSWORD",
    ] {
        command.env_remove(name);
    }
    let config = house.folder.path().join("deep").join("config.toml");
    command
        .args(arguments)
        .env("MSN_CONFIG", config)
        .output()
        .unwrap()
}

#[test]
fn a_profile_is_all_that_must_be_known() {
    let house = House::open();
    let config = house.folder.path().join("deep").join("config.toml");
    let mut add = house.msn(
        "alice",
        &[
            "profile",
            "add",
            "home",
            "--password-command",
            "echo papilio; echo x",
        ],
    );
    assert!(add.env("MSN_CONFIG", &config).status().unwrap().success());
    let said = |output: Output| String::from_utf8(output.stdout).unwrap();
    let listed = said(bare(&house, &["profile", "list"]));
    assert_eq!(listed, "* home  alice@example.com  127.0.0.1\n");
    let contacts = bare(&house, &["contacts"]);
    assert_eq!(contacts.status.code(), Some(0), "{contacts:?}");
    assert!(said(contacts).contains("bob@example.com"));
    // It is no secret of bob's.
    let other = bare(&house, &["contacts", "-u", "bob@example.com"]);
    assert_ne!(other.status.code(), Some(0));
    assert_eq!(
        bare(&house, &["profile", "add", "home", "-u", "a@b"])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        bare(&house, &["profile", "add", "bare"]).status.code(),
        Some(2)
    );
    assert_eq!(
        bare(&house, &["contacts", "--profile", "work"])
            .status
            .code(),
        Some(2)
    );
    assert_eq!(
        bare(&house, &["profile", "remove", "home"]).status.code(),
        Some(0)
    );
    assert_eq!(
        bare(&house, &["profile", "remove", "home"]).status.code(),
        Some(4)
    );
    assert_eq!(said(bare(&house, &["profile", "list"])), "");
    assert_eq!(bare(&house, &["contacts"]).status.code(), Some(2));
}

#[test]
fn a_picture_of_a_profile_is_fetched_by_others() {
    let house = House::open();
    let folder = house.folder.path();
    let (png, got) = (folder.join("me.png"), folder.join("got.png"));
    let data = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 5000]].concat();
    std::fs::write(&png, &data).unwrap();
    let (png, got) = (png.to_str().unwrap(), got.to_str().unwrap());
    let fetch = ["picture", "fetch", "bob@example.com", got];
    house.run("bob", &["picture", "set", png]).failed(2);
    house.run("bob", &["profile", "add", "mine"]).ok();
    house.run("bob", &["picture", "set", "/dev/null"]).failed(2);
    house.run("bob", &["picture", "set", png]).ok();
    house.run("alice", &fetch).failed(4);
    let mut bob = house.begin("bob", &["watch", "--json"]);
    bob.wait_for("signed_in");
    house.run("alice", &fetch).ok();
    assert_eq!(std::fs::read(got).unwrap(), data);
    assert!(bob.stop().success());
    house.run("bob", &["picture", "clear"]).ok();
    let mut bob = house.begin("bob", &["watch", "--json"]);
    bob.wait_for("signed_in");
    let said = house.run("alice", &fetch).failed(4);
    assert_eq!(said, "msn: bob@example.com shows no picture\n");
}

#[test]
fn there_are_completions_and_documented_exit_codes() {
    let house = House::open();
    for shell in ["bash", "zsh", "fish"] {
        let script = bare(&house, &["completions", shell]);
        assert!(script.status.success());
        assert!(
            String::from_utf8_lossy(&script.stdout).contains("contacts"),
            "{shell}"
        );
    }
    let help = bare(&house, &["--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit codes:"));
}
