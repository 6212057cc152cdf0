//! Offline messages: who takes them from whom, and what a session knows of its account's mailbox, so
//! that it hears of each message once (services-oim, 5 and 9).
//!
//! ```text
//!   Unread ----read from the store----> Known ----first CHG----> Told
//!     what comes is kept aside            what comes is added      what comes is told at once
//! ```
//!
//! A message is told to the directory after it was stored, so the two may pass one another: by the
//! number up to which the mailbox was read, a session knows what it has seen already.

use msnp::message::offline::{MailData, MailId};
use msnp::roster;
use msnp::server::{Event, render};

use super::graph::Stored;
use super::{Directory, SessionId};
use crate::store::account::AccountId;
use crate::store::offline_messages::{MailRecipient, MailSnapshot, NumberedMail};

impl Directory {
    /// Gives a session what is in its mailbox. To be read from the store after the sign-in, like the
    /// lists.
    pub fn fill_mail(&self, id: AccountId, session: SessionId, snapshot: MailSnapshot) {
        if let Some(online) = self.graph.lock().session(id, session.0) {
            online.mail.read(snapshot);
        }
    }

    /// What is in the mailbox, for the notification that follows the first `CHG`. From now on the
    /// session is told of each message as it comes.
    pub fn tell_mail(&self, id: AccountId, session: SessionId) -> MailData {
        let mut graph = self.graph.lock();
        let online = graph.session(id, session.0);
        online.map_or_else(MailData::default, |online| online.mail.tell())
    }

    /// Whether an account takes offline messages from another: by what its session says if it is
    /// signed in, else by what is stored.
    pub fn takes_mail(&self, recipient: &MailRecipient, sender: AccountId) -> bool {
        let mut graph = self.graph.lock();
        match graph.online(recipient.id) {
            Some(online) if online.lists == Stored::Read => online.allows(sender),
            _ => roster::allows(recipient.lists, recipient.privacy),
        }
    }

    /// An offline message was stored.
    pub fn mail_arrived(&self, recipient: AccountId, mail: &NumberedMail) {
        let mut graph = self.graph.lock();
        let Some(online) = graph.online(recipient) else {
            return;
        };
        if online.mail.arrived(mail) == Tell::Now {
            let notice = render::mail_arrived(&mail.summary, online.dialect);
            // A full mailbox closes its connection; the message is told of at the next sign-in.
            let _closing = online.mailbox.put(Event::Frozen(notice));
        }
    }

    /// An offline message was marked as read.
    pub fn mail_marked_read(&self, owner: AccountId, id: MailId) {
        if let Some(online) = self.graph.lock().online(owner) {
            online.mail.marked_read(id);
        }
    }

    /// Offline messages were deleted.
    pub fn mails_deleted(&self, owner: AccountId, ids: &[MailId]) {
        let mut graph = self.graph.lock();
        let Some(online) = graph.online(owner).filter(|_| !ids.is_empty()) else {
            return;
        };
        if online.mail.deleted(ids) == Tell::Now {
            let notice = render::mails_deleted(ids.len(), online.dialect);
            let _closing = online.mailbox.put(Event::Frozen(notice));
        }
    }
}

/// What a session knows, and is told of next.
#[derive(Debug)]
pub(super) enum MailView {
    /// The session is signing in.
    Unread(Box<Meanwhile>),
    /// Read, and told at the first `CHG`.
    Known(Box<MailSnapshot>),
    /// The session was told of everything up to this number, and hears of what comes.
    Told {
        /// See [`MailSnapshot::up_to`].
        up_to: i64,
    },
}

/// What happened while the mailbox was being read.
#[derive(Debug, Default)]
pub(super) struct Meanwhile {
    arrived: Vec<NumberedMail>,
    deleted: Vec<MailId>,
    marked_read: Vec<MailId>,
}

/// Whether a session is to be told now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tell {
    /// By a notice of its own.
    Now,
    /// It has seen it, or will with the rest.
    WithTheRest,
}

impl MailView {
    /// The view of a session that begins.
    pub(super) fn unread() -> Self {
        Self::Unread(Box::default())
    }

    /// The mailbox was read.
    pub(super) fn read(&mut self, snapshot: MailSnapshot) {
        let Self::Unread(meanwhile) = self else {
            return;
        };
        let meanwhile = std::mem::take(meanwhile);
        *self = Self::Known(Box::new(snapshot));
        for mail in meanwhile.arrived {
            self.arrived(&mail);
        }
        self.deleted(&meanwhile.deleted);
        for id in meanwhile.marked_read {
            self.marked_read(id);
        }
    }

    /// The first `CHG`: everything there is.
    pub(super) fn tell(&mut self) -> MailData {
        // Of a mailbox that nobody reads there is what came.
        self.read(MailSnapshot::default());
        match self {
            Self::Known(snapshot) => {
                let MailSnapshot { data, up_to } = std::mem::take(&mut **snapshot);
                *self = Self::Told { up_to };
                data
            }
            Self::Unread(_) | Self::Told { .. } => MailData::default(),
        }
    }

    /// A message was stored.
    pub(super) fn arrived(&mut self, mail: &NumberedMail) -> Tell {
        match self {
            Self::Unread(meanwhile) => meanwhile.arrived.push(mail.clone()),
            Self::Known(snapshot) if mail.number > snapshot.up_to => {
                snapshot.data.add(mail.summary.clone());
            }
            Self::Told { up_to } if mail.number > *up_to => return Tell::Now,
            Self::Known(_) | Self::Told { .. } => {}
        }
        Tell::WithTheRest
    }

    /// Messages were deleted.
    pub(super) fn deleted(&mut self, ids: &[MailId]) -> Tell {
        match self {
            Self::Unread(meanwhile) => meanwhile.deleted.extend(ids),
            Self::Known(snapshot) => ids.iter().for_each(|&id| snapshot.data.remove(id)),
            Self::Told { .. } => return Tell::Now,
        }
        Tell::WithTheRest
    }

    /// A message was read. No session is told: it is their own client that read it.
    pub(super) fn marked_read(&mut self, id: MailId) {
        match self {
            Self::Unread(meanwhile) => meanwhile.marked_read.push(id),
            Self::Known(snapshot) => snapshot.data.mark_read(id),
            Self::Told { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use msnp::message::offline::MailSummary;
    use msnp::soap::guid::Guid;
    use msnp::soap::timestamp::Timestamp;

    use super::*;

    fn id(number: i64) -> MailId {
        MailId(Guid::from_u128(number.unsigned_abs().into()))
    }

    fn mail(number: i64) -> NumberedMail {
        NumberedMail {
            number,
            summary: MailSummary {
                id: id(number),
                sender: "bob@example.com".parse().unwrap(),
                name: "Bob".to_owned(),
                received: Timestamp::from_ticks(number),
                is_read: false,
                size: 1,
            },
        }
    }

    fn snapshot(numbers: &[i64], up_to: i64) -> MailSnapshot {
        MailSnapshot {
            data: MailData::of(numbers.iter().map(|&n| mail(n).summary).collect()),
            up_to,
        }
    }

    fn numbers(data: MailData) -> Vec<i64> {
        match data {
            MailData::Mails(mails) => mails.iter().map(|mail| mail.received.ticks()).collect(),
            MailData::TooLarge => vec![-1],
        }
    }

    #[test]
    fn whatever_happens_when_each_message_is_told_once() {
        // Message 3 is stored at every moment that there is, and told of at any later one: before or
        // after the mailbox is read (with it or without it), before or after the first CHG.
        for read_with_it in [true, false] {
            for told_at in 0..3 {
                let mut view = MailView::unread();
                let mut live = Vec::new();
                let mut tell = |view: &mut MailView, moment| {
                    if moment == told_at && view.arrived(&mail(3)) == Tell::Now {
                        live.push(3);
                    }
                };
                tell(&mut view, 0);
                view.read(match read_with_it {
                    true => snapshot(&[1, 2, 3], 3),
                    false => snapshot(&[1, 2], 2),
                });
                tell(&mut view, 1);
                let mut seen = numbers(view.tell());
                tell(&mut view, 2);
                seen.extend(live);
                assert_eq!(seen, [1, 2, 3], "{read_with_it} {told_at}");
            }
        }
    }

    #[test]
    fn what_was_deleted_or_read_meanwhile_is_known() {
        let mut view = MailView::unread();
        assert_eq!(view.deleted(&[id(1)]), Tell::WithTheRest);
        view.marked_read(id(2));
        view.read(snapshot(&[1, 2, 3, 4], 4));
        view.deleted(&[id(4)]);
        view.marked_read(id(3));
        let MailData::Mails(mails) = view.tell() else {
            panic!("too large");
        };
        let states: Vec<_> = mails.iter().map(|mail| (mail.id, mail.is_read)).collect();
        assert_eq!(states, [(id(2), true), (id(3), true)]);
        assert_eq!(view.deleted(&[id(2)]), Tell::Now);
    }

    #[test]
    fn a_mailbox_that_nobody_reads_has_what_came() {
        let mut view = MailView::unread();
        view.arrived(&mail(7));
        assert_eq!(numbers(view.tell()), [7]);
        assert_eq!(numbers(view.tell()), [0; 0], "told once");
        view.read(snapshot(&[9], 9));
        assert_eq!(view.arrived(&mail(8)), Tell::Now, "too late for a snapshot");
    }
}
