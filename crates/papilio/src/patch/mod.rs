//! Gives the executable of a client another server, where a hosts file is not wanted
//! (services-other, 10: binary patch).
//!
//! ```text
//!   a host              messenger.hotmail.com      -> chat.example.net + 5 NULs
//!   an address          http://config.messenger.msn.com/Config/MsgrConfig.asmx
//!                                                  -> http://chat.example.net/Config/MsgrConfig.asmx?xxxxxxxx
//!   one with no path    //ows.messenger.msn.com    -> //chat.example.net + 5 NULs
//! ```
//!
//! Nothing moves: every string keeps its place and its length, so a name that is longer than the one that
//! it replaces is refused. An address is filled up by its query, since the length of some is compiled in.
//! Only whole strings are touched, from one zero to the next; a name in the middle of a text stays, and so
//! does one that may be the name of a ticket.

mod executable;
mod strings;

use std::fmt;
use std::str::FromStr;

use crate::hosts::snippet::Wanted;
use crate::hosts::{Client, Host, Need};
use strings::{Encoding, Found};

/// The name of a server: letters, digits and hyphens between dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

/// The text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a host: letters, digits and hyphens between dots, 253 at most")]
pub struct InvalidName;

impl FromStr for HostName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        match text.len() <= 253 && text.split('.').all(is_label) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidName),
        }
    }
}

/// An executable with another server in it, as long as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    /// The file.
    pub bytes: Vec<u8>,
    /// What has changed, in the order of the file.
    pub changes: Vec<Change>,
    /// Strings with a name of Messenger that have not.
    pub left: Vec<Left>,
    /// Whether its publisher has signed it. The signature no longer holds.
    pub is_signed: bool,
}

/// A string that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it begins in the file.
    pub offset: usize,
    /// How it is written.
    pub encoding: Encoding,
    /// What it was.
    pub before: String,
    /// What it is, with what fills it up but for NULs.
    pub after: String,
}

/// A string that has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Where it begins in the file.
    pub offset: usize,
    /// What it is.
    pub text: String,
    /// Why.
    pub reason: Reason,
}

/// Why a string was left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The name stands within a text, or there are several.
    InText,
    /// It may be the name of a ticket (services-auth, 3.1).
    Ticket,
    /// The new name does not fit, and clients sign in without this one.
    TooShort,
}

/// Why an executable is not patched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is another kind of file.
    #[error("not an executable of Windows")]
    NotAnExecutable,
    /// No string of it is a name of Messenger's.
    #[error("no name of Messenger's service is in it: not a client, or packed")]
    NothingKnown,
    /// It has that name already.
    #[error("it has been patched already: that name is in it, and Messenger's are not")]
    AlreadyPatched,
    /// The new name is longer than one that a client needs.
    #[error(
        "a name of {length} characters does not fit: {host} leaves room for {room}; choose a name \
         of at most {room}"
    )]
    TooLong {
        /// The length of the new name.
        length: usize,
        /// The shortest name that has to be replaced.
        host: &'static str,
        /// How long that is.
        room: usize,
    },
}

/// Writes another server into an executable.
pub fn patch(image: &[u8], name: &HostName) -> Result<Patched, Refusal> {
    let executable = executable::read(image).ok_or(Refusal::NotAnExecutable)?;
    let known = Wanted::default().names();
    let mut patched = Patched {
        bytes: image.to_vec(),
        changes: Vec::new(),
        left: Vec::new(),
        is_signed: executable.is_signed,
    };
    let mut shortest: Option<&'static Host> = None;
    let mut is_there = false;
    for found in strings::all(image) {
        is_there |= contains_host(&found.text, &name.0);
        let left = match verdict(&found, &known) {
            Verdict::Nothing => continue,
            Verdict::Leave(reason) => reason,
            Verdict::Replace(place) if name.0.len() <= place.host.name.len() => {
                patched.replace(found, &place, name);
                continue;
            }
            Verdict::Replace(place) if is_required(place.host) => {
                let room = |host: &Host| host.name.len();
                if shortest.is_none_or(|host| room(place.host) < room(host)) {
                    shortest = Some(place.host);
                }
                continue;
            }
            Verdict::Replace(_) => Reason::TooShort,
        };
        patched.left.push(Left {
            offset: found.offset,
            text: found.text,
            reason: left,
        });
    }
    if let Some(host) = shortest {
        return Err(Refusal::TooLong {
            length: name.0.len(),
            host: host.name,
            room: host.name.len(),
        });
    }
    match patched.changes.is_empty() {
        false => Ok(patched),
        true if is_there => Err(Refusal::AlreadyPatched),
        true => Err(Refusal::NothingKnown),
    }
}

impl Patched {
    fn replace(&mut self, found: Found, place: &Place, name: &HostName) {
        let (start, rest) = found.text.split_at(place.at);
        let rest = &rest[place.host.name.len()..];
        let after = filled(format!("{start}{}{rest}", name.0), found.text.len());
        let written = found.encoding.written(&after);
        let length = found.encoding.written(&found.text).len();
        // The zeros that fill it up belong to the string: one follows it anyway.
        if let Some(room) = self.bytes.get_mut(found.offset..found.offset + length) {
            room.fill(0);
            room[..written.len()].copy_from_slice(&written);
        }
        self.changes.push(Change {
            offset: found.offset,
            encoding: found.encoding,
            before: found.text,
            after,
        });
    }
}

/// What is to be done with a string.
enum Verdict {
    /// It is none of ours.
    Nothing,
    Leave(Reason),
    Replace(Place),
}

/// Where a host stands in a string.
struct Place {
    at: usize,
    host: &'static Host,
}

fn verdict(found: &Found, known: &[&'static Host]) -> Verdict {
    let text = found.text.as_str();
    let mut hosts = known.iter().filter(|host| contains_host(text, host.name));
    let Some(host) = hosts.next() else {
        return Verdict::Nothing;
    };
    let rest = PREFIXES
        .into_iter()
        .find_map(|prefix| Some((prefix, strip_prefix(text, prefix)?)))
        .and_then(|(prefix, rest)| Some((prefix, strip_prefix(rest, host.name)?)));
    match rest {
        Some(("", "")) if TICKETS.contains(&host.name) => Verdict::Leave(Reason::Ticket),
        Some((prefix, rest))
            if hosts.next().is_none()
                && (rest.is_empty() || rest.starts_with(['/', ':', '?']))
                && !text.contains([' ', '"', '<', '>']) =>
        {
            Verdict::Replace(Place {
                at: prefix.len(),
                host,
            })
        }
        _ => Verdict::Leave(Reason::InText),
    }
}

/// Whether a text has this host in it, and not another one that ends or begins with it.
fn contains_host(text: &str, host: &str) -> bool {
    let (text, host) = (text.to_ascii_lowercase(), host.to_ascii_lowercase());
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.match_indices(&host).any(|(at, _)| {
        !text[..at].ends_with(of_a_name) && !text[at + host.len()..].starts_with(of_a_name)
    })
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// An address with a path is filled up to a length by its query. Others are for NULs.
fn filled(address: String, length: usize) -> String {
    let missing = length.saturating_sub(address.len());
    let authority = address.split_once("//").map_or(&*address, |(_, rest)| rest);
    let is_whole = authority
        .split_once('/')
        .is_some_and(|(_, path)| !path.is_empty() && !path.ends_with(['/', '=', '&', '?']));
    if missing == 0 || !is_whole || address.contains('#') {
        return address;
    }
    let begin = if address.contains('?') { '&' } else { '?' };
    format!("{address}{begin}{}", "x".repeat(missing - 1))
}

fn is_required(host: &Host) -> bool {
    Client::ALL
        .iter()
        .any(|&client| host.need_of(client) == Some(Need::Required))
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InText => "the name stands within a text",
            Self::Ticket => "it may be the name of a ticket",
            Self::TooShort => "the new name does not fit; lead this one by a hosts file",
        })
    }
}

/// What an address may begin with. The longest first.
const PREFIXES: [&str; 4] = ["https://", "http://", "//", ""];

/// Hosts whose bare names are also names of tickets: an executable that has one may mean either.
const TICKETS: [&str; 3] = ["contacts.msn.com", "storage.msn.com", "storage.live.com"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::executable::tests::executable;
    use super::*;

    fn name(text: &str) -> HostName {
        text.parse().unwrap()
    }

    fn ascii(text: &str) -> Vec<u8> {
        [b"\0", text.as_bytes(), b"\0"].concat()
    }

    fn wide(text: &str) -> Vec<u8> {
        let units = text.encode_utf16().chain([0]);
        [vec![0, 0], units.flat_map(u16::to_le_bytes).collect()].concat()
    }

    /// What one string becomes.
    fn becomes(text: &str, server: &str) -> Option<String> {
        let patched = patch(&executable(&ascii(text)), &name(server)).ok()?;
        let [change] = <[Change; 1]>::try_from(patched.changes).unwrap();
        assert_eq!(change.before, text);
        Some(change.after)
    }

    #[test]
    fn the_strings_of_windows_live_messenger() {
        for (before, after) in [
            ("messenger.hotmail.com", "msn.example.net"),
            ("Messenger.Hotmail.com:1863", "msn.example.net:1863"),
            ("byrdr.omega.contacts.msn.com", "msn.example.net"),
            ("tkrdr.storage.msn.com", "msn.example.net"),
            ("//ows.messenger.msn.com", "//msn.example.net"),
            ("//rsi.hotmail.com", "//msn.example.net"),
            (
                "https://nexus.passport.com/rdr/pprdr.asp",
                "https://msn.example.net/rdr/pprdr.asp?xx",
            ),
            (
                "nexus.passport.com/rdr/pprdr.asp",
                "msn.example.net/rdr/pprdr.asp?xx",
            ),
            (
                "http://config.messenger.msn.com/Config/MsgrConfig.asmx",
                "http://msn.example.net/Config/MsgrConfig.asmx?xxxxxxxx",
            ),
            (
                "http://config.messenger.msn.com/a?b=c",
                "http://msn.example.net/a?b=c&xxxxxxxx",
            ),
            (
                "http://config.messenger.msn.com/a?b=",
                "http://msn.example.net/a?b=",
            ),
            (
                "http://config.messenger.msn.com/",
                "http://msn.example.net/",
            ),
            (
                "https://contacts.msn.com/abservice/abservice.asmx",
                "https://msn.example.net/abservice/abservice.asmx?",
            ),
        ] {
            assert_eq!(becomes(before, "msn.example.net").as_deref(), Some(after));
        }
    }

    #[test]
    fn both_ways_of_writing_and_nothing_else() {
        let host = "messenger.hotmail.com";
        let before = executable(&[ascii(host), wide(host), ascii("login")].concat());
        let patched = patch(&before, &name("192.0.2.1")).unwrap();
        let padded = |zeros| "192.0.2.1".to_owned() + &"\0".repeat(zeros);
        let after = [ascii(&padded(12)), wide(&padded(12)), ascii("login")].concat();
        assert_eq!(patched.bytes, executable(&after));
        let seen: Vec<_> = patched.changes.iter().map(|c| c.encoding).collect();
        assert_eq!(seen, [Encoding::Ascii, Encoding::Utf16]);
        for change in &patched.changes {
            let found = change.encoding.written(&change.before);
            assert!(before[change.offset..].starts_with(&found));
        }
        assert!(!patched.is_signed);
    }

    #[test]
    fn what_is_left_alone() {
        let texts = [
            ("contacts.msn.com", Reason::Ticket),
            ("Go to https://login.live.com/ now", Reason::InText),
            (
                "http://login.live.com/?ru=http://contacts.msn.com/",
                Reason::InText,
            ),
            ("//rsi.hotmail.com", Reason::TooShort),
        ];
        let strings = texts.iter().flat_map(|(text, _)| ascii(text));
        let image = [ascii("messenger.hotmail.com"), strings.collect()].concat();
        let patched = patch(&executable(&image), &name("messenger.example.net")).unwrap();
        assert_eq!(patched.changes.len(), 1);
        let left: Vec<_> = patched
            .left
            .iter()
            .map(|left| (left.text.as_str(), left.reason))
            .collect();
        assert_eq!(left, texts);
        for other in [
            "xmessenger.hotmail.com",
            "messenger.hotmail.com.example",
            "hotmail.com",
            "g.msn.com",
        ] {
            assert_eq!(becomes(other, "a.example"), None, "{other}");
        }
    }

    #[test]
    fn what_is_refused() {
        let refused = |image: &[u8], server: &str| patch(image, &name(server)).unwrap_err();
        let client = executable(&ascii("messenger.hotmail.com"));
        assert_eq!(refused(b"", "a.example"), Refusal::NotAnExecutable);
        assert_eq!(refused(&client[1..], "a.example"), Refusal::NotAnExecutable);
        let other = executable(&ascii("www.example.org"));
        assert_eq!(refused(&other, "a.example"), Refusal::NothingKnown);
        let long = refused(&client, "messenger.example.org.au");
        let expected = Refusal::TooLong {
            length: 24,
            host: "messenger.hotmail.com",
            room: 21,
        };
        assert_eq!(long, expected);
        assert!(long.to_string().contains("at most 21"), "{long}");
        let patched = patch(&client, &name("a.example")).unwrap();
        assert_eq!(
            refused(&patched.bytes, "a.example"),
            Refusal::AlreadyPatched
        );
    }

    #[test]
    fn names() {
        for good in ["a", "msn.example.net", "192.0.2.1", "MSN-1.example"] {
            assert_eq!(name(good).to_string(), good);
        }
        for bad in [
            "", ".", "a.", "a b", "a/b", "-a", "a-", "a:1", "a\0", "\u{e9}", "a..b",
        ] {
            assert_eq!(bad.parse::<HostName>(), Err(InvalidName), "{bad:?}");
        }
        assert_eq!("a.".repeat(127).parse::<HostName>(), Err(InvalidName));
    }

    proptest! {
        #[test]
        fn any_bytes_keep_their_length(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
            is_wide: bool,
            host in prop::sample::select(vec![
                "messenger.hotmail.com",
                "https://login.live.com/RST.srf",
                "//rsi.hotmail.com",
                "a messenger.hotmail.com b",
            ]),
            place in 0..2000_usize,
            server in "[a-z]{1,8}\\.[a-z]{2,6}",
        ) {
            let _ = patch(&bytes, &name(&server));
            let mut body = bytes;
            let string = if is_wide { wide(host) } else { ascii(host) };
            let place = place.min(body.len());
            body.splice(place..place, string);
            let image = executable(&body);
            if let Ok(patched) = patch(&image, &name(&server)) {
                prop_assert_eq!(patched.bytes.len(), image.len());
                let mut expected = patched.bytes;
                for change in patched.changes {
                    let before = change.encoding.written(&change.before);
                    let room = change.offset..change.offset + before.len();
                    prop_assert!(change.encoding.written(&change.after).len() <= before.len());
                    expected[room].copy_from_slice(&before);
                }
                prop_assert!(expected == image, "nothing else has changed");
            }
        }
    }
}
