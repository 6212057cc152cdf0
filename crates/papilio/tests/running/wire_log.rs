//! The wire log, of a client that signs in with a bad ticket.

use super::process::{Server, say};

const SECRET: &str = "t=nobody-must-see-this&p=";

fn sign_in(server: &Server, handle: &str) {
    let greeting = format!(
        "VER 1 MSNP13 CVR0\r\nCVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs {handle}\r\n\
         USR 3 TWN I {handle}\r\nUSR 4 TWN S {SECRET}\r\n"
    );
    let (mut stream, _) = say(&server.address("msnp"), &greeting);
    // It is closed, and what was said is written down before that.
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut rest).unwrap();
}

fn logs(server: &Server) -> Vec<(String, String)> {
    let Ok(there) = std::fs::read_dir(server.path().join("wire-log")) else {
        return Vec::new();
    };
    there
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn what_an_account_says_is_written_down_from_the_first_word_when_wanted() {
    let server = Server::start("");
    sign_in(&server, "alice@example.org");
    assert_eq!(logs(&server), []);

    server.configure("[wire-log]\naccounts = ['Alice@example.org']\n");
    server.signal("HUP");
    server.log_until("configuration read again");
    sign_in(&server, "alice@example.org");
    sign_in(&server, "bob@example.org");
    let written = logs(&server);
    assert_eq!(written.len(), 1, "{written:?}");
    let (name, log) = &written[0];
    assert!(
        name.starts_with("alice@example.org-") && name.ends_with("-2.log"),
        "{name}"
    );
    let shown: Vec<_> = log
        .lines()
        .map(|line| line.split_once(' ').unwrap().1)
        .collect();
    let shown = shown.join("\n");
    assert!(
        shown.starts_with("- alice@example.org from 127.0.0.1:"),
        "{shown}"
    );
    for part in [
        "> VER 1 MSNP13 CVR0\n",
        "\n< VER 1 MSNP13\n",
        "\n> USR 4 TWN S ***\n",
        "\n< 911 4\n",
    ] {
        assert!(shown.contains(part), "{part:?} in {shown}");
    }
    assert!(!log.contains("nobody-must-see"), "{log}");

    server.configure("");
    server.signal("HUP");
    server.log_until("configuration read again");
    sign_in(&server, "alice@example.org");
    assert_eq!(logs(&server).len(), 1);
}
