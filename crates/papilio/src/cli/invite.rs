//! `papilio invite`: who may sign up.

use clap::Subcommand;

use super::table::{self, Form, Until};
use super::{done_with, expect_data, open_office, operator, usage};
use crate::admin::{InvitationToMake, InvitationView, Office};
use crate::config::Config;
use crate::store::invitation::InvitationId;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make an invitation and print its code, which is to be had only now
    Create {
        /// How many accounts may be made with it; 0 is any number
        #[arg(long, default_value_t = 1, value_name = "N")]
        uses: u32,
        /// What for, for operators
        #[arg(long, default_value = "", hide_default_value = true)]
        note: String,
        #[command(flatten)]
        until: Until,
    },
    /// List invitations, the newest first
    List {
        #[command(flatten)]
        form: Form,
    },
    /// End an invitation; who came by it stays
    Revoke {
        /// Its number
        number: u32,
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
        Command::Create { uses, note, until } => {
            let new = InvitationToMake {
                uses: Some(uses).filter(|&uses| uses != 0),
                expires: until.end().map_err(usage)?,
                note,
            };
            let made = office.invite(&by, new).await?;
            println!("{}", made.code);
            Ok(())
        }
        Command::List { form } => {
            let mut invitations: Vec<InvitationView> = Vec::new();
            loop {
                let before = invitations.last().map(|last| InvitationId(last.number));
                let page = office.invitations(&by, before, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                invitations.extend(page);
            }
            let heads = ["NUMBER", "STATE", "USED", "OF", "UNTIL", "BY", "NOTE"];
            table::print(form, heads, &invitations, |invitation| {
                let state = match (invitation.open, invitation.revoked) {
                    (true, _) => "open",
                    (false, true) => "revoked",
                    (false, false) => "over",
                };
                [
                    invitation.number.to_string(),
                    state.to_owned(),
                    invitation.used.to_string(),
                    invitation
                        .uses
                        .map_or_else(|| "any".to_owned(), |uses| uses.to_string()),
                    table::when(invitation.expires),
                    invitation.made_by.clone(),
                    invitation.note.clone(),
                ]
            })
        }
        Command::Revoke { number } => {
            let revoked = office.revoke_invitation(&by, InvitationId(number)).await?;
            println!("invitation {} is revoked", revoked.number);
            Ok(())
        }
    }
}

/// How many are read at a time.
const PAGE: u32 = 500;
