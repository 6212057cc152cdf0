//! Operators: accounts that may do an operator's acts.

use jiff::Timestamp;
use msnp::handle::Handle;
use sqlx::Row;

use super::account::AccountId;
use super::scope::Scopes;
use super::{Store, StoreError, time};

/// An account that may do an operator's acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRole {
    /// Its address.
    pub handle: Handle,
    /// What it may do.
    pub scopes: Scopes,
    /// Since when.
    pub since: Timestamp,
}

impl Store {
    /// Makes an account an operator, or changes what it may do.
    pub async fn put_operator(
        &self,
        account: AccountId,
        scopes: Scopes,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        sqlx::query(
            "INSERT INTO operators (account, scopes, since) VALUES ($1, $2, $3)
             ON CONFLICT (account) DO UPDATE SET scopes = excluded.scopes",
        )
        .bind(i64::from(account.0))
        .bind(scopes.to_string())
        .bind(now.as_millisecond())
        .execute(&mut *writing)
        .await?;
        Ok(writing.commit().await?)
    }

    /// An account is an operator no more. [`StoreError::NotFound`] if it was none.
    pub async fn remove_operator(&self, account: AccountId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query("DELETE FROM operators WHERE account = $1")
            .bind(i64::from(account.0))
            .execute(&mut *writing)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("this account is no operator"));
        }
        Ok(writing.commit().await?)
    }

    /// What an account may do as an operator; `None` if it is none.
    pub async fn operator_scopes(&self, account: AccountId) -> Result<Option<Scopes>, StoreError> {
        let scopes: Option<String> =
            sqlx::query_scalar("SELECT scopes FROM operators WHERE account = $1")
                .bind(i64::from(account.0))
                .fetch_optional(&self.readers)
                .await?;
        scopes.map(|text| stored_scopes(&text)).transpose()
    }

    /// All operators, by their addresses.
    pub async fn operators(&self) -> Result<Vec<OperatorRole>, StoreError> {
        let rows = sqlx::query(
            "SELECT handle, scopes, since FROM operators JOIN accounts ON accounts.id = account
             ORDER BY handle",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let handle: &str = row.try_get("handle")?;
                Ok(OperatorRole {
                    handle: Handle::parse(handle).map_err(|_| StoreError::Malformed("handle"))?,
                    scopes: stored_scopes(row.try_get("scopes")?)?,
                    since: time(row.try_get("since")?)?,
                })
            })
            .collect()
    }
}

pub(super) fn stored_scopes(text: &str) -> Result<Scopes, StoreError> {
    text.parse().map_err(|_| StoreError::Malformed("scope"))
}
