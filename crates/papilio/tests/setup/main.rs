//! The set-up kit over a real socket, and the commands that go with it (services-other, 8 to 11).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "../support/http.rs"]
mod support;

mod check;
mod commands;
mod downloads;
mod html;
mod pages;

use papilio::config::{Config, Flags};

use support::{Answer, Server};

/// What every file is asked for as.
const FILES: [&str; 4] = [
    "hosts.txt",
    "papilio.bat",
    "papilio-undo.bat",
    "papilio.reg",
];

/// A server that clients find at 192.0.2.1.
async fn server() -> Server {
    Server::with(configured("advertise = '192.0.2.1'")).await
}

/// The same with a root certificate, or what passes for one here.
async fn with_root() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("tls")).unwrap();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n",
        "bm90IGEgY2VydGlmaWNhdGUsIGJ1dCBhcyBsb25nIGFzIGEgbGluZSBvZiBQRU0g\n".repeat(3)
    );
    std::fs::write(folder.path().join("tls/root.pem"), pem).unwrap();
    let config = Config {
        data: folder.path().to_owned(),
        ..configured("advertise = '192.0.2.1'")
    };
    (Server::with(config).await, folder)
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

async fn get(server: &Server, path: &str) -> Answer {
    get_as(server, "msn.example.net", path).await
}

async fn get_as(server: &Server, host: &str, path: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    server.ask(&request).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let (_, rest) = answer.head.split_once(&format!("\r\n{name}: "))?;
    rest.split("\r\n").next()
}
