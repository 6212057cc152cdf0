//! Ends the sessions of accounts that may not stay: their password changed, or they were disabled or
//! deleted, by whichever process (wire-msnp13, 2, "Server-side ends").
//!
//! Tickets die at once, since the account is looked at whenever one is shown; sessions are found by
//! looking at the database every few seconds. A session that signs in meanwhile looks once more when
//! it has its place ([`Store::is_as_before`]), so that none falls between.

use std::sync::Arc;

use tracing::info;

use crate::node::Node;
use crate::store::sign_out::SignOutNumber;
use crate::store::{Store, StoreError};

/// Looks for accounts to sign out.
#[derive(Debug)]
pub struct SignOuts {
    store: Store,
    node: Arc<Node>,
    seen: SignOutNumber,
}

impl SignOuts {
    /// For a node on which nobody is signed in yet.
    pub async fn new(store: Store, node: Arc<Node>) -> Result<Self, StoreError> {
        let seen = store.last_sign_out().await?;
        Ok(Self { store, node, seen })
    }

    /// Looks once.
    pub async fn look(&mut self) -> Result<(), StoreError> {
        let (seen, news) = self.store.sign_outs_after(self.seen).await?;
        for sign_out in news {
            let account = sign_out.account;
            let sessions = self.node.directory.end_sessions(account, sign_out.before);
            let places = self.node.conversations.end_seats(account);
            info!(%account, sessions, places, "changed by the operator: signed out");
        }
        self.seen = seen;
        Ok(())
    }
}
