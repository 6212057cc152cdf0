//! The contact list, written down.

use msnp_client::msnp::roster::{List, Lists};
use msnp_client::{Contact, ContactBook};
use serde::Serialize;

use crate::output::{self, shown};
use crate::told::status;

/// Somebody, as JSON.
#[derive(Serialize)]
struct Listed<'a> {
    handle: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
    status: &'static str,
    personal_message: &'a str,
    groups: Vec<&'a str>,
    lists: Vec<&'static str>,
}

/// Everybody on any list as JSON, or by group for people.
pub(super) fn list(book: &ContactBook, json: bool, online: bool) -> anyhow::Result<()> {
    let wanted = |contact: &&Contact| contact.presence.is_some() || !online;
    let contacts: Vec<_> = book.contacts.values().filter(wanted).collect();
    if json {
        for contact in contacts {
            output::json(&Listed::of(contact, book))?;
        }
        return Ok(());
    }
    for (title, members) in sections(book, &contacts) {
        output::line(&title)?;
        let widest = contacts.iter().map(|contact| contact.handle.as_str().len());
        let widest = widest.max().unwrap_or_default();
        for contact in members {
            output::line(line(contact, widest).trim_end())?;
        }
    }
    Ok(())
}

/// Titles, and who stands under them.
fn sections<'a>(
    book: &'a ContactBook,
    contacts: &[&'a Contact],
) -> Vec<(String, Vec<&'a Contact>)> {
    let those = |wanted: &dyn Fn(&Contact) -> bool| {
        let mut those: Vec<_> = contacts.iter().copied().filter(|one| wanted(one)).collect();
        those.sort_by_key(|contact| {
            (
                contact.presence.is_none(),
                contact.shown_name().to_lowercase(),
            )
        });
        those
    };
    let on = |contact: &Contact, list| contact.lists.contains(list);
    let mut groups: Vec<_> = book.groups.iter().collect();
    groups.sort_by_key(|(id, name)| (name.to_lowercase(), **id));
    let mut sections = Vec::new();
    for (id, name) in groups {
        let members = those(&|contact| on(contact, Lists::FORWARD) && contact.groups.contains(id));
        sections.push((shown(name).into_owned(), members));
    }
    let in_a_group = |contact: &Contact| {
        let groups = contact.groups.iter();
        groups.into_iter().any(|id| book.groups.contains_key(id))
    };
    let others = those(&|contact| on(contact, Lists::FORWARD) && !in_a_group(contact));
    let title = if sections.is_empty() {
        "Contacts"
    } else {
        "In no group"
    };
    sections.push((title.to_owned(), others));
    let pending = those(&|contact| on(contact, Lists::PENDING) && !on(contact, Lists::FORWARD));
    sections.push(("Want to be contacts".to_owned(), pending));
    let blocked = those(&|contact| on(contact, Lists::BLOCK) && !on(contact, Lists::FORWARD));
    sections.push(("Blocked".to_owned(), blocked));
    sections.retain(|(_, members)| !members.is_empty());
    sections
}

fn line(contact: &Contact, widest: usize) -> String {
    let handle = contact.handle.as_str();
    let status = status(contact).replace('_', " ");
    let mut line = format!("  {handle:widest$}  {status:13}");
    if contact.shown_name() != handle {
        line += &format!("  {}", shown(contact.shown_name()));
    }
    if contact.lists.contains(Lists::BLOCK | Lists::FORWARD) {
        line += "  (blocked)";
    }
    if !contact.data.personal_message.is_empty() {
        line += &format!("  * {}", shown(&contact.data.personal_message));
    }
    line
}

impl<'a> Listed<'a> {
    fn of(contact: &'a Contact, book: &'a ContactBook) -> Self {
        let groups = contact.groups.iter().filter_map(|id| book.groups.get(id));
        Self {
            handle: contact.handle.as_str(),
            name: &contact.name,
            nickname: contact.nickname.as_deref(),
            status: status(contact),
            personal_message: &contact.data.personal_message,
            groups: groups.map(String::as_str).collect(),
            lists: contact.lists.iter().map(word).collect(),
        }
    }
}

fn word(list: List) -> &'static str {
    match list {
        List::Forward => "forward",
        List::Allow => "allow",
        List::Block => "block",
        List::Reverse => "reverse",
        List::Pending => "pending",
    }
}
