//! ABContactUpdate: what is known of a contact, whether it is on FL, and the contact Me
//! (services-addressbook, 3.1 and 4.3).

use msnp::handle::Handle;
use msnp::roster::{AddPolicy, AllowListManagement, Privacy};
use msnp::soap::abook::{ContactUpdate, Invitation, UpdateTarget};
use msnp::soap::contact::{Annotation, BLP, GTC, Properties, add_policy, privacy};
use msnp::soap::contact_change::{ContactChanges, PropertyChange};
use msnp::soap::guid::Guid;
use msnp::soap::refusal::Refusal;
use sqlx::Row;

use super::super::StoreError;
use super::super::account::name_or_handle;
use super::book::Opened;
use super::concerned::{Accounts, Found, Outcome};
use super::contact::{PASSPORT, address_of, check_email};
use super::{Changed, RosterChange, RosterError, RosterWriter, from_json, guid, number, to_json};

impl RosterWriter<'_> {
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
            && let Some(other) = open.contact_with(PASSPORT, address).await?
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
        let handle =
            Handle::parse(row.try_get("handle")?).map_err(|_| StoreError::Malformed("handle"))?;
        let name = name_or_handle(&std::mem::take(&mut me.display_name), &handle);
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
}
