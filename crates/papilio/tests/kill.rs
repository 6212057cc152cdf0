//! kill -9 in the middle of SOAP writes: after a restart every acknowledged change is there, and of
//! what was under way there is all or nothing (DESIGN, section 6, 7). Here the address book; in `kill/`
//! the other services, and a backup that is taken meanwhile.
//!
//! ```text
//!   six clients, each with an account, a list of what they want and one of what was acknowledged
//!        |  ABContactAdd  AddMember  ABGroupAdd  ABContactUpdate  ABContactDelete ...
//!   papilio serve  <- SIGKILL after so many answers, whoever is waiting for one
//!   papilio serve  -> ABFindAll, FindMembership = acknowledged (+ what was under way, or not)
//! ```

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "support/http.rs"]
mod support;

#[path = "kill/backup.rs"]
mod backup;
#[path = "kill/offline_messages.rs"]
mod offline_messages;
#[path = "kill/pictures.rs"]
mod pictures;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use papilio::config::Config;
use papilio::password::Passwords;
use papilio::store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use support::{Client, add, post};

const CLIENTS: usize = 6;
const ROUNDS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_change_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let mut people = people(folder.path()).await;
    for round in 0..ROUNDS {
        let server = Server::start(folder.path());
        let answers = Arc::new(Answers::until(25 + 19 * round));
        let mut running = JoinSet::new();
        for person in people {
            running.spawn(person.work(server.address, Arc::clone(&answers)));
        }
        answers.reached(&mut running).await;
        drop(server);
        people = running.join_all().await;
        let interrupted = people
            .iter()
            .filter(|person| person.under_way.is_some())
            .count();
        assert!(interrupted > 0, "the end came in the middle");

        let server = Server::start(folder.path());
        for person in &mut people {
            person.find_everything(server.address).await;
        }
        assert_both_sides_agree(&people);
    }
}

/// Counts answers, and says when there are enough.
struct Answers {
    count: AtomicUsize,
    most: usize,
    enough: Notify,
}

impl Answers {
    fn until(most: usize) -> Self {
        Self {
            count: AtomicUsize::new(0),
            most,
            enough: Notify::new(),
        }
    }

    /// Waits until there are enough. A client that ends before has met something wrong.
    async fn reached<T: 'static>(&self, running: &mut JoinSet<T>) {
        tokio::select! {
            () = self.enough.notified() => {}
            Some(ended) = running.join_next() => panic!("a client ended: {:?}", ended.err()),
        }
    }

    fn one_more(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) + 1 == self.most {
            self.enough.notify_one();
        }
    }
}

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_papilio"))
            .args(["serve", "--http", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut ready).unwrap();
        let address = ready.split_once(" http=").unwrap().1;
        Self {
            child,
            address: address.split([' ', '\n']).next().unwrap().parse().unwrap(),
        }
    }
}

impl Drop for Server {
    /// kill -9.
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Makes the accounts, who know no one yet.
async fn people(folder: &Path) -> Vec<Person> {
    let config = Config {
        data: folder.to_owned(),
        ..Config::default()
    };
    let store = Store::open(&config.database()).await.unwrap();
    let passwords = Passwords::new(config.passwords()).unwrap();
    let mut people = Vec::new();
    for number in 0..CLIENTS {
        let account = add(&store, &passwords, &handle(number), "x").await;
        let ticket = store.ticket_key().issue(&account, None, Timestamp::now()).t;
        people.push(Person::new(number, ticket));
    }
    store.close().await;
    people
}

fn handle(number: usize) -> String {
    format!("n{number}@example.org")
}

/// One client and what it knows to be stored.
struct Person {
    number: usize,
    ticket: String,
    known: State,
    /// The ids of the contacts.
    ids: BTreeMap<String, String>,
    /// Who is on RL, as it was found last.
    reverse: BTreeSet<String>,
    /// What was asked and not answered.
    under_way: Option<Change>,
    step: usize,
}

/// What an account's address book and memberships say.
#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    /// Who is on FL.
    contacts: BTreeSet<String>,
    /// Who is on AL or BL.
    members: BTreeMap<String, &'static str>,
    groups: BTreeSet<String>,
    name: Option<String>,
}

#[derive(Clone, Debug)]
enum Change {
    Add(String),
    Delete(String),
    Member(&'static str, String),
    Group(String),
    Name(String),
}

impl State {
    fn after(&self, change: &Change) -> Self {
        let mut after = self.clone();
        match change {
            Change::Add(who) => {
                after.contacts.insert(who.clone());
            }
            Change::Delete(who) => {
                after.contacts.remove(who);
            }
            Change::Member(role, who) => {
                after.members.insert(who.clone(), role);
            }
            Change::Group(name) => {
                after.groups.insert(name.clone());
            }
            Change::Name(name) => after.name = Some(name.clone()),
        }
        after
    }
}

impl Person {
    /// Somebody who knows no one yet.
    fn new(number: usize, ticket: String) -> Self {
        Self {
            number,
            ticket,
            known: State::default(),
            ids: BTreeMap::new(),
            reverse: BTreeSet::new(),
            under_way: None,
            step: 0,
        }
    }

    /// Changes one thing after another until the server is no more.
    async fn work(mut self, address: SocketAddr, answers: Arc<Answers>) -> Self {
        let Ok(mut stream) = TcpStream::connect(address).await else {
            return self;
        };
        loop {
            let change = self.next_change();
            let request = self.request(&change);
            self.under_way = Some(change.clone());
            let Some(answer) = exchange(&mut stream, &self.posted(&request)).await else {
                return self;
            };
            assert!(answer.contains(" 200 OK\r\n"), "{change:?}: {answer}");
            self.under_way = None;
            self.known = self.known.after(&change);
            if let Change::Add(who) = change {
                let id = answer.split_once("<guid>").unwrap().1;
                self.ids.insert(who, id[..36].to_owned());
            }
            answers.one_more();
        }
    }

    /// Something that is not so yet.
    fn next_change(&mut self) -> Change {
        loop {
            self.step += 1;
            let who = handle((self.number + 1 + self.step / 5 % (CLIENTS - 1)) % CLIENTS);
            let change = match self.step % 5 {
                0 => Change::Add(who),
                1 if self.known.members.get(&who) == Some(&"Block") => Change::Member("Allow", who),
                1 => Change::Member("Block", who),
                2 if self.known.groups.len() < 30 => Change::Group(self.step.to_string()),
                3 => Change::Name(format!("name {}", self.step)),
                4 => Change::Delete(who),
                _ => continue,
            };
            if self.known.after(&change) != self.known {
                return change;
            }
        }
    }

    fn posted(&self, request: &str) -> String {
        let cookie = format!("Cookie: MSPAuth={};MSPProf=\r\n", self.ticket);
        let envelope = format!("<Envelope><Body>{request}</Body></Envelope>");
        post("/abservice/abservice.asmx", &cookie, &envelope)
    }

    async fn ask(&self, address: SocketAddr, request: &str) -> String {
        let answer = Client::connect(address)
            .await
            .ask(&self.posted(request))
            .await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
        answer.body
    }

    fn request(&self, change: &Change) -> String {
        match change {
            Change::Add(who) => format!(
                "<ABContactAdd><contacts><Contact><contactInfo><passportName>{who}</passportName>\
                 <isMessengerUser>true</isMessengerUser></contactInfo></Contact></contacts>\
                 </ABContactAdd>"
            ),
            Change::Delete(who) => format!(
                "<ABContactDelete><contacts><Contact><contactId>{}</contactId></Contact></contacts>\
                 </ABContactDelete>",
                self.ids[who]
            ),
            Change::Member(role, who) => format!(
                "<AddMember><memberships><Membership><MemberRole>{role}</MemberRole><Members>\
                 <Member><PassportName>{who}</PassportName></Member></Members></Membership>\
                 </memberships></AddMember>"
            ),
            Change::Group(name) => format!(
                "<ABGroupAdd><groupInfo><GroupInfo><name>{name}</name></GroupInfo></groupInfo>\
                 </ABGroupAdd>"
            ),
            Change::Name(name) => format!(
                "<ABContactUpdate><contacts><Contact><contactInfo><contactType>Me</contactType>\
                 <displayName>{name}</displayName></contactInfo>\
                 <propertiesChanged>DisplayName</propertiesChanged></Contact></contacts>\
                 </ABContactUpdate>"
            ),
        }
    }

    /// Finds that all is as it was acknowledged; of what was under way, all or nothing.
    async fn find_everything(&mut self, address: SocketAddr) {
        let book = self.ask(address, "<ABFindAll/>").await;
        let memberships = self.ask(address, "<FindMembership/>").await;
        let mut contacts = book.split("<contactId>").skip(1);
        let name = inside(contacts.next().unwrap(), "displayName");
        self.ids = contacts
            .map(|contact| (inside(contact, "passportName"), contact[..36].to_owned()))
            .collect();
        let groups = book.split("<Group>").skip(1);
        let mut found = State {
            contacts: self.ids.keys().cloned().collect(),
            groups: groups.map(|group| inside(group, "name")).collect(),
            name: name.starts_with("name ").then_some(name),
            ..State::default()
        };
        for role in ["Allow", "Block"] {
            let members = in_role(&memberships, role);
            found
                .members
                .extend(members.into_iter().map(|who| (who, role)));
        }
        let interrupted = self
            .under_way
            .take()
            .map(|change| self.known.after(&change));
        assert!(
            found == self.known || Some(&found) == interrupted.as_ref(),
            "acknowledged: {:?}\nunder way: {interrupted:?}\nfound: {found:?}",
            self.known,
        );
        self.known = found;
        self.reverse = in_role(&memberships, "Reverse");
    }
}

/// Who has somebody on FL is on that one's RL, and nobody else is.
fn assert_both_sides_agree(people: &[Person]) {
    for person in people {
        let adders = people
            .iter()
            .filter(|other| other.known.contacts.contains(&handle(person.number)))
            .map(|other| handle(other.number));
        assert_eq!(person.reverse, adders.collect());
    }
}

/// Sends a request and reads its answer; `None` when the connection broke off.
async fn exchange(stream: &mut TcpStream, request: &str) -> Option<String> {
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("\r\nContent-Length: ").unwrap().1;
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            if body.len() == length {
                return Some(text.into_owned());
            }
        }
        match stream.read_buf(&mut answer).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn in_role(memberships: &str, role: &str) -> BTreeSet<String> {
    let start = format!("<MemberRole>{role}</MemberRole>");
    let Some((_, rest)) = memberships.split_once(&start) else {
        return BTreeSet::new();
    };
    let members = rest.split("</Membership>").next().unwrap();
    let members = members.split("<Member ").skip(1);
    members
        .map(|member| inside(member, "PassportName"))
        .collect()
}

/// The text of the first element with this name.
fn inside(text: &str, element: &str) -> String {
    let rest = text.split_once(&format!("<{element}>")).unwrap().1;
    rest.split_once('<').unwrap().0.to_owned()
}
