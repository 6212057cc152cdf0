//! `papilio cert` and `papilio check`, as processes.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use openssl::hash::MessageDigest;
use openssl::pkcs7::Pkcs7;
use openssl::x509::X509;
use papilio::tls::Authority;
use papilio::tls::probe::Offer;
use serde_json::Value;

use crate::client::Client;
use crate::process::{Server, folder, papilio};

#[track_caller]
fn said(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_certificate_authority_is_made_shown_and_exported() {
    let folder = folder();
    let early = papilio(&folder, &["cert", "export"]);
    assert_eq!(early.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&early.stderr).contains("`papilio cert init` makes one"));

    let made = said(&papilio(&folder, &["cert", "init"]));
    assert!(
        made.starts_with("Papilio root ") && made.contains(": made\n"),
        "{made}"
    );
    let again = said(&papilio(&folder, &["cert", "init"]));
    assert!(again.contains(": there already\n"), "{again}");

    let pem = std::fs::read(folder.path().join("tls/root.pem")).unwrap();
    let root = X509::from_pem(&pem).unwrap();
    for name in ["tls/root.key", "tls/server.key"] {
        let file = std::fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }

    let shown = said(&papilio(&folder, &["cert", "show"]));
    let digest = root.digest(MessageDigest::sha1()).unwrap();
    let digest: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    assert!(shown.contains(&digest.join(":")), "{shown}");
    for name in [
        "login.live.com",
        "*.omega.contacts.msn.com",
        "chat.example.org",
        "localhost",
    ] {
        assert!(
            shown.contains(&format!("\n  {name}\n")),
            "{name} in {shown}"
        );
    }
    assert!(!shown.contains("PRIVATE"));

    assert_eq!(papilio(&folder, &["cert", "export"]).stdout, pem);
    let file = |name: &str| folder.path().join(name).display().to_string();
    for (name, format) in [("a.crt", None), ("b", Some("der")), ("c.p7b", None)] {
        let file = file(name);
        let mut line = vec!["cert", "export", &file];
        line.extend(format.iter().flat_map(|format| ["--format", format]));
        said(&papilio(&folder, &line));
        let written = std::fs::read(&file).unwrap();
        if name == "c.p7b" {
            assert!(Pkcs7::from_der(&written).is_ok());
        } else {
            assert_eq!(written, root.to_der().unwrap());
        }
        assert!(!String::from_utf8_lossy(&written).contains("PRIVATE"));
    }

    let before = std::fs::read(folder.path().join("tls/server.pem")).unwrap();
    said(&papilio(&folder, &["cert", "init", "--renew"]));
    let after = std::fs::read(folder.path().join("tls/server.pem")).unwrap();
    let leaf = X509::from_pem(&after).unwrap();
    assert!(before != after && leaf.verify(&root.public_key().unwrap()).unwrap());
}

const PORTS: [&str; 6] = [
    "--msnp",
    "127.0.0.1:0",
    "--http",
    "127.0.0.1:0",
    "--https",
    "127.0.0.1:0",
];

fn check(server: &Server, more: &[&str]) -> Output {
    let addresses = ["msnp", "http", "https"].map(|name| server.address(name).to_string());
    let [msnp, http, https] = addresses.each_ref().map(String::as_str);
    let mut line = vec!["check", "--msnp", msnp, "--http", http, "--https", https];
    line.extend(more);
    papilio(&server.folder, &line)
}

#[test]
fn a_server_that_runs_is_found_well() {
    let server = Server::start(&PORTS);
    let add = ["user", "add", "alice@example.org", "--password", "secret"];
    said(&papilio(&server.folder, &add));
    // A name that is resolved without asking anybody.
    let told = said(&check(&server, &["--advertise", "localhost"]));
    assert!(!told.contains("FAILED"), "{told}");
    for line in [
        "ok       configuration ",
        "ok       database ",
        "ok       msnp ",
        "ok       http ",
        "ok       https ",
        "ok       SSLv2 hello   TLS 1.0, RC4-SHA, certificate signed with SHA-1",
        "ok       SSLv3         SSLv3, RC4-SHA, certificate signed with SHA-1",
        "ok       TLS 1.0       TLS 1.0, RC4-SHA, certificate signed with SHA-1",
        "ok       TLS 1.0       TLS 1.0, DES-CBC3-SHA, certificate signed with SHA-1",
        "ok       TLS 1.2       TLS 1.2, ECDHE-RSA-AES128-GCM-SHA256, certificate signed with SHA-256",
        "ok       TLS 1.3       TLS 1.3, TLS_AES_128_GCM_SHA256",
        "ok       modern names  localhost: TLS 1.3, and nothing before TLS 1.2",
        "ok       sign-in ",
        "ok       root ",
        "ok       clock ",
        "ok       certificate ",
        "ok       advertised    localhost leads to this machine",
        "warning  usual ports   old clients know no others: msnp is on ",
    ] {
        assert!(told.contains(line), "{line:?} in {told}");
    }
    let json = said(&check(&server, &["--advertise", "localhost", "--json"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["failed"], 0);
    assert_eq!(json["checks"][0]["status"], "ok");
    assert_eq!(json["checks"][0]["what"], "configuration");
}

#[test]
fn what_is_wrong_is_said_and_fails() {
    let folder = folder();
    std::fs::write(
        folder.path().join("papilio.db"),
        "this is no database at all",
    )
    .unwrap();
    // Ports that nobody listens on: they were just given back.
    let free = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let (msnp, https) = (free(), free());
    let line = [
        "check",
        "--msnp",
        &msnp,
        "--https",
        &https,
        "--advertise",
        "localhost",
    ];
    let output = papilio(&folder, &line);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    for line in [
        "FAILED   database ",
        "FAILED   msnp ",
        "FAILED   https ",
        "warning  root ",
    ] {
        assert!(told.contains(line), "{line:?} in {told}");
    }
    assert!(told.contains("-> start `papilio serve`"), "{told}");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "papilio: 3 checks failed\n"
    );
}

#[test]
fn a_failed_handshake_is_one_line_with_what_the_client_offered() {
    let server = Server::start(&PORTS);
    for (offer, expected) in [
        (
            Offer::of(0x0301, 0x0009),
            "name=\"none\" offered=\"up to TLS 1.0\" ciphers=\"DES-CBC-SHA\"",
        ),
        (
            Offer::of(0x0300, 0x0005).to("chat.example.org"),
            "name=\"chat.example.org\" offered=\"up to SSLv3\" ciphers=\"RC4-SHA\"",
        ),
    ] {
        let mut stream = TcpStream::connect(server.address("https")).unwrap();
        stream.write_all(&offer.bytes([7; 32])).unwrap();
        let line = server.logged(expected);
        assert!(line.contains("TLS handshake failed"), "{line}");
    }
}

#[test]
fn everything_opens_unless_something_is_named() {
    let server = Server::start(&["--https", "127.0.0.1:0"]);
    assert!(
        server.ready.starts_with("papilio ready https=127.0.0.1:"),
        "{}",
        server.ready
    );
    assert!(!server.ready.contains("msnp") && !server.ready.contains("http="));
}

#[tokio::test]
async fn sighup_takes_in_a_certificate_of_the_operators_own() {
    let server = Server::start(&PORTS);
    let now = jiff::Timestamp::now();
    let brought = Authority::make(now).unwrap();
    let leaf = brought.sign(&["chat.example.org".to_owned()], now).unwrap();
    let file = |name: &str, content: &[u8]| {
        std::fs::write(server.folder.path().join(name), content).unwrap();
    };
    file("own.pem", &leaf.sha256.to_pem().unwrap());
    file("own.key", &leaf.key.private_key_to_pem_pkcs8().unwrap());
    let written = std::fs::read(server.folder.path().join("papilio.toml")).unwrap();
    let more = b"[tls]\ncertificate = 'own.pem'\nkey = 'own.key'\n";
    file("papilio.toml", &[&written, &more[..]].concat());
    server.hang_up();
    server.logged("certificates read again");
    let client = Client::modern("chat.example.org").trusting(brought.root.clone());
    client.connect(server.address("https")).await.unwrap();
    let client = Client::modern("login.live.com").trusting(server.root());
    client.connect(server.address("https")).await.unwrap();
}
