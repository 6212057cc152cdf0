//! Mends the heads of HTTP messages on their way past, where old clients and the HTTP library do
//! not understand one another (services-auth, 0; clients, 15).
//!
//! ```text
//!   client -> Requests -> library      Content-Length: -1   becomes the length of what came
//!                                      GET /path            becomes GET /path HTTP/1.0
//!   client <- Answers  <- library      Passporturls:        becomes PassportURLs:
//!                                      HTTP/1.0 200         becomes HTTP/1.1 200
//! ```
//!
//! Both are values without I/O: bytes go in by any portions, bytes come out. They follow the
//! framing of messages only as far as they must to know where a head begins; what they do not
//! understand they pass on unchanged, for the library to judge.

mod answers;
mod requests;

use std::ops::Range;

pub use answers::Answers;
pub use requests::{Limits, Requests};

/// The end of the first head in `bytes`, its empty line included. `searched` remembers the start of
/// the first line not yet seen whole.
fn end_of_head(bytes: &[u8], searched: &mut usize) -> Option<usize> {
    while let Some(length) = bytes[*searched..].iter().position(|&byte| byte == b'\n') {
        let line = &bytes[*searched..][..length];
        *searched += length + 1;
        if matches!(line, b"" | b"\r") {
            return Some(*searched);
        }
    }
    None
}

/// Where in a head the value of a header stands, by its name in any case.
fn header(head: &[u8], name: &str) -> Option<Range<usize>> {
    let mut start = 0;
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        if let Some(colon) = line.iter().position(|&byte| byte == b':')
            && line[..colon].eq_ignore_ascii_case(name.as_bytes())
        {
            let value = &line[colon + 1..];
            let blanks = value.len() - value.trim_ascii_start().len();
            let from = start + colon + 1 + blanks;
            return Some(from..from + value.trim_ascii().len());
        }
        start += line.len();
    }
    None
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    /// Hands bytes over in portions of these sizes, again and again.
    pub(super) fn in_portions(mut bytes: &[u8], cuts: &[usize], mut push: impl FnMut(&[u8])) {
        let mut cuts = cuts.iter().copied().cycle();
        while !bytes.is_empty() {
            let (portion, rest) = bytes.split_at(cuts.next().unwrap_or(1).min(bytes.len()));
            push(portion);
            bytes = rest;
        }
    }
}
