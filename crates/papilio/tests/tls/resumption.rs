//! What was agreed upon by old rules is not taken up again by modern ones.

use openssl::ssl::{SslOptions, SslSession, SslVersion};

use crate::client::{Client, ask};
use crate::house::{House, MODERN_NAME, OLD_NAME};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A suite that both contexts know.
const SUITE: [u8; 2] = [0xc0, 0x2f];

/// How a session is taken up again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Number,
    Ticket,
}

#[tokio::test]
async fn a_session_belongs_to_the_rules_that_it_was_made_by() {
    let house = House::open().await;
    for by in [By::Number, By::Ticket] {
        for (made_at, taken_to, is_taken_up) in [
            (OLD_NAME, OLD_NAME, true),
            (OLD_NAME, MODERN_NAME, false),
            (MODERN_NAME, MODERN_NAME, true),
            (MODERN_NAME, OLD_NAME, false),
        ] {
            let session = session(&house, made_at, by).await;
            let hello = hello(taken_to, &session, by);
            let taken_up = is_taken_up_with(&house, &hello).await;
            assert_eq!(taken_up, is_taken_up, "{by:?} {made_at} {taken_to}");
        }
    }
}

async fn session(house: &House, name: &'static str, by: By) -> SslSession {
    let client = Client {
        versions: (SslVersion::TLS1_2, SslVersion::TLS1_2),
        ciphers: "ECDHE-RSA-AES128-GCM-SHA256".to_owned(),
        options: match by {
            By::Number => SslOptions::NO_TICKET,
            By::Ticket => SslOptions::empty(),
        },
        ..Client::modern(name)
    };
    let mut stream = client.connect(house.address).await.unwrap();
    ask(&mut stream).await;
    stream.ssl().session().unwrap().to_owned()
}

/// TLS 1.2 with the number or the ticket of a session.
fn hello(name: &str, session: &SslSession, by: By) -> Vec<u8> {
    let number = match by {
        By::Number => session.id().to_vec(),
        // Whatever is here comes back if the ticket is taken.
        By::Ticket => vec![1; 32],
    };
    assert_eq!(number.len(), 32);
    let ticket = match by {
        By::Number => Vec::new(),
        By::Ticket => ticket_of(&session.to_der().unwrap()),
    };
    let mut extensions = Vec::new();
    let mut add = |kind: u8, content: &[u8]| {
        extensions.extend([0, kind]);
        extensions.extend(counted(content));
    };
    let mut entry = vec![0];
    entry.extend(counted(name.as_bytes()));
    add(0, &counted(&entry));
    add(10, &[0, 2, 0, 29]);
    add(11, &[1, 0]);
    add(13, &[0, 4, 8, 4, 4, 1]);
    // The session was made with an extended secret, and is taken up with one only.
    add(23, &[]);
    if by == By::Ticket {
        add(35, &ticket);
    }
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.push(32);
    body.extend(number);
    body.extend([0, 2]);
    body.extend(SUITE);
    body.extend([1, 0]);
    body.extend(counted(&extensions));
    let mut message = vec![1, 0];
    message.extend(counted(&body));
    let mut record = vec![0x16, 3, 1];
    record.extend(counted(&message));
    record
}

/// Whether the server goes on with a session: then it changes ciphers after its hello. Else it sends a
/// certificate.
async fn is_taken_up_with(house: &House, hello: &[u8]) -> bool {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(hello).await.unwrap();
    let mut messages = Vec::new();
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.unwrap();
        let mut content = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut content).await.unwrap();
        match head[0] {
            20 => return true,
            22 => messages.extend(content),
            other => panic!("{other} {content:?}"),
        }
        let mut left = messages.as_slice();
        while let Some((&[kind, a, b, c], rest)) = left.split_first_chunk() {
            if kind == 11 {
                return false;
            }
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            left = rest.get(length..).unwrap_or_default();
        }
    }
}

/// The ticket in a session as OpenSSL writes it down: the field with number 10.
fn ticket_of(der: &[u8]) -> Vec<u8> {
    let (_, mut fields, _) = value(der);
    loop {
        let (kind, content, rest) = value(fields);
        if kind == 0xaa {
            return value(content).1.to_vec();
        }
        fields = rest;
    }
}

fn value(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (digits, start) = match der[1] {
        length @ ..0x80 => (vec![length], 2),
        long => {
            let end = 2 + usize::from(long & 0x7f);
            (der[2..end].to_vec(), end)
        }
    };
    let length = digits
        .iter()
        .fold(0, |sum, &digit| sum << 8 | usize::from(digit));
    (der[0], &der[start..start + length], &der[start + length..])
}

fn counted(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    [&length.to_be_bytes()[..], content].concat()
}
