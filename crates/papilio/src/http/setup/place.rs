//! Where this server is, as an address for a hosts file (DESIGN, 1: advertised apart from bound).
//!
//! ```text
//!   1  [http] advertise      its address, or what the name leads to
//!   2  --advertise           the same
//!   3  the address that the request came to
//! ```
//!
//! What a request names in its `Host` plays no part: it gets into scripts.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::config::Config;
use crate::http::serve::CameTo;

/// Where clients find this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Of HTTP and Messenger alike.
    pub(super) address: IpAddr,
    /// Of Messenger's own protocol.
    pub(super) port: u16,
}

impl Place {
    /// As the operator says it, or else where this request has found us.
    pub(super) async fn of(config: &Config, CameTo(local): CameTo) -> Self {
        let advertised = [config.http.advertise.as_ref(), config.advertise.as_ref()];
        let mut address = None;
        for advertised in advertised.into_iter().flatten() {
            if address.is_none() {
                address = resolved(&advertised.host).await;
            }
        }
        let said = config.advertise.as_ref().and_then(|said| said.port);
        let listened = config.listen.msnp.as_ref().map(|listened| listened.port);
        Self {
            address: address.unwrap_or_else(|| local.ip().to_canonical()),
            port: said
                .or(listened.filter(|&port| port != 0))
                .unwrap_or(USUAL_PORT),
        }
    }

    /// Whether only this very machine gets here.
    pub(super) fn is_loopback(&self) -> bool {
        self.address.is_loopback()
    }

    /// Whether clients look for Messenger at this port without being told.
    pub(super) fn is_usual_port(&self) -> bool {
        self.port == USUAL_PORT
    }

    /// The address and the port, as clients that take both are told them.
    pub(super) fn with_port(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

/// The address behind a host: one of IPv4 if there is any, since old machines know no other. Looked up
/// at most once in a while, whoever asks how often.
async fn resolved(host: &str) -> Option<IpAddr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    if let Some(known) = KNOWN.lock().as_ref()
        && known.host == host
        && known.since.elapsed() < MEMORY
    {
        return known.address;
    }
    let address = match timeout(PATIENCE, lookup_host((host, 0))).await {
        Ok(Ok(found)) => {
            let found: Vec<_> = found.map(|address| address.ip()).collect();
            let of_ipv4 = found.iter().find(|address| address.is_ipv4());
            of_ipv4.or(found.first()).copied()
        }
        _ => None,
    };
    *KNOWN.lock() = Some(Known {
        host: host.to_owned(),
        address,
        since: Instant::now(),
    });
    address
}

struct Known {
    host: String,
    address: Option<IpAddr>,
    since: Instant,
}

static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

const MEMORY: Duration = Duration::from_secs(60);

const PATIENCE: Duration = Duration::from_secs(2);

const USUAL_PORT: u16 = 1863;

#[cfg(test)]
mod tests {
    use super::*;

    async fn place(advertise: &str, http: &str, local: &str) -> String {
        let mut config = Config {
            advertise: advertise.parse().ok(),
            ..Config::default()
        };
        config.http.advertise = http.parse().ok();
        let local = CameTo(local.parse().unwrap());
        Place::of(&config, local).await.with_port().to_string()
    }

    #[tokio::test]
    async fn where_we_are() {
        for (advertise, http, local, expected) in [
            ("", "", "192.0.2.1:8080", "192.0.2.1:1863"),
            ("", "", "[::ffff:192.0.2.1]:80", "192.0.2.1:1863"),
            ("", "", "[2001:db8::1]:80", "[2001:db8::1]:1863"),
            ("192.0.2.2:1864", "", "192.0.2.1:80", "192.0.2.2:1864"),
            (
                "192.0.2.2",
                "192.0.2.3:81",
                "192.0.2.1:80",
                "192.0.2.3:1863",
            ),
            ("localhost", "", "192.0.2.1:80", "127.0.0.1:1863"),
            ("not.there.invalid", "", "192.0.2.1:80", "192.0.2.1:1863"),
        ] {
            assert_eq!(place(advertise, http, local).await, expected);
        }
    }
}
