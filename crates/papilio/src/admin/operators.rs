//! What operators do to operators: nobody gives, or takes away, what they have not themselves.

use jiff::Timestamp;
use msnp::handle::Handle;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::accounts::find;
use super::{Act, AdminError, Office, Operator, Scope, Scopes};

/// An operator by their account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorView {
    /// The account.
    #[serde(serialize_with = "super::as_text")]
    #[schema(value_type = String, example = "alice@example.com")]
    pub handle: Handle,
    /// What they may do.
    #[schema(value_type = Vec<String>)]
    pub scopes: Scopes,
    /// Since when they are one.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

impl Office {
    /// All operators that are accounts.
    pub async fn operators(&self, by: &Operator) -> Result<Vec<OperatorView>, AdminError> {
        self.permit_reading(by, Scope::Operators, "operators.list", "")
            .await?;
        let found = self.store.operators().await?.into_iter();
        Ok(found
            .map(|role| OperatorView {
                handle: role.handle,
                scopes: role.scopes,
                since: role.since,
            })
            .collect())
    }

    /// Makes an account an operator, or changes what it may do.
    pub async fn put_operator(
        &self,
        by: &Operator,
        handle: &Handle,
        scopes: Scopes,
    ) -> Result<(), AdminError> {
        let act = Act::new(by, Scope::Operators, "operators.put", handle)
            .with(json!({ "scopes": scopes }));
        self.carry_out(act, |store| async move {
            if scopes.is_empty() {
                return Err(AdminError::Invalid(
                    "an operator has at least one scope".to_owned(),
                ));
            }
            may_give(by, scopes)?;
            let account = find(&self.store, handle).await?;
            self.below(by, &account).await?;
            let now = Timestamp::now();
            Ok(store.put_operator(account.id, scopes, now).await?)
        })
        .await
    }

    /// An account is an operator no more.
    pub async fn remove_operator(&self, by: &Operator, handle: &Handle) -> Result<(), AdminError> {
        let act = Act::new(by, Scope::Operators, "operators.remove", handle);
        self.carry_out(act, |store| async move {
            let account = find(&self.store, handle).await?;
            self.below(by, &account).await?;
            match store.remove_operator(account.id).await {
                Err(crate::store::StoreError::NotFound(_)) => {
                    Err(AdminError::NotFound(format!("{handle} is no operator")))
                }
                done => Ok(done?),
            }
        })
        .await
    }
}

/// Refuses to give what one has not.
pub(super) fn may_give(by: &Operator, scopes: Scopes) -> Result<(), AdminError> {
    match scopes.iter().find(|&scope| !by.scopes.allow(scope)) {
        Some(scope) => Err(AdminError::Forbidden(scope)),
        None => Ok(()),
    }
}
