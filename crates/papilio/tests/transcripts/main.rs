//! The transcripts: whole sessions as they go over the wire, each played four times (DESIGN, 6.2).
//!
//! `README.md` in this folder describes their language. Every file is one test with sessions as
//! values and three with a server process: over sockets, through the gateway, and both in turn. A
//! file that is not in the list below fails `every_file_is_listed`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod pairs;
mod runner;

macro_rules! transcripts {
    ($($name:ident)*) => {
        const LISTED: &[&str] = &[$(stringify!($name)),*];

        mod pure {
            $(#[test] fn $name() { crate::runner::run_pure(stringify!($name)); })*
        }

        mod sockets {
            $(#[test] fn $name() { crate::runner::run_sockets(stringify!($name)); })*
        }

        mod gateway {
            $(#[test] fn $name() { crate::runner::run_gateway(stringify!($name)); })*
        }

        mod mixed {
            $(#[test] fn $name() { crate::runner::run_mixed(stringify!($name)); })*
        }
    };
}

transcripts! {
    acks
    adding
    bare_tickets
    blocking
    calls
    challenge
    chat
    chat_across_versions
    cookies
    crowd
    deadlines
    deleting
    dispatch
    ending
    expired_cookies
    full_lists
    groups
    handed_data
    idle_conversations
    initial_lists
    lists
    lookups
    max_version
    max_version_13
    max_version_14
    mistakes_at_sign_in
    mistakes_in_conversation
    mistakes_signed_in
    msnp14_sign_in
    msnp15_sign_in
    names
    offline_messages
    offline_messages_at_sign_in
    offline_messages_of_all_versions
    offline_messages_refused
    offline_messages_too_many
    other_networks
    payloads
    picture
    presence
    rates
    refusing
    removed_commands
    seed_session
    services
    shutdown
    signed_out
    sign_in
    sso_refused
    status
    tickets
    unchallenged
    versions
    versions_together
}

#[test]
fn every_file_is_listed() {
    let mut files: Vec<_> = std::fs::read_dir(runner::folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "msnp"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut listed = LISTED.to_vec();
    listed.sort_unstable();
    assert_eq!(files, listed);
}
