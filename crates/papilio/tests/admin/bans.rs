//! Bans hold at once, at every door, until they end or are lifted.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::house::{Client, House, Server};

#[test]
fn a_banned_account_is_signed_out_and_cannot_come_back() {
    let house = House::new();
    let server = house.serve();
    let mut alice = server.sign_in("alice@x", 13);
    let mut bob = server.sign_in("bob@x", 15);
    let ticket = server.ticket("alice@x").unwrap();
    let banned = house.ok(&["ban", "add", "alice@x", "--reason", "spam", "--for", "1h"]);
    assert!(banned.starts_with("banned alice@x until "), "{banned}");
    // Nothing that clients would take for a reason to come back by themselves.
    assert!(alice.until_closed().ends_with("OUT\r\n"));
    assert_eq!(server.ticket("alice@x"), None);
    let mut again = Client::connect(server.msnp);
    again.say("VER 1 MSNP13 CVR0\r\nCVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0 msmsgs alice@x\r\n");
    again.say("USR 3 TWN I alice@x\r\n");
    again.until("USR 3 TWN S ");
    again.say(&format!("USR 4 TWN S t={ticket}&p=\r\n"));
    assert!(again.until_closed().contains("911 4"), "a ticket of before");
    bob.say("PNG\r\n");
    bob.until("QNG ");
    house.ok(&["ban", "lift", "alice@x"]);
    server.sign_in("alice@x", 13);
}

#[test]
fn nobody_comes_from_a_banned_network() {
    let house = House::new();
    let server = house.serve();
    let mut alice = server.sign_in("alice@x", 13);
    let mut stranger = Client::connect(server.msnp);
    stranger.say("VER 1 MSNP13 CVR0\r\n");
    stranger.until("VER 1 MSNP13\r\n");
    let ticket = server.ticket("alice@x").unwrap();
    assert_eq!(with_ticket(&server, &ticket), [500; 4], "asked for nothing");
    assert_eq!(gateway(&server), 200);
    house.ok(&["ban", "add", "127.0.0.0/8"]);
    assert!(alice.until_closed().ends_with("OUT\r\n"));
    stranger.until_closed();
    assert_eq!(Client::connect(server.msnp).until_closed(), "", "MSNP");
    assert_eq!(server.ticket("alice@x"), None, "the sign-in service");
    assert_eq!(gateway(&server), 503, "the gateway");
    assert_eq!(with_ticket(&server, &ticket), [403; 4], "with a ticket");
    let listed = house.ok(&["ban", "list", "--json"]);
    assert!(listed.contains("127.0.0.0/8"), "{listed}");
    // Whoever runs the service is not locked out of it.
    house.ok(&["ban", "lift", "127.0.0.0/8"]);
    server.sign_in("alice@x", 13);
    assert_eq!(gateway(&server), 200);
}

#[test]
fn a_ban_of_others_concerns_nobody_here() {
    let house = House::new();
    house.ok(&["ban", "add", "192.0.2.0/24"]);
    let server = house.serve();
    server.sign_in("alice@x", 13);
}

#[test]
fn a_server_that_starts_knows_the_bans() {
    let house = House::new();
    house.ok(&["ban", "add", "127.0.0.1"]);
    house.ok(&["ban", "add", "alice@x"]);
    let server = house.serve();
    assert_eq!(Client::connect(server.msnp).until_closed(), "");
    house.ok(&["ban", "lift", "127.0.0.1"]);
    assert_eq!(server.ticket("alice@x"), None);
    assert!(server.ticket("bob@x").is_some());
}

/// Asks each service that takes tickets for what it does not have.
fn with_ticket(server: &Server, ticket: &str) -> [u16; 4] {
    let body = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><None/></s:Body>\
                </s:Envelope>";
    let services = [
        "/abservice/abservice.asmx",
        "/storageservice/schematizedstore.asmx",
        "/oimws/oim.asmx",
        "/rsi/rsi.asmx",
    ];
    services.map(|path| {
        let cookie = format!("Cookie: MSPAuth={ticket}\r\n");
        post(server, path, &cookie, body)
    })
}

/// Opens a session of the gateway.
fn gateway(server: &Server) -> u16 {
    let open = "/gateway/gateway.dll?Action=open&Server=NS&IP=messenger.hotmail.com";
    post(server, open, "", "")
}

fn post(server: &Server, path: &str, head: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(server.http).unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer[9..12].parse().unwrap()
}
