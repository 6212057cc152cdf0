//! Tabs, advertisements, and being sent on.

use super::support::Client;
use super::{Server, advertised, assert_snapshot, configured, get, header, post};

const HOST: &str = "msn.example.net";

#[tokio::test]
async fn every_answer_byte_for_byte() {
    let server = Server::start().await;
    for (name, path) in [
        ("client_03_tabs", "/svcs/mms/tabs.asp"),
        ("client_04_portal", "/svcs/mms/portal.asp"),
        ("client_05_abch_config", "/svcs/mms/abch_config.asp"),
        ("client_06_text_ad", "/ads/text"),
        (
            "client_07_banner",
            "/ADSAdClient31.dll?GetAd?PG=IMSUSA?SC=HF?ID=0",
        ),
        ("client_08_today", "/today"),
    ] {
        assert_snapshot(name, &get(&server, HOST, path).await);
    }
    assert_eq!(
        get(&server, HOST, "/ads/banner").await.body,
        get(&server, HOST, "/adsadclient31.dll").await.body
    );
    let server = Server::with(configured(
        "[client]\ntext-ad = { text = 'Party <tonight> & tomorrow', address = '/today' }\n\
         banner = { picture = 'https://img.example.org/a.png?x=1&y', address = '/today' }",
    ))
    .await;
    for (name, path) in [
        ("client_09_text_ad_of_an_operator", "/ads/text"),
        ("client_10_banner_of_an_operator", "/ads/banner"),
    ] {
        assert_snapshot(name, &get(&server, HOST, path).await);
    }
}

#[tokio::test]
async fn pictures() {
    let server = Server::start().await;
    for (path, kind, start) in [
        ("/c.gif?x=y", "image/gif", &b"GIF89a"[..]),
        ("/tab.png", "image/png", b"\x89PNG"),
    ] {
        let mut client = Client::connect(server.address).await;
        client
            .send(&format!("GET {path} HTTP/1.1\r\nHost: c.msn.com\r\n\r\n"))
            .await;
        let (head, bytes) = client.answer_in_bytes().await;
        assert!(head.contains(&format!("\r\nContent-Type: {kind}\r\n")));
        assert!(bytes.starts_with(start));
        image::load_from_memory(&bytes).unwrap();
    }
}

#[tokio::test]
async fn nobody_is_sent_on_to_another_host() {
    let server = Server::with(advertised("chat.example.org")).await;
    let send = async |form: &str| {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        server
            .ask(&post("/ppsecure/sha1auth.srf?lc=1033", kind, form))
            .await
    };
    for (ru, location) in [
        (
            "http%3A%2F%2Fchat.example.org%2Ftoday",
            "http://chat.example.org/today",
        ),
        ("http%3A%2F%2Flogin.live.com%2F", "http://login.live.com/"),
        ("%2Ftoday%3Fa%3Db", "/today?a=b"),
    ] {
        for form in [
            format!("token=t%3Dx%26p%3D&ru={ru}"),
            format!("token=t%3Dx%26p%3D%26ru%3D{}", ru.replace('%', "%25")),
        ] {
            let answer = send(&form).await;
            assert_eq!(answer.status(), "302", "{form}");
            assert_eq!(header(&answer, "Location"), Some(location), "{form}");
        }
    }
    for ru in [
        "http://evil.example/",
        "http%3A%2F%2Fevil.example%2F",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%255C%255Cevil.example",
        "http%3A%2F%2Fchat.example.org%40evil.example%2F",
        "http%3A%2F%2Fchat.example.org.evil.example%2F",
        "http%3A%2F%2Fchat.example.org%0D%0AX%3A%20y",
        "javascript%3Aalert(1)",
        "http%3A%2F%2Fwww.hotmail.com%2F",
        "%00",
        "%ff%fe",
        "",
    ] {
        for form in [
            format!("token=t%3Dx&ru={ru}"),
            format!("token=t%3Dx%26ru%3D{}", ru.replace('%', "%25")),
            format!("token=t%3Dx%26ru%3D{ru}"),
            "x".repeat(100_000) + "&ru=" + ru,
        ] {
            let answer = send(&form).await;
            assert_eq!(answer.status(), "200", "{ru}");
            assert_eq!(header(&answer, "Location"), None, "{ru}");
        }
    }
    let portal = get(&server, HOST, "/svcs/mms/portal.asp").await;
    assert_eq!(
        header(&portal, "Location"),
        Some("http://chat.example.org/today")
    );
}
