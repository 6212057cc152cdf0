//! A server in this process, and clients that know lines and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use msnp::server::Door;
use msnp::wire::line::{Codec, Limits, Line, Side};
use msnp::wire::param::Param;
use papilio::cli::serve;
use papilio::config::{Config, ListenAddress};
use papilio::listen::{self, Announcer, Reception, SendBuffer};
use papilio::node::Node;
use papilio::password::{Password, PasswordSettings, Passwords};
use papilio::per_address::PerAddress;
use papilio::store::account::NewAccount;
use papilio::store::{Database, Store};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// How much the systems at both ends keep of what is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buffers {
    /// As configured, and as the client's system likes.
    Usual,
    /// As little as they let themselves be told.
    Small,
}

/// A server that ends with the test.
pub(crate) struct House {
    address: SocketAddr,
    store: Store,
    buffers: Buffers,
    _folder: TempDir,
}

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) handle: String,
    address: SocketAddr,
    buffers: Buffers,
    pub(crate) mouth: Mouth,
    pub(crate) ear: Ear,
}

/// Somebody's place in a conversation.
pub(crate) struct Party {
    pub(crate) handle: String,
    pub(crate) mouth: Mouth,
    pub(crate) ear: Ear,
}

/// What a client says.
pub(crate) struct Mouth {
    stream: OwnedWriteHalf,
    trid: u32,
}

/// What a client hears.
pub(crate) struct Ear {
    stream: OwnedReadHalf,
    input: BytesMut,
    codec: Codec,
}

impl House {
    pub(crate) async fn open(buffers: Buffers, config: Config) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("papilio.db");
        let store = Store::open(&Database::Sqlite { path }).await.unwrap();
        let buffer = match buffers {
            Buffers::Usual => config.limits.socket_buffer.unwrap(),
            Buffers::Small => SMALL,
        };
        let buffer = SendBuffer::Bytes(u32::try_from(buffer).unwrap());
        let listener = listen::bind(&ListenAddress::loopback(0), buffer).await;
        let listener = listener.unwrap();
        let address = listener.local_addr().unwrap();
        let reception = Reception {
            node: Node::new(serve::settings(&config, Param::word("http://localhost"))),
            store: Arc::new(store.clone()),
            per_address: PerAddress::new(None),
            announcer: Arc::new(Announcer::new(None, address.port())),
            door: Door::Main,
        };
        tokio::spawn(listen::accept(listener, reception));
        Self {
            address,
            store,
            buffers,
            _folder: folder,
        }
    }

    /// Makes an account, signs it in and shows it.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let handle = format!("{name}@example.com");
        let passwords = passwords();
        let password = passwords.hash(Password::parse("secret").unwrap());
        let new = NewAccount {
            handle: handle.parse().unwrap(),
            name: name.to_owned(),
            password: password.await.unwrap(),
            verified: true,
            created_at: Timestamp::now(),
        };
        let account = self.store.add_account(&new).await.unwrap();
        let key = self.store.ticket_key();
        let ticket = key.issue(&account, None, Timestamp::now()).t;
        let (mut mouth, mut ear) = connect(self.address, self.buffers).await;
        mouth.say("VER 1 MSNP13 CVR0\r\n").await;
        ear.until("VER").await;
        let cvr = format!("CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs {handle}\r\n");
        mouth.say(&cvr).await;
        mouth.say(&format!("USR 3 TWN I {handle}\r\n")).await;
        ear.until("USR").await;
        mouth.say(&format!("USR 4 TWN S t={ticket}&p=\r\n")).await;
        ear.until("USR").await;
        mouth.say("CHG 5 NLN 0\r\n").await;
        ear.until("CHL").await;
        Person {
            handle,
            address: self.address,
            buffers: self.buffers,
            mouth,
            ear,
        }
    }

    /// A conversation of people with these names, in which everybody knows of everybody.
    pub(crate) async fn conversation(&self, names: &[&str]) -> Vec<Party> {
        let mut people = Vec::new();
        for name in names {
            people.push(self.person(name).await);
        }
        let mut parties: Vec<Party> = Vec::new();
        for person in &mut people {
            let party = match parties.first_mut() {
                None => person.open().await,
                Some(caller) => {
                    caller.call(&person.handle).await;
                    person.answer().await
                }
            };
            for other in &mut parties {
                other.ear.until("JOI").await;
            }
            parties.push(party);
        }
        parties
    }
}

impl Person {
    /// Opens a conversation.
    pub(crate) async fn open(&mut self) -> Party {
        self.mouth.say("XFR 6 SB\r\n").await;
        let xfr = self.ear.until("XFR").await;
        let cookie = xfr.args().nth(4).unwrap();
        let enter = format!("USR 1 {} {cookie}\r\n", self.handle);
        self.enter(&enter, "USR").await
    }

    /// Joins the conversation that it is called into.
    pub(crate) async fn answer(&mut self) -> Party {
        let ring = self.ear.until("RNG").await;
        let words: Vec<_> = ring.args().collect();
        let enter = format!("ANS 1 {} {} {}\r\n", self.handle, words[3], words[0]);
        self.enter(&enter, "ANS").await
    }

    async fn enter(&self, line: &str, answer: &str) -> Party {
        let (mut mouth, mut ear) = connect(self.address, self.buffers).await;
        mouth.say(line).await;
        ear.until(answer).await;
        Party {
            handle: self.handle.clone(),
            mouth,
            ear,
        }
    }
}

impl Party {
    pub(crate) async fn call(&mut self, handle: &str) {
        self.mouth.say(&format!("CAL 2 {handle}\r\n")).await;
        self.ear.until("CAL").await;
    }
}

impl Mouth {
    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// A message; its TrID.
    pub(crate) async fn message(&mut self, ack: char, payload: &[u8]) -> u32 {
        self.trid += 1;
        let mut bytes = format!("MSG {} {ack} {}\r\n", self.trid, payload.len()).into_bytes();
        bytes.extend_from_slice(payload);
        self.stream.write_all(&bytes).await.unwrap();
        self.trid
    }
}

impl Ear {
    /// The next line.
    pub(crate) async fn hear(&mut self) -> Line {
        loop {
            if let Some(line) = self.codec.decode(&mut self.input).unwrap() {
                return line;
            }
            let read = self.stream.read_buf(&mut self.input).await.unwrap();
            assert!(read > 0, "closed by the server");
        }
    }

    /// The next line with this verb; what comes before it is of no interest.
    pub(crate) async fn until(&mut self, verb: &str) -> Line {
        loop {
            let line = self.hear().await;
            assert_eq!(line.error_number(), None, "{}", line.text());
            if line.verb() == verb {
                return line;
            }
        }
    }
}

/// The sender and the payload of a `MSG`.
pub(crate) fn message(line: &Line) -> Option<(&str, &Bytes)> {
    let from = (line.verb() == "MSG").then(|| line.args().next())??;
    Some((from, line.payload.as_ref()?))
}

async fn connect(address: SocketAddr, buffers: Buffers) -> (Mouth, Ear) {
    let socket = TcpSocket::new_v4().unwrap();
    if buffers == Buffers::Small {
        let small = u32::try_from(SMALL).unwrap();
        socket.set_send_buffer_size(small).unwrap();
        socket.set_recv_buffer_size(small).unwrap();
    }
    let stream = socket.connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (read, write) = stream.into_split();
    let mouth = Mouth {
        stream: write,
        trid: 10,
    };
    let ear = Ear {
        stream: read,
        input: BytesMut::new(),
        codec: Codec::new(Side::Server, Limits::DEFAULT),
    };
    (mouth, ear)
}

/// As little work as argon2 allows.
fn passwords() -> Passwords {
    Passwords::new(PasswordSettings {
        memory_kib: 8,
        passes: 1,
        waiting: None,
        remember: None,
        remembered: None,
    })
    .unwrap()
}

/// Systems give a little more.
const SMALL: usize = 2048;
