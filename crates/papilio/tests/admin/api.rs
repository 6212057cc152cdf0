//! Each operation of the API: asked for well, and asked for badly.

use serde_json::{Value, json};

use crate::house::{Answer, House, Server};

struct Asking {
    house: House,
    server: Server,
    token: String,
}

impl Asking {
    fn new() -> Self {
        let house = House::new();
        let token = house.token("all", "all");
        let server = house.serve();
        Self {
            house,
            server,
            token,
        }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.server.ask(&self.token, method, path, &body)
    }

    #[track_caller]
    fn ok(&self, status: u16, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.ask(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.json);
        answer.json
    }

    /// The sentence that says why not.
    #[track_caller]
    fn refused(&self, status: u16, method: &str, path: &str, body: &Value) -> String {
        let answer = self.ask(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.json);
        assert!(
            answer.head.contains("application/problem+json"),
            "{}",
            answer.head
        );
        assert_eq!(answer.json["status"], status);
        answer.json["detail"].as_str().unwrap().to_owned()
    }
}

const NOTHING: Value = Value::Null;

#[test]
fn accounts_are_made_changed_and_deleted() {
    let api = Asking::new();
    let new = json!({ "handle": "Carol@X", "name": "Carol", "password": "secret" });
    let made = api.ok(201, "POST", "/accounts", &new);
    assert_eq!(
        (&made["handle"], &made["number"]),
        (&json!("carol@x"), &json!(3))
    );
    assert!(api.server.ticket("carol@x").is_some());

    let named = api.ok(
        200,
        "PUT",
        "/accounts/CAROL@x/name",
        &json!({ "name": "C" }),
    );
    assert_eq!(named["name"], "C");
    api.ok(
        200,
        "PUT",
        "/accounts/carol@x/password",
        &json!({ "password": "other" }),
    );
    assert!(api.server.ticket("carol@x").is_none());
    api.ok(
        200,
        "PUT",
        "/accounts/carol@x/password",
        &json!({ "password": "secret" }),
    );
    let disabled = api.ok(200, "POST", "/accounts/carol@x/disable", &NOTHING);
    assert_eq!(disabled["disabled"], true);
    assert!(api.server.ticket("carol@x").is_none());
    api.ok(200, "POST", "/accounts/carol@x/enable", &NOTHING);
    assert!(api.server.ticket("carol@x").is_some());
    let link = api.ok(201, "POST", "/accounts/carol@x/password-link", &NOTHING);
    assert!(link["link"].as_str().unwrap().contains("token="), "{link}");
    let shown = api.ok(200, "GET", "/accounts/carol@x", &NOTHING);
    assert_eq!(
        (&shown["puid"], &shown["lists"]["contacts"]),
        (&json!("0000000100000003"), &json!(0))
    );
    api.ok(204, "DELETE", "/accounts/carol@x", &NOTHING);
    api.refused(404, "GET", "/accounts/carol@x", &NOTHING);

    let done = |act: &str| (act.to_owned(), "carol@x".to_owned(), "done".to_owned());
    let log = api.house.audit();
    for act in [
        "accounts.create",
        "accounts.rename",
        "accounts.set-password",
        "accounts.disable",
        "accounts.enable",
        "accounts.password-link",
        "accounts.delete",
    ] {
        assert!(log.contains(&done(act)), "{act}: {log:?}");
    }
}

#[test]
fn accounts_are_listed_in_pages_and_searched() {
    let api = Asking::new();
    let first = api.ok(200, "GET", "/accounts?limit=1", &NOTHING);
    assert_eq!(first["items"][0]["handle"], "alice@x");
    let next = first["next"].as_str().unwrap();
    let second = api.ok(
        200,
        "GET",
        &format!("/accounts?limit=1&after={next}"),
        &NOTHING,
    );
    assert_eq!(second["items"][0]["handle"], "bob@x");
    let found = api.ok(200, "GET", "/accounts?search=BOB", &NOTHING);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(found["next"], NOTHING);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let api = Asking::new();
    let long = "x".repeat(65);
    for (status, method, path, body, why) in [
        (
            422,
            "POST",
            "/accounts",
            json!({ "handle": "nobody" }),
            "not a handle",
        ),
        (
            422,
            "POST",
            "/accounts",
            json!({ "handle": "c@x", "pasword": "p" }),
            "pasword",
        ),
        (
            422,
            "POST",
            "/accounts",
            json!({ "handle": "c@x", "password": long }),
            "64 characters",
        ),
        (
            422,
            "POST",
            "/accounts",
            json!({ "handle": "c@x", "name": "a\u{0}b" }),
            "control",
        ),
        (422, "POST", "/accounts", json!([]), "not as it should be"),
        (
            409,
            "POST",
            "/accounts",
            json!({ "handle": "alice@x" }),
            "exists already",
        ),
        (
            409,
            "POST",
            "/accounts",
            json!({ "handle": "service@papilio.invalid" }),
            "exists",
        ),
        (
            404,
            "POST",
            "/accounts/c@x/disable",
            NOTHING,
            "there is no account c@x",
        ),
        (422, "GET", "/accounts?limit=0", NOTHING, "from 1 to 500"),
        (422, "GET", "/accounts?limit=501", NOTHING, "from 1 to 500"),
        (422, "GET", "/accounts?after=x", NOTHING, "next"),
        (422, "GET", "/accounts?serach=x", NOTHING, "serach"),
        (405, "PATCH", "/accounts", NOTHING, "method"),
        (404, "GET", "/nothing", NOTHING, "nothing here"),
        (422, "POST", "/bans", json!({}), "either"),
        (
            422,
            "POST",
            "/bans",
            json!({ "account": "alice@x", "network": "::1" }),
            "either",
        ),
        (
            422,
            "POST",
            "/bans",
            json!({ "network": "1.2.3.0/33" }),
            "network",
        ),
        (
            422,
            "POST",
            "/bans",
            json!({ "network": "::1", "expires": "soon" }),
            "not as it should be",
        ),
        (
            422,
            "POST",
            "/bans",
            json!({ "network": "::1", "expires": "2001-01-01T00:00:00Z" }),
            "over already",
        ),
        (
            404,
            "POST",
            "/bans",
            json!({ "account": "c@x" }),
            "there is no account c@x",
        ),
        (404, "DELETE", "/bans/7", NOTHING, "there is no ban 7"),
        (422, "DELETE", "/bans/x", NOTHING, "path"),
        (
            422,
            "POST",
            "/tokens",
            json!({ "name": "A b", "scopes": ["all"] }),
            "name of a token",
        ),
        (
            422,
            "POST",
            "/tokens",
            json!({ "name": "a", "scopes": [] }),
            "at least one scope",
        ),
        (
            422,
            "POST",
            "/tokens",
            json!({ "name": "a", "scopes": ["fly"] }),
            "there is no scope",
        ),
        (
            409,
            "POST",
            "/tokens",
            json!({ "name": "all", "scopes": ["all"] }),
            "already",
        ),
        (
            404,
            "DELETE",
            "/tokens/none",
            NOTHING,
            "there is no token none",
        ),
        (
            422,
            "POST",
            "/invitations",
            json!({ "uses": 0 }),
            "at least one use",
        ),
        (
            404,
            "DELETE",
            "/invitations/9",
            NOTHING,
            "there is no invitation 9",
        ),
        (
            422,
            "PUT",
            "/operators/alice@x",
            json!({ "scopes": [] }),
            "at least one scope",
        ),
        (
            404,
            "PUT",
            "/operators/c@x",
            json!({ "scopes": ["all"] }),
            "there is no account c@x",
        ),
        (
            404,
            "DELETE",
            "/operators/alice@x",
            NOTHING,
            "alice@x is no operator",
        ),
        (404, "GET", "/sessions/1", NOTHING, "there is no session 1"),
        (
            404,
            "POST",
            "/sessions/1/message",
            json!({ "text": "hello" }),
            "there is no session 1",
        ),
        (
            422,
            "POST",
            "/broadcasts",
            json!({ "text": " " }),
            "no text",
        ),
        (
            422,
            "POST",
            "/broadcasts",
            json!({ "text": "a\u{7}" }),
            "control",
        ),
        (
            422,
            "PUT",
            "/maintenance",
            json!({ "minutes": 100_000 }),
            "1440",
        ),
        (404, "DELETE", "/maintenance", NOTHING, "no maintenance"),
    ] {
        let detail = api.refused(status, method, path, &body);
        assert!(detail.contains(why), "{method} {path} {body}: {detail}");
    }
    let accounts = api.ok(200, "GET", "/accounts", &NOTHING);
    assert_eq!(accounts["items"].as_array().unwrap().len(), 2);
    for path in ["/bans", "/invitations", "/operators"] {
        assert_eq!(
            api.ok(200, "GET", path, &NOTHING)["items"],
            json!([]),
            "{path}"
        );
    }
}

#[test]
fn a_body_is_json_of_some_size_or_nothing_is_read_of_it() {
    let api = Asking::new();
    let head = format!("Authorization: Bearer {}\r\n", api.token);
    let plain = format!("{head}Content-Type: text/plain\r\n");
    let ask = |head: &str, body: &str| api.server.ask_with(head, "POST", "/accounts", body);
    assert_eq!(ask(&plain, "{}").status, 415);
    assert_eq!(ask(&head, "{\"handle\":").status, 400);
    assert_eq!(ask(&head, "").status, 400);
    let nested = "[".repeat(10_000);
    assert_eq!(ask(&head, &nested).status, 422);
    let long = format!("{{\"handle\":\"{}\"}}", "x".repeat(2_000_000));
    assert_eq!(ask(&head, &long).status, 413);
}

#[test]
fn invitations_and_tokens_are_seen_once_and_revoked() {
    let api = Asking::new();
    let made = api.ok(
        201,
        "POST",
        "/invitations",
        &json!({ "uses": 2, "note": "for Ann" }),
    );
    assert_eq!(made["code"].as_str().unwrap().len(), 19, "{made}");
    let listed = api.ok(200, "GET", "/invitations", &NOTHING);
    assert_eq!(listed["items"][0]["open"], true);
    assert_eq!(listed["items"][0].get("code"), None);
    api.ok(
        204,
        "DELETE",
        &format!("/invitations/{}", made["number"]),
        &NOTHING,
    );
    let listed = api.ok(200, "GET", "/invitations", &NOTHING);
    assert_eq!(listed["items"][0]["revoked"], true);

    let wanted = json!({ "name": "reader", "scopes": ["accounts:read"] });
    let made = api.ok(201, "POST", "/tokens", &wanted);
    let token = made["token"].as_str().unwrap();
    assert_eq!(api.server.ask(token, "GET", "/accounts", "").status, 200);
    let listed = api.ok(200, "GET", "/tokens", &NOTHING);
    assert!(!listed.to_string().contains(token));
    api.ok(204, "DELETE", "/tokens/reader", &NOTHING);
    assert_eq!(api.server.ask(token, "GET", "/accounts", "").status, 401);
    let log = api.house.ok(&["audit", "--json"]);
    assert!(!log.contains(token), "a secret in the log");
}

#[test]
fn the_description_names_every_operation_and_needs_no_token() {
    let api = Asking::new();
    let answer = api.server.ask_with("", "GET", "/openapi.json", "");
    assert_eq!(answer.status, 200);
    let printed: Value = serde_json::from_str(&api.house.ok(&["openapi"])).unwrap();
    assert_eq!(printed, answer.json);
    let paths = printed["paths"].as_object().unwrap();
    for path in [
        "/accounts",
        "/accounts/{handle}",
        "/sessions/{number}/message",
        "/bans/{number}",
        "/invitations",
        "/tokens/{name}",
        "/broadcasts",
        "/maintenance",
        "/statistics",
        "/events",
        "/audit",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
}
