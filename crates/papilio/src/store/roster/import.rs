//! `papilio import`: contacts by the thousand, with the lists given (DESIGN, 1).
//!
//! What `msnp::roster::import` adds to the bits of two accounts does not depend on what is there, so
//! nothing is read first: rows are put in where they are missing and brought back where they are
//! tombstones. Importing the same file again changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::roster::{self, Lists, Pair};
use msnp::soap::contact::Properties;
use msnp::soap::sharing::Role;
use sqlx::{AssertSqlSafe, Row};

use super::super::account::AccountId;
use super::lists::{Said, role_number};
use super::{new_guid, number, ticks, to_json};
use crate::store::{Store, StoreError, Writing};

/// A line of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedContact {
    /// Whose lists.
    pub owner: Handle,
    /// Who comes on them.
    pub contact: Handle,
    /// Which lists. FL also puts the owner on the other's RL.
    pub lists: Lists,
}

/// What came of a line of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is so now.
    Done,
    /// No account has the owner's address; nothing was done.
    UnknownOwner,
    /// No account has the contact's address; nothing was done.
    UnknownContact,
}

impl Store {
    /// Imports contacts, in transactions of some thousand lines each. Says of each line what came of
    /// it. Fast with many lines in one call, slow with many calls.
    pub async fn import_contacts(
        &self,
        lines: &[ImportedContact],
        now: Timestamp,
    ) -> Result<Vec<Imported>, StoreError> {
        let mut outcomes = Vec::with_capacity(lines.len());
        for lines in lines.chunks(LINES_AT_ONCE) {
            outcomes.extend(self.import_some(lines, ticks(now).ticks()).await?);
        }
        Ok(outcomes)
    }

    async fn import_some(
        &self,
        lines: &[ImportedContact],
        now: i64,
    ) -> Result<Vec<Imported>, StoreError> {
        let mut handles: Vec<_> = lines
            .iter()
            .flat_map(|l| [&l.owner, &l.contact])
            .cloned()
            .collect();
        handles.sort_unstable();
        handles.dedup();
        let accounts = self.accounts_by_handles(&handles).await?;
        let ids: HashMap<_, _> = accounts.iter().map(|a| (a.handle.as_str(), a.id)).collect();

        let mut batch = Batch::default();
        let mut outcomes = Vec::with_capacity(lines.len());
        for line in lines {
            let id_of = |handle: &Handle| ids.get(handle.as_str()).copied();
            outcomes.push(match (id_of(&line.owner), id_of(&line.contact)) {
                (None, _) => Imported::UnknownOwner,
                (Some(_), None) => Imported::UnknownContact,
                (Some(owner), Some(contact)) => {
                    batch.add(line, owner, contact);
                    Imported::Done
                }
            });
        }
        if !batch.owners.is_empty() {
            batch.write(self, now).await?;
        }
        Ok(outcomes)
    }
}

/// What is to be there: by owner and address, so that nothing stands in one statement twice.
#[derive(Default)]
struct Batch<'a> {
    owners: BTreeMap<AccountId, BookState>,
    contacts: BTreeSet<(AccountId, &'a str)>,
    members: BTreeSet<(AccountId, Role, &'a str)>,
}

/// An address book that the import holds.
#[derive(Clone, Copy, Default)]
struct BookState {
    /// How many members may be new.
    members: i64,
    stamp: i64,
    next_member: i64,
}

impl<'a> Batch<'a> {
    fn add(&mut self, line: &'a ImportedContact, owner: AccountId, contact: AccountId) {
        if owner == contact {
            return;
        }
        let wanted = roster::import(Pair::default(), line.lists);
        if wanted.own.contains(Lists::FORWARD) {
            self.contacts.insert((owner, line.contact.as_str()));
        }
        self.add_members(owner, line.contact.as_str(), wanted.own);
        self.add_members(contact, line.owner.as_str(), wanted.theirs);
        self.owners.entry(owner).or_default();
    }

    fn add_members(&mut self, owner: AccountId, address: &'a str, lists: Lists) {
        for role in lists.iter().filter_map(Role::of_list) {
            if self.members.insert((owner, role, address)) {
                self.owners.entry(owner).or_default().members += 1;
            }
        }
    }

    async fn write(mut self, store: &Store, now: i64) -> Result<(), StoreError> {
        let mut writing = store.write().await?;
        self.take_books(&mut writing, now).await?;
        self.write_contacts(&mut writing).await?;
        self.write_members(&mut writing).await?;
        Ok(writing.commit().await?)
    }

    /// Becomes the only writer of all address books concerned, in the order of their owners.
    async fn take_books(&mut self, writing: &mut Writing, now: i64) -> Result<(), StoreError> {
        for (owner, book) in &mut self.owners {
            let row = sqlx::query(
                "UPDATE address_books
                 SET last_change = CASE WHEN last_change < $2 THEN $2 ELSE last_change + 1 END,
                     next_member = next_member + $3
                 WHERE owner = $1 RETURNING last_change, next_member",
            )
            .bind(number(*owner))
            .bind(now)
            .bind(book.members)
            .fetch_one(&mut **writing)
            .await?;
            book.stamp = row.try_get("last_change")?;
            book.next_member = row.try_get::<i64, _>("next_member")? - book.members;
        }
        Ok(())
    }

    async fn write_contacts(&self, writing: &mut Writing) -> Result<(), StoreError> {
        let properties = to_json(&Properties::default())?;
        let contacts: Vec<_> = self.contacts.iter().collect();
        for some in contacts.chunks(ROWS_AT_ONCE) {
            let text = format!(
                "INSERT INTO contacts (kind, messenger, deleted, properties, owner, id, address,
                                       added, last_change)
                 VALUES {}
                 ON CONFLICT (owner, address) WHERE kind = 'Passport' AND deleted = 0
                 DO UPDATE SET messenger = 1, last_change = excluded.last_change
                 WHERE contacts.messenger = 0",
                rows(some.len(), |row| {
                    let [owner, id, address, stamp] = [2, 3, 4, 5].map(|place| place + 4 * row);
                    format!(
                        "('Passport', 1, 0, $1, ${owner}, ${id}, ${address}, ${stamp}, ${stamp})"
                    )
                })
            );
            let mut query = sqlx::query(AssertSqlSafe(text)).bind(properties.as_str());
            for (owner, address) in some {
                query = query
                    .bind(number(*owner))
                    .bind(new_guid().to_string())
                    .bind(*address)
                    .bind(self.book(*owner)?.stamp);
            }
            query.execute(&mut **writing).await?;
        }
        Ok(())
    }

    async fn write_members(&mut self, writing: &mut Writing) -> Result<(), StoreError> {
        let said = to_json(&Said::default())?;
        let members: Vec<_> = self.members.iter().copied().collect();
        for some in members.chunks(ROWS_AT_ONCE) {
            let text = format!(
                "INSERT INTO members (kind, deleted, said, owner, id, role, address, joined,
                                      last_change)
                 VALUES {}
                 ON CONFLICT (owner, address, kind, role)
                 DO UPDATE SET deleted = 0, said = excluded.said, joined = excluded.joined,
                               last_change = excluded.last_change
                 WHERE members.deleted = 1",
                rows(some.len(), |row| {
                    let [owner, id, role, address, stamp] =
                        [2, 3, 4, 5, 6].map(|place| place + 5 * row);
                    format!(
                        "('Passport', 0, $1, ${owner}, ${id}, ${role}, ${address}, ${stamp}, \
                         ${stamp})"
                    )
                })
            );
            let mut query = sqlx::query(AssertSqlSafe(text)).bind(said.as_str());
            for (owner, role, address) in some {
                let book = self.owners.entry(*owner).or_default();
                let id = book.next_member;
                book.next_member += 1;
                query = query
                    .bind(number(*owner))
                    .bind(id)
                    .bind(role_number(role.list()))
                    .bind(*address)
                    .bind(book.stamp);
            }
            query.execute(&mut **writing).await?;
        }
        Ok(())
    }

    fn book(&self, owner: AccountId) -> Result<BookState, StoreError> {
        self.owners
            .get(&owner)
            .copied()
            .ok_or(StoreError::NotFound("an address book that is not held"))
    }
}

/// So many rows of a statement's text.
fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect::<Vec<_>>().join(", ")
}

/// Lines in one transaction.
const LINES_AT_ONCE: usize = 5_000;
/// Rows in one statement.
const ROWS_AT_ONCE: usize = 50;
