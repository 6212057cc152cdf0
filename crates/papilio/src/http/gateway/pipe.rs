//! Two ends of a connection that is polled: on one side what carries bytes for a session, on the
//! other the requests of its client, one after another (wire-msnp13, 10).
//!
//! ```text
//!   request -> ClientEnd --- sent ---> ServerEnd -> connection, as from a socket
//!   answer  <-     |     <-- queued --     |
//! ```
//!
//! An answer ends with a whole command. Both directions are bounded. A client that polls too slowly
//! makes the connection wait to write, as one that does not read its socket does; a client that sends
//! more than the connection reads has to wait for its answer. The queue is flushed when its last byte
//! was taken for an answer: that is when a message has left (docs/decisions/0004). When nobody has
//! asked for too long the connection reads its end, as if the client had closed its socket.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};

/// What a pipe may hold, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// What may wait in each direction, in bytes.
    pub(super) queue: usize,
    /// How long nobody may ask.
    pub(super) idle: Duration,
    /// How long an answer may be kept back until the connection has read most of what was sent.
    pub(super) patience: Duration,
}

/// What the connection reads and writes.
#[derive(Debug)]
pub(super) struct ServerEnd {
    shared: Arc<Shared>,
    /// Rings no later than nobody may ask any more.
    timer: Pin<Box<Sleep>>,
}

/// What the requests go to. Cloning one is a reference count.
#[derive(Clone, Debug)]
pub(super) struct ClientEnd {
    shared: Arc<Shared>,
}

/// The request under way: it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    shared: Arc<Shared>,
    purpose: Purpose,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// It brought something, to which there may be an answer.
    Send,
    /// It asks what there is.
    Poll,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The one before has not been answered.
    #[error("another request of this session is under way")]
    Busy,
    /// What was sent before has not been read.
    #[error("the session has not read what it was sent before")]
    Full,
    /// It was over before.
    #[error("no such session")]
    Over,
}

/// What is answered to a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// What the session had to say.
    pub(super) bytes: Bytes,
    /// Whether these were its last words.
    pub(super) is_last: bool,
}

impl Taken {
    const NOTHING: Self = Self {
        bytes: Bytes::new(),
        is_last: false,
    };
}

#[derive(Debug)]
struct Shared {
    limits: Limits,
    state: Mutex<State>,
}

struct State {
    /// By the client, and not read yet.
    sent: BytesMut,
    /// For the client, and not taken yet.
    queued: BytesMut,
    /// The connection has read everything, done what follows, and waits.
    at_rest: bool,
    /// The connection waits for room.
    crowded: bool,
    /// The connection has said all it will.
    ended: bool,
    /// Nobody will ask any more.
    over: bool,
    /// A request is under way.
    asking: bool,
    /// When the last one began or ended.
    last_asked: Instant,
    connection: Option<Waker>,
    request: Option<Waker>,
}

/// A connection whose client asks as often as it likes, but at least so often.
pub(super) fn pipe(limits: Limits) -> (ServerEnd, ClientEnd) {
    let now = Instant::now();
    let shared = Arc::new(Shared {
        limits,
        state: Mutex::new(State {
            sent: BytesMut::new(),
            queued: BytesMut::new(),
            at_rest: false,
            crowded: false,
            ended: false,
            over: false,
            asking: false,
            last_asked: now,
            connection: None,
            request: None,
        }),
    });
    let server = ServerEnd {
        shared: Arc::clone(&shared),
        timer: Box::pin(sleep_until(now + limits.idle)),
    };
    (server, ClientEnd { shared })
}

impl ClientEnd {
    /// Begins a request that sends these bytes.
    pub(super) fn ask(&self, bytes: &[u8]) -> Result<Turn, Refusal> {
        let mut state = self.shared.state.lock();
        if state.over {
            return Err(Refusal::Over);
        }
        if state.asking {
            return Err(Refusal::Busy);
        }
        // A poll brings nothing; and of what does, one more than there is room for always fits.
        if state.sent.len() > self.shared.limits.queue && !bytes.is_empty() {
            return Err(Refusal::Full);
        }
        state.asking = true;
        state.last_asked = Instant::now();
        if !bytes.is_empty() && !state.ended {
            state.sent.extend_from_slice(bytes);
            state.at_rest = false;
            wake(&mut state.connection);
        }
        let purpose = match bytes {
            [] => Purpose::Poll,
            _ => Purpose::Send,
        };
        Ok(Turn {
            shared: Arc::clone(&self.shared),
            purpose,
        })
    }

    /// Done when nobody will ask any more. Only when the connection has ended.
    pub(super) async fn over(&self) {
        while let Err(deadline) = self.shared.give_up() {
            let over = poll_fn(|cx| {
                let mut state = self.shared.state.lock();
                if state.over {
                    return Poll::Ready(());
                }
                state.connection = Some(cx.waker().clone());
                Poll::Pending
            });
            // Late or not, it is looked at again.
            let _over = timeout_at(deadline, over).await;
        }
    }
}

impl Turn {
    /// What there is to answer, as soon as the session has done what it was sent. If it has nothing
    /// to say, it may think about it for as long as `hold`, and its client is there: what is said to
    /// one that is gone would be lost.
    pub(super) async fn answer(self, hold: Duration, gone: impl Future<Output = ()>) -> Taken {
        let shared = &self.shared;
        if !hold.is_zero() {
            let spoken = shared.wait(|state| !state.queued.is_empty() || state.ended);
            tokio::select! {
                biased;
                () = spoken => {}
                // Nothing to say is an answer.
                () = tokio::time::sleep(hold) => {}
                () = gone => return Taken::NOTHING,
            }
        }
        let Limits {
            queue, patience, ..
        } = shared.limits;
        let is_full = |state: &State| state.ended || state.crowded;
        // What comes later is there for the next request.
        let rests = || {
            timeout(
                AT_ONCE,
                shared.wait(|state| state.at_rest || is_full(state)),
            )
        };
        if rests().await.is_ok() && self.purpose == Purpose::Send {
            // Others' connections get their turn: the `ACK` of a message comes from there.
            let spoken = shared.wait(|state| !state.queued.is_empty() || state.ended);
            if timeout(A_MOMENT, spoken).await.is_ok() {
                let _late = rests().await;
            }
        }
        // As a socket that is full keeps its client from writing, so does an answer that is late.
        let has_room = shared.wait(|state| state.sent.len() <= queue || is_full(state));
        let _late = timeout(patience, has_room).await;
        shared.take()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.asking = false;
        state.last_asked = Instant::now();
        state.request = None;
    }
}

impl Shared {
    /// Waits for what only the connection brings about.
    async fn wait(&self, done: impl Fn(&State) -> bool) {
        poll_fn(|cx| {
            let mut state = self.state.lock();
            if done(&state) {
                return Poll::Ready(());
            }
            state.request = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn take(&self) -> Taken {
        let mut state = self.state.lock();
        let bytes = std::mem::take(&mut state.queued).freeze();
        state.crowded = false;
        state.over |= state.ended;
        wake(&mut state.connection);
        Taken {
            bytes,
            is_last: state.ended,
        }
    }

    /// Ends it if nobody has asked for too long; else says when that will be.
    fn give_up(&self) -> Result<(), Instant> {
        let mut state = self.state.lock();
        let now = Instant::now();
        let last_asked = if state.asking { now } else { state.last_asked };
        let deadline = last_asked + self.limits.idle;
        if deadline <= now {
            state.over = true;
        }
        if state.over { Ok(()) } else { Err(deadline) }
    }
}

impl ServerEnd {
    /// Ready when nobody will ask any more.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            match self.shared.give_up() {
                Ok(()) => return Poll::Ready(()),
                Err(deadline) => self.timer.as_mut().reset(deadline),
            }
        }
        Poll::Pending
    }
}

impl AsyncRead for ServerEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut state = this.shared.state.lock();
        if !state.sent.is_empty() {
            let length = state.sent.len().min(buffer.remaining());
            buffer.put_slice(&state.sent[..length]);
            state.sent.advance(length);
            if state.sent.is_empty() {
                // An idle connection holds no buffer.
                state.sent = BytesMut::new();
            }
            wake(&mut state.request);
            return Poll::Ready(Ok(()));
        }
        state.at_rest = true;
        state.connection = Some(cx.waker().clone());
        wake(&mut state.request);
        drop(state);
        this.poll_over(cx).map(Ok)
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut state = this.shared.state.lock();
        if state.over {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let before = state.queued.len();
        for slice in slices {
            let room = this.shared.limits.queue.saturating_sub(state.queued.len());
            // Each slice is a whole command. libpurple forgets the beginning of a command at the end
            // of an answer, so none is cut; one always fits, whatever its size.
            if slice.len() > room && !state.queued.is_empty() {
                break;
            }
            state.queued.extend_from_slice(slice);
        }
        let written = state.queued.len() - before;
        // More may follow before it waits for something again.
        state.at_rest = false;
        wake(&mut state.request);
        if written > 0 || slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(written));
        }
        state.crowded = true;
        state.connection = Some(cx.waker().clone());
        drop(state);
        this.poll_over(cx)
            .map(|()| Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Ready when everything was taken.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.shared.state.lock();
        if state.queued.is_empty() {
            Poll::Ready(Ok(()))
        } else if state.over {
            Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
        } else {
            state.connection = Some(cx.waker().clone());
            Poll::Pending
        }
    }

    /// Does not wait: the last words are there for whoever asks, the connection need not be.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.state.lock().end();
        Poll::Ready(Ok(()))
    }
}

impl Drop for ServerEnd {
    fn drop(&mut self) {
        self.shared.state.lock().end();
    }
}

impl State {
    fn end(&mut self) {
        self.ended = true;
        self.sent = BytesMut::new();
        wake(&mut self.request);
    }
}

/// Shows how much there is, never what: people's messages and tickets go through here.
impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("sent", &self.sent.len())
            .field("queued", &self.queued.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// How long an answer waits for what others do about what was sent (wire-msnp13, 10: a few
/// milliseconds).
const A_MOMENT: Duration = Duration::from_millis(20);

/// How long a request waits for the session to do what it was sent. What comes later goes with the
/// next one.
const AT_ONCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const IDLE: Duration = Duration::from_secs(60);
    const PATIENCE: Duration = Duration::from_secs(30);

    fn ends(queue: usize) -> (ServerEnd, ClientEnd) {
        pipe(Limits {
            queue,
            idle: IDLE,
            patience: PATIENCE,
        })
    }

    async fn ask(client: &ClientEnd, bytes: &[u8], hold: Duration) -> (String, bool) {
        let turn = client.ask(bytes).unwrap();
        let Taken { bytes, is_last } = turn.answer(hold, std::future::pending()).await;
        (String::from_utf8(bytes.to_vec()).unwrap(), is_last)
    }

    fn said(text: &str) -> (String, bool) {
        (text.to_owned(), false)
    }

    /// Answers each byte with two of it, after a while.
    fn doubling(mut server: ServerEnd, while_: Duration) {
        tokio::spawn(async move {
            while let Ok(byte) = server.read_u8().await {
                tokio::time::sleep(while_).await;
                server.write_all(&[byte, byte]).await.unwrap();
            }
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_answered_with_what_follows_from_it() {
        let (server, client) = ends(100);
        doubling(server, Duration::from_millis(300));
        let now = Duration::ZERO;
        assert_eq!(ask(&client, b"abc", now).await, said("aabbcc"));
        assert_eq!(ask(&client, b"", now).await, said(""));
        // Without waiting for ever.
        let began = Instant::now();
        assert_eq!(ask(&client, b"0123456789", now).await, said("001122334455"));
        assert_eq!(began.elapsed(), AT_ONCE);
        let rest = ask(&client, b"", now).await.0 + &ask(&client, b"", now).await.0;
        assert_eq!(rest, "66778899");
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_do_about_a_message_at_once_goes_with_the_answer() {
        let (mut server, client) = ends(100);
        let began = Instant::now();
        tokio::spawn(async move {
            for others in [5, 50, 5] {
                server.read_u8().await.unwrap();
                let others = Duration::from_millis(others);
                assert!(timeout(others, server.read_u8()).await.is_err());
                server.write_all(b"ACK").await.unwrap();
            }
            let _end = server.read_u8().await;
        });
        let now = Duration::ZERO;
        assert_eq!(ask(&client, b"x", now).await, said("ACK"));
        assert_eq!(began.elapsed().as_millis(), 5);
        assert_eq!(ask(&client, b"x", now).await, said(""));
        assert_eq!(began.elapsed().as_millis(), 25);
        assert_eq!(ask(&client, b"", IDLE).await, said("ACK"));
        // A poll does not wait.
        assert_eq!(began.elapsed().as_millis(), 55);
        assert_eq!(ask(&client, b"", now).await, said(""));
        assert_eq!(began.elapsed().as_millis(), 55);
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_that_is_held_is_answered_when_there_is_something() {
        let (mut server, client) = ends(100);
        let began = Instant::now();
        let hold = Duration::from_secs(40);
        let speaks = async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            server.write_all(b"hello").await.unwrap();
            let _end = server.read(&mut [0]).await;
        };
        tokio::select! {
            () = speaks => unreachable!("the client is there"),
            answer = ask(&client, b"", hold) => assert_eq!(answer, said("hello")),
        }
        assert_eq!(began.elapsed().as_secs(), 7);
        tokio::select! {
            _ = server.read_u8() => unreachable!("the client is there"),
            answer = ask(&client, b"", hold) => assert_eq!(answer, said("")),
        }
        assert_eq!(began.elapsed().as_secs(), 47);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_gives_its_turn_back_and_loses_nothing() {
        let (mut server, client) = ends(100);
        let began = Instant::now();
        let gone = tokio::time::sleep(Duration::from_secs(3));
        let answer = client.ask(b"").unwrap().answer(IDLE, gone).await;
        assert_eq!(answer, Taken::NOTHING);
        assert_eq!(began.elapsed().as_secs(), 3);
        server.write_all(b"hello").await.unwrap();
        // One that never reads but closes its side at once gets what there is.
        let gone = std::future::ready(());
        let answer = client.ask(b"").unwrap().answer(IDLE, gone).await;
        assert_eq!(answer.bytes, "hello");
    }

    #[tokio::test(start_paused = true)]
    async fn one_request_at_a_time() {
        let (mut server, client) = ends(100);
        let held = client.ask(b"").unwrap();
        assert_eq!(client.ask(b"x").unwrap_err(), Refusal::Busy);
        // A client that goes away gives its turn back.
        drop(held);
        let turn = client.ask(b"y").unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'y');
        drop(turn);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_the_end_a_minute_after_the_last_request_ended() {
        let (mut server, client) = ends(100);
        let began = Instant::now();
        let asks = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(59)).await;
                drop(client.ask(b"").unwrap());
            }
            // One that is under way for long is no silence.
            let held = client.ask(b"").unwrap();
            tokio::time::sleep(Duration::from_secs(200)).await;
            drop(held);
        };
        let mut byte = [0];
        let (end, ()) = tokio::join!(server.read(&mut byte), asks);
        assert_eq!(end.unwrap(), 0);
        assert_eq!(began.elapsed().as_secs(), 3 * 59 + 200 + 60);
        assert_eq!(client.ask(b"").unwrap_err(), Refusal::Over);
        let broken = server.write_all(b"x").await.unwrap_err();
        assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_written_has_left_when_it_was_taken() {
        let (mut server, client) = ends(4);
        server.write_all(b"abcd").await.unwrap();
        let hour = Duration::from_secs(3600);
        {
            let mut flushed = std::pin::pin!(server.flush());
            assert!(poll_once(flushed.as_mut()).await.is_pending());
            assert_eq!(ask(&client, b"", Duration::ZERO).await, said("abcd"));
            assert!(timeout(hour, flushed).await.unwrap().is_ok());
        }
        // Never taken: it has not left, and there is room for no more.
        server.write_all(b"efgh").await.unwrap();
        assert!(server.write_all(b"i").await.is_err());
        assert!(server.flush().await.is_err());
    }

    async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
        poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_makes_the_connection_wait_and_gets_whole_commands() {
        let (mut server, client) = ends(10);
        let commands = [
            "one.",
            "two.",
            "three.",
            "a long one, longer than all.",
            "five.",
        ];
        let writes = async {
            for command in commands.repeat(10) {
                let slices = [IoSlice::new(command.as_bytes())];
                let written = server.write_vectored(&slices).await.unwrap();
                assert_eq!(written, command.len());
            }
            server.shutdown().await.unwrap();
        };
        let polls = async {
            let mut all = String::new();
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                let (text, is_last) = ask(&client, b"", Duration::ZERO).await;
                assert!(text.len() <= 10 || text == commands[3], "{text}");
                assert!(text.ends_with('.'), "{text}");
                all += &text;
                if is_last {
                    return all;
                }
            }
        };
        let ((), all) = tokio::join!(writes, polls);
        assert_eq!(all, commands.repeat(10).concat());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_does_not_read_makes_its_client_wait() {
        let (mut server, client) = ends(5);
        let began = Instant::now();
        let reads = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            server.read_exact(&mut [0; 9]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(100)).await;
        };
        let asks = async {
            let now = Duration::ZERO;
            assert_eq!(ask(&client, b"more than five", now).await, said(""));
            assert_eq!(began.elapsed().as_secs(), 10);
            // Nine were read, and there is room for more. Nobody waits for ever.
            assert_eq!(ask(&client, b"more", now).await, said(""));
            assert_eq!(began.elapsed().as_secs(), 10 + 2 + PATIENCE.as_secs());
        };
        let ((), ()) = tokio::join!(reads, asks);
        assert_eq!(client.ask(b"x").unwrap_err(), Refusal::Full);
        drop(client.ask(b"").unwrap());
        let mut rest = [0; 9];
        server.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b" fivemore");
        drop(client.ask(b"x").unwrap());
        assert_eq!(server.read_u8().await.unwrap(), b'x');
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_must_poll_before_its_session_reads_is_answered() {
        let (mut server, client) = ends(5);
        let asks = async {
            assert_eq!(
                ask(&client, b"more than five", PATIENCE).await,
                said("12345")
            );
            assert_eq!(ask(&client, b"", PATIENCE).await, said("67890"));
        };
        let writes = async {
            server.write_all(b"12345").await.unwrap();
            server.write_all(b"67890").await.unwrap();
            server.read_exact(&mut [0; 14]).await.unwrap();
            let _end = server.read(&mut [0]).await;
        };
        tokio::select! {
            () = asks => {}
            () = writes => unreachable!("the client is there"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_words_wait_for_whoever_asks_but_not_for_ever() {
        let (mut server, client) = ends(100);
        server.write_all(b"bye").await.unwrap();
        drop(server);
        let over = client.over();
        let mut over = std::pin::pin!(over);
        assert!(poll_once(over.as_mut()).await.is_pending());
        let last = ("bye".to_owned(), true);
        assert_eq!(ask(&client, b"OUT\r\n", IDLE).await, last);
        assert_eq!(client.ask(b"").unwrap_err(), Refusal::Over);
        over.await;

        let (server, client) = ends(100);
        drop(server);
        let began = Instant::now();
        client.over().await;
        assert_eq!(began.elapsed(), IDLE);
    }

    #[test]
    fn nothing_that_passes_is_shown() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (mut server, client) = ends(100);
            let turn = client.ask(b"secret").unwrap();
            server.write_all(b"secret").await.unwrap();
            let shown = format!("{server:?} {client:?} {turn:?}");
            assert!(!shown.contains("secret"), "{shown}");
        });
    }
}
