//! `papilio ban`: who may not come, and from where nobody may.

use clap::Subcommand;

use super::table::{self, Form, Until};
use super::{done_with, expect_data, handle, open_office, operator, usage};
use crate::admin::{BanToMake, Office};
use crate::config::Config;
use crate::store::ban::{BanId, BanSubject};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Ban an account, or whoever comes from an address or a network; it holds at once
    Add {
        /// An account's address, or an address or network such as 192.0.2.0/24
        #[arg(value_name = "EMAIL|NETWORK", value_parser = subject)]
        subject: BanSubject,
        /// Why, for other operators
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
        #[command(flatten)]
        until: Until,
    },
    /// List the bans that hold
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Lift a ban
    Lift {
        /// Its number, or what is banned
        #[arg(value_name = "NUMBER|EMAIL|NETWORK", value_parser = which)]
        which: Which,
    },
}

/// A ban by its number, or by what it is on.
#[derive(Clone, Debug)]
pub(super) enum Which {
    Number(BanId),
    Subject(BanSubject),
}

fn subject(text: &str) -> Result<BanSubject, String> {
    if text.contains('@') {
        return handle(text).map(BanSubject::Account);
    }
    let network = text.parse().map(BanSubject::Network);
    network.map_err(|error: crate::store::network::InvalidNetwork| error.to_string())
}

fn which(text: &str) -> Result<Which, String> {
    match text.parse() {
        Ok(number) => Ok(Which::Number(BanId(number))),
        Err(_) => subject(text).map(Which::Subject),
    }
}

pub(super) async fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    if !matches!(command, Command::Add { .. }) {
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
        Command::Add {
            subject,
            reason,
            until,
        } => {
            let new = BanToMake {
                subject,
                reason,
                expires: until.end().map_err(usage)?,
            };
            let ban = office.ban(&by, new).await?;
            let (account, network) = (ban.account.as_deref(), ban.network.as_deref());
            let whom = account.or(network).unwrap_or_default();
            let until = match ban.expires {
                Some(end) => format!("until {}", table::when(Some(end))),
                None => "until it is lifted".to_owned(),
            };
            println!("banned {whom} {until}, number {}", ban.number);
            Ok(())
        }
        Command::List { form } => {
            let mut bans = Vec::new();
            loop {
                let after = bans
                    .last()
                    .map(|ban: &crate::admin::BanView| BanId(ban.number));
                let page = office.bans(&by, after, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                bans.extend(page);
            }
            let heads = ["NUMBER", "WHO", "UNTIL", "BY", "REASON"];
            table::print(form, heads, &bans, |ban| {
                let whom = ban.account.clone().or_else(|| ban.network.clone());
                [
                    ban.number.to_string(),
                    whom.unwrap_or_default(),
                    table::when(ban.expires),
                    ban.made_by.clone(),
                    ban.reason.clone(),
                ]
            })
        }
        Command::Lift { which } => {
            let id = match which {
                Which::Number(id) => id,
                Which::Subject(subject) => BanId(office.ban_on(&by, &subject).await?.number),
            };
            let ban = office.lift_ban(&by, id).await?;
            let whom = ban.account.or(ban.network).unwrap_or_default();
            println!("{whom} is no longer banned");
            Ok(())
        }
    }
}

/// How many are read at a time.
const PAGE: u32 = 500;
