//! Mends the heads of HTTP messages on their way past, where old clients and the HTTP library do
//! not understand one another (services-auth, 0; clients, 15).
//!
//! ```text
//!   client -> Requests -> library      Content-Length: -1   becomes the length of what came
//!   client <- Answers  <- library      Passporturls:        becomes PassportURLs:
//!                                      HTTP/1.0 200         becomes HTTP/1.1 200
//! ```
//!
//! Both are values without I/O: bytes go in by any portions, bytes come out. They follow the
//! framing of messages only as far as they must to know where a head begins; what they do not
//! understand they pass on unchanged, for the library to judge.

use bytes::{Buf, BytesMut};

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
            out.extend_from_slice(&self.held.split_to(end));
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

/// Answers on their way out.
#[derive(Debug)]
pub struct Answers {
    state: Outward,
    held: BytesMut,
    searched: usize,
    passed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outward {
    Head,
    Body { left: u64 },
    Opaque,
}

impl Answers {
    /// At the start of a connection.
    pub fn new() -> Self {
        Self {
            state: Outward::Head,
            held: BytesMut::new(),
            searched: 0,
            passed: 0,
        }
    }

    /// How many heads have passed, those that only announce others (`100 Continue`) not counted.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Takes bytes of the library and appends to `out` what may go to the client.
    ///
    /// Every answer with a body must have a `Content-Length`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut BytesMut) {
        while !bytes.is_empty() {
            match &mut self.state {
                Outward::Opaque => {
                    out.extend_from_slice(bytes);
                    return;
                }
                Outward::Body { left } => {
                    let here = bytes
                        .len()
                        .min(usize::try_from(*left).unwrap_or(usize::MAX));
                    out.extend_from_slice(&bytes[..here]);
                    bytes = &bytes[here..];
                    *left -= here as u64;
                    if *left == 0 {
                        self.state = Outward::Head;
                    }
                }
                Outward::Head => {
                    let before = self.held.len();
                    self.held.extend_from_slice(bytes);
                    let Some(end) = end_of_head(&self.held, &mut self.searched) else {
                        return;
                    };
                    bytes = &bytes[end - before..];
                    self.held.truncate(end);
                    self.passed += u64::from(!self.held.starts_with(b"HTTP/1.1 1"));
                    self.state = mend(&mut self.held);
                    self.searched = 0;
                    out.extend_from_slice(&self.held);
                    self.held = BytesMut::new();
                }
            }
        }
    }

    /// The library wants everything written. It writes whole heads, so what is still held back is
    /// none, and there is nothing to understand any more.
    pub fn flush(&mut self, out: &mut BytesMut) {
        if !self.held.is_empty() {
            out.extend_from_slice(&self.held);
            self.held = BytesMut::new();
            self.state = Outward::Opaque;
        }
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self::new()
    }
}

/// Mends the head of an answer, none of whose bytes changes its place, and says what follows it.
fn mend(head: &mut [u8]) -> Outward {
    // A client of HTTP/1.0 understands a server of 1.1, and some clients look for just that.
    if head.starts_with(b"HTTP/1.0 ") {
        head[..9].copy_from_slice(b"HTTP/1.1 ");
    }
    for exact in EXACT_NAMES {
        if let Some(range) = header(head, exact) {
            // The name ends with the colon before the value.
            let colon = head[..range.start].iter().rposition(|&byte| byte == b':');
            if let Some(start) = colon.and_then(|colon| colon.checked_sub(exact.len())) {
                head[start..start + exact.len()].copy_from_slice(exact.as_bytes());
            }
        }
    }
    if header(head, "transfer-encoding").is_some() {
        return Outward::Opaque;
    }
    let length = header(head, "content-length").and_then(|range| number(&head[range]));
    match length {
        None | Some(0) => Outward::Head,
        Some(left) => Outward::Body { left },
    }
}

/// The names whose case no rule gives; clients read them letter by letter (services-auth, 0).
const EXACT_NAMES: [&str; 3] = ["PassportURLs", "WWW-Authenticate", "X-MSN-Messenger"];

/// More white space than this before a document is taken for no document.
const BLANKS_BEFORE_ENVELOPE: usize = 256;

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
fn header(head: &[u8], name: &str) -> Option<std::ops::Range<usize>> {
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

#[cfg(test)]
mod tests {
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

    fn back(bytes: &[u8], cuts: &[usize]) -> String {
        let mut answers = Answers::new();
        let mut out = BytesMut::new();
        in_portions(bytes, cuts, |portion| answers.push(portion, &mut out));
        answers.flush(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn in_portions(mut bytes: &[u8], cuts: &[usize], mut push: impl FnMut(&[u8])) {
        let mut cuts = cuts.iter().copied().cycle();
        while !bytes.is_empty() {
            let (portion, rest) = bytes.split_at(cuts.next().unwrap_or(1).min(bytes.len()));
            push(portion);
            bytes = rest;
        }
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

    #[test]
    fn three_names_and_the_version_are_mended_in_heads_alone() {
        let body = "Passporturls: x\r\n\r\nHTTP/1.0 Www-Authenticate: \r\n";
        let sent = format!(
            "HTTP/1.1 100 Continue\r\n\r\n\
             HTTP/1.0 200 OK\r\nPassporturls: Passporturls:\r\nWww-Authenticate:  y\r\n\
             X-Msn-Messenger: \r\nContent-Length: {}\r\n\r\n{body}\
             HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nwww-authenticate: z\r\n\r\n\
             HTTP/1.1 404 Not Found\r\n\r\n",
            body.len()
        );
        let expected = format!(
            "HTTP/1.1 100 Continue\r\n\r\n\
             HTTP/1.1 200 OK\r\nPassportURLs: Passporturls:\r\nWWW-Authenticate:  y\r\n\
             X-MSN-Messenger: \r\nContent-Length: {}\r\n\r\n{body}\
             HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nWWW-Authenticate: z\r\n\r\n\
             HTTP/1.1 404 Not Found\r\n\r\n",
            body.len()
        );
        assert_eq!(back(sent.as_bytes(), &[10_000]), expected);
        assert_eq!(back(sent.as_bytes(), &[1]), expected);
        let mut answers = Answers::new();
        answers.push(sent.as_bytes(), &mut BytesMut::new());
        assert_eq!(answers.passed(), 3);
    }

    #[test]
    fn nothing_of_an_answer_is_kept_back_for_good() {
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nPassporturls: \r\n";
        assert_eq!(back(chunked.as_bytes(), &[5]), chunked);
        assert_eq!(back(b"half a head", &[5]), "half a head");
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
        fn answers_keep_their_length_and_any_portions_give_the_same(
            bodies in prop::collection::vec("(Passporturls: |\r\n|[a-z]){0,9}", 1..5),
            cuts in prop::collection::vec(1usize..40, 1..20),
        ) {
            let sent: String = bodies.iter().map(|body| format!(
                "HTTP/1.1 200 OK\r\nPassporturls: a\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )).collect();
            let whole = back(sent.as_bytes(), &[100_000]);
            prop_assert_eq!(whole.matches("PassportURLs: a\r\n").count(), bodies.len());
            prop_assert_eq!(whole.len(), sent.len());
            prop_assert_eq!(whole, back(sent.as_bytes(), &cuts));
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
            let mut answers = Answers::new();
            let mut out = BytesMut::new();
            in_portions(&bytes, &cuts, |portion| answers.push(portion, &mut out));
            answers.flush(&mut out);
            prop_assert_eq!(out.len(), bytes.len());
        }
    }
}
