//! The ports that are open, and who is let in at them (DESIGN, 1: ports, ready line).

use std::future::Future;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use axum::Router;
use msnp::server::Door;
use msnp::wire::param::Param;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cli::supervisor::Sockets;
use crate::config::{Config, Listen, ListenAddress, bracketed};
use crate::http;
use crate::listen::{self, Announcer, Reception, SendBuffer};
#[cfg(feature = "tls")]
use crate::tls::Acceptor;

/// The ports that are open.
pub(super) struct Ports {
    pub(super) msnp: Option<Port>,
    pub(super) http: Option<Port>,
    https: Option<Port>,
    dispatch: Option<Port>,
}

pub(super) struct Port {
    listener: TcpListener,
    pub(super) address: SocketAddr,
}

impl Ports {
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let Listen {
            msnp,
            http,
            https,
            dispatch,
        } = &config.listen;
        let small = match config.limits.socket_buffer {
            Some(size) => SendBuffer::Bytes(u32::try_from(size).unwrap_or(u32::MAX)),
            None => SendBuffer::Unbounded,
        };
        let mut given = Sockets::given()?;
        Ok(Self {
            msnp: bind(&mut given, msnp.as_ref(), small, "msnp").await?,
            http: bind(&mut given, http.as_ref(), SendBuffer::Unbounded, "http").await?,
            https: bind(&mut given, https.as_ref(), SendBuffer::Unbounded, "https").await?,
            dispatch: bind(&mut given, dispatch.as_ref(), small, "dispatch").await?,
        })
    }

    /// The one line that says where everything is (DESIGN, 1).
    pub(super) fn ready_line(&self) -> String {
        let ports = [
            ("msnp", &self.msnp),
            ("http", &self.http),
            ("https", &self.https),
            ("dispatch", &self.dispatch),
        ];
        let mut line = String::from("papilio ready");
        for (name, port) in ports {
            if let Some(port) = port {
                line += &format!(" {name}={}", port.address);
            }
        }
        line
    }

    /// The configuration with the port for HTTPS that is open, for whoever tells clients about it.
    pub(super) fn known_to(&self, config: &Config) -> Config {
        let mut config = config.clone();
        config.listen.https = self.https.as_ref().map(|https| ListenAddress {
            host: https.address.ip().to_string(),
            port: https.address.port(),
        });
        config
    }

    pub(super) fn msnp_address(&self) -> Option<SocketAddr> {
        self.msnp.as_ref().map(|port| port.address)
    }

    /// What clients are told. A dispatch server alone refers to what the operator advertises, or to
    /// the usual port.
    pub(super) fn announcer(&self, config: &Config) -> Announcer {
        let port = self
            .msnp
            .as_ref()
            .map_or(USUAL_PORT, |port| port.address.port());
        Announcer::new(config.advertise.as_ref(), port)
    }

    /// Lets clients in. The listeners of Messenger's own protocol end when what is returned drops.
    pub(super) fn serve(
        self,
        config: &Config,
        reception: &Reception,
        router: Router,
        #[cfg(feature = "tls")] acceptor: Option<Acceptor>,
    ) -> (JoinSet<()>, Http) {
        let mut listeners = JoinSet::new();
        for (port, door) in [(self.msnp, Door::Main), (self.dispatch, Door::Dispatch)] {
            let Some(Port { listener, .. }) = port else {
                continue;
            };
            let reception = Reception {
                door,
                ..reception.clone()
            };
            listeners.spawn(listen::accept(listener, reception));
        }
        let per_address = reception.per_address.clone();
        let mut web = Http {
            running: JoinSet::new(),
            stop: watch::channel(()).0,
        };
        if let Some(Port { listener, .. }) = self.http {
            let (router, limits) = (router.clone(), config.http.clone());
            let counted = per_address.clone();
            let stopped = web.stopped();
            let serving = http::serve(listener, router, limits, counted, stopped);
            web.running.spawn(serving);
        }
        #[cfg(feature = "tls")]
        if let (Some(Port { listener, .. }), Some(acceptor)) = (self.https, acceptor) {
            let limits = config.http.clone();
            let stopped = web.stopped();
            web.running.spawn(http::serve_mixed(
                listener,
                acceptor,
                router,
                limits,
                per_address,
                stopped,
            ));
        }
        (listeners, web)
    }
}

/// The HTTP services under way.
pub(super) struct Http {
    pub(super) running: JoinSet<()>,
    stop: watch::Sender<()>,
}

impl Http {
    /// Done when the services are to stop.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + use<> {
        let mut stopped = self.stop.subscribe();
        async move {
            // An error means that the sender is gone, which is the signal.
            let _signal = stopped.changed().await;
        }
    }

    /// Lets the requests under way finish, as far as there is time.
    pub(super) async fn stop(mut self, deadline: Instant) {
        drop(self.stop);
        let left = deadline.saturating_duration_since(Instant::now());
        let all = async { while self.running.join_next().await.is_some() {} };
        // Late or not, it is over now.
        let _ended = tokio::time::timeout(left, all).await;
    }
}

/// Where people's pages are, as far as the configuration tells; `http` is where HTTP is listened on. Over
/// HTTP where that is served: the browser of an old machine can read there at least why it will not do.
pub(in crate::cli) fn pages(config: &Config, http: Option<SocketAddr>) -> Param {
    let (scheme, usual, listened, advertised) = match (http, &config.listen.https) {
        (None, Some(https)) => {
            let listened = (https.host.parse().ok(), https.port);
            ("https", 443, Some(listened), &config.tls.advertise)
        }
        (http, _) => {
            let listened = http.map(|address| (Some(address.ip()), address.port()));
            ("http", 80, listened, &config.http.advertise)
        }
    };
    if let Some(own) = advertised {
        return Param::word(&format!("{scheme}://{own}"));
    }
    let (address, port) = listened.unwrap_or((None, usual));
    let host = match (&config.advertise, address) {
        (Some(advertised), _) => advertised.host.clone(),
        (None, Some(address)) if !address.is_unspecified() => address.to_string(),
        (None, _) => "localhost".to_owned(),
    };
    let host = bracketed(&host);
    if port == usual {
        Param::word(&format!("{scheme}://{host}"))
    } else {
        Param::word(&format!("{scheme}://{host}:{port}"))
    }
}

/// The listener that the service manager has opened, or else one on this address.
async fn bind(
    given: &mut Sockets,
    address: Option<&ListenAddress>,
    buffer: SendBuffer,
    name: &str,
) -> anyhow::Result<Option<Port>> {
    if let Some(listener) = given.take(name)? {
        let address = listener.local_addr()?;
        return Ok(Some(Port { listener, address }));
    }
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = listen::bind(address, buffer)
        .await
        .with_context(|| format!("cannot listen on {address} for {name}"))?;
    let address = listener.local_addr()?;
    Ok(Some(Port { listener, address }))
}

/// The port of the notification server, if nobody says otherwise.
const USUAL_PORT: u16 = 1863;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv6_has_brackets_in_the_address_of_pages() {
        let mut config = Config {
            advertise: Some("2001:db8::1".parse().unwrap()),
            ..Config::default()
        };
        config.listen.https = None;
        assert_eq!(pages(&config, None).as_str(), "http://[2001:db8::1]");
        // Where there is nothing else.
        config.listen.https = Some(ListenAddress::everywhere(8443));
        assert_eq!(pages(&config, None).as_str(), "https://[2001:db8::1]:8443");
        let http = "192.0.2.1:80".parse().ok();
        assert_eq!(pages(&config, http).as_str(), "http://[2001:db8::1]");
    }
}
