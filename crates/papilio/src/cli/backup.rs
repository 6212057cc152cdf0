//! `papilio backup` and `papilio restore`.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use crate::backup::{self, Manifest, Source};
use crate::config::Loaded;
use crate::store::Database;

pub(super) const BACKUP_HELP: &str = "\
Write everything to one file; works while the server runs

The database as it is at one moment, the configuration, keys, and whatever else the folder of the data holds: what was \
acknowledged before is in it. FILE must not exist. It holds secrets, and only its owner may read it.

A database on PostgreSQL is not in it: use pg_dump for that.";

pub(super) const RESTORE_HELP: &str = "\
Put a backup into an empty folder

Everything is verified first; nothing is ever overwritten. A backup of a newer version is refused. The configuration \
comes back as papilio.toml in that folder.";

/// For `papilio backup`.
#[derive(Args)]
pub(super) struct Backup {
    /// The file to write
    file: PathBuf,
}

/// For `papilio restore`.
#[derive(Args)]
pub(super) struct Restore {
    /// The backup
    file: PathBuf,
}

pub(super) async fn back_up(asked: Backup, loaded: Loaded) -> anyhow::Result<()> {
    let database = loaded.config.database();
    let is_elsewhere = matches!(database, Database::Postgres { .. });
    let source = Source {
        data: loaded.config.data,
        config: loaded.file,
        database,
    };
    let file = asked.file.display().to_string();
    let manifest = backup::back_up(source, asked.file).await?;
    writeln!(io::stdout(), "{file}: {}", summary(&manifest))?;
    if is_elsewhere {
        writeln!(io::stderr(), "{WITHOUT_DATABASE}")?;
    }
    Ok(())
}

pub(super) async fn restore(asked: Restore, data: Option<PathBuf>) -> anyhow::Result<()> {
    let data = data.unwrap_or_else(|| PathBuf::from("papilio-data"));
    let place = data.display().to_string();
    let manifest = backup::restore(asked.file, data).await?;
    writeln!(io::stdout(), "{place}: {}", summary(&manifest))?;
    if manifest.schema.is_none() {
        writeln!(io::stderr(), "{WITHOUT_DATABASE}")?;
    }
    Ok(())
}

fn summary(manifest: &Manifest) -> String {
    let files = manifest.files.len();
    let bytes: u64 = manifest.files.iter().map(|file| file.size).sum();
    let files = match files {
        1 => "1 file".to_owned(),
        _ => format!("{files} files"),
    };
    format!("{files}, {bytes} bytes, as of {}", manifest.made)
}

const WITHOUT_DATABASE: &str =
    "papilio: the database is on PostgreSQL and not part of this: use pg_dump and pg_restore";
