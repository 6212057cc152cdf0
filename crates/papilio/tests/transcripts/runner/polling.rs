//! A client behind a proxy: what it would send over a socket it posts to the gateway, and it polls
//! for what it would read (wire-msnp13, 10).
//!
//! Everything that it sends goes in two requests, the first of which ends in the middle: how a
//! command is cut must not matter.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

/// See the module.
pub(crate) struct Polling {
    address: String,
    session: Session,
    /// Answered, and not read yet.
    received: Vec<u8>,
}

enum Session {
    None,
    Open(String),
    Closed,
}

impl Polling {
    /// A client of the gateway at this address.
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            session: Session::None,
            received: Vec::new(),
        }
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        self.ask("", first);
        self.ask("", rest);
    }

    /// Reads what was answered, else polls; `WouldBlock` when there is nothing.
    pub(crate) fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.received.is_empty() {
            self.ask("Action=poll&Lifespan=1&", b"");
        }
        let length = bytes.len().min(self.received.len());
        bytes[..length].copy_from_slice(&self.received[..length]);
        self.received.drain(..length);
        match (&self.session, length) {
            (Session::Closed, _) | (_, 1..) => Ok(length),
            _ => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Goes without waiting for an answer.
    pub(crate) fn hang_up(mut self) {
        self.ask("", b"OUT\r\n");
    }

    /// One request, and its answer.
    fn ask(&mut self, action: &str, body: &[u8]) {
        let query = match &self.session {
            Session::None => "Action=open&Server=NS&IP=messenger.hotmail.com".to_owned(),
            Session::Open(id) => format!("{action}SessionID={id}"),
            Session::Closed => return,
        };
        let length = body.len();
        let head = format!(
            "POST http://{0}/gateway/gateway.dll?{query} HTTP/1.1\r\nHost: {0}\r\n\
             Content-Type: application/x-msn-messenger\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n",
            self.address
        );
        let mut stream = match TcpStream::connect(&self.address) {
            Ok(stream) => stream,
            Err(_) => return self.session = Session::Closed,
        };
        // The body goes with the head: nobody need wait for it.
        let request = [head.as_bytes(), body].concat();
        let mut answer = Vec::new();
        let answered = stream
            .write_all(&request)
            .and_then(|()| stream.read_to_end(&mut answer));
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let (Ok(_), Some(end)) = (answered, end) else {
            return self.session = Session::Closed;
        };
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        self.received.extend_from_slice(&answer[end + 4..]);
        let session = head
            .lines()
            .find_map(|line| line.strip_prefix("X-MSN-Messenger: "))
            .unwrap_or_else(|| panic!("no X-MSN-Messenger: {head}"));
        let value = |name: &str| {
            let mut pairs = session.split("; ").filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        self.session = match (value("SessionID"), value("Session")) {
            (Some(id), None) if head.starts_with("HTTP/1.1 200 OK") => Session::Open(id.to_owned()),
            (_, Some("close")) => Session::Closed,
            _ => panic!("neither open nor closed: {head}"),
        };
    }
}
