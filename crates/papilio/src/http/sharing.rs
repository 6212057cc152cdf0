//! The sharing service: what each operation asks of the store (services-addressbook, 7 and 8).

use msnp::soap::sharing::{Scope, SharingAnswer as Answer, SharingRequest as Request};

use super::contacts::Asked;
use crate::store::roster::RosterError;

/// Does what is asked; the answer's document.
pub(super) async fn answer(asked: &Asked, request: Request) -> Result<String, RosterError> {
    let owner = asked.account.id;
    let answer = match request {
        Request::FindMembership {
            since,
            scope: Scope::Messenger,
        } => Answer::Memberships(Box::new(asked.store().memberships(owner, since).await?)),
        Request::FindMembership {
            scope: Scope::Others,
            ..
        } => Answer::NoServices(asked.store().address_book_owner(owner).await?),
        // About a service that keeps nothing.
        Request::AddMember(members) if members.is_empty() => Answer::MemberAdded,
        Request::DeleteMember(members) if members.is_empty() => Answer::MemberDeleted,
        Request::AddMember(members) => {
            asked
                .change(async |writer| writer.add_members(&members).await)
                .await?;
            Answer::MemberAdded
        }
        Request::DeleteMember(members) => {
            asked
                .change(async |writer| writer.delete_members(&members).await)
                .await?;
            Answer::MemberDeleted
        }
    };
    Ok(answer.to_xml(&asked.header))
}
