//! Address books as transactions see them: who may write, at what time, and what is left of the dead.
//!
//! Locks are taken in one order everywhere, so that PostgreSQL never sees two writers wait for one
//! another: first the row of one's own account (only where it changes), then the address books
//! concerned in the order of their owners' numbers, then anything of theirs.

use std::collections::{BTreeMap, BTreeSet};

use msnp::roster::{AddPolicy, Privacy};
use msnp::soap::contact::{MBEA, Properties, add_policy, privacy};
use msnp::soap::refusal::Refusal;
use sqlx::Row;

use super::super::Writing;
use super::super::account::{Account, AccountId};
use super::{Changed, RosterChange, RosterError, RosterWriter, new_guid, number, ticks, to_json};
use crate::store::StoreError;

/// A transaction that holds the address books of everybody concerned.
pub(super) struct Opened {
    pub(super) writing: Writing,
    pub(super) owner: AccountId,
    pub(super) changes: Vec<RosterChange>,
    books: BTreeMap<AccountId, Book>,
}

/// An address book of which this transaction is the only writer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Book {
    /// The time of every change that this transaction makes to it.
    pub(super) stamp: i64,
    /// GTC.
    pub(super) policy: AddPolicy,
    pub(super) privacy: Privacy,
}

impl RosterWriter<'_> {
    /// Opens one's own address book and those of `others`. An account without address book gets one,
    /// but not the owner: that is what ABAdd is for.
    pub(super) async fn open(
        &self,
        others: impl IntoIterator<Item = AccountId>,
    ) -> Result<Opened, RosterError> {
        let writing = self.store.write().await?;
        self.open_in(writing, others).await
    }

    /// Like [`RosterWriter::open`], in a transaction that has begun.
    pub(super) async fn open_in(
        &self,
        mut writing: Writing,
        others: impl IntoIterator<Item = AccountId>,
    ) -> Result<Opened, RosterError> {
        let mut owners: BTreeSet<AccountId> = others.into_iter().collect();
        owners.insert(self.owner);
        let mut books = BTreeMap::new();
        for owner in owners {
            let mut book = take(&mut writing, owner, self.now.ticks()).await?;
            if book.is_none() && owner != self.owner {
                make(&mut writing, owner, self.now.ticks() - 1).await?;
                book = take(&mut writing, owner, self.now.ticks()).await?;
            }
            books.insert(owner, book.ok_or(Refusal::AddressBookDoesNotExist)?);
        }
        Ok(Opened {
            writing,
            owner: self.owner,
            changes: Vec::new(),
            books,
        })
    }
}

impl Opened {
    /// An address book that this transaction holds.
    pub(super) fn book(&self, owner: AccountId) -> Result<Book, StoreError> {
        self.books
            .get(&owner)
            .copied()
            .ok_or(StoreError::NotFound("an address book that is not held"))
    }

    /// What has become of one's own address book.
    pub(super) fn set_own_book(&mut self, book: Book) {
        self.books.insert(self.owner, book);
    }

    /// Whether this transaction holds that address book.
    pub(super) fn holds(&self, owner: AccountId) -> bool {
        self.books.contains_key(&owner)
    }

    /// The time of every change to one's own address book.
    pub(super) fn stamp(&self) -> Result<i64, StoreError> {
        Ok(self.book(self.owner)?.stamp)
    }

    /// Commits.
    pub(super) async fn done<T>(mut self, answer: T) -> Result<Changed<T>, RosterError> {
        self.writing.commit().await?;
        self.changes
            .push(RosterChange::AddressBook { owner: self.owner });
        Ok(Changed {
            answer,
            changes: self.changes,
        })
    }

    /// Clears away what died too long ago, and everything dead when there is too much of it: clients
    /// that know nothing newer will be told to read everything.
    pub(super) async fn bury(&mut self) -> Result<(), RosterError> {
        let stamp = self.stamp()?;
        let mut dead: i64 = 0;
        for count in [
            "SELECT COUNT(*) FROM contacts WHERE owner = $1 AND deleted = 1",
            "SELECT COUNT(*) FROM contact_groups WHERE owner = $1 AND deleted = 1",
            "SELECT COUNT(*) FROM members WHERE owner = $1 AND deleted = 1",
        ] {
            let count: i64 = sqlx::query_scalar(count)
                .bind(number(self.owner))
                .fetch_one(&mut *self.writing)
                .await?;
            dead += count;
        }
        let before = if dead > TOMBSTONES {
            stamp
        } else {
            stamp - KEPT_FOR
        };
        let mut horizon: Option<i64> = None;
        for (newest, clear) in [
            (
                "SELECT MAX(last_change) FROM contacts
                 WHERE owner = $1 AND deleted = 1 AND last_change < $2",
                "DELETE FROM contacts WHERE owner = $1 AND deleted = 1 AND last_change < $2",
            ),
            (
                "SELECT MAX(last_change) FROM contact_groups
                 WHERE owner = $1 AND deleted = 1 AND last_change < $2",
                "DELETE FROM contact_groups WHERE owner = $1 AND deleted = 1 AND last_change < $2",
            ),
            (
                "SELECT MAX(last_change) FROM members
                 WHERE owner = $1 AND deleted = 1 AND last_change < $2",
                "DELETE FROM members WHERE owner = $1 AND deleted = 1 AND last_change < $2",
            ),
        ] {
            let newest: Option<i64> = sqlx::query_scalar(newest)
                .bind(number(self.owner))
                .bind(before)
                .fetch_one(&mut *self.writing)
                .await?;
            if newest.is_some() {
                sqlx::query(clear)
                    .bind(number(self.owner))
                    .bind(before)
                    .execute(&mut *self.writing)
                    .await?;
            }
            horizon = horizon.max(newest);
        }
        if let Some(horizon) = horizon {
            sqlx::query("UPDATE address_books SET horizon = $2 WHERE owner = $1 AND horizon < $2")
                .bind(number(self.owner))
                .bind(horizon)
                .execute(&mut *self.writing)
                .await?;
        }
        Ok(())
    }
}

/// Becomes the only writer of an address book and moves its time. `None` if there is none.
async fn take(
    writing: &mut Writing,
    owner: AccountId,
    now: i64,
) -> Result<Option<Book>, StoreError> {
    let row = sqlx::query(
        "UPDATE address_books
         SET last_change = CASE WHEN last_change < $2 THEN $2 ELSE last_change + 1 END
         WHERE owner = $1 RETURNING last_change, blp, gtc",
    )
    .bind(number(owner))
    .bind(now)
    .fetch_optional(&mut **writing)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Book {
        stamp: row.try_get("last_change")?,
        policy: policy_of(row.try_get("gtc")?),
        privacy: privacy_of(row.try_get("blp")?),
    }))
}

/// Makes an empty address book: Me and nothing else, GTC and BLP both 1 (services-addressbook, 12).
/// Does nothing where there is one. [`StoreError::NotFound`] if the account is gone.
pub(super) async fn make(
    writing: &mut Writing,
    owner: AccountId,
    created: i64,
) -> Result<bool, StoreError> {
    let mut me = Properties::default();
    me.annotate(msnp::soap::contact::Annotation::new(MBEA, "0"));
    let done = sqlx::query(
        "INSERT INTO address_books (owner, me, me_properties, me_changed, blp, gtc, created,
                                    last_change, horizon, next_member)
         VALUES ($1, $2, $3, $4, 1, 1, $5, $4, $5, 1) ON CONFLICT (owner) DO NOTHING",
    )
    .bind(number(owner))
    .bind(new_guid().to_string())
    .bind(to_json(&me)?)
    .bind(created + 1)
    .bind(created)
    .execute(&mut **writing)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a new account its address book, in the transaction that makes the account.
pub(in crate::store) async fn furnish(
    writing: &mut Writing,
    account: &Account,
) -> Result<(), StoreError> {
    make(writing, account.id, ticks(account.created_at).ticks()).await?;
    Ok(())
}

/// Lets clients see a change to the account itself (its name) as a change to Me. To be called after
/// the account's row was written, in the same transaction.
pub(in crate::store) async fn touch(
    writing: &mut Writing,
    owner: AccountId,
    now: jiff::Timestamp,
) -> Result<(), StoreError> {
    let book = take(writing, owner, ticks(now).ticks()).await?;
    if let Some(book) = book {
        sqlx::query("UPDATE address_books SET me_changed = $2 WHERE owner = $1")
            .bind(number(owner))
            .bind(book.stamp)
            .execute(&mut **writing)
            .await?;
    }
    Ok(())
}

/// Takes an account that is about to be deleted off the RL and PL of everybody whom it has on FL, as
/// a removal would. To be called first in the transaction that deletes it.
pub(in crate::store) async fn leave_everybody(
    writing: &mut Writing,
    leaving: AccountId,
) -> Result<(), StoreError> {
    // The account's row goes first: see the order of locks above.
    sqlx::query("UPDATE accounts SET epoch = epoch WHERE id = $1")
        .bind(number(leaving))
        .execute(&mut **writing)
        .await?;
    // Its own address book is among them, since it goes with the account.
    let concerned: Vec<i64> = sqlx::query_scalar(
        "SELECT a.id FROM contacts c JOIN accounts a ON a.handle = c.address
         WHERE c.owner = $1 AND c.kind = 'Passport' AND c.messenger = 1 AND c.deleted = 0
         UNION
         SELECT b.owner FROM address_books b WHERE b.owner = $1
         ORDER BY 1",
    )
    .bind(number(leaving))
    .fetch_all(&mut **writing)
    .await?;
    for other in concerned {
        sqlx::query("UPDATE address_books SET last_change = last_change + 1 WHERE owner = $1")
            .bind(other)
            .execute(&mut **writing)
            .await?;
        sqlx::query(
            "UPDATE members
             SET deleted = 1,
                 last_change = (SELECT b.last_change FROM address_books b WHERE b.owner = $1)
             WHERE owner = $1 AND kind = 'Passport' AND role IN (8, 16) AND deleted = 0
               AND address = (SELECT a.handle FROM accounts a WHERE a.id = $2)",
        )
        .bind(other)
        .bind(number(leaving))
        .execute(&mut **writing)
        .await?;
    }
    Ok(())
}

/// As the column `gtc` has it.
pub(super) fn policy_of(value: i64) -> AddPolicy {
    add_policy(&value.to_string())
}

/// As the column `blp` has it.
pub(in crate::store) fn privacy_of(value: i64) -> Privacy {
    privacy(&value.to_string())
}

/// Tombstones are kept for 30 days (services-addressbook, 3.2).
const KEPT_FOR: i64 = 30 * 86_400 * msnp::soap::timestamp::Timestamp::PER_SECOND;

/// More of them than that, and all go: no client deletes a full address book several times a month.
const TOMBSTONES: i64 = 4_000;
