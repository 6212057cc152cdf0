//! Answers: names and version as old clients look for them (services-auth, 0).

use bytes::BytesMut;

use super::{end_of_head, header, number};

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
    for line in head.split_mut(|&byte| byte == b'\n') {
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(0);
        let name = &mut line[..colon];
        for exact in EXACT_NAMES {
            if name.eq_ignore_ascii_case(exact.as_bytes()) {
                name.copy_from_slice(exact.as_bytes());
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

#[cfg(test)]
mod tests {
    use super::super::tests::in_portions;
    use super::*;
    use proptest::prelude::*;

    fn back(bytes: &[u8], cuts: &[usize]) -> String {
        let mut answers = Answers::new();
        let mut out = BytesMut::new();
        in_portions(bytes, cuts, |portion| answers.push(portion, &mut out));
        answers.flush(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn three_names_and_the_version_are_mended_in_heads_alone() {
        let body = "Passporturls: x\r\n\r\nHTTP/1.0 Www-Authenticate: \r\n";
        let sent = format!(
            "HTTP/1.1 100 Continue\r\n\r\n\
             HTTP/1.0 200 OK\r\nPassporturls: Passporturls:\r\nWww-Authenticate:  y\r\n\
             X-Msn-Messenger: \r\nContent-Length: {}\r\n\r\n{body}\
             HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nwww-authenticate: z\r\n\
             A: b\r\nwww-authenticate: z\r\n\r\n\
             HTTP/1.1 404 Not Found\r\n\r\n",
            body.len()
        );
        let expected = format!(
            "HTTP/1.1 100 Continue\r\n\r\n\
             HTTP/1.1 200 OK\r\nPassportURLs: Passporturls:\r\nWWW-Authenticate:  y\r\n\
             X-MSN-Messenger: \r\nContent-Length: {}\r\n\r\n{body}\
             HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nWWW-Authenticate: z\r\n\
             A: b\r\nWWW-Authenticate: z\r\n\r\n\
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

    proptest! {
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
        fn no_bytes_make_it_panic_or_change_their_number(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            cuts in prop::collection::vec(1usize..40, 1..20),
        ) {
            let mut answers = Answers::new();
            let mut out = BytesMut::new();
            in_portions(&bytes, &cuts, |portion| answers.push(portion, &mut out));
            answers.flush(&mut out);
            prop_assert_eq!(out.len(), bytes.len());
        }
    }
}
