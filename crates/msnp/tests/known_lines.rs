//! Every line of the transcripts is read and comes back byte for byte, on both sides; every mistake
//! is refused. One file per chapter in `lines/`:
//!
//! ```text
//!   n> VER 1 MSNP13 CVR0       client to notification server     n! ...   a client's mistake there
//!   n< VER 1 MSNP13            notification server to client
//!   s> s< s!                   the same for the switchboard
//!      | payload, each line with CRLF but for the one that ends with the mark ¬
//! ```
//!
//! In the files of MSNP13, presence lines without a picture end with `0` here, where the transcripts have nothing
//! (decision 0001); that nothing is read alike is tested beside them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::{Bytes, BytesMut};
use msnp::error::ParseError;
use msnp::wire::command::{
    NotificationReply, NotificationRequest, SwitchboardReply, SwitchboardRequest,
};
use msnp::wire::line::{Codec, Limits, Line, LineError, Side};
use msnp::wire::version::{Dialect, Version};

/// One entry of a file: which enum it is for, what should happen, and its bytes on the wire.
struct Entry<'a> {
    direction: &'a str,
    text: &'a str,
    bytes: Vec<u8>,
}

fn entries(file: &str) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for line in file.lines() {
        if let Some(payload) = line.strip_prefix("   | ").or(line.strip_prefix("   |")) {
            let entry = entries.last_mut().unwrap();
            match payload.strip_suffix('¬') {
                Some(last) => entry.bytes.extend(last.bytes()),
                None => entry.bytes.extend([payload.as_bytes(), b"\r\n"].concat()),
            }
        } else {
            let (direction, text) = line.split_at(3);
            entries.push(Entry {
                direction: direction.trim(),
                text,
                bytes: [text.as_bytes(), b"\r\n"].concat(),
            });
        }
    }
    entries
}

/// The bytes as one line, unless the codec refuses them already.
fn line_of(entry: &Entry<'_>) -> Result<Line, LineError> {
    let side = match entry.direction {
        "n<" | "s<" => Side::Server,
        _ => Side::Client,
    };
    let mut input = BytesMut::from(&entry.bytes[..]);
    let line = Codec::new(side, Limits::DEFAULT).decode(&mut input)?;
    let line = line.unwrap_or_else(|| panic!("cut short: {}", entry.text));
    assert!(
        input.is_empty(),
        "{}: {} bytes left",
        entry.text,
        input.len()
    );
    Ok(line)
}

fn again(direction: &str, line: &Line, version: Version) -> Result<Bytes, ParseError> {
    let dialect = Dialect::of(version);
    let mut out = BytesMut::new();
    match direction {
        "n>" | "n!" => NotificationRequest::parse(line, dialect)?.write(dialect, &mut out),
        "n<" => NotificationReply::parse(line, dialect)?.write(dialect, &mut out),
        "s>" | "s!" => SwitchboardRequest::parse(line, dialect)?.write(dialect, &mut out),
        "s<" => SwitchboardReply::parse(line, dialect)?.write(dialect, &mut out),
        other => panic!("direction {other}"),
    }
    Ok(out.freeze())
}

fn check(file: &str, version: Version) {
    for entry in entries(file) {
        let line = line_of(&entry);
        if entry.direction.ends_with('!') {
            let accepted = line.is_ok_and(|line| again(entry.direction, &line, version).is_ok());
            assert!(!accepted, "accepted: {}", entry.text);
        } else {
            let line = line.unwrap_or_else(|error| panic!("{}: {error}", entry.text));
            let written = again(entry.direction, &line, version);
            let written = written.unwrap_or_else(|error| panic!("{}: {error}", entry.text));
            assert_eq!(written, entry.bytes, "{}", entry.text);
        }
    }
}

macro_rules! chapters {
    ($version:ident: $($name:ident)*) => {$(
        #[test]
        fn $name() {
            let file = include_str!(concat!("lines/", stringify!($name), ".txt"));
            check(file, Version::$version);
        }
    )*};
}

chapters! {
    MSNP13: sign_in presence lists switchboard offline_messages challenge end mistakes services
}
// transcripts-14-15, whole.
chapters! { MSNP14: msnp14 }
chapters! { MSNP15: msnp15 }

#[test]
fn a_mistake_is_named() {
    let arity = |verb, expected, found| ParseError::Arity {
        verb,
        expected,
        found,
    };
    let field = |verb, field| ParseError::Field { verb, field };
    for (direction, text, error) in [
        ("n>", "SYN 8 0 0", ParseError::UnknownVerb("SYN".to_owned())),
        ("n>", "CAL 1 a@b", ParseError::UnknownVerb("CAL".to_owned())),
        ("s>", "CHG 1 NLN", ParseError::UnknownVerb("CHG".to_owned())),
        ("n<", "CAL 1 a@b", ParseError::UnknownVerb("CAL".to_owned())),
        ("n>", "VER", ParseError::TrId("VER")),
        ("n>", "VER x MSNP13", ParseError::TrId("VER")),
        ("n>", "VER +1 MSNP13", ParseError::TrId("VER")),
        ("n>", "CHG NLN", ParseError::TrId("CHG")),
        ("n>", "CHG 6", arity("CHG", "1 to 3", 0)),
        ("n>", "CHG 6 NLN 0 0 0", arity("CHG", "1 to 3", 4)),
        ("n>", "BLP 6", arity("BLP", "1", 0)),
        ("n>", "USR 3", arity("USR", "3, for TWN and SSO", 0)),
        ("n>", "USR 3 TWN S", arity("USR", "3, for TWN and SSO", 2)),
        ("n>", "PNG 5", arity("PNG", "0", 1)),
        ("s>", "USR 1 a@b", arity("USR", "2", 1)),
        ("n>", "CHG 6 HOT", field("CHG", "status")),
        ("n>", "CHG 6 NLN many", field("CHG", "capabilities")),
        ("n>", "BLP 6 XX", field("BLP", "list")),
        ("n>", "PRP 6 NAME x", field("PRP", "property")),
        ("n>", "PRP 6 MFN a\u{b}b", field("PRP", "friendly name")),
        ("n>", "USR 3 TWN S a\u{1}", field("USR", "ticket")),
        ("n>", "CVR 1 a b c d e f g h\u{0}", field("CVR", "handle")),
        ("s>", "ANS 1 a@b c 2147483648", field("ANS", "session")),
        ("n>", "UUX 1", ParseError::Payload("UUX")),
        ("n<", "NLN HDN a b 0", field("NLN", "handle")),
    ] {
        let found = again(direction, &Line::new(text, None), Version::MSNP13).unwrap_err();
        assert_eq!(found, error, "{text}");
    }
    let message = Line::new("MSG 1 n 0", Some(Bytes::new()));
    assert_eq!(
        again("s>", &message, Version::MSNP13),
        Err(field("MSG", "acknowledgement"))
    );
}
