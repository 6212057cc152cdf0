//! A connection as the HTTP library sees it: the client's bytes with their heads mended both ways
//! (see [`super::head`]), and an end for whoever keeps us waiting.
//!
//! Every wait has its limit, and there is one timer for all of them:
//!
//! ```text
//!   between requests                      idle
//!   head of a request, and its body       request each
//!   an answer that is not taken           idle, from the last byte taken
//!   a request that lacks its body         GRACE, then it is taken to have none
//!   closing while the client still sends  LINGER, so that it gets to read its answer
//!   an answer being made                  none here
//! ```
//!
//! While an answer is being made the library does not read. This does, a little, to know when the
//! client is gone ([`Departure`]).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use super::head::{Answers, Limits, Requests};

/// How long a client may keep us waiting; `None` = for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a request to come whole.
    pub request: Option<Duration>,
    /// Between requests, and for the next byte of an answer to be taken.
    pub idle: Option<Duration>,
}

/// The connection.
#[derive(Debug)]
pub struct MendedStream<S> {
    inner: S,
    requests: Requests,
    /// What has been mended and waits to be read.
    readable: BytesMut,
    answers: Answers,
    /// What has been mended and waits to be written.
    writable: BytesMut,
    patience: Patience,
    timer: Option<Pin<Box<Sleep>>>,
    /// When something last went either way.
    last_progress: Instant,
    /// When the head came, or its first byte if it is not whole yet, of a request that is not whole.
    request_began: Option<Instant>,
    /// What came while an answer was being made.
    ahead: BytesMut,
    /// Dropped when the client has said all it will.
    presence: Option<watch::Sender<()>>,
    closing: Closing,
}

/// Tells when a client has closed its side of the connection: it may still read its answer, but
/// most that do so are gone.
#[derive(Clone, Debug)]
pub struct Departure(Option<watch::Receiver<()>>);

impl Departure {
    /// Done when the client is gone.
    pub async fn happened(mut self) {
        if let Some(presence) = &mut self.0 {
            // Nothing is ever said but the end.
            while presence.changed().await.is_ok() {}
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    No,
    /// Our side is closed; until then, or so many bytes, the client's side is read.
    Lingering {
        until: Instant,
        left: usize,
    },
}

impl<S> MendedStream<S> {
    /// Wraps a connection on which nothing has been said.
    pub fn new(inner: S, limits: Limits, patience: Patience) -> Self {
        Self {
            inner,
            requests: Requests::new(limits),
            readable: BytesMut::new(),
            answers: Answers::new(),
            writable: BytesMut::new(),
            patience,
            timer: None,
            last_progress: Instant::now(),
            request_began: None,
            ahead: BytesMut::new(),
            presence: Some(watch::Sender::new(())),
            closing: Closing::No,
        }
    }

    /// When the client goes.
    pub fn departure(&self) -> Departure {
        Departure(self.presence.as_ref().map(watch::Sender::subscribe))
    }

    /// When waiting for the client's next byte must end.
    fn read_deadline(&self) -> Option<Instant> {
        if let Some(began) = self.request_began {
            return self.patience.request.map(|patience| began + patience);
        }
        // While an answer is being made it is we who are late.
        self.patience
            .idle
            .filter(|_| !self.is_owed())
            .map(|patience| self.last_progress + patience)
    }

    /// Whether an answer is being made.
    fn is_owed(&self) -> bool {
        self.requests.passed() > self.answers.passed()
    }

    /// Ready when the time has come.
    fn poll_deadline(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }

    /// Takes bytes of the client.
    fn take(&mut self, bytes: &[u8]) {
        let passed = self.requests.passed();
        self.requests.push(bytes, &mut self.readable);
        self.last_progress = Instant::now();
        if self.requests.is_between() {
            self.request_began = None;
        } else if self.request_began.is_none() || self.requests.passed() > passed {
            self.request_began = Some(self.last_progress);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> MendedStream<S> {
    /// Writes what waits to be written.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writable.is_empty() {
            match Pin::new(&mut self.inner).poll_write(cx, &self.writable) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    self.writable.advance(written);
                    self.last_progress = Instant::now();
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    let deadline = self.patience.idle.map(|idle| self.last_progress + idle);
                    ready!(self.poll_deadline(cx, deadline));
                    return Poll::Ready(Err(too_slow("the client does not take its answer")));
                }
            }
        }
        // An idle connection holds no buffer.
        self.writable = BytesMut::new();
        Poll::Ready(Ok(()))
    }

    /// Looks for the client's end while nobody else reads: a request has come whole, and its answer is
    /// being made.
    fn look_ahead(&mut self, cx: &mut Context<'_>) {
        let mut scratch = [0; SCRATCH];
        let nobody_reads = self.is_owed() && self.requests.is_between();
        while nobody_reads && self.presence.is_some() && self.ahead.len() < READ_AHEAD {
            let mut chunk = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.inner).poll_read(cx, &mut chunk) {
                Poll::Ready(Ok(())) if !chunk.filled().is_empty() => {
                    self.ahead.extend_from_slice(chunk.filled());
                }
                Poll::Ready(_) => self.presence = None,
                Poll::Pending => return,
            }
            // Should somebody be about to read all the same.
            cx.waker().wake_by_ref();
        }
    }

    /// Reads what the client still sends and forgets it: closing with bytes unread would reset the
    /// connection, and the client would lose the answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>, until: Instant, left: usize) -> Poll<()> {
        let mut left = left;
        let mut scratch = [0; SCRATCH];
        loop {
            let mut chunk = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.inner).poll_read(cx, &mut chunk) {
                Poll::Ready(Ok(())) if !chunk.filled().is_empty() && left > 0 => {
                    left = left.saturating_sub(chunk.filled().len());
                    self.closing = Closing::Lingering { until, left };
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.poll_deadline(cx, Some(until)),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for MendedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut scratch = [0; SCRATCH];
        while this.readable.is_empty() {
            if !this.ahead.is_empty() {
                let ahead = std::mem::take(&mut this.ahead);
                this.take(&ahead);
                continue;
            }
            let mut chunk = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.inner).poll_read(cx, &mut chunk) {
                Poll::Ready(Ok(())) if chunk.filled().is_empty() => {
                    this.presence = None;
                    this.requests.end_of_stream(&mut this.readable);
                    if this.readable.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(Ok(())) => this.take(chunk.filled()),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if this.requests.lacks_body() => {
                    let deadline = this.last_progress + GRACE;
                    ready!(this.poll_deadline(cx, Some(deadline)));
                    this.requests.end_of_body(&mut this.readable);
                    this.request_began = None;
                }
                Poll::Pending => {
                    let deadline = this.read_deadline();
                    ready!(this.poll_deadline(cx, deadline));
                    let what = if this.request_began.is_some() {
                        "the request does not come to its end"
                    } else {
                        "no request for too long"
                    };
                    return Poll::Ready(Err(too_slow(what)));
                }
            }
        }
        let length = this.readable.len().min(buffer.remaining());
        buffer.put_slice(&this.readable[..length]);
        this.readable.advance(length);
        if this.readable.is_empty() {
            this.readable = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for MendedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.writable.len() >= WRITE_AHEAD {
            ready!(this.poll_drain(cx))?;
        }
        if this.writable.is_empty() {
            // Patience for the answer begins with the answer.
            this.last_progress = Instant::now();
        }
        let taken = &bytes[..bytes.len().min(WRITE_AHEAD)];
        this.answers.push(taken, &mut this.writable);
        match this.poll_drain(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // What could not be written now goes with the next write, or with the flush.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(taken.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.answers.flush(&mut this.writable);
        this.look_ahead(cx);
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.closing == Closing::No {
            this.answers.flush(&mut this.writable);
            ready!(this.poll_drain(cx))?;
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
            if this.requests.is_between() {
                return Poll::Ready(Ok(()));
            }
            this.closing = Closing::Lingering {
                until: Instant::now() + LINGER,
                left: LINGER_BYTES,
            };
        }
        if let Closing::Lingering { until, left } = this.closing {
            ready!(this.poll_linger(cx, until, left));
        }
        Poll::Ready(Ok(()))
    }
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

/// How long a request without length may take to send its first byte. libpurple writes head and
/// body at once, so what has not come by now does not exist.
const GRACE: Duration = Duration::from_millis(700);

/// How long, and for how many bytes, a client may go on sending what nobody wants.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 16 * 1024 * 1024;

/// How much is read while an answer is being made.
const READ_AHEAD: usize = 64 * 1024;

/// How much is read at once.
const SCRATCH: usize = 8 * 1024;

/// How much of an answer is copied ahead of the client. More than most answers have, so that they
/// go out in one piece.
const WRITE_AHEAD: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    const LIMITS: Limits = Limits {
        head: 4096,
        body: 4096,
    };
    const PATIENCE: Patience = Patience {
        request: Some(Duration::from_secs(30)),
        idle: Some(Duration::from_secs(60)),
    };

    async fn read_text(stream: &mut (impl AsyncRead + Unpin)) -> String {
        let mut bytes = vec![0; 4096];
        let length = stream.read(&mut bytes).await.unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_body_and_length_passes_after_the_grace() {
        let (mut client, server) = duplex(10_000);
        let mut server = MendedStream::new(server, LIMITS, PATIENCE);
        let request = b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n";
        client.write_all(request).await.unwrap();
        let began = Instant::now();
        assert_eq!(
            read_text(&mut server).await,
            "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
        );
        assert_eq!(began.elapsed().as_millis(), GRACE.as_millis());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends() {
        let (mut client, server) = duplex(10_000);
        let mut server = MendedStream::new(server, LIMITS, PATIENCE);
        let began = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        read_text(&mut server).await;
        server
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        let error = server.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_trickles_ends() {
        let (mut client, server) = duplex(10_000);
        let mut server = MendedStream::new(server, LIMITS, PATIENCE);
        let began = Instant::now();
        let trickle = async {
            loop {
                if client.write_all(b"G").await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = trickle => unreachable!("the server reads on"),
            outcome = server.read_u8() => {
                assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::TimedOut);
            }
        }
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_the_making_may_take_its_time() {
        let (mut client, server) = duplex(10_000);
        let mut server = MendedStream::new(server, LIMITS, PATIENCE);
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        read_text(&mut server).await;
        let waiting = tokio::time::timeout(Duration::from_secs(600), server.read_u8());
        assert!(waiting.await.is_err(), "nobody gave up");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_ends() {
        let (_client, server) = duplex(100);
        let mut server = MendedStream::new(server, LIMITS, PATIENCE);
        let began = Instant::now();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{}",
            "a".repeat(200_000)
        );
        let error = server.write_all(answer.as_bytes()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_on_sending_still_reads_its_answer() {
        let (mut client, server) = duplex(1000);
        let mut server = MendedStream::new(server, LIMITS, PATIENCE);
        client
            .write_all(b"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n")
            .await
            .unwrap();
        read_text(&mut server).await;
        let answer = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n";
        server.write_all(answer).await.unwrap();
        let began = Instant::now();
        let (closed, ()) = tokio::join!(server.shutdown(), async {
            client.write_all(&[b'a'; 5000]).await.unwrap();
            assert_eq!(read_text(&mut client).await.as_bytes(), answer);
        });
        closed.unwrap();
        assert_eq!(began.elapsed().as_secs(), LINGER.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_while_its_answer_is_made_is_noticed() {
        let (mut client, server) = duplex(10_000);
        let mut server = MendedStream::new(server, LIMITS, PATIENCE);
        let departure = server.departure();
        let request = "GET / HTTP/1.1\r\n\r\n";
        client.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_text(&mut server).await, request);
        let mut gone = Box::pin(departure.happened());
        let wait = Duration::from_secs(600);
        // The next request comes before this one is answered, and is not lost.
        client.write_all(request.as_bytes()).await.unwrap();
        server.flush().await.unwrap();
        assert!(tokio::time::timeout(wait, &mut gone).await.is_err());
        client.shutdown().await.unwrap();
        server.flush().await.unwrap();
        gone.await;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        server.write_all(answer).await.unwrap();
        assert_eq!(read_text(&mut server).await, request);
        assert_eq!(read_text(&mut client).await.as_bytes(), answer);
        server.departure().happened().await;
    }
}
