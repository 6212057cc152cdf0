//! The configuration file, read and written.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use etcetera::BaseStrategy as _;
use serde::{Deserialize, Serialize};

use crate::exit::Usage;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) profile: BTreeMap<String, Profile>,
}

/// One profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) services: Option<String>,
    /// A certificate to trust: a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) root: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) handle: Option<String>,
    /// Run by the shell; the first line that it says is the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) password_command: Option<String>,
    /// The display picture: a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) picture: Option<PathBuf>,
}

/// Where the file is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Whether somebody named it: then it must be there.
    named: bool,
}

impl Place {
    /// The file that was named, or the usual one.
    pub(super) fn of(named: Option<&PathBuf>) -> anyhow::Result<Self> {
        let path = match named {
            Some(path) => path.clone(),
            None => {
                let folders = etcetera::choose_base_strategy();
                let folders = folders.context("there is no folder for configuration")?;
                folders.config_dir().join("msn").join("config.toml")
            }
        };
        Ok(Self {
            path,
            named: named.is_some(),
        })
    }
}

impl File {
    /// Reads the file; one that nobody named need not be there.
    pub(super) fn read(place: &Place) -> anyhow::Result<Self> {
        let absent = |kind| kind == ErrorKind::NotFound && !place.named;
        match fs::read_to_string(&place.path) {
            Ok(text) => Self::parse(&text, place),
            Err(error) if absent(error.kind()) => Ok(Self::default()),
            Err(error) => {
                Err(error).with_context(|| Usage(format!("cannot read {}", place.path.display())))
            }
        }
    }

    /// The same, for whoever will write it: it need not be there at all.
    pub(super) fn read_or_begin(place: &Place) -> anyhow::Result<Self> {
        match fs::exists(&place.path) {
            Ok(false) => Ok(Self::default()),
            _ => Self::read(place),
        }
    }

    fn parse(text: &str, place: &Place) -> anyhow::Result<Self> {
        let file = toml::from_str(text);
        file.with_context(|| Usage(format!("{} is not as it should be", place.path.display())))
    }

    /// Writes the file, as a whole or not at all. Comments in it are lost.
    pub(super) fn write(&self, place: &Place) -> anyhow::Result<()> {
        let folder = place.path.parent().filter(|path| *path != "");
        let folder = folder.map_or_else(|| PathBuf::from("."), PathBuf::from);
        let written = || -> std::io::Result<()> {
            fs::create_dir_all(&folder)?;
            let text = toml::to_string(self).map_err(std::io::Error::other)?;
            let beside = place
                .path
                .with_extension(format!("toml.{}", std::process::id()));
            let mut new = fs::File::create_new(&beside)?;
            let done = new
                .write_all(text.as_bytes())
                .and_then(|()| new.sync_all())
                .and_then(|()| fs::rename(&beside, &place.path));
            // Whatever became of it, nothing is left beside.
            done.inspect_err(|_| drop(fs::remove_file(&beside)))
        };
        written().with_context(|| format!("cannot write {}", place.path.display()))
    }
}

/// An address without its scheme would only fail later, and less clearly.
pub(super) fn check_services(url: &str) -> Result<(), Usage> {
    let lower = url.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") {
        Ok(())
    } else {
        Err(Usage(format!(
            "{url:?} is no address of services, which begins with http:// or https://"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("config.toml");
        let place = Place::of(Some(&path)).unwrap();
        assert!(
            File::read(&place).is_err(),
            "one that was named must be there"
        );
        let mut file = File::read_or_begin(&place).unwrap();
        file.default = Some("home".to_owned());
        let profile = Profile {
            server: Some("chat.example.com".to_owned()),
            port: Some(1864),
            services: Some("http://chat.example.com".to_owned()),
            root: None,
            handle: Some("alice@example.com".to_owned()),
            password_command: Some("pass \"x\"".to_owned()),
            picture: Some("/a/b.png".into()),
        };
        file.profile.insert("home".to_owned(), profile);
        file.write(&place).unwrap();
        assert_eq!(File::read(&place).unwrap(), file);
        let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1);
        fs::write(&path, "defalt = 'home'").unwrap();
        let error = File::read_or_begin(&place).unwrap_err();
        assert!(format!("{error:#}").contains("defalt"), "{error:#}");
    }
}
