//! The database: one struct over sqlx, one SQL text and one set of migrations for SQLite and for
//! PostgreSQL (DESIGN, section 2, item 8).
//!
//! ```text
//!   account  ticket  ...      what is kept, one file per noun: inherent methods of Store
//!        \     |    /
//!          Store              readers: many connections      writer: SQLite ONE, PostgreSQL many
//!             |
//!      SQLite (WAL) | PostgreSQL
//! ```
//!
//! Rules for whoever adds SQL here:
//!
//! * Columns are TEXT, BIGINT and BLOB; truth is 0 or 1. `COUNT(*)` and `MAX` of a BIGINT read as
//!   `i64` on both engines; `EXISTS` and comparisons do not (a boolean on one, a number on the
//!   other), nor does `SUM` (a NUMERIC on PostgreSQL).
//! * Bind `&str`, `String`, `i64`, `&[u8]`, `Vec<u8>` and options of them. Never an `Arc<str>`: sqlx
//!   0.9 panics on it under SQLite.
//! * What only reads uses `self.readers`; on SQLite such a connection refuses to write. What writes
//!   takes `self.write()`, and its first statement is a write to the row that decides (so that two
//!   nodes on PostgreSQL wait for one another instead of both acting on what they read).
//! * Avoid errors as answers: `ON CONFLICT DO NOTHING` and the number of rows, because an error
//!   ends a transaction on PostgreSQL and does not on SQLite.

pub mod account;
pub mod api_token;
pub mod audit;
pub mod ban;
pub mod confirmation;
pub mod invitation;
pub mod network;
pub mod offline_messages;
mod open;
pub mod operator;
pub mod picture;
pub mod profile;
pub mod roster;
pub mod scope;
pub mod sign_out;
mod snapshot;
pub mod ticket;
pub mod token;
pub mod web_session;

pub use open::Claim;
pub use snapshot::{Verified, newest_schema, snapshot, verify};

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};

use crate::metrics::{METRICS, Statement};
use audit::NewAuditEntry;
use ticket::TicketKey;

/// Where the data is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A file. It and its folder are made when they do not exist, for their owner alone.
    Sqlite {
        /// The file of the database.
        path: PathBuf,
    },
    /// A server: `postgres://account:password@host/database`.
    Postgres {
        /// The address, with whatever secret stands in it.
        url: String,
        /// How many connections this process may open.
        connections: u32,
    },
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "Sqlite({})", path.display()),
            Self::Postgres { .. } => f.write_str("Postgres"),
        }
    }
}

/// Everything that outlives a restart. Cloning one is a few reference counts.
#[derive(Clone)]
pub struct Store {
    readers: AnyPool,
    writer: AnyPool,
    engine: Engine,
    ticket_key: Arc<TicketKey>,
    /// What every writing transaction writes into the audit log first.
    noting: Option<Arc<NewAuditEntry>>,
}

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable, too busy, out of space: trying again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// It is there already.
    #[error("{0}")]
    Conflict(&'static str),
    /// It is not there.
    #[error("{0}")]
    NotFound(&'static str),
    /// The database holds something that this program does not write.
    #[error("the database holds a malformed {0}")]
    Malformed(&'static str),
    /// The folder or the file cannot be made or opened.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The tables could not be brought to the form that this program needs.
    #[error("cannot bring the database up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The engine refused a statement: a mistake of ours.
    #[error("the database refused a statement: {0}")]
    Refused(#[source] sqlx::Error),
}

/// A transaction that writes. It is measured if it ends well.
struct Writing {
    transaction: Transaction<'static, Any>,
    asked: Instant,
}

/// A transaction that reads. It is measured.
struct Reading {
    transaction: Transaction<'static, Any>,
    asked: Instant,
}

static MIGRATIONS: Migrator = sqlx::migrate!();

#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Store {
    /// Opens the database, making it and bringing its tables up to date first.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        match database {
            Database::Sqlite { path } => Self::open_sqlite(path).await,
            Database::Postgres { url, connections } => Self::open_postgres(url, *connections).await,
        }
    }

    /// Waits for what is under way and closes every connection. On SQLite this leaves one file that
    /// is the whole database.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn with_pools(
        engine: Engine,
        readers: AnyPool,
        writer: AnyPool,
    ) -> Result<Self, StoreError> {
        let ticket_key = ticket::load_or_make_key(&writer).await?;
        Ok(Self {
            readers,
            writer,
            engine,
            ticket_key: Arc::new(ticket_key),
            noting: None,
        })
    }

    /// Begins a transaction that reads, and sees one moment however long it lasts.
    async fn read(&self) -> Result<Reading, StoreError> {
        let asked = Instant::now();
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        };
        let transaction = self.readers.begin_with(begin).await?;
        Ok(Reading { transaction, asked })
    }

    /// Begins a transaction that writes. On SQLite it holds the right to write from the start, so
    /// that it can wait for others but never fail half-way because of them.
    ///
    /// In a task of its own: when the caller gives up while PostgreSQL begins, sqlx 0.9 hands the
    /// connection on with the transaction open. Here it always begins, and then ends as any other.
    async fn write(&self) -> Result<Writing, StoreError> {
        let asked = Instant::now();
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN",
        };
        let writer = self.writer.clone();
        let begun = tokio::spawn(async move { writer.begin_with(begin).await })
            .await
            .map_err(|_| StoreError::Unavailable(sqlx::Error::WorkerCrashed))?;
        let mut writing = Writing {
            transaction: begun?,
            asked,
        };
        if let Some(entry) = &self.noting {
            audit::insert(&mut writing, entry).await?;
        }
        Ok(writing)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT name FROM counters LIMIT 1")
            .fetch_optional(&self.readers)
            .await?;
        Ok(())
    }
}

impl Writing {
    /// Puts everything on the disk.
    async fn commit(self) -> Result<(), sqlx::Error> {
        self.transaction.commit().await?;
        METRICS.database(Statement::Write, self.asked.elapsed());
        Ok(())
    }

    /// Lets everything be as it was.
    async fn rollback(self) -> Result<(), sqlx::Error> {
        self.transaction.rollback().await
    }
}

impl Deref for Writing {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}

impl Deref for Reading {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        METRICS.database(Statement::Read, self.asked.elapsed());
    }
}

/// A time that was kept as milliseconds since 1970.
fn time(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| StoreError::Malformed("time"))
}

fn optional_time(milliseconds: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    milliseconds.map(time).transpose()
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let error = Self::of(error);
        if matches!(error, Self::Unavailable(_)) {
            METRICS.database_errors.increment(1);
        }
        error
    }
}

impl StoreError {
    fn of(error: sqlx::Error) -> Self {
        use sqlx::Error;
        match &error {
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::Configuration(_) => Self::Unavailable(error),
            Error::RowNotFound => Self::NotFound("no such row"),
            Error::ColumnDecode { .. } | Error::Decode(_) => Self::Malformed("column"),
            Error::Database(refusal) => {
                if refusal.is_unique_violation() {
                    Self::Conflict("it is there already")
                } else if refusal.is_foreign_key_violation() {
                    Self::NotFound("what it belongs to is gone")
                } else if refusal.code().is_some_and(|code| passes_by_itself(&code)) {
                    Self::Unavailable(error)
                } else {
                    Self::Refused(error)
                }
            }
            _ => Self::Refused(error),
        }
    }
}

/// Whether an engine's code means "not now": SQLite's BUSY, LOCKED, IOERR, FULL and CANTOPEN with
/// their extended forms, PostgreSQL's classes 08 (connection), 40 (serialisation), 53 (resources),
/// 57 (shutdown) and 58 (system).
fn passes_by_itself(code: &str) -> bool {
    match code.parse::<u32>() {
        // PostgreSQL's codes have five characters, SQLite's never more than four.
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 10 | 13 | 14),
        _ => ["08", "40", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn opened() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("papilio.db");
        let store = Store::open(&Database::Sqlite { path }).await.unwrap();
        (store, folder)
    }

    #[tokio::test]
    async fn sqlite_is_set_up_so_that_nothing_acknowledged_is_lost() {
        let (store, _folder) = opened().await;
        let mut writing = store.writer.acquire().await.unwrap();
        for (question, answer) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA busy_timeout", 30_000),
        ] {
            let found: i64 = sqlx::query_scalar(question)
                .fetch_one(&mut *writing)
                .await
                .unwrap();
            assert_eq!(found, answer, "{question}");
        }
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&store.readers)
            .await
            .unwrap();
        assert_eq!(journal, "wal");
    }

    #[tokio::test]
    async fn a_transaction_that_the_engine_ended_by_itself_does_not_end_all_writing() {
        let (store, _folder) = opened().await;
        let mut writing = store.write().await.unwrap();
        // As SQLite does by itself when the disk is full.
        sqlx::query("ROLLBACK")
            .execute(&mut *writing)
            .await
            .unwrap();
        drop(writing);
        let writing = store.write().await.unwrap();
        writing.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_reader_of_sqlite_cannot_write() {
        let (store, _folder) = opened().await;
        let written = sqlx::query("UPDATE counters SET value = 9")
            .execute(&store.readers)
            .await;
        assert!(written.unwrap_err().to_string().contains("readonly"));
    }

    #[tokio::test]
    async fn readers_go_on_while_somebody_writes() {
        let (store, _folder) = opened().await;
        let mut writing = store.write().await.unwrap();
        sqlx::query("UPDATE counters SET value = 9")
            .execute(&mut *writing)
            .await
            .unwrap();
        let counter = "SELECT value FROM counters WHERE name = 'account'";
        let before: i64 = sqlx::query_scalar(counter)
            .fetch_one(&store.readers)
            .await
            .unwrap();
        writing.commit().await.unwrap();
        let after: i64 = sqlx::query_scalar(counter)
            .fetch_one(&store.readers)
            .await
            .unwrap();
        assert_eq!((before, after), (0, 9));
    }

    #[test]
    fn what_passes_by_itself_is_told_from_mistakes() {
        for code in [
            "5", "517", "6", "13", "778", "08006", "40001", "40P01", "53300", "57P01",
        ] {
            assert!(passes_by_itself(code), "{code}");
        }
        for code in [
            "1", "19", "1555", "2067", "8", "23505", "42601", "42P01", "",
        ] {
            assert!(!passes_by_itself(code), "{code}");
        }
    }

    #[test]
    fn the_secret_of_an_address_is_not_shown() {
        let url = "postgres://me:secret@x/y".to_owned();
        let database = Database::Postgres {
            url,
            connections: 1,
        };
        assert_eq!(format!("{database:?}"), "Postgres");
    }
}
