//! The world in which clients and server meet: see `main`.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use msnp::client::service::{Reply, ServiceError, ServiceRequest};
use msnp::client::speech::Speech;
use msnp::client::switchboard::{self, Switchboard};
use msnp::client::{
    Ask, AskError, AskId, Closing, Effect, Event, FetchId, Identity, Input, MailHandling, Outcome,
    Seed, Session, Settings,
};
use msnp::handle::Handle;
use msnp::presence::{Capabilities, Status, UserData};
use msnp::proof::challenge::Product;
use msnp::roster::Lists;
use msnp::server::{self, Door};
use msnp::soap::rst;
use msnp::wire::command::session::Software;
use msnp::wire::line::{Codec, Limits, Side};
use msnp::wire::param::Param;
use msnp::wire::version::Version;
use papilio::connection::driver::{self, Driver, Output};
use papilio::mailbox::{Overflow, Post};
use papilio::store::Store;
use papilio::store::roster::ImportedContact;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::house::{House, answer, ask_service};

/// The orders of events that each test tries. `PAIR_SEEDS=100..2000` tries others.
pub(crate) fn seeds() -> Range<u64> {
    let Ok(range) = std::env::var("PAIR_SEEDS") else {
        return 0..20;
    };
    let (from, to) = range.split_once("..").expect("PAIR_SEEDS=from..to");
    from.parse().unwrap()..to.parse().unwrap()
}

/// A server and its clients.
pub(crate) struct World {
    pub(crate) people: Vec<Person>,
    pub(crate) chats: Vec<Chat>,
    pub(crate) random: StdRng,
    now: Instant,
    cables: Vec<Cable>,
    errands: Vec<Errand>,
    next_ask: u64,
    pub(crate) house: House,
}

/// One account's client.
pub(crate) struct Person {
    pub(crate) handle: Handle,
    pub(crate) events: Vec<Event>,
    pub(crate) done: BTreeMap<AskId, Result<Outcome, AskError>>,
    pub(crate) closing: Option<Closing>,
    status: Status,
    session: Option<Session>,
    cable: Option<usize>,
}

/// One account's part in one conversation.
pub(crate) struct Chat {
    pub(crate) owner: usize,
    pub(crate) heard: Vec<(Handle, String)>,
    pub(crate) done: BTreeMap<AskId, Result<(), switchboard::AskError>>,
    pub(crate) closing: Option<switchboard::Closing>,
    pub(crate) board: Option<Switchboard>,
    cable: usize,
}

/// Who is at the client's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Person(usize),
    Chat(usize),
}

/// A connection: what is on its way, and the server's end.
struct Cable {
    reader: Reader,
    driver: Option<Driver>,
    /// What the server has, and has not made a command of.
    server_input: BytesMut,
    client_input: BytesMut,
    to_server: BytesMut,
    to_client: BytesMut,
    posts: VecDeque<Post>,
    /// The end comes behind what is on its way.
    client_left: bool,
    server_left: bool,
    client_told: bool,
    /// Nothing gets through, and nobody is told.
    silent: bool,
    /// Nothing gets through, and both ends are told some time.
    cut: bool,
}

/// A request to a service, or its answer.
struct Errand {
    person: usize,
    id: FetchId,
    state: ErrandState,
}

enum ErrandState {
    Request(ServiceRequest),
    Answer(Result<Reply, ServiceError>),
}

/// Something that can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    ToServer(usize),
    ToClient(usize),
    Post(usize),
    Errand(usize),
}

impl World {
    /// Accounts of these names that all have one another as contacts.
    pub(crate) fn of_friends(seed: u64, names: &[&str]) -> Self {
        let world = Self::of_strangers(seed, names);
        let mut rows = Vec::new();
        for owner in names {
            for contact in names.iter().filter(|name| *name != owner) {
                let (owner, contact) = (handle(owner), handle(contact));
                let lists = Lists::FORWARD | Lists::ALLOW;
                rows.push(ImportedContact {
                    owner,
                    contact,
                    lists,
                });
            }
        }
        let importing = world.house.store.import_contacts(&rows, Timestamp::now());
        world.house.runtime.block_on(importing).unwrap();
        world
    }

    /// Accounts of these names.
    pub(crate) fn of_strangers(seed: u64, names: &[&str]) -> Self {
        let house = House::of(names);
        Self {
            people: Vec::new(),
            chats: Vec::new(),
            random: StdRng::seed_from_u64(seed),
            now: Instant::now(),
            cables: Vec::new(),
            errands: Vec::new(),
            next_ask: 0,
            house,
        }
    }

    // ---- What people do ------------------------------------------------------------------------

    /// Begins to sign in; the number of the new client.
    pub(crate) fn connect(&mut self, name: &str) -> usize {
        let versions = [Version::MSNP13, Version::MSNP14, Version::MSNP15];
        let version = versions[self.random.random_range(0..3)];
        self.connect_by(name, version, Door::Main)
    }

    pub(crate) fn connect_by(&mut self, name: &str, version: Version, door: Door) -> usize {
        let settings = settings(name, version, self.random.random());
        let number = self.people.len();
        let cable = self.plug(Reader::Person(number), door);
        self.people.push(Person {
            handle: handle(name),
            events: Vec::new(),
            done: BTreeMap::new(),
            closing: None,
            status: Status::Online,
            session: Some(Session::new(settings, self.now)),
            cable: Some(cable),
        });
        self.feed(number, Input::Connected);
        number
    }

    /// Begins to sign in, and waits until everything that follows has happened.
    pub(crate) fn sign_in(&mut self, name: &str) -> usize {
        let number = self.connect(name);
        self.settle();
        assert!(
            self.is_signed_in(number),
            "{:?}",
            self.people[number].closing
        );
        number
    }

    pub(crate) fn is_signed_in(&self, number: usize) -> bool {
        let person = &self.people[number];
        let shown = person.events.iter();
        person.closing.is_none() && shown.into_iter().any(|e| matches!(e, Event::SignedIn))
    }

    pub(crate) fn ask(&mut self, number: usize, ask: Ask) -> AskId {
        self.next_ask += 1;
        let id = AskId(self.next_ask);
        if let Ask::Status(status) = ask {
            self.people[number].status = status;
        }
        self.feed(number, Input::Ask { id, ask });
        id
    }

    /// Asks, waits for everything that follows, and wants it to be done.
    pub(crate) fn done(&mut self, number: usize, ask: Ask) -> Outcome {
        let id = self.ask(number, ask);
        self.settle();
        self.people[number].done[&id].clone().unwrap()
    }

    pub(crate) fn ask_in(&mut self, chat: usize, ask: switchboard::Ask) -> AskId {
        self.next_ask += 1;
        let id = AskId(self.next_ask);
        self.feed_chat(chat, switchboard::Input::Ask { id, ask });
        id
    }

    /// A conversation that this client opens: its number.
    pub(crate) fn open_chat(&mut self, number: usize) -> usize {
        let Outcome::Switchboard(referral) = self.done(number, Ask::OpenSwitchboard) else {
            panic!("no switchboard");
        };
        let me = self.people[number].handle.clone();
        let board = Switchboard::opened(me, referral, self.now);
        self.enter(number, board)
    }

    fn enter(&mut self, owner: usize, board: Switchboard) -> usize {
        let number = self.chats.len();
        let cable = self.plug(Reader::Chat(number), Door::Main);
        self.chats.push(Chat {
            owner,
            heard: Vec::new(),
            done: BTreeMap::new(),
            closing: None,
            board: Some(board),
            cable,
        });
        self.feed_chat(number, switchboard::Input::Connected);
        number
    }

    /// What a client last said to be.
    pub(crate) fn status(&self, number: usize) -> Status {
        self.people[number].status
    }

    /// The book of a client.
    pub(crate) fn book(&self, number: usize) -> &msnp::client::contacts::ContactBook {
        let session = self.people[number].session.as_ref().unwrap();
        session.contacts().expect("not signed in")
    }

    // ---- What happens to cables ----------------------------------------------------------------

    fn plug(&mut self, reader: Reader, door: Door) -> usize {
        let peer = SocketAddr::from(([192, 0, 2, 10], 18183));
        let address = Param::word("192.0.2.5:1863");
        let driver = self.house.node.open(door, address, peer, self.now);
        self.cables.push(Cable {
            reader,
            driver: Some(driver),
            server_input: BytesMut::new(),
            client_input: BytesMut::new(),
            to_server: BytesMut::new(),
            to_client: BytesMut::new(),
            posts: VecDeque::new(),
            client_left: false,
            server_left: false,
            client_told: false,
            silent: false,
            cut: false,
        });
        self.cables.len() - 1
    }

    /// Cuts a client's connection: what is on its way is lost, and both ends are told some time.
    pub(crate) fn cut(&mut self, number: usize) {
        if let Some(cable) = self.people[number].cable {
            self.cut_cable(cable);
        }
    }

    /// Cuts a conversation's connection.
    pub(crate) fn cut_chat(&mut self, number: usize) {
        self.cut_cable(self.chats[number].cable);
    }

    fn cut_cable(&mut self, number: usize) {
        let cable = &mut self.cables[number];
        cable.to_server.clear();
        cable.to_client.clear();
        cable.cut = true;
        cable.client_left = true;
        cable.server_left = true;
    }

    /// Nothing goes through a client's connection any more, and nobody is told.
    pub(crate) fn silence(&mut self, number: usize) {
        if let Some(cable) = self.people[number].cable {
            self.cables[cable].silent = true;
        }
    }

    /// The next errand of a service comes to nothing, if there is one.
    pub(crate) fn lose_an_errand(&mut self) -> bool {
        let Some(errand) = self.errands.first_mut() else {
            return false;
        };
        let service = match &errand.state {
            ErrandState::Request(request) => request.service,
            ErrandState::Answer(_) => msnp::client::service::Service::SignIn,
        };
        errand.state = ErrandState::Answer(Err(ServiceError::Unreachable {
            service,
            why: "lost".to_owned(),
        }));
        true
    }

    /// The next request that is on its way has a ticket that is none, as an old one is.
    pub(crate) fn spoil_a_ticket(&mut self) {
        let spoilt = self.errands.iter_mut().find_map(|errand| {
            let ErrandState::Request(request) = &mut errand.state else {
                return None;
            };
            request.cookie = None;
            request.body = request.body.replace(">t=", ">t=x");
            Some(())
        });
        spoilt.expect("no request is on its way");
    }

    // ---- What moves ----------------------------------------------------------------------------

    /// Moves until nothing moves any more.
    pub(crate) fn settle(&mut self) {
        while self.step() {}
    }

    /// So many moves, or fewer if nothing moves any more.
    pub(crate) fn steps(&mut self, count: usize) {
        for _ in 0..count {
            if !self.step() {
                return;
            }
        }
    }

    /// One move of those that are possible.
    pub(crate) fn step(&mut self) -> bool {
        let mut moves = Vec::new();
        for (number, cable) in self.cables.iter_mut().enumerate() {
            cable.fetch_posts();
            moves.extend(cable.moves(number));
        }
        moves.extend((0..self.errands.len()).map(Move::Errand));
        if moves.is_empty() {
            return false;
        }
        match moves[self.random.random_range(0..moves.len())] {
            Move::ToServer(cable) => self.reach_server(cable),
            Move::ToClient(cable) => self.reach_client(cable),
            Move::Post(cable) => self.post(cable),
            Move::Errand(errand) => self.errand(errand),
        }
        true
    }

    /// Lets time pass, and everything happen that it brings.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            self.settle();
            let servers = self
                .cables
                .iter()
                .enumerate()
                .filter_map(|(number, cable)| {
                    let at = cable.driver.as_ref()?.wake_at()?;
                    Some((at, Timer::Server(number)))
                });
            let people = self
                .people
                .iter()
                .enumerate()
                .filter_map(|(number, person)| {
                    let at = person.session.as_ref()?.wake_at()?;
                    Some((at, Timer::Person(number)))
                });
            let chats = self.chats.iter().enumerate().filter_map(|(number, chat)| {
                let at = chat.board.as_ref()?.wake_at()?;
                Some((at, Timer::Chat(number)))
            });
            let next = servers.chain(people).chain(chats).min_by_key(|(at, _)| *at);
            let Some((at, timer)) = next.filter(|(at, _)| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            match timer {
                Timer::Server(number) => {
                    self.serve(number, |driver, now, _, out| {
                        driver.feed(now, server::Input::Timer, out)
                    });
                }
                Timer::Person(number) => self.feed(number, Input::Timer),
                Timer::Chat(number) => self.feed_chat(number, switchboard::Input::Timer),
            }
        }
    }

    fn reach_server(&mut self, number: usize) {
        let cable = &mut self.cables[number];
        if cable.to_server.is_empty() {
            self.serve(number, |driver, _, _, out| {
                driver.close(server::Closing::Done("hung up"), out);
                None
            });
            return;
        }
        let length = self.random.random_range(1..=cable.to_server.len());
        let bytes = cable.to_server.split_to(length);
        cable.server_input.extend_from_slice(&bytes);
        let codec = self.house.node.codec();
        loop {
            let cable = &mut self.cables[number];
            let next = match codec.decode(&mut cable.server_input) {
                _ if cable.driver.is_none() => return,
                Ok(Some(line)) => server::Input::Line(line),
                Ok(None) => return,
                Err(error) => server::Input::Broken(error),
            };
            self.serve(number, |driver, now, _, out| driver.feed(now, next, out));
        }
    }

    fn post(&mut self, number: usize) {
        let post = self.cables[number].posts.pop_front();
        let posts = (post.into_iter().collect(), Overflow::No);
        self.serve(number, |driver, now, _, out| {
            driver.deliver(now, posts, out);
            None
        });
    }

    /// Lets the server's end of a cable do something.
    fn serve(
        &mut self,
        number: usize,
        act: impl FnOnce(&mut Driver, Instant, &Store, &mut Output) -> Option<driver::Ask>,
    ) {
        let Some(mut driver) = self.cables[number].driver.take() else {
            return;
        };
        let mut out = Output::default();
        let mut ask = act(&mut driver, self.now, &self.house.store, &mut out);
        while let Some(question) = ask {
            let answering = answer(&mut driver, question, &self.house.store, self.now, &mut out);
            ask = self.house.runtime.block_on(answering);
        }
        let cable = &mut self.cables[number];
        for bytes in out.bytes.into_iter().filter(|_| !cable.cut) {
            cable.to_client.extend_from_slice(&bytes);
        }
        for receipt in out.receipts {
            receipt.written();
        }
        match out.closing {
            None => cable.driver = Some(driver),
            Some(_) => {
                cable.server_left = true;
                // What nobody will read is not delivered, and its senders are told.
                cable.posts.clear();
            }
        }
    }

    fn reach_client(&mut self, number: usize) {
        let cable = &mut self.cables[number];
        let reader = cable.reader;
        if cable.to_client.is_empty() {
            cable.client_told = true;
            match reader {
                Reader::Person(person) if self.people[person].cable == Some(number) => {
                    self.feed(person, Input::End);
                }
                Reader::Person(_) => {}
                Reader::Chat(chat) => self.feed_chat(chat, switchboard::Input::End),
            }
            return;
        }
        let length = self.random.random_range(1..=cable.to_client.len());
        let bytes = cable.to_client.split_to(length);
        cable.client_input.extend_from_slice(&bytes);
        let codec = Codec::new(Side::Server, Limits::DEFAULT);
        while let Some(line) = codec.decode(&mut self.cables[number].client_input).unwrap() {
            match reader {
                Reader::Person(person) if self.people[person].cable == Some(number) => {
                    self.feed(person, Input::Line(line));
                }
                Reader::Person(_) => {}
                Reader::Chat(chat) => self.feed_chat(chat, switchboard::Input::Line(line)),
            }
        }
    }

    /// A request reaches its service, or an answer its client.
    fn errand(&mut self, number: usize) {
        let Errand { person, id, state } = self.errands.swap_remove(number);
        match state {
            ErrandState::Request(request) => {
                let router = self.house.router.clone();
                let reply = self.house.runtime.block_on(ask_service(router, request));
                let state = ErrandState::Answer(Ok(reply));
                self.errands.push(Errand { person, id, state });
            }
            ErrandState::Answer(outcome) => self.feed(person, Input::Fetched { id, outcome }),
        }
    }

    fn feed(&mut self, number: usize, input: Input) {
        let Some(session) = self.people[number].session.take() else {
            return;
        };
        let mut effects = Vec::new();
        self.people[number].session = Some(session.handle(self.now, input, &mut effects));
        for effect in effects {
            let cable = self.people[number].cable;
            match effect {
                Effect::Send(bytes) => self.cables[cable.unwrap()].say(&bytes),
                Effect::Reconnect { .. } => {
                    if let Some(cable) = cable {
                        self.cables[cable].client_left = true;
                    }
                    let cable = self.plug(Reader::Person(number), Door::Main);
                    self.people[number].cable = Some(cable);
                    self.feed(number, Input::Connected);
                }
                Effect::Fetch { id, request } => self.errands.push(Errand {
                    person: number,
                    id,
                    state: ErrandState::Request(request),
                }),
                Effect::Event(Event::Ringing(ring)) => {
                    let me = self.people[number].handle.clone();
                    self.enter(number, Switchboard::called(me, ring, self.now));
                }
                Effect::Event(event) => self.people[number].events.push(event),
                Effect::Done { id, outcome } => {
                    let before = self.people[number].done.insert(id, outcome);
                    assert!(before.is_none(), "done twice");
                }
                Effect::Close(closing) => {
                    self.people[number].closing = Some(closing);
                    if let Some(cable) = cable {
                        self.cables[cable].client_left = true;
                    }
                }
            }
        }
    }

    fn feed_chat(&mut self, number: usize, input: switchboard::Input) {
        let Some(board) = self.chats[number].board.take() else {
            return;
        };
        let mut effects = Vec::new();
        let board = board.handle(self.now, input, &mut effects);
        let chat = &mut self.chats[number];
        chat.board = Some(board);
        for effect in effects {
            let cable = &mut self.cables[chat.cable];
            match effect {
                switchboard::Effect::Send(bytes) => cable.say(&bytes),
                switchboard::Effect::Event(switchboard::Event::Said { from, speech }) => {
                    if let Speech::Text(text) = speech {
                        chat.heard.push((from, text.words));
                    }
                }
                switchboard::Effect::Event(_) => {}
                switchboard::Effect::Done { id, outcome } => {
                    let before = chat.done.insert(id, outcome);
                    assert!(before.is_none(), "done twice");
                }
                switchboard::Effect::Close(closing) => {
                    chat.closing = Some(closing);
                    cable.client_left = true;
                }
            }
        }
    }
}

enum Timer {
    Server(usize),
    Person(usize),
    Chat(usize),
}

impl Cable {
    fn fetch_posts(&mut self) {
        if let Some(driver) = &self.driver {
            let (posts, overflow) = driver.mailbox().take();
            assert_eq!(overflow, Overflow::No);
            self.posts.extend(posts);
        }
    }

    fn moves(&self, number: usize) -> impl Iterator<Item = Move> {
        let open = self.driver.is_some();
        let heard = !self.to_server.is_empty() || self.client_left;
        let told = !self.to_client.is_empty() || self.server_left && !self.client_told;
        [
            (open && heard && !self.silent).then_some(Move::ToServer(number)),
            (told && !self.silent).then_some(Move::ToClient(number)),
            (open && !self.posts.is_empty()).then_some(Move::Post(number)),
        ]
        .into_iter()
        .flatten()
    }

    /// The client writes.
    fn say(&mut self, bytes: &Bytes) {
        if !self.client_left {
            self.to_server.extend_from_slice(bytes);
        }
    }
}

fn settings(name: &str, version: Version, seed: [u8; 16]) -> Settings {
    let word = Param::word;
    Settings {
        mail: MailHandling::default(),
        identity: Identity {
            handle: handle(name),
            password: rst::Password::new(PASSWORD),
        },
        software: Software {
            locale: word("0x0409"),
            os: word("winnt"),
            os_version: word("5.1"),
            architecture: word("i386"),
            name: word("MSNMSGR"),
            version: word("8.0.0787"),
            brand: word("msmsgs"),
        },
        product: Product::WLM_8_0,
        versions: vec![version],
        status: Status::Online,
        capabilities: Capabilities(0x5000_0000),
        picture: None,
        data: UserData::default(),
        seed: Seed(seed),
    }
}

pub(crate) fn handle(name: &str) -> Handle {
    Handle::parse(&format!("{name}@example.com")).unwrap()
}

pub(crate) const PASSWORD: &str = "secret&<1>";
