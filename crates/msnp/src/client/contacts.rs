//! Whom an account knows, as far as its client does: lists, groups and presence together.
//!
//! The lists are read once after sign-in (services-addressbook, 2) and kept current by what the
//! session does and hears. The rules are those of [`roster`](crate::roster).

use std::collections::BTreeMap;

use crate::handle::Handle;
use crate::object::MsnObject;
use crate::presence::{Capabilities, Status, UserData};
use crate::roster::{AddPolicy, Lists, Privacy};
use crate::soap::guid::Guid;
use crate::wire::command::presence::Shown;
use crate::wire::param::Param;

/// An account's contacts, groups, and what is stored of itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ContactBook {
    /// Oneself.
    pub me: Me,
    /// Everybody on any list, by handle.
    pub contacts: BTreeMap<Handle, Contact>,
    /// The groups, by their ids.
    pub groups: BTreeMap<Guid, String>,
}

/// What is stored of oneself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Me {
    /// The stored name; empty when there is none.
    pub name: String,
    /// Who may see and call.
    pub privacy: Privacy,
    /// What happens when somebody adds the account.
    pub add_policy: AddPolicy,
}

/// Somebody on one of the lists.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contact {
    /// Who.
    pub handle: Handle,
    /// On which lists.
    pub lists: Lists,
    /// The id in the address book, if they are in it.
    pub id: Option<Guid>,
    /// As they call themselves: what presence says, or else the address book. May be empty.
    pub name: String,
    /// As the account calls them.
    pub nickname: Option<String>,
    /// In which groups.
    pub groups: Vec<Guid>,
    /// How they appear; `None`: offline, or not to be seen.
    pub presence: Option<ContactPresence>,
    /// Personal message and media, while they are there.
    pub data: UserData,
}

/// How somebody appears.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContactPresence {
    /// Online, away ...
    pub status: Status,
    /// What their client can do.
    pub capabilities: Capabilities,
    /// Their display picture as it travels.
    pub object: Option<Param>,
}

impl ContactPresence {
    /// Somebody who appears so, without a display picture.
    pub fn new(status: Status, capabilities: Capabilities) -> Self {
        Self {
            status,
            capabilities,
            object: None,
        }
    }

    /// The display picture, if there is one that can be read.
    pub fn picture(&self) -> Option<MsnObject> {
        MsnObject::parse_param(self.object.as_ref()?).ok()?
    }
}

impl Contact {
    /// Somebody of whom nothing is known yet.
    pub fn new(handle: Handle) -> Self {
        Self {
            handle,
            lists: Lists::NONE,
            id: None,
            name: String::new(),
            nickname: None,
            groups: Vec::new(),
            presence: None,
            data: UserData::default(),
        }
    }

    /// Whether anything at all is known of them.
    pub(super) fn is_known(&self) -> bool {
        !self.lists.is_empty() || self.id.is_some() || self.presence.is_some()
    }

    /// What to show: the nickname, else the name, else the handle.
    pub fn shown_name(&self) -> &str {
        let nickname = self.nickname.as_deref().filter(|name| !name.is_empty());
        nickname.unwrap_or(if self.name.is_empty() {
            self.handle.as_str()
        } else {
            &self.name
        })
    }
}

impl ContactBook {
    /// Somebody, if they are on any list.
    pub fn find(&self, handle: &Handle) -> Option<&Contact> {
        self.contacts.get(handle)
    }

    /// On which lists somebody is.
    pub fn lists(&self, handle: &Handle) -> Lists {
        self.find(handle)
            .map_or(Lists::NONE, |contact| contact.lists)
    }

    pub(super) fn entry(&mut self, handle: &Handle) -> &mut Contact {
        self.contacts
            .entry(handle.clone())
            .or_insert_with(|| Contact::new(handle.clone()))
    }

    /// Changes the lists of somebody; whoever is on none and in no address book is forgotten.
    pub(super) fn set_lists(&mut self, handle: &Handle, lists: Lists) {
        let contact = self.entry(handle);
        contact.lists = lists;
        if lists.is_empty() && contact.id.is_none() {
            self.contacts.remove(handle);
        }
    }

    /// `ILN` and `NLN`.
    pub(super) fn show(&mut self, shown: &Shown) {
        let contact = self.entry(&shown.handle);
        contact.name = shown.name.text().into_owned();
        contact.presence = Some(ContactPresence {
            status: shown.status,
            capabilities: shown.capabilities,
            object: shown.object.clone(),
        });
    }

    /// `UBX`: whether they are there.
    pub(super) fn tell(&mut self, handle: &Handle, data: UserData) -> bool {
        match self.contacts.get_mut(handle) {
            Some(contact) if contact.presence.is_some() => {
                contact.data = data;
                true
            }
            Some(_) | None => false,
        }
    }

    /// `FLN`: whether they were there.
    pub(super) fn hide(&mut self, handle: &Handle) -> bool {
        let Some(contact) = self.contacts.get_mut(handle) else {
            return false;
        };
        contact.data = UserData::default();
        contact.presence.take().is_some()
    }

    /// Takes over what was read anew, and keeps who appears how.
    pub(super) fn replace(&mut self, mut read: Self) {
        for (handle, contact) in &mut read.contacts {
            if let Some(known) = self.contacts.remove(handle) {
                if known.presence.is_some() {
                    contact.name = known.name;
                }
                contact.presence = known.presence;
                contact.data = known.data;
            }
        }
        *self = read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_in_this_order() {
        let mut contact = Contact::new(Handle::parse("bob@example.com").unwrap());
        assert_eq!(contact.shown_name(), "bob@example.com");
        contact.name = "Bob".to_owned();
        assert_eq!(contact.shown_name(), "Bob");
        contact.nickname = Some("Bobby".to_owned());
        assert_eq!(contact.shown_name(), "Bobby");
        contact.nickname = Some(String::new());
        assert_eq!(contact.shown_name(), "Bob");
    }

    #[test]
    fn whoever_is_on_no_list_is_forgotten_unless_the_address_book_has_them() {
        let mut book = ContactBook::default();
        let bob = Handle::parse("bob@example.com").unwrap();
        book.set_lists(&bob, Lists::REVERSE);
        book.set_lists(&bob, Lists::NONE);
        assert!(book.find(&bob).is_none());
        book.entry(&bob).id = Some(Guid::from_u128(7));
        book.set_lists(&bob, Lists::NONE);
        assert!(book.find(&bob).is_some());
    }
}
