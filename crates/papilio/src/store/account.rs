//! Accounts: who may sign in here (DESIGN, section 7: account, handle; services-auth, 12).
//!
//! An account's number is dense from 1 and for ever its own: PUID and CID, which clients remember,
//! come from it.

use std::fmt;

use jiff::Timestamp;
use msnp::handle::Handle;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Writing, roster, sign_out};
use crate::password::StoredPassword;

/// What [`account`] reads.
macro_rules! select {
    () => {
        "SELECT id, handle, name, password_hash, password_start_hash, disabled, verified, epoch, \
         created_at FROM accounts"
    };
}

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
    pub epoch: i64,
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

    /// Makes many accounts in one transaction, with their address books. In the place of one whose
    /// handle is taken stands `None`; it changes nothing.
    pub async fn add_accounts(
        &self,
        new: &[NewAccount],
    ) -> Result<Vec<Option<Account>>, StoreError> {
        let mut writing = self.write().await?;
        let added = insert_accounts(&mut writing, new).await?;
        writing.commit().await?;
        Ok(added)
    }

    /// The account with this handle.
    pub async fn account_by_handle(&self, handle: &Handle) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(concat!(select!(), " WHERE handle = $1"))
            .bind(handle.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// The accounts with these handles, in no particular order. Unknown handles are left out.
    pub async fn accounts_by_handles(
        &self,
        handles: &[Handle],
    ) -> Result<Vec<Account>, StoreError> {
        let mut found = Vec::new();
        for some in handles.chunks(AT_ONCE) {
            let mut query = sqlx::query(concat!(
                select!(),
                " WHERE handle IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
                 $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, \
                 $31, $32)"
            ));
            // Places left over ask for the last one again: one text, prepared once.
            for place in 0..AT_ONCE {
                query = query.bind(some[place.min(some.len() - 1)].as_str());
            }
            for row in query.fetch_all(&self.readers).await? {
                found.push(account(&row)?);
            }
        }
        Ok(found)
    }

    /// The account with this number.
    pub async fn account_by_id(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(concat!(select!(), " WHERE id = $1"))
            .bind(i64::from(id.0))
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(account).transpose()
    }

    /// Accounts in order of their numbers, at most `limit`, beginning behind `after`.
    pub async fn accounts(
        &self,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let rows = sqlx::query(concat!(select!(), " WHERE id > $1 ORDER BY id LIMIT $2"))
            .bind(number_of(after))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(account).collect()
    }

    /// Like [`Store::accounts`], those whose handle or name contains this text, whatever its case
    /// (of letters outside ASCII: what the engine makes of them).
    pub async fn search_accounts(
        &self,
        text: &str,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let rows = sqlx::query(concat!(
            select!(),
            r" WHERE id > $1 AND (handle LIKE $2 ESCAPE '\' OR LOWER(name) LIKE $2 ESCAPE '\')
              ORDER BY id LIMIT $3"
        ))
        .bind(number_of(after))
        .bind(containing(text))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(account).collect()
    }

    /// How many accounts there are.
    pub async fn count_accounts(&self) -> Result<u64, StoreError> {
        let number: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM accounts")
            .fetch_one(&self.readers)
            .await?;
        Ok(number.unsigned_abs())
    }

    /// The account with this handle, and what its password is verified against.
    pub async fn account_with_password(
        &self,
        handle: &Handle,
    ) -> Result<Option<(Account, StoredPassword)>, StoreError> {
        let row = sqlx::query(concat!(select!(), " WHERE handle = $1"))
            .bind(handle.as_str())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let password = StoredPassword {
            whole: row.try_get("password_hash")?,
            start: row.try_get("password_start_hash")?,
        };
        Ok(Some((account(&row)?, password)))
    }

    /// Changes the display name, cleaned as [`clean_name`] does.
    pub async fn rename_account(
        &self,
        id: AccountId,
        name: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query("UPDATE accounts SET name = $2 WHERE id = $1")
            .bind(i64::from(id.0))
            .bind(clean_name(name))
            .execute(&mut *writing)
            .await?;
        roster::touch(&mut writing, id, now).await?;
        finish(writing, done.rows_affected()).await
    }

    /// Whether nothing has happened since an account was read that ends its tickets and sessions.
    pub async fn is_as_before(&self, account: &Account) -> Result<bool, StoreError> {
        let now = self.account_by_id(account.id).await?;
        Ok(now.is_some_and(|now| !now.disabled && now.epoch == account.epoch))
    }

    /// Changes the password. Every ticket of the account dies, and its sessions end.
    pub async fn set_password(
        &self,
        id: AccountId,
        password: &StoredPassword,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let epoch = change_password(&mut writing, id, None, password).await?;
        end_sessions(writing, id, epoch).await
    }

    /// The same by the account's owner, only if nothing happened since the account was read that ends
    /// its tickets and sessions; the account as it is now, or `None`.
    pub async fn change_own_password(
        &self,
        account: &Account,
        password: &StoredPassword,
    ) -> Result<Option<Account>, StoreError> {
        let mut writing = self.write().await?;
        let epoch =
            change_password(&mut writing, account.id, Some(account.epoch), password).await?;
        let Some(epoch) = epoch else { return Ok(None) };
        end_sessions(writing, account.id, Some(epoch)).await?;
        Ok(Some(Account {
            epoch,
            ..account.clone()
        }))
    }

    /// Keeps an account from signing in. Every ticket of it dies, and its sessions end.
    pub async fn disable_account(&self, id: AccountId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let epoch = sqlx::query_scalar(
            "UPDATE accounts SET disabled = 1, epoch = epoch + 1 WHERE id = $1 RETURNING epoch",
        )
        .bind(i64::from(id.0))
        .fetch_optional(&mut *writing)
        .await?;
        end_sessions(writing, id, epoch).await
    }

    /// Lets an account sign in again. Its earlier tickets stay dead.
    pub async fn enable_account(&self, id: AccountId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query("UPDATE accounts SET disabled = 0 WHERE id = $1")
            .bind(i64::from(id.0))
            .execute(&mut *writing)
            .await?;
        finish(writing, done.rows_affected()).await
    }

    /// Removes an account with everything of its own; its sessions end. Its number is not used again.
    pub async fn delete_account(&self, id: AccountId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        roster::leave_everybody(&mut writing, id).await?;
        let done = sqlx::query("DELETE FROM accounts WHERE id = $1")
            .bind(i64::from(id.0))
            .execute(&mut *writing)
            .await?;
        let every = (done.rows_affected() > 0).then_some(i64::MAX);
        end_sessions(writing, id, every).await
    }
}

/// See [`Store::add_accounts`].
pub(super) async fn insert_accounts(
    writing: &mut Writing,
    new: &[NewAccount],
) -> Result<Vec<Option<Account>>, StoreError> {
    // Holds the counter until the end, so that nobody else takes the same numbers.
    let mut last: i64 = sqlx::query_scalar(
        "UPDATE counters SET value = value WHERE name = 'account' RETURNING value",
    )
    .fetch_one(&mut **writing)
    .await?;
    let mut added = Vec::with_capacity(new.len());
    for new in new {
        let number = last + 1;
        let account = Account {
            id: account_id(number)?,
            handle: new.handle.clone(),
            name: clean_name(&new.name),
            disabled: false,
            verified: new.verified,
            created_at: whole_milliseconds(new.created_at),
            epoch: 1,
        };
        if insert(writing, &account, &new.password).await? {
            last = number;
            roster::furnish(writing, &account).await?;
            added.push(Some(account));
        } else {
            added.push(None);
        }
    }
    sqlx::query("UPDATE counters SET value = $1 WHERE name = 'account'")
        .bind(last)
        .execute(&mut **writing)
        .await?;
    Ok(added)
}

/// Changes the password of an account; its new epoch. `None` if there is no such account, or none of
/// this epoch that may sign in.
pub(super) async fn change_password(
    writing: &mut Writing,
    id: AccountId,
    epoch: Option<i64>,
    password: &StoredPassword,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar(
        "UPDATE accounts SET password_hash = $2, password_start_hash = $3, epoch = epoch + 1
         WHERE id = $1 AND ($4 IS NULL OR (epoch = $4 AND disabled = 0)) RETURNING epoch",
    )
    .bind(i64::from(id.0))
    .bind(password.whole.as_str())
    .bind(password.start.as_deref())
    .bind(epoch)
    .fetch_optional(&mut **writing)
    .await?)
}

/// Whether the handle was free.
async fn insert(
    writing: &mut Writing,
    account: &Account,
    password: &StoredPassword,
) -> Result<bool, StoreError> {
    if account.handle.as_str() == SERVICE_HANDLE {
        return Ok(false);
    }
    let done = sqlx::query(
        "INSERT INTO accounts (id, handle, name, password_hash, password_start_hash, disabled,
                               verified, epoch, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (handle) DO NOTHING",
    )
    .bind(i64::from(account.id.0))
    .bind(account.handle.as_str())
    .bind(account.name.as_str())
    .bind(password.whole.as_str())
    .bind(password.start.as_deref())
    .bind(i64::from(account.disabled))
    .bind(i64::from(account.verified))
    .bind(account.epoch)
    .bind(account.created_at.as_millisecond())
    .execute(&mut **writing)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Commits if there was an account to change.
async fn finish(writing: Writing, rows: u64) -> Result<(), StoreError> {
    if rows == 0 {
        return Err(StoreError::NotFound("there is no such account"));
    }
    Ok(writing.commit().await?)
}

/// Commits if there was an account to change, ending its sessions of before this epoch.
async fn end_sessions(
    mut writing: Writing,
    id: AccountId,
    epoch: Option<i64>,
) -> Result<(), StoreError> {
    if let Some(epoch) = epoch {
        sign_out::record(&mut writing, id, epoch).await?;
    }
    finish(writing, epoch.iter().len() as u64).await
}

pub(super) fn account(row: &AnyRow) -> Result<Account, StoreError> {
    let handle: &str = row.try_get("handle")?;
    Ok(Account {
        id: account_id(row.try_get("id")?)?,
        handle: Handle::parse(handle).map_err(|_| StoreError::Malformed("handle"))?,
        name: row.try_get("name")?,
        disabled: row.try_get::<i64, _>("disabled")? != 0,
        verified: row.try_get::<i64, _>("verified")? != 0,
        created_at: Timestamp::from_millisecond(row.try_get("created_at")?)
            .map_err(|_| StoreError::Malformed("time"))?,
        epoch: row.try_get("epoch")?,
    })
}

pub(super) fn account_id(number: i64) -> Result<AccountId, StoreError> {
    u32::try_from(number)
        .map(AccountId)
        .map_err(|_| StoreError::Malformed("account number"))
}

fn number_of(id: Option<AccountId>) -> i64 {
    id.map_or(0, |id| i64::from(id.0))
}

/// The pattern of `LIKE` for texts that contain this one.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars().filter(|&c| c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A time as it comes back from the database.
pub(super) fn whole_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
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

/// The display name that an account's owner chooses, by whichever service: without one it is the
/// handle.
pub(super) fn name_or_handle(text: &str, handle: &Handle) -> String {
    match clean_name(text) {
        name if name.is_empty() => handle.as_str().to_owned(),
        name => name,
    }
}

/// Who speaks for the service itself, in texts of operators: no account ever has this handle.
pub const SERVICE_HANDLE: &str = "service@papilio.invalid";

/// Longest display name in characters (services-addressbook, 10).
pub const NAME_LIMIT: usize = 387;

/// How many handles one statement asks for.
const AT_ONCE: usize = 32;
