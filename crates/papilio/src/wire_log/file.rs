//! The files of the wire log: for their owner alone, so large and so many.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use msnp::handle::Handle;

use super::Rules;
use crate::node::ConnectionId;

/// A file that is written to. When it is full it is set aside, and another begun.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    size: usize,
    most: usize,
}

impl LogFile {
    /// The file of a connection of this account.
    pub(super) fn open(
        rules: &Rules,
        account: &Handle,
        connection: ConnectionId,
    ) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&rules.folder)?;
        make_room(&rules.folder, rules.files)?;
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%S");
        // A handle may have a slash in it.
        let keeps = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
        let account = account.as_str().replace(|c| !keeps(c), "_");
        let path = rules
            .folder
            .join(format!("{account}-{time}-{connection}.log"));
        Ok(Self {
            file: private(&path)?,
            path,
            size: 0,
            most: rules.size,
        })
    }

    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        if self.size > 0 && self.size.saturating_add(text.len()) > self.most {
            let mut aside = self.path.clone().into_os_string();
            aside.push(".1");
            fs::rename(&self.path, aside)?;
            self.file = private(&self.path)?;
            self.size = 0;
        }
        self.file.write_all(text.as_bytes())?;
        self.size += text.len();
        Ok(())
    }
}

/// Deletes the oldest files until there is room for one more.
fn make_room(folder: &Path, most: usize) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    files.sort();
    let excess = (files.len() + 1).saturating_sub(most.max(1));
    for (_, path) in files.into_iter().take(excess) {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::super::Speech;
    use super::*;

    #[test]
    fn files_are_so_large_and_so_many() {
        let folder = tempfile::tempdir().unwrap();
        let rules = Rules {
            folder: folder.path().join("wire-log"),
            accounts: std::collections::HashSet::new(),
            speech: Speech::Hidden,
            size: 10,
            files: 2,
        };
        let account: Handle = "a/b@example.org".parse().unwrap();
        let names = || {
            let there = fs::read_dir(&rules.folder).unwrap();
            let mut names: Vec<_> = there
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        let mut file = LogFile::open(&rules, &account, ConnectionId::of(1)).unwrap();
        for text in ["12345", "67890", "abc"] {
            file.write(text).unwrap();
        }
        let there = names();
        assert_eq!(there.len(), 2);
        assert!(there[0].starts_with("a_b@example.org-"), "{there:?}");
        assert!(there[1].ends_with("-1.log.1"), "{there:?}");
        let read = |name: &str| fs::read_to_string(rules.folder.join(name)).unwrap();
        assert_eq!(
            (read(&there[0]), read(&there[1])),
            ("abc".into(), "1234567890".into())
        );

        let _second = LogFile::open(&rules, &account, ConnectionId::of(2)).unwrap();
        assert_eq!(names().len(), 2, "the oldest is gone");
    }
}
