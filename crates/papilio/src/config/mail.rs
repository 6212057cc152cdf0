//! Mail to people: the server that takes it.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::value;

/// Mail to people.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mail {
    /// The name of the server that takes mail; `None` = no mail is sent.
    #[serde(with = "value::or_nothing")]
    pub server: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the connection to it is encrypted.
    pub encryption: Encryption,
    /// With which name to sign in there; `None` = without signing in.
    #[serde(with = "value::or_nothing")]
    pub account: Option<String>,
    /// With which password.
    #[serde(with = "value::or_nothing")]
    pub password: Option<MailPassword>,
    /// The file whose first line is that password.
    #[serde(with = "value::or_nothing")]
    pub password_file: Option<String>,
    /// Who the mails are from.
    #[serde(with = "value::or_nothing")]
    pub from: Option<Mailbox>,
    /// How many mails may wait to be handed over.
    #[serde(with = "value::count")]
    pub waiting: Option<usize>,
    /// How long the server may take over anything.
    #[serde(with = "value::period")]
    pub timeout: Option<Duration>,
    /// How long a mail waits that could not be handed over; twice as long each further time.
    #[serde(with = "value::period")]
    pub retry: Option<Duration>,
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// By STARTTLS, which the server must offer.
    Starttls,
    /// From the first byte.
    Tls,
    /// Not at all.
    None,
}

/// The password for the mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct MailPassword(String);

impl Mail {
    /// The password, from wherever it comes; `None` if there is none. Reads a file.
    pub fn password(&self) -> std::io::Result<Option<MailPassword>> {
        match (&self.password, &self.password_file) {
            (Some(password), _) => Ok(Some(password.clone())),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(PathBuf::from(file))?;
                let line = text.lines().next().unwrap_or_default();
                Ok(Some(MailPassword(line.to_owned())))
            }
            (None, None) => Ok(None),
        }
    }
}

impl MailPassword {
    /// The password itself, for the server alone.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailPassword {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for MailPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailPassword")
    }
}

#[cfg(test)]
impl fmt::Display for MailPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_of_its_file_and_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "pass word \nmore\n").unwrap();
        let mail = Mail {
            password_file: Some(file.display().to_string()),
            ..Mail::default()
        };
        let password = mail.password().unwrap().unwrap();
        assert_eq!(password.expose(), "pass word ");
        assert_eq!(format!("{password:?}"), "MailPassword");
        std::fs::remove_file(file).unwrap();
        mail.password().unwrap_err();
        assert_eq!(Mail::default().password().unwrap(), None);
    }
}
