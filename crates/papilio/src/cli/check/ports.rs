//! The ports, asked as clients ask them.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use msnp::wire::version::Version;

use super::finding::Finding;
use crate::config::{Config, ListenAddress};

/// What was found.
pub(super) struct Ports {
    pub(super) findings: Vec<Finding>,
    /// Where the port for HTTPS is, if it answers at all.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "TLS asks there"))]
    pub(super) https: Option<SocketAddr>,
}

pub(super) fn look(config: &Config) -> Ports {
    let listen = &config.listen;
    let mut findings = Vec::new();
    let mut look = |name: &str, address: Option<&ListenAddress>, ask: Ask| {
        let address = address?;
        let (finding, place) = ask_at(name, address, ask, config.max_version);
        findings.push(finding);
        place
    };
    look("msnp", listen.msnp.as_ref(), Ask::Version);
    look("dispatch", listen.dispatch.as_ref(), Ask::Version);
    look("http", listen.http.as_ref(), Ask::SignInService);
    let https = look("https", listen.https.as_ref(), Ask::SignInService);
    findings.extend(usual_ports(config));
    Ports { findings, https }
}

/// Clients have the numbers of ports built in, as they have the names.
fn usual_ports(config: &Config) -> Option<Finding> {
    let listen = &config.listen;
    let elsewhere: Vec<_> = [
        ("msnp", &listen.msnp, 1863),
        ("http", &listen.http, 80),
        ("https", &listen.https, 443),
    ]
    .into_iter()
    .filter_map(|(name, address, usual)| {
        let port = address.as_ref()?.port;
        (port != usual).then(|| format!("{name} is on {port}, not {usual}"))
    })
    .collect();
    let said = format!("old clients know no others: {}", elsewhere.join("; "));
    let advice = "listen there, or have a router or firewall send those ports on to these";
    (!elsewhere.is_empty()).then(|| Finding::warning("usual ports", said, advice))
}

/// What is asked.
#[derive(Clone, Copy)]
enum Ask {
    /// The first line of every client.
    Version,
    /// The service for tickets, in plain HTTP.
    SignInService,
}

fn ask_at(
    name: &str,
    address: &ListenAddress,
    ask: Ask,
    version: Version,
) -> (Finding, Option<SocketAddr>) {
    if address.port == 0 {
        let advice = "say where it listens: the line `papilio ready` did";
        let said = "any free port is asked for, so nobody knows which it is";
        return (Finding::warning(name, said, advice), None);
    }
    let Some(place) = reachable(address) else {
        let said = format!("{address} is no address of this machine");
        let advice = "look at [listen] in papilio.toml";
        return (Finding::failed(name, said, advice), None);
    };
    let stream = match TcpStream::connect_timeout(&place, PATIENCE) {
        Ok(stream) => stream,
        Err(error) => {
            let said = format!("nobody answers on {place}: {error}");
            return (Finding::failed(name, said, "start `papilio serve`"), None);
        }
    };
    let (asked, expected, what) = match ask {
        Ask::Version => {
            let offer = format!("VER 1 {version} CVR0\r\n");
            (offer, format!("VER 1 {version}"), "answers VER")
        }
        Ask::SignInService => (
            RST.to_owned(),
            "HTTP/1.1 200".to_owned(),
            "answers /RST.srf over HTTP",
        ),
    };
    let finding = match conversation(stream, asked.as_bytes()) {
        Ok(answer) if answer.starts_with(&expected) => Finding::ok(name, format!("{place} {what}")),
        Ok(answer) => {
            let line = answer.lines().next().unwrap_or("nothing").to_owned();
            let said = format!("{place} does not speak as Papilio does: {line:?}");
            Finding::failed(name, said, "see which program has the port")
        }
        Err(error) => {
            let said = format!("{place} takes connections, and does not answer: {error}");
            Finding::failed(name, said, "see which program has the port, and its log")
        }
    };
    (finding, Some(place))
}

/// Where to find what listens on this address.
fn reachable(address: &ListenAddress) -> Option<SocketAddr> {
    let mut place = (&*address.host, address.port)
        .to_socket_addrs()
        .ok()?
        .next()?;
    if place.ip().is_unspecified() {
        place.set_ip(match place {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    Some(place)
}

/// Says this, and reads the first of what comes.
fn conversation(mut stream: TcpStream, say: &[u8]) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(say)?;
    let mut answer = [0; 1024];
    let read = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}

/// Asks for no ticket: the answer is that nothing was asked for.
pub(super) const RST: &str = "POST /RST.srf HTTP/1.1\r\nHost: login.live.com\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// How long a port may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
