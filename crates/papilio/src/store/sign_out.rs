//! Whose sessions must end: told by the command that changed an account, to the processes that serve.
//!
//! ```text
//!   papilio user passwd | disable | delete  --one transaction-->  accounts, sign_outs
//!   papilio serve  --every few seconds-->  the counter, and what is new behind it
//! ```
//!
//! An account has one row at most, and looking for news reads one row while there are none.

use sqlx::Row;

use super::account::{AccountId, account_id};
use super::{Store, StoreError, Writing};

/// How far somebody has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignOutNumber(i64);

/// The sessions of an account must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignOut {
    /// Whose.
    pub account: AccountId,
    /// Those that began under an earlier epoch than this.
    pub before: i64,
}

impl Store {
    /// Where news begin: nothing that was recorded so far is told behind it.
    pub async fn last_sign_out(&self) -> Result<SignOutNumber, StoreError> {
        let number = sqlx::query_scalar("SELECT value FROM counters WHERE name = 'sign_out'")
            .fetch_one(&self.readers)
            .await?;
        Ok(SignOutNumber(number))
    }

    /// What was recorded behind `seen`, and how far that goes.
    pub async fn sign_outs_after(
        &self,
        seen: SignOutNumber,
    ) -> Result<(SignOutNumber, Vec<SignOut>), StoreError> {
        if self.last_sign_out().await? == seen {
            return Ok((seen, Vec::new()));
        }
        let rows = sqlx::query(
            "SELECT account, epoch, number FROM sign_outs WHERE number > $1 ORDER BY number",
        )
        .bind(seen.0)
        .fetch_all(&self.readers)
        .await?;
        let mut last = seen;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            last = SignOutNumber(row.try_get("number")?);
            found.push(SignOut {
                account: account_id(row.try_get("account")?)?,
                before: row.try_get("epoch")?,
            });
        }
        Ok((last, found))
    }
}

/// Ends the sessions of an account that began before this epoch, wherever they are. The last
/// statement of its transaction: from here on others who record something wait for the commit.
pub(super) async fn record(
    writing: &mut Writing,
    account: AccountId,
    before: i64,
) -> Result<(), StoreError> {
    let number: i64 = sqlx::query_scalar(
        "UPDATE counters SET value = value + 1 WHERE name = 'sign_out' RETURNING value",
    )
    .fetch_one(&mut **writing)
    .await?;
    sqlx::query(
        "INSERT INTO sign_outs (account, epoch, number) VALUES ($1, $2, $3)
         ON CONFLICT (account) DO UPDATE SET epoch = excluded.epoch, number = excluded.number",
    )
    .bind(i64::from(account.0))
    .bind(before)
    .bind(number)
    .execute(&mut **writing)
    .await?;
    Ok(())
}
