//! Contacts, groups and the lists: what the address book and sharing services keep.
//!
//! services-addressbook, 2 to 10; RULINGS. Who gets on which list when something happens is decided
//! by `msnp::roster`; here its decisions are read from and written to the tables of
//! `0002_roster.sql`. FL is a contact with `messenger`, the other lists are roles in `members`.
//!
//! ```text
//!   RosterWriter::add_contact   1 who is concerned?                          (reads)
//!                               2 BEGIN, their address books in order of id  (the first writes)
//!                               3 the bits -> msnp::roster -> the bits
//!                               4 COMMIT -> what changed, for the directory
//! ```
//!
//! Each operation is one transaction: done and on disk when it is answered, or not at all. The change
//! times of one owner rise strictly in the order of commits, so a client that sends the last one it
//! knows gets everything newer.

mod book;
mod concerned;
mod contact;
mod group;
mod import;
mod lists;
mod member;
mod read;
mod sizes;
mod update;

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::roster::{Lists, Privacy};
use msnp::soap::refusal::Refusal;
use msnp::soap::timestamp::Timestamp as Ticks;

pub use import::{Imported, ImportedContact};
pub use sizes::RosterSizes;

use super::account::AccountId;
use super::{Store, StoreError};
use crate::config::ListSizes;

pub(super) use book::{furnish, leave_everybody, privacy_of, touch};

/// Something that the directory must know after the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RosterChange {
    /// What `owner` holds about `contact` changed.
    Lists {
        /// Whose lists.
        owner: AccountId,
        /// Who is on them.
        contact: AccountId,
        /// All that is stored now.
        lists: Lists,
        /// The lists that were spoken about, whether or not they changed: a session's own ADL or RML
        /// of before no longer counts for them.
        touched: Lists,
    },
    /// Somebody came on somebody's FL.
    Added {
        /// Whose FL.
        adder: AccountId,
        /// Who came on it.
        added: AccountId,
    },
    /// Somebody left somebody's FL.
    Removed {
        /// Whose FL.
        remover: AccountId,
        /// Who left it.
        removed: AccountId,
    },
    /// BLP was set.
    Privacy {
        /// Whose.
        owner: AccountId,
        /// To what.
        privacy: Privacy,
    },
    /// Something in the address book or among the members changed. Comes once with every change, for
    /// the account that made it.
    AddressBook {
        /// Whose address book.
        owner: AccountId,
    },
}

/// What a session needs to know of the lists when it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionRoster {
    /// BLP.
    pub privacy: Privacy,
    /// Everybody on FL, AL or BL who has an account here, each once, with those three bits.
    pub contacts: Vec<(AccountId, Handle, Lists)>,
}

/// Why an operation on a roster was not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The client asked for what cannot be.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RosterError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What came of a change, and what the directory must know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed<T> {
    /// The answer.
    pub answer: T,
    /// To be told to the directory, in this order.
    pub changes: Vec<RosterChange>,
}

/// Changes the roster of one account.
#[derive(Clone, Copy, Debug)]
pub struct RosterWriter<'a> {
    store: &'a Store,
    owner: AccountId,
    sizes: &'a ListSizes,
    now: Ticks,
}

impl Store {
    /// For changing the roster of `owner` within these sizes, now.
    pub fn roster_writer<'a>(
        &'a self,
        owner: AccountId,
        sizes: &'a ListSizes,
        now: Timestamp,
    ) -> RosterWriter<'a> {
        RosterWriter {
            store: self,
            owner,
            sizes,
            now: ticks(now),
        }
    }
}

/// The service's own steps of time.
pub(crate) fn ticks(time: Timestamp) -> Ticks {
    // From -9999 to 9999 in steps of 100 ns fits.
    Ticks::from_ticks(i64::try_from(time.as_nanosecond() / 100).unwrap_or(i64::MAX))
}

fn number(id: AccountId) -> i64 {
    i64::from(id.0)
}

fn account_id(number: i64) -> Result<AccountId, StoreError> {
    let number = u32::try_from(number).map_err(|_| StoreError::Malformed("account number"))?;
    Ok(AccountId(number))
}

fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Malformed("properties"))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Malformed("properties"))
}

fn guid(text: &str) -> Result<msnp::soap::guid::Guid, StoreError> {
    msnp::soap::guid::Guid::parse(text).ok_or(StoreError::Malformed("id"))
}

fn new_guid() -> msnp::soap::guid::Guid {
    msnp::soap::guid::Guid::from_u128(uuid::Uuid::new_v4().as_u128())
}
