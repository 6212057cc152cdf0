//! A sign-in as Windows XP makes it: tickets over TLS 1.0, before and after them plain HTTP.

use openssl::ssl::SslVersion;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::process::{Server, papilio};

const RST: &str = include_str!("../../../msnp/tests/soap/rst_composed.xml");

const PORTS: [&str; 4] = ["--http", "127.0.0.1:0", "--https", "127.0.0.1:0"];

fn with_account(server: &Server) {
    let add = ["user", "add", "alice@example.org", "--password", "secret&1"];
    assert!(papilio(&server.folder, &add).status.success());
}

fn rst(document: &str) -> String {
    let length = document.len();
    format!(
        "POST /RST.srf HTTP/1.1\r\nHost: login.live.com\r\nContent-Length: {length}\r\n\r\n{document}"
    )
}

#[tokio::test]
async fn tickets_are_fetched_by_old_clients() {
    let server = Server::start(&PORTS);
    with_account(&server);
    for (version, cipher) in [
        (SslVersion::SSL3, "RC4-SHA"),
        (SslVersion::TLS1, "RC4-SHA"),
        (SslVersion::TLS1, "RC4-MD5"),
        (SslVersion::TLS1, "DES-CBC3-SHA"),
        (SslVersion::TLS1_2, "ECDHE-RSA-AES128-GCM-SHA256"),
    ] {
        let client = Client::old(version, cipher).trusting(server.root());
        let mut stream = client.connect(server.address("https")).await.unwrap();
        for document in [RST.to_owned(), RST.replace("secret", "wrong")] {
            stream.write_all(rst(&document).as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"</S:Envelope>") {
                assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
            }
            let answer = String::from_utf8(answer).unwrap();
            let has_ticket = answer.contains("<wsse:BinarySecurityToken Id=\"Compact1\">t=");
            assert_eq!(
                has_ticket,
                document == RST,
                "{version:?} {cipher}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_into_a_record_or_ten_is_taken_and_given() {
    let server = Server::start(&PORTS);
    with_account(&server);
    let client = Client::old(SslVersion::TLS1, "DES-CBC3-SHA");
    let mut stream = client.connect(server.address("https")).await.unwrap();
    let long = RST.replacen(
        "<s:Envelope",
        &format!("<!--{}--><s:Envelope", "x".repeat(300_000)),
        1,
    );
    let long = if long == RST {
        format!("{RST}<!--{}-->", "x".repeat(300_000))
    } else {
        long
    };
    stream.write_all(rst(&long).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"</S:Envelope>") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
    }
    assert!(String::from_utf8(answer).unwrap().contains("Compact1"));
}

async fn get(server: &Server, port: &str, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(server.address(port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn clients_are_led_to_tls_where_they_bring_their_ticket() {
    let server = Server::start(&PORTS);
    let https = server.address("https").port();
    let config = "/Config/MsgrConfig.asmx";
    let address_book = |answer: String| {
        let (_, rest) = answer.split_once("<AbchCfg><abchconfig><url>").unwrap();
        rest.split_once("</url>").unwrap().0.to_owned()
    };
    for (host, expected) in [
        ("chat.example.org", "https://chat.example.org".to_owned()),
        (
            "chat.example.org:8080",
            format!("https://chat.example.org:{https}"),
        ),
        // Led here by this name, it is led here by the others; and old rules hold for those.
        (
            "config.messenger.msn.com",
            "https://contacts.msn.com".to_owned(),
        ),
    ] {
        for port in ["http", "https"] {
            let answer = get(&server, port, host, config).await;
            let expected = format!("{expected}/abservice/abservice.asmx");
            assert_eq!(address_book(answer), expected, "{host}");
        }
    }
    let nexus = get(&server, "http", "nexus.passport.com", "/rdr/pprdr.asp").await;
    assert!(
        nexus.contains("DALogin=login.passport.com/login2.srf,"),
        "{nexus}"
    );
    let nexus = get(&server, "http", "localhost:8080", "/rdr/pprdr.asp").await;
    assert!(
        nexus.contains(&format!("DALogin=localhost:{https}/login2.srf,")),
        "{nexus}"
    );
}

#[tokio::test]
async fn the_root_is_handed_out() {
    let server = Server::start(&PORTS);
    let root = server.root();
    let mut stream = TcpStream::connect(server.address("http")).await.unwrap();
    let request = b"GET /Papilio-Root.crt HTTP/1.0\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(&root.to_der().unwrap()));
    let head = String::from_utf8_lossy(&answer);
    assert!(
        head.contains("Content-Type: application/x-x509-ca-cert\r\n"),
        "{head}"
    );
    let pem = get(&server, "https", "x", "/papilio-root.pem").await;
    assert!(pem.ends_with(&String::from_utf8(root.to_pem().unwrap()).unwrap()));
}
