//! The check page: its pictures say who has drawn them.

use std::collections::BTreeMap;

use papilio::hosts::{Client, Need, all};

use super::{Server, get, html, server};

/// The nonce and the code of a fresh check page.
async fn opened(server: &Server) -> (String, String) {
    let page = get(server, "/setup/check").await;
    assert!(page.head.contains("\r\nCache-Control: no-store\r\n"));
    let nonce = page.between("/papilio-check.png?n=", "\"")[0].to_owned();
    (nonce, page.between("<b>OK ", "</b>")[0].to_owned())
}

/// The pixels of the picture that a server draws for a nonce.
async fn picture(server: &Server, nonce: &str) -> image::RgbImage {
    let mut client = server.connect().await;
    let path = format!("/papilio-check.png?n={nonce}");
    client
        .send(&format!(
            "GET {path} HTTP/1.1\r\nHost: login.live.com\r\n\r\n"
        ))
        .await;
    let (head, bytes) = client.answer_in_bytes().await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("\r\nContent-Type: image/png\r\n"));
    assert!(head.contains("\r\nCache-Control: no-store\r\n"));
    image::load_from_memory(&bytes).unwrap().to_rgb8()
}

#[tokio::test]
async fn a_picture_for_every_name() {
    let server = server().await;
    let page = get(&server, "/setup/check").await.body;
    let (_, pictures) = html::addresses(&page);
    let (plain, secure): (Vec<_>, Vec<_>) = pictures
        .into_iter()
        .filter(|address| address.contains("://"))
        .partition(|address| address.starts_with("http://"));
    let needed = |host: &&papilio::hosts::Host| {
        let needs = Client::ALL.iter().filter_map(|&c| host.need_of(c));
        !host.is_wildcard() && needs.min() != Some(Need::Optional)
    };
    assert_eq!(plain.len(), all().iter().filter(needed).count());
    assert!(!secure.is_empty() && secure.len() < plain.len());
    let login = "https://login.live.com/papilio-check.png?n=";
    assert!(secure.iter().any(|address| address.starts_with(login)));
    let bitlbee = get(&server, "/setup/bitlbee/check").await.body;
    assert!(bitlbee.contains("http://contacts.msn.com/") && !bitlbee.contains("rsi.hotmail.com/"));
}

/// A digit of the code looks the same in every picture, and like no other digit.
#[tokio::test]
async fn pictures_show_the_code_of_their_page() {
    let server = server().await;
    let mut shapes: BTreeMap<char, Vec<u8>> = BTreeMap::new();
    for _ in 0..40 {
        let (nonce, code) = opened(&server).await;
        let picture = picture(&server, &nonce).await;
        assert_eq!(code.len(), 4);
        for (place, digit) in code.chars().enumerate() {
            // Seven letters of twelve pixels in the middle of the picture.
            let left = (picture.width() - 7 * 12) / 2 + (3 + place as u32) * 12;
            let shape = image::imageops::crop_imm(&picture, left, 0, 12, picture.height());
            let shape = shape.to_image().into_raw();
            assert_eq!(shapes.entry(digit).or_insert_with(|| shape.clone()), &shape);
        }
    }
    let different: std::collections::BTreeSet<_> = shapes.values().collect();
    assert_eq!(different.len(), shapes.len());
}

#[tokio::test]
async fn another_server_draws_other_codes() {
    let (ours, theirs) = (server().await, server().await);
    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let (nonce, _) = opened(&ours).await;
        of_ours.push(picture(&ours, &nonce).await);
        of_theirs.push(picture(&theirs, &nonce).await);
    }
    assert_ne!(of_ours, of_theirs);
}

#[tokio::test]
async fn no_picture_without_a_nonce() {
    let server = server().await;
    for query in [
        "",
        "?",
        "?n=",
        "?n=123",
        "?n=0123456789abcdefg",
        "?n=0123456789abcdeg",
        "?n=%3Cscript%3E12345",
        "?m=0123456789abcdef",
    ] {
        let answer = get(&server, &format!("/papilio-check.png{query}")).await;
        assert_eq!(answer.status(), "404", "{query}");
    }
}
