//! SIGHUP.

use super::process::{Server, say};

#[test]
fn what_can_change_changes_and_what_cannot_says_so() {
    let server = Server::start("");
    let (_open, answer) = say(&server.address("msnp"), "VER 1 MSNP15 MSNP13 CVR0\r\n");
    assert_eq!(answer, "VER 1 MSNP15\r\n");
    let (status, _) = server.get("/metrics");
    assert_eq!(status, 200);

    server.configure(
        "max-version = 13\nlog-format = 'json'\n[listen]\ndispatch = '127.0.0.1:1'\n\
         [metrics]\nallow = []\n[limits]\nline = 100\n",
    );
    for _ in 0..2 {
        server.signal("HUP");
        let log = server.log_until("configuration read again").join("\n");
        // The command line names the listeners.
        assert!(!log.contains("dispatch"), "{log}");
        assert!(log.contains("log-format needs a restart"), "{log}");
    }
    let (_open, answer) = say(&server.address("msnp"), "VER 1 MSNP15 MSNP13 CVR0\r\n");
    assert_eq!(answer, "VER 1 MSNP13\r\n");
    assert_eq!(server.get("/metrics").0, 403);
    let (mut long, answer) = say(&server.address("msnp"), &"V".repeat(101));
    assert_eq!(answer, "", "closed");
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut long, &mut rest).unwrap();
    server.log_until("command line longer than 100 bytes");
}

#[test]
fn a_file_that_cannot_be_used_changes_nothing() {
    let server = Server::start("max-version = 13\n");
    server.configure("max-version = 14\n[limits]\nlin = 1\n");
    server.signal("HUP");
    let log = server.log_until("stays as it was");
    let line = log.last().unwrap();
    assert!(
        line.contains("papilio.toml: there is no key `limits.lin`"),
        "{line}"
    );
    let (_open, answer) = say(&server.address("msnp"), "VER 1 MSNP14 MSNP13 CVR0\r\n");
    assert_eq!(answer, "VER 1 MSNP13\r\n");
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn what_is_logged_changes_and_no_secret_is() {
    let server = Server::start("log = 'warn'\n");
    server.configure("log = 'info'\n[metrics]\ntoken = 'a secret of the operator'\n");
    server.signal("HUP");
    let log = server.log_until("configuration read again").join("\n");
    assert!(log.contains("metrics.token is \"***\" now"), "{log}");
    assert!(!log.contains("a secret of"), "{log}");
}
