//! Bans: accounts that may not sign in, and networks from which nobody may.
//!
//! One that has expired is there for nobody; it is cleared away later. Banning an account kills its
//! tickets and ends its sessions, in the same transaction, as disabling it does.

use jiff::Timestamp;
use msnp::handle::Handle;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::account::{AccountId, whole_milliseconds};
use super::network::Network;
use super::{Store, StoreError, Writing, optional_time, sign_out, time};

/// The number of a ban, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BanId(pub i64);

/// Who or what is banned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanSubject {
    /// Whoever has this handle.
    Account(Handle),
    /// Whoever comes from there.
    Network(Network),
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Its number.
    pub id: BanId,
    /// Who or what.
    pub subject: BanSubject,
    /// Why, for other operators.
    pub reason: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when; `None` = until it is lifted.
    pub expires: Option<Timestamp>,
}

/// What a ban is made of.
#[derive(Clone, Debug)]
pub struct NewBan {
    /// Who or what.
    pub subject: BanSubject,
    /// Why.
    pub reason: String,
    /// Who makes it.
    pub made_by: String,
    /// Now.
    pub created_at: Timestamp,
    /// Until when.
    pub expires: Option<Timestamp>,
}

/// How often bans have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BanChange(i64);

/// What reads a [`Ban`].
macro_rules! select {
    () => {
        "SELECT id, kind, subject, reason, made_by, created_at, expires FROM bans"
    };
}

/// A condition for SQL: nothing bans the account `a` at the time that is bound under this name.
macro_rules! not_banned {
    ($now:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM bans WHERE bans.kind = 'account' AND bans.subject = a.handle
                         AND (bans.expires IS NULL OR bans.expires > ",
            $now,
            "))"
        )
    };
}
pub(super) use not_banned;

impl BanSubject {
    /// As the database has it: which kind, and what.
    pub fn kind_and_text(&self) -> (&'static str, String) {
        match self {
            Self::Account(handle) => ("account", handle.to_string()),
            Self::Network(network) => ("network", network.to_string()),
        }
    }
}

impl Store {
    /// Bans. [`StoreError::Conflict`] if there is a ban on just this that has not expired;
    /// [`StoreError::NotFound`] if there is no such account.
    pub async fn add_ban(&self, new: &NewBan) -> Result<Ban, StoreError> {
        let mut writing = self.write().await?;
        let id: i64 = sqlx::query_scalar(
            "UPDATE counters SET value = value + 1 WHERE name = 'ban' RETURNING value",
        )
        .fetch_one(&mut *writing)
        .await?;
        let now = new.created_at.as_millisecond();
        let (kind, subject) = new.subject.kind_and_text();
        sqlx::query("DELETE FROM bans WHERE kind = $1 AND subject = $2 AND expires <= $3")
            .bind(kind)
            .bind(subject.as_str())
            .bind(now)
            .execute(&mut *writing)
            .await?;
        let done = sqlx::query(
            "INSERT INTO bans (id, kind, subject, reason, made_by, created_at, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, subject) DO NOTHING",
        )
        .bind(id)
        .bind(kind)
        .bind(subject.as_str())
        .bind(new.reason.as_str())
        .bind(new.made_by.as_str())
        .bind(now)
        .bind(new.expires.map(Timestamp::as_millisecond))
        .execute(&mut *writing)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Conflict("there is a ban on this already"));
        }
        changed(&mut writing).await?;
        if let BanSubject::Account(handle) = &new.subject {
            let found = sqlx::query(
                "UPDATE accounts SET epoch = epoch + 1 WHERE handle = $1 RETURNING id, epoch",
            )
            .bind(handle.as_str())
            .fetch_optional(&mut *writing)
            .await?;
            let Some(row) = found else {
                return Err(StoreError::NotFound("there is no such account"));
            };
            let account = super::account::account_id(row.try_get("id")?)?;
            sign_out::record(&mut writing, account, row.try_get("epoch")?).await?;
        }
        writing.commit().await?;
        let NewBan {
            subject,
            reason,
            made_by,
            ..
        } = new.clone();
        Ok(Ban {
            id: BanId(id),
            subject,
            reason,
            made_by,
            created_at: whole_milliseconds(new.created_at),
            expires: new.expires.map(whole_milliseconds),
        })
    }

    /// Lifts a ban. [`StoreError::NotFound`] if there is none of this number.
    pub async fn lift_ban(&self, id: BanId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query("DELETE FROM bans WHERE id = $1")
            .bind(id.0)
            .execute(&mut *writing)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("there is no such ban"));
        }
        changed(&mut writing).await?;
        Ok(writing.commit().await?)
    }

    /// The ban of this number, if it has not expired.
    pub async fn ban_by_id(&self, id: BanId, now: Timestamp) -> Result<Option<Ban>, StoreError> {
        let row = sqlx::query(concat!(
            select!(),
            " WHERE id = $1 AND (expires IS NULL OR expires > $2)"
        ))
        .bind(id.0)
        .bind(now.as_millisecond())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(ban).transpose()
    }

    /// The ban on just this, if it has not expired.
    pub async fn ban_on(
        &self,
        subject: &BanSubject,
        now: Timestamp,
    ) -> Result<Option<Ban>, StoreError> {
        let (kind, text) = subject.kind_and_text();
        let row = sqlx::query(concat!(
            select!(),
            " WHERE kind = $1 AND subject = $2 AND (expires IS NULL OR expires > $3)"
        ))
        .bind(kind)
        .bind(text)
        .bind(now.as_millisecond())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(ban).transpose()
    }

    /// Bans that have not expired in the order of their numbers, behind `after`.
    pub async fn bans(
        &self,
        after: Option<BanId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Ban>, StoreError> {
        let rows = sqlx::query(concat!(
            select!(),
            " WHERE id > $1 AND (expires IS NULL OR expires > $2) ORDER BY id LIMIT $3"
        ))
        .bind(after.map_or(0, |after| after.0))
        .bind(now.as_millisecond())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(ban).collect()
    }

    /// How often bans have changed so far.
    pub async fn ban_change(&self) -> Result<BanChange, StoreError> {
        let number = sqlx::query_scalar("SELECT value FROM counters WHERE name = 'ban_change'")
            .fetch_one(&self.readers)
            .await?;
        Ok(BanChange(number))
    }

    /// Signs an account out: its tickets die and its sessions end. Nothing keeps it from signing in
    /// again.
    pub async fn end_sessions_of(&self, account: AccountId) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let epoch: Option<i64> = sqlx::query_scalar(
            "UPDATE accounts SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch",
        )
        .bind(i64::from(account.0))
        .fetch_optional(&mut *writing)
        .await?;
        let Some(epoch) = epoch else {
            return Err(StoreError::NotFound("there is no such account"));
        };
        sign_out::record(&mut writing, account, epoch).await?;
        Ok(writing.commit().await?)
    }

    /// Clears away bans that expired before this; how many there were.
    pub async fn clear_expired_bans(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query("DELETE FROM bans WHERE expires <= $1")
            .bind(now.as_millisecond())
            .execute(&mut *writing)
            .await?;
        writing.commit().await?;
        Ok(done.rows_affected())
    }
}

/// Tells those who serve. The row is held until the commit.
async fn changed(writing: &mut Writing) -> Result<(), StoreError> {
    sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'ban_change'")
        .execute(&mut **writing)
        .await?;
    Ok(())
}

fn ban(row: &AnyRow) -> Result<Ban, StoreError> {
    let (kind, text): (&str, &str) = (row.try_get("kind")?, row.try_get("subject")?);
    let malformed = StoreError::Malformed("ban");
    let subject = match kind {
        "account" => BanSubject::Account(Handle::parse(text).map_err(|_| malformed)?),
        _ => BanSubject::Network(text.parse().map_err(|_| malformed)?),
    };
    Ok(Ban {
        id: BanId(row.try_get("id")?),
        subject,
        reason: row.try_get("reason")?,
        made_by: row.try_get("made_by")?,
        created_at: time(row.try_get("created_at")?)?,
        expires: optional_time(row.try_get("expires")?)?,
    })
}
