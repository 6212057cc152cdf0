//! Offline messages: what waits for whom (services-oim, 9).
//!
//! ```text
//!   Store           who would get it? (reads)   the rule book decides   one row more, with a number
//!   session starts  everything that waits, and the number of the last     (one moment)
//!   DeleteMessages  the row stays readable for a few minutes, then it expires
//! ```
//!
//! The numbers of one mailbox rise in the order of commits. So whoever has read a mailbox up to a
//! number knows of each message that they hear of later whether they have seen it already.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use msnp::handle::Handle;
use msnp::message::offline::{MailData, MailId, MailSummary, OfflineMessage};
use msnp::roster::{Lists, Privacy};
use msnp::soap::guid::Guid;
use msnp::soap::timestamp::Timestamp as Ticks;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::account::AccountId;
use super::roster::{privacy_of, ticks};
use super::{Store, StoreError, Writing};

/// Whoever a message is for, and what they hold about its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRecipient {
    /// Who.
    pub id: AccountId,
    /// Their address, in its canonical form.
    pub handle: Handle,
    /// What is stored about the sender of AL and BL.
    pub lists: Lists,
    /// BLP, as stored.
    pub privacy: Privacy,
}

/// How much may wait, and how long. `None` = no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailLimits {
    /// Messages in one mailbox.
    pub mailbox: Option<usize>,
    /// How long a message waits.
    pub lifetime: Option<Duration>,
}

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is on the disk.
    Yes(NumberedMail),
    /// The mailbox is full; nothing has changed.
    MailboxFull,
}

/// A message that was stored, with its number in its mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedMail {
    /// Rises from message to message.
    pub number: i64,
    /// What the mailbox tells of it.
    pub summary: MailSummary,
}

/// What a mailbox held at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailSnapshot {
    /// What waited.
    pub data: MailData,
    /// Messages up to this number are in `data`, or gone.
    pub up_to: i64,
}

/// What came of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// These are deleted now; the others were before, or never there.
    Mails(Vec<MailId>),
    /// Nobody here knows any of them.
    Unknown,
}

impl Store {
    /// The account that a message to `address` is for, if there is one that can sign in, with what it
    /// holds about the sender. It takes about as long when there is none.
    pub async fn mail_recipient(
        &self,
        address: &str,
        sender: &Handle,
    ) -> Result<Option<MailRecipient>, StoreError> {
        let address = Handle::parse(address);
        let rows = sqlx::query(
            "SELECT a.id, a.handle, b.blp, m.role
             FROM accounts a
             LEFT JOIN address_books b ON b.owner = a.id
             LEFT JOIN members m ON m.owner = a.id AND m.kind = 'Passport' AND m.address = $2
                                    AND m.deleted = 0 AND m.role IN (2, 4)
             WHERE a.handle = $1 AND a.disabled = 0",
        )
        .bind(address.as_ref().map_or("", Handle::as_str))
        .bind(sender.as_str())
        .fetch_all(&self.readers)
        .await?;
        let mut recipient: Option<MailRecipient> = None;
        for row in rows {
            let role: Option<i64> = row.try_get("role")?;
            let list = role.map_or(Ok(Lists::NONE), list)?;
            if let Some(recipient) = &mut recipient {
                recipient.lists |= list;
                continue;
            }
            let privacy: Option<i64> = row.try_get("blp")?;
            recipient = Some(MailRecipient {
                id: account_id(&row)?,
                handle: handle(row.try_get("handle")?)?,
                lists: list,
                privacy: privacy.map_or_else(Privacy::default, privacy_of),
            });
        }
        Ok(recipient)
    }

    /// Keeps a message for an account. [`StoreError::NotFound`] if the account is gone by now.
    pub async fn keep_mail(
        &self,
        recipient: AccountId,
        message: &OfflineMessage,
        limits: MailLimits,
    ) -> Result<Kept, StoreError> {
        let now = message.received.ticks();
        let mut writing = self.write().await?;
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO offline_mailboxes (owner, last_number) VALUES ($1, 1)
             ON CONFLICT (owner) DO UPDATE SET last_number = offline_mailboxes.last_number + 1
             RETURNING last_number",
        )
        .bind(i64::from(recipient.0))
        .fetch_one(&mut *writing)
        .await?;
        if let Some(most) = limits.mailbox
            && waiting(&mut writing, recipient, now).await? >= most
        {
            return Ok(Kept::MailboxFull);
        }
        let summary = message.summary();
        sqlx::query(
            "INSERT INTO offline_messages (id, recipient, number, sender, sender_name, source, proxy,
                                           run, sequence, body, size, received, expires,
                                           marked_read, deleted)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0)",
        )
        .bind(message.id.0.to_string())
        .bind(i64::from(recipient.0))
        .bind(number)
        .bind(message.sender.as_str())
        .bind(message.name.as_str())
        .bind(message.source.to_string())
        .bind(message.proxy.as_str())
        .bind(message.run.to_string())
        .bind(i64::from(message.sequence))
        .bind(&message.text[..])
        .bind(i64::try_from(summary.size).unwrap_or(i64::MAX))
        .bind(now)
        .bind(later(now, limits.lifetime))
        .execute(&mut *writing)
        .await?;
        writing.commit().await?;
        Ok(Kept::Yes(NumberedMail { number, summary }))
    }

    /// What waits for an account that signs in, as one notification tells it.
    pub async fn mail_snapshot(
        &self,
        owner: AccountId,
        now: Timestamp,
    ) -> Result<MailSnapshot, StoreError> {
        // One statement sees one moment, without a transaction.
        let rows = sqlx::query(
            "SELECT b.last_number, m.id, m.sender, m.sender_name, m.received, m.marked_read, m.size
             FROM offline_mailboxes b
             LEFT JOIN offline_messages m ON m.recipient = b.owner AND m.deleted = 0
                                             AND m.expires > $2
             WHERE b.owner = $1 ORDER BY m.number LIMIT $3",
        )
        .bind(i64::from(owner.0))
        .bind(ticks(now).ticks())
        // One more than a notification tells, so that it is known to be too much.
        .bind(MailData::MOST as i64 + 1)
        .fetch_all(&self.readers)
        .await?;
        let Some(first) = rows.first() else {
            return Ok(MailSnapshot::default());
        };
        let up_to = first.try_get("last_number")?;
        let is_empty = first.try_get::<Option<&str>, _>("id")?.is_none();
        let mails = if is_empty {
            Vec::new()
        } else {
            rows.iter().map(summary).collect::<Result<_, _>>()?
        };
        Ok(MailSnapshot {
            data: MailData::of(mails),
            up_to,
        })
    }

    /// Everything that waits for an account, the oldest first.
    pub async fn mails(
        &self,
        owner: AccountId,
        now: Timestamp,
    ) -> Result<Vec<MailSummary>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, sender, sender_name, received, marked_read, size FROM offline_messages
             WHERE recipient = $1 AND deleted = 0 AND expires > $2 ORDER BY number",
        )
        .bind(i64::from(owner.0))
        .bind(ticks(now).ticks())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(summary).collect()
    }

    /// How many messages wait for an account.
    pub async fn count_mails(&self, owner: AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM offline_messages
             WHERE recipient = $1 AND deleted = 0 AND expires > $2",
        )
        .bind(i64::from(owner.0))
        .bind(ticks(now).ticks())
        .fetch_one(&self.readers)
        .await?;
        Ok(count.unsigned_abs())
    }

    /// A message for this account, also when it was deleted a moment ago.
    pub async fn mail(
        &self,
        owner: AccountId,
        id: MailId,
        now: Timestamp,
    ) -> Result<Option<OfflineMessage>, StoreError> {
        let row = sqlx::query(
            "SELECT m.id, m.sender, m.sender_name, m.source, m.proxy, m.run, m.sequence, m.body,
                    m.received, a.handle
             FROM offline_messages m JOIN accounts a ON a.id = m.recipient
             WHERE m.id = $1 AND m.recipient = $2 AND m.expires > $3",
        )
        .bind(id.0.to_string())
        .bind(i64::from(owner.0))
        .bind(ticks(now).ticks())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(message).transpose()
    }

    /// Marks a message as read. Whether it was there and unread.
    pub async fn mark_mail_read(
        &self,
        owner: AccountId,
        id: MailId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query(
            "UPDATE offline_messages SET marked_read = 1
             WHERE id = $1 AND recipient = $2 AND expires > $3 AND marked_read = 0",
        )
        .bind(id.0.to_string())
        .bind(i64::from(owner.0))
        .bind(ticks(now).ticks())
        .execute(&mut *writing)
        .await?;
        writing.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Deletes messages, all that are there or none. They can still be read for [`GRACE`].
    ///
    /// Ids that nobody knows are passed over as long as one is known: a client whose list is older
    /// than the mailbox would show the others again at every sign-in.
    pub async fn delete_mails(
        &self,
        owner: AccountId,
        ids: &[MailId],
        now: Timestamp,
    ) -> Result<Deleted, StoreError> {
        let now = ticks(now).ticks();
        let mut writing = self.write().await?;
        // Holds the mailbox until the end: two deletions come one after the other.
        let held =
            sqlx::query("UPDATE offline_mailboxes SET last_number = last_number WHERE owner = $1")
                .bind(i64::from(owner.0))
                .execute(&mut *writing)
                .await?;
        if held.rows_affected() == 0 {
            return Ok(Deleted::Unknown);
        }
        let mut deleted = Vec::new();
        let mut known = false;
        for &id in ids {
            let done = sqlx::query(
                "UPDATE offline_messages SET deleted = 1, expires = $4
                 WHERE id = $1 AND recipient = $2 AND expires > $3 AND deleted = 0",
            )
            .bind(id.0.to_string())
            .bind(i64::from(owner.0))
            .bind(now)
            .bind(later(now, Some(GRACE)))
            .execute(&mut *writing)
            .await?;
            if done.rows_affected() == 1 {
                deleted.push(id);
            } else if !known {
                known = is_there(&mut writing, owner, id, now).await?;
            }
        }
        if deleted.is_empty() && !known {
            return Ok(Deleted::Unknown);
        }
        writing.commit().await?;
        Ok(Deleted::Mails(deleted))
    }

    /// Clears away what has expired. How many messages that were.
    pub async fn clear_expired_mails(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut writing = self.write().await?;
        let done = sqlx::query("DELETE FROM offline_messages WHERE expires <= $1")
            .bind(ticks(now).ticks())
            .execute(&mut *writing)
            .await?;
        writing.commit().await?;
        Ok(done.rows_affected())
    }
}

/// How long a deleted message can still be read: emesene asks for a message and deletes it at the
/// same time (services-oim, 7).
pub const GRACE: Duration = Duration::from_secs(5 * 60);

/// How many messages wait in a mailbox that this transaction holds.
async fn waiting(writing: &mut Writing, owner: AccountId, now: i64) -> Result<usize, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM offline_messages
         WHERE recipient = $1 AND deleted = 0 AND expires > $2",
    )
    .bind(i64::from(owner.0))
    .bind(now)
    .fetch_one(&mut **writing)
    .await?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Whether a message is there, deleted or not.
async fn is_there(
    writing: &mut Writing,
    owner: AccountId,
    id: MailId,
    now: i64,
) -> Result<bool, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM offline_messages
         WHERE id = $1 AND recipient = $2 AND expires > $3",
    )
    .bind(id.0.to_string())
    .bind(i64::from(owner.0))
    .bind(now)
    .fetch_one(&mut **writing)
    .await?;
    Ok(count > 0)
}

/// A time so much later; without a length, never.
fn later(now: i64, by: Option<Duration>) -> i64 {
    let steps = by.map(|by| by.as_nanos() / 100);
    let steps = steps.and_then(|steps| i64::try_from(steps).ok());
    now.saturating_add(steps.unwrap_or(i64::MAX))
}

fn summary(row: &AnyRow) -> Result<MailSummary, StoreError> {
    Ok(MailSummary {
        id: MailId(guid(row.try_get("id")?)?),
        sender: handle(row.try_get("sender")?)?,
        name: row.try_get("sender_name")?,
        received: Ticks::from_ticks(row.try_get("received")?),
        is_read: row.try_get::<i64, _>("marked_read")? != 0,
        size: usize::try_from(row.try_get::<i64, _>("size")?)
            .map_err(|_| StoreError::Malformed("size"))?,
    })
}

fn message(row: &AnyRow) -> Result<OfflineMessage, StoreError> {
    let source: &str = row.try_get("source")?;
    let source: Result<IpAddr, _> = source.parse();
    let body: Vec<u8> = row.try_get("body")?;
    Ok(OfflineMessage {
        id: MailId(guid(row.try_get("id")?)?),
        sender: handle(row.try_get("sender")?)?,
        name: row.try_get("sender_name")?,
        recipient: handle(row.try_get("handle")?)?,
        source: source.map_err(|_| StoreError::Malformed("address"))?,
        proxy: row.try_get("proxy")?,
        run: guid(row.try_get("run")?)?,
        sequence: u32::try_from(row.try_get::<i64, _>("sequence")?)
            .map_err(|_| StoreError::Malformed("number"))?,
        received: Ticks::from_ticks(row.try_get("received")?),
        text: Bytes::from(body),
    })
}

fn account_id(row: &AnyRow) -> Result<AccountId, StoreError> {
    u32::try_from(row.try_get::<i64, _>("id")?)
        .map(AccountId)
        .map_err(|_| StoreError::Malformed("account number"))
}

fn list(role: i64) -> Result<Lists, StoreError> {
    let bits = u8::try_from(role).ok().and_then(Lists::from_bits);
    bits.ok_or(StoreError::Malformed("list"))
}

fn guid(text: &str) -> Result<Guid, StoreError> {
    Guid::parse(text).ok_or(StoreError::Malformed("id"))
}

fn handle(text: &str) -> Result<Handle, StoreError> {
    Handle::parse(text).map_err(|_| StoreError::Malformed("handle"))
}
