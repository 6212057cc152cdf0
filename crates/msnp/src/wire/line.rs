//! The line codec: cuts a byte stream into lines, each with its payload (wire-msnp13, 1.1 to 1.4).
//!
//! ```text
//!   VERB SP parameter SP parameter ... CRLF
//!   VERB SP parameter ... SP length CRLF length-bytes-of-payload
//! ```
//!
//! Which verbs carry a payload depends on the direction, so a [`Codec`] knows whose bytes it reads.
//! The limits live here: a peer can make us hold one line and one payload, no more.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

/// Who wrote the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A client, to a dispatch, notification or switchboard server.
    Client,
    /// A server, to its client.
    Server,
}

/// How much of what a peer may send. In bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest command line, line end included.
    pub line: usize,
    /// The longest payload of what people say: `MSG` and `UUM`.
    pub message: usize,
    /// The longest payload of anything else.
    pub payload: usize,
}

impl Limits {
    /// wire-msnp13, 1.4.
    pub const DEFAULT: Self = Self {
        line: 8192,
        message: 1664,
        payload: 65536,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// One framed command: its line, without the line end, and its payload if its verb carries one.
/// Holds secrets and what people say to one another, so `Debug` shows the verb and sizes alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// The payload, byte for byte; `None` when the command carries none.
    pub payload: Option<Bytes>,
}

/// The stream cannot be cut into lines any further. Nothing after this point can be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No line end within the limit.
    #[error("command line longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Not three upper-case letters (or three digits from a server).
    #[error("malformed verb {verb:?}")]
    Verb {
        /// What stood there, cut to a few characters.
        verb: String,
    },
    /// The length of the payload is not a decimal number.
    #[error("{verb}: malformed payload length")]
    PayloadLength {
        /// The verb of the command.
        verb: String,
    },
    /// The payload is longer than its verb allows.
    #[error("{verb}: payload of {length} bytes where {limit} are allowed")]
    PayloadTooLong {
        /// The line that announced it, so that it can be answered.
        verb: String,
        /// The TrID, if there was one.
        trid: Option<u32>,
        /// What the line announced.
        length: u64,
        /// What is allowed.
        limit: usize,
    },
}

/// Cuts bytes into [`Line`]s.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    side: Side,
    limits: Limits,
}

impl Codec {
    /// A codec for bytes that `side` writes.
    pub const fn new(side: Side, limits: Limits) -> Self {
        Self { side, limits }
    }

    /// Takes the next whole line, with its payload, off the front of `input`.
    ///
    /// `Ok(None)` means that more bytes are needed; `input` is unchanged then.
    pub fn decode(&self, input: &mut BytesMut) -> Result<Option<Line>, LineError> {
        let window = &input[..input.len().min(self.limits.line)];
        let Some(end) = window.iter().position(|&byte| byte == b'\n') else {
            if input.len() >= self.limits.line {
                return Err(LineError::TooLong {
                    limit: self.limits.line,
                });
            }
            return Ok(None);
        };
        let line = trim_end(&window[..end]);
        // The usual case first: looking for what to replace takes several times as long.
        let text = match std::str::from_utf8(line) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(line).into_owned(),
        };
        let line = Line {
            text,
            payload: None,
        };
        if !line.verb_is_well_formed(self.side) {
            return Err(LineError::Verb {
                // What stands there may be what people say to one another, its length being wrong.
                verb: line.text.chars().take(3).collect(),
            });
        }
        let Some(length) = self.payload_length(&line)? else {
            input.advance(end + 1);
            return Ok(Some(line));
        };
        // Without a limit a peer may announce more than a number holds.
        if input.len() - (end + 1) < length {
            return Ok(None);
        }
        input.advance(end + 1);
        let payload = Some(input.split_to(length).freeze());
        Ok(Some(Line { payload, ..line }))
    }

    /// How many bytes of payload follow this line; `None` when its verb carries none.
    fn payload_length(&self, line: &Line) -> Result<Option<usize>, LineError> {
        if !carries_payload(self.side, line) {
            return Ok(None);
        }
        let malformed = || LineError::PayloadLength {
            verb: line.verb().to_owned(),
        };
        // A client's TrID is no length: what it meant to send after it cannot be known.
        let before_length = match self.side {
            Side::Client => 1,
            Side::Server => 0,
        };
        let last = line.args().skip(before_length).last();
        let last = last.ok_or_else(malformed)?;
        if !last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        let length: u64 = last.parse().map_err(|_| malformed())?;
        let limit = match line.verb() {
            "MSG" | "UUM" if self.side == Side::Client => self.limits.message,
            _ => self.limits.payload,
        };
        match usize::try_from(length) {
            Ok(length) if length <= limit => Ok(Some(length)),
            _ => Err(LineError::PayloadTooLong {
                verb: line.verb().to_owned(),
                trid: line.trid(),
                length,
                limit,
            }),
        }
    }
}

impl Line {
    /// A line without its end, as a peer would have sent it. Not checked: for tests and clients.
    pub fn new(text: impl Into<String>, payload: Option<Bytes>) -> Self {
        Self {
            text: text.into(),
            payload,
        }
    }

    /// The whole line without its end. May hold secrets (`USR TWN S`): not for logs.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The verb, or the error number.
    pub fn verb(&self) -> &str {
        self.text.split_ascii_whitespace().next().unwrap_or("")
    }

    /// What follows the verb, TrID first where there is one. Repeated spaces and tabs count once.
    pub fn args(&self) -> std::iter::Skip<std::str::SplitAsciiWhitespace<'_>> {
        self.text.split_ascii_whitespace().skip(1)
    }

    /// The TrID: the first argument as a number from 0 to 4294967295.
    pub fn trid(&self) -> Option<u32> {
        let digits = self.args().next()?;
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    }

    /// The error number, if the verb is one.
    pub fn error_number(&self) -> Option<u16> {
        let verb = self.verb();
        (verb.len() == 3 && verb.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| verb.parse().ok())?
    }

    fn verb_is_well_formed(&self, side: Side) -> bool {
        let verb = self.verb().as_bytes();
        verb.len() == 3
            && self.text.as_bytes().starts_with(verb)
            && (verb.iter().all(u8::is_ascii_uppercase)
                || side == Side::Server && verb.iter().all(u8::is_ascii_digit))
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("verb", &self.verb().chars().take(3).collect::<String>())
            .field("bytes", &self.text.len())
            .field("payload", &self.payload.as_ref().map(Bytes::len))
            .finish()
    }
}

/// The payload table (wire-msnp13, 1.2; wire-versions for the verbs of other versions). A verb has
/// a payload in every version that knows it, so the table needs no version.
fn carries_payload(side: Side, line: &Line) -> bool {
    let third_is_number = || {
        let mut args = line.args().skip(1);
        args.next()
            .is_some_and(|arg| arg.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match (side, line.verb()) {
        (
            Side::Client,
            "ADL" | "DEL" | "FQY" | "MSG" | "PGD" | "PUT" | "QRY" | "RML" | "SDC" | "SDG" | "UUM"
            | "UUN" | "UUX" | "VAS",
        ) => true,
        (
            Side::Server,
            "FQY" | "GCF" | "IPG" | "MSG" | "NFY" | "NOT" | "SDG" | "UBM" | "UBN" | "UBX",
        ) => true,
        (Side::Server, "ADL" | "RML" | "PUT" | "DEL") => third_is_number(),
        (Side::Server, _) => line.error_number().is_some() && third_is_number(),
        (Side::Client, _) => false,
    }
}

fn trim_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLIENT: Codec = Codec::new(Side::Client, Limits::DEFAULT);
    const SERVER: Codec = Codec::new(Side::Server, Limits::DEFAULT);

    fn all(codec: Codec, bytes: &[u8]) -> Result<Vec<Line>, LineError> {
        let mut input = BytesMut::from(bytes);
        let mut lines = Vec::new();
        while let Some(line) = codec.decode(&mut input)? {
            lines.push(line);
        }
        Ok(lines)
    }

    #[test]
    fn lines_end_with_crlf_or_lf_and_fields_with_any_white_space() {
        let lines = all(CLIENT, b"VER 1 MSNP13 CVR0\r\nPNG\nCHG  5\tNLN 0 \r\n").unwrap();
        let verbs: Vec<_> = lines.iter().map(Line::verb).collect();
        assert_eq!(verbs, ["VER", "PNG", "CHG"]);
        assert_eq!(lines[2].args().collect::<Vec<_>>(), ["5", "NLN", "0"]);
        assert_eq!(lines[2].trid(), Some(5));
    }

    #[test]
    fn payloads_follow_the_table_of_their_side() {
        let lines = all(CLIENT, b"UUX 11 3\r\n<a>PNG\r\n").unwrap();
        assert_eq!(lines[0].payload.as_deref(), Some(&b"<a>"[..]));
        assert_eq!(lines[1].verb(), "PNG");

        let lines = all(
            SERVER,
            b"UUX 11 0\r\nADL 3 OK\r\nADL 0 4\r\n<ml>241 5 2\r\nab715 6\r\nQNG 50\r\n",
        )
        .unwrap();
        let payloads: Vec<_> = lines.iter().map(|line| line.payload.as_deref()).collect();
        assert_eq!(
            payloads,
            [None, None, Some(&b"<ml>"[..]), Some(&b"ab"[..]), None, None]
        );
    }

    #[test]
    fn an_empty_payload_is_a_payload() {
        let lines = all(SERVER, b"UBX a@b 0\r\n").unwrap();
        assert_eq!(lines[0].payload.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn limits_hold() {
        assert_eq!(
            all(CLIENT, &[b'A'; 8192]),
            Err(LineError::TooLong { limit: 8192 })
        );
        assert!(all(CLIENT, &[b'A'; 8191]).unwrap().is_empty());
        let too_long = all(CLIENT, b"MSG 6 N 1665\r\n").unwrap_err();
        assert!(matches!(
            too_long,
            LineError::PayloadTooLong {
                trid: Some(6),
                length: 1665,
                limit: 1664,
                ..
            }
        ));
        assert!(all(CLIENT, b"ADL 6 65537\r\n").is_err());
        assert!(all(CLIENT, b"ADL 6 99999999999999999999999\r\n").is_err());
        for line in [
            "UUX 1 -1\r\n",
            "UUX 1 x\r\n",
            "UUX\r\n",
            "UUX 1\r\n",
            "UUX 1 +5\r\n",
        ] {
            assert!(
                matches!(
                    all(CLIENT, line.as_bytes()),
                    Err(LineError::PayloadLength { .. })
                ),
                "{line}"
            );
        }
    }

    #[test]
    fn without_limits_any_length_is_waited_for() {
        let unlimited = Codec::new(
            Side::Client,
            Limits {
                line: usize::MAX,
                message: usize::MAX,
                payload: usize::MAX,
            },
        );
        for line in [
            format!("UUX 1 {}\r\nabc", usize::MAX),
            format!("MSG 1 N {}\r\nabc", usize::MAX - 14),
        ] {
            assert_eq!(all(unlimited, line.as_bytes()), Ok(Vec::new()), "{line}");
        }
    }

    #[test]
    fn debug_and_errors_show_neither_secrets_nor_messages() {
        let lines = all(CLIENT, b"USR 7 TWN S t=secret&p=\r\nMSG 8 N 6\r\nsecret").unwrap();
        let shown = format!("{lines:?}");
        assert!(
            shown.contains("USR") && shown.contains("Some(6)"),
            "{shown}"
        );
        assert!(
            !shown.contains("secret") && !shown.contains("115"),
            "{shown}"
        );
        // The length was wrong, and what is said is taken for a command.
        let error = all(CLIENT, b"MSG 8 N 2\r\nI secretly ...\r\n").unwrap_err();
        assert_eq!(error.to_string(), "malformed verb \"sec\"");
    }

    #[test]
    fn verbs_are_three_capitals_or_three_digits_of_a_server() {
        for line in [
            "ver 1\r\n",
            "VERS 1\r\n",
            "\r\n",
            " VER 1\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "V\u{e9}R\r\n",
            "911 1\r\n",
        ] {
            let outcome = all(CLIENT, line.as_bytes());
            if line.starts_with("GET") {
                assert!(outcome.is_err(), "the empty line ends it");
            } else {
                assert!(matches!(outcome, Err(LineError::Verb { .. })), "{line}");
            }
        }
        assert_eq!(
            all(SERVER, b"911 7\r\n").unwrap()[0].error_number(),
            Some(911)
        );
    }

    #[test]
    fn what_is_not_utf8_is_replaced_in_lines_and_kept_in_payloads() {
        let lines = all(CLIENT, b"MSG 1 N 2\r\n\xff\x00PRP 2 MFN a\xffb\r\n").unwrap();
        assert_eq!(lines[0].payload.as_deref(), Some(&b"\xff\x00"[..]));
        assert_eq!(lines[1].args().last(), Some("a\u{fffd}b"));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines(
            parts in prop::collection::vec(
                prop_oneof![
                    "[A-Z]{3}( [!-~]{1,9}){0,4}\r?\n".prop_filter("no payload verb", |text| {
                        !carries_payload(Side::Client, &Line::new(text.trim_end(), None))
                    }).prop_map(String::into_bytes),
                    prop::collection::vec(any::<u8>(), 0..40).prop_map(|payload| {
                        let mut bytes = format!("UUX 7 {}\r\n", payload.len()).into_bytes();
                        bytes.extend(payload);
                        bytes
                    }),
                ],
                0..12,
            ),
            cuts in prop::collection::vec(1usize..30, 1..40),
        ) {
            let bytes = parts.concat();
            let whole = all(CLIENT, &bytes);
            let mut input = BytesMut::new();
            let mut chunked = Vec::new();
            let (mut rest, mut cuts) = (&bytes[..], cuts.into_iter().cycle());
            while !rest.is_empty() {
                let (chunk, later) = rest.split_at(cuts.next().unwrap_or(1).min(rest.len()));
                input.extend_from_slice(chunk);
                rest = later;
                while let Some(line) = CLIENT.decode(&mut input).unwrap() {
                    chunked.push(line);
                }
            }
            prop_assert_eq!(whole.as_ref().map(Vec::len), Ok(parts.len()));
            prop_assert_eq!(whole, Ok(chunked));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = all(CLIENT, &bytes);
            let _ = all(SERVER, &bytes);
        }
    }
}
