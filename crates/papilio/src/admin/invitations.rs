//! What operators do about those who may sign up: invitations.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Act, AdminError, Office, Operator, Scope};
use crate::store::StoreError;
use crate::store::invitation::{Invitation, InvitationId, NewInvitation};

/// An invitation, without its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvitationView {
    /// Its number.
    pub number: u32,
    /// How many accounts may be made with it; nothing: any number.
    pub uses: Option<u32>,
    /// How many were made.
    pub used: u32,
    /// Until when it holds; nothing: for ever.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires: Option<Timestamp>,
    /// Whether an operator has ended it.
    pub revoked: bool,
    /// Whether another account can be made with it.
    pub open: bool,
    /// What for.
    pub note: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created: Timestamp,
}

/// An invitation that was just made: the only time that its code can be seen.
#[derive(Clone, Serialize, ToSchema)]
pub struct NewInvitationView {
    /// What it is.
    #[serde(flatten)]
    pub view: InvitationView,
    /// What whoever is invited shows.
    #[schema(example = "2f7k-9qcd-x3me-07tb")]
    pub code: String,
}

/// What an invitation is made of.
#[derive(Clone, Debug)]
pub struct InvitationToMake {
    /// How many accounts may be made with it; `None`: any number.
    pub uses: Option<u32>,
    /// Until when; `None`: for ever.
    pub expires: Option<Timestamp>,
    /// What for.
    pub note: String,
}

impl Office {
    /// Makes an invitation.
    pub async fn invite(
        &self,
        by: &Operator,
        new: InvitationToMake,
    ) -> Result<NewInvitationView, AdminError> {
        let act = Act::new(by, Scope::Invitations, "invitations.create", "")
            .with(json!({ "uses": new.uses, "expires": new.expires, "note": new.note }));
        self.carry_out(act, |store| async move {
            let now = Timestamp::now();
            let invalid = |why: &str| Err(AdminError::Invalid(why.to_owned()));
            if new.uses == Some(0) {
                return invalid("an invitation has at least one use");
            }
            if new.expires.is_some_and(|expires| expires <= now) {
                return invalid("the invitation would have expired already");
            }
            if new.note.chars().count() > NewInvitation::NOTE_LIMIT {
                return invalid("the note is too long");
            }
            let new = NewInvitation {
                uses: new.uses,
                expires: new.expires,
                note: new.note,
                made_by: by.who.to_string(),
                made_at: now,
            };
            let (made, code) = store.make_invitation(&new).await?;
            Ok(NewInvitationView {
                view: InvitationView::of(made, now),
                code: code.expose(),
            })
        })
        .await
    }

    /// Invitations, the newest first, before `before`.
    pub async fn invitations(
        &self,
        by: &Operator,
        before: Option<InvitationId>,
        limit: u32,
    ) -> Result<Vec<InvitationView>, AdminError> {
        self.permit_reading(by, Scope::Invitations, "invitations.list", "")
            .await?;
        let found = self.store.invitations(before, limit).await?.into_iter();
        let now = Timestamp::now();
        Ok(found.map(|found| InvitationView::of(found, now)).collect())
    }

    /// Ends an invitation; who came by it stays.
    pub async fn revoke_invitation(
        &self,
        by: &Operator,
        id: InvitationId,
    ) -> Result<InvitationView, AdminError> {
        let act = Act::new(by, Scope::Invitations, "invitations.revoke", id);
        self.carry_out(act, |store| async move {
            match store.revoke_invitation(id).await {
                Ok(revoked) => Ok(InvitationView::of(revoked, Timestamp::now())),
                Err(StoreError::NotFound(_)) => {
                    Err(AdminError::NotFound(format!("there is no invitation {id}")))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await
    }
}

impl InvitationView {
    fn of(invitation: Invitation, now: Timestamp) -> Self {
        Self {
            number: invitation.id.0,
            open: invitation.is_open(now),
            uses: invitation.uses,
            used: invitation.used,
            expires: invitation.expires,
            revoked: invitation.revoked,
            note: invitation.note,
            made_by: invitation.made_by,
            created: invitation.made_at,
        }
    }
}

impl std::fmt::Debug for NewInvitationView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewInvitationView({})", self.view.number)
    }
}
