//! `papilio dns`: leads Messenger's names here, for a hosts file or a name server (services-other, 10).

use std::io::{self, Write};
use std::net::IpAddr;

use clap::Args;

use super::usage;
use crate::config::Config;
use crate::hosts::Client;
use crate::hosts::snippet::{Format, Reach, Wanted, snippet};

/// What to print.
#[derive(Args)]
pub(super) struct Dns {
    /// What it is for
    #[arg(long, value_enum, default_value = "hosts")]
    format: Format,
    /// The address that the names lead to [default: the one that is advertised]
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Only the names that this client asks for, such as wlm80; may be given several times
    #[arg(long, value_name = "CLIENT")]
    client: Vec<Client>,
    /// Also the names that clients do without
    #[arg(long)]
    all: bool,
}

pub(super) fn run(dns: Dns, config: &Config) -> anyhow::Result<()> {
    let address = match dns.address {
        Some(address) => address,
        None => advertised(config)?,
    };
    let wanted = Wanted {
        clients: dns.client,
        down_to: if dns.all {
            Reach::Optional
        } else {
            Reach::Useful
        },
    };
    io::stdout().write_all(snippet(dns.format, address, &wanted).as_bytes())?;
    Ok(())
}

/// The address of the configuration, if it is one: a name is not looked up here, since this machine may
/// know it by another address than clients do.
fn advertised(config: &Config) -> anyhow::Result<IpAddr> {
    let both = [config.http.advertise.as_ref(), config.advertise.as_ref()];
    both.into_iter()
        .flatten()
        .find_map(|advertised| advertised.host.parse().ok())
        .ok_or_else(|| usage("say where the names shall lead: --address IP"))
}
