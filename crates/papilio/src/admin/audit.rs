//! What operators read of what operators did.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{AdminError, Office, Operator, Scope};
use crate::store::audit::{AuditEntry, AuditFilter, AuditNumber};

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditView {
    /// Its number.
    pub number: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who.
    #[schema(example = "token backup-script")]
    pub who: String,
    /// What.
    #[schema(example = "accounts.disable")]
    pub act: String,
    /// To whom or what; empty if that says it all.
    pub subject: String,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// More of it.
    #[schema(value_type = Object)]
    pub details: Value,
}

impl Office {
    /// Entries of the audit log, the newest first, before `before`.
    pub async fn audit(
        &self,
        by: &Operator,
        before: Option<i64>,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditView>, AdminError> {
        self.permit_reading(by, Scope::AuditRead, "audit.list", "")
            .await?;
        let before = before.map(AuditNumber);
        let found = self.store.audit_before(before, filter, limit).await?;
        Ok(found.into_iter().map(AuditView::from).collect())
    }
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            number: entry.number.0,
            at: entry.at,
            who: entry.who,
            act: entry.act,
            subject: entry.subject,
            outcome: entry.outcome,
            details: entry.details,
        }
    }
}
