//! The database and the disk under it.

use std::path::Path;
use std::process::Command;

use super::finding::Finding;
use super::shown;
use crate::config::Config;
use crate::store::{Database, Store};

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![database(config).await];
    findings.extend(disk(&config.data));
    findings
}

async fn database(config: &Config) -> Finding {
    const WHAT: &str = "database";
    let database = config.database();
    let place = match &database {
        // Looking must not make one.
        Database::Sqlite { path } if !path.exists() => {
            let said = format!("there is none in {} yet", shown(&config.data));
            let advice = "`papilio serve` makes one, and so does `papilio user add`";
            return Finding::warning(WHAT, said, advice);
        }
        Database::Sqlite { path } => shown(path),
        Database::Postgres { .. } => "PostgreSQL".to_owned(),
    };
    let store = match Store::open(&database).await {
        Ok(store) => store,
        Err(error) => {
            let advice = "look at the file, its owner and the disk, or at the PostgreSQL server";
            return Finding::failed(WHAT, format!("{place}: {error}"), advice);
        }
    };
    let first = store.accounts(None, 1).await;
    store.close().await;
    match first.as_deref() {
        Ok([]) => Finding::warning(
            WHAT,
            format!("{place} opens; there is no account"),
            "`papilio user add EMAIL` makes one",
        ),
        Ok(_) => Finding::ok(WHAT, format!("{place} opens, and there are accounts")),
        Err(error) => Finding::failed(
            WHAT,
            format!("{place} opens, but cannot be read: {error}"),
            "restore a backup, or look at the disk",
        ),
    }
}

/// As `df` says it: there is no other way without a library for it.
fn disk(data: &Path) -> Option<Finding> {
    let said = Command::new("df").arg("-Pk").arg(data).output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let free: u64 = said
        .lines()
        .nth(1)?
        .split_whitespace()
        .nth(3)?
        .parse()
        .ok()?;
    let free = free / 1024;
    let said = format!("{free} MiB are free for {}", shown(data));
    Some(if free < LITTLE {
        Finding::failed("disk", said, "make room: nothing can be stored soon")
    } else if free < SOME {
        Finding::warning("disk", said, "make room in time")
    } else {
        Finding::ok("disk", said)
    })
}

/// In MiB.
const LITTLE: u64 = 50;
const SOME: u64 = 500;
