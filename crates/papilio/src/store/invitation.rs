//! Invitations: a code lets so many people make an account each, until it expires or is revoked.
//!
//! ```text
//!   make_invitation -> open --sign_up--> used -> ... -> used up
//!                       | \--revoke_invitation--> revoked
//!                       '--time--> expired
//! ```
//!
//! One use is taken in the transaction that makes the account: either both happen or neither.

use std::fmt;

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::account::{Account, NewAccount, clean_name, insert_accounts};
use super::{Store, StoreError, Writing, token};

/// What is read of an invitation.
macro_rules! select {
    () => {
        "SELECT id, uses, used, expires, revoked, note, made_by, made_at FROM invitations"
    };
}

/// The number of an invitation, from 1: for operators, no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InvitationId(pub u32);

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What whoever is invited shows: 80 random bits as four groups of four letters and digits. Only its
/// hash is kept, so it can be handed out when it is made and never again.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationCode(String);

impl InvitationCode {
    fn random() -> Self {
        let random = rand::random::<[u8; CODE_LENGTH]>();
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        Self(random.iter().map(letter).collect())
    }

    /// Reads one as people write it: in any case, with or without its dashes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut code = String::with_capacity(CODE_LENGTH);
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = c.to_ascii_lowercase();
            if !c.is_ascii() || !LETTERS.contains(&(c as u8)) || code.len() == CODE_LENGTH {
                return None;
            }
            code.push(c);
        }
        (code.len() == CODE_LENGTH).then_some(Self(code))
    }

    /// The code itself, for whoever is invited: `xxxx-xxxx-xxxx-xxxx`.
    pub fn expose(&self) -> String {
        let groups: Vec<_> = (0..CODE_LENGTH)
            .step_by(GROUP)
            .map(|start| &self.0[start..start + GROUP])
            .collect();
        groups.join("-")
    }

    pub(super) fn hash(&self) -> String {
        token::hash(&self.0)
    }
}

impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationCode")
    }
}

/// What an invitation is made of.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// How many accounts may be made with it; `None` = any number.
    pub uses: Option<u32>,
    /// Until when; `None` = for ever.
    pub expires: Option<Timestamp>,
    /// What for, for operators. Kept as one line of [`NewInvitation::NOTE_LIMIT`] characters at most.
    pub note: String,
    /// Which operator made it: a handle, or where it was made.
    pub made_by: String,
    /// Now.
    pub made_at: Timestamp,
}

impl NewInvitation {
    /// Longest note in characters.
    pub const NOTE_LIMIT: usize = 387;
}

/// An invitation, without its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its number.
    pub id: InvitationId,
    /// How many accounts may be made with it; `None` = any number.
    pub uses: Option<u32>,
    /// How many were made.
    pub used: u32,
    /// Until when; `None` = for ever.
    pub expires: Option<Timestamp>,
    /// An operator has ended it.
    pub revoked: bool,
    /// What for.
    pub note: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
}

impl Invitation {
    /// Whether another account can be made with it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.revoked
            && self.uses.is_none_or(|uses| self.used < uses)
            && self.expires.is_none_or(|expires| now < expires)
    }
}

/// What came of making an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedUp {
    /// It is there.
    Made(Account),
    /// The handle is taken; nothing changed.
    Taken,
    /// No such invitation, or it is used up, expired or revoked; nothing changed.
    NotInvited,
}

impl Store {
    /// Makes an invitation. Its code is not to be had later.
    pub async fn make_invitation(
        &self,
        new: &NewInvitation,
    ) -> Result<(Invitation, InvitationCode), StoreError> {
        let code = InvitationCode::random();
        let mut writing = self.write().await?;
        let id: i64 = sqlx::query_scalar(
            "UPDATE counters SET value = value + 1 WHERE name = 'invitation' RETURNING value",
        )
        .fetch_one(&mut *writing)
        .await?;
        sqlx::query(
            "INSERT INTO invitations
                 (id, code_hash, uses, used, expires, revoked, note, made_by, made_at)
             VALUES ($1, $2, $3, 0, $4, 0, $5, $6, $7)",
        )
        .bind(id)
        .bind(code.hash())
        .bind(i64::from(new.uses.unwrap_or(0)))
        .bind(new.expires.map(Timestamp::as_millisecond))
        .bind(clean_name(&new.note))
        .bind(new.made_by.as_str())
        .bind(new.made_at.as_millisecond())
        .execute(&mut *writing)
        .await?;
        let row = sqlx::query(concat!(select!(), " WHERE id = $1"))
            .bind(id)
            .fetch_one(&mut *writing)
            .await?;
        let made = invitation(&row)?;
        writing.commit().await?;
        Ok((made, code))
    }

    /// Invitations, the newest first, at most `limit`, beginning behind `before`.
    pub async fn invitations(
        &self,
        before: Option<InvitationId>,
        limit: u32,
    ) -> Result<Vec<Invitation>, StoreError> {
        let rows = sqlx::query(concat!(
            select!(),
            " WHERE id < $1 ORDER BY id DESC LIMIT $2"
        ))
        .bind(before.map_or(i64::MAX, |id| i64::from(id.0)))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(invitation).collect()
    }

    /// The invitation with this number.
    pub async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let row = sqlx::query(concat!(select!(), " WHERE id = $1"))
            .bind(i64::from(id.0))
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(invitation).transpose()
    }

    /// The invitation with this code, whether or not it is open.
    pub async fn invitation_by_code(
        &self,
        code: &InvitationCode,
    ) -> Result<Option<Invitation>, StoreError> {
        let row = sqlx::query(concat!(select!(), " WHERE code_hash = $1"))
            .bind(code.hash())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(invitation).transpose()
    }

    /// Ends an invitation; who came by it stays. [`StoreError::NotFound`] if there is none.
    pub async fn revoke_invitation(&self, id: InvitationId) -> Result<Invitation, StoreError> {
        let mut writing = self.write().await?;
        let row = sqlx::query(
            "UPDATE invitations SET revoked = 1 WHERE id = $1
             RETURNING id, uses, used, expires, revoked, note, made_by, made_at",
        )
        .bind(i64::from(id.0))
        .fetch_optional(&mut *writing)
        .await?
        .ok_or(StoreError::NotFound("there is no such invitation"))?;
        let revoked = invitation(&row)?;
        writing.commit().await?;
        Ok(revoked)
    }

    /// Makes an account, and takes one use of the invitation if it is by invitation.
    pub async fn sign_up(
        &self,
        new: &NewAccount,
        invitation: Option<&InvitationCode>,
    ) -> Result<SignedUp, StoreError> {
        let mut writing = self.write().await?;
        let hash = invitation.map(InvitationCode::hash);
        let done = sign_up(&mut writing, new, hash.as_deref()).await?;
        if matches!(done, SignedUp::Made(_)) {
            writing.commit().await?;
        } else {
            writing.rollback().await?;
        }
        Ok(done)
    }
}

/// Makes an account by the invitation whose code has this hash, if it is by one. Unless it was made,
/// the transaction must not be committed.
pub(super) async fn sign_up(
    writing: &mut Writing,
    new: &NewAccount,
    invitation: Option<&str>,
) -> Result<SignedUp, StoreError> {
    let mut taken: Option<i64> = None;
    if let Some(hash) = invitation {
        taken = sqlx::query_scalar(
            "UPDATE invitations SET used = used + 1
             WHERE code_hash = $1 AND revoked = 0 AND (uses = 0 OR used < uses)
                   AND (expires IS NULL OR expires > $2)
             RETURNING id",
        )
        .bind(hash)
        .bind(new.created_at.as_millisecond())
        .fetch_optional(&mut **writing)
        .await?;
        if taken.is_none() {
            return Ok(SignedUp::NotInvited);
        }
    }
    let mut made = insert_accounts(writing, std::slice::from_ref(new)).await?;
    let Some(account) = made.pop().flatten() else {
        return Ok(SignedUp::Taken);
    };
    if let Some(invitation) = taken {
        sqlx::query("INSERT INTO invited (account, invitation) VALUES ($1, $2)")
            .bind(i64::from(account.id.0))
            .bind(invitation)
            .execute(&mut **writing)
            .await?;
    }
    Ok(SignedUp::Made(account))
}

fn invitation(row: &AnyRow) -> Result<Invitation, StoreError> {
    let number = |name: &str| -> Result<u32, StoreError> {
        let number: i64 = row.try_get(name)?;
        u32::try_from(number).map_err(|_| StoreError::Malformed("number of an invitation"))
    };
    let time = |milliseconds| {
        Timestamp::from_millisecond(milliseconds).map_err(|_| StoreError::Malformed("time"))
    };
    let expires: Option<i64> = row.try_get("expires")?;
    Ok(Invitation {
        id: InvitationId(number("id")?),
        uses: Some(number("uses")?).filter(|&uses| uses != 0),
        used: number("used")?,
        expires: expires.map(time).transpose()?,
        revoked: row.try_get::<i64, _>("revoked")? != 0,
        note: row.try_get("note")?,
        made_by: row.try_get("made_by")?,
        made_at: time(row.try_get("made_at")?)?,
    })
}

/// None of those that look like another (i, l, o, u).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

const CODE_LENGTH: usize = 16;

const GROUP: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = InvitationCode::random();
        let text = code.expose();
        assert_eq!(text.len(), 19, "{text}");
        for written in [
            text.clone(),
            text.replace('-', ""),
            text.to_uppercase(),
            format!("  {}\n", text.replace('-', " - ")),
        ] {
            assert_eq!(InvitationCode::parse(&written).as_ref(), Some(&code));
        }
        let longer = format!("{text}0");
        for wrong in ["", &text[1..], &longer, &text.replace('-', "u"), "é"] {
            assert_eq!(InvitationCode::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{code:?}"), "InvitationCode");
    }
}
