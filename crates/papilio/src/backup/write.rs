//! Takes a backup: the database at one moment, then the files beside it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{
    BackupError, CONFIGURATION, DATABASE, Entry, FORMAT, MANIFEST, Manifest, STAGING, copy,
};
use crate::store::{self, Database};

/// What to back up.
#[derive(Clone, Debug)]
pub struct Source {
    /// The folder of the data.
    pub data: PathBuf,
    /// The configuration file, if there is one, wherever it is.
    pub config: Option<PathBuf>,
    /// The database.
    pub database: Database,
}

/// Writes a backup to a file that does not exist yet, whole or not at all, for its owner alone. What
/// was acknowledged before it began is in it.
pub async fn back_up(source: Source, to: PathBuf) -> Result<Manifest, BackupError> {
    if to.try_exists().map_err(BackupError::file(&to))? {
        return Err(BackupError::Exists(to));
    }
    let rest = Unfinished::beside(&to)?;
    let schema = match &source.database {
        Database::Sqlite { path } => {
            if !path.try_exists().map_err(BackupError::file(path))? {
                return Err(BackupError::NoDatabase(source.data));
            }
            Some(store::snapshot(path, &rest.database()).await?)
        }
        Database::Postgres { .. } => None,
    };
    let written = tokio::task::spawn_blocking(move || write(&source, schema, &rest, &to));
    written.await.map_err(|panic| BackupError::File {
        path: PathBuf::new(),
        source: io::Error::other(panic),
    })?
}

fn write(
    source: &Source,
    schema: Option<i64>,
    rest: &Unfinished,
    to: &Path,
) -> Result<Manifest, BackupError> {
    let mut files = BTreeMap::new();
    if schema.is_some() {
        files.insert(DATABASE.to_owned(), rest.database());
    }
    collect(&source.data, "", &mut files)?;
    files.remove(&within(&source.data, to));
    // The one that holds, which need not be in the folder.
    files.remove(CONFIGURATION);
    if let Some(config) = &source.config {
        files.insert(CONFIGURATION.to_owned(), config.clone());
    }
    let archive = rest.archive();
    let out = private(&archive).map_err(BackupError::file(&archive))?;
    let manifest = pack(files, schema, rest, out)?;
    fs::rename(&archive, to).map_err(BackupError::file(to))?;
    sync_folder(to.parent().unwrap_or(Path::new(""))).map_err(BackupError::file(to))?;
    Ok(manifest)
}

/// Each file is read once: what changes meanwhile is as it was then.
fn pack(
    files: BTreeMap<String, PathBuf>,
    schema: Option<i64>,
    rest: &Unfinished,
    out: File,
) -> Result<Manifest, BackupError> {
    let body = rest.folder.join("body");
    let mut body_file = private(&body).map_err(BackupError::file(&body))?;
    let mut entries = Vec::new();
    for (path, file) in files {
        let mut from = File::open(&file).map_err(BackupError::file(&file))?;
        let (size, sha256) = copy(&mut from, &mut body_file).map_err(BackupError::file(&file))?;
        entries.push(Entry { path, size, sha256 });
    }
    let manifest = Manifest {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        schema,
        files: entries,
    };
    let archive = rest.archive();
    let packed = (|| {
        body_file.rewind()?;
        let mut tar = tar::Builder::new(BufWriter::new(out));
        let text = serde_json::to_vec_pretty(&manifest)?;
        append(&mut tar, MANIFEST, text.len() as u64, &*text)?;
        for entry in &manifest.files {
            let part = io::Read::take(&mut body_file, entry.size);
            append(&mut tar, &entry.path, entry.size, part)?;
        }
        let mut out = tar.into_inner()?;
        out.flush()?;
        out.get_ref().sync_all()
    })();
    packed.map_err(BackupError::file(archive))?;
    Ok(manifest)
}

fn append(
    tar: &mut tar::Builder<BufWriter<File>>,
    path: &str,
    size: u64,
    from: impl io::Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(Timestamp::now().as_second()).unwrap_or(0));
    tar.append_data(&mut header, path, from)
}

/// The files of a folder and those below it, by their paths in the archive.
fn collect(
    folder: &Path,
    place: &str,
    into: &mut BTreeMap<String, PathBuf>,
) -> Result<(), BackupError> {
    for entry in fs::read_dir(folder).map_err(BackupError::file(folder))? {
        let entry = entry.map_err(BackupError::file(folder))?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            tracing::warn!(path = %path.display(), "left out: its name is no text");
            continue;
        };
        if place.is_empty() && (PASSING.contains(&name) || name == DATABASE) {
            continue;
        }
        let name = format!("{place}{name}");
        let kind = entry.file_type().map_err(BackupError::file(&path))?;
        if kind.is_dir() {
            collect(&path, &format!("{name}/"), into)?;
        } else if kind.is_file() {
            into.insert(name, path);
        } else if !is_socket(kind) {
            tracing::warn!(path = %path.display(), "left out: it is no file");
        }
    }
    Ok(())
}

/// A running server has sockets, which are nothing to keep.
fn is_socket(kind: fs::FileType) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::FileTypeExt::is_socket(&kind);
    #[cfg(not(unix))]
    return false;
}

/// How a file would be named in the archive, if it is in the folder.
fn within(folder: &Path, file: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (folder, file) = (absolute(folder), absolute(file));
    let inner = file.strip_prefix(folder).unwrap_or(Path::new(""));
    inner.to_string_lossy().into_owned()
}

/// A folder beside the backup for what is not whole yet; deleted when dropped.
struct Unfinished {
    folder: PathBuf,
}

impl Unfinished {
    fn beside(to: &Path) -> Result<Self, BackupError> {
        let name = format!(".papilio-backup-{}", std::process::id());
        let folder = to.parent().unwrap_or(Path::new("")).join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&folder)
            .map_err(BackupError::file(&folder))?;
        Ok(Self { folder })
    }

    fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    fn archive(&self) -> PathBuf {
        self.folder.join("archive")
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(path = %self.folder.display(), %error, "cannot be deleted");
        }
    }
}

/// A new file for its owner alone.
pub(super) fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Lets the names in a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}

/// What only a running server needs, or whoever looks at its clients.
const PASSING: &[&str] = &[
    "papilio.db-wal",
    "papilio.db-shm",
    "papilio.db-journal",
    "papilio.lock",
    "papilio.serving",
    "wire-log",
    STAGING,
];
