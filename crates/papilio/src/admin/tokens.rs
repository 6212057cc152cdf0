//! Tokens for programs: made, listed, revoked, and looked at with every request.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::operators::may_give;
use super::{Act, AdminError, Office, Operator, Scope, Scopes, Who};
use crate::store::StoreError;
use crate::store::api_token::TokenRecord;
use crate::store::token::Token;

/// A token, without what is shown to use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenView {
    /// What its operator calls it.
    #[schema(example = "backup-script")]
    pub name: String,
    /// What it lets do.
    #[schema(value_type = Vec<String>)]
    pub scopes: Scopes,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
    /// Until when it is good; nothing: until it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute; nothing: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used: Option<Timestamp>,
}

/// A token that was just made: the only time that it can be seen.
#[derive(Clone, Serialize, ToSchema)]
pub struct NewToken {
    /// What it is.
    #[serde(flatten)]
    pub view: TokenView,
    /// What is shown to use it: `Authorization: Bearer TOKEN`.
    pub token: String,
}

/// What a token is made of.
#[derive(Clone, Debug)]
pub struct TokenToMake {
    /// 1 to 64 of `a` to `z`, `0` to `9`, `.`, `_`, `-`.
    pub name: String,
    /// What it lets do.
    pub scopes: Scopes,
    /// Until when.
    pub expires: Option<Timestamp>,
}

impl Office {
    /// Makes a token that lets do no more than its maker may. [`AdminError::Conflict`] if there is one
    /// of this name.
    pub async fn make_token(
        &self,
        by: &Operator,
        new: TokenToMake,
    ) -> Result<NewToken, AdminError> {
        let act = Act::new(by, Scope::Tokens, "tokens.create", shown(&new.name))
            .with(json!({ "scopes": new.scopes, "expires": new.expires }));
        self.carry_out(act, |store| async move {
            let now = Timestamp::now();
            if !is_name(&new.name) {
                return Err(AdminError::Invalid(
                    "the name of a token has 1 to 64 of a-z, 0-9, dot, dash and underscore"
                        .to_owned(),
                ));
            }
            if new.scopes.is_empty() {
                return Err(AdminError::Invalid(
                    "a token has at least one scope".to_owned(),
                ));
            }
            if new.expires.is_some_and(|expires| expires <= now) {
                return Err(AdminError::Invalid(
                    "the token would have expired already".to_owned(),
                ));
            }
            may_give(by, new.scopes)?;
            let record = TokenRecord {
                name: new.name,
                scopes: new.scopes,
                created_at: now,
                expires: new.expires,
                last_used: None,
            };
            let token = Token::random();
            match store.add_token(&record, &token).await {
                Ok(()) => Ok(NewToken {
                    view: TokenView::of(record),
                    token: token.expose().to_owned(),
                }),
                Err(StoreError::Conflict(_)) => Err(AdminError::Conflict(format!(
                    "there is a token {} already",
                    record.name
                ))),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Tokens by their names, behind `after`.
    pub async fn tokens(
        &self,
        by: &Operator,
        after: &str,
        limit: u32,
    ) -> Result<Vec<TokenView>, AdminError> {
        self.permit_reading(by, Scope::Tokens, "tokens.list", "")
            .await?;
        let found = self.store.tokens(after, limit).await?;
        Ok(found.into_iter().map(TokenView::of).collect())
    }

    /// The token is good no more.
    pub async fn revoke_token(&self, by: &Operator, name: &str) -> Result<(), AdminError> {
        let act = Act::new(by, Scope::Tokens, "tokens.revoke", shown(name));
        self.carry_out(act, |store| async move {
            let none = || AdminError::NotFound(format!("there is no token {}", shown(name)));
            if !is_name(name) {
                return Err(none());
            }
            let record = self.store.token_by_name(name).await?.ok_or_else(none)?;
            if !by.scopes.include(record.scopes) {
                return Err(AdminError::Above(format!("token {name}")));
            }
            match store.revoke_token(name).await {
                Err(StoreError::NotFound(_)) => Err(none()),
                done => Ok(done?),
            }
        })
        .await
    }

    /// Who shows this token; `None` if it is not good.
    pub async fn bearer(&self, token: &Token) -> Result<Option<Operator>, AdminError> {
        let record = self.store.use_token(token, Timestamp::now()).await?;
        Ok(record.map(|record| Operator {
            who: Who::Token(record.name),
            scopes: record.scopes,
        }))
    }
}

impl TokenView {
    fn of(record: TokenRecord) -> Self {
        let TokenRecord {
            name,
            scopes,
            created_at,
            expires,
            last_used,
        } = record;
        Self {
            name,
            scopes,
            created: created_at,
            expires,
            last_used,
        }
    }
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewToken({})", self.view.name)
    }
}

fn is_name(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    (1..=64).contains(&name.len()) && name.bytes().all(letter)
}

/// As much of what is to be a name as the log has.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
