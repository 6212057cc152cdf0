//! Every page is whole, leads where it says, and lets nobody put words into it.

use std::collections::BTreeSet;

use papilio::hosts::{Client, Need, for_client};

use super::support::post;
use super::{FILES, Server, configured, get, get_as, header, html, server, with_root};

fn pages() -> Vec<String> {
    let fixed = ["/", "/setup", "/setup/", "/setup/check", "/setup/errors"];
    let mut pages: Vec<String> = fixed.map(str::to_owned).into();
    for client in Client::ALL {
        pages.push(format!("/setup/{client}"));
        pages.push(format!("/setup/{client}/check"));
    }
    pages
}

#[tokio::test]
async fn every_page_is_whole_and_every_link_leads_somewhere() {
    let server = server().await;
    let mut links = BTreeSet::new();
    for path in pages() {
        let page = get(&server, &path).await;
        assert_eq!(page.status(), "200", "{path}");
        let kind = header(&page, "Content-Type");
        assert_eq!(kind, Some("text/html; charset=utf-8"), "{path}");
        let (found, pictures) = html::addresses(&page.body);
        let is_check = path.ends_with("/check");
        for address in found.iter().chain(pictures.iter().filter(|_| !is_check)) {
            assert!(address.starts_with('/'), "{path}: {address}");
            links.insert((*address).to_owned());
        }
    }
    assert!(links.contains("/setup/wlm85/papilio.reg"), "{links:?}");
    assert!(links.contains("/account"));
    for link in links {
        let request = format!("GET {link} HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut client = server.connect().await;
        client.send(&request).await;
        let (head, _) = client.answer_in_bytes().await;
        // Who is not signed in is sent from the account to the door.
        let expected = if link == "/account" { "303" } else { "200" };
        assert_eq!(&head[9..12], expected, "{link}: {head}");
    }
}

#[tokio::test]
async fn a_certificate_is_shown_where_it_is_needed() {
    let (server, _folder) = with_root().await;
    for client in Client::ALL {
        let page = get(&server, &format!("/setup/{client}")).await.body;
        let (links, _) = html::addresses(&page);
        let is_linked = links.iter().any(|link| link.starts_with("/papilio-root."));
        let brings_nothing = [Client::Msn4, Client::Amsn, Client::Emesene];
        assert_eq!(is_linked, !brings_nothing.contains(&client), "{client}");
    }
}

#[tokio::test]
async fn a_page_says_what_its_client_needs() {
    let server = server().await;
    for client in Client::ALL {
        let page = get(&server, &format!("/setup/{client}")).await.body;
        assert!(page.contains(&format!("<h1>{}</h1>", client.title())));
        for (need, host) in for_client(client) {
            let line = format!("192.0.2.1 {} # papilio", host.name);
            assert_eq!(page.contains(&line), need != Need::Optional, "{line}");
            assert!(page.contains(&format!("<tt>{}</tt>", host.name)));
        }
        let warned = page.contains("does not speak with this client yet");
        assert_eq!(warned, !client.is_served(), "{client}");
    }
}

#[tokio::test]
async fn where_a_server_cannot_be_found_is_said() {
    let here = get(&Server::start().await, "/setup/wlm85").await.body;
    assert!(here.contains("127.0.0.1 messenger.hotmail.com # papilio"));
    assert!(here.contains("The lines below work on this very computer alone."));
    let elsewhere = Server::with(configured("advertise = '192.0.2.1:1864'")).await;
    let elsewhere = get(&elsewhere, "/setup/pidgin").await.body;
    assert!(elsewhere.contains("192.0.2.1 messenger.hotmail.com # papilio"));
    assert!(elsewhere.contains("this server has it at port 1864"));
}

#[tokio::test]
async fn what_is_not_there() {
    let server = server().await;
    for path in [
        "/setup/icq",
        "/setup/icq/check",
        "/setup/icq/hosts.txt",
        "/setup/wlm80/msnmsgr.exe",
        "/setup/pidgin/papilio.reg",
        "/setup/wlm80/..%2f..%2fpapilio.toml",
        "/setup/%3Cscript%3Ealert(1)%3C/script%3E",
        "/setup/wlm80%00",
        "/setup/%ff",
    ] {
        let page = get(&server, path).await;
        assert!(["404", "400"].contains(&page.status()), "{path}");
        assert!(!page.body.contains("<script"), "{path}");
    }
    let page = get(&server, "/setup/icq").await.body;
    html::addresses(&page);
}

#[tokio::test]
async fn nothing_that_a_request_says_of_itself_comes_back() {
    let server = Server::start().await;
    let mut paths = pages();
    for client in Client::ALL {
        paths.extend(FILES.map(|file| format!("/setup/{client}/{file}")));
    }
    for host in [
        "evil.example",
        "evil.example:80",
        "evil\"><script>alert(1)</script>",
        "evil&calc.exe",
        "evil%0d%0acalc",
        "[::1]evil",
        "evil' & del /q *",
    ] {
        for path in &paths {
            let answer = get_as(&server, host, &format!("{path}?evil")).await;
            let text = answer.head + &answer.body;
            assert!(!text.contains("evil"), "{host} {path}");
        }
    }
}

#[tokio::test]
async fn messenger_still_tests_the_connection() {
    let server = server().await;
    let answer = server.ask(&post("/", "", "")).await;
    assert_eq!((answer.status(), answer.body.as_str()), ("200", ""));
}

#[test]
fn every_client_has_a_document() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/clients");
    let list = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for client in Client::ALL {
        let text = std::fs::read_to_string(folder.join(format!("{client}.md"))).unwrap();
        assert!(list.contains(&format!("({client}.md)")), "{client}");
        let honest = client == Client::Other || text.contains("seen") || !client.is_served();
        assert!(honest, "{client}: what was seen?");
        let says = text.contains("**Not served yet**");
        assert_eq!(says, !client.is_served(), "{client}");
    }
}
