//! Which accounts an operation concerns, where that turns up only when the contacts are read.
//!
//! Address books are opened in the order of their owners, all at once and first of all. So when a
//! contact that is read inside the transaction turns out to be on FL, and its account's address book
//! is not open, the transaction begins again with that one too.

use std::collections::HashMap;

use msnp::handle::Handle;

use super::super::account::{Account, AccountId};
use super::RosterWriter;
use super::book::Opened;
use crate::store::StoreError;

/// The accounts of which an operation knows so far that it concerns them, by address.
#[derive(Default)]
pub(super) struct Accounts {
    pub(super) by_address: HashMap<String, Option<Account>>,
}

/// Who has an address.
pub(super) enum Found<'a> {
    /// This one, whose address book is open.
    Account(&'a Account),
    /// No account has this address.
    Nobody,
    /// Not asked yet, or asked too late: see [`Outcome::Missing`].
    Unknown,
}

/// How far an operation came.
pub(super) enum Outcome {
    /// To its end.
    Done,
    /// The transaction must begin again, holding whoever has this address.
    Missing(String),
}

impl Accounts {
    pub(super) fn ids(&self) -> impl Iterator<Item = AccountId> {
        self.by_address.values().flatten().map(|account| account.id)
    }

    pub(super) fn at(&self, open: &Opened, address: &str) -> Found<'_> {
        match self.by_address.get(address) {
            Some(Some(account)) if open.holds(account.id) => Found::Account(account),
            Some(None) => Found::Nobody,
            Some(Some(_)) | None => Found::Unknown,
        }
    }

    pub(super) async fn find(
        &mut self,
        writer: &RosterWriter<'_>,
        address: String,
    ) -> Result<(), StoreError> {
        let account = match Handle::parse(&address) {
            Ok(handle) => writer.store.account_by_handle(&handle).await?,
            Err(_) => None,
        };
        self.by_address.insert(
            address,
            account.filter(|account| account.id != writer.owner),
        );
        Ok(())
    }
}
