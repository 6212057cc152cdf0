//! AddMember and DeleteMember: one's own AL, BL, RL and PL (services-addressbook, 8).

use msnp::handle::Handle;
use msnp::roster::{self, Lists, MemberError};
use msnp::soap::refusal::Refusal;
use msnp::soap::sharing::{MemberAddress, MemberRef, MemberTarget, NewMember, Role};
use sqlx::Row;

use super::super::account::AccountId;
use super::book::Opened;
use super::lists::{Said, difference, role_number};
use super::{Changed, RosterChange, RosterError, RosterWriter, account_id, number};

impl RosterWriter<'_> {
    /// AddMember: all of them, or none.
    pub async fn add_members(&self, members: &[NewMember]) -> Result<Changed<()>, RosterError> {
        for member in members {
            self.check_address(&member.address).await?;
        }
        let mut open = self.open([]).await?;
        for member in members {
            let before = open.lists(self.owner, &member.address).await?;
            let after = roster::add_member(before, member.role.list()).map_err(refusal)?;
            open.check_room((before, after), self.sizes).await?;
            let said = Said {
                display_name: member.display_name.clone(),
                annotations: member.annotations.clone(),
            };
            let said = [(member.role, said)];
            open.save(self.owner, &member.address, (before, after), &said)
                .await?;
            let spoken_of = roster::spoken_of(member.role.list());
            open.tell(&member.address, spoken_of, before, after).await?;
        }
        open.bury().await?;
        open.done(()).await
    }

    /// DeleteMember: all of them, or none.
    pub async fn delete_members(&self, members: &[MemberRef]) -> Result<Changed<()>, RosterError> {
        let mut open = self.open([]).await?;
        for member in members {
            let address = match &member.target {
                MemberTarget::Address(address) => address.clone(),
                MemberTarget::Id(id) => open.member_address(member.role, *id).await?,
            };
            let before = open.lists(self.owner, &address).await?;
            let after = roster::remove_member(before, member.role.list()).map_err(refusal)?;
            open.save(self.owner, &address, (before, after), &[])
                .await?;
            let spoken_of = Lists::from(member.role.list());
            open.tell(&address, spoken_of, before, after).await?;
        }
        open.bury().await?;
        open.done(()).await
    }

    /// A Passport address must be an account's; others are taken as they are.
    async fn check_address(&self, address: &MemberAddress) -> Result<(), RosterError> {
        let MemberAddress::Passport(text) = address else {
            return Ok(());
        };
        let account = match Handle::parse(text) {
            Ok(handle) => self.store.account_by_handle(&handle).await?,
            Err(_) => None,
        };
        match account {
            Some(_) => Ok(()),
            None => Err(Refusal::UserDoesNotExist(text.clone()).into()),
        }
    }
}

impl Opened {
    /// Who has this number in this role, or had it.
    async fn member_address(&mut self, role: Role, id: i64) -> Result<MemberAddress, RosterError> {
        let row = sqlx::query(
            "SELECT kind, address FROM members WHERE owner = $1 AND id = $2 AND role = $3",
        )
        .bind(number(self.owner))
        .bind(id)
        .bind(role_number(role.list()))
        .fetch_optional(&mut *self.writing)
        .await?;
        let row = row.ok_or(Refusal::MemberDoesNotExist)?;
        MemberAddress::of_kind(row.try_get("kind")?, row.try_get("address")?)
            .ok_or_else(|| Refusal::MemberDoesNotExist.into())
    }

    /// Tells of one's own lists about an address, if it has an account here.
    async fn tell(
        &mut self,
        address: &MemberAddress,
        spoken_of: Lists,
        before: Lists,
        after: Lists,
    ) -> Result<(), RosterError> {
        if let Some(contact) = self.account_at(address).await? {
            self.changes.push(RosterChange::Lists {
                owner: self.owner,
                contact,
                lists: after,
                touched: spoken_of | difference(before, after),
            });
        }
        Ok(())
    }

    async fn account_at(
        &mut self,
        address: &MemberAddress,
    ) -> Result<Option<AccountId>, RosterError> {
        let MemberAddress::Passport(handle) = address else {
            return Ok(None);
        };
        let id: Option<i64> = sqlx::query_scalar("SELECT id FROM accounts WHERE handle = $1")
            .bind(handle.as_str())
            .fetch_optional(&mut *self.writing)
            .await?;
        Ok(id.map(account_id).transpose()?)
    }
}

fn refusal(error: MemberError) -> Refusal {
    match error {
        MemberError::AlreadyExists => Refusal::MemberAlreadyExists,
        MemberError::DoesNotExist => Refusal::MemberDoesNotExist,
        MemberError::KeptByServer => {
            Refusal::BadRequest("the server keeps the members of this role".to_owned())
        }
    }
}
