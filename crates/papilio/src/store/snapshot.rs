//! The database as it is at one moment, in a file of its own, and whether such a file is sound.
//! SQLite only: PostgreSQL has its own tools.

use std::path::Path;

use sqlx::{AnyConnection, Connection, Executor, Row};

use super::open::sqlite_url;
use super::{MIGRATIONS, StoreError};

/// A database that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the last change of form that it has seen.
    pub schema: i64,
    /// What is wrong with it, if anything is.
    pub fault: Option<String>,
}

/// Writes everything that is in a database now to a file that does not exist yet, whoever uses the
/// database meanwhile. The number of the last change of form that it has seen.
pub async fn snapshot(database: &Path, to: &Path) -> Result<i64, StoreError> {
    let mut connection = connect(database).await?;
    let taken = sqlx::query("VACUUM INTO $1")
        .bind(to.to_string_lossy().into_owned())
        .execute(&mut connection)
        .await;
    connection.close().await?;
    taken?;
    let mut copy = connect(to).await?;
    let schema = schema(&mut copy).await;
    copy.close().await?;
    schema
}

/// Reads a whole database and says whether it is sound.
pub async fn verify(database: &Path) -> Result<Verified, StoreError> {
    let mut connection = connect(database).await?;
    let verified = look(&mut connection).await;
    connection.close().await?;
    verified
}

/// The number of the last change of form that this program knows.
pub fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|one| one.version).max().unwrap_or(0)
}

async fn look(connection: &mut AnyConnection) -> Result<Verified, StoreError> {
    let schema = schema(connection).await?;
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut *connection)
        .await?;
    if sound != "ok" {
        let fault = Some(format!("the database is damaged: {sound}"));
        return Ok(Verified { schema, fault });
    }
    let loose = sqlx::query("PRAGMA foreign_key_check")
        .fetch_optional(&mut *connection)
        .await?;
    let fault = loose
        .map(|row| row.try_get::<String, _>(0).unwrap_or_default())
        .map(|table| format!("a row of {table} belongs to nothing"));
    Ok(Verified { schema, fault })
}

async fn schema(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let newest = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await?;
    Ok(newest)
}

async fn connect(path: &Path) -> Result<AnyConnection, StoreError> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&sqlite_url(path)?).await?;
    connection.execute("PRAGMA busy_timeout=30000").await?;
    Ok(connection)
}
