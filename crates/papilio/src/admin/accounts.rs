//! What operators do to accounts.
//!
//! Whoever may do less than another operator cannot change that one's account: with its password they
//! could do what they may not.

use jiff::Timestamp;
use msnp::handle::Handle;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Act, AdminError, BanView, Office, Operator, Scope, Scopes};
use crate::password::Password;
use crate::store::account::{Account, AccountId, NewAccount};
use crate::store::ban::BanSubject;
use crate::store::{Store, StoreError};

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountSummary {
    /// Its number, from 1, which is never used again.
    pub number: u32,
    /// Its address.
    #[serde(serialize_with = "super::as_text")]
    #[schema(value_type = String, example = "alice@example.com")]
    pub handle: Handle,
    /// Its display name.
    pub name: String,
    /// Whether it may not sign in.
    pub disabled: bool,
    /// Whether the address is known to be its owner's.
    pub confirmed: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
}

/// All about an account but its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccountDetails {
    /// As in a list.
    #[serde(flatten)]
    pub summary: AccountSummary,
    /// The passport's unique id, in hexadecimal.
    #[schema(example = "0000000100000001")]
    pub puid: String,
    /// The same as the address book has it, signed, in decimal.
    #[schema(example = "4294967297")]
    pub cid: String,
    /// What it may do as an operator; nothing if it is none.
    #[schema(value_type = Option<Vec<String>>)]
    pub operator: Option<Scopes>,
    /// How long its lists are.
    pub lists: ListSizes,
    /// How many messages wait for it.
    pub offline_messages: u64,
    /// The ban on it.
    pub ban: Option<BanView>,
}

/// How long the lists of an account are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListSizes {
    /// Contacts: FL.
    pub contacts: u64,
    /// Who is allowed to see it: AL.
    pub allowed: u64,
    /// Who is blocked: BL.
    pub blocked: u64,
    /// Who has it as a contact: RL.
    pub added_by: u64,
    /// Who waits for an answer: PL.
    pub pending: u64,
    /// Groups.
    pub groups: u64,
}

/// What an account is made of.
#[derive(Debug)]
pub struct AccountToMake {
    /// Its address.
    pub handle: Handle,
    /// Its display name; `None`: the address.
    pub name: Option<String>,
    /// Its password; `None`: one that nobody knows, until another is set.
    pub password: Option<Password>,
}

/// What is done to an account.
#[derive(Debug)]
pub enum AccountChange {
    /// Another display name.
    Rename(String),
    /// Another password. Whoever is signed in has to sign in again.
    SetPassword(Password),
    /// Signed out, and kept from signing in.
    Disable,
    /// May sign in again.
    Enable,
    /// Gone for ever, with its contacts.
    Delete,
}

impl Office {
    /// Accounts in the order of their numbers, behind `after`: all, or those whose address or name
    /// contains `text`.
    pub async fn accounts(
        &self,
        by: &Operator,
        text: Option<&str>,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<AccountSummary>, AdminError> {
        self.permit_reading(by, Scope::AccountsRead, "accounts.list", "")
            .await?;
        let found = match text {
            Some(text) => self.store.search_accounts(text, after, limit).await?,
            None => self.store.accounts(after, limit).await?,
        };
        Ok(found.iter().map(AccountSummary::of).collect())
    }

    /// All about an account.
    pub async fn account(
        &self,
        by: &Operator,
        handle: &Handle,
    ) -> Result<AccountDetails, AdminError> {
        self.permit_reading(by, Scope::AccountsRead, "accounts.show", handle.as_str())
            .await?;
        let account = find(&self.store, handle).await?;
        let now = Timestamp::now();
        let ban = self
            .store
            .ban_on(&BanSubject::Account(handle.clone()), now)
            .await?;
        let sizes = self.store.roster_sizes(account.id).await?;
        Ok(AccountDetails {
            summary: AccountSummary::of(&account),
            puid: format!("{:016X}", account.puid()),
            cid: account.cid().to_string(),
            operator: self.store.operator_scopes(account.id).await?,
            lists: ListSizes {
                contacts: sizes.forward,
                allowed: sizes.allow,
                blocked: sizes.block,
                added_by: sizes.reverse,
                pending: sizes.pending,
                groups: sizes.groups,
            },
            offline_messages: self.store.count_mails(account.id, now).await?,
            ban: ban.as_ref().map(BanView::of),
        })
    }

    /// Makes an account. [`AdminError::Conflict`] if the address is taken.
    pub async fn make_account(
        &self,
        by: &Operator,
        new: AccountToMake,
    ) -> Result<AccountSummary, AdminError> {
        let handle = new.handle.clone();
        let act = Act::new(by, Scope::AccountsWrite, "accounts.create", &handle);
        self.carry_out(act, |store| async move {
            let password = new.password.map_or_else(nobodys_password, Ok)?;
            let password = self.passwords.hash(password).await?;
            let new = NewAccount {
                name: new.name.unwrap_or_else(|| new.handle.to_string()),
                handle: new.handle,
                password,
                verified: true,
                created_at: Timestamp::now(),
            };
            match store.add_account(&new).await {
                Ok(account) => Ok(AccountSummary::of(&account)),
                Err(StoreError::Conflict(_)) => Err(AdminError::Conflict(format!(
                    "{} exists already",
                    new.handle
                ))),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Changes an account; what it was, or is from now on. Its sessions end with its password, with
    /// the right to sign in, and with itself.
    pub async fn change_account(
        &self,
        by: &Operator,
        handle: &Handle,
        change: AccountChange,
    ) -> Result<AccountSummary, AdminError> {
        let name = match &change {
            AccountChange::Rename(_) => "accounts.rename",
            AccountChange::SetPassword(_) => "accounts.set-password",
            AccountChange::Disable => "accounts.disable",
            AccountChange::Enable => "accounts.enable",
            AccountChange::Delete => "accounts.delete",
        };
        let mut act = Act::new(by, Scope::AccountsWrite, name, handle);
        if let AccountChange::Rename(name) = &change {
            act = act.with(json!({ "name": name }));
        }
        self.carry_out(act, |store| async move {
            let mut account = find(&self.store, handle).await?;
            self.below(by, &account).await?;
            match change {
                AccountChange::Rename(name) => {
                    store
                        .rename_account(account.id, &name, Timestamp::now())
                        .await?;
                }
                AccountChange::SetPassword(password) => {
                    let stored = self.passwords.hash(password).await?;
                    store.set_password(account.id, &stored).await?;
                }
                AccountChange::Disable => store.disable_account(account.id).await?,
                AccountChange::Enable => store.enable_account(account.id).await?,
                AccountChange::Delete => {
                    store.delete_account(account.id).await?;
                    return Ok(AccountSummary::of(&account));
                }
            }
            if let Some(now) = self.store.account_by_id(account.id).await? {
                account = now;
            }
            Ok(AccountSummary::of(&account))
        })
        .await
    }

    /// Signs an account out wherever it is signed in. Its tickets die; with its password it may come
    /// again.
    pub async fn sign_out(&self, by: &Operator, handle: &Handle) -> Result<(), AdminError> {
        let act = Act::new(by, Scope::SessionsWrite, "sessions.sign-out", handle);
        self.carry_out(act, |store| async move {
            let account = find(&self.store, handle).await?;
            self.below(by, &account).await?;
            Ok(store.end_sessions_of(account.id).await?)
        })
        .await
    }

    /// Refuses to touch an operator who may do more.
    pub(super) async fn below(&self, by: &Operator, account: &Account) -> Result<(), AdminError> {
        match self.store.operator_scopes(account.id).await? {
            Some(scopes) if !by.scopes.include(scopes) => {
                Err(AdminError::Above(account.handle.to_string()))
            }
            _ => Ok(()),
        }
    }
}

impl AccountSummary {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            number: account.id.0,
            handle: account.handle.clone(),
            name: account.name.clone(),
            disabled: account.disabled,
            confirmed: account.verified,
            created: account.created_at,
        }
    }
}

pub(super) async fn find(store: &Store, handle: &Handle) -> Result<Account, AdminError> {
    store
        .account_by_handle(handle)
        .await?
        .ok_or_else(|| AdminError::NotFound(format!("there is no account {handle}")))
}

/// A password that nobody knows.
fn nobodys_password() -> Result<Password, AdminError> {
    let random: [u8; 32] = rand::random();
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Password::parse(&text).map_err(|error| AdminError::Invalid(error.to_string()))
}
