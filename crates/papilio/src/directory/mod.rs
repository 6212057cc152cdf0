//! The directory: who is signed in here, who watches whom, and how anything reaches them
//! (wire-msnp13, 5, "Who sees whom"; DESIGN, 2.5).
//!
//! ```text
//!   session (CHG, PRP, UUX, BLP, ADL ...) --+                        +--> mailbox of each watcher
//!                                           +--> graph: before/after --+
//!   address book and sharing services ------+    by msnp::roster     +--> mailbox of each contact
//! ```
//!
//! Every change is one step under one lock: for the pairs of accounts that it can touch, ask the
//! rule book before and after, and tell each watcher the difference. So no order of events can leave
//! somebody seeing what they may not, and what a change costs follows the number of its watchers.
//! Nothing here waits: the lock is never held across an await, and mailboxes never block.

mod graph;
mod mail;
mod onlookers;
mod press;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use msnp::error::ErrorCode;
use msnp::handle::Handle;
use msnp::presence::{Capabilities, FriendlyName, Status, UserData};
use msnp::roster::{Lists, Privacy, View};
use msnp::server::render::{self, Addition};
use msnp::server::{Appearance, Edit, Event, Presence};
use msnp::wire::command::service::Calls;
use msnp::wire::command::switchboard::Member;
use msnp::wire::param::Param;
use msnp::wire::version::Dialect;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::mailbox::Mailbox;
use crate::store::account::{Account, AccountId};
use crate::store::roster::{RosterChange, SessionRoster};
use graph::{Graph, Online, Pair, Shown, Stored};
use mail::MailView;
pub use onlookers::{Coming, Going, SignedInSession};
use press::Telling;

/// One sign-in of one account. A session that was taken over keeps its number and can do nothing
/// with it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub u64);

/// The largest number of contacts on each list of a session's view. 0 = no limit.
#[derive(Clone, Copy, Debug)]
pub struct ListLimits {
    /// FL.
    pub forward: usize,
    /// AL.
    pub allow: usize,
    /// BL.
    pub block: usize,
}

/// See the module.
#[derive(Debug)]
pub struct Directory {
    graph: Mutex<Graph>,
    limits: Mutex<ListLimits>,
    /// Those who want to know who comes and goes.
    onlookers: broadcast::Sender<Going>,
}

/// The phone of an invited account, found by [`Directory::reach`].
#[derive(Debug)]
pub struct Reached {
    /// Who is invited.
    pub account: AccountId,
    /// As they are now known to others.
    pub member: Member,
    /// How their session talks.
    pub dialect: &'static Dialect,
    /// Where the `RNG` goes.
    pub mailbox: Arc<Mailbox>,
    /// Whether they take calls (`IMS`).
    pub calls: Calls,
    /// The address by which they reach this node.
    pub address: Param,
}

impl Directory {
    /// An empty directory.
    pub fn new(limits: ListLimits) -> Self {
        Self {
            graph: Mutex::default(),
            limits: Mutex::new(limits),
            onlookers: broadcast::Sender::new(ONLOOKERS_BEHIND),
        }
    }

    /// Lets other limits hold for changes from now on.
    pub fn change_limits(&self, limits: ListLimits) {
        *self.limits.lock() = limits;
    }

    // ---- Coming and going ----------------------------------------------------------------------

    /// Signs an account in, invisible until its first `CHG`, and knowing nobody until
    /// [`Directory::fill`]. A session of the account that was here is told that it was taken over,
    /// and its watchers that it is gone.
    ///
    /// `address` is the one by which its client reaches this node.
    pub fn sign_in(
        &self,
        account: &Account,
        dialect: &'static Dialect,
        address: Param,
        mailbox: Arc<Mailbox>,
    ) -> SessionId {
        let name = FriendlyName::from_text(&account.name);
        let presence = Presence {
            handle: account.handle.clone(),
            name: name.unwrap_or_else(|| FriendlyName::of_handle(&account.handle)),
            status: Status::Online,
            capabilities: Capabilities::NONE,
            object: None,
            data: None,
        };
        let mut graph = self.graph.lock();
        let session = graph.next_session();
        let online = Online {
            session,
            mailbox,
            address,
            dialect,
            privacy: None,
            contacts: Vec::new(),
            presence: Arc::new(presence),
            shown: Shown::NotYet,
            calls: Calls::On,
            epoch: account.epoch,
            lists: Stored::Unread,
            mail: MailView::unread(),
        };
        let pairs = graph.watchers_of(account.id);
        let old = graph.step(&pairs, Telling::Line, |graph| {
            let old = graph.take_online(account.id);
            graph.name(account.id, account.handle.clone());
            graph.put_online(account.id, online);
            old
        });
        drop(graph);
        if let Some(old) = old {
            self.tell_of_going(SessionId(old.session), account.handle.clone());
            // A full mailbox closes its connection, which is what the event is for.
            let _closing = old.mailbox.put(Event::SignedInElsewhere);
        }
        self.tell_of_coming(SessionId(session), account.handle.clone(), dialect);
        SessionId(session)
    }

    /// Gives a session its stored lists. To be read from the store after the sign-in, so that no
    /// change can fall between: what [`Directory::apply`] told in the meantime is newer and stays.
    pub fn fill(&self, id: AccountId, session: SessionId, roster: SessionRoster) {
        let mut graph = self.graph.lock();
        let Some(online) = graph.session(id, session.0) else {
            return;
        };
        online.lists = Stored::Read;
        online.privacy.get_or_insert(roster.privacy);
        online.contacts.reserve_exact(roster.contacts.len());
        for (contact, handle, lists) in roster.contacts {
            graph.name(contact, handle);
            if graph
                .online(id)
                .is_some_and(|online| !online.knows(contact))
            {
                graph.change_view(id, contact, |view| *view = View::of_stored(lists));
            }
        }
    }

    /// The session is over: its watchers see the account leave. Does nothing after a take-over.
    pub fn sign_out(&self, id: AccountId, session: SessionId) {
        let mut graph = self.graph.lock();
        if graph.session(id, session.0).is_none() {
            return;
        }
        let pairs = graph.watchers_of(id);
        let gone = graph.step(&pairs, Telling::Line, |graph| graph.take_online(id));
        drop(graph);
        if let Some(gone) = gone {
            self.tell_of_going(session, gone.presence.handle.clone());
        }
    }

    /// Ends the sessions of an account that began before an epoch; how many there were. Their
    /// watchers see the account leave, and they are told.
    pub fn end_sessions(&self, id: AccountId, before: i64) -> usize {
        let mut graph = self.graph.lock();
        if graph.online(id).is_none_or(|online| online.epoch >= before) {
            return 0;
        }
        let pairs = graph.watchers_of(id);
        let gone = graph.step(&pairs, Telling::Line, |graph| graph.take_online(id));
        drop(graph);
        let ended = gone.map(|online| {
            self.tell_of_going(SessionId(online.session), online.presence.handle.clone());
            // A full mailbox closes its connection, which is what the event is for.
            let _closing = online.mailbox.put(Event::SignedOut);
        });
        ended.iter().len()
    }

    // ---- What a session says of itself ---------------------------------------------------------

    /// `CHG`. At the first of a session, returns everyone whom the account sees, to be shown in the
    /// initial burst; `None` later, and after a take-over.
    pub fn appear(
        &self,
        id: AccountId,
        session: SessionId,
        appearance: &Appearance,
    ) -> Option<Vec<Arc<Presence>>> {
        let mut graph = self.graph.lock();
        let first = graph.session(id, session.0)?.shown == Shown::NotYet;
        let pairs = graph.watchers_of(id);
        graph.step(&pairs, Telling::Line, |graph| {
            if let Some(online) = graph.session(id, session.0) {
                online.shown = Shown::by(appearance.status);
                let presence = Arc::make_mut(&mut online.presence);
                presence.status = appearance.status;
                presence.capabilities = appearance.capabilities;
                presence.object.clone_from(&appearance.object);
            }
        });
        first.then(|| graph.seen_by(id))
    }

    /// `PRP MFN`.
    pub fn rename(&self, id: AccountId, session: SessionId, name: FriendlyName) {
        self.change_presence(id, session, Telling::Line, |presence| presence.name = name);
    }

    /// `UUX`.
    pub fn publish(&self, id: AccountId, session: SessionId, data: UserData) {
        self.change_presence(id, session, Telling::Data, |presence| {
            presence.data = Some(Box::new(data));
        });
    }

    fn change_presence(
        &self,
        id: AccountId,
        session: SessionId,
        telling: Telling,
        change: impl FnOnce(&mut Presence),
    ) {
        let mut graph = self.graph.lock();
        let pairs = graph.watchers_of(id);
        graph.step(&pairs, telling, |graph| {
            if let Some(online) = graph.session(id, session.0) {
                change(Arc::make_mut(&mut online.presence));
            }
        });
    }

    /// `BLP`.
    pub fn set_privacy(&self, id: AccountId, session: SessionId, privacy: Privacy) {
        let mut graph = self.graph.lock();
        let pairs = graph.watchers_of(id);
        graph.step(&pairs, Telling::Line, |graph| {
            if let Some(online) = graph.session(id, session.0) {
                online.privacy = Some(privacy);
            }
        });
    }

    /// `ADL` and `RML`: changes the session's view, and nothing when a list would grow too long.
    ///
    /// Whoever was put on FL and can be seen is shown, even when they were seen already: a presence
    /// line that came before the `ADL` may have been ignored (wire-msnp13, 4, ADL).
    pub fn edit_lists(
        &self,
        id: AccountId,
        session: SessionId,
        edit: Edit,
        contacts: &[(AccountId, Handle, Lists)],
    ) -> Result<(), ErrorCode> {
        let mut graph = self.graph.lock();
        let Some(online) = graph.session(id, session.0) else {
            return Ok(());
        };
        let contacts = &merged(contacts);
        if edit == Edit::Add {
            self.limits.lock().check(online, contacts)?;
        }
        let mut pairs = Vec::with_capacity(contacts.len() * 2);
        for (contact, handle, _) in contacts {
            graph.name(*contact, handle.clone());
            pairs.push(Pair {
                watcher: id,
                watched: *contact,
            });
            pairs.push(Pair {
                watcher: *contact,
                watched: id,
            });
        }
        let shown_before: Vec<_> = contacts
            .iter()
            .filter(|(_, _, lists)| edit == Edit::Add && lists.contains(Lists::FORWARD))
            .map(|(contact, _, _)| Pair {
                watcher: id,
                watched: *contact,
            })
            .filter(|&pair| graph.sees(pair).is_some())
            .collect();
        graph.step(&pairs, Telling::Line, |graph| {
            for (contact, _, lists) in contacts {
                graph.change_view(id, *contact, |view| match edit {
                    Edit::Add => view.add(*lists),
                    Edit::Remove => view.remove(*lists),
                });
            }
        });
        graph.show_again(&shown_before);
        Ok(())
    }

    /// `IMS`.
    pub fn take_calls(&self, id: AccountId, session: SessionId, calls: Calls) {
        if let Some(online) = self.graph.lock().session(id, session.0) {
            online.calls = calls;
        }
    }

    // ---- What others do ------------------------------------------------------------------------

    /// The address book or sharing service stored changes that `by` made. Presence follows at once,
    /// and those concerned are told (services-addressbook, 11).
    pub fn apply(&self, by: &Account, changes: Vec<RosterChange>, now: Timestamp) {
        let mut graph = self.graph.lock();
        for change in changes {
            match change {
                RosterChange::Lists {
                    owner,
                    contact,
                    lists,
                    touched,
                } => {
                    let pairs = [
                        Pair {
                            watcher: owner,
                            watched: contact,
                        },
                        Pair {
                            watcher: contact,
                            watched: owner,
                        },
                    ];
                    graph.step(&pairs, Telling::Line, |graph| {
                        graph.change_view(owner, contact, |view| view.store(lists, touched));
                    });
                }
                RosterChange::Privacy { owner, privacy } => {
                    let pairs = graph.watchers_of(owner);
                    graph.step(&pairs, Telling::Line, |graph| {
                        if let Some(online) = graph.online(owner) {
                            online.privacy = Some(privacy);
                        }
                    });
                }
                RosterChange::Added { adder: _, added } => {
                    graph.tell_of_addition(by, added, Addition::Added, now);
                }
                RosterChange::Removed {
                    remover: _,
                    removed,
                } => {
                    graph.tell_of_addition(by, removed, Addition::Removed, now);
                }
                // Told to the owner's other sessions; MSNP13 has but the one that made the change.
                RosterChange::AddressBook { owner: _ } => {}
            }
        }
    }

    /// The session of an account that may be called by `caller`: signed in, not hidden, and not
    /// blocking. Everything else looks the same: `None`.
    pub fn reach(&self, caller: AccountId, handle: &Handle) -> Option<Reached> {
        let mut graph = self.graph.lock();
        let account = graph.id_of(handle)?;
        let online = graph.online(account)?;
        let open = online.shown == Shown::Visible && online.allows(caller);
        open.then(|| Reached {
            account,
            member: online.member(),
            calls: online.calls,
            address: online.address.clone(),
            dialect: online.dialect,
            mailbox: Arc::clone(&online.mailbox),
        })
    }

    /// `UUN`: hands data to an account that may be called by the sender.
    pub fn hand(
        &self,
        from: AccountId,
        to: &Handle,
        kind: u32,
        data: &Bytes,
    ) -> Result<(), ErrorCode> {
        let reached = self.reach(from, to).ok_or(ErrorCode::NotOnline)?;
        let sender = self.member(from).ok_or(ErrorCode::NotOnline)?;
        let bytes = render::handed(&sender.handle, kind, data, reached.dialect);
        reached
            .mailbox
            .offer(Event::Frozen(bytes))
            .map_err(|_| ErrorCode::NotOnline)
    }

    // ---- What is known -------------------------------------------------------------------------

    /// As a signed-in account is known to others, and how its session talks: for `XFR SB`.
    pub fn caller(&self, id: AccountId) -> Option<(Member, &'static Dialect)> {
        self.graph
            .lock()
            .online(id)
            .map(|online| (online.member(), online.dialect))
    }

    /// As a signed-in account is known to others, whether or not it can be seen.
    pub fn member(&self, id: AccountId) -> Option<Member> {
        self.graph.lock().online(id).map(|online| online.member())
    }

    /// The accounts with these handles, as far as the directory knows them without asking the store:
    /// those who are signed in or watched.
    pub fn find(&self, handles: impl Iterator<Item = Handle>) -> HashMap<Handle, AccountId> {
        let graph = self.graph.lock();
        handles
            .filter_map(|handle| graph.id_of(&handle).map(|id| (handle, id)))
            .collect()
    }

    /// Those of [`Directory::find`] who are signed in.
    pub fn signed_in_of(
        &self,
        handles: impl Iterator<Item = Handle>,
    ) -> HashMap<Handle, AccountId> {
        let mut graph = self.graph.lock();
        let signed_in = |handle: Handle| {
            let id = graph.id_of(&handle)?;
            graph.online(id).map(|_| (handle, id))
        };
        handles.filter_map(signed_in).collect()
    }

    /// How many accounts are signed in.
    pub fn signed_in(&self) -> usize {
        self.graph.lock().signed_in()
    }
}

/// How many comings and goings an onlooker may be behind.
const ONLOOKERS_BEHIND: usize = 1024;

/// Each contact once, with all that was said of it: naming somebody a thousand times tells nobody
/// anything a thousand times.
fn merged(contacts: &[(AccountId, Handle, Lists)]) -> Vec<(AccountId, Handle, Lists)> {
    let mut places = HashMap::with_capacity(contacts.len());
    let mut merged: Vec<(AccountId, Handle, Lists)> = Vec::with_capacity(contacts.len());
    for (id, handle, lists) in contacts {
        let place = *places.entry(*id).or_insert(merged.len());
        match merged.get_mut(place) {
            Some((.., before)) => *before |= *lists,
            None => merged.push((*id, handle.clone(), *lists)),
        }
    }
    merged
}

impl ListLimits {
    fn check(
        self,
        online: &Online,
        contacts: &[(AccountId, Handle, Lists)],
    ) -> Result<(), ErrorCode> {
        let grows = |list: Lists, limit: usize| {
            let added = contacts
                .iter()
                .filter(|(id, _, lists)| lists.contains(list) && !online.lists(*id).contains(list))
                .count();
            let there = online
                .contacts
                .iter()
                .filter(|c| c.view.lists().contains(list))
                .count();
            limit != 0 && added > 0 && there + added > limit
        };
        let full = grows(Lists::FORWARD, self.forward)
            || grows(Lists::ALLOW, self.allow)
            || grows(Lists::BLOCK, self.block);
        if full {
            Err(ErrorCode::ListFull)
        } else {
            Ok(())
        }
    }
}
