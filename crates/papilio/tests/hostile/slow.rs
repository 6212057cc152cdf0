//! Who reads slowly holds up those who send to them, and nobody else; who does not read at all is
//! closed (wire-msnp13, 8.4 and 8.5; docs/decisions, 0009).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use papilio::connection::Connection;
use papilio::connection::driver::Driver;
use papilio::store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::connections::store;
use crate::house::{House, account, post};

/// What the systems at both ends keep of what is on its way.
const SOCKET: usize = 16 * 1024;

/// What may wait for somebody until the others have to.
const BACKLOG: usize = 64 * 1024;

/// A piece of a file as it travels, and how many of them are 1 MiB.
const PIECE: usize = 1344;
const PIECES: usize = 1024 * 1024 / 1202 + 1;

/// A conversation whose connections run, and what its clients hold.
struct Scene {
    house: House,
    store: Store,
    clients: Vec<Client>,
    /// They must stay signed in.
    _drivers: Vec<Driver>,
}

struct Client {
    hears: ReadHalf<DuplexStream>,
    says: WriteHalf<DuplexStream>,
    running: JoinHandle<()>,
}

impl Scene {
    /// With as many people as there are names.
    fn of(store: Store, names: &[&str]) -> Self {
        let house = House::with_mailboxes(1024 * 1024);
        let mut scene = Self {
            house,
            store,
            clients: Vec::new(),
            _drivers: Vec::new(),
        };
        let mut caller = None;
        let mut seated = Vec::new();
        for (number, name) in (1..).zip(names) {
            let account = account(number, name);
            let mut driver = scene.house.signed_in(&account, &[]);
            let mut place = scene.house.connect();
            let handle = &account.handle;
            match &mut caller {
                None => {
                    let xfr = scene.house.say(&mut driver, "XFR 6 SB\r\n");
                    let cookie = xfr.split(' ').nth(5).unwrap();
                    let enter = format!("USR 1 {handle} {cookie}\r\n");
                    scene.house.say(&mut place, &enter);
                    caller = Some(place);
                }
                Some(caller) => {
                    scene.house.say(caller, format!("CAL 2 {handle}\r\n"));
                    let (posts, _) = post(&driver);
                    let ring: Vec<_> = posts[0].split(' ').collect();
                    let enter = format!("ANS 1 {handle} {} {}\r\n", ring[4], ring[1]);
                    scene.house.say(&mut place, &enter);
                    seated.push(place);
                }
            }
            scene._drivers.push(driver);
        }
        for place in caller.into_iter().chain(seated) {
            let _joined = post(&place);
            scene.run(place);
        }
        scene
    }

    fn run(&mut self, place: Driver) {
        let (client, server) = duplex(SOCKET);
        let mut connection = Connection::new(server, place, self.store.clone());
        let (hears, says) = split(client);
        self.clients.push(Client {
            hears,
            says,
            running: tokio::spawn(async move { connection.drive().await }),
        });
    }
}

/// 1 MiB in pieces, each numbered and acknowledged; how many are written so far is told.
async fn send_all(says: WriteHalf<DuplexStream>, sent: Arc<AtomicUsize>) {
    send_all_with('D', says, sent).await;
}

async fn send_all_with(ack: char, mut says: WriteHalf<DuplexStream>, sent: Arc<AtomicUsize>) {
    for number in 0..PIECES {
        let header = format!("MSG {number} {ack} {PIECE}\r\n{number:08}");
        let mut bytes = header.into_bytes();
        bytes.resize(bytes.len() + PIECE - 8, b'x');
        says.write_all(&bytes).await.unwrap();
        sent.store(number + 1, Ordering::Relaxed);
    }
    // Never hangs up.
    std::future::pending::<()>().await;
}

/// Reads so much at a time, with a pause after each, until all pieces are there.
async fn read_all(hears: ReadHalf<DuplexStream>, step: usize, pause: Duration) {
    read_all_of("alice", hears, step, pause).await;
}

async fn read_all_of(
    sender: &str,
    mut hears: ReadHalf<DuplexStream>,
    step: usize,
    pause: Duration,
) {
    let mut heard = String::new();
    let mut buffer = vec![0; step];
    let header = format!("MSG {sender}@example.com {sender} {PIECE}\r\n");
    let whole = PIECES * (header.len() + PIECE);
    while heard.len() < whole {
        let read = hears.read(&mut buffer).await.unwrap();
        assert!(read > 0, "closed after {} of {whole} bytes", heard.len());
        heard += std::str::from_utf8(&buffer[..read]).unwrap();
        heard = heard.replace("BYE bob@example.com\r\n", "");
        sleep(pause).await;
    }
    let pieces = heard.split(&header).skip(1);
    for (number, piece) in pieces.enumerate() {
        assert_eq!(piece, format!("{number:08}{}", "x".repeat(PIECE - 8)));
    }
}

/// Reads everything until this was heard so often.
async fn hear(hears: &mut ReadHalf<DuplexStream>, words: &str, count: usize) -> String {
    let mut heard = String::new();
    while heard.matches(words).count() < count {
        let mut buffer = vec![0; SOCKET];
        let read = hears.read(&mut buffer).await.unwrap();
        assert!(read > 0, "closed");
        heard += std::str::from_utf8(&buffer[..read]).unwrap();
    }
    heard
}

#[tokio::test]
async fn whoever_reads_nothing_for_half_a_minute_gets_it_all_and_little_of_it_waits_here() {
    let (store, _folder) = store().await;
    let mut scene = Scene::of(store, &["alice", "bob"]);
    let (bob, mut alice) = (scene.clients.remove(1), scene.clients.remove(0));
    let sent = Arc::new(AtomicUsize::new(0));
    let sending = tokio::spawn(send_all(alice.says, Arc::clone(&sent)));
    sleep(Duration::from_secs(30)).await;
    let taken = sent.load(Ordering::Relaxed) * PIECE;
    // What is being written, what waits behind it, and the sockets.
    assert!(taken < 2 * BACKLOG + 4 * SOCKET, "{taken} bytes");
    tokio::join!(
        read_all(bob.hears, SOCKET, Duration::ZERO),
        hear(&mut alice.hears, "ACK ", PIECES)
    );
    assert!(!bob.running.is_finished() && !alice.running.is_finished());
    sending.abort();
}

#[tokio::test]
async fn whoever_reads_as_slowly_as_a_modem_gets_it_all() {
    let (store, _folder) = store().await;
    let mut scene = Scene::of(store, &["alice", "bob"]);
    let (bob, mut alice) = (scene.clients.remove(1), scene.clients.remove(0));
    tokio::spawn(send_all(alice.says, Arc::default()));
    let began = Instant::now();
    tokio::join!(
        read_all(bob.hears, 3500, Duration::from_secs(1)),
        hear(&mut alice.hears, "ACK ", PIECES)
    );
    assert!(began.elapsed() > Duration::from_secs(300), "slow indeed");
}

#[tokio::test]
async fn whoever_reads_nothing_at_all_is_closed_and_the_others_go_on() {
    let (store, _folder) = store().await;
    let mut scene = Scene::of(store, &["alice", "bob", "carol"]);
    let (carol, bob) = (scene.clients.remove(2), scene.clients.remove(1));
    let mut alice = scene.clients.remove(0);
    tokio::spawn(send_all(alice.says, Arc::default()));
    let began = Instant::now();
    let carol = tokio::spawn(read_all(carol.hears, SOCKET, Duration::ZERO));
    let heard = hear(&mut alice.hears, "BYE bob@example.com", 1).await;
    // Their deadline, and what a closing connection may take over its last words.
    let waited = began.elapsed().as_secs();
    assert!((60..=66).contains(&waited), "{waited} seconds");
    assert!(heard.contains("NAK "), "what was lost is told: {heard}");
    bob.running.await.unwrap();
    carol.await.unwrap();
}

#[tokio::test]
async fn whoever_reads_too_little_to_be_waited_for_is_closed() {
    let (store, _folder) = store().await;
    let mut scene = Scene::of(store, &["alice", "bob"]);
    let (mut bob, mut alice) = (scene.clients.remove(1), scene.clients.remove(0));
    tokio::spawn(send_all(alice.says, Arc::default()));
    let slowly = tokio::spawn(async move {
        let mut byte = [0; 100];
        while bob.hears.read(&mut byte).await.unwrap() > 0 {
            sleep(Duration::from_secs(1)).await;
        }
    });
    hear(&mut alice.hears, "BYE bob@example.com", 1).await;
    bob.running.await.unwrap();
    slowly.abort();
}

#[tokio::test]
async fn whoever_waits_for_one_who_leaves_goes_on_at_once() {
    let (store, _folder) = store().await;
    let mut scene = Scene::of(store, &["alice", "bob", "carol"]);
    let (carol, bob) = (scene.clients.remove(2), scene.clients.remove(1));
    let mut alice = scene.clients.remove(0);
    let sent = Arc::new(AtomicUsize::new(0));
    tokio::spawn(send_all(alice.says, Arc::clone(&sent)));
    tokio::spawn(async move { hear(&mut alice.hears, "never", 1).await });
    sleep(Duration::from_secs(10)).await;
    let began = Instant::now();
    drop((bob.hears, bob.says));
    let mut rest = carol.hears;
    hear(&mut rest, "BYE bob@example.com", 1).await;
    while sent.load(Ordering::Relaxed) < PIECES {
        let mut buffer = vec![0; SOCKET];
        assert!(rest.read(&mut buffer).await.unwrap() > 0);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn two_who_send_to_one_another_do_not_wait_for_one_another_for_ever() {
    let (store, _folder) = store().await;
    let mut scene = Scene::of(store, &["alice", "bob"]);
    let (bob, alice) = (scene.clients.remove(1), scene.clients.remove(0));
    tokio::spawn(send_all_with('U', alice.says, Arc::default()));
    tokio::spawn(send_all_with('U', bob.says, Arc::default()));
    tokio::join!(
        read_all_of("bob", alice.hears, 3000, Duration::from_secs(1)),
        read_all_of("alice", bob.hears, 30_000, Duration::from_secs(1))
    );
}
