//! The mailbox: how anything outside a connection reaches its session.
//!
//! A mailbox is bounded in bytes. What does not fit marks it as overflowed, and its connection
//! closes: a reader who does not keep up loses their own connection and costs nobody else anything.
//! Long before that, whoever puts much into it can wait until it was emptied, as the members of a
//! conversation do ([`Mailbox::poll_room`]). An empty mailbox holds no memory, since most mailboxes
//! are empty most of the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use msnp::server::Event;
use msnp::server::switchboard::Fate;
use msnp::wire::command::switchboard::Ack;
use msnp::wire::param::TrId;
use parking_lot::Mutex;

/// One piece of post: something that happened elsewhere, and who wants to know whether it arrived.
#[derive(Debug)]
pub struct Post {
    /// What happened.
    pub event: Event,
    /// Told when the event's bytes were written to the socket, or dropped.
    pub receipt: Option<Receipt>,
}

impl From<Event> for Post {
    fn from(event: Event) -> Self {
        Self {
            event,
            receipt: None,
        }
    }
}

/// The post was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// The connection is gone, or about to close.
    Closed,
    /// The mailbox is full; its connection will close for it.
    Full,
}

/// Where post for one connection waits.
#[derive(Debug)]
pub struct Mailbox {
    queue: Mutex<Queue>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Queue {
    posts: Vec<Post>,
    bytes: usize,
    state: State,
    waker: Option<Waker>,
    /// Those who wait for room: few, and seldom any.
    held: Box<[Waker]>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Overflowed,
    Closed,
}

/// What a connection finds when it looks into its mailbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Overflow {
    /// All post that was sent is here.
    No,
    /// Some did not fit: close.
    Yes,
}

impl Mailbox {
    /// A mailbox for at most `capacity` bytes of post (0 = no limit).
    pub fn new(capacity: usize) -> Arc<Self> {
        let capacity = if capacity == 0 { usize::MAX } else { capacity };
        Arc::new(Self {
            queue: Mutex::default(),
            capacity,
        })
    }

    /// Puts post in and wakes the connection.
    pub fn put(&self, post: impl Into<Post>) -> Result<(), Undelivered> {
        self.put_and_measure(post.into()).map(drop)
    }

    /// Puts post in, wakes the connection, and says how many bytes wait now.
    pub fn put_and_measure(&self, post: Post) -> Result<usize, Undelivered> {
        let size = post.event.size();
        let mut queue = self.queue.lock();
        let outcome = match queue.state {
            State::Closed | State::Overflowed => Err(Undelivered::Closed),
            // One piece of post always fits, whatever its size.
            State::Open if queue.bytes + size > self.capacity && !queue.posts.is_empty() => {
                queue.state = State::Overflowed;
                Err(Undelivered::Full)
            }
            State::Open => {
                queue.bytes += size;
                if queue.posts.capacity() == 0 {
                    queue.posts.reserve_exact(1);
                }
                queue.posts.push(post);
                let waiting = queue.bytes;
                // The waker is left to the next poll: only the first post since then wakes.
                let waker = queue.waker.take();
                drop(queue);
                if let Some(waker) = waker {
                    waker.wake();
                }
                return Ok(waiting);
            }
        };
        let waker = queue.waker.take();
        drop(queue);
        // `post` drops here, after the lock: its receipt may write to another mailbox.
        drop(post);
        if let Some(waker) = waker {
            waker.wake();
        }
        outcome
    }

    /// Puts post in without waking the connection: [`Mailbox::wake`] follows.
    pub fn put_quietly(&self, event: Event) -> Result<(), Undelivered> {
        let waker = self.queue.lock().waker.take();
        let outcome = self.put(event);
        let mut queue = self.queue.lock();
        if queue.waker.is_none() {
            queue.waker = waker;
        }
        outcome
    }

    /// Wakes the connection.
    pub fn wake(&self) {
        let waker = self.queue.lock().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Puts in what the receiver has not asked for, unless that leaves less than half of the mailbox
    /// for the rest: a stranger must not be able to make it run over.
    pub fn offer(&self, event: Event) -> Result<(), Undelivered> {
        let queue = self.queue.lock();
        if !queue.posts.is_empty() && queue.bytes + event.size() > self.capacity / 2 {
            return Err(Undelivered::Full);
        }
        drop(queue);
        self.put(event)
    }

    /// Whether no more than `backlog` bytes wait. Pending, and woken when everything was taken out,
    /// while there are more.
    pub fn poll_room(&self, backlog: usize, cx: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.queue.lock();
        if queue.bytes <= backlog || queue.state != State::Open {
            return Poll::Ready(());
        }
        if !queue.held.iter().any(|held| held.will_wake(cx.waker())) {
            let held = std::mem::take(&mut queue.held).into_iter();
            queue.held = held.chain([cx.waker().clone()]).collect();
        }
        Poll::Pending
    }

    /// Wakes those who wait for room, since nobody has to wait for this connection any more.
    pub fn release(&self) {
        let held = std::mem::take(&mut self.queue.lock().held);
        held.into_iter().for_each(Waker::wake);
    }

    /// Takes everything out, leaving no memory behind. Pending, and woken later, when there is
    /// nothing.
    pub fn poll_take(&self, cx: &mut Context<'_>) -> Poll<(Vec<Post>, Overflow)> {
        let mut queue = self.queue.lock();
        if queue.posts.is_empty() && queue.state != State::Overflowed {
            if !queue
                .waker
                .as_ref()
                .is_some_and(|waker| waker.will_wake(cx.waker()))
            {
                queue.waker = Some(cx.waker().clone());
            }
            return Poll::Pending;
        }
        drop(queue);
        Poll::Ready(self.take())
    }

    /// Takes what is there now.
    pub fn take(&self) -> (Vec<Post>, Overflow) {
        let mut queue = self.queue.lock();
        let taken = queue.take();
        let held = std::mem::take(&mut queue.held);
        drop(queue);
        held.into_iter().for_each(Waker::wake);
        taken
    }

    /// Refuses all further post and drops what waits, telling its senders so.
    pub fn close(&self) {
        let mut queue = self.queue.lock();
        queue.state = State::Closed;
        queue.waker = None;
        drop(queue);
        let (posts, _) = self.take();
        drop(posts);
    }
}

impl Queue {
    fn take(&mut self) -> (Vec<Post>, Overflow) {
        self.bytes = 0;
        let overflow = if self.state == State::Overflowed {
            Overflow::Yes
        } else {
            Overflow::No
        };
        (std::mem::take(&mut self.posts), overflow)
    }
}

/// A promise to the sender of a switchboard message: `ACK` when every copy was written to its
/// receiver's socket, `NAK` when any was not.
///
/// One receipt travels with each copy. Dropping it unwritten counts as a loss, so no path can
/// forget to tell.
#[derive(Debug)]
pub struct Receipt {
    delivery: Arc<Delivery>,
    written: bool,
}

#[derive(Debug)]
struct Delivery {
    sender: Arc<Mailbox>,
    trid: TrId,
    ack: Ack,
    open: AtomicUsize,
    lost: AtomicBool,
}

impl Receipt {
    /// Receipts for `copies` copies of one message, or none when its sender wants to hear nothing.
    pub fn for_copies(
        sender: &Arc<Mailbox>,
        trid: TrId,
        ack: Ack,
        copies: usize,
    ) -> impl Iterator<Item = Option<Self>> + use<> {
        let delivery = (ack != Ack::Nothing).then(|| {
            Arc::new(Delivery {
                sender: Arc::clone(sender),
                trid,
                ack,
                open: AtomicUsize::new(copies),
                lost: AtomicBool::new(false),
            })
        });
        (0..copies).map(move |_| {
            delivery.as_ref().map(|delivery| Self {
                delivery: Arc::clone(delivery),
                written: false,
            })
        })
    }

    /// The copy is in the hands of the operating system.
    pub fn written(mut self) {
        self.written = true;
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        let Delivery {
            sender,
            trid,
            ack,
            open,
            lost,
        } = &*self.delivery;
        if !self.written {
            lost.store(true, Ordering::Relaxed);
        }
        if open.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let fate = if lost.load(Ordering::Relaxed) {
            Fate::Lost
        } else {
            Fate::Delivered
        };
        if let Some(event) = ack.outcome(*trid, fate) {
            // A sender who is gone needs no answer.
            let _gone = sender.put(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn frozen(size: usize) -> Event {
        Event::Frozen(Bytes::from(vec![b'x'; size]))
    }

    #[test]
    fn a_full_mailbox_overflows_once_and_refuses_the_rest() {
        let mailbox = Mailbox::new(100);
        assert_eq!(mailbox.put(frozen(90)), Ok(()));
        assert_eq!(mailbox.put(frozen(90)), Err(Undelivered::Full));
        assert_eq!(mailbox.put(frozen(1)), Err(Undelivered::Closed));
        let (posts, overflow) = mailbox.take();
        assert_eq!((posts.len(), overflow), (1, Overflow::Yes));
    }

    #[test]
    fn what_is_put_quietly_wakes_nobody_until_it_is_time() {
        let mailbox = Mailbox::new(0);
        let (waker, woken) = counting_waker();
        let mut cx = Context::from_waker(&waker);
        assert!(mailbox.poll_take(&mut cx).is_pending());
        mailbox.put_quietly(Event::ShuttingDown).unwrap();
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        mailbox.wake();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(mailbox.poll_take(&mut cx).is_ready());
    }

    struct Woken(AtomicUsize);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counting_waker() -> (Waker, Arc<Woken>) {
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        (Waker::from(Arc::clone(&woken)), woken)
    }

    #[test]
    fn what_is_offered_leaves_half_of_the_mailbox_and_never_overflows() {
        let mailbox = Mailbox::new(1000);
        assert_eq!(mailbox.offer(frozen(300)), Ok(()));
        assert_eq!(mailbox.offer(frozen(300)), Err(Undelivered::Full));
        assert_eq!(mailbox.put(frozen(300)), Ok(()));
        let (posts, overflow) = mailbox.take();
        assert_eq!((posts.len(), overflow), (2, Overflow::No));
        assert_eq!(mailbox.offer(frozen(2000)), Ok(()), "one always fits");
        mailbox.close();
        assert_eq!(mailbox.offer(frozen(1)), Err(Undelivered::Closed));
    }

    #[test]
    fn whoever_waits_for_room_is_woken_when_it_was_emptied_or_is_over() {
        let (waker, woken) = counting_waker();
        let mut cx = Context::from_waker(&waker);
        let mailbox = Mailbox::new(0);
        assert!(mailbox.poll_room(1000, &mut cx).is_ready());
        mailbox.put(frozen(1500)).unwrap();
        assert!(mailbox.poll_room(1000, &mut cx).is_pending());
        assert!(mailbox.poll_room(1000, &mut cx).is_pending());
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        let _ = mailbox.take();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "once");
        assert!(mailbox.poll_room(1000, &mut cx).is_ready());
        for end in [Mailbox::close, Mailbox::release] {
            let mailbox = Mailbox::new(0);
            mailbox.put(frozen(1500)).unwrap();
            let before = woken.0.load(Ordering::Relaxed);
            assert!(mailbox.poll_room(1000, &mut cx).is_pending());
            end(&mailbox);
            assert_eq!(woken.0.load(Ordering::Relaxed), before + 1);
        }
    }

    #[test]
    fn an_empty_mailbox_holds_no_memory() {
        let mailbox = Mailbox::new(100);
        mailbox.put(frozen(10)).unwrap();
        let _ = mailbox.take();
        assert_eq!(mailbox.queue.lock().posts.capacity(), 0);
    }

    #[test]
    fn a_mailbox_is_small_since_every_connection_has_one() {
        assert!(size_of::<Mailbox>() <= 88, "{}", size_of::<Mailbox>());
    }

    #[test]
    fn acknowledged_when_every_copy_was_written() {
        let sender = Mailbox::new(0);
        let copies: Vec<_> = Receipt::for_copies(&sender, TrId(7), Ack::Always, 2)
            .flatten()
            .collect();
        for copy in copies {
            assert!(sender.take().0.is_empty(), "not before the last");
            copy.written();
        }
        let (posts, _) = sender.take();
        assert!(matches!(posts[0].event, Event::Delivered(TrId(7))));
    }

    #[test]
    fn a_lost_copy_is_a_nak() {
        let sender = Mailbox::new(0);
        let receiver = Mailbox::new(0);
        for receipt in Receipt::for_copies(&sender, TrId(8), Ack::Failure, 2) {
            let _ = receiver.put(Post {
                event: frozen(1),
                receipt,
            });
        }
        let (mut posts, _) = receiver.take();
        posts.remove(0).receipt.unwrap().written();
        drop(posts);
        assert!(matches!(
            sender.take().0[0].event,
            Event::Undelivered(TrId(8))
        ));
    }

    #[test]
    fn closing_tells_the_senders_of_what_waited() {
        let (sender, receiver) = (Mailbox::new(0), Mailbox::new(0));
        let receipt = Receipt::for_copies(&sender, TrId(9), Ack::Always, 1)
            .next()
            .flatten();
        receiver
            .put(Post {
                event: frozen(1),
                receipt,
            })
            .unwrap();
        receiver.close();
        assert!(matches!(
            sender.take().0[0].event,
            Event::Undelivered(TrId(9))
        ));
        assert_eq!(receiver.put(frozen(1)), Err(Undelivered::Closed));
    }
}
