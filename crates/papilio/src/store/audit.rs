//! The audit log: what operators did, what they were refused, and what failed.
//!
//! ```text
//!   store.noting(entry).disable_account(..)    one transaction: the entry, then the change
//! ```
//!
//! A store that [notes](Store::noting) begins each writing transaction with its entry, so that nothing
//! can be done without being told of, and nothing is told of that was not done.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Writing, time};

/// What is written down of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub who: String,
    /// What, such as `accounts.disable`.
    pub act: &'static str,
    /// To whom or what; empty if there is nothing to name.
    pub subject: String,
    /// What became of it.
    pub outcome: Outcome,
    /// An object in JSON, without secrets.
    pub details: serde_json::Value,
}

/// What became of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// Its operator may not do it.
    Refused,
    /// It could not be done.
    Failed,
}

/// The number of an entry, from 1, rising in the order in which they can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditNumber(pub i64);

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number.
    pub number: AuditNumber,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What.
    pub act: String,
    /// To whom or what.
    pub subject: String,
    /// What became of it.
    pub outcome: String,
    /// More of it.
    pub details: serde_json::Value,
}

/// Which entries are asked for; empty texts match all.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only those of one who.
    pub who: String,
    /// Only those of one act, or of acts that begin like this when it ends in a dot.
    pub act: String,
    /// Only those about this.
    pub subject: String,
}

impl Outcome {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Store {
    /// The same store, whose every writing transaction writes this entry first.
    pub fn noting(&self, entry: NewAuditEntry) -> Self {
        Self {
            noting: Some(std::sync::Arc::new(entry)),
            ..self.clone()
        }
    }

    /// Writes an entry about something that did not change the store.
    pub async fn note(&self, entry: NewAuditEntry) -> Result<(), StoreError> {
        let noting = self.noting(entry);
        Ok(noting.write().await?.commit().await?)
    }

    /// The entries before `before` (`None`: the newest), newest first.
    pub async fn audit_before(
        &self,
        before: Option<AuditNumber>,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT number, at, who, act, subject, outcome, details FROM audit WHERE number < $1",
            " AND ($2 = '' OR who = $2) AND ($3 = '' OR act LIKE $3) AND ($4 = '' OR subject = $4)",
            " ORDER BY number DESC LIMIT $5"
        ))
        .bind(before.map_or(i64::MAX, |before| before.0))
        .bind(filter.who.as_str())
        .bind(pattern(&filter.act))
        .bind(filter.subject.as_str())
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(entry).collect()
    }

    /// The entries behind `after`, oldest first.
    pub async fn audit_after(
        &self,
        after: AuditNumber,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        if self.last_audit().await? == after {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(
            "SELECT number, at, who, act, subject, outcome, details FROM audit WHERE number > $1
             ORDER BY number LIMIT $2",
        )
        .bind(after.0)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(entry).collect()
    }

    /// The number of the newest entry; zero before the first.
    pub async fn last_audit(&self) -> Result<AuditNumber, StoreError> {
        let number = sqlx::query_scalar("SELECT value FROM counters WHERE name = 'audit'")
            .fetch_one(&self.readers)
            .await?;
        Ok(AuditNumber(number))
    }

    /// Forgets entries that are older than this; how many there were.
    pub async fn clear_audit(&self, older_than: Timestamp) -> Result<u64, StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query("DELETE FROM audit WHERE at < $1")
            .bind(older_than.as_millisecond())
            .execute(&mut *writing)
            .await?;
        writing.commit().await?;
        Ok(done.rows_affected())
    }
}

/// The first statement of a transaction: holds the counter until the end.
pub(super) async fn insert(writing: &mut Writing, entry: &NewAuditEntry) -> Result<(), StoreError> {
    let number: i64 = sqlx::query_scalar(
        "UPDATE counters SET value = value + 1 WHERE name = 'audit' RETURNING value",
    )
    .fetch_one(&mut **writing)
    .await?;
    sqlx::query(
        "INSERT INTO audit (number, at, who, act, subject, outcome, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(number)
    .bind(entry.at.as_millisecond())
    .bind(entry.who.as_str())
    .bind(entry.act)
    .bind(entry.subject.as_str())
    .bind(entry.outcome.as_str())
    .bind(entry.details.to_string())
    .execute(&mut **writing)
    .await?;
    Ok(())
}

fn entry(row: &AnyRow) -> Result<AuditEntry, StoreError> {
    let details: &str = row.try_get("details")?;
    Ok(AuditEntry {
        number: AuditNumber(row.try_get("number")?),
        at: time(row.try_get("at")?)?,
        who: row.try_get("who")?,
        act: row.try_get("act")?,
        subject: row.try_get("subject")?,
        outcome: row.try_get("outcome")?,
        details: serde_json::from_str(details)
            .map_err(|_| StoreError::Malformed("entry of the audit log"))?,
    })
}

/// The pattern of `LIKE` for one act, or for all that begin like this. Acts have none of the letters
/// that mean something there.
fn pattern(act: &str) -> String {
    let mut pattern: String = act
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        .collect();
    if pattern.is_empty() && !act.is_empty() {
        // Nothing is called so, and nothing is what is found.
        pattern.push('-');
    }
    if pattern.ends_with('.') {
        pattern.push('%');
    }
    pattern
}
