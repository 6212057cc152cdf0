//! `papilio operator`: accounts that may do an operator's acts.

use clap::Subcommand;
use msnp::handle::Handle;

use super::table::{self, Form};
use super::{done_with, expect_data, handle, open_office, operator, usage};
use crate::admin::{Office, Scopes};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make an account an operator, or change what it may do
    Add {
        /// The account
        #[arg(value_name = "EMAIL", value_parser = handle)]
        email: Handle,
        /// What it may do, as accounts:read; several with commas
        #[arg(
            long = "scope",
            value_name = "SCOPE",
            default_value = "all",
            value_delimiter = ','
        )]
        scopes: Vec<String>,
    },
    /// List operators
    List {
        #[command(flatten)]
        form: Form,
    },
    /// An account is an operator no more
    Remove {
        /// The account
        #[arg(value_name = "EMAIL", value_parser = handle)]
        email: Handle,
    },
}

pub(super) async fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    expect_data(config)?;
    let (office, store) = open_office(config).await?;
    let done = obey(command, &office).await;
    done_with(store, config).await;
    done
}

async fn obey(command: Command, office: &Office) -> anyhow::Result<()> {
    let by = operator();
    match command {
        Command::Add { email, scopes } => {
            let scopes = Scopes::of_names(scopes.iter().map(String::as_str)).map_err(usage)?;
            office.put_operator(&by, &email, scopes).await?;
            println!("{email} is an operator: {scopes}");
            Ok(())
        }
        Command::List { form } => {
            let operators = office.operators(&by).await?;
            table::print(
                form,
                ["HANDLE", "SINCE", "SCOPES"],
                &operators,
                |operator| {
                    [
                        operator.handle.to_string(),
                        table::when(Some(operator.since)),
                        operator.scopes.to_string(),
                    ]
                },
            )
        }
        Command::Remove { email } => {
            office.remove_operator(&by, &email).await?;
            println!("{email} is no operator");
            Ok(())
        }
    }
}
