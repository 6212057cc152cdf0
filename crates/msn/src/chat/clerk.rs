//! What is asked for the account: by one task, one after the other, so that the last wish wins.

use msnp_client::msnp::client::AskError;
use msnp_client::msnp::soap::guid::Guid;
use msnp_client::{Client, Error};
use tokio::sync::mpsc;

use super::event::{Outcome, Request};
use super::people::People;
use super::station::Report;

/// Does what is asked for the account, one after the other.
pub(super) async fn serve(
    client: Client,
    mut asked: mpsc::UnboundedReceiver<Request>,
    reports: mpsc::UnboundedSender<Report>,
) {
    while let Some(request) = asked.recv().await {
        let outcome = if request == Request::ReadLists {
            match client.contacts().await {
                Ok(book) => Outcome::Book(Box::new(book)),
                // They are read anew when the connection is back.
                Err(_) => continue,
            }
        } else {
            match ask(&client, &request).await {
                Ok(()) => Outcome::Done(request),
                Err(error) => Outcome::Refused {
                    request,
                    why: error.to_string(),
                },
            }
        };
        let _told = reports.send(Report::Settled {
            outcome,
            chat: None,
        });
    }
}

async fn ask(client: &Client, request: &Request) -> Result<(), Error> {
    match request {
        Request::ReadLists => Ok(()),
        Request::Add { handle, words } if words.is_empty() => client.add(handle).await,
        Request::Add { handle, words } => client.add_with_invitation(handle, words).await,
        Request::Remove(handle) => client.remove(handle).await,
        Request::Block(handle) => client.block(handle).await,
        Request::Allow(handle) => client.allow(handle).await,
        Request::Alias { handle, name } => client.set_nickname(handle, name).await,
        Request::Name(name) => client.set_name(name).await,
        Request::Message(text) => client.set_personal_message(text).await,
        Request::Status(status) => client.set_status(*status).await,
        Request::Enter { handle, group } => {
            let group = match group_named(client, group).await {
                Ok(group) => group,
                Err(Error::Ask(AskError::NoSuchGroup)) => client.add_group(group).await?,
                Err(error) => return Err(error),
            };
            client.add_to_group(handle, group).await
        }
        Request::LeaveGroup { handle, group } => {
            let group = group_named(client, group).await?;
            client.remove_from_group(handle, group).await
        }
        Request::RemoveGroup(group) => {
            let group = group_named(client, group).await?;
            client.remove_group(group).await
        }
    }
}

async fn group_named(client: &Client, name: &str) -> Result<Guid, Error> {
    let people = People::new(&client.contacts().await?);
    let group = people.group_named(name);
    group.ok_or(Error::Ask(AskError::NoSuchGroup))
}
