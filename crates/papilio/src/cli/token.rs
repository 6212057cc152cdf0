//! `papilio token`: what programs show to use the admin API.

use clap::Subcommand;

use super::table::{self, Form, Until};
use super::{done_with, expect_data, open_office, operator, usage};
use crate::admin::{Office, Scopes, TokenToMake, TokenView};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a token and print it; it is to be had only now
    Create {
        /// What it is called: a-z, 0-9, dot, dash and underscore
        name: String,
        /// What it lets do, as accounts:read; several with commas, or "all"
        #[arg(
            long = "scope",
            value_name = "SCOPE",
            required = true,
            value_delimiter = ','
        )]
        scopes: Vec<String>,
        #[command(flatten)]
        until: Until,
    },
    /// List tokens
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Revoke a token
    Revoke {
        /// What it is called
        name: String,
    },
}

pub(super) async fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    if !matches!(command, Command::Create { .. }) {
        expect_data(config)?;
    }
    let (office, store) = open_office(config).await?;
    let done = obey(command, &office).await;
    done_with(store, config).await;
    done
}

async fn obey(command: Command, office: &Office) -> anyhow::Result<()> {
    let by = operator();
    match command {
        Command::Create {
            name,
            scopes,
            until,
        } => {
            let new = TokenToMake {
                name,
                scopes: Scopes::of_names(scopes.iter().map(String::as_str)).map_err(usage)?,
                expires: until.end().map_err(usage)?,
            };
            println!("{}", office.make_token(&by, new).await?.token);
            Ok(())
        }
        Command::List { form } => {
            let mut tokens: Vec<TokenView> = Vec::new();
            loop {
                let after = tokens.last().map_or("", |token| &token.name).to_owned();
                let page = office.tokens(&by, &after, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                tokens.extend(page);
            }
            let heads = ["NAME", "MADE", "UNTIL", "LAST USED", "SCOPES"];
            table::print(form, heads, &tokens, |token| {
                [
                    token.name.clone(),
                    table::when(Some(token.created)),
                    table::when(token.expires),
                    table::when(token.last_used),
                    token.scopes.to_string(),
                ]
            })
        }
        Command::Revoke { name } => {
            office.revoke_token(&by, &name).await?;
            println!("token {name} is revoked");
            Ok(())
        }
    }
}

/// How many are read at a time.
const PAGE: u32 = 500;
