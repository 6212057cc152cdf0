//! The configuration of a transcript: the file of an operator, in the folder of a server.

use msnp::wire::param::Param;
use std::collections::BTreeMap;

use papilio::cli::serve;
use papilio::config::{Config, Flags};
use papilio::node::Settings;
use tempfile::TempDir;

use super::pure::PAGES;
use super::script::Script;

/// A fresh folder with a `papilio.toml` of these lines. What is said later about a key holds.
pub(crate) fn folder<'a>(lines: impl Iterator<Item = &'a String>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let keys = lines.map(|line| (line.split(['=', ' ']).next(), line));
    let text: String = keys
        .collect::<BTreeMap<_, _>>()
        .into_values()
        .flat_map(|line| [line, "\n"])
        .collect();
    std::fs::write(folder.path().join("papilio.toml"), text).unwrap();
    folder
}

/// What a server makes of the configuration of a transcript.
pub(crate) fn of(script: &Script) -> Settings {
    let folder = folder(script.config.iter());
    let flags = Flags {
        data: Some(folder.path().to_owned()),
        ..Flags::default()
    };
    let config = Config::load(&flags).unwrap_or_else(|error| panic!("{error}"));
    serve::settings(&config, Param::new(PAGES).unwrap())
}
