//! kill -9 in the middle of uploads: every acknowledged picture and profile is there, and of what was
//! under way there is all or nothing.
//!
//! ```text
//!   four clients, each with an account, one state that was acknowledged and one change under way
//!        |  CreateDocument  UpdateDocument  UpdateProfile  DeleteRelationships  CreateRelationships
//!   papilio serve  <- SIGKILL after so many answers, whoever is waiting for one
//!   papilio serve  -> GetProfile, and the picture by GET = acknowledged (+ what was under way, or not)
//! ```

use std::io::Cursor;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, Rgb, RgbImage};
use jiff::Timestamp;
use papilio::config::Config;
use papilio::password::Passwords;
use papilio::store::Store;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::support::{Client, add, post};
use super::{Answers, Server, exchange, handle};

const CLIENTS: usize = 4;
const ROUNDS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_picture_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let mut people = people(folder.path()).await;
    for round in 0..ROUNDS {
        let server = Server::start(folder.path());
        let answers = Arc::new(Answers::until(17 + 11 * round));
        let mut running = JoinSet::new();
        for person in people {
            running.spawn(person.work(server.address, Arc::clone(&answers)));
        }
        answers.reached(&mut running).await;
        drop(server);
        people = running.join_all().await;
        let interrupted = people.iter().any(|person| person.under_way.is_some());
        assert!(interrupted, "the end came in the middle");

        let server = Server::start(folder.path());
        for person in &mut people {
            person.find_everything(server.address).await;
        }
    }
}

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
        people.push(Person {
            ticket: store.ticket_key().issue(&account, None, Timestamp::now()).t,
            cid: account.cid(),
            known: State {
                name: account.name,
                ..State::default()
            },
            under_way: None,
            step: number,
        });
    }
    store.close().await;
    people
}

/// One client and what it knows to be stored.
struct Person {
    ticket: String,
    cid: i64,
    known: State,
    /// What was asked and not answered.
    under_way: Option<Change>,
    step: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    name: String,
    status: String,
    /// The colour of the picture, and whether the profile shows it.
    picture: Option<(u8, bool)>,
}

#[derive(Clone, Debug)]
enum Change {
    /// Name and personal message at once.
    Profile(String),
    Create(u8),
    Update(u8),
    Show,
    Hide,
}

impl State {
    fn after(&self, change: &Change) -> Self {
        let mut after = self.clone();
        match change {
            Change::Profile(text) => {
                after.name = format!("name {text}");
                after.status = format!("status {text}");
            }
            Change::Create(colour) => after.picture = Some((*colour, true)),
            Change::Update(colour) => after.picture = self.picture.map(|(_, is)| (*colour, is)),
            Change::Show => after.picture = self.picture.map(|(colour, _)| (colour, true)),
            Change::Hide => after.picture = self.picture.map(|(colour, _)| (colour, false)),
        }
        after
    }

    /// As far as a profile tells.
    fn shown(&self) -> Self {
        Self {
            picture: self.picture.filter(|(_, is_shown)| *is_shown),
            ..self.clone()
        }
    }
}

impl Person {
    /// Changes one thing after another until the server is no more.
    async fn work(mut self, address: SocketAddr, answers: Arc<Answers>) -> Self {
        let Ok(mut stream) = TcpStream::connect(address).await else {
            return self;
        };
        loop {
            self.step += 1;
            let change = self.next_change();
            let request = self.posted(&self.request(&change));
            self.under_way = Some(change.clone());
            let Some(answer) = exchange(&mut stream, &request).await else {
                return self;
            };
            assert!(answer.contains(" 200 OK\r\n"), "{change:?}: {answer}");
            self.under_way = None;
            self.known = self.known.after(&change);
            answers.one_more();
        }
    }

    fn next_change(&self) -> Change {
        let colour = u8::try_from(self.step % 250).unwrap();
        match (self.step % 5, self.known.picture) {
            (0, _) => Change::Profile(self.step.to_string()),
            (1, Some((_, true))) => Change::Hide,
            (2, Some((_, false))) => Change::Show,
            // Of a picture that is not shown nobody could tell which one it is.
            (3, Some((_, true))) => Change::Update(colour),
            _ => Change::Create(colour),
        }
    }

    fn posted(&self, request: &str) -> String {
        let cookie = format!("Cookie: MSPAuth={};MSPProf=\r\n", self.ticket);
        let envelope = format!("<Envelope><Body>{request}</Body></Envelope>");
        post("/storageservice/SchematizedStore.asmx", &cookie, &envelope)
    }

    fn request(&self, change: &Change) -> String {
        let (profile, picture) = (
            format!("{:016x}!118", self.cid),
            format!("{:016x}!205", self.cid),
        );
        let streams = |colour: u8| {
            let data = STANDARD.encode(painted(colour));
            format!(
                "<DocumentStreams><DocumentStream><Data>{data}</Data></DocumentStream>\
                 </DocumentStreams>"
            )
        };
        match change {
            Change::Profile(text) => format!(
                "<UpdateProfile><profile><ExpressionProfile><DisplayName>name {text}</DisplayName>\
                 <PersonalStatus>status {text}</PersonalStatus></ExpressionProfile></profile>\
                 </UpdateProfile>"
            ),
            Change::Create(colour) => format!(
                "<CreateDocument><document><Name>x</Name>{}</document></CreateDocument>",
                streams(*colour)
            ),
            Change::Update(colour) => format!(
                "<UpdateDocument><document><ResourceID>{picture}</ResourceID>{}</document>\
                 </UpdateDocument>",
                streams(*colour)
            ),
            Change::Show => format!(
                "<CreateRelationships><relationships><Relationship><SourceID>{profile}</SourceID>\
                 <TargetID>{picture}</TargetID></Relationship></relationships>\
                 </CreateRelationships>"
            ),
            Change::Hide => format!(
                "<DeleteRelationships><sourceHandle><ResourceID>{profile}</ResourceID>\
                 </sourceHandle><targetHandles><ObjectHandle><ResourceID>{picture}</ResourceID>\
                 </ObjectHandle></targetHandles></DeleteRelationships>"
            ),
        }
    }

    /// Finds that all is as it was acknowledged; of what was under way, all or nothing.
    async fn find_everything(&mut self, address: SocketAddr) {
        let request = self.posted("<GetProfile/>");
        let answer = Client::connect(address).await.ask(&request).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
        let inside = |name: &str| {
            let found = answer.between(&format!("<{name}>"), "<");
            found.first().map(|found| (*found).to_owned())
        };
        let mut found = State {
            name: inside("DisplayName").unwrap().replace("&amp;", "&"),
            status: inside("PersonalStatus").unwrap_or_default(),
            picture: None,
        };
        if let Some(at) = inside("PreAuthURL") {
            let path = at.splitn(4, '/').nth(3).unwrap();
            let whole = colour_at(address, &format!("/{path}")).await;
            let small = colour_at(address, &format!("/{}", path.replace("static", "small"))).await;
            assert_eq!(whole, small, "both or neither");
            found.picture = Some((whole, true));
        }
        let change = self.under_way.take();
        let interrupted = change.map(|change| self.known.after(&change));
        let is_as_it_was = found == self.known.shown();
        let is_what_it_became = interrupted
            .as_ref()
            .is_some_and(|interrupted| found == interrupted.shown());
        assert!(
            is_as_it_was || is_what_it_became,
            "acknowledged: {:?}\nunder way: {interrupted:?}\nfound: {found:?}",
            self.known,
        );
        if let Some(interrupted) = interrupted.filter(|_| is_what_it_became) {
            self.known = interrupted;
        }
    }
}

/// Of one colour at the top, and with so much noise below that it is as large as pictures are.
fn painted(colour: u8) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x * 7919 + y * 104_729 + x * y * 31) as u8;
    let picture = RgbImage::from_fn(96, 96, |x, y| match y {
        0..32 => Rgb([colour, 0, 0]),
        _ => Rgb([noise(x, y), noise(y, x), noise(x, x + y)]),
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

async fn colour_at(address: SocketAddr, path: &str) -> u8 {
    let mut client = Client::connect(address).await;
    client
        .send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
        .await;
    let (head, bytes) = client.answer_in_bytes().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {head}");
    let picture = image::load_from_memory(&bytes).unwrap().into_rgb8();
    picture.get_pixel(2, 2).0[0]
}
