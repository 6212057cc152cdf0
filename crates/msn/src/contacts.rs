//! `msn contacts`: who is on the list, and what is done with them.

mod groups;
mod list;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use msnp_client::{Client, ContactBook, Error, Handle, Status};

use crate::exit::Usage;
use crate::output;
use crate::profile::SignInArguments;
use groups::Groups;

/// What `msn contacts` takes. Alone it lists.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: ListArguments,
}

#[derive(Debug, Default, Args)]
struct ListArguments {
    /// One JSON object a line, for everybody on any list
    #[arg(long)]
    json: bool,
    /// Only those who are there
    #[arg(long)]
    online: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists contacts by group, with their status (the default)
    List(ListArguments),
    /// Puts somebody on the list and lets them see this account; accepts whoever asks for that
    Add {
        #[arg(value_name = "HANDLE")]
        contact: Handle,
        /// What they are told
        #[arg(long, value_name = "TEXT")]
        say: Option<String>,
        /// A group to put them into
        #[arg(long)]
        group: Option<String>,
    },
    /// Takes somebody off the list; whether they may see this account stays as it was
    Remove {
        #[arg(value_name = "HANDLE")]
        contact: Handle,
    },
    /// Hides from somebody, and takes no calls from them
    Block {
        #[arg(value_name = "HANDLE")]
        contact: Handle,
    },
    /// Lets somebody see and call this account: undoes block
    Allow {
        #[arg(value_name = "HANDLE")]
        contact: Handle,
    },
    /// Calls a contact by another name; without one, by their own
    Rename {
        #[arg(value_name = "HANDLE")]
        contact: Handle,
        name: Option<String>,
    },
    /// Puts a contact into a group and takes them out of every other; without one, out of all
    Move {
        #[arg(value_name = "HANDLE")]
        contact: Handle,
        group: Option<String>,
    },
    /// Makes, renames and removes groups
    Group(groups::Arguments),
}

/// Signs in, does it and signs out.
pub(crate) async fn run(sign_in: &SignInArguments, arguments: Arguments) -> anyhow::Result<()> {
    let command = match (arguments.command, arguments.list) {
        (None, list) => Command::List(list),
        (
            Some(command),
            ListArguments {
                json: false,
                online: false,
            },
        ) => command,
        (Some(_), _) => {
            return Err(Usage("--json and --online are for listing contacts".to_owned()).into());
        }
    };
    let client = sign_in.account()?.visit().await?;
    let done = carry_out(&client, command).await;
    client.sign_out().await;
    done
}

/// The contacts of whoever signed in for a moment, with who is there.
pub(crate) async fn with_presence(client: &Client) -> Result<ContactBook, Error> {
    // That is told after the first status, and before the answer to the next.
    client.set_status(Status::Hidden).await?;
    client.contacts().await
}

async fn carry_out(client: &Client, command: Command) -> anyhow::Result<()> {
    let done = match command {
        Command::List(ListArguments { json, online }) => {
            return list::list(&with_presence(client).await?, json, online);
        }
        Command::Group(arguments) => return groups::run(client, arguments).await,
        Command::Add {
            contact,
            say,
            group,
        } => {
            // Before anything is changed.
            let group = match group {
                Some(group) => Some(Groups::read(client).await?.find(&group)?),
                None => None,
            };
            let added = match say {
                Some(words) => client.add_with_invitation(&contact, &words).await,
                None => client.add(&contact).await,
            };
            added.with_context(|| format!("{contact} was not added"))?;
            if let Some(group) = group {
                let entered = client.add_to_group(&contact, group).await;
                entered.with_context(|| format!("{contact} was added, but not to the group"))?;
            }
            format!("added {contact}")
        }
        Command::Remove { contact } => {
            let removed = client.remove(&contact).await;
            removed.with_context(|| format!("{contact} was not removed"))?;
            format!("removed {contact}")
        }
        Command::Block { contact } => {
            let blocked = client.block(&contact).await;
            blocked.with_context(|| format!("{contact} was not blocked"))?;
            format!("blocked {contact}")
        }
        Command::Allow { contact } => {
            let allowed = client.allow(&contact).await;
            allowed.with_context(|| format!("{contact} was not allowed"))?;
            format!("allowed {contact}")
        }
        Command::Rename { contact, name } => {
            let name = name.unwrap_or_default();
            let renamed = client.set_nickname(&contact, &name).await;
            renamed.with_context(|| format!("{contact} was not renamed"))?;
            format!("renamed {contact}")
        }
        Command::Move { contact, group } => {
            groups::move_to(client, &contact, group.as_deref()).await?;
            format!("moved {contact}")
        }
    };
    output::line(&done)?;
    Ok(())
}
