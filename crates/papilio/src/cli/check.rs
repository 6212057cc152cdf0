//! `papilio check`: what a client would meet, one line each (DESIGN, 1).
//!
//! ```text
//!   configuration -> database -> ports, as clients ask them -> hellos of then and of now
//!                 -> certificates, clock -> names
//! ```
//!
//! It looks from this machine, so it cannot see what lies between this machine and the clients. It asks
//! nobody outside but the resolver.

#[cfg(feature = "tls")]
mod certificates;
mod database;
mod finding;
#[cfg(feature = "tls")]
mod handshakes;
mod names;
mod ports;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::bail;
use clap::Args;

use self::finding::{Finding, Status};
use super::ServeFlags;
use crate::config::Loaded;

#[derive(Args)]
pub(super) struct Check {
    /// Answer in JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Where the server listens, if it was not started by what the configuration file says
    #[command(flatten)]
    pub(super) serve: ServeFlags,
}

pub(super) async fn run(json: bool, loaded: &Loaded) -> anyhow::Result<()> {
    let config = &loaded.config;
    let mut findings = vec![configuration(loaded)];
    findings.extend(database::look(config).await);
    let ports = ports::look(config);
    findings.extend(ports.findings);
    #[cfg(feature = "tls")]
    {
        findings.extend(handshakes::look(config, ports.https));
        findings.extend(certificates::look(config));
    }
    findings.extend(names::look(config));
    tell(&findings, json)?;
    match finding::count(&findings, Status::Failed) {
        0 => Ok(()),
        1 => bail!("one check failed"),
        failed => bail!("{failed} checks failed"),
    }
}

/// It has been read already.
fn configuration(loaded: &Loaded) -> Finding {
    let data = shown(&loaded.config.data);
    let said = match &loaded.file {
        Some(file) => format!("{} can be used; data in {data}", shown(file)),
        None => format!("the defaults, without a file; data in {data}"),
    };
    Finding::ok("configuration", said)
}

fn tell(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        let all = serde_json::json!({
            "failed": finding::count(findings, Status::Failed),
            "warnings": finding::count(findings, Status::Warning),
            "checks": findings,
        });
        return Ok(writeln!(out, "{all:#}")?);
    }
    let is_coloured = io::stdout().is_terminal();
    for finding in findings {
        finding.write(&mut out, is_coloured)?;
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
