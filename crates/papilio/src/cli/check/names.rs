//! Where the names lead, as this machine's resolver says.

use std::net::{IpAddr, ToSocketAddrs as _, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::finding::Finding;
use crate::config::Config;
use crate::hosts;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let advertised = config.advertise.as_ref().map(|own| own.host.clone());
    let messenger: Vec<String> = hosts::all()
        .iter()
        .filter(|host| !host.is_wildcard() && !host.required.is_empty())
        .map(|host| host.name.to_owned())
        .collect();
    let asked = messenger.iter().chain(&advertised).cloned().collect();
    let known = resolve(asked);
    let led = |name: &String| {
        let found = known.iter().find(|(asked, _)| asked == name);
        found.map_or(Led::Nowhere, |(_, addresses)| whither(addresses))
    };
    let mut findings = Vec::new();
    if let Some(name) = &advertised {
        findings.push(match led(name) {
            Led::Here => Finding::ok(ADVERTISED, format!("{name} leads to this machine")),
            Led::Elsewhere(to) => Finding::warning(
                ADVERTISED,
                format!("{name} leads to {to}, which is no address of this machine"),
                "right behind a router that sends clients on to here; else mend the name",
            ),
            Led::Nowhere => Finding::failed(
                ADVERTISED,
                format!("{name} leads nowhere"),
                "clients are sent there after they have signed in: mend the name, or --advertise",
            ),
        });
    }
    let here = messenger.iter().filter(|name| led(name) == Led::Here);
    findings.push(match here.count() {
        count if count == messenger.len() => {
            Finding::ok(MESSENGER, format!("all {count} that clients need lead to this machine"))
        }
        count => Finding::warning(
            MESSENGER,
            format!("{count} of {} that clients need lead to this machine", messenger.len()),
            "for this machine that is no matter; clients need them in their hosts file or their DNS: \
             the page /setup tells how",
        ),
    });
    findings
}

/// Where a name leads.
#[derive(Debug, PartialEq)]
enum Led {
    Here,
    Elsewhere(IpAddr),
    Nowhere,
}

fn whither(addresses: &[IpAddr]) -> Led {
    match addresses.first() {
        None => Led::Nowhere,
        Some(_) if addresses.iter().any(|&address| is_ours(address)) => Led::Here,
        Some(&first) => Led::Elsewhere(first),
    }
}

/// Only addresses of this machine can be bound.
fn is_ours(address: IpAddr) -> bool {
    !address.is_unspecified() && UdpSocket::bind((address, 0)).is_ok()
}

/// All at once, for a resolver that does not answer takes its time. What is not known by then leads
/// nowhere.
fn resolve(names: Vec<String>) -> Vec<(String, Vec<IpAddr>)> {
    let deadline = Instant::now() + PATIENCE;
    let (tell, told) = mpsc::channel();
    let count = names.len();
    for name in names {
        let tell = tell.clone();
        std::thread::spawn(move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            let addresses = found.map(|found| found.map(|place| place.ip()).collect());
            // Nobody may be waiting any more.
            let _late = tell.send((name, addresses.unwrap_or_default()));
        });
    }
    let next = || {
        let left = deadline.saturating_duration_since(Instant::now());
        told.recv_timeout(left).ok()
    };
    std::iter::from_fn(next).take(count).collect()
}

const ADVERTISED: &str = "advertised";
const MESSENGER: &str = "names";
const PATIENCE: Duration = Duration::from_secs(5);
