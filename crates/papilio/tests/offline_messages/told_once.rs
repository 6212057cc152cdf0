//! Messages are stored while their recipient signs in: each is told of exactly once, with the rest
//! after the first `CHG` or by itself (services-oim, 5).

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::message::offline::{MailId, OfflineMessage};
use msnp::server::Door;
use msnp::soap::guid::Guid;
use msnp::soap::timestamp::Timestamp as Ticks;
use msnp::wire::param::Param;
use papilio::cli::serve;
use papilio::config::Config;
use papilio::connection::Connection;
use papilio::node::Node;
use papilio::store::Store;
use papilio::store::account::Account;
use papilio::store::offline_messages::{Kept, MailLimits};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};

use super::{World, between};

/// How many messages come while somebody signs in.
const MESSAGES: u128 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_while_somebody_signs_in_is_told_once() {
    let world = World::new().await;
    let store = &world.server.store;
    let settings = serve::settings(&Config::default(), Param::word("http://localhost"));
    let node = Node::new(settings);
    for round in 0..25 {
        let first = round * MESSAGES;
        let alice = world.alice().handle.clone();
        let writing = leave(
            Arc::clone(&node),
            store.clone(),
            alice,
            world.bob.clone(),
            first,
        );
        let writing = tokio::spawn(writing);
        let mut client = Client::connect(&node, store);
        client.sign_in(&world.bob, &world.ticket(&world.bob)).await;
        writing.await.unwrap();
        let heard = client.hear_everything().await;
        let mut told: Vec<_> = heard.iter().flat_map(|line| ids(line)).collect();
        told.sort_unstable();
        let expected: Vec<_> = (first..first + MESSAGES).map(id).collect();
        assert_eq!(told, expected, "round {round}: {heard:?}");
        let deleted = store.delete_mails(world.bob.id, &expected, Timestamp::now());
        deleted.await.unwrap();
    }
}

/// Leaves messages as the service does: stored first, then told.
async fn leave(node: Arc<Node>, store: Store, sender: Handle, recipient: Account, first: u128) {
    for number in first..first + MESSAGES {
        let message = OfflineMessage {
            id: id(number),
            sender: sender.clone(),
            name: "Alice".to_owned(),
            recipient: recipient.handle.clone(),
            source: [127, 0, 0, 1].into(),
            proxy: "MSNMSGR".to_owned(),
            run: Guid::ZERO,
            sequence: 1,
            received: Ticks::from_ticks(Timestamp::now().as_second() * Ticks::PER_SECOND),
            text: "x".into(),
        };
        let limits = MailLimits {
            mailbox: None,
            lifetime: None,
        };
        let kept = store.keep_mail(recipient.id, &message, limits).await;
        let Kept::Yes(mail) = kept.unwrap() else {
            panic!("there is no limit");
        };
        node.directory.mail_arrived(recipient.id, &mail);
    }
}

fn id(number: u128) -> MailId {
    MailId(Guid::from_u128(number))
}

/// The ids in one `Mail-Data`.
fn ids(line: &str) -> Vec<MailId> {
    let mails = between(line, "<M>", "</M>");
    let ids = mails.iter().map(|mail| between(mail, "<I>", "<")[0]);
    ids.map(|id| MailId::parse(id).unwrap()).collect()
}

/// A client that knows lines and nothing else.
struct Client {
    stream: BufReader<DuplexStream>,
    /// Each `Mail-Data` so far.
    heard: Vec<String>,
}

impl Client {
    fn connect(node: &Arc<Node>, store: &Store) -> Self {
        let (ours, theirs) = duplex(64 * 1024);
        let peer = "192.0.2.10:18183".parse().unwrap();
        let driver = node.open(Door::Main, Param::word("x:1863"), peer, Instant::now());
        let mut connection = Connection::new(theirs, driver, store.clone());
        tokio::spawn(async move { connection.drive().await });
        Self {
            stream: BufReader::new(ours),
            heard: Vec::new(),
        }
    }

    async fn sign_in(&mut self, account: &Account, ticket: &str) {
        let handle = &account.handle;
        self.ask("VER 1 MSNP13 CVR0", "VER").await;
        self.ask(
            "CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs x@y",
            "CVR",
        )
        .await;
        self.ask(&format!("USR 3 TWN I {handle}"), "USR").await;
        self.ask(&format!("USR 4 TWN S t={ticket}&p="), "USR").await;
        self.ask("CHG 5 NLN 0", "CHL").await;
    }

    /// Everything that was to be told until now. What waited for the connection while it was asked
    /// comes after the first answer.
    async fn hear_everything(&mut self) -> &[String] {
        for _ in 0..2 {
            self.ask("PNG", "QNG").await;
        }
        &self.heard
    }

    /// Says something, and listens up to the line that begins so.
    async fn ask(&mut self, line: &str, answer: &str) {
        let line = format!("{line}\r\n");
        self.stream.write_all(line.as_bytes()).await.unwrap();
        loop {
            let mut line = String::new();
            let read = self.stream.read_line(&mut line).await.unwrap();
            assert!(read > 0, "closed by the server");
            if line.starts_with("Mail-Data: ") {
                self.heard.push(line.clone());
            }
            // A payload without line break at its end (GCF) runs into the next line.
            if line.starts_with(answer) || line.contains(&format!("</Policies>{answer}")) {
                return;
            }
        }
    }
}
