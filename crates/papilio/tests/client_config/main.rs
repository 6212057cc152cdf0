//! Messenger's configuration and what else clients ask for beside the services, over a real socket
//! (services-other, 1, 2, 6, 7 and 8; services-auth, 11).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "../support/http.rs"]
mod support;

mod companions;
mod document;
mod hosts;

use papilio::config::{Advertised, Config, Flags};

use support::{Answer, Server, post};

async fn get(server: &Server, host: &str, path: &str) -> Answer {
    server
        .ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
        .await
}

/// The configuration of an operator who has written this into the file.
fn configured(text: &str) -> Config {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("papilio.toml"), text).unwrap();
    Config::load(&Flags {
        data: Some(folder.path().to_owned()),
        ..Flags::default()
    })
    .unwrap()
}

fn advertised(host: &str) -> Config {
    let advertise: Option<Advertised> = host.parse().ok();
    assert!(advertise.is_some());
    Config {
        advertise,
        ..Config::default()
    }
}

/// The hosts of every address in a document.
fn hosts_in(document: &str) -> std::collections::BTreeSet<&str> {
    document
        .split("http")
        .skip(1)
        .filter_map(|rest| rest.trim_start_matches('s').strip_prefix("://"))
        .map(|rest| rest.split(['/', '<', '"', '?']).next().unwrap())
        .collect()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let (_, rest) = answer.head.split_once(&format!("\r\n{name}: "))?;
    rest.split("\r\n").next()
}

/// Holds an answer against `tests/soap/NAME.snap`, head and body, the date left out.
fn assert_snapshot(name: &str, answer: &Answer) {
    let lines = answer.head.split("\r\n");
    let lines = lines.filter(|line| !line.starts_with("Date: "));
    let text = lines.collect::<Vec<_>>().join("\n") + &answer.body;
    insta::with_settings!({ snapshot_path => "../soap", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}
