//! Completion: what could stand where the cursor is, one after the other with each Tab.

use super::command::{self, USAGES};
use super::people::People;

/// A completion under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) choices: Vec<String>,
    pub(crate) chosen: usize,
}

/// How many bytes before the cursor are to be replaced, and by what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Candidates {
    pub(crate) replaces: usize,
    pub(crate) choices: Vec<String>,
}

/// What could be meant by the end of this text.
pub(crate) fn candidates(before: &str, people: &People) -> Candidates {
    let Some(command) = before.strip_prefix('/') else {
        return names(before, people);
    };
    let Some((name, rest)) = command.split_once(' ') else {
        let begun = USAGES
            .iter()
            .filter(|usage| usage.name.starts_with(command));
        return Candidates {
            replaces: before.len(),
            choices: begun.map(|usage| format!("/{} ", usage.name)).collect(),
        };
    };
    let takes = command::usage(name).map_or("", |usage| usage.takes);
    let word = rest.trim_start();
    let choices = if word.contains(' ') {
        let (_, group) = word.split_once(' ').unwrap_or_default();
        return Candidates {
            replaces: group.len(),
            choices: match takes {
                "WHO NAME" => groups(group, people),
                _ => Vec::new(),
            },
        };
    } else if takes.starts_with("STATUS") {
        let all = command::status_choices();
        all.filter(|choice| choice.starts_with(word))
            .map(str::to_owned)
            .collect()
    } else if takes.contains("WHO") || takes.contains("HANDLE") {
        handles(word, people)
    } else if name == "rmgroup" {
        groups(word, people)
    } else {
        Vec::new()
    };
    Candidates {
        replaces: word.len(),
        choices,
    }
}

fn handles(word: &str, people: &People) -> Vec<String> {
    let word = word.to_lowercase();
    let meant = people.persons.values().filter(|person| {
        person.handle.as_str().starts_with(&word) || person.name.to_lowercase().starts_with(&word)
    });
    let mut meant: Vec<_> = meant.collect();
    meant.sort_by_key(|person| (person.status.is_none(), &person.handle));
    let handles = meant
        .into_iter()
        .map(|person| format!("{} ", person.handle));
    handles.collect()
}

fn groups(word: &str, people: &People) -> Vec<String> {
    let word = word.to_lowercase();
    let names = people.groups.values();
    let mut names: Vec<_> = names
        .filter(|name| name.to_lowercase().starts_with(&word))
        .cloned()
        .collect();
    names.sort();
    names
}

/// Names of contacts within what one says.
fn names(before: &str, people: &People) -> Candidates {
    let mut blanks = before.char_indices().filter(|(_, c)| c.is_whitespace());
    let last = blanks.next_back();
    let word = &before[last.map_or(0, |(at, blank)| at + blank.len_utf8())..];
    let (replaces, word) = (word.len(), word.to_lowercase());
    let mut choices: Vec<_> = people
        .persons
        .values()
        .filter(|person| !word.is_empty() && person.name.to_lowercase().starts_with(&word))
        .map(|person| person.name.clone())
        .collect();
    choices.sort();
    choices.dedup();
    Candidates { replaces, choices }
}

#[cfg(test)]
mod tests {
    use msnp_client::msnp::roster::Lists;
    use msnp_client::{Contact, ContactBook, Handle};

    use super::*;

    fn choices(before: &str) -> Vec<String> {
        let mut book = ContactBook::default();
        for (handle, name) in [("bob@example.com", "Bob"), ("carol@example.com", "Bobina")] {
            let mut contact = Contact::new(Handle::parse(handle).unwrap());
            contact.name = name.to_owned();
            contact.lists = Lists::FORWARD;
            book.contacts.insert(contact.handle.clone(), contact);
        }
        candidates(before, &People::new(&book)).choices
    }

    #[test]
    fn commands_handles_statuses_and_names_are_completed() {
        assert_eq!(choices("/st"), ["/status "]);
        assert_eq!(choices("/a"), ["/accept ", "/add ", "/allow ", "/alias "]);
        assert_eq!(choices("/msg c"), ["carol@example.com "]);
        assert_eq!(
            choices("/msg bo"),
            ["bob@example.com ", "carol@example.com "]
        );
        assert_eq!(choices("/status b"), ["busy", "brb"]);
        assert_eq!(choices("/psm b"), [] as [&str; 0]);
        assert_eq!(choices("hello Bob"), ["Bob", "Bobina"]);
        assert_eq!(choices("hello "), [] as [&str; 0]);
        assert_eq!(choices("naïve\u{3000}bo"), ["Bob", "Bobina"]);
    }
}
