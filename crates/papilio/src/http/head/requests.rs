//! Requests: a body without its length gets one (clients, 15), a request line without its version too
//! (services-auth, 10).

use bytes::{Buf, BytesMut};

use super::{end_of_head, header, number};

/// Requests on their way in.
///
/// libpurple 2.4.3 announces `Content-Length: -1` when it failed to write its own XML. Such a
/// request is held back until the end of its envelope has come, or until whoever drives this says
/// that nothing more will come ([`Requests::end_of_body`]): mostly there is no body at all.
#[derive(Debug)]
pub struct Requests {
    state: Inward,
    held: BytesMut,
    /// Where in `held` the search goes on.
    searched: usize,
    passed: u64,
    limits: Limits,
}

/// How much is held back at most. In bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of a head. A longer one passes unmended.
    pub head: usize,
    /// Of a body that comes without its length. A longer one is announced as longer than this.
    pub body: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inward {
    /// A head, in `held`, not yet whole.
    Head,
    /// So many bytes of a body are to come.
    Body { left: u64 },
    /// In `held` a whole head of this length, whose request does not say how long its body is.
    Unmeasured { head: usize },
    /// Not understood: everything passes.
    Opaque,
}

impl Requests {
    /// At the start of a connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            state: Inward::Head,
            held: BytesMut::new(),
            searched: 0,
            passed: 0,
            limits,
        }
    }

    /// Whether the last request has come whole and no other has begun.
    pub fn is_between(&self) -> bool {
        self.state == Inward::Head && self.held.is_empty()
    }

    /// How many heads have passed.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Takes bytes of the client and appends to `out` what may pass.
    pub fn push(&mut self, bytes: &[u8], out: &mut BytesMut) {
        match &mut self.state {
            Inward::Opaque => out.extend_from_slice(bytes),
            Inward::Body { left } if *left > bytes.len() as u64 => {
                *left -= bytes.len() as u64;
                out.extend_from_slice(bytes);
            }
            _ => {
                self.held.extend_from_slice(bytes);
                while self.step(out) {}
                self.forget_if_empty();
            }
        }
    }

    /// Whether a request of unknown length is being held back and no body of it has come yet.
    pub fn lacks_body(&self) -> bool {
        match self.state {
            Inward::Unmeasured { head } => self.held[head..].trim_ascii().is_empty(),
            _ => false,
        }
    }

    /// Nothing more will come: a request of unknown length ends with what there is.
    pub fn end_of_body(&mut self, out: &mut BytesMut) {
        if let Inward::Unmeasured { head } = self.state {
            self.release(head, self.held.len() - head, out);
            self.forget_if_empty();
        }
    }

    /// The client has closed its side: everything passes.
    pub fn end_of_stream(&mut self, out: &mut BytesMut) {
        self.end_of_body(out);
        self.open(out);
    }

    /// One step through `held`; false when more bytes are needed.
    fn step(&mut self, out: &mut BytesMut) -> bool {
        if matches!(self.state, Inward::Head) {
            // Line ends that follow a body without belonging to it.
            let blanks = self.held.len() - self.held.trim_ascii_start().len();
            self.held.advance(blanks);
            self.searched -= blanks.min(self.searched);
        }
        if self.held.is_empty() {
            return false;
        }
        match self.state {
            Inward::Head => match end_of_head(&self.held, &mut self.searched) {
                Some(end) => {
                    self.searched = 0;
                    self.judge(end, out);
                    true
                }
                None => {
                    if self.held.len() > self.limits.head {
                        self.open(out);
                    }
                    false
                }
            },
            Inward::Body { left } => {
                let here = self
                    .held
                    .len()
                    .min(usize::try_from(left).unwrap_or(usize::MAX));
                out.extend_from_slice(&self.held.split_to(here));
                self.state = match left - here as u64 {
                    0 => Inward::Head,
                    left => Inward::Body { left },
                };
                true
            }
            Inward::Unmeasured { head } => self.measure(head, out),
            Inward::Opaque => {
                self.open(out);
                false
            }
        }
    }

    /// A head is whole: decides what follows it.
    fn judge(&mut self, end: usize, out: &mut BytesMut) {
        let head = &self.held[..end];
        let length = header(head, "content-length");
        self.state = if header(head, "transfer-encoding").is_some() {
            Inward::Opaque
        } else {
            match length.map(|range| &head[range]) {
                None => Inward::Head,
                Some(b"-1") => Inward::Unmeasured { head: end },
                Some(text) => match number(text) {
                    Some(0) => Inward::Head,
                    Some(left) => Inward::Body { left },
                    None => Inward::Opaque,
                },
            }
        };
        if !matches!(self.state, Inward::Unmeasured { .. }) {
            let head = self.held.split_to(end);
            if let Some(line) = without_version(&head) {
                out.extend_from_slice(&head[..line]);
                out.extend_from_slice(b" HTTP/1.0");
                out.extend_from_slice(&head[line..]);
            } else {
                out.extend_from_slice(&head);
            }
            self.passed += 1;
        }
    }

    /// Looks for the end of a body that has no length.
    fn measure(&mut self, head: usize, out: &mut BytesMut) -> bool {
        let body = &self.held[head..];
        match body.trim_ascii_start().first() {
            None if body.len() < BLANKS_BEFORE_ENVELOPE => return false,
            Some(b'<') => {}
            // No document: the next request.
            _ => {
                self.release(head, 0, out);
                return true;
            }
        }
        if let Some(end) = end_of_envelope(body, &mut self.searched) {
            self.release(head, end, out);
            return true;
        }
        if body.len() > self.limits.body {
            let length = body.len();
            self.release(head, length, out);
            self.state = Inward::Opaque;
        }
        false
    }

    /// Lets a request pass whose body turned out to have this length.
    fn release(&mut self, head: usize, length: usize, out: &mut BytesMut) {
        let mut whole = self.held.split_to(head + length);
        if let Some(range) = header(&whole[..head], "content-length") {
            out.extend_from_slice(&whole[..range.start]);
            out.extend_from_slice(length.to_string().as_bytes());
            whole.advance(range.end);
        }
        out.extend_from_slice(&whole);
        self.passed += 1;
        self.state = Inward::Head;
        self.searched = 0;
    }

    /// From here on everything passes.
    fn open(&mut self, out: &mut BytesMut) {
        self.state = Inward::Opaque;
        out.extend_from_slice(&self.held);
        self.held = BytesMut::new();
    }

    /// An idle connection holds no buffer.
    fn forget_if_empty(&mut self) {
        if self.held.is_empty() {
            self.held = BytesMut::new();
        }
    }
}

/// How long the request line is if it has no version: Gaim, Kopete and others ask the nexus with
/// `GET /rdr/pprdr.asp` alone, and read an answer with a head all the same.
fn without_version(head: &[u8]) -> Option<usize> {
    let line = head.split(|&byte| byte == b'\n').next()?.trim_ascii_end();
    let target = line.strip_prefix(b"GET /")?;
    (!target.contains(&b' ')).then_some(line.len())
}

/// The end of the first `</Envelope>` with any prefix. `searched` remembers how far there is none.
fn end_of_envelope(body: &[u8], searched: &mut usize) -> Option<usize> {
    loop {
        let at = *searched + body[*searched..].windows(2).position(|two| two == b"</")?;
        *searched = at;
        let length = body[at..].iter().position(|&byte| byte == b'>')?;
        *searched = at + length + 1;
        let name = body[at + 2..at + length].trim_ascii_end();
        let local = name.rsplit(|&byte| byte == b':').next();
        if local == Some(b"Envelope") {
            return Some(*searched);
        }
    }
}

/// More white space than this before a document is taken for no document.
const BLANKS_BEFORE_ENVELOPE: usize = 256;

#[cfg(test)]
mod tests {
    use super::super::tests::in_portions;
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits {
        head: 1000,
        body: 500,
    };

    /// What comes out when the bytes go in by portions of these sizes.
    fn through(bytes: &[u8], cuts: &[usize]) -> (String, Requests) {
        let mut requests = Requests::new(LIMITS);
        let mut out = BytesMut::new();
        in_portions(bytes, cuts, |portion| requests.push(portion, &mut out));
        (String::from_utf8_lossy(&out).into_owned(), requests)
    }

    const PLAIN: &str = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n\r\n\r\nx";
    const BODILESS: &str = "GET /b HTTP/1.1\nHost: x\n\n";
    const BEGIN: &str = "POST /c HTTP/1.1\r\ncontent-LENGTH:-1 \r\nA: -1\r\n\r\n";
    const ENVELOPE: &str = "<s:Envelope><a></a><s:Envelopes></s:Envelopes></s:Envelope >\r\n";

    /// The envelope without the line end after it, which is not passed on.
    fn envelope() -> &'static str {
        ENVELOPE.trim_ascii_end()
    }

    #[test]
    fn a_length_of_minus_one_becomes_the_length_of_the_envelope() {
        let sent = format!("{BEGIN}{ENVELOPE}{PLAIN}{BODILESS}{BEGIN}{ENVELOPE}");
        let mended = BEGIN.replacen("-1", &envelope().len().to_string(), 1) + envelope();
        let expected = format!("{mended}{PLAIN}{BODILESS}{mended}");
        let (out, requests) = through(sent.as_bytes(), &[10_000]);
        assert_eq!(out, expected);
        assert!(requests.is_between());
        assert_eq!(requests.passed(), 4);
        assert_eq!(requests.held.capacity(), 0, "idle holds no buffer");
    }

    #[test]
    fn without_a_body_the_length_becomes_zero() {
        let mended = BEGIN.replacen("-1", "0", 1);
        // The next request follows.
        for between in ["", "\r\n", &" ".repeat(1000)] {
            let (out, _) = through(format!("{BEGIN}{between}{PLAIN}").as_bytes(), &[7]);
            assert_eq!(out, format!("{mended}{PLAIN}"));
        }
        // Nothing follows.
        let (out, mut requests) = through(BEGIN.as_bytes(), &[7]);
        assert_eq!(out, "");
        assert!(requests.lacks_body());
        let mut out = BytesMut::new();
        requests.end_of_body(&mut out);
        assert_eq!(out, mended.as_bytes());
        assert!(!requests.lacks_body());
        requests.push(PLAIN.as_bytes(), &mut out);
        assert_eq!(out, format!("{mended}{PLAIN}").as_bytes());
    }

    #[test]
    fn half_an_envelope_is_waited_for() {
        let (out, mut requests) = through(format!("{BEGIN}<Envelope><a>").as_bytes(), &[3]);
        assert_eq!(out, "");
        assert!(!requests.lacks_body());
        let mut out = BytesMut::new();
        requests.end_of_stream(&mut out);
        let mended = BEGIN.replacen("-1", "13", 1);
        assert_eq!(out, format!("{mended}<Envelope><a>").as_bytes());
    }

    #[test]
    fn a_request_line_without_version_gets_one() {
        for (sent, mended) in [
            (
                "GET /rdr/pprdr.asp\r\n\r\n",
                "GET /rdr/pprdr.asp HTTP/1.0\r\n\r\n",
            ),
            ("GET /\nA: b\n\n", "GET / HTTP/1.0\nA: b\n\n"),
            ("GET /a \r\n\r\n", "GET /a HTTP/1.0 \r\n\r\n"),
            ("GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\n\r\n"),
            ("GET  /a\r\n\r\n", "GET  /a\r\n\r\n"),
            ("VER 1\r\n\r\n", "VER 1\r\n\r\n"),
        ] {
            for cuts in [&[1][..], &[100]] {
                let (out, requests) = through(sent.as_bytes(), cuts);
                assert_eq!(out, mended);
                assert_eq!(requests.passed(), 1);
            }
        }
    }

    #[test]
    fn limits_hold() {
        // A head without end is for the library to refuse.
        let long = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(1000));
        assert_eq!(through(long.as_bytes(), &[100]).0, long);
        // A body without end is announced as too long for whoever counts.
        let endless = format!("{BEGIN}<Envelope>{}", "a".repeat(600));
        let (out, requests) = through(endless.as_bytes(), &[50]);
        assert!(out.contains("content-LENGTH:5") && requests.held.is_empty());
        let length: usize = out[out.find(":5").unwrap() + 1..][..3].parse().unwrap();
        assert!(length > LIMITS.body);
        assert_eq!(requests.state, Inward::Opaque);
    }

    #[test]
    fn what_is_not_understood_passes_unchanged() {
        for text in [
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\nContent-Length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: -2\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "\u{16}\u{3}\u{1}\n\n",
        ] {
            let (mut out, mut requests) = through(text.as_bytes(), &[4]);
            let mut rest = BytesMut::new();
            requests.end_of_stream(&mut rest);
            out.push_str(&String::from_utf8_lossy(&rest));
            assert_eq!(out, text);
        }
    }

    fn message() -> impl Strategy<Value = String> {
        let body = "[ -~]{0,20}";
        prop_oneof![
            body.prop_map(|body| format!(
                "POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )),
            Just(BODILESS.to_owned()),
            Just(PLAIN.to_owned()),
            Just(BEGIN.to_owned()),
            "[ -;=-~]{0,30}".prop_map(|text| format!("{BEGIN}\n<Envelope>{text}</Envelope>\r\n ")),
        ]
    }

    proptest! {
        #[test]
        fn any_portions_give_the_same(
            messages in prop::collection::vec(message(), 1..6),
            cuts in prop::collection::vec(1usize..40, 1..20),
        ) {
            let sent = messages.concat();
            let (whole, by_one) = (through(sent.as_bytes(), &[100_000]), through(sent.as_bytes(), &cuts));
            prop_assert_eq!(&whole.0, &by_one.0);
            prop_assert_eq!(whole.1.lacks_body(), by_one.1.lacks_body());
            prop_assert!(!whole.0.to_ascii_lowercase().contains("length:-1"));
        }

        #[test]
        fn no_bytes_make_it_panic_or_disappear(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            cuts in prop::collection::vec(1usize..40, 1..20),
        ) {
            let mut requests = Requests::new(LIMITS);
            let mut out = BytesMut::new();
            in_portions(&bytes, &cuts, |portion| requests.push(portion, &mut out));
            requests.end_of_stream(&mut out);
            // White space before a head means nothing.
            let black = |bytes: &[u8]| -> Vec<u8> {
                bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
            };
            prop_assert_eq!(black(&out), black(&bytes));
        }
    }
}
