//! A connection: bytes in, bytes out, and a session between.
//!
//! One task each. It sleeps until there are bytes to read, post in the mailbox, or a timer; does all
//! that follows from it; and writes all that is queued in one call. While it sleeps it holds no
//! buffer: what is read goes through one that the thread owns.
//!
//! It drives a session over anything that carries bytes: a socket, or a polled queue of the HTTP
//! gateway. What is written to a socket has left; what is written to a queue has not, before the
//! queue says that it is flushed. Receipts are told then (docs/decisions/0004).

pub mod driver;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use jiff::Timestamp;
use msnp::error::ErrorCode;
use msnp::message::{MemberId, Profile};
use msnp::server::{Closing, Input, Refusal, Welcome};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tracing::{debug, info, warn};

use self::driver::{Ask, Driver, Output};
use crate::conversation::Room;
use crate::mailbox::{Overflow, Post, Receipt};
use crate::metrics::{METRICS, SignIn};
use crate::store::Store;
use crate::store::roster::SessionRoster;
use crate::wire_log::{Heard, Tap};

/// How much a client must take of what it is sent before its deadline, to be given another: slower
/// than any modem, and fast enough that nobody can hold others up for ever.
const PORTION: usize = 64 * 1024;

/// How long what was said last may take to leave, when the connection closes.
const LAST_WORDS_DEADLINE: Duration = Duration::from_secs(3);

/// How many commands a connection may have carried out before others get their turn.
const FAIR_SHARE: usize = 64;

/// How many buffers are handed to one write.
const WRITE_BATCH: usize = 64;

/// The longest reason that the log shows, in characters: what a client wrote may stand in it.
const WHY_SHOWN: usize = 300;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; 32 * 1024].into());
}

/// A line of the log about a session: whose, on which connection, from where, in which version. Only
/// what is logged looks for them; there are no spans to carry them along.
macro_rules! of_session {
    ($level:ident, $driver:expr, $($rest:tt)+) => {
        $level!(
            connection = %$driver.id(),
            peer = %$driver.peer(),
            handle = $driver.account().map_or("-", |handle| handle.as_str()),
            version = $driver.version().map(tracing::field::display),
            $($rest)+
        )
    };
}

/// What woke a connection.
enum Woken {
    Read(io::Result<usize>),
    /// What was read before can be carried out now.
    Lines,
    Post(Vec<Post>, Overflow),
    Timer,
}

/// What there is in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    /// No whole line.
    Rest,
    /// There may be whole lines, which had to wait: for others' turn, or for readers to catch up.
    Lines,
}

/// What became of a turn.
enum Turn {
    /// All was done.
    Done(Next),
    /// This waits for the store, or for the socket.
    Unfinished(Box<Unfinished>),
}

/// What comes after a turn.
enum Next {
    /// The next one, as soon as something wakes the connection.
    Turn,
    /// The same, after others had theirs.
    Others,
    /// Nothing: it is over.
    End,
}

/// A turn that must wait.
struct Unfinished {
    ask: Option<Ask>,
    out: Output,
}

/// What carries the bytes, and the session that they mean.
///
/// A value of its own, and driven by reference, so that the task that drives it holds it once: a
/// future that is handed a value keeps a place for it as an argument and another as a variable.
#[derive(Debug)]
pub struct Connection<Io> {
    io: Io,
    driver: Driver,
    store: Arc<Store>,
    /// What came and was not carried out yet.
    input: BytesMut,
    unread: Unread,
    /// Until when the rest of that must go on coming.
    rest_due: Option<Instant>,
    /// For what was written and has not left yet.
    unsent: Vec<Receipt>,
    /// Where it is written down, which few are.
    tap: Option<Box<Tap>>,
    heard: Heard,
}

impl<Io> Connection<Io>
where
    Io: AsyncRead + AsyncWrite + Unpin,
{
    /// A connection that was just accepted.
    pub fn new(io: Io, driver: Driver, store: impl Into<Arc<Store>>) -> Self {
        Self {
            io,
            driver,
            store: store.into(),
            input: BytesMut::new(),
            unread: Unread::Rest,
            rest_due: None,
            unsent: Vec::new(),
            tap: None,
            heard: Heard::default(),
        }
    }

    /// Drives the session until it closes or the connection breaks.
    pub async fn drive(&mut self) {
        let mut timer = pin!(tokio::time::sleep_until(far_away().into()));
        loop {
            let wake_at = self.driver.wake_at().into_iter().chain(self.rest_due).min();
            arm(timer.as_mut(), wake_at);
            // What takes longer than one poll is on the heap, only while it lasts: a place for it in
            // the task would be there while idle too.
            let next = match poll_fn(|cx| self.poll_turn(cx, timer.as_mut())).await {
                Turn::Done(next) => next,
                Turn::Unfinished(rest) => Box::pin(self.finish(rest)).await,
            };
            match next {
                Next::Turn => {}
                Next::Others => tokio::task::yield_now().await,
                // Whoever closed first, the other end need not wait for the word of it.
                Next::End => return Box::pin(self.shut_down()).await,
            }
        }
    }

    /// A turn: wakes up, does all that follows, and writes, as far as that needs no waiting. In the
    /// usual case it needs none: the socket takes it all at once.
    fn poll_turn(&mut self, cx: &mut Context<'_>, timer: Pin<&mut Sleep>) -> Poll<Turn> {
        let woken = ready!(self.poll_woken(cx, timer));
        let mut out = Output::default();
        let ask = self.take(woken, &mut out);
        if ask.is_some() {
            return Poll::Ready(Turn::Unfinished(Box::new(Unfinished { ask, out })));
        }
        self.round_off(&mut out);
        Poll::Ready(match poll_write(cx, &mut self.io, &mut out.bytes) {
            Poll::Ready(written) => Turn::Done(self.conclude(cx, out, written)),
            Poll::Pending => Turn::Unfinished(Box::new(Unfinished { ask, out })),
        })
    }

    /// The rest of a turn that must wait for the store, or for the socket.
    async fn finish(&mut self, rest: Box<Unfinished>) -> Next {
        let Unfinished { ask, mut out } = *rest;
        if let Some(ask) = ask {
            self.settle(ask, &mut out).await;
            self.round_off(&mut out);
        }
        let written = self.write_rest(&mut out).await;
        let mut end = Some((out, written));
        poll_fn(|cx| match end.take() {
            Some((out, written)) => Poll::Ready(self.conclude(cx, out, written)),
            None => Poll::Pending,
        })
        .await
    }

    /// What a turn ends with, whatever it began with.
    fn round_off(&mut self, out: &mut Output) {
        self.look_at_the_time(out);
        // What the input caused for this very session goes out with its answer.
        if out.closing.is_none() {
            let post = self.driver.mailbox().take();
            self.driver.deliver(now(), post, out);
        }
        if let Some(tap) = &mut self.tap {
            tap.server(&out.bytes);
            if !tap.goes_on(self.driver.account()) {
                self.tap = None;
            }
        }
    }

    /// Whether this connection is written down may have changed.
    fn look_at_wire_log(&mut self) {
        let driver = &self.driver;
        let news = driver
            .wire_log()
            .news(self.heard, driver.id(), driver.peer());
        if let Some((heard, tap)) = news {
            self.heard = heard;
            self.tap = tap;
        }
    }

    /// Everything was written, or cannot be.
    fn conclude(&mut self, cx: &mut Context<'_>, mut out: Output, written: io::Result<()>) -> Next {
        if written.is_ok() && !out.receipts.is_empty() {
            self.unsent.append(&mut out.receipts);
            // They are told now or later, whenever all has left.
            let _now = self.poll_sent(cx);
        }
        let closing = match (written, out.closing) {
            (Err(error), None) => Some(match error.kind() {
                io::ErrorKind::TimedOut => Closing::Fault("does not read what it is sent".into()),
                _ => Closing::Done("connection broke"),
            }),
            (_, closing) => closing,
        };
        match closing {
            Some(closing) => {
                report(&self.driver, &closing);
                if let Some(tap) = &mut self.tap {
                    tap.note(match &closing {
                        Closing::Done(why) => why,
                        Closing::Fault(why) => why,
                    });
                }
                Next::End
            }
            None if out.commands >= FAIR_SHARE => Next::Others,
            None => Next::Turn,
        }
    }

    /// Tells the receipts when all that was written has left.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let flushed = ready!(Pin::new(&mut self.io).poll_flush(cx));
        let receipts = std::mem::take(&mut self.unsent);
        if flushed.is_ok() {
            receipts.into_iter().for_each(Receipt::written);
        }
        Poll::Ready(())
    }

    fn poll_woken(&mut self, cx: &mut Context<'_>, timer: Pin<&mut Sleep>) -> Poll<Woken> {
        if !self.unsent.is_empty() {
            // Woken by that alone, it goes on waiting.
            let _sent = self.poll_sent(cx);
        }
        // While others do not keep up, what the client sends stays with the system, and then with
        // the client.
        if self.driver.poll_room(cx).is_ready() {
            if self.unread == Unread::Lines {
                return Poll::Ready(Woken::Lines);
            }
            if let Poll::Ready(read) = self.poll_read(cx) {
                return Poll::Ready(Woken::Read(read));
            }
        }
        if let Poll::Ready((posts, overflow)) = self.driver.mailbox().poll_take(cx) {
            return Poll::Ready(Woken::Post(posts, overflow));
        }
        timer.poll(cx).map(|()| Woken::Timer)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
            self.input.extend_from_slice(buffer.filled());
            Poll::Ready(Ok(buffer.filled().len()))
        })
    }

    /// Feeds the session what woke it.
    fn take(&mut self, woken: Woken, out: &mut Output) -> Option<Ask> {
        self.look_at_wire_log();
        let Self { driver, .. } = self;
        match woken {
            Woken::Read(Ok(0)) => {
                driver.close(Closing::Done("connection closed by its client"), out);
            }
            Woken::Read(Err(error)) => {
                of_session!(debug, driver, %error, "connection broke");
                driver.close(Closing::Done("connection broke"), out);
            }
            Woken::Read(Ok(_)) | Woken::Lines => return self.read_lines(out),
            Woken::Post(posts, overflow) => driver.deliver(now(), (posts, overflow), out),
            Woken::Timer => {}
        }
        None
    }

    /// Feeds the session the whole lines there are: until it needs an answer of the store, others'
    /// turn has come, or somebody must catch up.
    fn read_lines(&mut self, out: &mut Output) -> Option<Ask> {
        while out.closing.is_none() {
            if out.commands >= FAIR_SHARE || self.driver.room() == Room::Short {
                self.unread = Unread::Lines;
                self.rest_due = None;
                return None;
            }
            let next = match self.driver.codec().decode(&mut self.input) {
                Ok(Some(line)) => {
                    if let Some(tap) = &mut self.tap {
                        tap.client(&line);
                    }
                    Input::Line(line)
                }
                Ok(None) => break,
                Err(error) => Input::Broken(error),
            };
            out.commands += 1;
            let ask = self.driver.feed(now(), next, out);
            if ask.is_some() {
                return ask;
            }
        }
        self.unread = Unread::Rest;
        if self.input.is_empty() {
            self.input = BytesMut::new();
            self.rest_due = None;
        } else {
            self.rest_due = Some(now() + self.driver.rest_deadline());
        }
        None
    }

    /// Looked at every time: whoever never pauses does not outrun their deadlines.
    fn look_at_the_time(&mut self, out: &mut Output) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now());
        if out.closing.is_none() && is_due(self.driver.wake_at()) {
            // No timer makes a session ask the store anything.
            let _none = self.driver.feed(now(), Input::Timer, out);
        }
        if out.closing.is_none() && is_due(self.rest_due) {
            let half = Closing::Fault("sent half a command and no more".into());
            self.driver.close(half, out);
        }
    }

    /// Asks the store, and reads on.
    async fn settle(&mut self, ask: Ask, out: &mut Output) {
        let mut ask = Some(ask);
        while let Some(question) = ask {
            ask = answer(&mut self.driver, question, &self.store, out).await;
            if ask.is_none() {
                ask = self.read_lines(out);
            }
        }
    }

    /// Writes what the socket did not take at once.
    async fn write_rest(&mut self, out: &mut Output) -> io::Result<()> {
        let deadline = match out.closing {
            Some(_) => LAST_WORDS_DEADLINE,
            None => self.driver.unread_deadline(),
        };
        loop {
            let before = size(&out.bytes);
            let portion = poll_fn(|cx| match poll_write(cx, &mut self.io, &mut out.bytes) {
                Poll::Ready(written) => Poll::Ready(written),
                Poll::Pending if before - size(&out.bytes) >= PORTION => Poll::Ready(Ok(())),
                Poll::Pending => Poll::Pending,
            });
            tokio::time::timeout(deadline, portion).await??;
            if out.bytes.is_empty() {
                return Ok(());
            }
        }
    }

    async fn shut_down(&mut self) {
        let shutdown = poll_fn(|cx| Pin::new(&mut self.io).poll_shutdown(cx));
        // It is over, in time or not.
        let _ended = tokio::time::timeout(LAST_WORDS_DEADLINE, shutdown).await;
    }
}

/// Asks the store.
async fn answer(driver: &mut Driver, ask: Ask, store: &Store, out: &mut Output) -> Option<Ask> {
    match ask {
        Ask::Verify {
            handle,
            ticket,
            showing,
            dialect,
        } => {
            let date = Timestamp::now();
            // Whatever the ticket is, there is a secret that it would have if it were good.
            if !showing.is_good(&store.ticket_key().secret(ticket.as_str())) {
                return refuse(driver, Refusal::Ticket, out);
            }
            let account = match store.account_of_ticket(ticket.as_str(), date).await {
                Ok(Some(mut account)) if account.handle == handle => {
                    // One in memory, the session's, is enough.
                    account.handle = handle.clone();
                    account
                }
                Ok(_) => return refuse(driver, Refusal::Ticket, out),
                Err(error) => {
                    of_session!(warn, driver, %error, "cannot check a ticket");
                    return refuse(driver, Refusal::Internal, out);
                }
            };
            // First the place, then lists and mailbox: a change made in between reaches the place.
            let id = driver.sign_in(&account, dialect);
            // What ended the account's sessions before there was this one must end it as well.
            match store.is_as_before(&account).await {
                Ok(true) => {}
                Ok(false) => return refuse(driver, Refusal::Ticket, out),
                Err(error) => {
                    of_session!(warn, driver, %error, "cannot check an account");
                    return refuse(driver, Refusal::Internal, out);
                }
            }
            let read = tokio::try_join!(store.roster_of(id), store.mail_snapshot(id, date));
            let outcome = match read {
                Ok((roster, snapshot)) => {
                    driver.fill_mail(snapshot);
                    Ok(welcome(driver, &account, ticket, date, roster))
                }
                Err(error) => {
                    of_session!(warn, driver, %error, "cannot read lists and mailbox");
                    Err(Refusal::Internal)
                }
            };
            if outcome.is_ok() {
                of_session!(info, driver, "signed in");
            }
            let counted = match &outcome {
                Ok(_) => SignIn::Ok,
                Err(_) => SignIn::Trouble,
            };
            METRICS.sign_ins.of(counted).increment(1);
            driver.verified(now(), outcome, out)
        }
        Ask::Accounts { named, purpose } => {
            let found = match store.accounts_by_handles(&named).await {
                Ok(accounts) => Ok(accounts
                    .into_iter()
                    .filter(|account| !account.disabled)
                    .map(|account| (account.handle, account.id))
                    .collect()),
                Err(error) => {
                    of_session!(warn, driver, %error, "cannot look up accounts");
                    Err(ErrorCode::AddressBookUnavailable)
                }
            };
            driver.found(now(), purpose, found, out)
        }
    }
}

fn refuse(driver: &mut Driver, refusal: Refusal, out: &mut Output) -> Option<Ask> {
    let counted = match refusal {
        Refusal::Ticket => SignIn::Ticket,
        _ => SignIn::Trouble,
    };
    METRICS.sign_ins.of(counted).increment(1);
    driver.verified(now(), Err(refusal), out)
}

/// What a session is told of an account whose ticket was good.
pub fn welcome(
    driver: &Driver,
    account: &crate::store::account::Account,
    ticket: msnp::proof::tweener::Ticket,
    now: Timestamp,
    roster: SessionRoster,
) -> (Box<Welcome>, SessionRoster) {
    let puid = account.puid();
    let profile = Profile {
        login_time: u64::try_from(now.as_second()).unwrap_or(0),
        email_enabled: false,
        member: MemberId {
            high: (puid >> 32) as u32,
            low: puid as u32,
        },
        language: 1033,
        handle: account.handle.clone(),
        country: "US".to_owned(),
        ticket,
        client_ip: driver.peer().ip().to_canonical(),
        client_port: driver.peer().port(),
    };
    let welcome = Welcome {
        profile,
        verified: account.verified,
        seed: rand::random(),
    };
    (Box::new(welcome), roster)
}

fn report(driver: &Driver, closing: &Closing) {
    match closing {
        Closing::Done(why) => of_session!(debug, driver, "closed: {why:.WHY_SHOWN$}"),
        Closing::Fault(why) => of_session!(info, driver, "closed: {why:.WHY_SHOWN$}"),
    }
}

// ---- Waiting and writing -----------------------------------------------------------------------

/// Lets the timer ring no later than the session wants. It may ring early: a session that is woken
/// before its time does nothing, so that moving a deadline back costs nothing.
fn arm(timer: Pin<&mut Sleep>, wake_at: Option<Instant>) {
    let at: tokio::time::Instant = wake_at.unwrap_or_else(far_away).into();
    if timer.is_elapsed() || at < timer.deadline() {
        timer.reset(at);
    }
}

/// The time that timers go by.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn far_away() -> Instant {
    now() + Duration::from_secs(365 * 24 * 3600)
}

fn size(queue: &VecDeque<Bytes>) -> usize {
    queue.iter().map(Bytes::len).sum()
}

/// Writes everything, in as few calls as it takes.
fn poll_write<Io>(
    cx: &mut Context<'_>,
    io: &mut Io,
    queue: &mut VecDeque<Bytes>,
) -> Poll<io::Result<()>>
where
    Io: AsyncWrite + Unpin,
{
    loop {
        while queue.front().is_some_and(Bytes::is_empty) {
            queue.pop_front();
        }
        if queue.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let mut slices = [IoSlice::new(&[]); WRITE_BATCH];
        let mut count = 0;
        for (slice, bytes) in slices.iter_mut().zip(queue.iter()) {
            *slice = IoSlice::new(bytes);
            count += 1;
        }
        let mut written =
            match ready!(Pin::new(&mut *io).poll_write_vectored(cx, &slices[..count]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => written,
            };
        while written > 0 {
            let Some(front) = queue.front_mut() else {
                break;
            };
            if written < front.len() {
                front.advance(written);
                break;
            }
            written -= front.len();
            queue.pop_front();
        }
    }
}
