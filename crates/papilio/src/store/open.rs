//! Opening a database: folder and file, connections, tables.

use std::fs::TryLockError;
use std::path::Path;
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, Connection, Executor};

use super::{Database, Engine, MIGRATIONS, Store, StoreError};

/// The right to serve what is in a database. Ends when dropped, and with the process.
#[derive(Debug)]
pub struct Claim {
    _locked: Option<std::fs::File>,
}

impl Claim {
    /// Takes it; waits a little for a server that is just going down. Two servers on one file would
    /// not know who is signed in at the other. On PostgreSQL any number may serve.
    pub async fn on(database: &Database) -> Result<Self, StoreError> {
        let Database::Sqlite { path } = database else {
            return Ok(Self { _locked: None });
        };
        let path = path.with_extension("serving");
        if let Some(folder) = path.parent() {
            make_private_folder(folder).map_err(|source| file_error(folder, source))?;
        }
        let file = open_private(&path).map_err(|source| file_error(&path, source))?;
        for _ in 0..CLAIM_TRIES {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        _locked: Some(file),
                    });
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(CLAIM_PAUSE).await,
                Err(TryLockError::Error(source)) => return Err(file_error(&path, source)),
            }
        }
        Err(StoreError::Conflict("another server uses this data folder"))
    }
}

impl Store {
    pub(super) async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|source| file_error(path, source))?;
        // Two processes that start on an empty folder at once must not both make the tables.
        let opening = tokio::task::spawn_blocking({
            let path = path.clone();
            move || prepare_file(&path)
        })
        .await
        .map_err(|_| StoreError::Unavailable(sqlx::Error::WorkerCrashed))??;

        let url = sqlite_url(&path)?;
        // A pool tries again for as long as its patience lasts and then says only that; one
        // connection says at once what is wrong.
        let mut first = AnyConnection::connect(&url).await?;
        first.execute(WRITER_SETUP).await?;
        let writer = sqlite_pool(WRITER_SETUP, 1).connect(&url).await?;
        MIGRATIONS.run(&writer).await?;
        let readers = sqlite_pool(READER_SETUP, sqlite_readers())
            .connect(&url)
            .await?;
        first.close().await?;
        drop(opening);
        Self::with_pools(Engine::Sqlite, readers, writer).await
    }

    pub(super) async fn open_postgres(url: &str, connections: u32) -> Result<Self, StoreError> {
        let mut first = AnyConnection::connect(url).await?;
        first.execute(BLOB_DOMAIN).await?;
        first.close().await?;
        let pool = AnyPoolOptions::new()
            .max_connections(connections.max(1))
            .acquire_timeout(PATIENCE)
            .connect(url)
            .await?;
        MIGRATIONS.run(&pool).await?;
        Self::with_pools(Engine::Postgres, pool.clone(), pool).await
    }
}

/// The address of a file, as the engine wants it.
pub(super) fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    let path = std::path::absolute(path).map_err(|source| file_error(path, source))?;
    let path = path.to_string_lossy();
    Ok(format!("sqlite://{}", utf8_percent_encode(&path, PATH)))
}

fn sqlite_pool(setup: &'static str, connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        // A file does not go away behind our back: no pings, no renewing.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(setup).await?;
                Ok(())
            })
        })
        // SQLite ends a transaction by itself when the disk is full or broken. sqlx 0.9 cannot roll
        // back what is over, believes for ever that it goes on, and begins no other.
        .after_release(|connection, _| {
            Box::pin(async move {
                // Whatever was to be rolled back is by the time this is answered.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

/// Makes folder and file for their owner alone, and holds the lock of those who open.
fn prepare_file(path: &Path) -> Result<std::fs::File, StoreError> {
    if let Some(folder) = path.parent() {
        make_private_folder(folder).map_err(|source| file_error(folder, source))?;
    }
    let lock_path = path.with_extension("lock");
    let lock = open_private(&lock_path).map_err(|source| file_error(&lock_path, source))?;
    lock.lock()
        .map_err(|source| file_error(&lock_path, source))?;
    open_private(path).map_err(|source| file_error(path, source))?;
    Ok(lock)
}

fn open_private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder, with those above it, that only its owner may enter. One that exists stays as it is.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn file_error(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        source,
    }
}

/// Many may read at once beside the one who writes (WAL). Each is a thread that computes rather than
/// waits, and holds most of a megabyte: two for each core keep all cores busy.
fn sqlite_readers() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(2 * cores).unwrap_or(u32::MAX).clamp(4, 16)
}

/// How often, and after what pauses, the right to serve is asked for: longer than a server takes to
/// go down.
const CLAIM_TRIES: u32 = 60;
const CLAIM_PAUSE: Duration = Duration::from_millis(100);

/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// `synchronous=FULL`: what is acknowledged survives a power cut. `busy_timeout` is for the other
/// process, such as `papilio import`; within this one the pool makes writers wait.
const WRITER_SETUP: &str = "PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; \
     PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON";

/// The pages of the file are in the system's cache, for all readers together; a cache of two
/// megabytes for each reader, the default, holds them once more and makes no sign-in faster.
const READER_SETUP: &str =
    "PRAGMA busy_timeout=30000; PRAGMA query_only=ON; PRAGMA cache_size=-256";

/// PostgreSQL's name for bytes is BYTEA. Two nodes may come here at the same moment.
const BLOB_DOMAIN: &str = "DO $$ BEGIN CREATE DOMAIN blob AS bytea; \
     EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";

/// What may not stand in the path of a database's address.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'?')
    .add(b'`');
