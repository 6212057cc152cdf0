//! A connection that is held open costs its holder a deadline (wire-msnp13, 9), and one that never
//! pauses costs the others no more than their turn.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use papilio::connection::Connection;
use papilio::connection::driver::Driver;
use papilio::store::{Database, Store};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};
use tokio::time::Instant;

use crate::house::{House, account, roster};

/// Nothing in these tests asks it anything; opened before time is simulated.
pub(crate) async fn store() -> (Store, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("papilio.db");
    let store = Store::open(&Database::Sqlite { path }).await.unwrap();
    tokio::time::pause();
    (store, folder)
}

/// A connection of its own task.
fn drive<Io>(io: Io, driver: Driver, store: Store) -> impl Future<Output = ()> + use<Io>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = Connection::new(io, driver, store);
    async move { connection.drive().await }
}

#[tokio::test]
async fn a_payload_that_does_not_come_closes_after_a_minute() {
    let (store, _folder) = store().await;
    let house = House::with_mailboxes(0);
    for half in ["UUX 7 100\r\n<Data>", "PN", "ADL 7 65536\r\n"] {
        let alice = account(1, "alice");
        let driver = house.half_signed_in(&alice).complete(&alice, roster(&[]));
        let (mut client, server) = duplex(10_000);
        let began = Instant::now();
        let running = tokio::spawn(drive(server, driver, store.clone()));
        tokio::time::sleep(Duration::from_secs(5)).await;
        client.write_all(half.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 65, "{half}");
        running.await.unwrap();
        assert_eq!(house.node.directory.signed_in(), 0);
    }
}

#[tokio::test]
async fn a_payload_that_comes_slowly_is_waited_for() {
    let (store, _folder) = store().await;
    let house = House::with_mailboxes(0);
    let alice = account(1, "alice");
    let driver = house.half_signed_in(&alice).complete(&alice, roster(&[]));
    let (mut client, server) = duplex(10_000);
    tokio::spawn(drive(server, driver, store));
    client.write_all(b"UUX 7 3\r\n").await.unwrap();
    for byte in b"abc" {
        tokio::time::sleep(Duration::from_secs(50)).await;
        client.write_all(&[*byte]).await.unwrap();
    }
    let mut answer = [0; 7];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"715 7\r\n");
}

/// A client that sends without end and reads whatever comes.
struct Torrent;

impl AsyncRead for Torrent {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        // As a socket does: others get their turn now and then.
        if pin!(tokio::task::consume_budget()).poll(cx).is_pending() {
            return Poll::Pending;
        }
        buffer.put_slice(b"CVQ 2 0x0409 winnt 5.1 i386 MSNMSGR 8.0.0787 msmsgs a@b\r\n");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Torrent {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn whoever_never_pauses_meets_their_deadline_all_the_same() {
    let (store, _folder) = store().await;
    let house = House::with_mailboxes(0);
    let mut driver = house.connect();
    house.say(&mut driver, "VER 1 MSNP13 CVR0\r\n");
    let began = Instant::now();
    let running = tokio::spawn(drive(Torrent, driver, store));
    while !running.is_finished() {
        assert!(began.elapsed() < Duration::from_secs(120), "still served");
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    running.await.unwrap();
}

/// A client that has sent some commands at once, and keeps nobody's answers. What it was sent is
/// written down, with what others were.
struct Batch {
    name: &'static str,
    commands: usize,
    log: Arc<Mutex<Vec<&'static str>>>,
}

impl AsyncRead for Batch {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let fit = self.commands.min(buffer.remaining() / PING.len());
        if fit == 0 {
            return Poll::Pending;
        }
        self.commands -= fit;
        buffer.put_slice(&PING.repeat(fit));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Batch {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let answers = bytes.split(|byte| *byte == b'\n').count() - 1;
        let mut log = self.log.lock();
        log.extend(std::iter::repeat_n(self.name, answers));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const PING: &[u8] = b"PNG\r\n";

/// All on one thread, in turn. Who sends ten thousand commands is served first.
#[tokio::test(flavor = "current_thread")]
async fn whoever_sends_much_at_once_leaves_others_their_turn() {
    let (store, _folder) = store().await;
    let house = House::with_mailboxes(0);
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut running = Vec::new();
    for (id, (name, commands)) in (1..).zip([("greedy", 10_000), ("modest", 1)]) {
        let account = account(id, name);
        let driver = house
            .half_signed_in(&account)
            .complete(&account, roster(&[]));
        let log = Arc::clone(&log);
        let batch = Batch {
            name,
            commands,
            log,
        };
        running.push(tokio::spawn(drive(batch, driver, store.clone())));
    }
    while log.lock().len() < 10_001 {
        tokio::task::yield_now().await;
    }
    let log = log.lock();
    let before = log.iter().position(|name| *name == "modest").unwrap();
    assert_eq!(before, 64, "as many as one turn has");
    running.iter().for_each(tokio::task::JoinHandle::abort);
}
