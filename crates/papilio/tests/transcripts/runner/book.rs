//! The accounts of a pure run: what the store would know, in memory.
//!
//! The rules are `msnp::roster`'s; here they are only remembered, and turned into the changes that
//! the directory is told of.

use std::collections::HashMap;

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::proof::sso::Secret;
use msnp::proof::tweener::Ticket;
use msnp::roster::{
    self, AddPolicy, AllowListManagement, Lists, Pair, Privacy, add_forward, add_member,
    remove_forward, remove_member, spoken_of,
};
use papilio::store::account::{Account, AccountId};
use papilio::store::offline_messages::MailRecipient;
use papilio::store::roster::{RosterChange, SessionRoster};

use super::mailboxes::Mailboxes;
use super::script::{Operation, Script, SoapRequest};

/// Every account, what it holds about others, and its tickets.
#[derive(Debug, Default)]
pub(crate) struct Book {
    entries: Vec<Entry>,
    /// What waits for whom.
    pub(crate) mail: Mailboxes,
    tickets: HashMap<String, AccountId>,
}

#[derive(Debug)]
struct Entry {
    account: Account,
    privacy: Privacy,
    add_policy: AddPolicy,
    lists: HashMap<AccountId, Lists>,
}

impl Book {
    /// The accounts and contacts of a transcript.
    pub(crate) fn new(script: &Script) -> Self {
        let entries = (1..).zip(&script.accounts).map(|(id, new)| Entry {
            account: Account {
                id: AccountId(id),
                handle: new.handle.clone(),
                name: new.name.clone(),
                disabled: false,
                verified: true,
                created_at: Timestamp::UNIX_EPOCH,
                epoch: 1,
            },
            privacy: Privacy::default(),
            add_policy: AddPolicy::default(),
            lists: HashMap::new(),
        });
        let mut book = Self {
            entries: entries.collect(),
            mail: Mailboxes::default(),
            tickets: HashMap::new(),
        };
        for new in &script.contacts {
            let (owner, contact) = (book.id(&new.owner), book.id(&new.contact));
            let pair = roster::import(book.pair(owner, contact), new.lists);
            book.keep(owner, contact, pair);
        }
        book
    }

    /// The account with this handle.
    pub(crate) fn find(&self, handle: &Handle) -> Option<&Account> {
        let found = self.entries.iter().find(|e| e.account.handle == *handle);
        found.map(|entry| &entry.account)
    }

    /// The secret of a ticket: whatever it is, as long as there is but one.
    pub(crate) fn secret_of(ticket: &str) -> Secret {
        let mut secret = [0; 24];
        for (place, byte) in secret.iter_mut().zip(ticket.bytes()) {
            *place = byte;
        }
        secret
    }

    /// A new ticket of an account.
    pub(crate) fn issue(&mut self, handle: &Handle) -> String {
        let ticket = format!("7Kc0sWq1Jd5rT2xV{:04}", self.tickets.len());
        let id = self.id(handle);
        self.tickets.insert(ticket.clone(), id);
        ticket
    }

    /// Whose ticket it is.
    pub(crate) fn account_of(&self, ticket: &Ticket) -> Option<&Account> {
        let id = self.tickets.get(ticket.as_str())?;
        Some(&self.entry(*id).account)
    }

    /// What a session gets at sign-in.
    pub(crate) fn roster_of(&self, id: AccountId) -> SessionRoster {
        let entry = self.entry(id);
        let contacts = entry.lists.iter().filter_map(|(&contact, &lists)| {
            let lists = lists.intersection(Lists::SESSION);
            let handle = self.entry(contact).account.handle.clone();
            (!lists.is_empty()).then_some((contact, handle, lists))
        });
        SessionRoster {
            privacy: entry.privacy,
            contacts: contacts.collect(),
        }
    }

    /// What an operator does: every ticket of the account dies. Its number, and the epoch before
    /// which its sessions end.
    pub(crate) fn end_sessions(
        &mut self,
        handle: &Handle,
        operation: Operation,
    ) -> (AccountId, i64) {
        let id = self.id(handle);
        self.tickets.retain(|_, account| *account != id);
        let entry = self.entries.iter_mut().find(|e| e.account.id == id);
        let account = &mut entry.expect("no such account").account;
        account.disabled |= operation != Operation::SetPassword;
        account.epoch += 1;
        (id, account.epoch)
    }

    /// What the store says of whoever is left a message.
    pub(crate) fn mail_recipient(&self, to: &Handle, sender: &Handle) -> MailRecipient {
        let (id, sender) = (self.id(to), self.id(sender));
        MailRecipient {
            id,
            handle: to.clone(),
            lists: self.pair(id, sender).own,
            privacy: self.entry(id).privacy,
        }
    }

    /// Carries out what the address book and sharing services are asked; returns what changed.
    pub(crate) fn apply(&mut self, by: &Handle, request: &SoapRequest) -> Vec<RosterChange> {
        let owner = self.id(by);
        match request {
            SoapRequest::AddContact(handle) => {
                let contact = self.id(handle);
                let policy = self.entry(contact).add_policy;
                let before = self.pair(owner, contact);
                let after = add_forward(before, policy, AllowListManagement::ByClient);
                let mut changes = self.change(owner, contact, before, after);
                changes.push(RosterChange::Added {
                    adder: owner,
                    added: contact,
                });
                changes
            }
            SoapRequest::DeleteContact(handle) => {
                let contact = self.id(handle);
                let before = self.pair(owner, contact);
                let mut changes = self.change(owner, contact, before, remove_forward(before));
                changes.push(RosterChange::Removed {
                    remover: owner,
                    removed: contact,
                });
                changes
            }
            SoapRequest::AddMember(list, handle) => {
                let rule = |own| add_member(own, *list).ok();
                self.member(owner, handle, spoken_of(*list), rule)
            }
            SoapRequest::DeleteMember(list, handle) => {
                let rule = |own| remove_member(own, *list).ok();
                self.member(owner, handle, Lists::from(*list), rule)
            }
            SoapRequest::SetPrivacy(privacy) => {
                self.entry_mut(owner).privacy = *privacy;
                vec![RosterChange::Privacy {
                    owner,
                    privacy: *privacy,
                }]
            }
            SoapRequest::SetAddPolicy(policy) => {
                self.entry_mut(owner).add_policy = *policy;
                vec![RosterChange::AddressBook { owner }]
            }
            SoapRequest::Store { .. } | SoapRequest::GetMessages | SoapRequest::DeleteMessages => {
                panic!("not of the address book: {request:?}")
            }
        }
    }

    fn member(
        &mut self,
        owner: AccountId,
        handle: &Handle,
        spoken_of: Lists,
        rule: impl FnOnce(Lists) -> Option<Lists>,
    ) -> Vec<RosterChange> {
        let contact = self.id(handle);
        let pair = self.pair(owner, contact);
        let own = rule(pair.own).expect("the service refuses this request");
        self.keep(owner, contact, Pair { own, ..pair });
        vec![RosterChange::Lists {
            owner,
            contact,
            lists: own,
            touched: spoken_of | changed(pair.own, own),
        }]
    }

    fn change(
        &mut self,
        owner: AccountId,
        contact: AccountId,
        before: Pair,
        after: Pair,
    ) -> Vec<RosterChange> {
        self.keep(owner, contact, after);
        let own = RosterChange::Lists {
            owner,
            contact,
            lists: after.own,
            touched: Lists::FORWARD | changed(before.own, after.own),
        };
        let touched = changed(before.theirs, after.theirs);
        let theirs = RosterChange::Lists {
            owner: contact,
            contact: owner,
            lists: after.theirs,
            touched,
        };
        let concerned = std::iter::once(own);
        concerned
            .chain((!touched.is_empty()).then_some(theirs))
            .collect()
    }

    fn pair(&self, owner: AccountId, contact: AccountId) -> Pair {
        let held = |a, b| self.entry(a).lists.get(&b).copied().unwrap_or_default();
        Pair {
            own: held(owner, contact),
            theirs: held(contact, owner),
        }
    }

    fn keep(&mut self, owner: AccountId, contact: AccountId, pair: Pair) {
        self.entry_mut(owner).lists.insert(contact, pair.own);
        self.entry_mut(contact).lists.insert(owner, pair.theirs);
    }

    fn id(&self, handle: &Handle) -> AccountId {
        let account = self.find(handle);
        account.unwrap_or_else(|| panic!("no account {handle}")).id
    }

    fn entry(&self, id: AccountId) -> &Entry {
        &self.entries[id.0 as usize - 1]
    }

    fn entry_mut(&mut self, id: AccountId) -> &mut Entry {
        &mut self.entries[id.0 as usize - 1]
    }
}

/// The lists that are in one of two sets and not in the other.
fn changed(before: Lists, after: Lists) -> Lists {
    (before - after) | (after - before)
}
