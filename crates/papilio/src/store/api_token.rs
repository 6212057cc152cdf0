//! Tokens of the admin API. The database knows their hash; whoever has the database has no token.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::operator::stored_scopes;
use super::scope::Scopes;
use super::token::Token;
use super::{Store, StoreError, optional_time, time};

/// A token, without what is shown to use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// What its operator calls it.
    pub name: String,
    /// What it lets do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good; `None` = until it is revoked.
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute; `None` = never.
    pub last_used: Option<Timestamp>,
}

impl Store {
    /// Keeps a new token, by its hash. [`StoreError::Conflict`] if there is one of this name.
    pub async fn add_token(&self, token: &TokenRecord, shown: &Token) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query(
            "INSERT INTO api_tokens (name, token_hash, scopes, created_at, expires)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING",
        )
        .bind(token.name.as_str())
        .bind(shown.hash())
        .bind(token.scopes.to_string())
        .bind(token.created_at.as_millisecond())
        .bind(token.expires.map(Timestamp::as_millisecond))
        .execute(&mut *writing)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Conflict("there is a token of this name"));
        }
        Ok(writing.commit().await?)
    }

    /// What this token is, if it is good now. That it was used is written down, once a minute
    /// at most.
    pub async fn use_token(
        &self,
        shown: &Token,
        now: Timestamp,
    ) -> Result<Option<TokenRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT name, scopes, created_at, expires, last_used FROM api_tokens
             WHERE token_hash = $1 AND (expires IS NULL OR expires > $2)",
        )
        .bind(shown.hash())
        .bind(now.as_millisecond())
        .fetch_optional(&self.readers)
        .await?;
        let Some(found) = row.as_ref().map(token).transpose()? else {
            return Ok(None);
        };
        let minute_ago = now.as_millisecond() - 60_000;
        if found
            .last_used
            .is_none_or(|last| last.as_millisecond() <= minute_ago)
        {
            let mut writing = self.write().await?;
            sqlx::query("UPDATE api_tokens SET last_used = $2 WHERE token_hash = $1")
                .bind(shown.hash())
                .bind(now.as_millisecond())
                .execute(&mut *writing)
                .await?;
            writing.commit().await?;
        }
        Ok(Some(found))
    }

    /// All tokens by their names, behind `after`.
    pub async fn tokens(&self, after: &str, limit: u32) -> Result<Vec<TokenRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT name, scopes, created_at, expires, last_used FROM api_tokens WHERE name > $1
             ORDER BY name LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(token).collect()
    }

    /// The token of this name, good or not.
    pub async fn token_by_name(&self, name: &str) -> Result<Option<TokenRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT name, scopes, created_at, expires, last_used FROM api_tokens WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(token).transpose()
    }

    /// The token is good no more. [`StoreError::NotFound`] if there is none of this name.
    pub async fn revoke_token(&self, name: &str) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query("DELETE FROM api_tokens WHERE name = $1")
            .bind(name)
            .execute(&mut *writing)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("there is no such token"));
        }
        Ok(writing.commit().await?)
    }
}

fn token(row: &AnyRow) -> Result<TokenRecord, StoreError> {
    Ok(TokenRecord {
        name: row.try_get("name")?,
        scopes: stored_scopes(row.try_get("scopes")?)?,
        created_at: time(row.try_get("created_at")?)?,
        expires: optional_time(row.try_get("expires")?)?,
        last_used: optional_time(row.try_get("last_used")?)?,
    })
}
