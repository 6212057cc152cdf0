//! The pure world: the server's node and sessions as values, accounts in memory, simulated time.
//!
//! After each step every mailbox is delivered until there is no more post, so that a step and all
//! that it causes are one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::BytesMut;
use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::server::{self, Closing, Input, Refusal};
use msnp::wire::param::Param;
use papilio::connection::driver::{Ask, Driver, Output};
use papilio::connection::welcome;
use papilio::node::{Node, Settings};
use papilio::store::account::Account;

use super::book::Book;
use super::frame::next_frame;
use super::play::{Client, Received, World};
use super::script::{Door, Operation, Outcome, Script, SoapRequest};
use super::template::show;

/// Where clients connect from and to (documentation addresses, as in the reference transcripts).
const PEER: ([u8; 4], u16) = ([192, 0, 2, 10], 18183);
const SERVER: &str = "192.0.2.5:1863";

/// The pages for people.
pub(crate) const PAGES: &str = "http://messenger.example.net";

/// See the module.
pub(crate) struct Pure {
    node: Arc<Node>,
    book: Book,
    now: Instant,
    connections: BTreeMap<String, Connection>,
}

struct Connection {
    /// `None` when closed, by whichever side.
    driver: Option<Driver>,
    /// What the server has not made a command of yet.
    input: BytesMut,
    /// What the client has not looked at yet.
    received: Vec<u8>,
    /// Whether the client knows that it is closed.
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Unseen,
    Seen,
}

impl Pure {
    /// A node that nobody has connected to.
    pub(crate) fn new(script: &Script, settings: Settings) -> Self {
        Self {
            node: Node::new(settings),
            book: Book::new(script),
            now: Instant::now(),
            connections: BTreeMap::new(),
        }
    }

    /// Lets one connection do something, and everybody hear of it.
    fn act(&mut self, label: &str, act: impl FnOnce(&mut Driver, &mut BytesMut, &mut Output)) {
        let connection = self.connections.get_mut(label).expect("not connected");
        let Some(mut driver) = connection.driver.take() else {
            return;
        };
        let mut out = Output::default();
        act(&mut driver, &mut connection.input, &mut out);
        connection.put_back(driver, out);
        self.deliver();
    }

    /// Carries out what the offline message services are asked. Whether it was for them.
    fn mail(&mut self, by: &Handle, request: &SoapRequest) -> bool {
        let Self { node, book, .. } = self;
        let directory = &node.directory;
        let account = book.find(by).expect("no such account").clone();
        match request {
            SoapRequest::Store { to, text, outcome } => {
                let recipient = book.mail_recipient(to, by);
                let is_taken = directory.takes_mail(&recipient, account.id);
                assert_eq!(is_taken, *outcome == Outcome::Done, "{request:?}");
                if is_taken {
                    let mail = book.mail.keep(&account, recipient.id, to, text);
                    directory.mail_arrived(recipient.id, &mail);
                }
            }
            SoapRequest::GetMessages => {
                for id in book.mail.read(account.id) {
                    directory.mail_marked_read(account.id, id);
                }
            }
            SoapRequest::DeleteMessages => {
                let deleted = book.mail.delete(account.id);
                directory.mails_deleted(account.id, &deleted);
            }
            _ => return false,
        }
        true
    }

    fn deliver(&mut self) {
        loop {
            let mut quiet = true;
            for connection in self.connections.values_mut() {
                let Some(mut driver) = connection.driver.take() else {
                    continue;
                };
                let post = driver.mailbox().take();
                quiet &= post.0.is_empty();
                let mut out = Output::default();
                driver.deliver(self.now, post, &mut out);
                connection.put_back(driver, out);
            }
            if quiet {
                return;
            }
        }
    }

    /// The earliest moment at which a session wants to be woken.
    fn next_timer(&self) -> Option<(Instant, String)> {
        let timers = self.connections.iter().filter_map(|(label, connection)| {
            let at = connection.driver.as_ref()?.wake_at()?;
            Some((at, label.clone()))
        });
        timers.min()
    }
}

impl Connection {
    /// Writes what there is to write, and closes if that is what to do.
    fn put_back(&mut self, driver: Driver, out: Output) {
        for bytes in out.bytes {
            self.received.extend_from_slice(&bytes);
        }
        for receipt in out.receipts {
            receipt.written();
        }
        match out.closing {
            None => self.driver = Some(driver),
            Some(_) if self.end == End::Open => self.end = End::Unseen,
            Some(_) => {}
        }
    }
}

impl World for Pure {
    fn server(&self) -> String {
        SERVER.to_owned()
    }

    fn pages(&self) -> String {
        PAGES.to_owned()
    }

    fn connect(&mut self, label: &str, door: Door) -> Client {
        let door = match door {
            Door::Main => server::Door::Main,
            Door::Dispatch => server::Door::Dispatch,
        };
        let address = Param::new(SERVER).unwrap();
        let peer = SocketAddr::from(PEER);
        let driver = self.node.open(door, address, peer, self.now);
        let connection = Connection {
            driver: Some(driver),
            input: BytesMut::new(),
            received: Vec::new(),
            end: End::Open,
        };
        let before = self.connections.insert(label.to_owned(), connection);
        let open = before.is_some_and(|before| before.end != End::Seen);
        assert!(!open, "{label} is connected already");
        Client {
            ip: peer.ip().to_string(),
            port: peer.port(),
        }
    }

    fn send(&mut self, label: &str, bytes: &[u8]) {
        let (codec, now) = (self.node.codec(), self.now);
        // `act` cannot lend the book while it has the connections.
        let mut book = std::mem::take(&mut self.book);
        self.act(label, |driver, input, out| {
            input.extend_from_slice(bytes);
            while out.closing.is_none() {
                let next = match codec.decode(input) {
                    Ok(Some(line)) => Input::Line(line),
                    Ok(None) => break,
                    Err(error) => Input::Broken(error),
                };
                let mut ask = driver.feed(now, next, out);
                while let Some(question) = ask {
                    ask = answer(&mut book, driver, now, question, out);
                }
            }
        });
        self.book = book;
    }

    fn receive(&mut self, label: &str) -> Received {
        let connection = self.connections.get_mut(label).expect("not connected");
        if let Some(frame) = next_frame(&mut connection.received) {
            return Received::Frame(frame);
        }
        let rest = std::mem::take(&mut connection.received);
        if connection.end == End::Open {
            return Received::Nothing(rest);
        }
        connection.end = End::Seen;
        Received::Closed(rest)
    }

    fn hang_up(&mut self, label: &str) {
        if let Some(connection) = self.connections.get_mut(label) {
            connection.end = End::Seen;
        }
        self.act(label, |driver, _, out| {
            driver.close(Closing::Done("connection closed by its client"), out);
        });
    }

    fn ticket(&mut self, account: &Handle) -> String {
        self.book.issue(account)
    }

    fn ticket_and_secret(&mut self, account: &Handle) -> (String, String) {
        let ticket = self.book.issue(account);
        let secret = BASE64.encode(Book::secret_of(&ticket));
        (ticket, secret)
    }

    fn soap(&mut self, by: &Handle, request: &SoapRequest) {
        if self.mail(by, request) {
            self.deliver();
            return;
        }
        let changes = self.book.apply(by, request);
        let account = self.book.find(by).expect("no such account");
        self.node
            .directory
            .apply(account, changes, Timestamp::now());
        self.deliver();
    }

    fn operate(&mut self, operation: Operation, whom: &Handle) {
        let (account, before) = self.book.end_sessions(whom, operation);
        self.node.directory.end_sessions(account, before);
        self.node.conversations.end_seats(account);
        self.deliver();
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((at, label)) = self.next_timer().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            let now = self.now;
            self.act(&label, |driver, _, out| {
                let ask = driver.feed(now, Input::Timer, out);
                assert!(ask.is_none(), "a timer asked the store");
            });
        }
        self.now = end;
    }

    fn shut_down(&mut self) {
        self.node.shut_down();
        self.deliver();
    }

    fn unexpected(&mut self) -> Option<String> {
        let labels: Vec<_> = self.connections.keys().cloned().collect();
        labels.iter().find_map(|label| self.unexpected_by(label))
    }

    fn finish(&mut self) -> Option<String> {
        self.unexpected()
    }

    fn server_log(&self) -> String {
        String::new()
    }

    fn unexpected_by(&mut self, label: &str) -> Option<String> {
        let connection = &self.connections[label];
        if !connection.received.is_empty() {
            let received = show(&connection.received);
            return Some(format!("nobody expected: {label}< {received}"));
        }
        let closed = connection.end == End::Unseen;
        closed.then(|| format!("nobody expected: {label}< closed"))
    }
}

/// Answers what a driver asks the store, as a connection does.
fn answer(
    book: &mut Book,
    driver: &mut Driver,
    now: Instant,
    ask: Ask,
    out: &mut Output,
) -> Option<Ask> {
    match ask {
        Ask::Verify {
            handle,
            ticket,
            showing,
            dialect,
        } => {
            let secret = Book::secret_of(ticket.as_str());
            let account = book.account_of(&ticket);
            let right = |account: &&Account| account.handle == handle && showing.is_good(&secret);
            let Some(account) = account.filter(right) else {
                return driver.verified(now, Err(Refusal::Ticket), out);
            };
            let account = account.clone();
            let id = driver.sign_in(&account, dialect);
            driver.fill_mail(book.mail.snapshot(id));
            let roster = book.roster_of(id);
            let welcome = welcome(driver, &account, ticket, Timestamp::now(), roster);
            driver.verified(now, Ok(welcome), out)
        }
        Ask::Accounts { named, purpose } => {
            let found = |handle: &Handle| book.find(handle).filter(|found| !found.disabled);
            let known = |handle: Handle| Some((handle.clone(), found(&handle)?.id));
            let found = named.into_iter().filter_map(known).collect();
            driver.found(now, purpose, Ok(found), out)
        }
    }
}
