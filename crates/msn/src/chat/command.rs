//! What can be written after a slash, and how it is read. The table is also the help and what the
//! completion knows.

use msnp_client::{Handle, Status};

use super::people::{People, status_word};

/// A command as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Message { to: Handle, words: String },
    Add { handle: Handle, words: String },
    Remove(Option<Handle>),
    Block(Option<Handle>),
    Allow(Option<Handle>),
    Alias { handle: Handle, name: String },
    Group { handle: Handle, name: String },
    Ungroup { handle: Handle, name: String },
    RemoveGroup(String),
    Name(String),
    PersonalMessage(String),
    Status(Status),
    Invite(Handle),
    Nudge,
    Send(String),
    Accept(String),
    Decline,
    Picture { handle: Handle, place: String },
    Leave,
    Who,
    Clear,
    ToggleOffline,
    Reconnect,
    Help,
    Quit,
}

/// What a command is called, what it takes and what it does.
pub(crate) struct Usage {
    pub(crate) name: &'static str,
    pub(crate) takes: &'static str,
    pub(crate) does: &'static str,
    read: fn(Reader<'_>) -> Result<Command, Misread>,
}

/// Why a command is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misread {
    Unknown(String),
    /// It lacks something.
    Short(&'static str),
    Nobody(String),
    NoStatus(String),
}

/// Words by which a status is chosen.
pub(crate) fn status_choices() -> impl Iterator<Item = &'static str> {
    Status::ALL
        .into_iter()
        .map(|status| status_word(Some(status)))
}

/// All commands, in the order of the help.
pub(crate) const USAGES: [Usage; 25] = [
    Usage {
        name: "msg",
        takes: "WHO [TEXT]",
        does: "talk to somebody",
        read: |mut from| {
            Ok(Command::Message {
                to: from.who()?,
                words: from.rest(),
            })
        },
    },
    Usage {
        name: "invite",
        takes: "WHO",
        does: "call somebody in here",
        read: |mut from| Ok(Command::Invite(from.who()?)),
    },
    Usage {
        name: "nudge",
        takes: "",
        does: "shake their window",
        read: |_| Ok(Command::Nudge),
    },
    Usage {
        name: "send",
        takes: "FILE",
        does: "offer them a file",
        read: |from| from.needed().map(Command::Send),
    },
    Usage {
        name: "accept",
        takes: "[TO]",
        does: "take a file they offer",
        read: |from| Ok(Command::Accept(from.rest())),
    },
    Usage {
        name: "decline",
        takes: "",
        does: "do not take it",
        read: |_| Ok(Command::Decline),
    },
    Usage {
        name: "picture",
        takes: "WHO [TO]",
        does: "keep their picture",
        read: |mut from| {
            Ok(Command::Picture {
                handle: from.who()?,
                place: from.rest(),
            })
        },
    },
    Usage {
        name: "who",
        takes: "",
        does: "who is here",
        read: |_| Ok(Command::Who),
    },
    Usage {
        name: "leave",
        takes: "",
        does: "close this conversation",
        read: |_| Ok(Command::Leave),
    },
    Usage {
        name: "clear",
        takes: "",
        does: "empty this window",
        read: |_| Ok(Command::Clear),
    },
    Usage {
        name: "status",
        takes: "STATUS",
        does: "online, busy, away … (Tab)",
        read: |mut from| from.status().map(Command::Status),
    },
    Usage {
        name: "psm",
        takes: "[TEXT]",
        does: "words beside your name",
        read: |from| Ok(Command::PersonalMessage(from.rest())),
    },
    Usage {
        name: "nick",
        takes: "NAME",
        does: "your name, for everybody",
        read: |from| from.needed().map(Command::Name),
    },
    Usage {
        name: "add",
        takes: "HANDLE [TEXT]",
        does: "put somebody on your list",
        read: |mut from| {
            Ok(Command::Add {
                handle: from.who()?,
                words: from.rest(),
            })
        },
    },
    Usage {
        name: "remove",
        takes: "[WHO]",
        does: "take them off your list",
        read: |mut from| from.whoever().map(Command::Remove),
    },
    Usage {
        name: "block",
        takes: "[WHO]",
        does: "hide, and hear nothing",
        read: |mut from| from.whoever().map(Command::Block),
    },
    Usage {
        name: "allow",
        takes: "[WHO]",
        does: "undo /block",
        read: |mut from| from.whoever().map(Command::Allow),
    },
    Usage {
        name: "alias",
        takes: "WHO [NAME]",
        does: "your name for a contact",
        read: |mut from| {
            Ok(Command::Alias {
                handle: from.who()?,
                name: from.rest(),
            })
        },
    },
    Usage {
        name: "group",
        takes: "WHO NAME",
        does: "put a contact in a group",
        read: |mut from| {
            Ok(Command::Group {
                handle: from.who()?,
                name: from.needed()?,
            })
        },
    },
    Usage {
        name: "ungroup",
        takes: "WHO NAME",
        does: "take them out of it",
        read: |mut from| {
            Ok(Command::Ungroup {
                handle: from.who()?,
                name: from.needed()?,
            })
        },
    },
    Usage {
        name: "rmgroup",
        takes: "NAME",
        does: "take a group away",
        read: |from| from.needed().map(Command::RemoveGroup),
    },
    Usage {
        name: "offline",
        takes: "",
        does: "list the offline, or not",
        read: |_| Ok(Command::ToggleOffline),
    },
    Usage {
        name: "reconnect",
        takes: "",
        does: "sign in once more",
        read: |_| Ok(Command::Reconnect),
    },
    Usage {
        name: "help",
        takes: "",
        does: "this",
        read: |_| Ok(Command::Help),
    },
    Usage {
        name: "quit",
        takes: "",
        does: "sign out",
        read: |_| Ok(Command::Quit),
    },
];

/// The command of this name.
pub(crate) fn usage(name: &str) -> Option<&'static Usage> {
    USAGES.iter().find(|usage| usage.name == name)
}

/// Reads what stands after the slash. A beginning that only one command has will do.
pub(crate) fn read(text: &str, people: &People) -> Result<Command, Misread> {
    let (name, rest) = split(text);
    let begins: Vec<_> = USAGES
        .iter()
        .filter(|usage| !name.is_empty() && usage.name.starts_with(name))
        .collect();
    let usage = match (usage(name), &begins[..]) {
        (Some(usage), _) => usage,
        (None, [only]) => only,
        (None, _) => return Err(Misread::Unknown(name.to_owned())),
    };
    (usage.read)(Reader {
        usage,
        rest,
        people,
    })
}

/// What is left of a command, to be read by it.
struct Reader<'a> {
    usage: &'static Usage,
    rest: &'a str,
    people: &'a People,
}

impl Reader<'_> {
    fn who(&mut self) -> Result<Handle, Misread> {
        self.whoever()?.ok_or(Misread::Short(self.usage.name))
    }

    fn whoever(&mut self) -> Result<Option<Handle>, Misread> {
        let (word, rest) = split(self.rest);
        self.rest = rest;
        if word.is_empty() {
            return Ok(None);
        }
        let who = self.people.who(word);
        who.map(Some).ok_or(Misread::Nobody(word.to_owned()))
    }

    fn status(&mut self) -> Result<Status, Misread> {
        let word = self.rest.trim().to_lowercase();
        if word.is_empty() {
            return Err(Misread::Short(self.usage.name));
        }
        let mut all = Status::ALL.into_iter();
        all.find(|status| status_word(Some(*status)).starts_with(&word))
            .ok_or(Misread::NoStatus(word))
    }

    fn rest(&self) -> String {
        self.rest.trim().to_owned()
    }

    fn needed(&self) -> Result<String, Misread> {
        let rest = self.rest();
        if rest.is_empty() {
            return Err(Misread::Short(self.usage.name));
        }
        Ok(rest)
    }
}

/// The first word, and what comes after it.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

impl std::fmt::Display for Misread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "There is no /{name}. /help lists what there is."),
            Self::Short(name) => {
                let takes = usage(name).map_or("", |usage| usage.takes);
                write!(f, "It is /{name} {takes}")
            }
            Self::Nobody(word) => write!(f, "Who is {word}? Write a whole address."),
            Self::NoStatus(word) => {
                let choices: Vec<_> = status_choices().collect();
                write!(f, "{word} is no status. There are {}.", choices.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Command, Misread> {
        super::read(text, &People::default())
    }

    fn bob() -> Handle {
        Handle::parse("bob@example.com").unwrap()
    }

    #[test]
    fn commands_are_read() {
        let message = Command::Message {
            to: bob(),
            words: "how are you?".to_owned(),
        };
        assert_eq!(read("msg BOB@example.com  how are you?"), Ok(message));
        assert_eq!(read("block"), Ok(Command::Block(None)));
        assert_eq!(
            read("block bob@example.com"),
            Ok(Command::Block(Some(bob())))
        );
        assert_eq!(read("status lun"), Ok(Command::Status(Status::OutToLunch)));
        assert_eq!(read("psm"), Ok(Command::PersonalMessage(String::new())));
        assert_eq!(read("q"), Ok(Command::Quit));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let say = |text| read(text).unwrap_err().to_string();
        assert_eq!(
            say("frobnicate"),
            "There is no /frobnicate. /help lists what there is."
        );
        assert_eq!(say(""), "There is no /. /help lists what there is.");
        assert_eq!(say("a"), "There is no /a. /help lists what there is.");
        assert_eq!(say("msg"), "It is /msg WHO [TEXT]");
        assert_eq!(
            say("msg nobody hello"),
            "Who is nobody? Write a whole address."
        );
        assert!(say("status asleep").starts_with("asleep is no status. There are online, busy"));
        assert_eq!(say("group bob@example.com"), "It is /group WHO NAME");
    }

    #[test]
    fn no_two_commands_have_one_name() {
        for usage in &USAGES {
            let same = USAGES.iter().filter(|other| other.name == usage.name);
            assert_eq!(same.count(), 1, "{}", usage.name);
        }
    }
}
