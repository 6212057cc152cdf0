//! MSNSLP: invitations to a transfer, their answers, and its end (transcripts, 5).
//!
//! ```text
//!   INVITE MSNMSGR:bob@example.com MSNSLP/1.0 CRLF
//!   To: ... From: ... Via: ... CSeq: ... Call-ID: ... Max-Forwards: ... Content-Type: ...
//!   Content-Length: the body and its NUL CRLF
//!   CRLF
//!   EUF-GUID: ... SessionID: ... AppID: ... Context: ... CRLF
//!   CRLF NUL
//! ```

use bytes::Bytes;

use crate::error::ParseError;
use crate::handle::Handle;
use crate::soap::guid::Guid;

/// A message of MSNSLP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slp {
    /// What it says.
    pub start: Start,
    /// The transfer that it is about, from its invitation to its end.
    pub call: String,
    /// Answered by the same.
    pub branch: String,
    /// From 0.
    pub sequence: u32,
    /// What is in it.
    pub content: String,
    /// The fields of the body, in their order.
    pub body: Vec<(String, String)>,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// `INVITE`.
    Invite,
    /// `BYE`.
    Bye,
    /// `MSNSLP/1.0 200 OK`, `603 Decline` and the like.
    Answer {
        /// The number.
        code: u16,
        /// The words.
        words: String,
    },
    /// Another request.
    Other(String),
}

/// What an invitation is for.
pub const PICTURE: &str = "{A4268EEC-FEC5-49E5-95C3-F126696BDBF6}";
/// The same.
pub const FILE: &str = "{5D3E02AB-6190-11D3-BBBB-00C04F795683}";

/// What is in an invitation, and in its answer.
pub const SESSION: &str = "application/x-msnmsgr-sessionreqbody";
/// An invitation to a direct connection, and its answer.
pub const BRIDGE: &str = "application/x-msnmsgr-transreqbody";
/// The answer to that.
pub const BRIDGE_ANSWER: &str = "application/x-msnmsgr-transrespbody";
/// What is in the end.
pub const CLOSING: &str = "application/x-msnmsgr-sessionclosebody";

impl Slp {
    /// An invitation.
    pub fn invite(call: Guid, branch: Guid) -> Self {
        Self {
            start: Start::Invite,
            call: braced(call),
            branch: braced(branch),
            sequence: 0,
            content: SESSION.to_owned(),
            body: Vec::new(),
        }
    }

    /// The answer to this invitation.
    pub fn answer(&self, code: u16, words: &str) -> Self {
        Self {
            start: Start::Answer {
                code,
                words: words.to_owned(),
            },
            sequence: self.sequence + 1,
            body: Vec::new(),
            ..self.clone()
        }
    }

    /// The end of the transfer that this was the invitation to.
    pub fn bye(call: &str, branch: Guid) -> Self {
        Self {
            start: Start::Bye,
            call: call.to_owned(),
            branch: braced(branch),
            sequence: 0,
            content: CLOSING.to_owned(),
            body: Vec::new(),
        }
    }

    /// Adds a field to the body.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.body.push((name.to_owned(), value.to_string()));
        self
    }

    /// A field of the body; empty when there is none.
    pub fn field(&self, name: &str) -> &str {
        let mut fields = self.body.iter();
        let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The number of the transfer, if the body has one.
    pub fn session(&self) -> Option<u32> {
        self.field("SessionID").parse().ok()
    }

    /// Writes the message, its NUL included.
    pub fn write(&self, from: &Handle, to: &Handle) -> Bytes {
        let start = match &self.start {
            Start::Invite => format!("INVITE MSNMSGR:{to} MSNSLP/1.0"),
            Start::Bye => format!("BYE MSNMSGR:{to} MSNSLP/1.0"),
            Start::Answer { code, words } => format!("MSNSLP/1.0 {code} {words}"),
            Start::Other(verb) => format!("{verb} MSNMSGR:{to} MSNSLP/1.0"),
        };
        let mut body = String::new();
        for (name, value) in &self.body {
            body.push_str(&format!("{name}: {value}\r\n"));
        }
        body.push_str("\r\n\0");
        let text = format!(
            "{start}\r\nTo: <msnmsgr:{to}>\r\nFrom: <msnmsgr:{from}>\r\n\
             Via: MSNSLP/1.0/TLP ;branch={}\r\nCSeq: {} \r\nCall-ID: {}\r\nMax-Forwards: 0\r\n\
             Content-Type: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.branch,
            self.sequence,
            self.call,
            self.content,
            body.len(),
        );
        text.into()
    }

    /// Reads a message.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const REFUSED: ParseError = ParseError::Payload("MSNSLP");
        let text = std::str::from_utf8(bytes).map_err(|_| REFUSED)?;
        let text = text.trim_end_matches('\0');
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.split("\r\n");
        let start = lines.next().ok_or(REFUSED)?;
        let start = match start.split(' ').collect::<Vec<_>>()[..] {
            ["INVITE", _, "MSNSLP/1.0"] => Start::Invite,
            ["BYE", _, "MSNSLP/1.0"] => Start::Bye,
            [verb, _, "MSNSLP/1.0"] => Start::Other(verb.to_owned()),
            ["MSNSLP/1.0", code, ref words @ ..] => Start::Answer {
                code: code.parse().map_err(|_| REFUSED)?,
                words: words.join(" "),
            },
            _ => return Err(REFUSED),
        };
        let headers = fields(lines);
        let header = |name: &str| {
            let mut headers = headers.iter();
            let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map_or("", |(_, value)| value.as_str())
        };
        let via = header("Via");
        Ok(Self {
            start,
            call: header("Call-ID").to_owned(),
            branch: via.split_once("branch=").map_or("", |(_, b)| b).to_owned(),
            sequence: header("CSeq").parse().unwrap_or_default(),
            content: header("Content-Type").to_owned(),
            body: fields(body.split("\r\n")),
        })
    }
}

fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn braced(guid: Guid) -> String {
    format!("{{{}}}", guid.to_string().to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invitation_of_the_transcripts() {
        let alice = Handle::parse("alice@example.com").unwrap();
        let bob = Handle::parse("bob@example.com").unwrap();
        let guid = |text| Guid::parse(text).unwrap();
        let context = "PG1zbm9iaiBDcmVhdG9yPSJib2JAZXhhbXBsZS5jb20iIFNpemU9IjI1MjM1IiBUeXBlPSIzIiBMb2NhdGlvbj0idWV4QTRERS5kYXQiIEZyaWVuZGx5PSJBQUE9IiBTSEExRD0idlAxcHBCK3hpRlE4Y2VaaXZSZTB1Q2FZTElVPSIgU0hBMUM9Ik1oZDM1d04vNzdUZzZMTUljWjgvZ0FrOG9ZMD0iLz4A";
        let invitation = Slp::invite(
            guid("9D79AE57-1BD5-444B-B14E-3FC9BB2B5D58"),
            guid("33517CE4-02FC-4428-B6F4-39927229B722"),
        )
        .with("EUF-GUID", PICTURE)
        .with("SessionID", 2_216_804)
        .with("AppID", 1)
        .with("Context", context);
        let written = invitation.write(&alice, &bob);
        assert_eq!(written.len(), 650);
        let text = String::from_utf8(written.to_vec()).unwrap();
        assert!(text.contains("\r\nContent-Length: 322\r\n"), "{text}");
        assert_eq!(Slp::parse(&written), Ok(invitation.clone()));
        let answer = invitation.answer(200, "OK").with("SessionID", 2_216_804);
        assert_eq!(Slp::parse(&answer.write(&bob, &alice)), Ok(answer));
    }

    #[test]
    fn what_is_no_slp_is_refused() {
        for text in [
            "",
            "\0",
            "INVITE",
            "MSNSLP/1.0 x OK\r\n\r\n",
            "GET / HTTP/1.1\r\n",
        ] {
            assert!(Slp::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Slp::parse(b"\xff\xfe").is_err());
    }
}
