//! Contacts: ABContactAdd, ABContactUpdate, ABContactDelete, and the contact Me
//! (services-addressbook, 4).

use std::collections::HashMap;

use msnp::handle::Handle;
use msnp::roster::{AddPolicy, AllowListManagement, Privacy};
use msnp::soap::abook::{ContactUpdate, Invitation, NewContact, UpdateTarget};
use msnp::soap::contact::{Annotation, BLP, GTC, Properties, add_policy, privacy};
use msnp::soap::contact_change::{ContactChanges, PropertyChange};
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::super::account::{Account, clean_name};
use super::book::{Opened, make};
use super::lists::check_size;
use super::{
    Changed, RosterChange, RosterError, RosterWriter, from_json, guid, new_guid, number, to_json,
};
use crate::store::StoreError;

/// A contact's row, without its tombstone.
pub(super) struct ContactRow {
    pub(super) id: Guid,
    pub(super) messenger: bool,
    kind: String,
    address: String,
    properties: Properties,
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
        if let Some(account) = &account
            && let Some(row) = open.contact_at(account).await?
        {
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

    /// ABContactUpdate: all of them, or none.
    pub async fn update_contacts(
        &self,
        updates: &[ContactUpdate],
    ) -> Result<Changed<()>, RosterError> {
        let mut known = Accounts::default();
        for update in updates {
            if let Some(name) = update.changes.passport_name.as_deref()
                && !name.is_empty()
            {
                let account = self.passport(name).await?;
                known
                    .by_address
                    .insert(account.handle.as_str().to_owned(), Some(account));
            }
        }
        loop {
            let mut writing = self.store.write().await?;
            // One's own account goes before any address book: see the order of locks in `book`.
            sqlx::query("UPDATE accounts SET name = name WHERE id = $1")
                .bind(number(self.owner))
                .execute(&mut *writing)
                .await?;
            let mut open = self.open_in(writing, known.ids()).await?;
            match self.update_in(&mut open, updates, &known).await? {
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

    async fn update_in(
        &self,
        open: &mut Opened,
        updates: &[ContactUpdate],
        known: &Accounts,
    ) -> Result<Outcome, RosterError> {
        let me: String = sqlx::query_scalar("SELECT me FROM address_books WHERE owner = $1")
            .bind(number(self.owner))
            .fetch_one(&mut *open.writing)
            .await?;
        let me = guid(&me)?;
        for update in updates {
            match update.target {
                UpdateTarget::Me => self.update_me(open, &update.changes).await?,
                UpdateTarget::Id(id) if id == me => self.update_me(open, &update.changes).await?,
                UpdateTarget::Id(id) => {
                    let outcome = self
                        .update_contact(open, id, &update.changes, known)
                        .await?;
                    if let Outcome::Missing(_) = outcome {
                        return Ok(outcome);
                    }
                }
            }
        }
        Ok(Outcome::Done)
    }

    async fn update_contact(
        &self,
        open: &mut Opened,
        id: Guid,
        changes: &ContactChanges,
        known: &Accounts,
    ) -> Result<Outcome, RosterError> {
        let row = open
            .contact(id)
            .await?
            .ok_or(Refusal::ContactDoesNotExist)?;
        let mut properties = row.properties.clone();
        for change in &changes.properties {
            properties.apply(change);
        }
        properties.check()?;
        for email in &properties.emails {
            check_email(&email.address)?;
        }
        let old_passport = Some(row.address.as_str()).filter(|_| row.kind == PASSPORT);
        let passport = match changes.passport_name.as_deref() {
            Some("") => None,
            Some(name) => Some(name.trim().to_lowercase()),
            None => old_passport.map(str::to_owned),
        };
        let messenger = passport.is_some() && changes.messenger.unwrap_or(row.messenger);
        let before = old_passport.filter(|_| row.messenger);
        let after = passport.as_deref().filter(|_| messenger);
        if passport.as_deref() != old_passport
            && let Some(address) = &passport
            && let Some(other) = open.contact_with(address).await?
        {
            return Err(Refusal::ContactAlreadyExists(other.id).into());
        }
        if before != after {
            if let Some(address) = before {
                match known.at(open, address) {
                    Found::Account(account) => open.remove_forward(account).await?,
                    Found::Nobody => {}
                    Found::Unknown => return Ok(Outcome::Missing(address.to_owned())),
                }
            }
            if let Some(address) = after {
                match known.at(open, address) {
                    Found::Account(account) => {
                        let management = AllowListManagement::ByClient;
                        open.add_forward(account, &Invitation::default(), management, self.sizes)
                            .await?;
                    }
                    Found::Nobody => {
                        return Err(Refusal::InvalidPassportUser(address.to_owned()).into());
                    }
                    Found::Unknown => return Ok(Outcome::Missing(address.to_owned())),
                }
            }
        }
        let (kind, address) = address_of(passport.as_deref(), &properties);
        sqlx::query(
            "UPDATE contacts
             SET kind = $3, address = $4, messenger = $5, properties = $6, last_change = $7
             WHERE owner = $1 AND id = $2",
        )
        .bind(number(self.owner))
        .bind(id.to_string())
        .bind(kind)
        .bind(address.as_str())
        .bind(i64::from(messenger))
        .bind(to_json(&properties)?)
        .bind(open.stamp()?)
        .execute(&mut *open.writing)
        .await?;
        Ok(Outcome::Done)
    }

    /// Changes oneself: GTC, BLP, the display name (which is the account's), and the rest.
    async fn update_me(
        &self,
        open: &mut Opened,
        changes: &ContactChanges,
    ) -> Result<(), RosterError> {
        let row = sqlx::query(
            "SELECT b.me_properties, a.name, a.handle
             FROM address_books b JOIN accounts a ON a.id = b.owner WHERE b.owner = $1",
        )
        .bind(number(self.owner))
        .fetch_one(&mut *open.writing)
        .await?;
        let mut me: Properties = from_json(row.try_get("me_properties")?)?;
        let old_name: String = row.try_get("name")?;
        me.display_name.clone_from(&old_name);
        let mut book = open.book(self.owner)?;
        for change in &changes.properties {
            match change {
                PropertyChange::Annotation(Annotation { name, value }) if name == GTC => {
                    book.policy = add_policy(value);
                }
                PropertyChange::Annotation(Annotation { name, value }) if name == BLP => {
                    book.privacy = privacy(value);
                    open.changes.push(RosterChange::Privacy {
                        owner: self.owner,
                        privacy: book.privacy,
                    });
                }
                other => me.apply(other),
            }
        }
        me.check()?;
        let mut name = clean_name(&std::mem::take(&mut me.display_name));
        if name.is_empty() {
            name = row.try_get("handle")?;
        }
        if name != old_name {
            sqlx::query("UPDATE accounts SET name = $2 WHERE id = $1")
                .bind(number(self.owner))
                .bind(name)
                .execute(&mut *open.writing)
                .await?;
        }
        sqlx::query(
            "UPDATE address_books SET me_properties = $2, me_changed = $3, blp = $4, gtc = $5
             WHERE owner = $1",
        )
        .bind(number(self.owner))
        .bind(to_json(&me)?)
        .bind(book.stamp)
        .bind(i64::from(book.privacy == Privacy::Everyone))
        .bind(i64::from(book.policy == AddPolicy::Ask))
        .execute(&mut *open.writing)
        .await?;
        open.set_own_book(book);
        Ok(())
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
    async fn passport(&self, name: &str) -> Result<Account, RosterError> {
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
    async fn contact(&mut self, id: Guid) -> Result<Option<ContactRow>, StoreError> {
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

    /// One's own contact that is this account.
    pub(super) async fn contact_at(
        &mut self,
        account: &Account,
    ) -> Result<Option<ContactRow>, StoreError> {
        self.contact_with(account.handle.as_str()).await
    }

    /// One's own contact with this Passport address.
    async fn contact_with(&mut self, handle: &str) -> Result<Option<ContactRow>, StoreError> {
        let row = sqlx::query(
            "SELECT id, kind, address, messenger, properties FROM contacts
             WHERE owner = $1 AND address = $2 AND kind = 'Passport' AND deleted = 0",
        )
        .bind(number(self.owner))
        .bind(handle)
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

/// The accounts of which an operation knows so far that it concerns them. Which ones it concerns may
/// turn up only when the contacts are read, inside the transaction; then it begins again with more.
#[derive(Default)]
struct Accounts {
    by_address: HashMap<String, Option<Account>>,
}

enum Found<'a> {
    Account(&'a Account),
    /// No account has this address.
    Nobody,
    /// Not asked yet.
    Unknown,
}

enum Outcome {
    Done,
    /// The transaction must begin again, holding whoever has this address.
    Missing(String),
}

impl Accounts {
    fn ids(&self) -> impl Iterator<Item = super::AccountId> {
        self.by_address.values().flatten().map(|account| account.id)
    }

    fn at(&self, open: &Opened, address: &str) -> Found<'_> {
        match self.by_address.get(address) {
            Some(Some(account)) if open.holds(account.id) => Found::Account(account),
            Some(None) => Found::Nobody,
            Some(Some(_)) | None => Found::Unknown,
        }
    }

    async fn find(&mut self, writer: &RosterWriter<'_>, address: String) -> Result<(), StoreError> {
        let account = match Handle::parse(&address) {
            Ok(handle) => writer.store.account_by_handle(&handle).await?,
            Err(_) => None,
        };
        self.by_address.insert(
            address,
            account.filter(|account| account.id != writer.owner),
        );
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
fn address_of(passport: Option<&str>, properties: &Properties) -> (&'static str, String) {
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
fn check_email(address: &str) -> Result<(), Refusal> {
    match address.rsplit_once('@') {
        None => Err(Refusal::BadEmail('@')),
        Some((_, domain)) if !domain.contains('.') => Err(Refusal::BadEmail('.')),
        Some(_) => Ok(()),
    }
}

const PASSPORT: &str = "Passport";
