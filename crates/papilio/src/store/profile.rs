//! Profiles: what of an account roams from client to client (services-other, 3.1 and 3.2).
//!
//! The display name is the account's own, which the contact Me of the address book shows as well: one
//! name, whichever door it comes through. The personal message is kept for the owner's other clients;
//! what contacts see comes from the session.

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::soap::storage::ProfileChanges;
use sqlx::Row;

use super::account::{AccountId, name_or_handle};
use super::{Store, StoreError, roster};

/// What an account's profile says, without its picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The account's name.
    pub display_name: String,
    /// When that changed, or anything else that the account's owner says of themselves.
    pub name_changed: Timestamp,
    /// The personal message; empty if there is none.
    pub personal_status: String,
    /// When that changed.
    pub status_changed: Timestamp,
}

/// What a change to a profile changed that others show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileChanged {
    /// The account's name, and with it the address book.
    Name,
    /// Nothing of that kind.
    NotTheName,
}

impl Store {
    /// An account's profile. It is made with the account.
    pub async fn profile(&self, owner: AccountId) -> Result<Profile, StoreError> {
        let row = sqlx::query(
            "SELECT a.name, a.created_at, b.me_changed, p.status, p.status_changed
             FROM accounts a
             LEFT JOIN address_books b ON b.owner = a.id
             LEFT JOIN profiles p ON p.owner = a.id
             WHERE a.id = $1",
        )
        .bind(number(owner))
        .fetch_optional(&self.readers)
        .await?
        .ok_or(NO_ACCOUNT)?;
        let created: i64 = row.try_get("created_at")?;
        let me_changed: Option<i64> = row.try_get("me_changed")?;
        let status: Option<String> = row.try_get("status")?;
        let status_changed: Option<i64> = row.try_get("status_changed")?;
        Ok(Profile {
            display_name: row.try_get("name")?,
            name_changed: time(me_changed.map_or(created, |ticks| ticks / TICKS_PER_MILLISECOND))?,
            personal_status: status.unwrap_or_default(),
            status_changed: time(status_changed.unwrap_or(created))?,
        })
    }

    /// Changes a profile; all that is said, or nothing. Without a name the account shows its handle.
    pub async fn update_profile(
        &self,
        owner: AccountId,
        changes: &ProfileChanges,
        now: Timestamp,
    ) -> Result<ProfileChanged, StoreError> {
        let mut writing = self.write().await?;
        // One's own account goes before anything of it: see the order of locks in `roster::book`.
        let row =
            sqlx::query("UPDATE accounts SET name = name WHERE id = $1 RETURNING name, handle")
                .bind(number(owner))
                .fetch_optional(&mut *writing)
                .await?
                .ok_or(NO_ACCOUNT)?;
        let mut changed = ProfileChanged::NotTheName;
        if let Some(name) = &changes.display_name {
            let (before, handle): (String, &str) = (row.try_get("name")?, row.try_get("handle")?);
            let handle = Handle::parse(handle).map_err(|_| StoreError::Malformed("handle"))?;
            let name = name_or_handle(name, &handle);
            if name != before {
                sqlx::query("UPDATE accounts SET name = $2 WHERE id = $1")
                    .bind(number(owner))
                    .bind(name)
                    .execute(&mut *writing)
                    .await?;
                roster::touch(&mut writing, owner, now).await?;
                changed = ProfileChanged::Name;
            }
        }
        if let Some(status) = &changes.personal_status {
            sqlx::query(
                "INSERT INTO profiles (owner, status, status_changed) VALUES ($1, $2, $3)
                 ON CONFLICT (owner) DO UPDATE SET status = $2, status_changed = $3",
            )
            .bind(number(owner))
            .bind(status.as_str())
            .bind(now.as_millisecond())
            .execute(&mut *writing)
            .await?;
        }
        writing.commit().await?;
        Ok(changed)
    }
}

fn number(id: AccountId) -> i64 {
    i64::from(id.0)
}

fn time(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| StoreError::Malformed("time"))
}

const NO_ACCOUNT: StoreError = StoreError::NotFound("there is no such account");

/// The address book counts in steps of 100 ns.
const TICKS_PER_MILLISECOND: i64 = 10_000;
