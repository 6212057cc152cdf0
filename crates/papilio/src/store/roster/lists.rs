//! The bits of `msnp::roster`, read from and written to the tables.

use msnp::roster::{self, AllowListManagement, List, Lists, Pair};
use msnp::soap::abook::Invitation;
use msnp::soap::contact::Annotation;
use msnp::soap::refusal::Refusal;
use msnp::soap::sharing::{MemberAddress, Role};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::super::account::{Account, AccountId};
use super::book::Opened;
use super::{RosterChange, RosterError, number, to_json};
use crate::config::ListSizes;
use crate::store::StoreError;

/// What is kept with a member: the column `said`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) display_name: String,
    pub(super) annotations: Vec<Annotation>,
}

/// An account by its address.
pub(super) fn passport(account: &Account) -> MemberAddress {
    MemberAddress::Passport(account.handle.as_str().to_owned())
}

impl Opened {
    /// What `owner` holds about an address.
    pub(super) async fn lists(
        &mut self,
        owner: AccountId,
        address: &MemberAddress,
    ) -> Result<Lists, StoreError> {
        let rows = sqlx::query(
            "SELECT role FROM members
             WHERE owner = $1 AND address = $2 AND kind = $3 AND deleted = 0
             UNION ALL
             SELECT messenger FROM contacts
             WHERE owner = $1 AND address = $2 AND kind = $3 AND deleted = 0 AND messenger = 1",
        )
        .bind(number(owner))
        .bind(address.text())
        .bind(address.kind())
        .fetch_all(&mut *self.writing)
        .await?;
        let mut lists = Lists::NONE;
        for row in rows {
            lists |= bits(row.try_get(0)?)?;
        }
        Ok(lists)
    }

    /// Writes what became of the roles. FL is not among them: it is a contact's. `said` is kept with
    /// those who come into these roles.
    pub(super) async fn save(
        &mut self,
        owner: AccountId,
        address: &MemberAddress,
        (before, after): (Lists, Lists),
        said: &[(Role, Said)],
    ) -> Result<(), StoreError> {
        for role in Role::ALL {
            let list = Lists::from(role.list());
            match (before.contains(list), after.contains(list)) {
                (false, true) => {
                    let said = said.iter().find(|(of, _)| *of == role);
                    let said = said.map_or_else(Said::default, |(_, said)| said.clone());
                    self.join(owner, role, address, &said).await?;
                }
                (true, false) => self.leave(owner, role, address).await?,
                (true, true) | (false, false) => {}
            }
        }
        Ok(())
    }

    /// Puts somebody on one's own FL: what that means for both (services-addressbook, 2). To be
    /// called before the contact is written.
    pub(super) async fn add_forward(
        &mut self,
        other: &Account,
        invitation: &Invitation,
        management: AllowListManagement,
        sizes: &ListSizes,
    ) -> Result<(), RosterError> {
        let own = sqlx::query("SELECT handle, name FROM accounts WHERE id = $1")
            .bind(number(self.owner))
            .fetch_one(&mut *self.writing)
            .await?;
        let own_address = MemberAddress::Passport(own.try_get("handle")?);
        let before = Pair {
            own: self.lists(self.owner, &passport(other)).await?,
            theirs: self.lists(other.id, &own_address).await?,
        };
        let policy = self.book(other.id)?.policy;
        let after = roster::add_forward(before, policy, management);
        self.check_room((before.own, after.own), sizes).await?;
        let said = Said {
            display_name: match invitation.display_name.as_str() {
                "" => own.try_get("name")?,
                given => given.to_owned(),
            },
            annotations: invitation.annotations.clone(),
        };
        let said = [(Role::Reverse, said.clone()), (Role::Pending, said)];
        self.save(self.owner, &passport(other), (before.own, after.own), &[])
            .await?;
        self.save(other.id, &own_address, (before.theirs, after.theirs), &said)
            .await?;
        self.tell_pair(other.id, before, after);
        if !before.own.contains(Lists::FORWARD) {
            self.changes.push(RosterChange::Added {
                adder: self.owner,
                added: other.id,
            });
        }
        Ok(())
    }

    /// Takes somebody off one's own FL. To be called before the contact is written.
    pub(super) async fn remove_forward(&mut self, other: &Account) -> Result<(), RosterError> {
        let handle: String = sqlx::query_scalar("SELECT handle FROM accounts WHERE id = $1")
            .bind(number(self.owner))
            .fetch_one(&mut *self.writing)
            .await?;
        let own_address = MemberAddress::Passport(handle);
        let before = Pair {
            own: self.lists(self.owner, &passport(other)).await?,
            theirs: self.lists(other.id, &own_address).await?,
        };
        let after = roster::remove_forward(before);
        self.save(self.owner, &passport(other), (before.own, after.own), &[])
            .await?;
        self.save(other.id, &own_address, (before.theirs, after.theirs), &[])
            .await?;
        self.tell_pair(other.id, before, after);
        self.changes.push(RosterChange::Removed {
            remover: self.owner,
            removed: other.id,
        });
        Ok(())
    }

    /// FL was spoken about; of everything else, what changed.
    fn tell_pair(&mut self, other: AccountId, before: Pair, after: Pair) {
        self.changes.push(RosterChange::Lists {
            owner: self.owner,
            contact: other,
            lists: after.own,
            touched: Lists::FORWARD | difference(before.own, after.own),
        });
        let touched = difference(before.theirs, after.theirs);
        if !touched.is_empty() {
            self.changes.push(RosterChange::Lists {
                owner: other,
                contact: self.owner,
                lists: after.theirs,
                touched,
            });
        }
    }

    /// Whether one's own AL and BL have room for who comes on them.
    pub(super) async fn check_room(
        &mut self,
        (before, after): (Lists, Lists),
        sizes: &ListSizes,
    ) -> Result<(), RosterError> {
        for (list, most) in [(List::Allow, sizes.allow), (List::Block, sizes.block)] {
            if !(after - before).contains(list.into()) {
                continue;
            }
            let there: i64 = sqlx::query_scalar(
                "SELECT COUNT(*) FROM members WHERE owner = $1 AND role = $2 AND deleted = 0",
            )
            .bind(number(self.owner))
            .bind(role_number(list))
            .fetch_one(&mut *self.writing)
            .await?;
            check_size(there, most)?;
        }
        Ok(())
    }

    /// Comes into a role; under the old number, if it was in it before.
    async fn join(
        &mut self,
        owner: AccountId,
        role: Role,
        address: &MemberAddress,
        said: &Said,
    ) -> Result<(), StoreError> {
        let stamp = self.book(owner)?.stamp;
        let said = to_json(said)?;
        let back = sqlx::query(
            "UPDATE members SET deleted = 0, said = $5, joined = $6, last_change = $6
             WHERE owner = $1 AND address = $2 AND kind = $3 AND role = $4",
        )
        .bind(number(owner))
        .bind(address.text())
        .bind(address.kind())
        .bind(role_number(role.list()))
        .bind(said.as_str())
        .bind(stamp)
        .execute(&mut *self.writing)
        .await?;
        if back.rows_affected() > 0 {
            return Ok(());
        }
        let next: i64 = sqlx::query_scalar(
            "UPDATE address_books SET next_member = next_member + 1 WHERE owner = $1
             RETURNING next_member",
        )
        .bind(number(owner))
        .fetch_one(&mut *self.writing)
        .await?;
        sqlx::query(
            "INSERT INTO members (owner, id, role, kind, address, said, deleted, joined, last_change)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7)",
        )
        .bind(number(owner))
        .bind(next - 1)
        .bind(role_number(role.list()))
        .bind(address.kind())
        .bind(address.text())
        .bind(said.as_str())
        .bind(stamp)
        .execute(&mut *self.writing)
        .await?;
        Ok(())
    }

    /// Leaves a tombstone.
    async fn leave(
        &mut self,
        owner: AccountId,
        role: Role,
        address: &MemberAddress,
    ) -> Result<(), StoreError> {
        let stamp = self.book(owner)?.stamp;
        sqlx::query(
            "UPDATE members SET deleted = 1, last_change = $5
             WHERE owner = $1 AND address = $2 AND kind = $3 AND role = $4",
        )
        .bind(number(owner))
        .bind(address.text())
        .bind(address.kind())
        .bind(role_number(role.list()))
        .bind(stamp)
        .execute(&mut *self.writing)
        .await?;
        Ok(())
    }
}

/// Refuses one more where there is a limit and it is reached.
pub(super) fn check_size(there: i64, most: Option<usize>) -> Result<(), Refusal> {
    let full = most.is_some_and(|most| usize::try_from(there).is_ok_and(|there| there >= most));
    if full {
        Err(Refusal::QuotaLimitReached)
    } else {
        Ok(())
    }
}

/// As the column `role` has it.
pub(super) fn role_number(list: List) -> i64 {
    i64::from(Lists::from(list).bits())
}

/// Reads columns that have bits of lists.
pub(super) fn bits(value: i64) -> Result<Lists, StoreError> {
    u8::try_from(value)
        .ok()
        .and_then(Lists::from_bits)
        .ok_or(StoreError::Malformed("list"))
}

pub(super) fn difference(before: Lists, after: Lists) -> Lists {
    (before - after) | (after - before)
}
