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
use crate::config::Config;

#[derive(Args)]
pub(super) struct Check {
    /// Answer in JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Where the server listens, if it was not started by what the configuration file says
    #[command(flatten)]
    pub(super) serve: ServeFlags,
}

pub(super) async fn run(json: bool, config: &Config) -> anyhow::Result<()> {
    let mut findings = vec![configuration(config)];
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
fn configuration(config: &Config) -> Finding {
    let file = config.data.join("papilio.toml");
    Finding::ok(
        "configuration",
        match file.is_file() {
            true => format!("{} can be used", file.display()),
            false => format!("data in {}", shown(&config.data)),
        },
    )
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
