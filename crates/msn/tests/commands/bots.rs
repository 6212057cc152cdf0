//! `msn bot`, with the examples and with programs that behave badly.

use std::io::Read as _;
use std::process::Command;

use crate::house::{House, Running};

fn example(name: &str) -> String {
    format!("{}/examples/bots/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Bob is a bot, and signed in.
fn bot(house: &House, arguments: &[&str]) -> Running {
    let mut bot = house.begin("bob", &[&["bot"], arguments].concat());
    bot.wait_for_word("answers by");
    bot
}

fn ask(house: &House, name: &str, text: &str) -> String {
    let ask = ["send", "bob@example.com", text, "--reply", "30s"];
    house.run(name, &ask).ok()
}

#[test]
fn the_example_in_shell_tells_the_time() {
    let house = House::open();
    let bot = bot(&house, &["--", "sh", &example("clock.sh")]);
    for _again in 0..2 {
        let answer = ask(&house, "alice", "what time is it?");
        let time = answer
            .strip_prefix("It is ")
            .and_then(|rest| rest.strip_suffix(" here\n"));
        let time = time.and_then(|time| time.split_once(':')).unwrap();
        assert!(time.0.parse::<u8>().unwrap() < 24 && time.1.parse::<u8>().unwrap() < 60);
    }
    assert!(bot.stop().success());
}

#[test]
fn the_example_in_python_is_kept_for_all_messages() {
    let house = House::open();
    let bot = bot(&house, &["--keep", "--", "python3", &example("shout.py")]);
    assert_eq!(ask(&house, "alice", "hello \u{e9}"), "HELLO \u{c9}!\n");
    assert_eq!(ask(&house, "carol", "again"), "AGAIN!\n");
    assert!(bot.stop().success());
}

#[test]
fn plain_text_is_enough_for_a_bot() {
    let house = House::open();
    let program = "echo \"$MSN_NAME <$MSN_FROM> said: $(cat)\"; echo password: $MSN_PASSWORD";
    let _bot = bot(&house, &["--plain", "sh", "-c", program]);
    let answer = ask(&house, "alice", "$HOME \"quoted\"");
    let said = "Alice <alice@example.com> said: $HOME \"quoted\"\npassword:\n";
    assert_eq!(answer, said, "nor has it the password");
}

#[test]
fn a_program_that_fails_is_told_of_and_the_bot_goes_on() {
    let house = House::open();
    let program = r#"
        read -r event
        case $event in
        *crash*) exit 7 ;;
        *sleep*) exec sleep 1000 ;;
        *flood*) exec yes '{}' ;;
        *babble*) echo hello ;;
        *unread*) echo '{"text":"before"}'; exit 1 ;;
        *) echo '{"typing":true}'; echo '{"text":"fine"}' ;;
        esac"#;
    let limits = ["--timeout", "2s", "--longest", "1000", "--at-most", "1"];
    let mut bot = bot(
        &house,
        &[&limits[..], &["--", "sh", "-c", program]].concat(),
    );
    let told = [
        ("crash", "exit status: 7"),
        ("sleep", "took too long"),
        ("flood", "more than 1000 bytes"),
        ("babble", "no answer"),
    ];
    for (text, why) in told {
        house
            .run("alice", &["send", "--online", "bob@example.com", text])
            .ok();
        bot.wait_for_word(why);
    }
    assert_eq!(ask(&house, "alice", "unread"), "before\n");
    assert_eq!(ask(&house, "alice", "well?"), "fine\n");
    assert!(bot.stop().success());
}

#[test]
fn a_kept_program_that_ends_is_begun_again() {
    let house = House::open();
    let program = r#"
        read -r event
        chat=${event#*\"chat\":}
        echo "{\"chat\":${chat%%,*},\"text\":\"once\"}""#;
    let mut bot = bot(&house, &["--keep", "--", "sh", "-c", program]);
    assert_eq!(ask(&house, "alice", "hello"), "once\n");
    bot.wait_for_word("begun again");
    assert_eq!(ask(&house, "alice", "hello"), "once\n");
}

#[test]
fn a_kept_program_ends_with_the_bot() {
    let house = House::open();
    // A pipe is at its end when nobody holds it any more.
    let pipe = house.folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let program = format!("exec 3>'{}'; exec sleep 1000", pipe.display());
    let bot = bot(&house, &["--keep", "--", "sh", "-c", &program]);
    let mut held = std::fs::File::open(&pipe).unwrap();
    assert!(bot.stop().success());
    assert_eq!(held.read(&mut [0]).unwrap(), 0);
}

#[test]
fn what_a_program_began_ends_with_it() {
    let house = House::open();
    let pipe = house.folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // The shell waits for what holds the pipe.
    let program = format!("sleep 1000 >'{}'; true", pipe.display());
    let limits = ["--timeout", "1s", "--", "sh", "-c", &program];
    let mut bot = bot(&house, &limits);
    house
        .run("alice", &["send", "--online", "bob@example.com", "x"])
        .ok();
    let mut held = std::fs::File::open(&pipe).unwrap();
    bot.wait_for_word("took too long");
    assert_eq!(held.read(&mut [0]).unwrap(), 0, "nobody holds it");
}

#[test]
fn a_program_that_is_not_there_is_told_of() {
    let house = House::open();
    let mut bot = bot(&house, &["no-such-program-anywhere"]);
    house
        .run("alice", &["send", "--online", "bob@example.com", "x"])
        .ok();
    bot.wait_for_word("cannot be run");
}

#[test]
fn a_bot_can_answer_somebody_else() {
    let house = House::open();
    let mut carol = house.begin("carol", &["watch", "--json"]);
    carol.wait_for("signed_in");
    let program = "echo '{\"to\":\"carol@example.com\",\"text\":\"alice is here\"}'";
    let _bot = bot(&house, &["--", "sh", "-c", program]);
    house
        .run("alice", &["send", "--online", "bob@example.com", "x"])
        .ok();
    let told = carol.wait_for("message");
    assert_eq!(
        (&told["from"], &told["text"]),
        (&"bob@example.com".into(), &"alice is here".into())
    );
}
