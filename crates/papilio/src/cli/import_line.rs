//! The lines of an import: one object of JSON each (DESIGN, section 1).

use std::io::{self, BufRead, Read};

use msnp::handle::Handle;
use msnp::roster::Lists;
use serde::{Deserialize, Deserializer};

use crate::password::Password;
use crate::store::account::clean_name;
use crate::store::roster::ImportedContact;

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Line {
    /// That there be an account.
    Account(AccountLine),
    /// That somebody be on lists of somebody.
    Contact(ImportedContact),
}

#[derive(Debug)]
pub(super) struct AccountLine {
    pub(super) handle: Handle,
    pub(super) name: String,
    pub(super) password: Password,
}

impl Line {
    /// Reads a line; the reason if it is none. No reason ever shows a password.
    pub(super) fn parse(line: &[u8]) -> Result<Self, String> {
        match serde_json::from_slice(line).map_err(|error| reason(&error))? {
            Written::User {
                email,
                name,
                password: Secret(password),
            } => {
                let handle = handle(&email, "email")?;
                let name = name.map(|name| clean_name(&name)).unwrap_or_default();
                Ok(Self::Account(AccountLine {
                    name: if name.is_empty() {
                        handle.to_string()
                    } else {
                        name
                    },
                    password: Password::parse(&password).map_err(|error| error.to_string())?,
                    handle,
                }))
            }
            Written::Contact {
                owner,
                contact,
                lists: names,
            } => {
                let mut lists = Lists::NONE;
                for name in &names {
                    lists |= list(name).ok_or_else(|| format!("{name:?} is not a list"))?;
                }
                Ok(Self::Contact(ImportedContact {
                    owner: handle(&owner, "owner")?,
                    contact: handle(&contact, "contact")?,
                    lists,
                }))
            }
        }
    }
}

/// Reads the next line into `line`, without its end and at most [`LONGEST`] and one bytes of it; the
/// rest of a longer one is skipped. `false` at the end of the input.
pub(super) fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = LONGEST as u64 + 1;
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() != Some(&b'\n') && line.len() > LONGEST {
        input.skip_until(b'\n')?;
    }
    while line.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(true)
}

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Written {
    User {
        email: String,
        name: Option<String>,
        password: Secret,
    },
    Contact {
        owner: String,
        contact: String,
        lists: Vec<String>,
    },
}

/// A text that no error message quotes.
struct Secret(String);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(from)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom("the password is not a text")),
        }
    }
}

fn handle(text: &str, key: &str) -> Result<Handle, String> {
    Handle::parse(text).map_err(|error| format!("{key} {text:?}: {error}"))
}

fn list(name: &str) -> Option<Lists> {
    Some(match name {
        "FL" => Lists::FORWARD,
        "AL" => Lists::ALLOW,
        "BL" => Lists::BLOCK,
        "RL" => Lists::REVERSE,
        "PL" => Lists::PENDING,
        _ => return None,
    })
}

/// What is wrong, with the column where that is known. The number of the line, always 1 to the
/// parser, would only confuse.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text
        .split_once(" at line ")
        .map_or(text.as_str(), |(what, _)| what);
    if error.is_syntax() || error.is_eof() {
        format!("not JSON: {what}, column {}", error.column())
    } else {
        what.to_owned()
    }
}

/// The longest line in bytes.
pub(super) const LONGEST: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> String {
        Line::parse(line.as_bytes()).unwrap_err()
    }

    #[test]
    fn the_lines_of_the_contract() {
        let line = br#"{"type":"user","email":"A@x","name":" A\u0007b ","password":"secret"}"#;
        let Line::Account(account) = Line::parse(line).unwrap() else {
            panic!("an account");
        };
        assert_eq!(
            (account.handle.as_str(), account.name.as_str()),
            ("a@x", "Ab")
        );

        let line = br#"{"type":"contact","owner":"a@x","contact":"b@x","lists":["FL","AL","RL"]}"#;
        let Line::Contact(contact) = Line::parse(line).unwrap() else {
            panic!("a contact");
        };
        assert_eq!(
            (contact.owner.as_str(), contact.contact.as_str()),
            ("a@x", "b@x")
        );
        assert_eq!(contact.lists.bits(), 11);
    }

    #[test]
    fn an_account_without_a_name_is_called_by_its_handle() {
        for line in [
            r#"{"type":"user","email":"a@x","password":"p"}"#,
            r#"{"type":"user","email":"a@x","password":"p","name":"\n"}"#,
        ] {
            let Line::Account(account) = Line::parse(line.as_bytes()).unwrap() else {
                panic!("an account");
            };
            assert_eq!(account.name, "a@x");
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (line, reason) in [
            ("{", "not JSON: EOF while parsing an object, column 1"),
            ("[]", "missing field `type`"),
            (r#"{"email":"a@x"}"#, "missing field `type`"),
            (
                r#"{"type":"user","email":"a@x"}"#,
                "missing field `password`",
            ),
            (
                r#"{"type":"user","email":"a@x","password":"p","nmae":"x"}"#,
                "unknown field `nmae`, expected one of `email`, `name`, `password`",
            ),
            (
                r#"{"type":"user","email":"a","password":"p"}"#,
                r#"email "a": not a handle (local@domain, at most 129 bytes)"#,
            ),
            (
                r#"{"type":"contact","owner":"a@x","contact":"b@x","lists":["FL","XL"]}"#,
                r#""XL" is not a list"#,
            ),
        ] {
            assert_eq!(refusal(line), reason, "{line}");
        }
    }

    #[test]
    fn no_reason_shows_a_password() {
        for line in [
            r#"{"type":"user","email":"a@x","password":987654}"#,
            r#"{"type":"user","email":"a@x","password":["987654"]}"#,
            r#"{"type":"user","email":"a@x","password":"987654\n"}"#,
            r#"{"type":"user","email":"a@x","password":"987654"#,
            r#"{"type":"user","email":"a","password":"987654"}"#,
        ] {
            let refusal = refusal(line);
            assert!(!refusal.contains("987654"), "{refusal}");
        }
        let line = br#"{"type":"user","email":"a@x","password":"987654"}"#;
        assert!(!format!("{:?}", Line::parse(line)).contains("987654"));
    }

    #[test]
    fn lines_are_cut_at_their_ends_and_at_the_limit() {
        let long = "x".repeat(3 * LONGEST);
        let just = "y".repeat(LONGEST);
        let text = format!("a\r\n\n{long}\n{just}\nlast");
        let mut input = text.as_bytes();
        let mut line = Vec::new();
        let mut lengths = Vec::new();
        while read_line(&mut input, &mut line).unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [1, 0, LONGEST + 1, LONGEST, 4]);
    }
}
