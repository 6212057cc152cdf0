//! A server with Alice and Bob, who have one another as contacts, and clients of both kinds.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use msnp::server::Door;
use msnp::wire::param::Param;
use papilio::cli::serve;
use papilio::config::Config;
use papilio::http::{self, Gateway, Services};
use papilio::listen::{self, Announcer, Reception};
use papilio::node::Node;
use papilio::password::{PasswordSettings, Passwords};
use papilio::per_address::PerAddress;
use papilio::store::account::Account;
use papilio::store::{Database, Store};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Answer, Client, add};

pub(crate) struct World {
    pub(crate) node: Arc<Node>,
    pub(crate) gateway: Gateway,
    pub(crate) router: axum::Router,
    pub(crate) http: SocketAddr,
    pub(crate) msnp: SocketAddr,
    store: Store,
    pub(crate) alice: Account,
    pub(crate) bob: Account,
    _folder: TempDir,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("papilio.db");
        let store = Store::open(&Database::Sqlite { path }).await.unwrap();
        let passwords = Passwords::new(PasswordSettings {
            memory_kib: 8,
            passes: 1,
            ..config.passwords()
        })
        .unwrap();
        let alice = add(&store, &passwords, "alice@example.com", "a").await;
        let bob = add(&store, &passwords, "bob@example.com", "b").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let msnp = listener.local_addr().unwrap();
        let pages = Param::word("http://localhost");
        let node = Node::new(serve::settings(&config, pages));
        let reception = Reception {
            node: Arc::clone(&node),
            store: Arc::new(store.clone()),
            per_address: PerAddress::new(config.limits.connections_per_address),
            announcer: Arc::new(Announcer::new(config.advertise.as_ref(), msnp.port())),
            door: Door::Main,
        };
        tokio::spawn(listen::accept(listener, reception.clone()));
        let services = Services::new(&config, &reception, passwords, None).unwrap();
        let gateway = services.gateway.clone();
        let router = http::router(services);
        let (http, _stop, _running) = crate::support::listen(router.clone(), config).await;
        Self {
            node,
            gateway,
            router,
            http,
            msnp,
            store,
            alice,
            bob,
            _folder: folder,
            _stop,
        }
    }

    /// The `t` of a ticket.
    fn ticket(&self, account: &Account) -> String {
        let key = self.store.ticket_key();
        key.issue(account, None, Timestamp::now()).t
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, query: &str, body: &str) -> Answer {
        let request = request(&format!("/gateway/gateway.dll?{query}"), body);
        Client::connect(self.http).await.ask(&request).await
    }

    /// A client behind a proxy.
    pub(crate) async fn polling(&self) -> Polling<'_> {
        let opened = self.ask("Action=open&Server=NS&IP=x", "").await;
        let id = Messenger::of(&opened).id;
        Polling {
            world: self,
            id,
            received: opened.body.into(),
            is_closed: false,
        }
    }

    pub(crate) async fn socket(&self) -> Socket {
        let stream = TcpStream::connect(self.msnp).await.unwrap();
        Socket {
            stream,
            received: Vec::new(),
        }
    }

    /// Until its own first presence, `CHL` and mailbox.
    pub(crate) async fn sign_in(&self, account: &Account, carrier: &mut impl Carrier) {
        let handle = &account.handle;
        carrier.say("VER 1 MSNP13\r\n").await;
        carrier.hear("VER 1 MSNP13").await;
        carrier.say(&format!("CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs {handle}\r\nUSR 3 TWN I {handle}\r\n")).await;
        carrier.hear("USR 3 TWN S ").await;
        let ticket = self.ticket(account);
        carrier.say(&format!("USR 4 TWN S t={ticket}&p=\r\n")).await;
        carrier.hear("USR 4 OK ").await;
        let other = match handle.as_str() {
            "bob@example.com" => "alice",
            _ => "bob",
        };
        let list = format!(
            "<ml l=\"1\"><d n=\"example.com\"><c n=\"{other}\" l=\"3\" t=\"1\" /></d></ml>"
        );
        let length = list.len();
        carrier
            .say(&format!(
                "BLP 5 AL\r\nADL 6 {length}\r\n{list}CHG 7 NLN 1611513916\r\n"
            ))
            .await;
        carrier.hear("CHG 7 NLN ").await;
        carrier.hear("CHL 0 ").await;
    }

    /// Two in a conversation: their switchboards.
    pub(crate) async fn call<Caller, Called>(
        &self,
        (caller, caller_sb): (&mut Caller, &mut Caller),
        (called, called_sb): (&mut Called, &mut Called),
        [who, whom]: [&Account; 2],
    ) where
        Caller: Carrier,
        Called: Carrier,
    {
        caller.say("XFR 20 SB\r\n").await;
        let referral = caller.hear("XFR 20 SB ").await;
        let cookie = referral.split(' ').nth(5).unwrap();
        let (from, to) = (&who.handle, &whom.handle);
        caller_sb.say(&format!("USR 1 {from} {cookie}\r\n")).await;
        caller_sb.hear("USR 1 OK ").await;
        caller_sb.say(&format!("CAL 2 {to}\r\n")).await;
        caller_sb.hear("CAL 2 RINGING ").await;
        let ring = called.hear("RNG ").await;
        let words: Vec<_> = ring.split(' ').collect();
        let (session, cookie) = (words[1], words[4]);
        called_sb
            .say(&format!("ANS 1 {to} {cookie} {session}\r\n"))
            .await;
        called_sb.hear("ANS 1 OK").await;
        caller_sb.hear(&format!("JOI {to} ")).await;
    }
}

/// A request in whatever form.
pub(crate) fn request(target: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nHost: gateway.messenger.hotmail.com\r\n\
         Content-Type: application/x-msn-messenger\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// What an answer says in `X-MSN-Messenger`.
#[derive(Debug)]
pub(crate) struct Messenger {
    pub(crate) id: String,
    pub(crate) host: String,
    pub(crate) is_closed: bool,
}

impl Messenger {
    pub(crate) fn of(answer: &Answer) -> Self {
        let lines = answer.head.lines();
        let mut found = lines.filter_map(|line| line.strip_prefix("X-MSN-Messenger: "));
        let text = found.next().unwrap_or_else(|| panic!("{}", answer.head));
        let value = |name: &str| {
            let mut pairs = text.split("; ").filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(key, _)| *key == name);
            found.map_or(String::new(), |(_, value)| value.to_owned())
        };
        Self {
            id: value("SessionID"),
            host: value("GW-IP"),
            is_closed: value("Session") == "close",
        }
    }
}

/// Something over which a client speaks to its server.
pub(crate) trait Carrier {
    async fn say(&mut self, text: &str);
    /// Receives more, at the end of what was; false at the end.
    async fn receive(&mut self, received: &mut Vec<u8>) -> bool;
    /// What was received, and not read yet.
    fn received(&mut self) -> &mut Vec<u8>;

    /// The next command, and behind its line the payload, if it has one.
    async fn read(&mut self) -> Option<String> {
        loop {
            let mut received = std::mem::take(self.received());
            if let Some(command) = whole(&received) {
                let rest = received.split_off(command);
                *self.received() = rest;
                let text = String::from_utf8(received).unwrap();
                return Some(text.trim_end_matches("\r\n").to_owned());
            }
            let more = self.receive(&mut received).await;
            *self.received() = received;
            if !more && whole(self.received()).is_none() {
                assert_eq!(self.received(), b"", "half a command");
                return None;
            }
        }
    }

    /// The first command that begins so; what stands before is skipped.
    async fn hear(&mut self, beginning: &str) -> String {
        loop {
            let command = self.read().await;
            let command = command.unwrap_or_else(|| panic!("closed before {beginning}"));
            if command.starts_with(beginning) {
                return command;
            }
        }
    }

    /// Everything to the end.
    async fn rest(&mut self) -> Vec<String> {
        let mut commands = Vec::new();
        while let Some(command) = self.read().await {
            commands.push(command);
        }
        commands
    }
}

/// How long the first command is, if it is whole (wire-msnp13, 1.2).
fn whole(received: &[u8]) -> Option<usize> {
    let end = received.windows(2).position(|bytes| bytes == b"\r\n")? + 2;
    let line = std::str::from_utf8(&received[..end - 2]).unwrap();
    let length = match line.split(' ').collect::<Vec<_>>()[..] {
        ["MSG" | "GCF" | "UBX" | "NOT", .., length] => length.parse().unwrap(),
        _ => 0,
    };
    (received.len() >= end + length).then_some(end + length)
}

pub(crate) struct Socket {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Carrier for Socket {
    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn receive(&mut self, received: &mut Vec<u8>) -> bool {
        self.stream.read_buf(received).await.unwrap() > 0
    }

    fn received(&mut self) -> &mut Vec<u8> {
        &mut self.received
    }
}

pub(crate) struct Polling<'a> {
    world: &'a World,
    pub(crate) id: String,
    received: Vec<u8>,
    is_closed: bool,
}

impl Polling<'_> {
    /// One request. Its answer is not read any further.
    pub(crate) async fn ask(&mut self, action: &str, body: &str) -> Answer {
        let query = format!("{action}SessionID={}", self.id);
        self.world.ask(&query, body).await
    }

    async fn exchange(&mut self, action: &str, body: &str) -> String {
        let answer = self.ask(action, body).await;
        assert_eq!(answer.status(), "200");
        self.is_closed = Messenger::of(&answer).is_closed;
        answer.body
    }
}

impl Carrier for Polling<'_> {
    async fn say(&mut self, text: &str) {
        let answer = self.exchange("", text).await;
        self.received.extend_from_slice(answer.as_bytes());
    }

    async fn receive(&mut self, received: &mut Vec<u8>) -> bool {
        if self.is_closed {
            return false;
        }
        let answer = self.exchange("Action=poll&Lifespan=60&", "").await;
        received.extend_from_slice(answer.as_bytes());
        true
    }

    fn received(&mut self) -> &mut Vec<u8> {
        &mut self.received
    }
}
