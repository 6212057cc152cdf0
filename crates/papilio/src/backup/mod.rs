//! Everything that a server keeps, in one file: taken while it serves, and put back into an empty
//! folder.
//!
//! ```text
//!   backup-of-today.tar        a tar archive, for its owner alone
//!     manifest.json            what is in it, with checksums; always first
//!     papilio.db               the database as it was at one moment (SQLite only)
//!     papilio.toml             the configuration
//!     ...                      whatever else the folder of the data holds, such as keys of TLS
//! ```
//!
//! What was acknowledged before a backup begins is in it. The wire log is not, nor are the files that
//! only a running server needs.

mod read;
mod write;

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::StoreError;

pub use read::restore;
pub use write::{Source, back_up};

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// How the archive is laid out.
    pub format: u32,
    /// The version of the program that made it.
    pub program: String,
    /// When, as `2026-11-23T01:02:03Z`.
    pub made: String,
    /// The number of the last change of form that the database in it has seen; `None` = there is no
    /// database in it.
    pub schema: Option<i64>,
    /// Everything else in it.
    pub files: Vec<Entry>,
}

/// A file in a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its path within the folder of the data, with `/` between the parts.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The system does not let us.
    #[error("{}: {source}", path.display())]
    File {
        /// With this file or folder.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// The database does not let us.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// There is no database to back up.
    #[error("there is no database in {}", .0.display())]
    NoDatabase(PathBuf),
    /// Nothing is overwritten.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// Nothing is overwritten.
    #[error("{} is not empty: a backup is restored into an empty folder", .0.display())]
    NotEmpty(PathBuf),
    /// It is not one, or not whole any more.
    #[error("{} is not a whole backup: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A newer program made it.
    #[error("{} was made by Papilio {program}, which is newer than this one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        program: String,
    },
}

impl BackupError {
    fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

/// Copies all, and says how much that was, and its checksum.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        size += read as u64;
    }
    let mut digits = String::new();
    for byte in hash.finalize() {
        // A text takes whatever is written to it.
        let _written = write!(digits, "{byte:02x}");
    }
    Ok((size, digits))
}

/// The layout that this program writes.
const FORMAT: u32 = 1;

/// The first file of every backup.
const MANIFEST: &str = "manifest.json";

/// The database, in the archive and in the folder of the data.
const DATABASE: &str = "papilio.db";

/// The configuration, likewise.
const CONFIGURATION: &str = "papilio.toml";

/// While a backup is restored, what is not whole yet.
const STAGING: &str = ".restoring";
