//! Contacts come and go: ABContactAdd, ABContactDelete, ABAdd (services-addressbook, 4 and 6).

use msnp::handle::Handle;
use msnp::soap::abook::NewContact;
use msnp::soap::contact::Properties;
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::super::account::Account;
use super::book::{Opened, make};
use super::concerned::{Accounts, Found, Outcome};
use super::lists::check_size;
use super::{Changed, RosterError, RosterWriter, from_json, guid, new_guid, number, to_json};
use crate::store::StoreError;

/// A contact's row, without its tombstone.
pub(super) struct ContactRow {
    pub(super) id: Guid,
    pub(super) messenger: bool,
    pub(super) kind: String,
    pub(super) address: String,
    pub(super) properties: Properties,
}

impl RosterWriter<'_> {
    /// ABAdd: makes the address book of an account that has none.
    pub async fn add_address_book(&self) -> Result<Changed<()>, RosterError> {
        let mut writing = self.store.write().await?;
        if !make(&mut writing, self.owner, self.now.ticks() - 2).await? {
            return Err(Refusal::AddressBookAlreadyExists.into());
        }
        self.open_in(writing, []).await?.done(()).await
    }

    /// ABContactAdd: the new contact's id.
    pub async fn add_contact(&self, contact: &NewContact) -> Result<Changed<Guid>, RosterError> {
        let account = self.account_of(contact).await?;
        let mut open = self.open(account.iter().map(|account| account.id)).await?;
        let handle = account.as_ref().map(|account| account.handle.as_str());
        let (kind, address) = address_of(handle, &contact.properties);
        if let Some(row) = open.contact_with(kind, &address).await? {
            return Err(Refusal::ContactAlreadyExists(row.id).into());
        }
        let id = self
            .insert_contact(&mut open, contact, account.as_ref())
            .await?;
        open.done(id).await
    }

    /// ABContactDelete: all of them, or none. Off FL and out of every group; AL and BL stay.
    pub async fn delete_contacts(&self, contacts: &[Guid]) -> Result<Changed<()>, RosterError> {
        let mut known = Accounts::default();
        loop {
            let mut open = self.open(known.ids()).await?;
            match self.delete_in(&mut open, contacts, &known).await? {
                Outcome::Done => {
                    open.bury().await?;
                    return open.done(()).await;
                }
                Outcome::Missing(address) => known.find(self, address).await?,
            }
        }
    }

    async fn delete_in(
        &self,
        open: &mut Opened,
        contacts: &[Guid],
        known: &Accounts,
    ) -> Result<Outcome, RosterError> {
        let stamp = open.stamp()?;
        for id in contacts {
            let row = open
                .contact(*id)
                .await?
                .ok_or(Refusal::ContactDoesNotExist)?;
            if row.messenger {
                match known.at(open, &row.address) {
                    Found::Account(account) => open.remove_forward(account).await?,
                    Found::Nobody => {}
                    Found::Unknown => return Ok(Outcome::Missing(row.address)),
                }
            }
            sqlx::query(
                "UPDATE contacts SET deleted = 1, last_change = $3 WHERE owner = $1 AND id = $2",
            )
            .bind(number(self.owner))
            .bind(id.to_string())
            .bind(stamp)
            .execute(&mut *open.writing)
            .await?;
            sqlx::query("DELETE FROM group_contacts WHERE owner = $1 AND contact = $2")
                .bind(number(self.owner))
                .bind(id.to_string())
                .execute(&mut *open.writing)
                .await?;
        }
        Ok(Outcome::Done)
    }

    /// Makes a contact that is not there yet.
    pub(super) async fn insert_contact(
        &self,
        open: &mut Opened,
        contact: &NewContact,
        account: Option<&Account>,
    ) -> Result<Guid, RosterError> {
        let there: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM contacts WHERE owner = $1 AND deleted = 0")
                .bind(number(self.owner))
                .fetch_one(&mut *open.writing)
                .await?;
        check_size(there, self.sizes.forward)?;
        if let Some(account) = account
            && contact.messenger
        {
            open.add_forward(account, &contact.invitation, contact.management, self.sizes)
                .await?;
        }
        let id = new_guid();
        let passport = account.map(|account| account.handle.as_str());
        let (kind, address) = address_of(passport, &contact.properties);
        sqlx::query(
            "INSERT INTO contacts (owner, id, kind, address, messenger, properties, deleted, added,
                                   last_change)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7)",
        )
        .bind(number(self.owner))
        .bind(id.to_string())
        .bind(kind)
        .bind(address.as_str())
        .bind(i64::from(account.is_some() && contact.messenger))
        .bind(to_json(&contact.properties)?)
        .bind(open.stamp()?)
        .execute(&mut *open.writing)
        .await?;
        Ok(id)
    }

    /// The account of a new contact, if it has a Passport address; its other addresses are checked.
    pub(super) async fn account_of(
        &self,
        contact: &NewContact,
    ) -> Result<Option<Account>, RosterError> {
        for email in &contact.properties.emails {
            check_email(&email.address)?;
        }
        if let Some(name) = &contact.passport_name {
            return self.passport(name).await.map(Some);
        }
        if contact.properties == Properties::default() {
            return Err(Refusal::BadRequest("an empty contact".to_owned()).into());
        }
        Ok(None)
    }

    /// The account with this Passport address, which is not one's own.
    pub(super) async fn passport(&self, name: &str) -> Result<Account, RosterError> {
        let account = match Handle::parse(name) {
            Ok(handle) => self.store.account_by_handle(&handle).await?,
            Err(_) => None,
        };
        match account {
            Some(account) if account.id != self.owner => Ok(account),
            Some(_) => Err(Refusal::InvalidPassportUser(name.to_owned()).into()),
            None => {
                check_email(name)?;
                Err(Refusal::InvalidPassportUser(name.to_owned()).into())
            }
        }
    }
}

impl Opened {
    /// One's own contact with this id.
    pub(super) async fn contact(&mut self, id: Guid) -> Result<Option<ContactRow>, StoreError> {
        let row = sqlx::query(
            "SELECT id, kind, address, messenger, properties FROM contacts
             WHERE owner = $1 AND id = $2 AND deleted = 0",
        )
        .bind(number(self.owner))
        .bind(id.to_string())
        .fetch_optional(&mut *self.writing)
        .await?;
        row.as_ref().map(contact_row).transpose()
    }

    /// One's own contact with this address; nobody has none.
    pub(super) async fn contact_with(
        &mut self,
        kind: &str,
        address: &str,
    ) -> Result<Option<ContactRow>, StoreError> {
        if address.is_empty() {
            return Ok(None);
        }
        let row = sqlx::query(
            "SELECT id, kind, address, messenger, properties FROM contacts
             WHERE owner = $1 AND kind = $2 AND address = $3 AND deleted = 0",
        )
        .bind(number(self.owner))
        .bind(kind)
        .bind(address)
        .fetch_optional(&mut *self.writing)
        .await?;
        row.as_ref().map(contact_row).transpose()
    }

    /// Refuses if there is no such contact.
    pub(super) async fn check_contact(&mut self, id: Guid) -> Result<(), RosterError> {
        match self.contact(id).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::ContactDoesNotExist.into()),
        }
    }

    /// Puts the contact on FL; the lists of both were changed already.
    pub(super) async fn set_messenger(&mut self, id: Guid) -> Result<(), RosterError> {
        sqlx::query("UPDATE contacts SET messenger = 1 WHERE owner = $1 AND id = $2")
            .bind(number(self.owner))
            .bind(id.to_string())
            .execute(&mut *self.writing)
            .await?;
        Ok(())
    }

    /// Something about the contact changed that does not stand in its row.
    pub(super) async fn touch_contact(&mut self, id: Guid) -> Result<(), RosterError> {
        let stamp = self.stamp()?;
        sqlx::query("UPDATE contacts SET last_change = $3 WHERE owner = $1 AND id = $2")
            .bind(number(self.owner))
            .bind(id.to_string())
            .bind(stamp)
            .execute(&mut *self.writing)
            .await?;
        Ok(())
    }
}

fn contact_row(row: &AnyRow) -> Result<ContactRow, StoreError> {
    let messenger: i64 = row.try_get("messenger")?;
    Ok(ContactRow {
        id: guid(row.try_get("id")?)?,
        messenger: messenger != 0,
        kind: row.try_get("kind")?,
        address: row.try_get("address")?,
        properties: from_json(row.try_get("properties")?)?,
    })
}

/// Kind and address of a contact: Passport, or where messages may go, or nothing.
pub(super) fn address_of(
    passport: Option<&str>,
    properties: &Properties,
) -> (&'static str, String) {
    let email = properties.emails.iter().find(|email| email.messenger);
    let phone = properties.phones.iter().find(|phone| phone.messenger);
    match (passport, email, phone) {
        (Some(handle), _, _) => (PASSPORT, handle.to_owned()),
        (None, Some(email), _) => ("Email", email.address.to_lowercase()),
        (None, None, Some(phone)) => ("Phone", phone.number.to_lowercase()),
        (None, None, None) => ("None", String::new()),
    }
}

/// What makes an address malformed (services-addressbook, 4.1).
pub(super) fn check_email(address: &str) -> Result<(), Refusal> {
    match address.rsplit_once('@') {
        None => Err(Refusal::BadEmail('@')),
        Some((_, domain)) if !domain.contains('.') => Err(Refusal::BadEmail('.')),
        Some(_) => Ok(()),
    }
}

/// The kind of a contact with a Passport address.
pub(super) const PASSPORT: &str = "Passport";
