//! What operators do about those who may not come: bans on accounts and on networks.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::accounts::find;
use super::{Act, AdminError, Office, Operator, Scope};
use crate::store::StoreError;
use crate::store::ban::{Ban, BanId, BanSubject, NewBan};

/// A ban, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BanView {
    /// Its number.
    pub number: i64,
    /// The address of the account that is banned.
    #[schema(example = "mallory@example.com")]
    pub account: Option<String>,
    /// The network from which nobody may come.
    #[schema(example = "192.0.2.0/24")]
    pub network: Option<String>,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Until when; nothing: until it is lifted.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
}

/// What a ban is made of.
#[derive(Clone, Debug)]
pub struct BanToMake {
    /// Who or what.
    pub subject: BanSubject,
    /// Why, for other operators; not shown to whoever is banned.
    pub reason: String,
    /// Until when; `None`: until it is lifted.
    pub expires: Option<Timestamp>,
}

impl Office {
    /// Bans, at once: tickets of the account die, its sessions end; connections from the network end.
    pub async fn ban(&self, by: &Operator, new: BanToMake) -> Result<BanView, AdminError> {
        let (_, subject) = new.subject.kind_and_text();
        let act = Act::new(by, Scope::BansWrite, "bans.create", subject)
            .with(json!({ "reason": new.reason, "expires": new.expires }));
        self.carry_out(act, |store| async move {
            let now = Timestamp::now();
            if new.reason.chars().count() > REASON_LIMIT {
                return Err(AdminError::Invalid(format!(
                    "a reason has at most {REASON_LIMIT} characters"
                )));
            }
            if new.expires.is_some_and(|expires| expires <= now) {
                return Err(AdminError::Invalid(
                    "the ban would be over already".to_owned(),
                ));
            }
            if let BanSubject::Account(handle) = &new.subject {
                let account = find(&self.store, handle).await?;
                self.below(by, &account).await?;
            }
            let new = NewBan {
                subject: new.subject,
                reason: new.reason,
                made_by: by.who.to_string(),
                created_at: now,
                expires: new.expires,
            };
            match store.add_ban(&new).await {
                Ok(ban) => Ok(BanView::of(&ban)),
                Err(StoreError::Conflict(_)) => {
                    let (_, subject) = new.subject.kind_and_text();
                    let banned = format!("{subject} is banned already: lift that ban first");
                    Err(AdminError::Conflict(banned))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Bans in the order of their numbers, behind `after`.
    pub async fn bans(
        &self,
        by: &Operator,
        after: Option<BanId>,
        limit: u32,
    ) -> Result<Vec<BanView>, AdminError> {
        self.permit_reading(by, Scope::BansRead, "bans.list", "")
            .await?;
        let bans = self.store.bans(after, limit, Timestamp::now()).await?;
        Ok(bans.iter().map(BanView::of).collect())
    }

    /// A ban by its number.
    pub async fn ban_by_number(&self, by: &Operator, id: BanId) -> Result<BanView, AdminError> {
        self.permit_reading(by, Scope::BansRead, "bans.show", &id.0.to_string())
            .await?;
        let ban = self.store.ban_by_id(id, Timestamp::now()).await?;
        ban.as_ref().map(BanView::of).ok_or_else(|| no_ban(id))
    }

    /// The ban on just this.
    pub async fn ban_on(&self, by: &Operator, subject: &BanSubject) -> Result<BanView, AdminError> {
        let (_, text) = subject.kind_and_text();
        self.permit_reading(by, Scope::BansRead, "bans.show", &text)
            .await?;
        let ban = self.store.ban_on(subject, Timestamp::now()).await?;
        ban.as_ref()
            .map(BanView::of)
            .ok_or_else(|| AdminError::NotFound(format!("there is no ban on {text}")))
    }

    /// Lifts a ban; which it was.
    pub async fn lift_ban(&self, by: &Operator, id: BanId) -> Result<BanView, AdminError> {
        // For the entry, which names whom it was about.
        let ban = self.store.ban_by_id(id, Timestamp::now()).await?;
        let subject = ban.as_ref().map_or_else(String::new, |ban| {
            let (_, subject) = ban.subject.kind_and_text();
            subject
        });
        let act =
            Act::new(by, Scope::BansWrite, "bans.lift", subject).with(json!({ "number": id.0 }));
        self.carry_out(act, |store| async move {
            let ban = ban.ok_or_else(|| no_ban(id))?;
            if let BanSubject::Account(handle) = &ban.subject
                && let Some(account) = self.store.account_by_handle(handle).await?
            {
                self.below(by, &account).await?;
            }
            store.lift_ban(id).await?;
            Ok(BanView::of(&ban))
        })
        .await
    }
}

impl BanView {
    pub(super) fn of(ban: &Ban) -> Self {
        let (account, network) = match &ban.subject {
            BanSubject::Account(handle) => (Some(handle.to_string()), None),
            BanSubject::Network(network) => (None, Some(network.to_string())),
        };
        Self {
            number: ban.id.0,
            account,
            network,
            reason: ban.reason.clone(),
            made_by: ban.made_by.clone(),
            created: ban.created_at,
            expires: ban.expires,
        }
    }
}

fn no_ban(id: BanId) -> AdminError {
    AdminError::NotFound(format!("there is no ban {}", id.0))
}

/// The longest reason in characters.
const REASON_LIMIT: usize = 500;
