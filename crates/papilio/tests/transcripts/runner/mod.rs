//! Runs transcripts: the language, and the two worlds in which they happen.

mod book;
mod frame;
mod play;
mod pure;
mod script;
mod services;
mod settings;
mod sockets;
mod template;

use std::path::PathBuf;

pub(crate) use script::Script;

/// Runs a transcript with sessions as values.
pub(crate) fn run_pure(name: &str) {
    let script = read(name);
    let settings = settings::of(&script);
    play::play(&script, &mut pure::Pure::new(&script, settings));
}

/// Runs a transcript against a server process, unless it says why it cannot.
pub(crate) fn run_sockets(name: &str) {
    let script = read(name);
    match &script.pure {
        Some(reason) => println!("{name} is not played over sockets: {reason}"),
        None => play::play(&script, &mut sockets::Sockets::new(&script)),
    }
}

/// The folder of the transcripts.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts"))
}

fn read(name: &str) -> Script {
    Script::read(&folder(), name).unwrap_or_else(|error| panic!("{error}"))
}
