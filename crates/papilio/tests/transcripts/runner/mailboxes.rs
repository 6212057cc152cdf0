//! The mailboxes of a pure run: what the store would keep of offline messages, in memory.

use std::collections::HashMap;

use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::message::offline::{MailData, MailId, OfflineMessage};
use msnp::soap::guid::Guid;
use msnp::soap::timestamp::Timestamp as Ticks;
use papilio::store::account::{Account, AccountId};
use papilio::store::offline_messages::{MailSnapshot, NumberedMail};

/// What waits for whom.
#[derive(Debug, Default)]
pub(crate) struct Mailboxes {
    mails: HashMap<AccountId, Vec<NumberedMail>>,
    last_number: i64,
}

impl Mailboxes {
    /// Keeps a message.
    pub(crate) fn keep(
        &mut self,
        sender: &Account,
        recipient: AccountId,
        to: &Handle,
        text: &str,
    ) -> NumberedMail {
        self.last_number += 1;
        let message = OfflineMessage {
            id: MailId(Guid::from_u128(self.last_number.unsigned_abs().into())),
            sender: sender.handle.clone(),
            name: sender.name.clone(),
            recipient: to.clone(),
            source: [192, 0, 2, 10].into(),
            proxy: "MSNMSGR".to_owned(),
            run: Guid::ZERO,
            sequence: 1,
            received: Ticks::from_ticks(Timestamp::now().as_second() * Ticks::PER_SECOND),
            text: text.to_owned().into(),
        };
        let mail = NumberedMail {
            number: self.last_number,
            summary: message.summary(),
        };
        self.mails.entry(recipient).or_default().push(mail.clone());
        mail
    }

    /// What a session begins with.
    pub(crate) fn snapshot(&self, owner: AccountId) -> MailSnapshot {
        let mails = self.mails.get(&owner).map_or(&[][..], Vec::as_slice);
        MailSnapshot {
            data: MailData::of(mails.iter().map(|mail| mail.summary.clone()).collect()),
            up_to: self.last_number,
        }
    }

    /// Marks everything as read.
    pub(crate) fn read(&mut self, owner: AccountId) -> Vec<MailId> {
        let mails = self.mails.entry(owner).or_default();
        mails
            .iter_mut()
            .for_each(|mail| mail.summary.is_read = true);
        mails.iter().map(|mail| mail.summary.id).collect()
    }

    /// Deletes everything.
    pub(crate) fn delete(&mut self, owner: AccountId) -> Vec<MailId> {
        let mails = self.mails.remove(&owner).unwrap_or_default();
        mails.iter().map(|mail| mail.summary.id).collect()
    }
}
