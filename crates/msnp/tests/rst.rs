//! Requests for tokens as clients write them, and the answers byte for byte (services-auth, 3 to 6).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{IpAddr, Ipv4Addr};

use msnp::handle::Handle;
use msnp::soap::envelope::Limits;
use msnp::soap::rst::{
    Fault, Grant, Holder, Lifetime, Request, RequestError, Target, TokenRequest, Wanted, answer,
};
use msnp::soap::time::UtcSecond;

const COMPOSED: &str = include_str!("soap/rst_composed.xml");
const LIBPURPLE: &str = include_str!("soap/rst_libpurple_2_4_3.xml");
const MSNP15: &str = include_str!("soap/rst_msnp15.xml");
const PRETTY_PRINTED: &str = include_str!("soap/rst_pretty_printed.xml");

const LIMITS: Limits = Limits {
    bytes: 64 * 1024,
    depth: 24,
    nodes: 4096,
    attributes: 32,
    namespaces: 64,
};

fn read(document: &str) -> Request {
    Request::read(document.as_bytes(), &LIMITS).unwrap()
}

fn malformed(document: &str) {
    let outcome = Request::read(document.as_bytes(), &LIMITS);
    assert!(
        matches!(
            outcome,
            Err(RequestError::Malformed(_) | RequestError::Missing(_))
        ),
        "{outcome:?} for {document:.300}"
    );
}

/// The answer to a request, with tickets that anyone can tell apart.
fn granted(request: &Request) -> String {
    let grants: Vec<(TokenRequest, Grant)> = request
        .tokens
        .iter()
        .map(|token| {
            let ticket = |secret| Grant::Ticket {
                text: format!("t=TICKET{}&p=PROFILE", token.number),
                secret,
            };
            let grant = match token.wanted() {
                Wanted::Cipher => Grant::Cipher {
                    cipher: (0..96).collect(),
                    secret: *b" !\"#$%&'()*+,-./01234567",
                },
                Wanted::Ticket => ticket(None),
                Wanted::TicketWithSecret => ticket(Some([0x5a; 24])),
                Wanted::Nothing => Grant::Refused,
            };
            (token.clone(), grant)
        })
        .collect();
    let handle = Handle::parse("alice@example.org").unwrap();
    let holder = Holder {
        handle: &handle,
        name: "Alice & <Co>\u{1}",
        puid: 0x0003_BFFD_0000_0001,
        cid: 0x0a1b_2c3d_4e5f_6071,
        peer: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)),
    };
    let lifetime = Lifetime {
        created: UtcSecond::from_unix(1_150_718_400),
        expires: UtcSecond::from_unix(1_150_718_400 + 86_400),
    };
    answer(&holder, lifetime, &grants)
}

/// What holds for every document that we write.
fn no_space_between_elements(document: &str) {
    let tree = roxmltree::Document::parse(document).unwrap();
    for node in tree.descendants().filter(roxmltree::Node::is_text) {
        assert!(!node.text().unwrap().trim().is_empty());
    }
    assert!(!document.contains('\n') && !document.contains("> <") && !document.contains("  "));
}

fn addresses(request: &Request) -> Vec<(usize, &str)> {
    request
        .tokens
        .iter()
        .map(|token| match &token.target {
            Target::Address(text) | Target::ServiceName(text) => (token.number, text.as_str()),
        })
        .collect()
}

#[test]
fn the_composed_request() {
    let request = read(COMPOSED);
    assert_eq!(request.username, "alice@example.org");
    assert_eq!(request.password.expose(), "secret&1");
    assert_eq!(
        addresses(&request),
        [
            (0, "http://Passport.NET/tb"),
            (1, "messenger.msn.com"),
            (2, "contacts.msn.com")
        ]
    );
    assert_eq!(request.tokens[0].policy, None);
    assert_eq!(
        request.tokens[1].policy.as_deref(),
        Some("?passport=parameters&neat=huh&lc=1033&id=507")
    );
    assert_eq!(request.tokens[2].policy.as_deref(), Some("MBI"));
    let document = granted(&request);
    no_space_between_elements(&document);
    insta::assert_snapshot!("composed", document);
}

#[test]
fn libpurple_2_4_3_gets_a_passport_token_for_its_challenge() {
    let request = read(LIBPURPLE);
    let document = granted(&request);
    no_space_between_elements(&document);
    assert!(document.contains(
        "<wsse:BinarySecurityToken Id=\"PPToken1\">t=TICKET1&amp;p=PROFILE</wsse:BinarySecurityToken>"
    ));
    assert!(document.contains("Id=\"Compact2\">t=TICKET2&amp;"));
    assert!(document.contains("Id=\"Compact3\">t=TICKET3&amp;"));
    insta::assert_snapshot!("libpurple_2_4_3", document);
}

#[test]
fn a_pretty_printed_request_with_two_tokens() {
    let with_crlf = format!("{}\r\n", PRETTY_PRINTED.replace('\n', "\r\n"));
    let request = read(&with_crlf);
    assert_eq!(request.username, "Alice@Example.ORG");
    assert_eq!(
        addresses(&request),
        [(0, "http://Passport.NET/tb"), (1, "messenger.msn.com")]
    );
    let document = granted(&request);
    no_space_between_elements(&document);
    assert!(document.contains("<wsse:BinarySecurityToken Id=\"PPToken1\">t=TICKET1&amp;p=PROFILE"));
    insta::assert_snapshot!("pretty_printed", document);
}

#[test]
fn a_key_policy_comes_with_a_secret() {
    let request = read(MSNP15);
    let wanted: Vec<_> = request.tokens.iter().map(TokenRequest::wanted).collect();
    assert_eq!(
        wanted,
        [
            Wanted::Cipher,
            Wanted::TicketWithSecret,
            Wanted::Ticket,
            Wanted::Ticket,
            Wanted::Ticket
        ]
    );
    let document = granted(&request);
    no_space_between_elements(&document);
    assert_eq!(document.matches("<wst:BinarySecret>").count(), 2);
    insta::assert_snapshot!("msnp15", document);
}

#[test]
fn a_lone_request_for_one_token() {
    let start = COMPOSED.find("<ps:RequestMultipleSecurityTokens").unwrap();
    let end = COMPOSED.find("</Body>").unwrap();
    let lone = format!(
        "{}<wst:RequestSecurityToken Id=\"RST7\"><wsp:AppliesTo><wsa:EndpointReference>\
         <wsa:Address>contacts.msn.com</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
         </wst:RequestSecurityToken>{}",
        &COMPOSED[..start],
        &COMPOSED[end..]
    );
    let request = read(&lone);
    assert_eq!(addresses(&request), [(7, "contacts.msn.com")]);
    let document = granted(&request);
    assert!(document.contains("Id=\"Compact7\">t=TICKET7&amp;p=PROFILE<"));
    assert_eq!(
        document
            .matches("<wst:RequestSecurityTokenResponse>")
            .count(),
        1
    );
    let odd = read(&lone.replace("\"RST7\"", "\"x\""));
    assert_eq!(odd.tokens[0].number, 0);
}

#[test]
fn prefixes_order_and_namespaces_do_not_matter() {
    let plain = read(COMPOSED);
    let other_prefix = COMPOSED
        .replace("wsse", "a")
        .replace("wst", "b")
        .replace("wsa", "wsse");
    assert!(
        other_prefix.contains("xmlns:wsse=\"http://schemas.xmlsoap.org/ws/2004/03/addressing\"")
    );
    assert_eq!(read(&other_prefix), plain);
    let wrong_namespaces = COMPOSED
        .replace("2004/04/trust", "2005/02/trust")
        .replace("2003/06/secext", "x")
        .replace("soap/envelope", "soap-envelope");
    assert_eq!(read(&wrong_namespaces), plain);
    let (username, password) = (
        "<wsse:Username>alice@example.org</wsse:Username>",
        "<wsse:Password>secret&amp;1</wsse:Password>",
    );
    let swapped = COMPOSED
        .replace(password, "")
        .replace(username, &format!("{password}\n<!-- x -->{username}"));
    assert_eq!(read(&swapped), plain);
    let header = &COMPOSED[COMPOSED.find("<Header>").unwrap()..COMPOSED.find("<Body>").unwrap()];
    let header_last = COMPOSED
        .replace(header, "")
        .replace("</Envelope>", &format!("{header}</Envelope>"));
    assert_eq!(read(&header_last), plain);
}

#[test]
fn the_right_namespace_wins_over_a_namesake() {
    let decoy = COMPOSED.replace(
        "<wsse:Username>",
        "<x:Username xmlns:x=\"urn:x\">mallory@example.org</x:Username><wsse:Username>",
    );
    assert_eq!(read(&decoy).username, "alice@example.org");
}

#[test]
fn blanks_belong_to_a_password_and_line_breaks_to_the_layout() {
    let with = |password: &str| {
        let document = COMPOSED.replace("secret&amp;1", password);
        read(&document).password.expose().to_owned()
    };
    assert_eq!(with(" two words "), " two words ");
    assert_eq!(with("\n      secret\r\n    "), "secret");
    assert_eq!(with("<![CDATA[a<b]]>&amp;c"), "a<b&c");
    assert_eq!(with(""), "");
}

#[test]
fn the_password_stays_out_of_debug_output() {
    let request = read(COMPOSED);
    assert!(!format!("{request:?}").contains("secret"));
    let grant = Grant::Ticket {
        text: "t=abc&p=".to_owned(),
        secret: Some(*b"hide me hide me hide me."),
    };
    assert_eq!(format!("{grant:?}"), "Ticket(..)");
    for unescaped in ["sec&hunter;", "<hunter", "</hunter>", "<hunter:hunter/>"] {
        let document = COMPOSED.replace("secret&amp;1", unescaped);
        let error = Request::read(document.as_bytes(), &LIMITS).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter"), "{error}");
    }
}

#[test]
fn challenges_sent_back_are_told_from_other_policies() {
    for (policy, legacy) in [
        ("?ct=1150718400&rver=5.5&lc=1033&id=507", true),
        (
            "?lc=1033&id=507&tw=0&fs=1&ru=http:%2F%2Fm&kv=4&tpf=ab",
            true,
        ),
        ("?id=507&tw=40&fs=1&kpp=1&kv=7&ver=2.1.6000.1&rn=abc", true),
        ("?id=507", false),
        ("?id=69264", false),
        ("?fs=1&id=24000&kv=7&rn=93S9SWWw&tw=0&ver=2.1.6000.1", false),
        ("?passport=parameters&neat=huh&lc=1033&id=507", false),
        ("MBI", false),
        ("MBI_KEY_OLD", false),
        ("ct=1", false),
        ("?ct", false),
    ] {
        let escaped = policy.replace('&', "&amp;");
        let document = COMPOSED.replace("URI=\"MBI\"", &format!("URI=\"{escaped}\""));
        let answer = granted(&read(&document));
        let name = if legacy { "PPToken2" } else { "Compact2" };
        assert!(answer.contains(&format!("Id=\"{name}\"")), "{policy}");
        assert!(answer.contains(&format!("URI=\"#{name}\"")), "{policy}");
    }
}

#[test]
fn a_certificate_is_refused_alone() {
    let document = COMPOSED
        .replace(
            "<wsa:Address>contacts.msn.com</wsa:Address>",
            "<wsa:ServiceName>p2pslc.messenger.msn.com</wsa:ServiceName>",
        )
        .replace("URI=\"MBI\"", "URI=\"MBI_X509_CID\"");
    let request = read(&document);
    assert_eq!(request.tokens[2].wanted(), Wanted::Nothing);
    let answer = granted(&request);
    no_space_between_elements(&answer);
    assert!(answer.contains(
        "<wsa:ServiceName>p2pslc.messenger.msn.com</wsa:ServiceName></wsa:EndpointReference></wsp:AppliesTo>\
         <S:Fault><faultcode>wsse:FailedAuthentication</faultcode>\
         <faultstring>Profile accrual is required</faultstring></S:Fault></wst:RequestSecurityTokenResponse>"
    ));
    assert!(answer.contains("Id=\"Compact1\""));
}

#[test]
fn the_login_cipher_comes_first_wherever_it_was_asked() {
    let document = COMPOSED
        .replace("messenger.msn.com", "first")
        .replace("http://Passport.NET/tb", "messenger.msn.com")
        .replace("first", "http://Passport.NET/tb");
    let answer = granted(&read(&document));
    let at = |text: &str| answer.find(text).unwrap();
    assert!(at("<EncryptedData") < at("<wsa:Address>messenger.msn.com"));
    assert!(at("<wsa:Address>messenger.msn.com") < at("<wsa:Address>contacts.msn.com"));
}

#[test]
fn what_a_client_names_comes_back_escaped() {
    let document = COMPOSED.replace("contacts.msn.com", "a&lt;b&gt;&amp;\"c");
    let answer = granted(&read(&document));
    no_space_between_elements(&answer);
    assert!(answer.contains("<wsa:Address>a&lt;b&gt;&amp;&quot;c</wsa:Address>"));
    assert!(answer.contains("\"FirstName\">Alice &amp; &lt;Co&gt;</"));
}

#[test]
fn what_is_no_request_is_refused() {
    for document in [
        "",
        "hello",
        "<Envelope/>",
        "<a><Body/></a>",
        "<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Header/><Body/></Envelope>",
        &COMPOSED[..COMPOSED.len() - 20],
        &COMPOSED.replace("wsse:Username>", "wsse:Name>"),
        &COMPOSED.replace("wsse:Password>", "wsse:Word>"),
        &COMPOSED.replace("wsa:Address>", "wsa:Nowhere>"),
        &COMPOSED.replace("contacts.msn.com", ""),
        &COMPOSED.replace("contacts.msn.com", &"c".repeat(256)),
        &COMPOSED.replace("RequestSecurityToken ", "Nothing "),
        &format!("{COMPOSED}<again/>"),
    ] {
        malformed(document);
    }
    let latin1 = COMPOSED.replace("secret", "\u{e9}").into_bytes();
    let latin1: Vec<u8> = latin1.into_iter().filter(|byte| *byte != 0xc3).collect();
    assert!(Request::read(&latin1, &LIMITS).is_err());
}

#[test]
fn a_dtd_is_refused() {
    let dtd = "<!DOCTYPE Envelope [<!ENTITY e \"alice@example.org\">]>\n<Envelope ";
    malformed(&COMPOSED.replace("<Envelope ", dtd));
    malformed(&COMPOSED.replace("<Envelope ", "<!DOCTYPE Envelope>\n<Envelope "));
}

#[test]
fn size_depth_and_count_are_limited() {
    let nested = |depth: usize| {
        let inside = format!("{}{}", "<d>".repeat(depth), "</d>".repeat(depth));
        COMPOSED.replace("<ps:UIVersion>1<", &format!("<ps:UIVersion>{inside}<"))
    };
    assert!(Request::read(nested(16).as_bytes(), &LIMITS).is_ok());
    malformed(&nested(30));
    malformed(&nested(9_000));

    let nodes =
        |count: usize| COMPOSED.replace("<Header>", &format!("<Header>{}", "<a/>".repeat(count)));
    assert!(Request::read(nodes(1_000).as_bytes(), &LIMITS).is_ok());
    malformed(&nodes(5_000));

    let spaces =
        |count: usize| COMPOSED.replace("<Header>", &format!("<Header>{}", " ".repeat(count)));
    assert!(Request::read(spaces(60_000).as_bytes(), &LIMITS).is_ok());
    malformed(&spaces(70_000));

    let token = &COMPOSED[COMPOSED
        .find("<wst:RequestSecurityToken Id=\"RST2\"")
        .unwrap()..COMPOSED.find("</ps:RequestMultiple").unwrap()];
    let tokens = |count: usize| COMPOSED.replace(token, &token.repeat(count));
    assert_eq!(read(&tokens(40)).tokens.len(), 42);
    malformed(&tokens(65));
}

#[test]
fn a_renewal_is_told_from_nonsense() {
    let start = COMPOSED.find("<wsse:UsernameToken").unwrap();
    let end = COMPOSED.find("</wsse:Security>").unwrap();
    let cipher = "<EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/>";
    let renewal = format!("{}{cipher}{}", &COMPOSED[..start], &COMPOSED[end..]);
    assert_eq!(
        Request::read(renewal.as_bytes(), &LIMITS),
        Err(RequestError::Renewal)
    );
    let neither = format!("{}{}", &COMPOSED[..start], &COMPOSED[end..]);
    assert_eq!(
        Request::read(neither.as_bytes(), &LIMITS),
        Err(RequestError::Missing("UsernameToken"))
    );
}

#[test]
fn the_fault_of_services_auth_6() {
    let now = UtcSecond::from_unix(1_150_718_400);
    // The line of services-auth, section 6, copied.
    let expected = r#"<?xml version="1.0" encoding="utf-8" ?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wsse="http://schemas.xmlsoap.org/ws/2003/06/secext" xmlns:psf="http://schemas.microsoft.com/Passport/SoapServices/SOAPFault"><S:Header><psf:pp xmlns:psf="http://schemas.microsoft.com/Passport/SoapServices/SOAPFault"><psf:serverVersion>1</psf:serverVersion><psf:authstate>0x80048800</psf:authstate><psf:reqstatus>0x80048823</psf:reqstatus><psf:serverInfo Path="Live1" RollingUpgradeState="ExclusiveNew" LocVersion="0" ServerTime="2006-06-19T12:00:00Z">SRV1</psf:serverInfo><psf:cookies/><psf:response/></psf:pp></S:Header><S:Fault><faultcode>wsse:FailedAuthentication</faultcode><faultstring>Authentication Failure</faultstring></S:Fault></S:Envelope>"#;
    assert_eq!(Fault::FailedAuthentication.write(now), expected);
    let invalid = Fault::InvalidRequest.write(now);
    assert!(invalid.ends_with(
        "</S:Header><S:Fault><faultcode>S:Client</faultcode><faultstring>Invalid Request</faultstring></S:Fault></S:Envelope>"
    ));
}
