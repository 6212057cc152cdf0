//! Turns: the requests of one account to the address book, sharing and storage services are carried
//! out one after another, in the order in which they came.
//!
//! Clients send requests that build on one another over several connections without waiting for
//! answers: to block somebody, BitlBee takes them off Allow and puts them on Block at once. Carried
//! out side by side, the last to be sent need not be the last to be done.
//!
//! ```text
//!   request -> ticket is genuine -> its account's queue -> database, directory -> answer
//! ```
//!
//! Whose turn it is follows from the ticket alone: asking the database first would be time in which
//! one request overtakes another.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

use crate::store::account::AccountId;

/// Who is waiting for what. Cloning one is a reference count.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    queues: Arc<Mutex<HashMap<AccountId, Arc<Queue<()>>>>>,
}

/// An account's turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    account: AccountId,
    queue: Arc<Queue<()>>,
    /// `None` once given back.
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the account's turn. The place in the queue is taken when this is first polled.
    pub async fn take(&self, account: AccountId) -> Turn {
        let queue = Arc::clone(self.queues.lock().entry(account).or_default());
        let mut turn = Turn {
            turns: self.clone(),
            account,
            queue: Arc::clone(&queue),
            held: None,
        };
        turn.held = Some(queue.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        let mut queues = self.turns.queues.lock();
        // This turn and the map: nobody else waits, and nobody can come while the map is locked.
        if Arc::strong_count(&self.queue) == 2 {
            queues.remove(&self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::Poll;

    const ANN: AccountId = AccountId(1);
    const BEN: AccountId = AccountId(2);

    /// Whether somebody has to wait, having been polled.
    async fn waits(mut turn: Pin<&mut impl Future<Output = Turn>>) -> bool {
        poll_fn(|cx| Poll::Ready(turn.as_mut().poll(cx).is_pending())).await
    }

    #[tokio::test]
    async fn whoever_came_first_goes_first() {
        let turns = Turns::default();
        let first = turns.take(ANN).await;
        let mut second = Box::pin(turns.take(ANN));
        let mut third = Box::pin(turns.take(ANN));
        assert!(waits(second.as_mut()).await);
        assert!(waits(third.as_mut()).await);
        drop(turns.take(BEN).await);
        drop(first);
        assert!(waits(third.as_mut()).await);
        drop(second.await);
        drop(third.await);
        assert!(turns.queues.lock().is_empty());
    }

    #[tokio::test]
    async fn whoever_goes_away_is_forgotten() {
        let turns = Turns::default();
        let first = turns.take(ANN).await;
        let mut second = Box::pin(turns.take(ANN));
        assert!(waits(second.as_mut()).await);
        drop(second);
        drop(first);
        assert!(turns.queues.lock().is_empty());
    }
}
