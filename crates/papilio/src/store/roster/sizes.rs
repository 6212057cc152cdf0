//! How long an account's lists are, for those who run the service.

use sqlx::Row;

use super::super::account::AccountId;
use super::super::{Store, StoreError};

/// How many there are on each list, deleted ones not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RosterSizes {
    /// FL.
    pub forward: u64,
    /// AL.
    pub allow: u64,
    /// BL.
    pub block: u64,
    /// RL.
    pub reverse: u64,
    /// PL.
    pub pending: u64,
    /// Groups.
    pub groups: u64,
}

impl Store {
    /// How long an account's lists are; all zero if there is none.
    pub async fn roster_sizes(&self, owner: AccountId) -> Result<RosterSizes, StoreError> {
        let mut sizes = RosterSizes::default();
        let rows = sqlx::query(
            "SELECT role, COUNT(*) AS number FROM members WHERE owner = $1 AND deleted = 0
             GROUP BY role
             UNION ALL SELECT 1 AS role, COUNT(*) AS number FROM contacts
             WHERE owner = $1 AND deleted = 0 AND messenger = 1
             UNION ALL SELECT 0 AS role, COUNT(*) AS number FROM contact_groups
             WHERE owner = $1 AND deleted = 0",
        )
        .bind(i64::from(owner.0))
        .fetch_all(&self.readers)
        .await?;
        for row in &rows {
            let number = row.try_get::<i64, _>("number")?.unsigned_abs();
            match row.try_get::<i64, _>("role")? {
                0 => sizes.groups = number,
                1 => sizes.forward = number,
                2 => sizes.allow = number,
                4 => sizes.block = number,
                8 => sizes.reverse = number,
                16 => sizes.pending = number,
                _ => {}
            }
        }
        Ok(sizes)
    }
}
