//! What `msn chat` says before the screen opens: one clear line.

use std::process::{Command, Stdio};

#[test]
fn without_a_terminal_it_says_so_and_asks_for_nothing() {
    let chat = Command::new(env!("CARGO_BIN_EXE_msn"))
        .args([
            "chat",
            "--server",
            "127.0.0.1",
            "--handle",
            "alice@example.com",
        ])
        .env_remove("MSN_PASSWORD")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!chat.status.success());
    assert!(chat.stdout.is_empty());
    let said = String::from_utf8(chat.stderr).unwrap();
    assert_eq!(
        said,
        "msn: msn chat needs a terminal; msn send and msn watch do without\n"
    );
}
