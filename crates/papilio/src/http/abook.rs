//! The address book service: what each operation asks of the store (services-addressbook, 3 to 6).

use msnp::soap::abook::{AddressBookAnswer as Answer, AddressBookRequest as Request};

use super::contacts::Asked;
use crate::store::roster::RosterError;

/// Does what is asked; the answer's document.
pub(super) async fn answer(asked: &Asked, request: Request) -> Result<String, RosterError> {
    let answer = match request {
        Request::FindAll(since) => {
            let book = asked.store().address_book(asked.account.id, since).await?;
            Answer::FindAll(Box::new(book))
        }
        Request::ContactAdd(contact) => {
            let id = asked
                .change(async |writer| writer.add_contact(&contact).await)
                .await?;
            Answer::ContactAdded(id)
        }
        Request::ContactUpdate(updates) => {
            asked
                .change(async |writer| writer.update_contacts(&updates).await)
                .await?;
            Answer::ContactUpdated
        }
        Request::ContactDelete(contacts) => {
            asked
                .change(async |writer| writer.delete_contacts(&contacts).await)
                .await?;
            Answer::ContactDeleted
        }
        Request::GroupAdd(group) => {
            let id = asked
                .change(async |writer| writer.add_group(&group).await)
                .await?;
            Answer::GroupAdded(id)
        }
        Request::GroupUpdate(updates) => {
            asked
                .change(async |writer| writer.update_groups(&updates).await)
                .await?;
            Answer::GroupUpdated
        }
        Request::GroupDelete(groups) => {
            asked
                .change(async |writer| writer.delete_groups(&groups).await)
                .await?;
            Answer::GroupDeleted
        }
        Request::GroupContactAdd { groups, contacts } => {
            let id = asked
                .change(async |writer| writer.add_to_groups(&groups, &contacts).await)
                .await?;
            Answer::GroupContactAdded(id)
        }
        Request::GroupContactDelete { groups, contacts } => {
            asked
                .change(async |writer| writer.remove_from_groups(&groups, &contacts).await)
                .await?;
            Answer::GroupContactDeleted
        }
        Request::AddressBookAdd => {
            asked
                .change(async |writer| writer.add_address_book().await)
                .await?;
            Answer::AddressBookAdded
        }
        Request::UpdateDynamicItem => Answer::DynamicItemUpdated,
    };
    Ok(answer.to_xml(&asked.header))
}
