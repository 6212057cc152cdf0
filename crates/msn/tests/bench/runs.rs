//! Every scenario, small; and what is told when it does not go well.

use serde_json::Value;

use crate::house::{House, msn};

/// What is told of a metric under load.
fn load<'a>(figures: &'a Value, metric: &str) -> &'a Value {
    of(figures, "load", metric)
}

fn of<'a>(figures: &'a Value, phase: &str, metric: &str) -> &'a Value {
    let rows = figures["figures"].as_array().unwrap();
    let found = rows
        .iter()
        .find(|row| row["phase"] == phase && row["metric"] == metric);
    found.unwrap_or_else(|| panic!("no {metric} in {figures:#}"))
}

/// Everything that was due was done, and took some time.
fn complete(row: &Value, least: u64) {
    assert!(row["due"].as_u64().unwrap() >= least, "{row:#}");
    assert_eq!(row["due"], row["done"], "{row:#}");
    assert_eq!((&row["failed"], &row["unanswered"]), (&0.into(), &0.into()));
    assert!(row["ms"]["p50"].as_f64().unwrap() > 0.0, "{row:#}");
    let (p99, max) = (&row["ms"]["p99"], &row["ms"]["max"]);
    assert!(p99.as_f64().unwrap() <= max.as_f64().unwrap());
}

fn no_errors(figures: &Value) {
    assert_eq!(figures["errors"], serde_json::json!({}), "{figures:#}");
}

/// The page that describes the figures knows them all.
fn every_word_is_in(figures: &Value, page: &str) {
    match figures {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "errors" {
                    continue;
                }
                assert!(
                    page.contains(&format!("`{name}`")),
                    "{name} is undocumented"
                );
                every_word_is_in(value, page);
            }
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| every_word_is_in(value, page)),
        _ => {}
    }
}

const QUICK: [&str; 6] = ["--count", "20", "--sign-in-rate", "200", "--seconds", "1"];

fn quick<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&QUICK, more].concat()
}

#[test]
fn a_sign_in_storm_signs_everybody_in() {
    let house = House::with_accounts(20);
    let (output, figures) = house.bench("sign-in", &["--count", "20", "--rate", "100"]);
    assert!(output.status.success(), "{output:?}");
    for metric in ["sign-in", "ticket", "address-book", "memberships"] {
        complete(load(&figures, metric), 20);
    }
    no_errors(&figures);
    assert_eq!(figures["most_signed_in"], 20);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains("Sign-in storm: 20 accounts, 20 signed in at most"),
        "{printed}"
    );
}

#[test]
fn an_idle_herd_pings_and_an_old_version_can_be_asked_for() {
    let house = House::with_accounts(20);
    let (_, figures) = house.bench("idle", &quick(&["--rate", "100", "--msnp", "13"]));
    complete(load(&figures, "ping"), 100);
    complete(of(&figures, "preparation", "sign-in"), 20);
    no_errors(&figures);
}

#[test]
fn a_presence_storm_is_seen_by_contacts() {
    let house = House::with_accounts(20);
    let (_, figures) = house.bench("presence", &quick(&["--rate", "50"]));
    complete(load(&figures, "status"), 50);
    // Each has four contacts, and all are there.
    assert_eq!(load(&figures, "seen")["done"], 200);
    no_errors(&figures);
}

#[test]
fn chat_pairs_hear_every_message() {
    let house = House::with_accounts(21);
    let more = ["--count", "21", "--sign-in-rate", "200", "--seconds", "1"];
    let (_, figures) = house.bench("chat", &[&more[..], &["--rate", "200"]].concat());
    complete(of(&figures, "preparation", "chat-opened"), 10);
    complete(load(&figures, "acknowledged"), 200);
    assert_eq!(load(&figures, "delivered")["done"], 200);
    assert_eq!(figures["most_in_chats"], 20);
    no_errors(&figures);
}

#[test]
fn address_books_are_read_without_signing_in() {
    let house = House::with_accounts(20);
    let (_, figures) = house.bench("address-book", &quick(&["--rate", "50"]));
    complete(of(&figures, "preparation", "ticket"), 20);
    for metric in ["address-book", "memberships"] {
        complete(load(&figures, metric), 50);
    }
    assert_eq!(figures["most_signed_in"], 0);
    no_errors(&figures);
}

#[test]
fn a_mixed_day_has_a_bit_of_everything_and_a_page() {
    let house = House::with_accounts(20);
    let pid = std::process::id().to_string();
    let more = [
        "--rate",
        "300",
        "--report",
        "out.html",
        "--server-pid",
        &pid,
    ];
    let (output, figures) = house.bench("mixed", &quick(&more));
    assert!(output.status.success(), "{output:?}");
    for metric in ["acknowledged", "delivered", "ping", "status", "sign-out"] {
        assert!(load(&figures, metric)["done"].as_u64().unwrap() > 0);
    }
    let server = &figures["server_process"];
    assert!(server["most_kib"].as_u64().unwrap() > 0, "{server:#}");
    let page = std::fs::read_to_string(house.folder.path().join("out.html")).unwrap();
    assert!(page.matches("<svg").count() >= 5, "plots are missing");
    assert!(page.contains("Mixed day") && page.contains("p99.9"));
    every_word_is_in(&figures, include_str!("../../../../docs/bench.md"));
    for fetched in ["<script", "<link", "<img", "@import", "src="] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    assert!(!page.contains("secret"));
}

#[test]
fn several_processes_and_addresses_add_up() {
    let house = House::with_accounts(20);
    let more = ["--rate", "100", "--processes", "3"];
    let sources = ["--source", "127.0.0.2,127.0.0.3"];
    let (output, figures) = house.bench("idle", &quick(&[&more[..], &sources].concat()));
    assert!(output.status.success(), "{output:?}");
    complete(of(&figures, "preparation", "sign-in"), 20);
    complete(load(&figures, "ping"), 100);
    assert_eq!(figures["most_signed_in"], 20);
    no_errors(&figures);
}

#[test]
fn a_wrong_password_is_an_error_by_its_kind() {
    let house = House::with_accounts(6);
    std::fs::write(house.folder.path().join("password"), "wrong").unwrap();
    let more = ["--count", "6", "--sign-in-rate", "200", "--seconds", "1"];
    let (output, figures) = house.bench("presence", &more);
    let errors = serde_json::json!({ "sign-in: wrong handle or password": 6 });
    assert_eq!(figures["errors"], errors, "{figures:#}");
    let sign_in = of(&figures, "preparation", "sign-in");
    assert_eq!(
        (&sign_in["done"], &sign_in["failed"]),
        (&0.into(), &6.into())
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("there was none"), "{printed}");
    assert!(!output.status.success());
}

#[test]
fn a_server_that_goes_away_half_way_is_seen() {
    let house = House::with_accounts(20);
    // Everybody's first status, and half of the load.
    let door = house.door(20 + 50);
    let more = quick(&["--rate", "100", "--patience", "1"]);
    let (output, figures) = house.bench_at(door.port, "presence", &more);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(figures["errors"]["session: the connection is lost"], 20);
    let status = load(&figures, "status");
    let number = |name: &str| status[name].as_u64().unwrap();
    assert_eq!(number("due"), 100);
    assert!((1..=50).contains(&number("done")), "{status:#}");
    assert_eq!(number("done") + number("failed"), 100, "{status:#}");
    let kinds = figures["errors"].as_object().unwrap();
    assert!(kinds.contains_key("status: not signed in"), "{kinds:?}");
}

#[test]
fn whoever_has_enough_gets_the_figures_until_then() {
    let house = House::with_accounts(20);
    let more = ["--count", "20", "--sign-in-rate", "200", "--rate", "50"];
    let longer = ["--seconds", "600", "--processes", "2"];
    let more = [&more[..], &longer, &["--report", "out.html"]].concat();
    // Everybody's first status, and two seconds of the load.
    let (output, figures) = house.bench_until(20 + 100, "presence", &more);
    assert!(output.status.success(), "{output:?}");
    complete(of(&figures, "preparation", "sign-in"), 20);
    let status = load(&figures, "status");
    let done = status["done"].as_u64().unwrap();
    assert!((50..=1000).contains(&done), "{status:#}");
    assert_eq!(figures["most_signed_in"], 20);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("stopped before its time"), "{printed}");
    assert!(house.folder.path().join("out.html").exists());
}

#[test]
fn nobody_there_is_an_error_by_its_kind() {
    let house = House::with_accounts(2);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let (output, figures) = house.bench_at(port, "sign-in", &["--count", "2"]);
    let errors = serde_json::json!({ "sign-in: cannot connect: connection refused": 2 });
    assert_eq!(figures["errors"], errors, "{figures:#}");
    assert!(!output.status.success());
}

#[test]
fn what_cannot_be_done_is_said_at_once() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("password"), "x").unwrap();
    for (more, said) in [
        (&["--accounts", "a@b"][..], "all accounts would be one"),
        (&["--rate", "0"], "--rate must be more than 0"),
        (&["--processes", "500"], "--processes is from 1 to 64"),
        (&["--msnp", "8"], "--msnp is from 13 to 15"),
        (&["--services", "https://localhost"], "plain HTTP only"),
        (&["--server-pid", "4294967295"], "there is no process"),
        (&["--count", "100000000"], "open files"),
    ] {
        let output = msn(&folder)
            .args(["bench", "idle", "--server", "localhost"])
            .args(["--password-file", "password"])
            .args(more)
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{more:?}: {error}");
        assert!(!output.status.success());
    }
}
