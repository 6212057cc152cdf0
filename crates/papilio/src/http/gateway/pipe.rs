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
mod tests;
