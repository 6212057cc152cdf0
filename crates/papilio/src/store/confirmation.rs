//! What waits for somebody to follow a link: accounts whose address is not confirmed yet, and new
//! passwords.
//!
//! ```text
//!   keep_sign_up  -> Token, by mail -> confirm_sign_up -> the account, or why there is none
//!   make_reset_link -> Token, by mail or by an operator -> reset_password
//! ```
//!
//! A token is good once and until it expires. Looking at what it leads to uses nothing up, since
//! programs that read mail follow links too.

use jiff::Timestamp;
use msnp::handle::Handle;
use sqlx::Row;

use super::account::{Account, NewAccount, account, account_id, change_password};
use super::ban::not_banned;
use super::invitation::{InvitationCode, SignedUp, sign_up};
use super::token::Token;
use super::{Store, StoreError, sign_out};
use crate::password::StoredPassword;

/// An account that will be made when its address is confirmed.
#[derive(Clone, Debug)]
pub struct PendingSignUp {
    /// Its address.
    pub handle: Handle,
    /// Its display name.
    pub name: String,
    /// Its password, hashed.
    pub password: StoredPassword,
}

/// What came of a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// What [`Store::sign_up`] says.
    Known(SignedUp),
    /// Nothing waits for this token, or no longer.
    Unknown,
}

impl Store {
    /// Keeps a sign-up until its address is confirmed. Nothing is taken meanwhile, neither the handle
    /// nor a use of the invitation. Of one address the newest few are kept.
    pub async fn keep_sign_up(
        &self,
        pending: &PendingSignUp,
        invitation: Option<&InvitationCode>,
        expires: Timestamp,
    ) -> Result<Token, StoreError> {
        let token = Token::random();
        let mut writing = self.write().await?;
        sqlx::query(
            "INSERT INTO pending_sign_ups (token_hash, handle, name, password_hash,
                                           password_start_hash, invitation_hash, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(token.hash())
        .bind(pending.handle.as_str())
        .bind(pending.name.as_str())
        .bind(pending.password.whole.as_str())
        .bind(pending.password.start.as_deref())
        .bind(invitation.map(InvitationCode::hash))
        .bind(expires.as_millisecond())
        .execute(&mut *writing)
        .await?;
        sqlx::query(
            "DELETE FROM pending_sign_ups WHERE handle = $1 AND token_hash NOT IN
                 (SELECT token_hash FROM pending_sign_ups WHERE handle = $1
                  ORDER BY expires DESC, token_hash LIMIT $2)",
        )
        .bind(pending.handle.as_str())
        .bind(MOST)
        .execute(&mut *writing)
        .await?;
        writing.commit().await?;
        Ok(token)
    }

    /// The sign-up that waits for this token.
    pub async fn pending_sign_up(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Option<PendingSignUp>, StoreError> {
        let row = sqlx::query(
            "SELECT handle, name, password_hash, password_start_hash FROM pending_sign_ups
             WHERE token_hash = $1 AND expires > $2",
        )
        .bind(token.hash())
        .bind(now.as_millisecond())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(pending).transpose()
    }

    /// Makes the account that waits for this token. Whatever comes of it, the token is used up,
    /// and with it whatever else waits for the same address.
    pub async fn confirm_sign_up(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Confirmed, StoreError> {
        let mut writing = self.write().await?;
        let row = sqlx::query(
            "DELETE FROM pending_sign_ups WHERE token_hash = $1 AND expires > $2
             RETURNING handle, name, password_hash, password_start_hash, invitation_hash",
        )
        .bind(token.hash())
        .bind(now.as_millisecond())
        .fetch_optional(&mut *writing)
        .await?;
        let Some(row) = row else {
            return Ok(Confirmed::Unknown);
        };
        let waiting = pending(&row)?;
        let invitation: Option<String> = row.try_get("invitation_hash")?;
        let new = NewAccount {
            handle: waiting.handle,
            name: waiting.name,
            password: waiting.password,
            verified: true,
            created_at: now,
        };
        let done = sign_up(&mut writing, &new, invitation.as_deref()).await?;
        if !matches!(done, SignedUp::Made(_)) {
            // A use of the invitation may have been taken: all of it goes back, but the token.
            writing.rollback().await?;
            writing = self.write().await?;
        }
        sqlx::query("DELETE FROM pending_sign_ups WHERE handle = $1")
            .bind(new.handle.as_str())
            .execute(&mut *writing)
            .await?;
        writing.commit().await?;
        Ok(Confirmed::Known(done))
    }

    /// Makes a token by which a new password may be chosen for an account, once. A password that is
    /// changed meanwhile, and disabling the account, end it. [`StoreError::NotFound`] if the account has
    /// changed since it was read.
    pub async fn make_reset_link(
        &self,
        account: &Account,
        expires: Timestamp,
    ) -> Result<Token, StoreError> {
        let token = Token::random();
        let owner = i64::from(account.id.0);
        let mut writing = self.write().await?;
        let done = sqlx::query("UPDATE accounts SET epoch = epoch WHERE id = $1 AND epoch = $2")
            .bind(owner)
            .bind(account.epoch)
            .execute(&mut *writing)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("the account has changed"));
        }
        sqlx::query(
            "INSERT INTO password_resets (token_hash, account, epoch, expires)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(token.hash())
        .bind(owner)
        .bind(account.epoch)
        .bind(expires.as_millisecond())
        .execute(&mut *writing)
        .await?;
        sqlx::query(
            "DELETE FROM password_resets WHERE account = $1 AND token_hash NOT IN
                 (SELECT token_hash FROM password_resets WHERE account = $1
                  ORDER BY expires DESC, token_hash LIMIT $2)",
        )
        .bind(owner)
        .bind(MOST)
        .execute(&mut *writing)
        .await?;
        writing.commit().await?;
        Ok(token)
    }

    /// The account for which this token lets one choose a password.
    pub async fn reset_account(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query(concat!(
            "SELECT a.id, a.handle, a.name, a.disabled, a.verified, a.epoch, a.created_at
             FROM password_resets r JOIN accounts a ON a.id = r.account AND a.epoch = r.epoch
             WHERE r.token_hash = $1 AND r.expires > $2 AND a.disabled = 0 AND ",
            not_banned!("$2")
        ))
        .bind(token.hash())
        .bind(now.as_millisecond())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(account).transpose()
    }

    /// Gives the account of this token another password: its tickets die, its sessions end, and the
    /// token is used up. `None` if the token leads nowhere.
    pub async fn reset_password(
        &self,
        token: &Token,
        password: &StoredPassword,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let mut writing = self.write().await?;
        let found = sqlx::query(
            "DELETE FROM password_resets WHERE token_hash = $1 AND expires > $2
             RETURNING account, epoch",
        )
        .bind(token.hash())
        .bind(now.as_millisecond())
        .fetch_optional(&mut *writing)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let (owner, epoch): (i64, i64) = (found.try_get("account")?, found.try_get("epoch")?);
        let id = account_id(owner)?;
        let row = sqlx::query(concat!(
            "SELECT id, handle, name, disabled, verified, epoch, created_at FROM accounts a
             WHERE id = $1 AND epoch = $2 AND disabled = 0 AND ",
            not_banned!("$3")
        ))
        .bind(owner)
        .bind(epoch)
        .bind(now.as_millisecond())
        .fetch_optional(&mut *writing)
        .await?;
        let before = row.as_ref().map(account).transpose()?;
        let Some(before) = before else {
            return Ok(None);
        };
        match change_password(&mut writing, id, Some(before.epoch), password).await? {
            Some(epoch) => {
                sign_out::record(&mut writing, id, epoch).await?;
                writing.commit().await?;
                Ok(Some(Account { epoch, ..before }))
            }
            None => Ok(None),
        }
    }
}

fn pending(row: &sqlx::any::AnyRow) -> Result<PendingSignUp, StoreError> {
    let handle: &str = row.try_get("handle")?;
    Ok(PendingSignUp {
        handle: Handle::parse(handle).map_err(|_| StoreError::Malformed("handle"))?,
        name: row.try_get("name")?,
        password: StoredPassword {
            whole: row.try_get("password_hash")?,
            start: row.try_get("password_start_hash")?,
        },
    })
}

/// How many links of one kind may wait for one address.
const MOST: i64 = 5;
