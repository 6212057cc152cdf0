//! ABFindAll, FindMembership, and what a session starts with (services-addressbook, 3 and 7).
//!
//! Everything of one answer is read in one transaction that sees one moment, so that the time of the
//! last change in it is true: nothing older is missing, nothing newer is there.

use std::collections::HashMap;

use msnp::handle::Handle;
use msnp::roster::{Lists, Privacy};
use msnp::soap::Since;
use msnp::soap::abook::{AddressBook, Owner};
use msnp::soap::contact::{
    Annotation, BLP, Contact, ContactKind, GTC, Group, Properties, add_policy_value, privacy_value,
};
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use msnp::soap::sharing::{Member, MemberAddress, Memberships, Role};
use msnp::soap::timestamp::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::super::account::AccountId;
use super::book::{policy_of, privacy_of};
use super::lists::{Said, bits};
use super::{RosterError, SessionRoster, account_id, from_json, guid, number};
use crate::store::{Reading, Store, StoreError};

impl Store {
    /// The address book of an account: all of it, or what changed since, tombstones included.
    pub async fn address_book(
        &self,
        owner: AccountId,
        since: Since,
    ) -> Result<AddressBook, RosterError> {
        let mut reading = self.read().await?;
        let book = BookRow::read(&mut reading, owner).await?;
        let span = book.span(since)?;
        let groups = groups(&mut reading, owner, span).await?;
        let mut contacts = Vec::new();
        if book.me.last_change.ticks() > span.after {
            contacts.push(book.me);
        }
        contacts.extend(others(&mut reading, owner, span).await?);
        Ok(AddressBook {
            owner: book.owner,
            groups,
            contacts,
            last_change: book.last_change,
        })
    }

    /// The members of an account's roles: all of them, or what changed since, tombstones included.
    pub async fn memberships(
        &self,
        owner: AccountId,
        since: Since,
    ) -> Result<Memberships, RosterError> {
        let mut reading = self.read().await?;
        let book = BookRow::read(&mut reading, owner).await?;
        let span = book.span(since)?;
        let rows = sqlx::query(
            "SELECT m.id, m.role, m.kind, m.address, m.said, m.deleted, m.joined, m.last_change,
                    a.id AS account
             FROM members m LEFT JOIN accounts a ON m.kind = 'Passport' AND a.handle = m.address
             WHERE m.owner = $1 AND m.last_change > $2 AND m.deleted <= $3 ORDER BY m.id",
        )
        .bind(number(owner))
        .bind(span.after)
        .bind(span.most_deleted)
        .fetch_all(&mut *reading)
        .await?;
        Ok(Memberships {
            owner: book.owner,
            members: rows.iter().map(member).collect::<Result<_, _>>()?,
            last_change: book.last_change,
        })
    }

    /// The account that an address book belongs to.
    pub async fn address_book_owner(&self, owner: AccountId) -> Result<Owner, RosterError> {
        let mut reading = self.read().await?;
        Ok(BookRow::read(&mut reading, owner).await?.owner)
    }

    /// What a session needs to know of the lists of its account.
    pub async fn roster_of(&self, owner: AccountId) -> Result<SessionRoster, StoreError> {
        let mut reading = self.read().await?;
        let privacy: Option<i64> =
            sqlx::query_scalar("SELECT blp FROM address_books WHERE owner = $1")
                .bind(number(owner))
                .fetch_optional(&mut *reading)
                .await?;
        let rows = sqlx::query(
            "SELECT a.id AS account, a.handle, c.messenger AS list
             FROM contacts c JOIN accounts a ON a.handle = c.address
             WHERE c.owner = $1 AND c.kind = 'Passport' AND c.deleted = 0 AND c.messenger = 1
             UNION ALL
             SELECT a.id AS account, a.handle, m.role AS list
             FROM members m JOIN accounts a ON a.handle = m.address
             WHERE m.owner = $1 AND m.kind = 'Passport' AND m.deleted = 0 AND m.role IN (2, 4)",
        )
        .bind(number(owner))
        .fetch_all(&mut *reading)
        .await?;
        let mut contacts: Vec<(AccountId, Handle, Lists)> = Vec::new();
        let mut places: HashMap<AccountId, usize> = HashMap::with_capacity(rows.len());
        for row in rows {
            let id = account_id(row.try_get("account")?)?;
            let list = bits(row.try_get("list")?)?;
            match places.get(&id).and_then(|place| contacts.get_mut(*place)) {
                Some((.., lists)) => *lists |= list,
                None => {
                    places.insert(id, contacts.len());
                    contacts.push((id, handle(row.try_get("handle")?)?, list));
                }
            }
        }
        Ok(SessionRoster {
            privacy: privacy.map_or_else(Privacy::default, privacy_of),
            contacts,
        })
    }
}

/// What is told of: everything alive, or everything that changed later than a time.
#[derive(Clone, Copy)]
struct Span {
    after: i64,
    /// 1: tombstones too.
    most_deleted: i64,
}

struct BookRow {
    owner: Owner,
    me: Contact,
    last_change: Timestamp,
    horizon: Timestamp,
}

impl BookRow {
    async fn read(reading: &mut Reading, owner: AccountId) -> Result<Self, RosterError> {
        let row = sqlx::query(
            "SELECT b.me, b.me_properties, b.me_changed, b.blp, b.gtc, b.created, b.last_change,
                    b.horizon, a.handle, a.name
             FROM address_books b JOIN accounts a ON a.id = b.owner WHERE b.owner = $1",
        )
        .bind(number(owner))
        .fetch_optional(&mut **reading)
        .await?
        .ok_or(Refusal::AddressBookDoesNotExist)?;
        let owner = Owner {
            handle: row.try_get("handle")?,
            cid: owner.cid(),
            created: Timestamp::from_ticks(row.try_get("created")?),
        };
        Ok(Self {
            me: me(&row, &owner)?,
            last_change: Timestamp::from_ticks(row.try_get("last_change")?),
            horizon: Timestamp::from_ticks(row.try_get("horizon")?),
            owner,
        })
    }

    /// A time up to the making of the address book asks for everything; one that this address book
    /// has not reached, or whose tombstones are gone, cannot be counted from.
    fn span(&self, since: Since) -> Result<Span, Refusal> {
        match since {
            Since::Time(time) if time > self.owner.created => {
                if time < self.horizon || time > self.last_change {
                    return Err(Refusal::FullSyncRequired);
                }
                Ok(Span {
                    after: time.ticks(),
                    most_deleted: 1,
                })
            }
            Since::Nothing | Since::Time(_) => Ok(Span {
                after: i64::MIN,
                most_deleted: 0,
            }),
        }
    }
}

/// The contact Me: its name is the account's, GTC and BLP are annotations of it.
fn me(row: &AnyRow, owner: &Owner) -> Result<Contact, StoreError> {
    let mut properties: Properties = from_json(row.try_get("me_properties")?)?;
    let policy = add_policy_value(policy_of(row.try_get("gtc")?));
    let privacy = privacy_value(privacy_of(row.try_get("blp")?));
    properties.annotate(Annotation::new(GTC, policy));
    properties.annotate(Annotation::new(BLP, privacy));
    Ok(Contact {
        id: guid(row.try_get("me")?)?,
        kind: ContactKind::Me,
        passport_name: Some(owner.handle.clone()),
        display_name: row.try_get("name")?,
        cid: owner.cid,
        group_ids: Vec::new(),
        messenger: false,
        properties,
        deleted: false,
        last_change: Timestamp::from_ticks(row.try_get("me_changed")?),
    })
}

async fn groups(
    reading: &mut Reading,
    owner: AccountId,
    span: Span,
) -> Result<Vec<Group>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, name, favorite, deleted, last_change FROM contact_groups
         WHERE owner = $1 AND last_change > $2 AND deleted <= $3 ORDER BY added, id",
    )
    .bind(number(owner))
    .bind(span.after)
    .bind(span.most_deleted)
    .fetch_all(&mut **reading)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Group {
                id: guid(row.try_get("id")?)?,
                name: row.try_get("name")?,
                favorite: flag(row, "favorite")?,
                deleted: flag(row, "deleted")?,
                last_change: Timestamp::from_ticks(row.try_get("last_change")?),
            })
        })
        .collect()
}

async fn others(
    reading: &mut Reading,
    owner: AccountId,
    span: Span,
) -> Result<Vec<Contact>, StoreError> {
    let rows = sqlx::query(
        "SELECT contact, contact_group FROM group_contacts WHERE owner = $1
         ORDER BY contact, contact_group",
    )
    .bind(number(owner))
    .fetch_all(&mut **reading)
    .await?;
    let mut group_ids: HashMap<Guid, Vec<Guid>> = HashMap::new();
    for row in rows {
        let contact = guid(row.try_get("contact")?)?;
        group_ids
            .entry(contact)
            .or_default()
            .push(guid(row.try_get("contact_group")?)?);
    }
    let rows = sqlx::query(
        "SELECT c.id, c.kind, c.address, c.messenger, c.properties, c.deleted, c.last_change,
                a.id AS account, a.name
         FROM contacts c LEFT JOIN accounts a ON c.kind = 'Passport' AND a.handle = c.address
         WHERE c.owner = $1 AND c.last_change > $2 AND c.deleted <= $3 ORDER BY c.added, c.id",
    )
    .bind(number(owner))
    .bind(span.after)
    .bind(span.most_deleted)
    .fetch_all(&mut **reading)
    .await?;
    rows.iter()
        .map(|row| contact(row, &mut group_ids))
        .collect()
}

fn contact(row: &AnyRow, group_ids: &mut HashMap<Guid, Vec<Guid>>) -> Result<Contact, StoreError> {
    let id = guid(row.try_get("id")?)?;
    let kind: &str = row.try_get("kind")?;
    let address: String = row.try_get("address")?;
    let properties: Properties = from_json(row.try_get("properties")?)?;
    let account_name: Option<String> = row.try_get("name")?;
    let names = [
        Some(properties.display_name.clone()),
        account_name,
        Some(properties.quick_name.clone()),
        Some(address.clone()),
        Some(properties.first_name.clone()),
    ];
    let name = names.into_iter().flatten().find(|name| !name.is_empty());
    Ok(Contact {
        id,
        kind: ContactKind::Regular,
        passport_name: (kind == "Passport").then_some(address),
        display_name: name.unwrap_or_default(),
        cid: cid(row)?,
        group_ids: group_ids.remove(&id).unwrap_or_default(),
        messenger: flag(row, "messenger")?,
        properties,
        deleted: flag(row, "deleted")?,
        last_change: Timestamp::from_ticks(row.try_get("last_change")?),
    })
}

fn member(row: &AnyRow) -> Result<Member, StoreError> {
    let list = bits(row.try_get("role")?)?;
    let said: Said = from_json(row.try_get("said")?)?;
    Ok(Member {
        id: row.try_get("id")?,
        role: list
            .iter()
            .next()
            .and_then(Role::of_list)
            .ok_or(StoreError::Malformed("role"))?,
        address: MemberAddress::of_kind(row.try_get("kind")?, row.try_get("address")?)
            .ok_or(StoreError::Malformed("kind of address"))?,
        display_name: said.display_name,
        annotations: said.annotations,
        cid: cid(row)?,
        deleted: flag(row, "deleted")?,
        joined: Timestamp::from_ticks(row.try_get("joined")?),
        last_change: Timestamp::from_ticks(row.try_get("last_change")?),
    })
}

/// The CID of the account at an address; 0 if it has none.
fn cid(row: &AnyRow) -> Result<i64, StoreError> {
    let account: Option<i64> = row.try_get("account")?;
    account.map_or(Ok(0), |number| Ok(account_id(number)?.cid()))
}

fn flag(row: &AnyRow, column: &str) -> Result<bool, StoreError> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

fn handle(text: &str) -> Result<Handle, StoreError> {
    Handle::parse(text).map_err(|_| StoreError::Malformed("handle"))
}
