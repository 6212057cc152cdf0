//! What of a command may be written down. Whatever lets somebody in somewhere is left out: tickets and
//! proofs in `USR`, cookies in `XFR`, `RNG`, `ANS` and the switchboard's `USR`, the ticket in the profile
//! (wire-msnp13, 4 and 8).

use msnp::wire::line::{Line, Side};

use super::Speech;

/// A command as it is written down: its line, then its payload.
pub(super) fn shown(side: Side, line: &Line, speech: Speech) -> String {
    let mut text = words(side, line).join(" ");
    if let Some(payload) = &line.payload {
        for row in payload_of(side, line, payload, speech).lines() {
            text.push('\n');
            text.extend(row.chars().map(plain));
        }
    }
    text
}

/// The words of the line, without secrets.
fn words(side: Side, line: &Line) -> Vec<String> {
    let mut words: Vec<String> = line
        .text()
        .split_ascii_whitespace()
        .map(|word| word.chars().map(plain).collect())
        .collect();
    let secret_from = match (side, line.verb()) {
        // USR 3 TWN S t=...    USR 4 SSO S t=... proof    USR 1 alice@example.com cookie
        (Side::Client, "USR") => match words.get(2).map(String::as_str) {
            Some(word) if word.contains('@') => 3,
            _ => match words.get(3).map(String::as_str) {
                Some("I") => words.len(),
                Some("S") => 4,
                _ => 3,
            },
        },
        // ANS 1 alice@example.com cookie session; whoever forgets something says the cookie too early
        (Side::Client, "ANS") => {
            let at = words.iter().position(|word| word.contains('@'));
            at.map_or(2, |at| at + 1)
        }
        (Side::Server, "XFR" | "RNG") => {
            let marked = words.iter().position(|word| word == "CKI");
            marked.map_or(words.len(), |at| at + 1)
        }
        // A server's word for how one proves oneself is a challenge, no secret.
        _ => words.len(),
    };
    let secret_to = match line.verb() {
        // The session, the inviter and the capabilities that follow are none.
        "ANS" | "XFR" | "RNG" => secret_from + 1,
        _ => words.len(),
    };
    for (at, word) in words.iter_mut().enumerate() {
        if (secret_from..secret_to).contains(&at) {
            MASK.clone_into(word);
        }
    }
    words
}

fn payload_of(side: Side, line: &Line, payload: &[u8], speech: Speech) -> String {
    match (side, line.verb()) {
        (_, "MSG" | "UUM" | "UBM" | "SDG") => message(payload, speech),
        // What clients hand to one another may be anything.
        (_, "UUN" | "UBN" | "NOT" | "PUT" | "NFY") => format!("[{} bytes]", payload.len()),
        _ => String::from_utf8_lossy(payload).into_owned(),
    }
}

/// The headers of a message; and what it says, if that is text and may be shown.
fn message(payload: &[u8], speech: Speech) -> String {
    let text = String::from_utf8_lossy(payload);
    // What does not say where its headers end may be speech from the first word.
    let (headers, body) = text.split_once("\r\n\r\n").unwrap_or(("", &text));
    let mut shown = String::new();
    let mut is_speech = false;
    for header in headers.lines() {
        let (name, value) = header.split_once(':').unwrap_or((header, ""));
        let (name, value) = (name.trim(), value.trim());
        is_speech |= name.eq_ignore_ascii_case("Content-Type") && value.starts_with("text/plain");
        if SECRET_HEADERS
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret))
        {
            shown += &format!("{name}: {MASK}\n");
        } else {
            shown += &format!("{header}\n");
        }
    }
    if body.is_empty() {
        return shown;
    }
    if is_speech && speech == Speech::Shown {
        shown + "\n" + body
    } else {
        shown + &format!("[{} bytes]", body.len())
    }
}

/// Nothing that a terminal could take for an order.
fn plain(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

/// What stands for a secret.
const MASK: &str = "***";

/// The profile's ticket, and what else only its account may know.
const SECRET_HEADERS: &[&str] = &["MSPAuth", "sid", "kv", "RouteInfo"];

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn line(text: &str, payload: Option<&str>) -> Line {
        let payload = payload.map(|payload| Bytes::copy_from_slice(payload.as_bytes()));
        Line::new(text, payload)
    }

    #[test]
    fn nothing_that_lets_somebody_in_is_shown() {
        for (side, text, expected) in [
            (
                Side::Client,
                "USR 3 TWN I a@x.example",
                "USR 3 TWN I a@x.example",
            ),
            (
                Side::Client,
                "USR 4 TWN S t=SECRET&p=SECRET",
                "USR 4 TWN S ***",
            ),
            (
                Side::Client,
                "USR 4 TWN S t=SECRET p=SECRET",
                "USR 4 TWN S *** ***",
            ),
            (
                Side::Client,
                "USR 4 SSO S t=SECRET SECRET",
                "USR 4 SSO S *** ***",
            ),
            (
                Side::Client,
                "USR 4 SSO S SECRET SECRET SECRET",
                "USR 4 SSO S *** *** ***",
            ),
            (Side::Client, "USR 4 SSO SECRET", "USR 4 SSO ***"),
            (
                Side::Client,
                "USR 1 a@x.example SECRET",
                "USR 1 a@x.example ***",
            ),
            (
                Side::Client,
                "ANS 1 a@x.example SECRET 77",
                "ANS 1 a@x.example *** 77",
            ),
            (Side::Client, "ANS 1 SECRET 77", "ANS 1 *** 77"),
            (Side::Client, "ANS 1 SECRET", "ANS 1 ***"),
            (
                Side::Client,
                "ANS a@x.example SECRET 77",
                "ANS a@x.example *** 77",
            ),
            (
                Side::Server,
                "USR 4 SSO S MBI_KEY_OLD nonce",
                "USR 4 SSO S MBI_KEY_OLD nonce",
            ),
            (
                Side::Server,
                "XFR 9 SB 192.0.2.1:1863 CKI SECRET U messenger.msn.com",
                "XFR 9 SB 192.0.2.1:1863 CKI *** U messenger.msn.com",
            ),
            (
                Side::Server,
                "RNG 7 192.0.2.1:1863 CKI SECRET b@x.example Bob U messenger.msn.com 1",
                "RNG 7 192.0.2.1:1863 CKI *** b@x.example Bob U messenger.msn.com 1",
            ),
            (
                Side::Server,
                "XFR 3 NS 192.0.2.1:1863 0",
                "XFR 3 NS 192.0.2.1:1863 0",
            ),
        ] {
            assert_eq!(shown(side, &line(text, None), Speech::Shown), expected);
        }
    }

    #[test]
    fn the_ticket_in_the_profile_is_left_out() {
        let profile = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile\r\n\
                       mspauth: SECRET\r\nlang_preference: 1033\r\n\r\n";
        let line = line("MSG Hotmail Hotmail 100", Some(profile));
        let shown = shown(Side::Server, &line, Speech::Shown);
        assert!(!shown.contains("SECRET"), "{shown}");
        assert!(shown.contains("\nlang_preference: 1033"), "{shown}");
    }

    #[test]
    fn what_people_say_is_shown_only_if_that_is_wanted() {
        let says =
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nHello\u{1b}[1m";
        let line = line("MSG 5 A 80", Some(says));
        let hidden = shown(Side::Client, &line, Speech::Hidden);
        assert_eq!(
            hidden,
            "MSG 5 A 80\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n[9 bytes]"
        );
        let said = shown(Side::Client, &line, Speech::Shown);
        assert!(said.ends_with("\n\nHello\u{fffd}[1m"), "{said:?}");
    }

    #[test]
    fn what_people_say_is_hidden_however_it_is_sent() {
        for says in [
            "Content-Type: text/plain\n\nSPEECH",
            "Content-Type: text/plain\r\nSPEECH",
            "SPEECH",
        ] {
            let line = line("MSG 5 A 80", Some(says));
            let hidden = shown(Side::Client, &line, Speech::Hidden);
            assert_eq!(hidden, format!("MSG 5 A 80\n[{} bytes]", says.len()));
        }
    }

    #[test]
    fn data_is_never_shown() {
        let data = "MIME-Version: 1.0\r\nContent-Type: application/x-msnmsgrp2p\r\n\r\n\0\0data";
        let shown = shown(Side::Client, &line("MSG 5 D 80", Some(data)), Speech::Shown);
        assert!(shown.ends_with("\n[6 bytes]"), "{shown}");
    }
}
