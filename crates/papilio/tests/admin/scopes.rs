//! Nobody does what their token does not let them, and every attempt is written down.

use crate::house::House;

/// What needs which scope.
const OPERATIONS: [(&str, &str, &str, &str); 26] = [
    ("accounts:read", "GET", "/accounts", ""),
    ("accounts:read", "GET", "/accounts/bob@x", ""),
    ("accounts:write", "POST", "/accounts", r#"{"handle":"d@x"}"#),
    (
        "accounts:write",
        "PUT",
        "/accounts/bob@x/name",
        r#"{"name":"B"}"#,
    ),
    (
        "accounts:write",
        "PUT",
        "/accounts/bob@x/password",
        r#"{"password":"secret"}"#,
    ),
    (
        "accounts:write",
        "POST",
        "/accounts/bob@x/password-link",
        "",
    ),
    ("accounts:write", "POST", "/accounts/bob@x/disable", ""),
    ("accounts:write", "POST", "/accounts/bob@x/enable", ""),
    ("sessions:write", "POST", "/accounts/bob@x/sign-out", ""),
    ("accounts:write", "DELETE", "/accounts/d@x", ""),
    ("operators", "GET", "/operators", ""),
    (
        "operators",
        "PUT",
        "/operators/bob@x",
        r#"{"scopes":["operators"]}"#,
    ),
    ("operators", "DELETE", "/operators/bob@x", ""),
    ("sessions:read", "GET", "/sessions", ""),
    ("bans:read", "GET", "/bans", ""),
    ("bans:write", "POST", "/bans", r#"{"network":"192.0.2.1"}"#),
    ("bans:read", "GET", "/bans/1", ""),
    ("bans:write", "DELETE", "/bans/1", ""),
    ("invitations", "GET", "/invitations", ""),
    ("invitations", "POST", "/invitations", "{}"),
    ("tokens", "GET", "/tokens", ""),
    ("broadcast", "POST", "/broadcasts", r#"{"text":"hello"}"#),
    ("broadcast", "PUT", "/maintenance", r#"{"minutes":60}"#),
    ("broadcast", "DELETE", "/maintenance", ""),
    ("statistics:read", "GET", "/statistics", ""),
    ("audit:read", "GET", "/audit", ""),
];

#[test]
fn an_operation_needs_its_scope_and_no_other() {
    let house = House::with("[admin]\nrate = { burst = 0, per-second = 0 }\n");
    let scopes = [
        "accounts:read",
        "accounts:write",
        "sessions:read",
        "sessions:write",
        "bans:read",
        "bans:write",
        "invitations",
        "broadcast",
        "audit:read",
        "statistics:read",
        "tokens",
        "operators",
    ];
    let tokens = scopes.map(|scope| (scope, house.token(&scope.replace(':', "-"), scope)));
    let server = house.serve();
    for (needed, method, path, body) in OPERATIONS {
        let mut refused = 0;
        let before = house.audit().len();
        for (scope, token) in &tokens {
            let enough = *scope == needed || *scope == needed.replace(":read", ":write");
            if enough {
                continue;
            }
            let answer = server.ask(token, method, path, body);
            assert_eq!(
                answer.status, 403,
                "{scope} {method} {path}: {}",
                answer.json
            );
            assert!(answer.json["detail"].as_str().unwrap().contains(needed));
            refused += 1;
        }
        let log = house.audit();
        assert_eq!(log.len(), before + refused, "{method} {path}");
        assert!(
            log[before..]
                .iter()
                .all(|(_, _, outcome)| outcome == "refused")
        );
        let (_, token) = tokens.iter().find(|(scope, _)| *scope == needed).unwrap();
        let answer = server.ask(token, method, path, body);
        assert!(
            answer.status < 300,
            "{needed} {method} {path}: {}",
            answer.json
        );
    }
}

#[test]
fn only_who_shows_a_good_token_is_listened_to() {
    let house = House::new();
    let token = house.token("all", "all");
    let server = house.serve();
    let status = |head: &str| server.ask_with(head, "GET", "/accounts", "").status;
    assert_eq!(status(&format!("Authorization: Bearer {token}\r\n")), 200);
    assert_eq!(status(&format!("authorization: bearer {token}\r\n")), 200);
    let almost = format!("{}A", &token[..token.len() - 1]);
    for head in [
        String::new(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: Basic {token}\r\n"),
        format!("Authorization: Bearer {almost}B\r\n"),
        format!("Authorization: {token}\r\n"),
    ] {
        assert_eq!(status(&head), 401, "{head}");
    }
}

#[test]
fn who_guesses_tokens_has_to_wait() {
    let house = House::new();
    let token = house.token("all", "all");
    let server = house.serve();
    let guess = format!("Authorization: Bearer {}\r\n", "A".repeat(43));
    let mut answers = (0..40).map(|_| server.ask_with(&guess, "GET", "/accounts", "").status);
    assert_eq!(answers.next(), Some(401));
    assert!(answers.any(|status| status == 429), "never told to wait");
    // Nobody else has to.
    assert_eq!(server.ask(&token, "GET", "/accounts", "").status, 200);
}

#[test]
fn who_asks_too_often_has_to_wait() {
    let house = House::with("[admin]\nrate = { burst = 5, per-second = 1 }\n");
    let token = house.token("all", "all");
    let server = house.serve();
    let answers = (0..40).map(|_| server.ask(&token, "GET", "/bans", "").status);
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers[..5], [200; 5]);
    assert!(answers.contains(&429), "never told to wait");
}

#[test]
fn an_api_that_is_off_is_there_for_the_socket_alone() {
    let house = House::with("[admin]\napi = false\n");
    let token = house.token("all", "all");
    let server = house.serve();
    assert_eq!(server.ask(&token, "GET", "/accounts", "").status, 403);
    assert_eq!(house.ask_socket("GET", "/accounts", "").status, 200);
}
