//! `papilio audit`: what operators did.

use clap::Args;

use super::table::{self, Form};
use super::{expect_data, open_office, operator};
use crate::config::Config;
use crate::store::audit::AuditFilter;

#[derive(Args)]
pub(super) struct Audit {
    /// Only what this one did, as "token NAME"
    #[arg(long, default_value = "", hide_default_value = true)]
    who: String,
    /// Only this act, as bans.create, or all that begin like this, as bans.
    #[arg(long, default_value = "", hide_default_value = true)]
    act: String,
    /// Only what was done to this
    #[arg(long, default_value = "", hide_default_value = true)]
    subject: String,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    form: Form,
}

pub(super) async fn run(audit: Audit, config: &Config) -> anyhow::Result<()> {
    expect_data(config)?;
    let (office, store) = open_office(config).await?;
    let filter = AuditFilter {
        who: audit.who,
        act: audit.act,
        subject: audit.subject,
    };
    let entries = office.audit(&operator(), None, &filter, audit.limit).await;
    store.close().await;
    let mut entries = entries?;
    // The newest at the end, where one looks.
    entries.reverse();
    let heads = [
        "NUMBER", "AT", "WHO", "ACT", "SUBJECT", "OUTCOME", "DETAILS",
    ];
    table::print(audit.form, heads, &entries, |entry| {
        let details = match entry.details.as_object() {
            Some(details) if details.is_empty() => String::new(),
            _ => entry.details.to_string(),
        };
        [
            entry.number.to_string(),
            table::when(Some(entry.at)),
            entry.who.clone(),
            entry.act.clone(),
            entry.subject.clone(),
            entry.outcome.clone(),
            details,
        ]
    })
}
