//! kill -9 in the middle of Stores and deletions: every message that was acknowledged is there, every
//! one whose deletion was acknowledged is not, and of what was under way there is all or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use msnp::proof::challenge::Product;
use papilio::config::Config;
use papilio::password::Passwords;
use papilio::store::Store;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::support::{Client, add, post};
use super::{Answers, CLIENTS, ROUNDS, Server, exchange, handle};

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_message_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let settings = "offline-messages.sender-messages = 0\n";
    std::fs::write(folder.path().join("papilio.toml"), settings).unwrap();
    let mut writers = writers(folder.path()).await;
    for round in 0..ROUNDS {
        let server = Server::start(folder.path());
        let answers = Arc::new(Answers::until(30 + 23 * round));
        let mut running = JoinSet::new();
        for writer in writers {
            running.spawn(writer.work(server.address, Arc::clone(&answers)));
        }
        answers.reached(&mut running).await;
        drop(server);
        writers = running.join_all().await;
        writers.sort_by_key(|writer| writer.number);
        let interrupted = writers
            .iter()
            .filter(|writer| writer.under_way.is_some())
            .count();
        assert!(interrupted > 0, "the end came in the middle");

        let server = Server::start(folder.path());
        for reader in 0..CLIENTS {
            let mailbox = writers[reader].mailbox(server.address).await;
            compare(&mut writers, reader, &mailbox);
        }
        for writer in &mut writers {
            writer.under_way = None;
        }
    }
}

/// Holds what is in a mailbox against what its reader and the one who writes to them were answered,
/// and lets them know what became of what was under way.
fn compare(writers: &mut [Writer], reader: usize, mailbox: &Mailbox) {
    let writer = &mut writers[(reader + CLIENTS - 1) % CLIENTS];
    let storing = match &writer.under_way {
        Some(UnderWay::Store(text)) => Some(text.clone()),
        _ => None,
    };
    let acknowledged = writer.left.clone();
    writer
        .left
        .extend(storing.filter(|text| mailbox.contains_key(text)));
    let left = writer.left.clone();
    let reader = &mut writers[reader];
    if let Some(UnderWay::Delete(text)) = &reader.under_way
        && !mailbox.contains_key(text)
    {
        reader.deleted.insert(text.clone());
    }
    let Writer {
        deleted, marked, ..
    } = reader;
    for text in &acknowledged {
        let is_there = mailbox.contains_key(text);
        assert_ne!(is_there, deleted.contains(text), "{text}");
    }
    for (text, is_read) in mailbox {
        assert!(left.contains(text), "{text} came from nobody");
        assert!(!deleted.contains(text), "{text} was deleted");
        assert!(*is_read || !marked.contains(text), "{text} was read");
    }
}

/// Who leaves messages for the next one, and reads and deletes their own.
pub(super) struct Writer {
    pub(super) number: usize,
    pub(super) ticket: String,
    /// Good for hours, through every restart.
    lock_key: String,
    step: usize,
    /// What the next one has of this one's messages, as far as this one knows.
    left: BTreeSet<String>,
    /// What of their own was acknowledged: marked as read, deleted.
    marked: BTreeSet<String>,
    deleted: BTreeSet<String>,
    under_way: Option<UnderWay>,
}

/// What was asked and not answered.
#[derive(Clone, Debug, PartialEq)]
enum UnderWay {
    Store(String),
    /// Nothing that changes anything for good.
    Reading,
    Delete(String),
}

/// What is in a mailbox: the texts, and whether they are marked as read.
pub(super) type Mailbox = BTreeMap<String, bool>;

pub(super) async fn writers(folder: &Path) -> Vec<Writer> {
    let config = Config {
        data: folder.to_owned(),
        ..Config::default()
    };
    let store = Store::open(&config.database()).await.unwrap();
    let passwords = Passwords::new(config.passwords()).unwrap();
    let now = Timestamp::now();
    let mut writers = Vec::new();
    for number in 0..CLIENTS {
        let account = add(&store, &passwords, &handle(number), "x").await;
        let [challenge, _] = store.ticket_key().lock_key_challenges(account.id, now);
        writers.push(Writer {
            number,
            ticket: store.ticket_key().issue(&account, None, now).t,
            lock_key: Product::WLM_8_0.response(&challenge),
            step: 0,
            left: BTreeSet::new(),
            marked: BTreeSet::new(),
            deleted: BTreeSet::new(),
            under_way: None,
        });
    }
    store.close().await;
    writers
}

impl Writer {
    /// One thing after another until the server is no more.
    async fn work(mut self, address: SocketAddr, answers: Arc<Answers>) -> Self {
        let Ok(mut stream) = TcpStream::connect(address).await else {
            return self;
        };
        while let Some(()) = self.one_step(&mut stream).await {
            answers.one_more();
        }
        self
    }

    /// Two are left for every one that is read and deleted. `None`: no answer came.
    async fn one_step(&mut self, stream: &mut TcpStream) -> Option<()> {
        self.step += 1;
        if !self.step.is_multiple_of(3) {
            let text = format!("{} {}", self.number, self.step);
            self.under_way = Some(UnderWay::Store(text.clone()));
            self.done(exchange(stream, &self.store(&text)).await?);
            self.left.insert(text);
            return Some(());
        }
        self.under_way = Some(UnderWay::Reading);
        let listed = self.done(exchange(stream, &self.fetch("<GetMetadata/>")).await?);
        let Some(id) = ids(&listed).into_iter().next() else {
            return Some(());
        };
        self.under_way = Some(UnderWay::Reading);
        let mail = self.done(exchange(stream, &self.fetch(&read(&id))).await?);
        let text = text_of(&mail);
        self.marked.insert(text.clone());
        self.under_way = Some(UnderWay::Delete(text.clone()));
        let delete = format!(
            "<DeleteMessages><messageIds><messageId>{id}</messageId></messageIds></DeleteMessages>"
        );
        self.done(exchange(stream, &self.fetch(&delete)).await?);
        self.deleted.insert(text);
        Some(())
    }

    /// An answer came, and it must be a good one.
    fn done(&mut self, answer: String) -> String {
        assert!(
            answer.contains(" 200 OK\r\n"),
            "{:?}: {answer}",
            self.under_way
        );
        self.under_way = None;
        answer
    }

    pub(super) fn store(&self, text: &str) -> String {
        let (from, to) = (handle(self.number), handle((self.number + 1) % CLIENTS));
        let body = format!(
            "<Envelope><Header><From memberName='{from}'/><To memberName='{to}'/>\
             <Ticket passport='t={}&amp;p=' appid='{}' lockkey='{}'/></Header><Body><Content>\
             X-OIM-Run-Id: 3A3BE82C-684D-4F4F-8005-CBE8D4F82BAD\n\n{}</Content></Body></Envelope>",
            self.ticket,
            Product::WLM_8_0.id,
            self.lock_key,
            STANDARD.encode(text),
        );
        post("/OimWS/oim.asmx", "", &body)
    }

    fn fetch(&self, request: &str) -> String {
        let body = format!(
            "<Envelope><Header><PassportCookie><t>{}</t></PassportCookie></Header>\
             <Body>{request}</Body></Envelope>",
            self.ticket
        );
        post("/rsi/rsi.asmx", "", &body)
    }

    /// Everything in this one's mailbox, each once.
    pub(super) async fn mailbox(&self, address: SocketAddr) -> Mailbox {
        let mut client = Client::connect(address).await;
        let listed = client.ask(&self.fetch("<GetMetadata/>")).await;
        assert_eq!(listed.status(), "200", "{}", listed.body);
        let states = listed.between("<RS>", "<");
        let mut mailbox = Mailbox::new();
        for (id, state) in ids(&listed.body).into_iter().zip(states) {
            let get = format!("<GetMessage><messageId>{id}</messageId></GetMessage>");
            let mail = client.ask(&self.fetch(&get)).await;
            let twice = mailbox.insert(text_of(&mail.body), state == "1");
            assert_eq!(twice, None, "{}", mail.body);
        }
        mailbox
    }
}

fn ids(answer: &str) -> Vec<String> {
    let mails = answer.split("<M>").skip(1);
    let ids = mails.map(|mail| mail.split_once("<I>").unwrap().1);
    ids.map(|id| id[..36].to_owned()).collect()
}

fn read(id: &str) -> String {
    format!(
        "<GetMessage><messageId>{id}</messageId><alsoMarkAsRead>1</alsoMarkAsRead></GetMessage>"
    )
}

fn text_of(answer: &str) -> String {
    let (_, body) = answer.rsplit_once("\n\n").unwrap();
    let (body, _) = body.split_once("</GetMessageResult>").unwrap();
    String::from_utf8(STANDARD.decode(body).unwrap()).unwrap()
}
