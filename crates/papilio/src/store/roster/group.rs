//! Groups and who is in them (services-addressbook, 5).

use std::collections::BTreeSet;

use msnp::soap::abook::{ContactRef, GroupUpdate, NewContact, NewGroup};
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use sqlx::Row;

use super::super::account::Account;
use super::book::Opened;
use super::contact::address_of;
use super::lists::check_size;
use super::{Changed, RosterError, RosterWriter, guid, new_guid, number};
use crate::store::StoreError;

impl RosterWriter<'_> {
    /// ABGroupAdd: the new group's id.
    pub async fn add_group(&self, group: &NewGroup) -> Result<Changed<Guid>, RosterError> {
        self.check_group_name(&group.name)?;
        let mut open = self.open([]).await?;
        let there = open.groups().await?;
        refuse_same_name(&there, &group.name, None)?;
        check_size(
            i64::try_from(there.len()).unwrap_or(i64::MAX),
            self.sizes.groups,
        )?;
        let id = new_guid();
        sqlx::query(
            "INSERT INTO contact_groups (owner, id, name, favorite, deleted, added, last_change)
             VALUES ($1, $2, $3, $4, 0, $5, $5)",
        )
        .bind(number(self.owner))
        .bind(id.to_string())
        .bind(group.name.as_str())
        .bind(i64::from(group.favorite))
        .bind(open.stamp()?)
        .execute(&mut *open.writing)
        .await?;
        open.done(id).await
    }

    /// ABGroupUpdate: all of them, or none.
    pub async fn update_groups(&self, updates: &[GroupUpdate]) -> Result<Changed<()>, RosterError> {
        for update in updates {
            update
                .name
                .as_deref()
                .map_or(Ok(()), |name| self.check_group_name(name))?;
        }
        let mut open = self.open([]).await?;
        for update in updates {
            let there = open.groups().await?;
            let (_, old_name, old_favorite) = there
                .iter()
                .find(|(id, ..)| *id == update.id)
                .ok_or(Refusal::GroupDoesNotExist)?;
            let name = update.name.as_ref().unwrap_or(old_name);
            refuse_same_name(&there, name, Some(update.id))?;
            sqlx::query(
                "UPDATE contact_groups SET name = $3, favorite = $4, last_change = $5
                 WHERE owner = $1 AND id = $2",
            )
            .bind(number(self.owner))
            .bind(update.id.to_string())
            .bind(name.as_str())
            .bind(i64::from(update.favorite.unwrap_or(*old_favorite)))
            .bind(open.stamp()?)
            .execute(&mut *open.writing)
            .await?;
        }
        open.done(()).await
    }

    /// ABGroupDelete: all of them, or none. Their contacts stay.
    pub async fn delete_groups(&self, groups: &[Guid]) -> Result<Changed<()>, RosterError> {
        let mut open = self.open([]).await?;
        let stamp = open.stamp()?;
        for group in groups {
            let done = sqlx::query(
                "UPDATE contact_groups SET deleted = 1, last_change = $3
                 WHERE owner = $1 AND id = $2 AND deleted = 0",
            )
            .bind(number(self.owner))
            .bind(group.to_string())
            .bind(stamp)
            .execute(&mut *open.writing)
            .await?;
            if done.rows_affected() == 0 {
                return Err(Refusal::GroupDoesNotExist.into());
            }
            sqlx::query(
                "UPDATE contacts SET last_change = $3
                 WHERE owner = $1 AND id IN (SELECT contact FROM group_contacts
                                             WHERE owner = $1 AND contact_group = $2)",
            )
            .bind(number(self.owner))
            .bind(group.to_string())
            .bind(stamp)
            .execute(&mut *open.writing)
            .await?;
            sqlx::query("DELETE FROM group_contacts WHERE owner = $1 AND contact_group = $2")
                .bind(number(self.owner))
                .bind(group.to_string())
                .execute(&mut *open.writing)
                .await?;
        }
        open.bury().await?;
        open.done(()).await
    }

    /// ABGroupContactAdd: all of them into each group, or none. Whoever is named by address and not
    /// there yet comes into the address book, and on FL. The answer is the first contact's id.
    pub async fn add_to_groups(
        &self,
        groups: &[Guid],
        contacts: &[ContactRef],
    ) -> Result<Changed<Guid>, RosterError> {
        let mut new = Vec::new();
        for contact in contacts {
            if let ContactRef::New(contact) = contact {
                new.push(self.account_of(contact).await?);
            }
        }
        let concerned: BTreeSet<_> = new.iter().flatten().map(|account| account.id).collect();
        let mut new = new.into_iter();
        let mut open = self.open(concerned).await?;
        open.check_groups(groups).await?;
        let mut first = None;
        for contact in contacts {
            let id = match contact {
                ContactRef::Id(id) => {
                    open.check_contact(*id).await?;
                    *id
                }
                ContactRef::New(contact) => {
                    let account = new.next().flatten();
                    self.find_or_add(&mut open, contact, account.as_ref())
                        .await?
                }
            };
            for group in groups {
                sqlx::query(
                    "INSERT INTO group_contacts (owner, contact, contact_group)
                     VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                )
                .bind(number(self.owner))
                .bind(id.to_string())
                .bind(group.to_string())
                .execute(&mut *open.writing)
                .await?;
            }
            open.touch_contact(id).await?;
            first = first.or(Some(id));
        }
        open.done(first.unwrap_or(Guid::ZERO)).await
    }

    /// ABGroupContactDelete: all of them out of each group, or none. Whoever was not in it stays out.
    pub async fn remove_from_groups(
        &self,
        groups: &[Guid],
        contacts: &[Guid],
    ) -> Result<Changed<()>, RosterError> {
        let mut open = self.open([]).await?;
        open.check_groups(groups).await?;
        for contact in contacts {
            open.check_contact(*contact).await?;
            for group in groups {
                sqlx::query(
                    "DELETE FROM group_contacts
                     WHERE owner = $1 AND contact = $2 AND contact_group = $3",
                )
                .bind(number(self.owner))
                .bind(contact.to_string())
                .bind(group.to_string())
                .execute(&mut *open.writing)
                .await?;
            }
            open.touch_contact(*contact).await?;
        }
        open.done(()).await
    }

    /// A contact named by address: the one that is there, put on FL if it was not, or a new one.
    async fn find_or_add(
        &self,
        open: &mut Opened,
        contact: &NewContact,
        account: Option<&Account>,
    ) -> Result<Guid, RosterError> {
        let handle = account.map(|account| account.handle.as_str());
        let (kind, address) = address_of(handle, &contact.properties);
        let there = open.contact_with(kind, &address).await?;
        match (there, account) {
            (Some(row), Some(account)) if contact.messenger && !row.messenger => {
                open.add_forward(account, &contact.invitation, contact.management, self.sizes)
                    .await?;
                open.set_messenger(row.id).await?;
                Ok(row.id)
            }
            (Some(row), _) => Ok(row.id),
            (None, _) => self.insert_contact(open, contact, account).await,
        }
    }

    fn check_group_name(&self, name: &str) -> Result<(), Refusal> {
        match self.sizes.group_name {
            Some(most) if name.chars().count() > most => Err(Refusal::TooLong("GroupName")),
            _ => Ok(()),
        }
    }
}

impl Opened {
    /// Id, name and favourite of each of one's own groups.
    async fn groups(&mut self) -> Result<Vec<(Guid, String, bool)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, name, favorite FROM contact_groups WHERE owner = $1 AND deleted = 0",
        )
        .bind(number(self.owner))
        .fetch_all(&mut *self.writing)
        .await?;
        rows.iter()
            .map(|row| {
                let favorite: i64 = row.try_get("favorite")?;
                Ok((
                    guid(row.try_get("id")?)?,
                    row.try_get("name")?,
                    favorite != 0,
                ))
            })
            .collect()
    }

    async fn check_groups(&mut self, wanted: &[Guid]) -> Result<(), RosterError> {
        let there = self.groups().await?;
        if wanted
            .iter()
            .all(|id| there.iter().any(|(of, ..)| of == id))
        {
            Ok(())
        } else {
            Err(Refusal::GroupDoesNotExist.into())
        }
    }
}

/// Names compare without regard to case.
fn refuse_same_name(
    there: &[(Guid, String, bool)],
    name: &str,
    but: Option<Guid>,
) -> Result<(), Refusal> {
    let name = name.to_lowercase();
    let same = there
        .iter()
        .find(|(id, of, _)| Some(*id) != but && of.to_lowercase() == name);
    match same {
        Some((id, ..)) => Err(Refusal::GroupAlreadyExists(Some(*id))),
        None => Ok(()),
    }
}
