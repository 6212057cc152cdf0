//! The contract of the store, on SQLite and on PostgreSQL (DESIGN, section 2, item 8, and section 6).
//!
//! A test is an `async fn name(place: Place)`; [`on_each_engine!`] lists those of its file, and each
//! appears twice: `account::sqlite::name` and `account::postgres::name`. To add a file of tests: a `mod`
//! here, `on_each_engine! { .. }` at its top.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/postgres.rs"]
mod postgres;

mod account;
mod confirmation;
mod credentials;
mod invitation;
mod offline_messages;
mod opening;
mod operators;
mod roster;
mod sign_out;
mod storage;
mod ticket;
mod web_session;

use std::sync::Arc;

use papilio::store::{Database, Store};
use tempfile::TempDir;

/// Makes two tests of each function that it is given.
macro_rules! on_each_engine {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(crate::Place::sqlite()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(place) = crate::Place::postgres().await {
                    super::$test(place).await;
                }
            })+
        }
    };
}
pub(crate) use on_each_engine;

/// Where one test keeps its data: empty at first, gone when the test ends.
#[derive(Clone)]
struct Place {
    database: Database,
    /// The folder of SQLite.
    _folder: Option<Arc<TempDir>>,
}

impl Place {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            database: Database::Sqlite {
                path: folder.path().join("data").join("papilio.db"),
            },
            _folder: Some(Arc::new(folder)),
        }
    }

    async fn postgres() -> Option<Self> {
        Some(Self {
            database: postgres::new_database().await?,
            _folder: None,
        })
    }

    /// Runs a statement behind the store's back.
    async fn execute(&self, statement: &str) {
        use sqlx::Connection as _;
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        match &self.database {
            Database::Sqlite { path } => {
                let path = format!("sqlite://{}", path.display());
                let mut connection = sqlx::SqliteConnection::connect(&path).await.unwrap();
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            }
            Database::Postgres { url, .. } => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// Opens the store. May be done several times, as if by several processes.
    async fn open(&self) -> Store {
        Store::open(&self.database).await.unwrap()
    }
}
