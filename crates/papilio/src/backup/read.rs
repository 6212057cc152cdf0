//! Puts a backup back: everything is unpacked and verified aside, and only then in its place.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::{Component, Path, PathBuf};

use super::write::{private, sync_folder};
use super::{BackupError, DATABASE, Entry, FORMAT, MANIFEST, Manifest, STAGING, copy};
use crate::store;

/// Restores a backup into a folder that is empty or does not exist. If anything is wrong nothing is
/// left in it.
pub async fn restore(from: PathBuf, data: PathBuf) -> Result<Manifest, BackupError> {
    let place = Place::take(&data)?;
    let manifest = {
        let (path, staging) = (from.clone(), place.staging.clone());
        let unpacked = tokio::task::spawn_blocking(move || unpack(&path, &staging));
        unpacked
            .await
            .map_err(|panic| broken(&from)(panic.to_string()))??
    };
    if manifest.schema.is_some() {
        let verified = store::verify(&place.staging.join(DATABASE)).await?;
        if verified.schema > store::newest_schema() {
            return Err(BackupError::Newer {
                path: from,
                program: manifest.program,
            });
        }
        if let Some(why) = verified.fault {
            return Err(broken(&from)(why));
        }
    }
    place.settle()?;
    Ok(manifest)
}

fn unpack(path: &Path, staging: &Path) -> Result<Manifest, BackupError> {
    let broken = |why: String| broken(path)(why);
    let file = File::open(path).map_err(BackupError::file(path))?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut entries = archive.entries().map_err(|e| broken(e.to_string()))?;
    let first = entries
        .next()
        .transpose()
        .map_err(|e| broken(e.to_string()))?;
    let Some(first) = first.filter(|first| first.path_bytes().as_ref() == MANIFEST.as_bytes())
    else {
        return Err(broken("it does not begin with a manifest".to_owned()));
    };
    let mut text = String::new();
    first
        .take(LONGEST_MANIFEST)
        .read_to_string(&mut text)
        .map_err(|e| broken(e.to_string()))?;
    let manifest = manifest(path, &text)?;
    let mut missing: BTreeMap<&str, &Entry> = manifest
        .files
        .iter()
        .map(|entry| (entry.path.as_str(), entry))
        .collect();
    for entry in entries {
        let mut entry = entry.map_err(|e| broken(e.to_string()))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some(expected) = missing.remove(name.as_str()) else {
            return Err(broken(format!(
                "{name} is not in its manifest, or there twice"
            )));
        };
        if !entry.header().entry_type().is_file() || !is_within(&name) {
            return Err(broken(format!("{name} is no file of a data folder")));
        }
        let to = staging.join(&name);
        let written = to
            .parent()
            .map_or(Ok(()), private_folder)
            .and_then(|()| private(&to));
        let mut to_file = written.map_err(BackupError::file(&to))?;
        let (size, sha256) =
            copy(&mut entry, &mut to_file).map_err(|e| broken(format!("{name}: {e}")))?;
        if size != expected.size || sha256 != expected.sha256 {
            return Err(broken(format!("{name} is not what was backed up")));
        }
        to_file.sync_all().map_err(BackupError::file(&to))?;
    }
    match missing.keys().next() {
        Some(name) => Err(broken(format!("{name} is missing"))),
        None => Ok(manifest),
    }
}

/// A manifest of another layout need not have the fields of this one.
fn manifest(path: &Path, text: &str) -> Result<Manifest, BackupError> {
    let read: serde_json::Value =
        serde_json::from_str(text).map_err(|e| broken(path)(format!("{MANIFEST}: {e}")))?;
    if read["format"]
        .as_u64()
        .is_some_and(|format| format > u64::from(FORMAT))
    {
        return Err(BackupError::Newer {
            path: path.to_owned(),
            program: shown(read["program"].as_str().unwrap_or("?")),
        });
    }
    serde_json::from_value(read).map_err(|e| broken(path)(format!("{MANIFEST}: {e}")))
}

/// Whether a path stays within a folder: nothing but names.
fn is_within(name: &str) -> bool {
    !name.is_empty()
        && Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

/// The folder into which is restored. What is in it goes when this is dropped before it is settled.
struct Place {
    data: PathBuf,
    staging: PathBuf,
    settled: bool,
}

impl Place {
    fn take(data: &Path) -> Result<Self, BackupError> {
        private_folder(data).map_err(BackupError::file(data))?;
        let mut there = fs::read_dir(data).map_err(BackupError::file(data))?;
        if there.next().is_some() {
            return Err(BackupError::NotEmpty(data.to_owned()));
        }
        let staging = data.join(STAGING);
        private_folder(&staging).map_err(BackupError::file(&staging))?;
        Ok(Self {
            data: data.to_owned(),
            staging,
            settled: false,
        })
    }

    /// Puts everything in its place, the database last: without it no server takes the folder for whole.
    fn settle(mut self) -> Result<(), BackupError> {
        let names = fs::read_dir(&self.staging).and_then(|there| {
            let names = there.map(|entry| Ok(entry?.file_name()));
            names.collect::<Result<Vec<_>, std::io::Error>>()
        });
        let mut names = names.map_err(BackupError::file(&self.staging))?;
        names.sort_by_key(|name| name == DATABASE);
        for name in names {
            let to = self.data.join(&name);
            fs::rename(self.staging.join(&name), &to).map_err(BackupError::file(to))?;
        }
        self.settled = true;
        fs::remove_dir(&self.staging).map_err(BackupError::file(&self.staging))?;
        sync_folder(&self.data).map_err(BackupError::file(&self.data))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.settled
            && let Err(error) = fs::remove_dir_all(&self.staging)
        {
            tracing::warn!(path = %self.staging.display(), %error, "cannot be deleted");
        }
    }
}

fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn broken(path: &Path) -> impl Fn(String) -> BackupError {
    let path = path.to_owned();
    move |why| BackupError::Broken {
        path: path.clone(),
        why: shown(&why),
    }
}

/// Nothing that a terminal could take for an order, and no more than somebody reads: what stands in an
/// archive may be anything.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(LONGEST_SHOWN).map(plain).collect()
}

/// Far more than any manifest has, in bytes.
const LONGEST_MANIFEST: u64 = 64 * 1024 * 1024;

/// Characters of what an archive says.
const LONGEST_SHOWN: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(name: &str, content: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tar");
        let mut archive = tar::Builder::new(File::create(&path).unwrap());
        for (name, content) in [(MANIFEST, content), (name, "")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            archive
                .append_data(&mut header, name, content.as_bytes())
                .unwrap();
        }
        archive.finish().unwrap();
        let data = folder.path().join("data");
        restore(path, data).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn an_archive_gives_no_orders_to_a_terminal() {
        let empty =
            r#"{"format":1,"program":"","made":"2026-01-01T00:00:00Z","schema":null,"files":[]}"#;
        let said = refused("\u{1b}[31mred\u{7}", empty).await;
        assert!(said.contains("\u{fffd}[31mred\u{fffd} is not in"), "{said}");
        let newer = r#"{"format":99,"program":"\u001b[31m9"}"#;
        let said = refused("x", newer).await;
        assert!(said.contains("Papilio \u{fffd}[31m9,"), "{said}");
        for why in ["\u{1b}", &"x".repeat(1000)] {
            let said = broken(Path::new("x"))(why.to_owned()).to_string();
            assert!(said.len() < 400 && !said.contains('\u{1b}'), "{said}");
        }
    }
}
