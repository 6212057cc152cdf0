//! Files and pictures, from disk and to disk.

use std::io;
use std::path::{Path, PathBuf};

use msnp_client::{Chat, Client, Error, FileOffer, Handle};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt as _;

/// Offers a file, and hands it over when they take it.
pub(super) async fn give(chat: &Chat, to: &Handle, path: &str) -> Result<(), Error> {
    let path = at_home(path);
    let file = File::open(&path).await.map_err(Error::File)?;
    let about = file.metadata().await.map_err(Error::File)?;
    if !about.is_file() {
        return Err(Error::File(io::Error::other("it is no file")));
    }
    let name = path.to_string_lossy();
    chat.send_file_from(to, &name, about.len(), file).await
}

/// Takes a file; where it is then. Nothing that is there is written over.
pub(super) async fn take(offer: FileOffer, place: &str) -> Result<String, String> {
    let kept = create(place, offer.name()).await;
    let (mut file, path) = kept.map_err(|error| io_words(&error))?;
    match offer.accept_into(&mut file).await {
        Ok(()) => Ok(shown(&path)),
        Err(error) => {
            // Half a file is no use to anybody.
            let _left = tokio::fs::remove_file(&path).await;
            Err(words(&error))
        }
    }
}

/// Fetches the picture that somebody shows; where it is then.
pub(super) async fn fetch_picture(
    client: &Client,
    handle: &Handle,
    place: &str,
) -> Result<String, String> {
    let book = client.contacts().await.map_err(|error| words(&error))?;
    let contact = book.find(handle).ok_or("no contact of yours")?;
    let data = client.fetch_picture(contact).await;
    let data = data.map_err(|error| words(&error))?;
    let name = format!("{handle}.{}", kind(&data));
    let kept = create(place, &name).await;
    let (mut file, path) = kept.map_err(|error| io_words(&error))?;
    let written = async {
        file.write_all(&data).await?;
        file.flush().await
    };
    written.await.map_err(|error| io_words(&error))?;
    Ok(shown(&path))
}

/// What went wrong, for people.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::File(error) => io_words(error),
        error => error.to_string(),
    }
}

/// Without the number of the system's.
fn io_words(error: &io::Error) -> String {
    let words = error.to_string();
    let end = words.find(" (os error").unwrap_or(words.len());
    let mut words = words[..end].to_owned();
    words.get_mut(..1).map(str::make_ascii_lowercase);
    words
}

/// Where a file is, wherever one looks from.
fn shown(path: &Path) -> String {
    let whole = std::path::absolute(path);
    whole.as_deref().unwrap_or(path).display().to_string()
}

/// How files of this kind end.
fn kind(data: &[u8]) -> &'static str {
    match data {
        [0xff, 0xd8, 0xff, ..] => "jpg",
        [b'G', b'I', b'F', b'8', ..] => "gif",
        _ => "png",
    }
}

/// Makes a file: at a place, or, when that is a folder or nothing is said, by its name in it, with a
/// number if there is one already.
async fn create(place: &str, name: &str) -> io::Result<(File, PathBuf)> {
    let place = at_home(if place.is_empty() { "." } else { place });
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if !place.is_dir() {
        return Ok((options.open(&place).await?, place));
    }
    // What others call a file does not hide it, and makes it nothing that a shell reads.
    let name = match name.trim_start_matches('.') {
        "" => "file",
        name => name,
    };
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => (stem, format!(".{end}")),
        _ => (name, String::new()),
    };
    for number in 1..=MOST {
        let path = place.join(match number {
            1 => name.to_owned(),
            _ => format!("{stem} ({number}){end}"),
        });
        match options.open(&path).await {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((opened?, path)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// As a shell reads a path.
fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}

/// How many files of one name there may be in a folder.
const MOST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_written_over_and_nothing_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap();
        for (name, kept) in [
            ("notes.txt", "notes.txt"),
            ("notes.txt", "notes (2).txt"),
            ("notes.txt", "notes (3).txt"),
            ("README", "README"),
            ("README", "README (2)"),
            (".bashrc", "bashrc"),
            ("...", "file"),
        ] {
            let (_, path) = create(place, name).await.unwrap();
            assert_eq!(path, folder.path().join(kept));
        }
        let taken = folder.path().join("README");
        let error = create(taken.to_str().unwrap(), "x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}
