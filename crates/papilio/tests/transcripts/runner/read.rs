//! Reads transcripts (their language is described in `README.md` beside them).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use msnp::handle::Handle;
use msnp::presence::FriendlyName;
use msnp::roster::{AddPolicy, List, Lists, Privacy};

use super::script::{
    Action, Command, Door, Label, NewAccount, NewContact, Operation, Outcome, Script, SoapRequest,
    Step, owner,
};
use super::template::{Template, unhex};

/// Reads one transcript, with its parts.
pub(super) struct Reader {
    script: Script,
    parts: PathBuf,
    /// By the first half of their handles, which is how transcripts call them.
    people: BTreeMap<String, NewAccount>,
}

/// Parts may use parts, but not for ever.
const DEEPEST: usize = 5;

/// What is wrong with a transcript.
enum Mistake {
    /// In this very line.
    Here(String),
    /// In another one, which it names.
    Elsewhere(String),
}

impl From<String> for Mistake {
    fn from(error: String) -> Self {
        Self::Here(error)
    }
}

/// Text that a part stands for something with: `{me}`.
type Roles = BTreeMap<&'static str, Label>;

impl Reader {
    /// Reads the transcript `name` of a folder. What is wrong is said with its place.
    pub(super) fn read(folder: &Path, name: &str) -> Result<Script, String> {
        let mut reader = Self::new(folder);
        let path = folder.join(format!("{name}.msnp"));
        reader.file(&path, &BTreeMap::new(), "", 0)?;
        Ok(reader.script)
    }

    /// Reads a transcript that is no file, with the parts of a folder.
    pub(super) fn parse(text: &str, folder: &Path) -> Result<Script, String> {
        let mut reader = Self::new(folder);
        reader.text(text, "", &BTreeMap::new(), "", 0)?;
        Ok(reader.script)
    }

    fn new(folder: &Path) -> Self {
        Self {
            script: Script::default(),
            parts: folder.join("parts"),
            people: BTreeMap::new(),
        }
    }

    fn file(
        &mut self,
        path: &Path,
        roles: &Roles,
        called_at: &str,
        depth: usize,
    ) -> Result<(), String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{called_at}{}: {error}", path.display()))?;
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        self.text(&text, &file, roles, called_at, depth)
    }

    fn text(
        &mut self,
        text: &str,
        file: &str,
        roles: &Roles,
        called_at: &str,
        depth: usize,
    ) -> Result<(), String> {
        let at = |number: usize| format!("{called_at}{file}:{number}: ");
        let mut lines = text.lines().enumerate().peekable();
        while let Some((index, raw)) = lines.next() {
            let place = at(index + 1);
            let mut payload = Vec::new();
            while let Some((_, next)) = lines.next_if(|(_, next)| next.starts_with([' ', '\t'])) {
                payload.push(next);
            }
            let outcome = self.line(raw, &payload, roles, &place, depth);
            outcome.map_err(|mistake| match mistake {
                Mistake::Here(error) => format!("{place}{error}"),
                Mistake::Elsewhere(error) => error,
            })?;
        }
        Ok(())
    }

    fn line(
        &mut self,
        line: &str,
        payload: &[&str],
        roles: &Roles,
        place: &str,
        depth: usize,
    ) -> Result<(), Mistake> {
        let line = self.fill_in(line, roles)?;
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let filled = payload.iter().map(|line| self.fill_in(line, roles));
        let payload = filled.collect::<Result<Vec<_>, _>>()?;
        self.statement(&line, &payload, roles, place, depth)
    }

    /// Replaces `{me}` and `{me.name}`.
    fn fill_in(&self, line: &str, roles: &Roles) -> Result<String, String> {
        if line.ends_with([' ', '\t']) {
            return Err("a blank at the end cannot be seen: write {space}".to_owned());
        }
        let mut line = line.to_owned();
        for (role, label) in roles {
            let account = self.person(label)?;
            let name = FriendlyName::from_text(&account.name)
                .unwrap_or_else(|| FriendlyName::of_handle(&account.handle));
            line = line
                .replace(&format!("{{{role}}}"), account.handle.as_str())
                .replace(&format!("{{{role}.name}}"), name.wire());
        }
        Ok(line)
    }

    fn person(&self, label: &str) -> Result<&NewAccount, String> {
        self.people
            .get(owner(label))
            .ok_or(format!("there is no account for {label:?}"))
    }

    fn handle(&self, label: &str) -> Result<Handle, String> {
        // Whoever has no account can still be named, by the whole handle.
        if label.contains('@') {
            return Handle::parse(label).map_err(|error| error.to_string());
        }
        Ok(self.person(label)?.handle.clone())
    }

    fn statement(
        &mut self,
        line: &str,
        payload: &[String],
        roles: &Roles,
        place: &str,
        depth: usize,
    ) -> Result<(), Mistake> {
        let action = if let Some((who, text)) = traffic(line, '>') {
            let label = self.label(who, roles)?;
            let command = command(text, payload)?;
            Action::Send { label, command }
        } else if let Some((who, text)) = traffic(line, '<') {
            let label = self.label(who, roles)?;
            match text {
                "closed" => Action::ExpectClosed { label },
                _ => Action::Expect {
                    label,
                    command: command(text, payload)?,
                },
            }
        } else if !payload.is_empty() {
            return Err("only a command has a payload".to_owned().into());
        } else if self.setting(line)? {
            return Ok(());
        } else {
            let words: Vec<_> = line.split_whitespace().collect();
            match *words {
                ["wait", time] => Action::Wait(duration(time)?),
                ["server", "shuts", "down"] => Action::ShutDown,
                ["operator", operation, whom] => Action::Operate {
                    operation: operation_named(operation)?,
                    whom: self.handle(&self.label(whom, roles)?)?,
                },
                ["soap", who, ref rest @ ..] => Action::Soap {
                    by: self.handle(&self.label(who, roles)?)?,
                    request: self.soap(rest, roles)?,
                },
                [who, "connects"] => Action::Connect {
                    label: self.label(who, roles)?,
                    door: Door::Main,
                },
                [who, "connects", "to", "dispatch"] => Action::Connect {
                    label: self.label(who, roles)?,
                    door: Door::Dispatch,
                },
                [who, "hangs", "up"] => Action::HangUp {
                    label: self.label(who, roles)?,
                },
                [who, "silent"] => Action::ExpectSilence {
                    label: self.label(who, roles)?,
                },
                [who, "fetches", ticket] if ticket.starts_with('$') => Action::FetchTicket {
                    account: self.handle(&self.label(who, roles)?)?,
                    name: ticket[1..].to_owned(),
                    secret: None,
                },
                [who, "fetches", ticket, "with", secret]
                    if ticket.starts_with('$') && secret.starts_with('$') =>
                {
                    Action::FetchTicket {
                        account: self.handle(&self.label(who, roles)?)?,
                        name: ticket[1..].to_owned(),
                        secret: Some(secret[1..].to_owned()),
                    }
                }
                [who, ref rest @ ..] => return self.part(who, rest, roles, place, depth),
                [] => return Ok(()),
            }
        };
        self.script.steps.push(Step {
            place: place.to_owned(),
            text: line.to_owned(),
            action,
        });
        Ok(())
    }

    /// The connection that a word names, in a part or not.
    fn label(&self, word: &str, roles: &Roles) -> Result<Label, String> {
        let (first, rest) = word
            .split_at_checked(word.find('.').unwrap_or(word.len()))
            .unwrap_or((word, ""));
        let label = match roles.get(first) {
            Some(label) => format!("{label}{rest}"),
            None => word.to_owned(),
        };
        self.person(&label)?;
        Ok(label)
    }

    /// What is said before anything happens.
    fn setting(&mut self, line: &str) -> Result<bool, String> {
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let script = &mut self.script;
        match first {
            "account" => {
                let (handle, rest) = rest.split_once(" \"").ok_or("account HANDLE \"NAME\"")?;
                let (name, rest) = rest.split_once('"').ok_or("account HANDLE \"NAME\"")?;
                let account = NewAccount {
                    handle: Handle::parse(handle).map_err(|error| error.to_string())?,
                    name: name.to_owned(),
                    password: rest
                        .strip_prefix(" password ")
                        .unwrap_or("a password")
                        .to_owned(),
                };
                script.accounts.push(account.clone());
                self.people
                    .insert(account.handle.local().to_owned(), account);
            }
            "contact" => {
                let words: Vec<_> = rest.split_whitespace().collect();
                let [owner, contact, ref lists @ ..] = *words else {
                    return Err("contact OWNER CONTACT LIST ...".to_owned());
                };
                let mut bits = Lists::NONE;
                for list in lists {
                    bits |= list_named(list)?.into();
                }
                let contact = NewContact {
                    owner: self.handle(owner)?,
                    contact: self.handle(contact)?,
                    lists: bits,
                };
                self.script.contacts.push(contact);
            }
            "config" => script.config.push(rest.to_owned()),
            "sockets" => script.socket_config.push(rest.to_owned()),
            "pure:" => script.pure = Some(rest.to_owned()),
            _ => return Ok(false),
        }
        if !self.script.steps.is_empty() {
            return Err("this must be said before anything happens".to_owned());
        }
        Ok(true)
    }

    /// `alice signs in` is `parts/signs-in.msnp` with `me` for alice, and `alice calls bob` is
    /// `parts/calls.msnp` with `you` for bob.
    fn part(
        &mut self,
        who: &str,
        words: &[&str],
        roles: &Roles,
        place: &str,
        depth: usize,
    ) -> Result<(), Mistake> {
        if depth == DEEPEST {
            return Err("parts within parts without end".to_owned().into());
        }
        let mut inner = Roles::from([("me", self.label(who, roles)?)]);
        let mut words = words.to_vec();
        if words.len() > 1
            && let Some(you) = words.last().and_then(|word| self.label(word, roles).ok())
        {
            words.pop();
            inner.insert("you", you);
        }
        let path = self.parts.join(format!("{}.msnp", words.join("-")));
        if !path.exists() {
            let words = words.join(" ");
            return Err(format!("neither a statement nor a part: {words}").into());
        }
        let begin = self.script.steps.len();
        self.file(&path, &inner, place, depth + 1)
            .map_err(Mistake::Elsewhere)?;
        let names = self.script.steps[begin..].iter().flat_map(Step::names);
        let names: Vec<_> = names.map(str::to_owned).collect();
        for at in [begin, self.script.steps.len() + 1] {
            let forget = Step {
                place: place.to_owned(),
                text: String::new(),
                action: Action::Forget(names.clone()),
            };
            self.script.steps.insert(at, forget);
        }
        Ok(())
    }

    fn soap(&self, words: &[&str], roles: &Roles) -> Result<SoapRequest, String> {
        let whom = |word: &str| match word.contains('@') {
            true => self.handle(word),
            false => self.handle(&self.label(word, roles)?),
        };
        Ok(match *words {
            ["ABContactAdd", contact] => SoapRequest::AddContact(whom(contact)?),
            ["ABContactDelete", contact] => SoapRequest::DeleteContact(whom(contact)?),
            ["AddMember", role, member] => SoapRequest::AddMember(role_named(role)?, whom(member)?),
            ["DeleteMember", role, member] => {
                SoapRequest::DeleteMember(role_named(role)?, whom(member)?)
            }
            ["ABContactUpdate", "MSN.IM.BLP", "1"] => SoapRequest::SetPrivacy(Privacy::Everyone),
            ["ABContactUpdate", "MSN.IM.BLP", "0"] => SoapRequest::SetPrivacy(Privacy::AllowedOnly),
            ["ABContactUpdate", "MSN.IM.GTC", "1"] => SoapRequest::SetAddPolicy(AddPolicy::Ask),
            ["ABContactUpdate", "MSN.IM.GTC", "0"] => {
                SoapRequest::SetAddPolicy(AddPolicy::Automatic)
            }
            ["Store", to, ref words @ ..] => SoapRequest::Store {
                to: whom(to)?,
                text: words.join(" "),
                outcome: Outcome::Done,
            },
            ["cannot", "Store", to, ref words @ ..] => SoapRequest::Store {
                to: whom(to)?,
                text: words.join(" "),
                outcome: Outcome::Refused,
            },
            ["GetMessage"] => SoapRequest::GetMessages,
            ["DeleteMessages"] => SoapRequest::DeleteMessages,
            _ => return Err(format!("no such request: {}", words.join(" "))),
        })
    }
}

/// `alice> ...` or `alice< ...`.
fn traffic(line: &str, arrow: char) -> Option<(&str, &str)> {
    let (who, text) = line.split_once(arrow)?;
    let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.';
    (!who.is_empty() && who.chars().all(is_label)).then(|| (who, text.trim_start()))
}

fn command(text: &str, payload: &[String]) -> Result<Command, String> {
    let line = Template::parse(text)?;
    if payload.is_empty() {
        return Ok(Command {
            line,
            payload: None,
        });
    }
    let mut template = Template::default();
    for (index, text) in payload.iter().enumerate() {
        let text = text.trim_start();
        if let Some(digits) = text.strip_prefix("x ") {
            template.add_bytes(&unhex(digits)?);
            continue;
        }
        let text = text
            .strip_prefix("| ")
            .or((text == "|").then_some(""))
            .ok_or("a line of a payload begins with `| ` or `x `")?;
        match text.strip_suffix('¬') {
            Some(text) => {
                template.add_text(text)?;
                let goes_on = payload.get(index + 1).map(|next| next.trim_start());
                if goes_on.is_some_and(|next| next.starts_with('|')) {
                    return Err("text goes on after `¬`".to_owned());
                }
            }
            None => {
                template.add_text(text)?;
                template.add_bytes(b"\r\n");
            }
        }
    }
    Ok(Command {
        line,
        payload: Some(template),
    })
}

fn list_named(name: &str) -> Result<List, String> {
    Ok(match name {
        "FL" => List::Forward,
        "AL" => List::Allow,
        "BL" => List::Block,
        "RL" => List::Reverse,
        "PL" => List::Pending,
        _ => return Err(format!("no such list: {name}")),
    })
}

fn role_named(name: &str) -> Result<List, String> {
    Ok(match name {
        "Allow" => List::Allow,
        "Block" => List::Block,
        "Reverse" => List::Reverse,
        "Pending" => List::Pending,
        _ => return Err(format!("no such role: {name}")),
    })
}

fn operation_named(name: &str) -> Result<Operation, String> {
    Ok(match name {
        "disables" => Operation::Disable,
        "deletes" => Operation::Delete,
        "passwords" => Operation::SetPassword,
        _ => return Err(format!("no operator does that: {name}")),
    })
}

fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text
        .strip_suffix('s')
        .and_then(|number| number.parse().ok());
    seconds
        .map(Duration::from_secs)
        .ok_or(format!("not a time such as 60s: {text}"))
}
