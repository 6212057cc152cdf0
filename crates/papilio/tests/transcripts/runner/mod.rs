//! Runs transcripts: the language, and the two worlds in which they happen.

mod book;
mod frame;
mod mailboxes;
mod offline;
mod play;
mod polling;
mod pure;
mod read;
mod script;
mod services;
mod settings;
mod sockets;
mod template;

use std::path::PathBuf;

use sockets::{Carrier, Sockets};

pub(crate) use script::Script;

/// Runs a transcript with sessions as values.
pub(crate) fn run_pure(name: &str) {
    let script = read(name);
    let settings = settings::of(&script);
    play::play(&script, &mut pure::Pure::new(&script, settings));
}

/// Runs a transcript against a server process, unless it says why it cannot.
pub(crate) fn run_sockets(name: &str) {
    run_against_a_server(name, Carrier::Socket);
}

/// The same with every client behind a proxy, so that it reaches the server through the gateway.
pub(crate) fn run_gateway(name: &str) {
    run_against_a_server(name, Carrier::Gateway);
}

/// The same with every other connection through the gateway, so that both kinds meet.
pub(crate) fn run_mixed(name: &str) {
    run_against_a_server(name, Carrier::InTurn);
}

fn run_against_a_server(name: &str, carrier: Carrier) {
    let script = read(name);
    match &script.pure {
        Some(reason) => println!("{name} is not played against a server: {reason}"),
        None => play::play(&script, &mut Sockets::new(&script, carrier)),
    }
}

/// Runs a transcript that stands in no file, with sessions as values.
pub(crate) fn run_pure_text(text: &str) {
    let script = Script::parse(text, &folder()).unwrap_or_else(|error| panic!("{error}"));
    let settings = settings::of(&script);
    play::play(&script, &mut pure::Pure::new(&script, settings));
}

/// Runs a transcript that stands in no file, against a server process.
pub(crate) fn run_sockets_text(text: &str) {
    let script = Script::parse(text, &folder()).unwrap_or_else(|error| panic!("{error}"));
    play::play(&script, &mut Sockets::new(&script, Carrier::Socket));
}

/// The folder of the transcripts.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts"))
}

fn read(name: &str) -> Script {
    Script::read(&folder(), name).unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    const SCENE: &str = "account alice@example.com \"Alice W\"\nalice connects\n";

    /// What a transcript with these lines fails with, played as values.
    fn failure(lines: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.msnp"), SCENE.to_owned() + lines).unwrap();
        let played = catch_unwind(|| {
            let script = Script::read(folder.path(), "x").unwrap_or_else(|error| panic!("{error}"));
            let settings = settings::of(&script);
            play::play(&script, &mut pure::Pure::new(&script, settings));
        });
        match played {
            Ok(()) => String::new(),
            Err(panic) => panic.downcast_ref::<String>().unwrap().clone(),
        }
    }

    #[test]
    fn a_transcript_that_is_right_is_played_to_its_end() {
        let right = "alice> VER 1 MSNP13\nalice< VER 1 MSNP13\nalice> PNG\nalice< closed\n";
        assert_eq!(failure(right), "");
    }

    #[test]
    fn whatever_is_wrong_is_said_with_its_line() {
        for (lines, line, said) in [
            (
                "alice> VER 1 MSNP13\nalice< VER 1 MSNP14",
                4,
                "received: VER 1 MSNP13",
            ),
            ("alice< VER 1 MSNP13", 3, "alice got nothing"),
            ("alice> VER 1 MSNP13", 3, "nobody expected: alice< VER 1"),
            (
                "alice> VER 1 MSNP13\nalice silent",
                4,
                "nobody expected: alice< VER 1",
            ),
            (
                "alice> VER 1 MSNP13\nalice> PNG",
                4,
                "nobody expected: alice< VER 1",
            ),
            ("alice> PNG", 3, "nobody expected: alice< closed"),
            ("alice< closed", 3, "alice got nothing"),
            (
                "alice> VER 1 MSNP13\nalice< closed",
                4,
                "alice got VER 1 MSNP13",
            ),
            ("alice> UUX 1 4\n   | ab¬", 3, "has 2 bytes, not 4"),
            ("alice> USR 1 $cookie", 3, "not known here"),
            ("bob connects", 3, "no account for \"bob\""),
            ("alice dances", 3, "neither a statement nor a part"),
            ("alice> CHG 1 NLN ", 3, "write {space}"),
            ("   | payload of nothing", 2, "only a command"),
            (
                "account bob@example.com \"Bob\"",
                3,
                "before anything happens",
            ),
        ] {
            let failure = failure(lines);
            assert!(
                failure.contains(&format!("x.msnp:{line}: ")),
                "{lines}: {failure}"
            );
            assert!(failure.contains(said), "{lines}: {failure}");
        }
    }
}
