//! What the server itself costs, without sockets and without the runtime: presence to 500 watchers,
//! and a message through a conversation.
//!
//! ```text
//!   bytes -> line -> session -> directory or conversation -> mailboxes -> sessions -> bytes to write
//! ```
//!
//! Beside each stands a bare loop that puts the same number of buffers into the same number of
//! queues.

#![expect(clippy::unwrap_used, reason = "nothing here comes from outside")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::message::{MemberId, Profile};
use msnp::roster::{Lists, Privacy};
use msnp::server::{Door, Input, Policy, Rate, Welcome};
use msnp::wire::line::{Codec, Limits};
use msnp::wire::param::Param;
use papilio::connection::driver::{Ask, Driver, Output};
use papilio::directory::ListLimits;
use papilio::node::{Node, Settings};
use papilio::password::{Password, PasswordSettings, Passwords};
use papilio::store::account::{Account, NewAccount};
use papilio::store::roster::SessionRoster;
use papilio::store::{Database, Store};
use papilio::{conversation, password};
use parking_lot::Mutex;

const WATCHERS: usize = 500;

fn fan_out(criterion: &mut Criterion) {
    let house = House::new(WATCHERS + 1);
    let (mut announcer, mut watchers) = house.everyone_watches_the_first();
    let mut group = criterion.benchmark_group("presence to 500");
    group.throughput(Throughput::Elements(WATCHERS as u64));

    let mut chg = ["CHG 12 AWY 1611513916\r\n", "CHG 13 NLN 1611513916\r\n"]
        .into_iter()
        .cycle();
    group.bench_function("from CHG to the bytes of each", |bencher| {
        bencher.iter(|| {
            let mut out = Output::default();
            house.say(&mut announcer, chg.next().unwrap(), &mut out);
            for watcher in &mut watchers {
                let mut out = Output::default();
                let post = watcher.mailbox().take();
                watcher.deliver(Instant::now(), post, &mut out);
                assert_eq!(out.bytes.len(), 1);
            }
        });
    });

    let line =
        Bytes::from_static(b"NLN AWY account0@example.com account0%40example.com 1611513916 0\r\n");
    let queues: Vec<Arc<Mutex<VecDeque<Bytes>>>> = (0..WATCHERS).map(|_| Arc::default()).collect();
    group.bench_function("bare queues", |bencher| {
        bencher.iter(|| {
            for queue in &queues {
                queue.lock().push_back(line.clone());
            }
            for queue in &queues {
                let taken = std::mem::take(&mut *queue.lock());
                let out: Vec<Bytes> = taken.into_iter().collect();
                assert_eq!(out.len(), 1);
            }
        });
    });
    group.finish();
}

fn relay(criterion: &mut Criterion) {
    let house = House::new(2);
    let (mut alice, mut bob) = house.conversation();
    let mut group = criterion.benchmark_group("a message of 400 bytes");
    group.throughput(Throughput::Elements(1));

    let said = said();
    group.bench_function("from MSG to MSG and ACK", |bencher| {
        bencher.iter(|| {
            let mut nothing = Output::default();
            house.say(&mut alice, &said, &mut nothing);
            let mut to_bob = Output::default();
            let post = bob.mailbox().take();
            bob.deliver(Instant::now(), post, &mut to_bob);
            for receipt in to_bob.receipts {
                receipt.written();
            }
            let mut to_alice = Output::default();
            let post = alice.mailbox().take();
            alice.deliver(Instant::now(), post, &mut to_alice);
            assert_eq!((to_bob.bytes.len(), to_alice.bytes.len()), (1, 1));
        });
    });

    let queues: [Mutex<VecDeque<Bytes>>; 2] = Default::default();
    group.bench_function("bare queues", |bencher| {
        bencher.iter(|| {
            let message = Bytes::copy_from_slice(said.as_bytes());
            queues[0].lock().push_back(message);
            let out: Vec<Bytes> = std::mem::take(&mut *queues[0].lock()).into_iter().collect();
            queues[1]
                .lock()
                .push_back(Bytes::copy_from_slice(b"ACK 1000000\r\n"));
            let ack: Vec<Bytes> = std::mem::take(&mut *queues[1].lock()).into_iter().collect();
            assert_eq!((out.len(), ack.len()), (1, 1));
        });
    });
    group.finish();
}

criterion_group!(in_process, fan_out, relay);
criterion_main!(in_process);

// ---- A node without listeners ------------------------------------------------------------------

struct House {
    node: Arc<Node>,
    codec: Codec,
    accounts: Vec<Account>,
}

impl House {
    fn new(accounts: usize) -> Self {
        let mut policy = Policy::new(Param::word("http://localhost"));
        for rate in [
            &mut policy.chg_rate,
            &mut policy.msg_rate,
            &mut policy.xfr_rate,
            &mut policy.cal_rate,
        ] {
            *rate = Rate::new(0, 0);
        }
        let node = Node::new(Settings {
            policy,
            wire: Limits::DEFAULT,
            conversations: conversation::Settings {
                open_cookie: Duration::from_secs(120),
                ring_cookie: Duration::from_secs(60),
                participants: 50,
                failed_calls: 5,
                backlog: 64 * 1024,
            },
            lists: ListLimits {
                forward: 0,
                allow: 0,
                block: 0,
            },
            mailbox: 0,
            unread: Duration::from_secs(60),
        });
        let codec = node.codec();
        Self {
            node,
            codec,
            accounts: stored(accounts),
        }
    }

    /// The first account, and everyone else with it on FL; all with their first `CHG` behind them.
    fn everyone_watches_the_first(&self) -> (Driver, Vec<Driver>) {
        let (first, others) = self.accounts.split_first().unwrap();
        let watched = vec![(
            first.id,
            first.handle.clone(),
            Lists::FORWARD | Lists::ALLOW,
        )];
        let watchers = others
            .iter()
            .map(|other| self.sign_in(other, watched.clone()));
        let watchers: Vec<_> = watchers.collect();
        let announcer = self.sign_in(first, Vec::new());
        for watcher in &watchers {
            watcher.mailbox().take();
        }
        (announcer, watchers)
    }

    /// The switchboard connections of two who talk.
    fn conversation(&self) -> (Driver, Driver) {
        let [a, b] = &self.accounts[..] else {
            panic!("two accounts");
        };
        let mut alice = self.sign_in(a, Vec::new());
        let bob = self.sign_in(b, Vec::new());
        let referral = self.ask(&mut alice, "XFR 5 SB\r\n");
        let cookie = word(&referral, 5);
        let mut alice_there = self.connect();
        self.ask(
            &mut alice_there,
            &format!("USR 1 {} {cookie}\r\n", a.handle),
        );
        self.ask(&mut alice_there, &format!("CAL 2 {}\r\n", b.handle));
        let (posts, _) = bob.mailbox().take();
        let msnp::server::Event::Frozen(ring) = &posts[0].event else {
            panic!("RNG");
        };
        let ring = String::from_utf8(ring.to_vec()).unwrap();
        let (conversation, cookie) = (word(&ring, 1), word(&ring, 4));
        let mut bob_there = self.connect();
        let answer = format!("ANS 1 {} {cookie} {conversation}\r\n", b.handle);
        self.ask(&mut bob_there, &answer);
        alice_there.mailbox().take();
        // Both sign out here: nothing on the notification server ends a conversation.
        (alice_there, bob_there)
    }

    fn connect(&self) -> Driver {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1863));
        let address = Param::word("127.0.0.1:1863");
        self.node.open(Door::Main, address, peer, Instant::now())
    }

    fn sign_in(
        &self,
        account: &Account,
        contacts: Vec<(papilio::store::account::AccountId, Handle, Lists)>,
    ) -> Driver {
        let mut driver = self.connect();
        let handle = &account.handle;
        self.ask(&mut driver, "VER 1 MSNP13 CVR0\r\n");
        let cvr = format!("CVR 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs {handle}\r\n");
        self.ask(&mut driver, &cvr);
        self.ask(&mut driver, &format!("USR 3 TWN I {handle}\r\n"));
        let mut out = Output::default();
        let ask = self.feed(&mut driver, "USR 4 TWN S t=ticket&p=\r\n", &mut out);
        let Some(Ask::Verify {
            ticket, dialect, ..
        }) = ask
        else {
            panic!("a ticket to verify");
        };
        driver.sign_in(account, dialect);
        let roster = SessionRoster {
            privacy: Privacy::Everyone,
            contacts,
        };
        let profile = Profile {
            login_time: 0,
            email_enabled: false,
            member: MemberId { high: 1, low: 2 },
            language: 1033,
            handle: handle.clone(),
            country: "US".to_owned(),
            ticket,
            client_ip: driver.peer().ip(),
            client_port: driver.peer().port(),
        };
        let welcome = Box::new(Welcome {
            profile,
            verified: true,
            seed: 1,
        });
        driver.verified(Instant::now(), Ok((welcome, roster)), &mut out);
        self.ask(&mut driver, "CHG 5 NLN 1611513916\r\n");
        driver
    }

    /// Says something that has an answer.
    fn ask(&self, driver: &mut Driver, text: &str) -> String {
        let mut out = Output::default();
        self.say(driver, text, &mut out);
        String::from_utf8(out.bytes.make_contiguous().concat()).unwrap()
    }

    fn say(&self, driver: &mut Driver, text: &str, out: &mut Output) {
        assert!(self.feed(driver, text, out).is_none());
        assert_eq!(out.closing, None);
    }

    fn feed(&self, driver: &mut Driver, text: &str, out: &mut Output) -> Option<Ask> {
        let mut input = BytesMut::from(text);
        let line = self.codec.decode(&mut input).unwrap().unwrap();
        driver.feed(Instant::now(), Input::Line(line), out)
    }
}

/// Accounts as only the store can make them.
fn stored(count: usize) -> Vec<Account> {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let path = folder.path().join("papilio.db");
        let store = Store::open(&Database::Sqlite { path }).await.unwrap();
        let passwords = Passwords::new(PasswordSettings {
            memory_kib: 32,
            passes: 1,
            waiting: None,
            remember: None,
            remembered: None,
        });
        let password = Password::parse("secret").unwrap();
        let password: password::StoredPassword = passwords.unwrap().hash(password).await.unwrap();
        let new: Vec<_> = (0..count)
            .map(|number| NewAccount {
                handle: Handle::parse(&format!("account{number}@example.com")).unwrap(),
                name: String::new(),
                password: password.clone(),
                verified: true,
                created_at: Timestamp::UNIX_EPOCH,
            })
            .collect();
        let accounts = store.add_accounts(&new).await.unwrap();
        store.close().await;
        accounts.into_iter().flatten().collect()
    })
}

fn said() -> String {
    let mut message = String::from(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
         X-MMS-IM-Format: FN=Segoe%20UI; EF=; CO=0; CS=0; PF=0\r\n\r\n",
    );
    while message.len() < 400 {
        message.push('x');
    }
    format!("MSG 1000000 A 400\r\n{message}")
}

fn word(line: &str, place: usize) -> &str {
    line.split_ascii_whitespace().nth(place).unwrap()
}
