//! The contact list as it is shown: clean names, in groups, who is there first.

use std::collections::{BTreeMap, BTreeSet};

use msnp_client::msnp::presence::UserData;
use msnp_client::msnp::roster::Lists;
use msnp_client::msnp::soap::guid::Guid;
use msnp_client::{Contact, ContactBook, Handle, Status};

use super::text;

/// Everybody on a list, and the groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    pub(crate) persons: BTreeMap<Handle, Person>,
    pub(crate) groups: BTreeMap<Guid, String>,
}

/// Somebody. Texts are clean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    pub(crate) handle: Handle,
    pub(crate) name: String,
    /// `None`: offline, or not to be seen.
    pub(crate) status: Option<Status>,
    /// The personal message, or what they listen to.
    pub(crate) message: String,
    pub(crate) groups: Vec<Guid>,
    pub(crate) lists: Lists,
}

/// A heading of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Heading {
    /// A group of the account.
    Group(Guid),
    /// Contacts in no group.
    Others,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Heading {
        heading: Heading,
        name: String,
        online: usize,
        all: usize,
    },
    Person {
        heading: Heading,
        handle: Handle,
    },
}

/// Which line of the list is meant, wherever it has gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowKey {
    Heading(Heading),
    Person(Heading, Handle),
}

/// Whether those who are not there are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Absent {
    #[default]
    Listed,
    LeftOut,
}

impl Row {
    pub(crate) fn key(&self) -> RowKey {
        match self {
            Self::Heading { heading, .. } => RowKey::Heading(*heading),
            Self::Person { heading, handle } => RowKey::Person(*heading, handle.clone()),
        }
    }
}

impl Person {
    pub(crate) fn new(contact: &Contact) -> Self {
        let name = text::line(contact.shown_name());
        Self {
            handle: contact.handle.clone(),
            name: if name.is_empty() {
                contact.handle.to_string()
            } else {
                name
            },
            status: contact.presence.as_ref().map(|presence| presence.status),
            message: shown_message(&contact.data),
            groups: contact.groups.clone(),
            lists: contact.lists,
        }
    }

    pub(crate) fn is_contact(&self) -> bool {
        self.lists.contains(Lists::FORWARD)
    }

    pub(crate) fn is_blocked(&self) -> bool {
        self.lists.contains(Lists::BLOCK)
    }
}

impl People {
    pub(crate) fn new(book: &ContactBook) -> Self {
        let persons = book.contacts.values().map(Person::new);
        let groups = book.groups.iter();
        Self {
            persons: persons.map(|one| (one.handle.clone(), one)).collect(),
            groups: groups.map(|(id, name)| (*id, text::line(name))).collect(),
        }
    }

    pub(crate) fn find(&self, handle: &Handle) -> Option<&Person> {
        self.persons.get(handle)
    }

    /// What somebody is called; the handle if they are on no list.
    pub(crate) fn name_of(&self, handle: &Handle) -> String {
        self.find(handle)
            .map_or_else(|| handle.to_string(), |person| person.name.clone())
    }

    /// Who is meant: a handle, or the beginning of a contact's handle or name if only one begins so.
    pub(crate) fn who(&self, word: &str) -> Option<Handle> {
        if let Ok(handle) = Handle::parse(word) {
            return Some(handle);
        }
        let word = word.to_lowercase();
        let named =
            |person: &&Person| person.handle.local() == word || person.name.to_lowercase() == word;
        let begins = |person: &&Person| {
            person.handle.as_str().starts_with(&word)
                || person.name.to_lowercase().starts_with(&word)
        };
        let only = |matches: Vec<&Person>| match &matches[..] {
            [one] => Some(one.handle.clone()),
            _ => None,
        };
        let exactly = self.persons.values().filter(named).collect();
        only(exactly).or_else(|| only(self.persons.values().filter(begins).collect()))
    }

    /// A group by its name, in any case.
    pub(crate) fn group_named(&self, name: &str) -> Option<Guid> {
        let name = name.to_lowercase();
        let mut groups = self.groups.iter();
        groups.find_map(|(id, called)| (called.to_lowercase() == name).then_some(*id))
    }

    /// The lines of the list.
    pub(crate) fn rows(&self, folded: &BTreeSet<Heading>, absent: Absent) -> Vec<Row> {
        let mut headings: Vec<(String, Heading)> = self
            .groups
            .iter()
            .map(|(id, name)| (name.clone(), Heading::Group(*id)))
            .collect();
        headings.sort_by_key(|(name, _)| name.to_lowercase());
        let others = if headings.is_empty() {
            "Contacts"
        } else {
            "Other contacts"
        };
        headings.push((others.to_owned(), Heading::Others));
        let mut rows = Vec::new();
        for (name, heading) in headings {
            let mut persons = self.under(heading);
            if persons.is_empty() && heading == Heading::Others && !rows.is_empty() {
                continue;
            }
            rows.push(Row::Heading {
                heading,
                name,
                online: persons.iter().filter(|one| one.status.is_some()).count(),
                all: persons.len(),
            });
            if folded.contains(&heading) {
                continue;
            }
            if absent == Absent::LeftOut {
                persons.retain(|person| person.status.is_some());
            }
            rows.extend(persons.into_iter().map(|person| Row::Person {
                heading,
                handle: person.handle.clone(),
            }));
        }
        rows
    }

    fn under(&self, heading: Heading) -> Vec<&Person> {
        let is_under = |person: &&Person| match heading {
            Heading::Group(id) => person.groups.contains(&id),
            Heading::Others => !person.groups.iter().any(|id| self.groups.contains_key(id)),
        };
        let contacts = self.persons.values().filter(|person| person.is_contact());
        let mut persons: Vec<_> = contacts.filter(is_under).collect();
        persons.sort_by_cached_key(|person| (rank(person.status), person.name.to_lowercase()));
        persons
    }
}

/// Who is there first, those who are away after them, the others last.
fn rank(status: Option<Status>) -> u8 {
    match status {
        Some(Status::Online | Status::Busy | Status::OnThePhone) => 0,
        Some(_) => 1,
        None => 2,
    }
}

/// The personal message, or else what is playing (wire-msnp13, UUX, "CurrentMedia").
fn shown_message(data: &UserData) -> String {
    let message = text::line(&data.personal_message);
    if !message.is_empty() {
        return message;
    }
    let mut fields = data.current_media.split("\\0").skip(2);
    let (Some("1"), Some(format)) = (fields.next(), fields.next()) else {
        return String::new();
    };
    let mut shown = format.to_owned();
    for (at, value) in fields.enumerate() {
        shown = shown.replace(&format!("{{{at}}}"), value);
    }
    text::line(&format!("♪ {shown}"))
}

/// A status in words.
pub(crate) fn status_words(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Online) => "online",
        Some(Status::Busy) => "busy",
        Some(Status::Idle) => "idle",
        Some(Status::BeRightBack) => "be right back",
        Some(Status::Away) => "away",
        Some(Status::OnThePhone) => "on the phone",
        Some(Status::OutToLunch) => "out to lunch",
        Some(Status::Hidden) => "appearing offline",
        None => "offline",
    }
}

/// A status in one word, for a narrow place and for typing.
pub(crate) fn status_word(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::BeRightBack) => "brb",
        Some(Status::OnThePhone) => "phone",
        Some(Status::OutToLunch) => "lunch",
        Some(Status::Hidden) => "hidden",
        other => status_words(other),
    }
}

/// A status as a sign of its own shape, so that no colour is needed.
pub(crate) fn status_sign(status: Option<Status>) -> &'static str {
    match status {
        Some(Status::Online) => "●",
        Some(Status::Busy | Status::OnThePhone) => "■",
        Some(Status::Hidden) => "◌",
        Some(_) => "◐",
        None => "○",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(contacts: &[(&str, &str)]) -> People {
        let mut book = ContactBook::default();
        for (handle, name) in contacts {
            let mut contact = Contact::new(Handle::parse(handle).unwrap());
            contact.name = (*name).to_owned();
            contact.lists = Lists::FORWARD | Lists::ALLOW;
            book.contacts.insert(contact.handle.clone(), contact);
        }
        People::new(&book)
    }

    #[test]
    fn somebody_is_meant_by_handle_or_by_an_unmistakable_beginning() {
        let people = people(&[
            ("bob@example.com", "Bob"),
            ("bobby@example.com", "Robert"),
            ("carol@example.com", "Carol"),
        ]);
        let who = |word| people.who(word).map(|handle| handle.to_string());
        assert_eq!(who("bob").as_deref(), Some("bob@example.com"));
        assert_eq!(who("bo"), None);
        assert_eq!(who("rob").as_deref(), Some("bobby@example.com"));
        assert_eq!(who("CAR").as_deref(), Some("carol@example.com"));
        assert_eq!(who("x@y").as_deref(), Some("x@y"));
        assert_eq!(who("nobody"), None);
    }

    #[test]
    fn names_of_others_are_clean() {
        let people = people(&[
            ("bob@example.com", "\u{1b}[31mBob\n\u{202e}"),
            ("c@d", "\u{7}"),
        ]);
        let bob = Handle::parse("bob@example.com").unwrap();
        assert_eq!(people.name_of(&bob), "[31mBob");
        assert_eq!(people.name_of(&Handle::parse("c@d").unwrap()), "c@d");
    }

    #[test]
    fn what_is_playing_is_shown_when_nothing_is_said() {
        let mut data = UserData {
            current_media: "\\0Music\\01\\0{0} - {1}\\0Song\\0Singer\\0".to_owned(),
            ..UserData::default()
        };
        assert_eq!(shown_message(&data), "♪ Song - Singer");
        data.personal_message = "Hello".to_owned();
        assert_eq!(shown_message(&data), "Hello");
        data = UserData::default();
        assert_eq!(shown_message(&data), "");
    }
}
