//! Sessions of browsers at people's pages: a cookie whose hash is kept.
//!
//! A session ends when its time is over, when it is ended, and with the tickets of its account: when
//! the password changes, or the account is disabled or deleted.

use std::net::IpAddr;

use jiff::Timestamp;
use sqlx::Row;

use super::account::{Account, AccountId, account, clean_name};
use super::ban::not_banned;
use super::token::Token;
use super::{Store, StoreError};

/// What somebody calls a session who does not have its cookie: no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSessionId(String);

impl WebSessionId {
    fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// Takes what may be one; whether there is such a session the database knows.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == 32 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// Its text, for a form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a session is made of.
#[derive(Clone, Debug)]
pub struct NewWebSession {
    /// Where the browser is.
    pub address: IpAddr,
    /// What it calls itself; only its beginning is kept.
    pub browser: String,
    /// Now.
    pub began: Timestamp,
    /// Until when.
    pub expires: Timestamp,
}

/// A session, without its cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSession {
    /// Its name.
    pub id: WebSessionId,
    /// Where the browser was when it signed in.
    pub address: String,
    /// What the browser calls itself.
    pub browser: String,
    /// When it signed in.
    pub began: Timestamp,
    /// When it was last seen, to some minutes.
    pub last_seen: Timestamp,
}

impl Store {
    /// Begins a session of an account. [`StoreError::NotFound`] if the account has changed meanwhile
    /// so that it may not have one.
    pub async fn begin_web_session(
        &self,
        account: &Account,
        new: &NewWebSession,
    ) -> Result<Token, StoreError> {
        let token = Token::random();
        let owner = number(account.id);
        let mut writing = self.write().await?;
        let done = sqlx::query(
            "UPDATE accounts SET epoch = epoch WHERE id = $1 AND epoch = $2 AND disabled = 0",
        )
        .bind(owner)
        .bind(account.epoch)
        .execute(&mut *writing)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("the account has changed"));
        }
        sqlx::query(
            "INSERT INTO web_sessions
                 (id, token_hash, account, epoch, began, last_seen, expires, address, browser)
             VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)",
        )
        .bind(WebSessionId::random().0)
        .bind(token.hash())
        .bind(owner)
        .bind(account.epoch)
        .bind(new.began.as_millisecond())
        .bind(new.expires.as_millisecond())
        .bind(new.address.to_string())
        .bind(clean_name(&new.browser))
        .execute(&mut *writing)
        .await?;
        // Those that are over, and the oldest of too many.
        sqlx::query(
            "DELETE FROM web_sessions WHERE account = $1 AND (expires <= $2 OR id NOT IN
                 (SELECT id FROM web_sessions WHERE account = $1 ORDER BY began DESC, id LIMIT $3))",
        )
        .bind(owner)
        .bind(new.began.as_millisecond())
        .bind(MOST)
        .execute(&mut *writing)
        .await?;
        writing.commit().await?;
        Ok(token)
    }

    /// The account whose session has this cookie, and the session.
    pub async fn web_session(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Option<(Account, WebSession)>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT a.id, a.handle, a.name, a.disabled, a.verified, a.epoch, a.created_at,
                    s.id AS session, s.began, s.last_seen, s.address, s.browser
             FROM web_sessions s JOIN accounts a ON a.id = s.account AND a.epoch = s.epoch
             WHERE s.token_hash = $1 AND s.expires > $2 AND a.disabled = 0 AND ",
            not_banned!("$2")
        ))
        .bind(token.hash())
        .bind(now.as_millisecond())
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let session = session(&row)?;
        if now.duration_since(session.last_seen).as_secs() >= SEEN_AGAIN {
            sqlx::query("UPDATE web_sessions SET last_seen = $2 WHERE id = $1")
                .bind(session.id.as_str())
                .bind(now.as_millisecond())
                .execute(&self.writer)
                .await?;
        }
        Ok(Some((account(&row)?, session)))
    }

    /// The sessions of an account, the one last seen first.
    pub async fn web_sessions(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> Result<Vec<WebSession>, StoreError> {
        let rows = sqlx::query(
            "SELECT id AS session, began, last_seen, address, browser FROM web_sessions
             WHERE account = $1 AND epoch = $2 AND expires > $3
             ORDER BY last_seen DESC, began DESC, id",
        )
        .bind(number(account.id))
        .bind(account.epoch)
        .bind(now.as_millisecond())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(session).collect()
    }

    /// Ends a session of an account; nothing happens when it has ended.
    pub async fn end_web_session(
        &self,
        account: AccountId,
        id: &WebSessionId,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM web_sessions WHERE account = $1 AND id = $2")
            .bind(number(account))
            .bind(id.as_str())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Ends the session that has this cookie; nothing happens when it has ended.
    pub async fn end_web_session_of(&self, token: &Token) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM web_sessions WHERE token_hash = $1")
            .bind(token.hash())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Clears away what has expired of people's pages: sessions, sign-ups that nobody confirmed, links
    /// that nobody used. How many rows that were.
    pub async fn clear_expired_pages(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        for statement in [
            "DELETE FROM web_sessions WHERE expires <= $1",
            "DELETE FROM pending_sign_ups WHERE expires <= $1",
            "DELETE FROM password_resets WHERE expires <= $1",
        ] {
            let done = sqlx::query(statement)
                .bind(now.as_millisecond())
                .execute(&self.writer)
                .await?;
            gone += done.rows_affected();
        }
        Ok(gone)
    }
}

fn session(row: &sqlx::any::AnyRow) -> Result<WebSession, StoreError> {
    let time = |name| -> Result<Timestamp, StoreError> {
        Timestamp::from_millisecond(row.try_get(name)?).map_err(|_| StoreError::Malformed("time"))
    };
    Ok(WebSession {
        id: WebSessionId(row.try_get("session")?),
        address: row.try_get("address")?,
        browser: row.try_get("browser")?,
        began: time("began")?,
        last_seen: time("last_seen")?,
    })
}

fn number(id: AccountId) -> i64 {
    i64::from(id.0)
}

/// How many sessions of one account are kept.
const MOST: i64 = 50;

/// How old the time may be at which a session was last seen, in seconds: reading a page seldom writes.
const SEEN_AGAIN: i64 = 5 * 60;
