//! A server over a real socket, and a client that knows bytes and nothing else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jiff::Timestamp;
use msnp::server::{Door, Policy};
use msnp::wire::line::Limits;
use msnp::wire::param::Param;
use papilio::admin::Live;
use papilio::config::Config;
use papilio::conversation;
use papilio::directory::ListLimits;
use papilio::http::{self, Services};
use papilio::listen::{Announcer, Reception};
use papilio::node::{self, Node};
use papilio::password::{Password, PasswordSettings, Passwords};
use papilio::per_address::PerAddress;
use papilio::store::account::{Account, NewAccount};
use papilio::store::{Database, Store};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server with one account, alice@example.org, whose password is `secret&1`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) passwords: Passwords,
    pub(crate) node: Arc<Node>,
    pub(crate) router: Router,
    pub(crate) alice: Account,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) running: JoinHandle<()>,
    pub(crate) _folder: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    /// Over plain HTTP alone, whatever else is configured.
    pub(crate) async fn with(mut config: Config) -> Self {
        config.listen.https = None;
        let folder = TempDir::new().unwrap();
        let database = Database::Sqlite {
            path: folder.path().join("papilio.db"),
        };
        let store = Store::open(&database).await.unwrap();
        let passwords = Passwords::new(PasswordSettings {
            memory_kib: 8,
            passes: 1,
            ..config.passwords()
        })
        .unwrap();
        let alice = add(&store, &passwords, "alice@example.org", "secret&1").await;
        let node = node();
        let live = Live::new(&store, Arc::clone(&node)).await.unwrap();
        let reception = Reception {
            node: Arc::clone(&node),
            store: Arc::new(store.clone()),
            per_address: PerAddress::new(None),
            announcer: Arc::new(Announcer::new(None, 1863)),
            door: Door::Main,
        };
        let services = Services::new(&config, &reception, passwords.clone(), Some(live)).unwrap();
        let router = http::router(services);
        let (address, stop, running) = listen(router.clone(), config).await;
        Self {
            address,
            store,
            passwords,
            node,
            router,
            alice,
            stop,
            running,
            _folder: folder,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        self.connect().await.ask(request).await
    }
}

pub(crate) async fn listen(
    router: Router,
    config: Config,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(http::serve(
        listener,
        router,
        config.http,
        PerAddress::new(None),
        async {
            let _ = stopped.await;
        },
    ));
    (address, stop, running)
}

pub(crate) async fn add(
    store: &Store,
    passwords: &Passwords,
    handle: &str,
    password: &str,
) -> Account {
    let password = passwords
        .hash(Password::parse(password).unwrap())
        .await
        .unwrap();
    let account = NewAccount {
        handle: handle.parse().unwrap(),
        name: "Alice & Co".to_owned(),
        password,
        verified: true,
        created_at: Timestamp::now(),
    };
    store.add_account(&account).await.unwrap()
}

/// A client that knows bytes and nothing else.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn ask(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.answer().await
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next answer, a text.
    pub(crate) async fn answer(&mut self) -> Answer {
        let (head, body) = self.answer_in_bytes().await;
        let body = String::from_utf8(body).unwrap();
        Answer { head, body }
    }

    /// The next answer, whose length must be announced letter by letter.
    pub(crate) async fn answer_in_bytes(&mut self) -> (String, Vec<u8>) {
        let head = loop {
            let found = self.buffer.windows(4).position(|w| w == b"\r\n\r\n");
            if let Some(end) = found {
                break String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
            }
            assert!(self.read_more().await, "closed before an answer");
        };
        let length: usize = match head.split_once("\r\nContent-Length: ") {
            Some((_, rest)) => rest[..rest.find("\r\n").unwrap()].parse().unwrap(),
            None => 0,
        };
        while self.buffer.len() < length {
            assert!(self.read_more().await, "closed within an answer");
        }
        let body = self.buffer.drain(..length).collect();
        (head, body)
    }

    pub(crate) async fn read_more(&mut self) -> bool {
        self.stream.read_buf(&mut self.buffer).await.unwrap() > 0
    }

    pub(crate) async fn assert_closed(&mut self) {
        assert!(!self.read_more().await, "still open: {:?}", self.buffer);
    }
}

impl Answer {
    /// The three digits.
    pub(crate) fn status(&self) -> &str {
        &self.head[9..12]
    }

    /// The texts between two literals, found as old clients find them.
    pub(crate) fn between<'a>(&'a self, start: &str, end: &str) -> Vec<&'a str> {
        self.body
            .split(start)
            .skip(1)
            .map(|rest| rest.split_once(end).unwrap().0)
            .collect()
    }
}

/// A request in whatever form, to whatever host.
pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: login.live.com\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

/// Nobody is signed in over the wire here.
fn node() -> Arc<Node> {
    let minute = Duration::from_secs(60);
    Node::new(node::Settings {
        policy: Policy::new(Param::word("http://localhost")),
        wire: Limits::DEFAULT,
        conversations: conversation::Settings {
            open_cookie: minute,
            ring_cookie: minute,
            participants: 0,
            failed_calls: 0,
            backlog: 64 * 1024,
        },
        lists: ListLimits {
            forward: 0,
            allow: 0,
            block: 0,
        },
        mailbox: 0,
        unread: Duration::from_secs(60),
    })
}
