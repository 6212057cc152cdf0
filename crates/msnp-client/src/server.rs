//! Where a Messenger service is: the notification server, and the services over HTTP.

use std::collections::HashMap;

use msnp::client::service::Service;

/// The addresses of a Messenger service.
///
/// ```
/// use msnp_client::{Server, Service};
///
/// // Everything on one host, at the usual ports: 1863 for Messenger, 8080 for HTTP.
/// let simple = Server::new("chat.example.com");
/// // Other ports.
/// let local = Server::new("localhost").port(11863).services_at("http://localhost:18080");
/// // Each by hand.
/// let split = Server::new("msnp.example.com")
///     .services_at("http://www.example.com")
///     .service_at(Service::SignIn, "http://login.example.com/RST.srf");
/// assert_eq!(split.url(Service::Sharing), "http://www.example.com/abservice/SharingService.asmx");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
    base: String,
    by_hand: HashMap<Service, String>,
    #[cfg(feature = "tls")]
    pub(crate) trusted: Vec<Vec<u8>>,
}

impl Server {
    /// The service on this host (a name or an address): Messenger on port 1863, plain HTTP on 8080.
    pub fn new(host: impl Into<String>) -> Self {
        let host = host.into();
        let authority = authority(&host);
        Self {
            base: format!("http://{authority}:{HTTP}"),
            host,
            port: MSNP,
            by_hand: HashMap::new(),
            #[cfg(feature = "tls")]
            trusted: Vec::new(),
        }
    }

    /// Another port for Messenger itself. It may be that of a dispatch server.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// Another place for all the services over HTTP: `http://host:port` or `https://host:port`, to
    /// which their usual paths are added.
    #[must_use]
    pub fn services_at(self, base: impl Into<String>) -> Self {
        let base = base.into().trim_end_matches('/').to_owned();
        Self { base, ..self }
    }

    /// Another place for one service: the whole address.
    #[must_use]
    pub fn service_at(mut self, service: Service, url: impl Into<String>) -> Self {
        self.by_hand.insert(service, url.into());
        self
    }

    /// Trusts this certificate, in PEM, beside those that the system trusts: for a server that made its
    /// own. What is no certificate is told by [`sign_in`](crate::Connector::sign_in).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn trusting(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted.push(pem.into());
        self
    }

    /// Where a service is.
    pub fn url(&self, service: Service) -> String {
        let by_hand = self.by_hand.get(&service).cloned();
        by_hand.unwrap_or_else(|| format!("{}{}", self.base, service.path()))
    }

    /// Where to connect for Messenger itself, `host:port`.
    pub fn address(&self) -> String {
        format!("{}:{}", authority(&self.host), self.port)
    }

    /// Whether certificates are trusted that the system does not know.
    pub(crate) fn trusts_more(&self) -> bool {
        #[cfg(feature = "tls")]
        return !self.trusted.is_empty();
        #[cfg(not(feature = "tls"))]
        return false;
    }

    /// Whether some service needs TLS.
    pub(crate) fn needs_tls(&self) -> bool {
        let mut urls = Service::ALL.into_iter().map(|service| self.url(service));
        urls.any(|url| url.trim_start().to_ascii_lowercase().starts_with("https:"))
    }
}

/// An IPv6 address stands in brackets before a port.
fn authority(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

const MSNP: u16 = 1863;
const HTTP: u16 = 8080;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_derived_from_a_name() {
        let server = Server::new("::1").port(11863);
        assert_eq!(server.address(), "[::1]:11863");
        assert_eq!(server.url(Service::SignIn), "http://[::1]:8080/RST.srf");
        assert!(!server.needs_tls());
        let server = server.service_at(Service::SignIn, "HTTPS://login.live.com/RST.srf");
        assert!(server.needs_tls());
    }
}
