//! Requests of the second sign-in service, and the answers byte for byte (examples-soap, 1).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{IpAddr, Ipv4Addr};

use msnp::handle::Handle;
use msnp::soap::envelope::Limits;
use msnp::soap::rst::{
    Fault, Grant, Holder, Lifetime, Request, RequestError, Target, TokenRequest, Wanted,
};
use msnp::soap::rst2;
use msnp::soap::time::UtcSecond;

const COMPOSED: &str = include_str!("soap/rst2_composed.xml");

fn now() -> UtcSecond {
    UtcSecond::from_unix(1_732_890_085)
}

fn read(document: &str) -> Request {
    Request::read(document.as_bytes(), &Limits::default()).unwrap()
}

/// The answer to a request, with the tickets of the example.
fn granted(request: &Request) -> String {
    let placeholder = "placeholder for an opaque blob that only the server can read: 96 bytes or more in a real answer.";
    let grants: Vec<(TokenRequest, Grant)> = request
        .tokens
        .iter()
        .map(|token| {
            let ticket = |t: &str, secret| Grant::Ticket {
                text: format!("t={t}&p="),
                secret,
            };
            let grant = match token.wanted() {
                Wanted::Cipher => Grant::Cipher {
                    cipher: placeholder.into(),
                    secret: *b" !\"#$%&'()*+,-./01234567",
                },
                Wanted::TicketWithSecret => ticket("5Wc8nYr3Hq6kV0jM2xTd", Some([0x5a; 24])),
                Wanted::Ticket => ticket("8Hj4kLw2Qz9nB6vX1sRm", None),
                Wanted::Nothing => Grant::Refused,
            };
            (token.clone(), grant)
        })
        .collect();
    let holder = Holder {
        handle: &Handle::parse("alice@example.com").unwrap(),
        name: "Alice",
        puid: 0x1_0000_0002,
        cid: 0x0a1b_2c3d_4e5f_6071,
        peer: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)),
    };
    let lifetime = Lifetime {
        created: now(),
        expires: now().plus(86_400),
    };
    rst2::answer(&holder, lifetime, &grants)
}

fn no_space_between_elements(document: &str) {
    let tree = roxmltree::Document::parse(document).unwrap();
    for node in tree.descendants().filter(roxmltree::Node::is_text) {
        assert!(!node.text().unwrap().trim().is_empty());
    }
    assert!(!document.contains('\n') && !document.contains("> <") && !document.contains("  "));
}

#[test]
fn the_composed_request() {
    let request = read(COMPOSED);
    assert_eq!(request.username, "alice@example.com");
    assert_eq!(request.password.expose(), "secret&1");
    let asked: Vec<_> = request
        .tokens
        .iter()
        .map(|token| (token.number, token.wanted(), token.target.clone()))
        .collect();
    let address = |text: &str| Target::Address(text.to_owned());
    assert_eq!(
        asked,
        [
            (0, Wanted::Cipher, address("http://Passport.NET/tb")),
            (
                1,
                Wanted::TicketWithSecret,
                address("messengerclear.live.com")
            ),
            (2, Wanted::Ticket, address("contacts.msn.com")),
        ]
    );
    let document = granted(&request);
    no_space_between_elements(&document);
    insta::assert_snapshot!("composed", document);
}

#[test]
fn a_certificate_is_refused_alone() {
    let document = COMPOSED.replace("URI=\"MBI\"", "URI=\"MBI_X509_CID\"");
    let answer = granted(&read(&document));
    no_space_between_elements(&answer);
    assert!(answer.contains(
        "<wsa:Address>contacts.msn.com</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
         <S:Fault><S:Code><S:Value>S:Sender</S:Value><S:Subcode>\
         <S:Value>wst:FailedAuthentication</S:Value></S:Subcode></S:Code>"
    ));
    assert!(answer.contains("Id=\"Compact1\""));
}

#[test]
fn a_renewal_is_told_from_what_cannot_be_read() {
    let (start, end) = ("<wsse:UsernameToken", "</wsse:UsernameToken>");
    let from = COMPOSED.find(start).unwrap();
    let to = COMPOSED.find(end).unwrap() + end.len();
    let renewal = COMPOSED.replace(&COMPOSED[from..to], "<EncryptedData/>");
    let outcome = Request::read(renewal.as_bytes(), &Limits::default());
    assert_eq!(outcome, Err(RequestError::Renewal));
}

#[test]
fn faults() {
    for (name, fault) in [
        ("failed_authentication", Fault::FailedAuthentication),
        ("invalid_request", Fault::InvalidRequest),
    ] {
        let document = rst2::fault(fault, now());
        no_space_between_elements(&document);
        insta::assert_snapshot!(name, document);
    }
}
