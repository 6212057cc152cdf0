//! Accounts: who may sign in here (DESIGN, section 7: account, handle; services-auth, 12).
//!
//! An account's number is dense from 1 and for ever its own: PUID and CID, which clients remember,
//! come from it.

use std::fmt;

use jiff::Timestamp;
use msnp::handle::Handle;
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use super::{Store, StoreError};
use crate::password::StoredPassword;

/// The number of an account, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The passport's unique id: its upper half is 1, its lower half the account's number. The halves
    /// are `MemberIdHigh` and `MemberIdLow` of the profile message (services-auth, 12).
    pub fn puid(self) -> u64 {
        1 << 32 | u64::from(self.0)
    }

    /// The same number as clients of the address book know it, signed.
    pub fn cid(self) -> i64 {
        self.puid().cast_signed()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An account, without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its address.
    pub handle: Handle,
    /// Its display name, as text (not percent-coded).
    pub name: String,
    /// May not sign in.
    pub disabled: bool,
    /// Whether the address is known to be its owner's (`USR OK`, parameter 3).
    pub verified: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Rises when the tickets handed out so far must die.
    pub(super) epoch: i64,
}

impl Account {
    /// See [`AccountId::puid`].
    pub fn puid(&self) -> u64 {
        self.id.puid()
    }

    /// See [`AccountId::cid`].
    pub fn cid(&self) -> i64 {
        self.id.cid()
    }
}

/// What an account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its address.
    pub handle: Handle,
    /// Its display name; see [`clean_name`].
    pub name: String,
    /// Its password, hashed.
    pub password: StoredPassword,
    /// Whether the address is known to be its owner's.
    pub verified: bool,
    /// Now.
    pub created_at: Timestamp,
}

impl Store {
    /// Makes an account and its address book. [`StoreError::Conflict`] if the handle is taken.
    pub async fn add_account(&self, new: &NewAccount) -> Result<Account, StoreError> {
        let mut added = self.add_accounts(std::slice::from_ref(new)).await?;
        added
            .pop()
            .flatten()
            .ok_or(StoreError::Conflict("this account exists already"))
    }

    /// Makes many accounts in one transaction. In the place of one whose handle is taken stands
    /// `None`; it changes nothing.
    pub async fn add_accounts(
        &self,
        new: &[NewAccount],
    ) -> Result<Vec<Option<Account>>, StoreError> {
        let _ = new;
        unimplemented!()
    }

    /// The account with this handle.
    pub async fn account_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
        let _ = handle;
        unimplemented!()
    }

    /// The accounts with these handles, each once, in no particular order. Unknown handles are left out.
    pub async fn accounts_by_handles(
        &self,
        handles: &[Handle],
    ) -> Result<Vec<Account>, StoreError> {
        let _ = handles;
        unimplemented!()
    }

    /// The account with this number.
    pub async fn account_by_id(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// Accounts in order of their numbers, at most `limit`, beginning behind `after`.
    pub async fn accounts(
        &self,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let _ = (after, limit);
        unimplemented!()
    }

    /// Like [`Store::accounts`], those whose handle or name contains this text, whatever its case.
    pub async fn search_accounts(
        &self,
        text: &str,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let _ = (text, after, limit);
        unimplemented!()
    }

    /// How many accounts there are.
    pub async fn count_accounts(&self) -> Result<u64, StoreError> {
        unimplemented!()
    }

    /// The account with this handle, and what its password is verified against.
    pub async fn account_with_password(
        &self,
        handle: &Handle,
    ) -> Result<Option<(Account, StoredPassword)>, StoreError> {
        let _ = handle;
        unimplemented!()
    }

    /// Changes the display name.
    pub async fn rename_account(&self, id: AccountId, name: &str) -> Result<(), StoreError> {
        let _ = (id, name);
        unimplemented!()
    }

    /// Changes the password. Every ticket of the account dies.
    pub async fn set_password(
        &self,
        id: AccountId,
        password: &StoredPassword,
    ) -> Result<(), StoreError> {
        let _ = (id, password);
        unimplemented!()
    }

    /// Keeps an account from signing in. Every ticket of it dies.
    pub async fn disable_account(&self, id: AccountId) -> Result<(), StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// Lets an account sign in again.
    pub async fn enable_account(&self, id: AccountId) -> Result<(), StoreError> {
        let _ = id;
        unimplemented!()
    }

    /// Removes an account with everything of its own. Its number is not used again.
    pub async fn delete_account(&self, id: AccountId) -> Result<(), StoreError> {
        let _ = id;
        unimplemented!()
    }
}

/// What every new account gets with it, in the same transaction (services-addressbook, 12): its
/// address book, with the contact "Me" and nothing else.
async fn furnish(
    _writing: &mut Transaction<'static, Any>,
    _account: &Account,
) -> Result<(), StoreError> {
    Ok(())
}

/// A display name as it is kept: without what XML 1.0 forbids, trimmed, at most
/// [`NAME_LIMIT`] characters.
pub fn clean_name(text: &str) -> String {
    text.chars()
        .filter(|&c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .take(NAME_LIMIT)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Longest display name in characters (services-addressbook, 10).
pub const NAME_LIMIT: usize = 387;
