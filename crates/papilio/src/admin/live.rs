//! What an operator's acts need of the process that serves.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::task::AbortHandle;
use tracing::warn;

use super::MaintenanceView;
use super::statistics::Lately;
use crate::bans::BanWatch;
use crate::node::Node;
use crate::sign_outs::SignOuts;
use crate::store::{Store, StoreError};

/// The process that serves, for an operator's acts.
#[derive(Debug)]
pub struct Live {
    /// Who is signed in, and who is connected.
    pub node: Arc<Node>,
    watch: Mutex<Watch>,
    announced: parking_lot::Mutex<Option<(MaintenanceView, AbortHandle)>>,
    stop: Notify,
    pub(super) lately: parking_lot::Mutex<Lately>,
    /// How many listen to the live view.
    pub(super) listeners: AtomicUsize,
}

/// Looks for what was changed in the database by whichever process.
#[derive(Debug)]
struct Watch {
    sign_outs: SignOuts,
    bans: BanWatch,
}

impl Live {
    /// For a node on which nobody is signed in yet.
    pub async fn new(store: &Store, node: Arc<Node>) -> Result<Arc<Self>, StoreError> {
        let watch = Watch {
            sign_outs: SignOuts::new(store.clone(), Arc::clone(&node)).await?,
            bans: BanWatch::new(store.clone(), Arc::clone(&node)).await?,
        };
        Ok(Arc::new(Self {
            node,
            watch: Mutex::new(watch),
            announced: parking_lot::Mutex::default(),
            stop: Notify::new(),
            lately: parking_lot::Mutex::default(),
            listeners: AtomicUsize::new(0),
        }))
    }

    /// Done when an operator wants the server to end.
    pub async fn stopped(&self) {
        self.stop.notified().await;
    }

    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }

    /// The maintenance that was announced.
    pub(super) fn announced(&self) -> Option<MaintenanceView> {
        let announced = self.announced.lock();
        announced.as_ref().map(|(view, _)| view.clone())
    }

    /// Announces maintenance that something counts down to, or none, in place of what was announced.
    pub(super) fn announce(&self, new: Option<(MaintenanceView, AbortHandle)>) {
        let old = std::mem::replace(&mut *self.announced.lock(), new);
        if let Some((_, counting)) = old {
            counting.abort();
        }
    }

    /// The time has come.
    pub(super) fn forget_announcement(&self) {
        *self.announced.lock() = None;
    }

    /// Looks at every interval for what others have changed; ends when dropped.
    pub async fn watch(self: Arc<Self>, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            self.look().await;
        }
    }

    /// Looks once: whoever may not stay is told to go before this returns.
    pub async fn look(&self) {
        let mut watch = self.watch.lock().await;
        if let Err(error) = watch.sign_outs.look().await {
            warn!(%error, "cannot look for accounts to sign out");
        }
        if let Err(error) = watch.bans.look().await {
            warn!(%error, "cannot look for bans");
        }
    }
}
