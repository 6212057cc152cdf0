//! Where the certificates are: `DATA/tls`. Keys are readable by their owner only.
//!
//! ```text
//!   root.pem    root.key       made once; losing the key means another root for everybody
//!   server.pem  server.key     signed with SHA-256; made anew when a third of its time is left
//!   server-sha1.pem            the same, signed with SHA-1
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use super::authority::{Authority, Leaves};
use super::failure::TlsError;
use super::{ROOT, folder_of, load_providers};
use crate::config::Config;

/// The folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// What is in the folder, and what of it was made just now.
pub struct Opened {
    /// The root; its key is not kept in memory.
    pub root: X509,
    /// What it has signed.
    pub leaves: Leaves,
    /// Whether the root is new.
    pub made_root: bool,
    /// Whether what it has signed is new.
    pub made_leaves: bool,
}

/// When the server's certificates are made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// When it is time, or the names are others.
    WhenDue,
    /// Only if there are none.
    WhenMissing,
    /// Now.
    Always,
}

impl Folder {
    /// The folder of a configuration.
    pub fn of(config: &Config) -> Self {
        Self(folder_of(config))
    }

    /// Reads everything, and makes what is missing or due.
    ///
    /// Only one process makes a root: whoever comes second takes what the first has made.
    pub fn open(
        &self,
        names: &[String],
        renewal: Renewal,
        now: Timestamp,
    ) -> Result<Opened, TlsError> {
        load_providers()?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|source| self.failed("", source))?;
        let _turn = self.turn()?;
        let (root, made_root) = match self.root()? {
            Some(root) => (root, false),
            None => (self.make_root(now)?, true),
        };
        if let Some(leaves) = self.leaves(&root)?
            && match renewal {
                Renewal::WhenDue => leaves.are_for(names) && !leaves.are_due(now)?,
                Renewal::WhenMissing => true,
                Renewal::Always => false,
            }
        {
            return Ok(Opened {
                root,
                leaves,
                made_root,
                made_leaves: false,
            });
        }
        let key = self
            .key(ROOT_KEY)?
            .ok_or_else(|| self.unusable(ROOT_KEY, "is missing: the root cannot sign"))?;
        if !root.public_key()?.public_eq(&key) {
            return Err(self.unusable(ROOT_KEY, "is not the key of root.pem"));
        }
        let authority = Authority { root, key };
        let leaves = authority.sign(names, now)?;
        self.write_secret(KEY, &leaves.key.private_key_to_pem_pkcs8()?)?;
        self.write(SHA1, &leaves.sha1.to_pem()?)?;
        self.write(SHA256, &leaves.sha256.to_pem()?)?;
        Ok(Opened {
            root: authority.root,
            leaves,
            made_root,
            made_leaves: true,
        })
    }

    /// The root, if there is one.
    pub fn root(&self) -> Result<Option<X509>, TlsError> {
        self.certificate(ROOT)
    }

    /// What the root has signed, if it is there and whole.
    pub fn leaves(&self, root: &X509) -> Result<Option<Leaves>, TlsError> {
        let (Some(key), Some(sha1), Some(sha256)) = (
            self.key(KEY)?,
            self.certificate(SHA1)?,
            self.certificate(SHA256)?,
        ) else {
            return Ok(None);
        };
        let root_key = root.public_key()?;
        for leaf in [&sha1, &sha256] {
            // Whoever was stopped in the middle of writing left some of the old and some of the new.
            if !leaf.public_key()?.public_eq(&key) || !leaf.verify(&root_key)? {
                return Ok(None);
            }
        }
        Ok(Some(Leaves { key, sha1, sha256 }))
    }

    /// The keys that others than their owner may read.
    pub fn readable_keys(&self) -> Vec<PathBuf> {
        let keys = [ROOT_KEY, KEY].map(|name| self.0.join(name));
        let is_open = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
        };
        keys.into_iter().filter(is_open).collect()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Waits until no other process makes anything here.
    fn turn(&self) -> Result<File, TlsError> {
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.0.join(LOCK))
            .and_then(|file| file.lock().map(|()| file));
        lock.map_err(|source| self.failed(LOCK, source))
    }

    fn make_root(&self, now: Timestamp) -> Result<X509, TlsError> {
        let authority = Authority::make(now)?;
        // The key first: without its certificate it is nothing, and is written over.
        self.write_secret(ROOT_KEY, &authority.key.private_key_to_pem_pkcs8()?)?;
        self.write(ROOT, &authority.root.to_pem()?)?;
        Ok(authority.root)
    }

    fn certificate(&self, name: &str) -> Result<Option<X509>, TlsError> {
        self.read(name, "is no certificate in PEM", X509::from_pem)
    }

    fn key(&self, name: &str) -> Result<Option<PKey<Private>>, TlsError> {
        self.read(name, "is no private key in PEM", |pem| {
            PKey::private_key_from_pem_passphrase(pem, b"")
        })
    }

    fn read<T>(
        &self,
        name: &str,
        otherwise: &'static str,
        read: impl FnOnce(&[u8]) -> Result<T, ErrorStack>,
    ) -> Result<Option<T>, TlsError> {
        match fs::read(self.0.join(name)) {
            Ok(pem) => read(&pem)
                .map(Some)
                .map_err(|_| self.unusable(name, otherwise)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed(name, source)),
        }
    }

    fn write_secret(&self, name: &str, content: &[u8]) -> Result<(), TlsError> {
        self.replace(name, content, 0o600)
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), TlsError> {
        self.replace(name, content, 0o644)
    }

    /// Writes a file whole or not at all.
    fn replace(&self, name: &str, content: &[u8], mode: u32) -> Result<(), TlsError> {
        let (path, beside) = (self.0.join(name), self.0.join(format!("{name}.new")));
        let written = || {
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&beside)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(&self.0)?.sync_all()
        };
        written().map_err(|source| self.failed(name, source))
    }

    fn failed(&self, name: &str, source: io::Error) -> TlsError {
        TlsError::File {
            path: self.0.join(name),
            source,
        }
    }

    fn unusable(&self, name: &str, what: &'static str) -> TlsError {
        TlsError::Unusable {
            path: self.0.join(name),
            what,
        }
    }
}

const ROOT_KEY: &str = "root.key";
const KEY: &str = "server.key";
const SHA1: &str = "server-sha1.pem";
const SHA256: &str = "server.pem";
const LOCK: &str = "lock";

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn open(folder: &Folder, of: &[&str], days: i64) -> Opened {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let now = now + SignedDuration::from_hours(24 * days);
        folder.open(&names(of), Renewal::WhenDue, now).unwrap()
    }

    #[test]
    fn what_is_there_is_taken_and_what_is_due_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder(parent.path().join("tls"));
        let first = open(&folder, &["a.example"], 0);
        assert!(first.made_root && first.made_leaves);
        let second = open(&folder, &["a.example"], 100);
        assert!(!second.made_root && !second.made_leaves);
        assert_eq!(first.root, second.root);
        assert_eq!(first.leaves.sha1, second.leaves.sha1);

        let other = open(&folder, &["a.example", "b.example"], 100);
        assert!(!other.made_root && other.made_leaves);
        let due = open(&folder, &["a.example", "b.example"], 400);
        assert!(!due.made_root && due.made_leaves);
        assert!(!due.leaves.key.public_eq(&other.leaves.key));

        // Half of what was written last is gone: made again.
        fs::remove_file(folder.0.join(SHA1)).unwrap();
        assert!(open(&folder, &["a.example", "b.example"], 400).made_leaves);
        fs::write(folder.0.join(SHA1), first.leaves.sha1.to_pem().unwrap()).unwrap();
        assert!(open(&folder, &["a.example", "b.example"], 400).made_leaves);
        assert_eq!(folder.root().unwrap(), Some(first.root));
    }

    #[test]
    fn keys_are_for_their_owner_alone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder(parent.path().join("tls"));
        open(&folder, &["a.example"], 0);
        let mode = |name| {
            let file = fs::metadata(folder.0.join(name)).unwrap();
            file.permissions().mode() & 0o777
        };
        assert_eq!((mode(""), mode(ROOT_KEY), mode(KEY)), (0o700, 0o600, 0o600));
        assert!(folder.readable_keys().is_empty());
        let path = folder.0.join(KEY);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(folder.readable_keys(), [path]);
    }

    #[test]
    fn a_broken_file_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder(parent.path().join("tls"));
        open(&folder, &["a.example"], 0);
        fs::write(folder.0.join(ROOT), "x").unwrap();
        let error = folder.root().unwrap_err().to_string();
        assert!(
            error.ends_with("tls/root.pem: is no certificate in PEM"),
            "{error}"
        );
    }
}
