//! Accounts, their sessions, and who watches whom, under the directory's lock.
//!
//! A node exists while its account is signed in or somebody signed in has it on FL; the rest of the
//! world costs nothing. Contacts are kept as ids and list bits, eight bytes each.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::presence::{FriendlyName, Status};
use msnp::roster::{self, Lists, Privacy, View};
use msnp::server::render::{self, Addition};
use msnp::server::{Event, Presence};
use msnp::wire::command::service::Calls;
use msnp::wire::command::switchboard::Member;
use msnp::wire::param::Param;
use msnp::wire::version::Dialect;

use super::mail::MailView;
use super::press::{Press, Telling};
use crate::mailbox::Mailbox;
use crate::metrics::METRICS;
use crate::store::account::{Account, AccountId};
use crate::store::roster::ticks;

/// Who is there and who watches whom.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: HashMap<AccountId, Node>,
    ids: HashMap<Handle, AccountId>,
    sessions: u64,
    signed_in: usize,
}

#[derive(Debug, Default)]
struct Node {
    handle: Option<Handle>,
    /// The signed-in accounts that have this one on FL, in no order.
    watchers: Vec<AccountId>,
    online: Option<Box<Online>>,
}

/// A signed-in session.
#[derive(Debug)]
pub(super) struct Online {
    pub(super) session: u64,
    pub(super) mailbox: Arc<Mailbox>,
    /// The address by which its client reaches this node.
    pub(super) address: Param,
    pub(super) dialect: &'static Dialect,
    /// BLP, once anybody has said.
    pub(super) privacy: Option<Privacy>,
    /// Sorted by id.
    pub(super) contacts: Vec<Contact>,
    pub(super) presence: Arc<Presence>,
    pub(super) shown: Shown,
    pub(super) calls: Calls,
    /// The account's, when the session began.
    pub(super) epoch: i64,
    /// Whether `contacts` has what is stored.
    pub(super) lists: Stored,
    pub(super) mail: MailView,
}

/// Whether something was read from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Not yet.
    Unread,
    /// Yes.
    Read,
}

/// One contact of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contact {
    pub(super) id: AccountId,
    pub(super) view: View,
}

/// Whether a session shows its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// No `CHG` yet: sees nobody and is seen by nobody.
    NotYet,
    /// `CHG HDN`: sees, and is not seen.
    Hidden,
    /// Sees and is seen.
    Visible,
}

/// Somebody, and somebody whose presence they might see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) watcher: AccountId,
    pub(super) watched: AccountId,
}

impl Graph {
    // ---- The step: before, change, after -------------------------------------------------------

    /// Makes a change and tells the watcher of each pair what it changed for them.
    pub(super) fn step<T>(
        &mut self,
        pairs: &[Pair],
        telling: Telling,
        change: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before: Vec<_> = pairs.iter().map(|&pair| self.sees(pair).cloned()).collect();
        let outcome = change(self);
        let mut press = Press::default();
        for (&pair, before) in pairs.iter().zip(before) {
            let Some(watcher) = self
                .nodes
                .get(&pair.watcher)
                .and_then(|node| node.online.as_ref())
            else {
                continue;
            };
            // Whoever takes somebody off FL just hears no more of them (wire-msnp13, 4, RML).
            if watcher.lists(pair.watched).contains(Lists::FORWARD) {
                press.tell(watcher, telling, before.as_ref(), self.sees(pair));
            }
        }
        outcome
    }

    /// Tells the watchers of these pairs what they were told before.
    pub(super) fn show_again(&self, pairs: &[Pair]) {
        let mut press = Press::default();
        for &pair in pairs {
            if let Some(watcher) = self
                .nodes
                .get(&pair.watcher)
                .and_then(|node| node.online.as_ref())
            {
                press.tell(watcher, Telling::Line, None, self.sees(pair));
            }
        }
    }

    /// The presence that the watcher of a pair gets, by the rule book.
    pub(super) fn sees(&self, pair: Pair) -> Option<&Arc<Presence>> {
        let Pair { watcher, watched } = pair;
        let there = |id: AccountId| self.nodes.get(&id)?.online.as_deref();
        let (a, b) = (there(watcher)?, there(watched)?);
        let seen = watcher != watched
            && a.shown != Shown::NotYet
            && b.shown == Shown::Visible
            && roster::sees(a.lists(watched), b.lists(watcher), b.privacy());
        seen.then_some(&b.presence)
    }

    /// Everyone whom an account sees.
    pub(super) fn seen_by(&self, id: AccountId) -> Vec<Arc<Presence>> {
        let Some(online) = self.nodes.get(&id).and_then(|node| node.online.as_ref()) else {
            return Vec::new();
        };
        let pairs = online.contacts.iter().map(|contact| Pair {
            watcher: id,
            watched: contact.id,
        });
        pairs.filter_map(|pair| self.sees(pair).cloned()).collect()
    }

    /// An account, seen from each of its watchers.
    pub(super) fn watchers_of(&self, id: AccountId) -> Vec<Pair> {
        let watchers = self.nodes.get(&id).map_or(&[][..], |node| &node.watchers);
        watchers
            .iter()
            .map(|&watcher| Pair {
                watcher,
                watched: id,
            })
            .collect()
    }

    /// `ADL 0` or `RML 0`, and `NOT`, to an account that was added or removed.
    pub(super) fn tell_of_addition(
        &mut self,
        by: &Account,
        whom: AccountId,
        addition: Addition,
        now: Timestamp,
    ) {
        let name = self
            .online(by.id)
            .map(|online| online.presence.name.clone());
        let name = name
            .or_else(|| FriendlyName::from_text(&by.name))
            .unwrap_or_else(|| FriendlyName::of_handle(&by.handle));
        let Some(online) = self.online(whom) else {
            return;
        };
        let change = render::addition(addition, &by.handle, &name, online.dialect);
        let notice = render::address_book_changed(
            &online.presence.handle,
            whom.puid(),
            &ticks(now).to_string(),
            online.dialect,
        );
        for bytes in [change, notice] {
            // A full mailbox closes its connection; the address book has it all at the next sign-in.
            let _closing = online.mailbox.put(Event::Frozen(bytes));
        }
    }

    // ---- Nodes ---------------------------------------------------------------------------------

    pub(super) fn next_session(&mut self) -> u64 {
        self.sessions += 1;
        self.sessions
    }

    pub(super) fn signed_in(&self) -> usize {
        self.signed_in
    }

    /// Remembers the handle of an account that is about to be signed in or watched.
    pub(super) fn name(&mut self, id: AccountId, handle: Handle) {
        let node = self.nodes.entry(id).or_default();
        if node.handle.is_none() {
            node.handle = Some(handle.clone());
            self.ids.insert(handle, id);
        }
    }

    pub(super) fn id_of(&self, handle: &Handle) -> Option<AccountId> {
        self.ids.get(handle).copied()
    }

    /// Everybody who is signed in, in no order.
    pub(super) fn everybody(&self) -> impl Iterator<Item = (AccountId, &Online)> {
        self.nodes
            .iter()
            .filter_map(|(&id, node)| Some((id, node.online.as_deref()?)))
    }

    pub(super) fn online(&mut self, id: AccountId) -> Option<&mut Online> {
        self.nodes.get_mut(&id)?.online.as_deref_mut()
    }

    /// The account's session, if it still is this one.
    pub(super) fn session(&mut self, id: AccountId, session: u64) -> Option<&mut Online> {
        self.online(id).filter(|online| online.session == session)
    }

    pub(super) fn put_online(&mut self, id: AccountId, online: Online) {
        for contact in &online.contacts {
            if contact.view.lists().contains(Lists::FORWARD) {
                self.watch(id, contact.id);
            } else {
                self.forget_if_idle(contact.id);
            }
        }
        METRICS.sessions(online.dialect).increment(1);
        self.nodes.entry(id).or_default().online = Some(Box::new(online));
        self.signed_in += 1;
    }

    pub(super) fn take_online(&mut self, id: AccountId) -> Option<Box<Online>> {
        let online = self.nodes.get_mut(&id)?.online.take()?;
        self.signed_in -= 1;
        METRICS.sessions(online.dialect).decrement(1);
        for contact in &online.contacts {
            if contact.view.lists().contains(Lists::FORWARD) {
                self.unwatch(id, contact.id);
            }
        }
        self.forget_if_idle(id);
        Some(online)
    }

    /// Changes what a signed-in account holds about a contact, and who watches whom with it.
    pub(super) fn change_view(
        &mut self,
        owner: AccountId,
        contact: AccountId,
        change: impl FnOnce(&mut View),
    ) {
        let Some(online) = self.online(owner) else {
            return;
        };
        let place = online.contacts.binary_search_by_key(&contact, |c| c.id);
        let mut view = place.map_or(View::default(), |at| online.contacts[at].view);
        let watched = view.lists().contains(Lists::FORWARD);
        change(&mut view);
        match place {
            Ok(at) => online.contacts[at].view = view,
            Err(at) => online.contacts.insert(at, Contact { id: contact, view }),
        }
        match (watched, view.lists().contains(Lists::FORWARD)) {
            (false, true) => self.watch(owner, contact),
            (true, false) => self.unwatch(owner, contact),
            _ => self.forget_if_idle(contact),
        }
    }

    fn watch(&mut self, watcher: AccountId, watched: AccountId) {
        self.nodes
            .entry(watched)
            .or_default()
            .watchers
            .push(watcher);
    }

    fn unwatch(&mut self, watcher: AccountId, watched: AccountId) {
        if let Some(node) = self.nodes.get_mut(&watched)
            && let Some(at) = node.watchers.iter().position(|&id| id == watcher)
        {
            node.watchers.swap_remove(at);
        }
        self.forget_if_idle(watched);
    }

    fn forget_if_idle(&mut self, id: AccountId) {
        let idle = |node: &Node| node.online.is_none() && node.watchers.is_empty();
        if self.nodes.get(&id).is_some_and(idle)
            && let Some(Node {
                handle: Some(handle),
                ..
            }) = self.nodes.remove(&id)
        {
            // Another account may have taken the name of one that was deleted.
            if self.ids.get(&handle) == Some(&id) {
                self.ids.remove(&handle);
            }
        }
    }
}

impl Online {
    /// What this account holds about another.
    pub(super) fn lists(&self, other: AccountId) -> Lists {
        let place = self
            .contacts
            .binary_search_by_key(&other, |contact| contact.id);
        place.map_or(Lists::NONE, |at| self.contacts[at].view.lists())
    }

    /// Whether this account lets another see and call it.
    pub(super) fn allows(&self, other: AccountId) -> bool {
        roster::allows(self.lists(other), self.privacy())
    }

    fn privacy(&self) -> Privacy {
        self.privacy.unwrap_or_default()
    }

    /// Whether there is a contact, on whatever list.
    pub(super) fn knows(&self, other: AccountId) -> bool {
        self.contacts
            .binary_search_by_key(&other, |contact| contact.id)
            .is_ok()
    }

    pub(super) fn member(&self) -> Member {
        let Presence {
            handle,
            name,
            capabilities,
            ..
        } = &*self.presence;
        Member {
            handle: handle.clone(),
            name: name.clone(),
            capabilities: *capabilities,
        }
    }
}

impl Shown {
    pub(super) fn by(status: Status) -> Self {
        if status == Status::Hidden {
            Self::Hidden
        } else {
            Self::Visible
        }
    }
}
