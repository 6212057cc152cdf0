//! Groups of contacts: by name here, by id on the wire.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use msnp_client::msnp::soap::guid::Guid;
use msnp_client::{Client, ContactBook, Handle};
use serde::Serialize;

use crate::exit::{NotFound, Usage};
use crate::output::{self, shown};

/// What `msn contacts group` takes.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the groups
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Makes a group
    Add {
        #[arg(value_name = "GROUP")]
        name: String,
    },
    /// Takes a group away; its contacts stay contacts
    Remove {
        #[arg(value_name = "GROUP")]
        name: String,
    },
    /// Calls a group differently
    Rename {
        #[arg(value_name = "GROUP")]
        name: String,
        #[arg(value_name = "NAME")]
        to: String,
    },
}

#[derive(Serialize)]
struct Listed<'a> {
    id: String,
    name: &'a str,
    contacts: usize,
}

/// The contact list, for finding groups in it.
pub(super) struct Groups(ContactBook);

impl Groups {
    pub(super) async fn read(client: &Client) -> anyhow::Result<Self> {
        Ok(Self(client.contacts().await?))
    }

    /// The group of this name or id.
    pub(super) fn find(&self, name: &str) -> anyhow::Result<Guid> {
        let named = |exactly: bool| {
            let groups = self.0.groups.iter();
            let groups = groups.filter(move |(id, group)| {
                let same_id = id.to_string().eq_ignore_ascii_case(name);
                same_id || *group == name || !exactly && group.to_lowercase() == name.to_lowercase()
            });
            groups.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        let mut found = named(true);
        if found.is_empty() {
            found = named(false);
        }
        match *found {
            [group] => Ok(group),
            [] => Err(NotFound(format!("there is no group {name:?}")).into()),
            _ => Err(Usage(format!(
                "there are several groups {name:?}: say which by its id (msn contacts group list --json)"
            ))
            .into()),
        }
    }
}

/// Lists or changes groups.
pub(super) async fn run(client: &Client, arguments: Arguments) -> anyhow::Result<()> {
    let groups = Groups::read(client).await?;
    let done = match arguments.command {
        Command::List { json } => return groups.list(json),
        Command::Add { name } => {
            let exists = groups.0.groups.values().any(|group| *group == name);
            if exists {
                return Err(Usage(format!("there is a group {name:?} already")).into());
            }
            let added = client.add_group(&name).await;
            added.with_context(|| format!("the group {name:?} was not made"))?;
            format!("made the group {}", shown(&name))
        }
        Command::Remove { name } => {
            let removed = client.remove_group(groups.find(&name)?).await;
            removed.with_context(|| format!("the group {name:?} was not removed"))?;
            format!("removed the group {}", shown(&name))
        }
        Command::Rename { name, to } => {
            let renamed = client.rename_group(groups.find(&name)?, &to).await;
            renamed.with_context(|| format!("the group {name:?} was not renamed"))?;
            format!("renamed the group {} to {}", shown(&name), shown(&to))
        }
    };
    output::line(&done)?;
    Ok(())
}

/// Into one group and out of every other, or out of all.
pub(super) async fn move_to(
    client: &Client,
    contact: &Handle,
    group: Option<&str>,
) -> anyhow::Result<()> {
    let groups = Groups::read(client).await?;
    let to = group.map(|group| groups.find(group)).transpose()?;
    let known = groups.0.find(contact);
    let known = known.with_context(|| NotFound(format!("{contact} is no contact")))?;
    let moved = async {
        // First in, then out: whatever happens in between, they are in one.
        if let Some(to) = to.filter(|to| !known.groups.contains(to)) {
            client.add_to_group(contact, to).await?;
        }
        for from in known.groups.iter().filter(|from| Some(**from) != to) {
            client.remove_from_group(contact, *from).await?;
        }
        Ok::<_, msnp_client::Error>(())
    };
    moved
        .await
        .with_context(|| format!("{contact} was not moved"))
}

impl Groups {
    fn list(&self, json: bool) -> anyhow::Result<()> {
        let mut groups: Vec<_> = self.0.groups.iter().collect();
        groups.sort_by_key(|(id, name)| (name.to_lowercase(), **id));
        for (id, name) in groups {
            let members = self.0.contacts.values();
            let contacts = members
                .filter(|contact| contact.groups.contains(id))
                .count();
            if json {
                let id = id.to_string();
                output::json(&Listed { id, name, contacts })?;
            } else {
                output::line(&format!("{}  {contacts}", shown(name)))?;
            }
        }
        Ok(())
    }
}
