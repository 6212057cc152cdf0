//! The driver: carries out what a session decides, as far as memory goes.
//!
//! ```text
//!   input -> session -> effects -> directory, conversations -> answers -> session ...
//!                          |
//!                          +-> bytes to write, or one question that only the store can answer
//! ```
//!
//! It knows neither sockets nor the database, so transcripts run through it as they do through a
//! connection. What a session holds elsewhere (its place in the directory, its seat in a
//! conversation) is given back by dropping the driver, or as soon as the session closes.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use msnp::error::ErrorCode;
use msnp::handle::Handle;
use msnp::proof::tweener::Ticket;
use msnp::roster::Lists;
use msnp::server::{
    Answer, Closing, Edit, Effect, Event, Input, ListEdit, Referral, Refusal, Session, Showing,
    Welcome, render,
};
use msnp::wire::command::list::{Network, Occasion, Query};
use msnp::wire::line::Codec;
use msnp::wire::param::{Param, TrId};
use msnp::wire::version::{Dialect, Version};

use crate::conversation::{Room, Seat};
use crate::directory::SessionId;
use crate::mailbox::{Mailbox, Overflow, Post, Receipt};
use crate::metrics::METRICS;
use crate::node::{ConnectionId, Node};
use crate::store::account::{Account, AccountId};
use crate::store::offline_messages::MailSnapshot;
use crate::store::roster::SessionRoster;
use crate::wire_log::WireLog;

/// A session, and what it holds elsewhere.
#[derive(Debug)]
pub struct Driver {
    node: Arc<Node>,
    id: ConnectionId,
    session: Session,
    mailbox: Arc<Mailbox>,
    address: Param,
    peer_ip: IpAddr,
    peer_port: u16,
    /// Whose session it is, or was.
    account: Option<Handle>,
    /// Which version it speaks, or spoke.
    version: Option<Version>,
    signed_in: Option<SignedIn>,
    /// On the heap, since most connections have none.
    seat: Option<Box<Seat>>,
    /// Whether those who are talked to keep up.
    room: Room,
}

/// What there is to do for the connection.
#[derive(Debug, Default)]
pub struct Output {
    /// To be written, in order.
    pub bytes: VecDeque<Bytes>,
    /// To be told when all of `bytes` was written.
    pub receipts: Vec<Receipt>,
    /// How many commands caused it.
    pub commands: usize,
    /// Close when all of `bytes` was written, for this reason.
    pub closing: Option<Closing>,
}

/// What only the store knows. Nothing else may be fed to the driver until it is answered.
#[derive(Debug)]
pub enum Ask {
    /// Whose ticket is this, and is it shown as it must be?
    Verify {
        /// Whose it should be.
        handle: Handle,
        /// The ticket.
        ticket: Ticket,
        /// How it is shown, to be held against the ticket's secret.
        showing: Showing,
        /// For [`Driver::sign_in`].
        dialect: &'static Dialect,
    },
    /// Which accounts are these?
    Accounts {
        /// All that were named.
        named: Vec<Handle>,
        /// For [`Driver::found`].
        purpose: Purpose,
    },
}

/// What the accounts are looked for.
#[derive(Debug)]
pub enum Purpose {
    /// `ADL` or `RML`.
    Edit(ListEdit),
    /// `FQY`.
    Find {
        /// The command to answer.
        trid: TrId,
        /// What was asked.
        query: Query,
    },
}

/// A place in the directory, given back when dropped.
#[derive(Debug)]
struct SignedIn {
    node: Arc<Node>,
    account: AccountId,
    session: SessionId,
}

impl Drop for SignedIn {
    fn drop(&mut self) {
        self.node.directory.sign_out(self.account, self.session);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.mailbox.close();
        self.node.forget(self.id);
    }
}

impl Driver {
    pub(crate) fn new(
        node: Arc<Node>,
        id: ConnectionId,
        session: Session,
        mailbox: Arc<Mailbox>,
        address: Param,
        peer: SocketAddr,
    ) -> Self {
        Self {
            node,
            id,
            session,
            mailbox,
            address,
            peer_ip: peer.ip(),
            peer_port: peer.port(),
            account: None,
            version: None,
            signed_in: None,
            seat: None,
            room: Room::Enough,
        }
    }

    /// Where post for this connection waits.
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// The number of the connection, for the log.
    pub fn id(&self) -> ConnectionId {
        self.id
    }

    /// How the client's bytes are cut into lines.
    pub fn codec(&self) -> Codec {
        self.node.codec()
    }

    /// Where the client connects from.
    pub fn peer(&self) -> SocketAddr {
        SocketAddr::new(self.peer_ip, self.peer_port)
    }

    /// Whose session it is, once that was claimed.
    pub fn account(&self) -> Option<&Handle> {
        self.account.as_ref()
    }

    /// Whose connections are written down.
    pub fn wire_log(&self) -> &WireLog {
        &self.node.wire_log
    }

    /// Which version its client speaks, once that was agreed.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// When the session wants [`Input::Timer`].
    pub fn wake_at(&self) -> Option<Instant> {
        self.session.wake_at()
    }

    /// How long a client may be silent in the middle of a command.
    pub fn rest_deadline(&self) -> Duration {
        self.node.rest_deadline()
    }

    /// How long a client may take over a portion of what it is sent.
    pub fn unread_deadline(&self) -> Duration {
        self.node.unread_deadline()
    }

    /// Whether others keep up with what the client says. When they do not, nothing more is to be fed
    /// from it until [`Driver::poll_room`] is ready.
    pub fn room(&self) -> Room {
        self.room
    }

    /// Ready when the client may say more.
    pub fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let (Room::Short, Some(seat)) = (self.room, &self.seat) {
            ready!(seat.poll_room(cx));
        }
        self.room = Room::Enough;
        Poll::Ready(())
    }

    /// Feeds the session one input.
    pub fn feed(&mut self, now: Instant, input: Input, out: &mut Output) -> Option<Ask> {
        let mut effects = Vec::new();
        let session = std::mem::replace(&mut self.session, Session::Closed);
        self.session = session.handle(now, input, &mut effects);
        if self.account.is_none() {
            self.account = self.session.account().cloned();
        }
        if self.version.is_none() {
            self.version = self.session.version();
        }
        let mut ask = None;
        for effect in effects {
            // A session asks one thing at a time, and asks it last.
            ask = self.carry_out(now, effect, out);
        }
        ask
    }

    /// Feeds the session its post.
    pub fn deliver(
        &mut self,
        now: Instant,
        (posts, overflow): (Vec<Post>, Overflow),
        out: &mut Output,
    ) {
        for Post { event, receipt } in posts {
            if out.closing.is_some() {
                // Dropped receipts tell their senders.
                return;
            }
            // No event makes a session ask the store anything.
            let _none = self.feed(now, Input::Event(event), out);
            out.receipts.extend(receipt);
        }
        if overflow == Overflow::Yes && out.closing.is_none() {
            METRICS.mailbox_overflows.increment(1);
            self.close(Closing::Fault("does not read what it is sent".into()), out);
        }
    }

    /// Nothing more will come from this session: gives back its places at once, so that nobody
    /// waits for its last bytes.
    pub fn close(&mut self, closing: Closing, out: &mut Output) {
        self.session = Session::Closed;
        self.signed_in = None;
        self.seat = None;
        out.closing.get_or_insert(closing);
    }

    /// The ticket of [`Ask::Verify`] is good: takes the account's place in the directory. Its lists
    /// are to be read from the store after this.
    pub fn sign_in(&mut self, account: &Account, dialect: &'static Dialect) -> AccountId {
        let mailbox = Arc::clone(&self.mailbox);
        let session = self
            .node
            .directory
            .sign_in(account, dialect, self.address.clone(), mailbox);
        self.signed_in = Some(SignedIn {
            node: Arc::clone(&self.node),
            account: account.id,
            session,
        });
        if let Some(minutes) = self.node.maintenance.minutes_left(Timestamp::now()) {
            // Read when the sign-in is done. A mailbox that was just made has room.
            let notice = render::going_down(minutes, dialect);
            let _room = self.mailbox.put(Event::Frozen(notice));
        }
        account.id
    }

    /// What is in the mailbox of whoever [signed in](Self::sign_in): read after that, and handed over
    /// before [`Driver::verified`].
    pub fn fill_mail(&mut self, snapshot: MailSnapshot) {
        if let Some(place) = &self.signed_in {
            let directory = &self.node.directory;
            directory.fill_mail(place.account, place.session, snapshot);
        }
    }

    /// Completes [`Ask::Verify`].
    pub fn verified(
        &mut self,
        now: Instant,
        outcome: Result<(Box<Welcome>, SessionRoster), Refusal>,
        out: &mut Output,
    ) -> Option<Ask> {
        let outcome = match (outcome, &self.signed_in) {
            (
                Ok((welcome, roster)),
                Some(SignedIn {
                    account, session, ..
                }),
            ) => {
                self.node.directory.fill(*account, *session, roster);
                Ok(welcome)
            }
            (Ok(_), None) => Err(Refusal::Internal),
            (Err(refusal), _) => {
                self.signed_in = None;
                Err(refusal)
            }
        };
        self.feed(now, Input::Answer(Answer::Verified(outcome)), out)
    }

    /// Completes [`Ask::Accounts`]: `found` are those of the named that exist. An error means that
    /// the store could not be asked.
    pub fn found(
        &mut self,
        now: Instant,
        purpose: Purpose,
        found: Result<Vec<(Handle, AccountId)>, ErrorCode>,
        out: &mut Output,
    ) -> Option<Ask> {
        let answer = match (purpose, found) {
            (Purpose::Edit(ListEdit { trid, edit, .. }), Err(code)) => Answer::Edited {
                trid,
                edit,
                outcome: Err(code),
            },
            (Purpose::Find { trid, query }, Err(_)) => Answer::Found { trid, query },
            (Purpose::Edit(edit), Ok(found)) => {
                let mut known = self.known(&edit);
                known.extend(found);
                self.edit(edit, &known)
            }
            (Purpose::Find { trid, query }, Ok(found)) => {
                found_of(trid, query, &found.into_iter().collect())
            }
        };
        self.feed(now, Input::Answer(answer), out)
    }

    fn carry_out(&mut self, now: Instant, effect: Effect, out: &mut Output) -> Option<Ask> {
        let answer = match effect {
            Effect::Send(bytes) => {
                out.bytes.push_back(bytes);
                return None;
            }
            Effect::Close(closing) => {
                self.close(closing, out);
                return None;
            }
            Effect::Verify {
                handle,
                ticket,
                showing,
                dialect,
            } => {
                return Some(Ask::Verify {
                    handle,
                    ticket,
                    showing,
                    dialect,
                });
            }
            Effect::EditLists(edit) => {
                let known = self.known(&edit);
                let handles = edit.contacts.iter().map(|(handle, _)| handle);
                if handles.clone().any(|handle| !known.contains_key(handle)) {
                    return Some(Ask::Accounts {
                        named: handles.cloned().collect(),
                        purpose: Purpose::Edit(edit),
                    });
                }
                self.edit(edit, &known)
            }
            Effect::Find { trid, query } => {
                let handles = query.contacts.iter();
                let handles: Vec<_> = handles.filter_map(|c| c.handle().ok()).collect();
                let known = self.node.directory.signed_in_of(handles.iter().cloned());
                if handles.iter().any(|handle| !known.contains_key(handle)) {
                    return Some(Ask::Accounts {
                        named: handles,
                        purpose: Purpose::Find { trid, query },
                    });
                }
                found_of(trid, query, &known)
            }
            Effect::SetPrivacy(privacy) => {
                let place = self.signed_in.as_ref()?;
                self.node
                    .directory
                    .set_privacy(place.account, place.session, privacy);
                return None;
            }
            Effect::Appear(appearance) => {
                let place = self.signed_in.as_ref()?;
                let directory = &self.node.directory;
                let seen = directory.appear(place.account, place.session, &appearance)?;
                let mail = directory.tell_mail(place.account, place.session);
                Answer::Burst { seen, mail }
            }
            Effect::Rename(name) => {
                let place = self.signed_in.as_ref()?;
                self.node
                    .directory
                    .rename(place.account, place.session, name);
                return None;
            }
            Effect::Publish(data) => {
                let place = self.signed_in.as_ref()?;
                self.node
                    .directory
                    .publish(place.account, place.session, data);
                return None;
            }
            Effect::TakeCalls(calls) => {
                let place = self.signed_in.as_ref()?;
                self.node
                    .directory
                    .take_calls(place.account, place.session, calls);
                return None;
            }
            Effect::OpenSwitchboard { trid } => Answer::Switchboard {
                trid,
                outcome: self.open_switchboard(now),
            },
            Effect::Hand {
                trid,
                to,
                kind,
                data,
            } => {
                let place = self.signed_in.as_ref()?;
                let outcome = self.node.directory.hand(place.account, &to, kind, &data);
                Answer::Handed { trid, outcome }
            }
            Effect::Enter {
                trid,
                handle,
                cookie,
            } => {
                let entered = self
                    .node
                    .conversations
                    .enter(&handle, &cookie, &self.mailbox, now);
                let entered = entered.map(|(seat, admitted)| {
                    self.seat = Some(Box::new(seat));
                    admitted
                });
                Answer::Entered { trid, entered }
            }
            Effect::Join {
                trid,
                handle,
                cookie,
                conversation,
            } => {
                let conversations = &self.node.conversations;
                let joined = conversations.join(&handle, &cookie, conversation, &self.mailbox, now);
                let outcome = joined.map(|(seat, admitted, there)| {
                    self.seat = Some(Box::new(seat));
                    (admitted, there)
                });
                Answer::Joined { trid, outcome }
            }
            Effect::Call { trid, handle } => {
                let seat = self.seat.as_mut()?;
                let outcome = seat.call(&handle, &self.node.directory, now);
                Answer::Called { trid, outcome }
            }
            Effect::Relay { trid, ack, message } => {
                METRICS.messages.increment(1);
                METRICS.message_bytes.increment(message.len() as u64);
                self.room = self.seat.as_ref()?.relay(trid, ack, &message);
                return None;
            }
            Effect::AskCompany => Answer::Company(self.seat.as_ref()?.company(now)),
            Effect::EndConversation => {
                self.seat.as_ref()?.end_conversation();
                return None;
            }
        };
        self.feed(now, Input::Answer(answer), out)
    }

    fn open_switchboard(&self, now: Instant) -> Result<Referral, ErrorCode> {
        let SignedIn { node, account, .. } = self
            .signed_in
            .as_ref()
            .ok_or(ErrorCode::SwitchboardFailed)?;
        let (member, dialect) = node
            .directory
            .caller(*account)
            .ok_or(ErrorCode::SwitchboardFailed)?;
        let cookie = node.conversations.admit(*account, member, dialect, now);
        Ok(Referral {
            address: self.address.clone(),
            cookie,
        })
    }

    /// Those of an `ADL` or `RML` whom the directory knows. To add somebody they must be there now:
    /// whom others have on their lists the operator may have disabled or deleted since.
    fn known(&self, edit: &ListEdit) -> HashMap<Handle, AccountId> {
        let handles = edit.contacts.iter().map(|(handle, _)| handle.clone());
        let directory = &self.node.directory;
        match (edit.edit, edit.occasion) {
            (Edit::Add, Occasion::Change) => directory.signed_in_of(handles),
            (Edit::Add, Occasion::Initial) | (Edit::Remove, _) => directory.find(handles),
        }
    }

    /// `ADL` and `RML`.
    fn edit(&self, edit: ListEdit, known: &HashMap<Handle, AccountId>) -> Answer {
        let ListEdit {
            trid,
            edit,
            occasion,
            contacts,
        } = edit;
        let mut there: Vec<(AccountId, Handle, Lists)> = Vec::with_capacity(contacts.len());
        let mut missing = None;
        for (handle, lists) in contacts {
            match known.get(&handle) {
                Some(&id) => there.push((id, handle, lists)),
                None => missing = Some(handle),
            }
        }
        let outcome = match (&self.signed_in, missing, edit, occasion) {
            // A list at sign-in never fails for one contact, and taking off who is not there is done
            // already (RULINGS).
            (_, Some(_), Edit::Add, Occasion::Change) => Err(ErrorCode::NoSuchAccount),
            (
                Some(SignedIn {
                    node,
                    account,
                    session,
                }),
                ..,
            ) => node.directory.edit_lists(*account, *session, edit, &there),
            (None, ..) => Err(ErrorCode::Internal),
        };
        Answer::Edited {
            trid,
            edit,
            outcome,
        }
    }
}

/// `FQY`: the accounts that there are have a network.
fn found_of(trid: TrId, mut query: Query, known: &HashMap<Handle, AccountId>) -> Answer {
    for contact in &mut query.contacts {
        let exists = contact.handle().is_ok_and(|h| known.contains_key(&h));
        contact.network = exists.then_some(Network::Messenger);
    }
    Answer::Found { trid, query }
}
