//! The address under which clients reach this server over HTTP: what every address in an answer is
//! built from (DESIGN, 1: advertised apart from bound).
//!
//! ```text
//!   1  [http] advertise                            as it is written
//!   2  --advertise, its host                       with the port that the client came to
//!   3  the Host that the client named              it has found us there
//!   4  localhost
//! ```
//!
//! Who came over TLS is answered with addresses over TLS, and of those `[tls] advertise` is the first.
//! Who did not is told of TLS only where it matters ([`OwnAddress::over_tls`]).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;

use super::{Services, Transport};
use crate::config::{Config, PageAddress, bracketed};

/// A host, and a port unless it is the usual one. As an extractor it never fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnAddress {
    scheme: &'static str,
    authority: String,
    /// Whether it is what the operator says, rather than what the client does.
    is_configured: bool,
    /// Whether the client came here by a name of the historic service.
    came_by_historic: bool,
    /// The same address over TLS, if that is served.
    over_tls: Option<OverTls>,
}

/// An address over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OverTls {
    authority: String,
    /// The port of whatever host, unless it is the usual one.
    port: Option<u16>,
}

impl FromRequestParts<Services> for OwnAddress {
    type Rejection = Infallible;

    async fn from_request_parts(
        request: &mut Parts,
        services: &Services,
    ) -> Result<Self, Infallible> {
        let transport = Transport::from_request_parts(request, services).await?;
        Ok(Self::of(&services.config, &request.headers, transport))
    }
}

impl OwnAddress {
    /// The address for the client that sent these headers.
    pub(super) fn of(config: &Config, headers: &HeaderMap, transport: Transport) -> Self {
        let named = named(headers);
        let port = named.and_then(port_of);
        let configured = match (&config.http.advertise, &config.advertise) {
            (Some(http), _) => Some(http.to_string()),
            (None, Some(advertised)) => Some(with_port(&bracketed(&advertised.host), port)),
            (None, None) => None,
        };
        let plain = configured
            .clone()
            .or_else(|| named.map(without_usual_port))
            .unwrap_or_else(|| "localhost".to_owned());
        let over_tls = OverTls::of(config, host_of(&plain), port, transport);
        let is_over_tls = transport != Transport::Plain;
        Self {
            scheme: transport.scheme(),
            is_configured: configured.is_some() || is_over_tls && config.tls.advertise.is_some(),
            came_by_historic: named.is_some_and(|named| is_historic(host_of(named))),
            authority: match &over_tls {
                Some(over_tls) if is_over_tls => over_tls.authority.clone(),
                _ => plain,
            },
            over_tls,
        }
    }

    /// The host without its port.
    pub(super) fn host(&self) -> &str {
        host_of(&self.authority)
    }

    /// The address of a page of ours, by its path.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// What every address of ours begins with: `http://host`.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority)
    }

    /// The address of a service that is asked with a ticket: over TLS, if that is served.
    pub(super) fn over_tls(&self, path: &str) -> String {
        match &self.over_tls {
            Some(over_tls) => format!("https://{}{path}", over_tls.authority),
            None => self.at(path),
        }
    }

    /// Another host of ours as it is asked over TLS: without scheme, and without port if it is the usual
    /// one.
    pub(super) fn authority_over_tls(&self, host: &str) -> String {
        with_port(
            host,
            self.over_tls.as_ref().and_then(|over_tls| over_tls.port),
        )
    }

    /// The same way to another host of ours.
    pub(super) fn origin_at(&self, host: &str) -> String {
        let port = port_of(&self.authority);
        format!("{}://{}", self.scheme, with_port(host, port))
    }

    /// The address of a page, of ours or elsewhere.
    pub(super) fn page(&self, page: &PageAddress) -> String {
        match page.path() {
            Some(path) => self.at(path),
            None => page.as_str().to_owned(),
        }
    }

    /// Whether the client came here by a name of the historic service. It has been led here under its
    /// other names too, then, and is best served by the addresses that it has built in.
    pub(super) fn is_historic(&self) -> bool {
        self.came_by_historic && (!self.is_configured || self.over_tls.is_some())
    }
}

impl OverTls {
    /// Who came over TLS has found the port. For others it is the usual one, if theirs was; or else the
    /// one that is listened on.
    fn of(config: &Config, host: &str, port: Option<u16>, transport: Transport) -> Option<Self> {
        let listened = config.listen.https.as_ref()?.port;
        let port = match transport {
            Transport::Plain => port.map(|_| listened).filter(|&port| port != 443),
            Transport::OldTls | Transport::ModernTls => port,
        };
        Some(match &config.tls.advertise {
            Some(advertised) => Self {
                authority: advertised.to_string(),
                port: advertised.port.filter(|&port| port != 443),
            },
            None => Self {
                authority: with_port(host, port),
                port,
            },
        })
    }
}

/// The host that a request names, without its port.
pub(super) fn named_host(headers: &HeaderMap) -> Option<&str> {
    named(headers).map(host_of)
}

/// Whether a host is one of the historic service.
pub(super) fn is_historic(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    HISTORIC.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Whether an address leads to this server: a path of it, or one of its hosts over HTTP. Anything that
/// a browser might read in another way than we do leads elsewhere.
pub(super) fn leads_here(config: &Config, headers: &HeaderMap, address: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte);
    if address.len() > ADDRESS_LIMIT || !address.bytes().all(is_plain) {
        return false;
    }
    if address.starts_with('/') {
        return !address.starts_with("//");
    }
    let lower = address.to_ascii_lowercase();
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| lower.strip_prefix(scheme));
    let Some(rest) = rest else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let own = [
        config.tls.advertise.as_ref(),
        config.http.advertise.as_ref(),
        config.advertise.as_ref(),
    ];
    let configured = own.into_iter().flatten().map(|own| {
        let own = own.to_string();
        host_of(&own).to_ascii_lowercase()
    });
    let named = named(headers).map(|named| host_of(named).to_ascii_lowercase());
    is_authority(authority) && configured.chain(named).any(|own| own == host_of(authority))
}

/// The `Host` of a request, if it is one.
fn named(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| is_authority(host))
}

/// `name`, `name:port`, `1.2.3.4:port` or `[v6]:port`, and nothing that could mean something else.
fn is_authority(text: &str) -> bool {
    (1..=260).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

/// The host without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// The port, if it is none of the two that go without saying. Old clients write 443 when they come by
/// way of whatever speaks TLS for us.
fn port_of(authority: &str) -> Option<u16> {
    let (_, port) = authority.rsplit_once(':')?;
    port.parse().ok().filter(|port| !matches!(port, 80 | 443))
}

fn without_usual_port(authority: &str) -> String {
    with_port(host_of(authority), port_of(authority))
}

fn with_port(host: &str, port: Option<u16>) -> String {
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

const HISTORIC: [&str; 5] = [
    "msn.com",
    "live.com",
    "hotmail.com",
    "passport.com",
    "passport.net",
];

/// The longest address that somebody is sent on to.
const ADDRESS_LIMIT: usize = 2048;

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn host(host: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))])
    }

    fn config(advertise: &str, http: &str) -> Config {
        let mut config = Config {
            advertise: advertise.parse().ok(),
            ..Config::default()
        };
        config.http.advertise = http.parse().ok();
        config.listen.https = None;
        config
    }

    fn plain(config: &Config, headers: &HeaderMap) -> OwnAddress {
        OwnAddress::of(config, headers, Transport::Plain)
    }

    #[test]
    fn what_the_operator_says_goes_first() {
        for (advertise, http, named, expected) in [
            ("", "", "msn.example.net:8080", "msn.example.net:8080"),
            ("", "", "contacts.msn.com:443", "contacts.msn.com"),
            ("", "", "[2001:db8::1]:8080", "[2001:db8::1]:8080"),
            ("", "", "[2001:db8::1]", "[2001:db8::1]"),
            ("", "", "a b", "localhost"),
            ("", "", "a\"b", "localhost"),
            ("", "", "a@b", "localhost"),
            (
                "chat.example.org",
                "",
                "storage.msn.com",
                "chat.example.org",
            ),
            (
                "chat.example.org:1863",
                "",
                "x:8080",
                "chat.example.org:8080",
            ),
            ("2001:db8::2", "", "x:81", "[2001:db8::2]:81"),
            ("chat.example.org", "", "", "chat.example.org"),
            (
                "chat.example.org",
                "web.example.org:81",
                "x:8080",
                "web.example.org:81",
            ),
        ] {
            let own = plain(&config(advertise, http), &host(named));
            assert_eq!(own.authority, expected, "{advertise} {http} {named}");
            assert_eq!(own.at("/x"), format!("http://{expected}/x"));
        }
        let nobody = plain(&Config::default(), &HeaderMap::new());
        assert_eq!(nobody.authority, "localhost");
    }

    #[test]
    fn who_came_over_tls_is_led_back_over_tls() {
        let mut config = config("chat.example.org", "");
        config.listen.https = "0.0.0.0:8443".parse().ok();
        for (transport, named, at, over_tls) in [
            (
                Transport::Plain,
                "x",
                "http://chat.example.org",
                "https://chat.example.org",
            ),
            (
                Transport::Plain,
                "x:8080",
                "http://chat.example.org:8080",
                "https://chat.example.org:8443",
            ),
            (
                Transport::OldTls,
                "x",
                "https://chat.example.org",
                "https://chat.example.org",
            ),
            (
                Transport::ModernTls,
                "x:4433",
                "https://chat.example.org:4433",
                "https://chat.example.org:4433",
            ),
        ] {
            let own = OwnAddress::of(&config, &host(named), transport);
            assert_eq!(own.origin(), at, "{transport:?} {named}");
            assert_eq!(own.over_tls(""), over_tls, "{transport:?} {named}");
            assert!(!own.is_historic());
        }
        // Whoever came by a historic name has the right name for TLS built in.
        let historic = OwnAddress::of(&config, &host("config.messenger.msn.com"), Transport::Plain);
        assert!(historic.is_historic());
        assert_eq!(historic.origin(), "http://chat.example.org");

        config.tls.advertise = "web.example.org:444".parse().ok();
        let own = OwnAddress::of(&config, &host("x"), Transport::OldTls);
        assert_eq!(
            (own.origin(), own.host()),
            ("https://web.example.org:444".to_owned(), "web.example.org")
        );
        assert_eq!(own.authority_over_tls("y"), "y:444");
        assert_eq!(own.origin_at("y"), "https://y:444");
        let own = OwnAddress::of(&config, &host("x"), Transport::Plain);
        assert_eq!(own.over_tls("/"), "https://web.example.org:444/");
        assert_eq!(own.origin(), "http://chat.example.org");

        // Behind something else that speaks TLS nothing is known of it.
        config.listen.https = None;
        let own = OwnAddress::of(&config, &host("x"), Transport::Plain);
        assert_eq!(own.over_tls("/"), "http://chat.example.org/");
    }

    #[test]
    fn hosts() {
        assert_eq!(host_of("a.example:8080"), "a.example");
        assert_eq!(host_of("[2001:db8::1]:80"), "[2001:db8::1]");
        assert_eq!(host_of("[2001:db8::1]"), "[2001:db8::1]");
        assert_eq!(host_of("a.example"), "a.example");
        let is_historic = |named| plain(&Config::default(), &host(named)).is_historic();
        assert!(is_historic("Config.Messenger.MSN.com") && is_historic("msn.com"));
        assert!(!is_historic("msn.com.example.org") && !is_historic("notmsn.com"));
        let advertised = config("chat.example.org", "");
        assert!(!plain(&advertised, &host("storage.msn.com")).is_historic());
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        let config = config("chat.example.org", "web.example.org:81");
        for own in [
            "/",
            "/today?x=y#z",
            "http://chat.example.org",
            "http://chat.example.org/",
            "https://CHAT.example.org:8443/a?b=http://evil.example/",
            "HTTP://web.example.org:81/x",
            "http://login.live.com/x",
            "http://chat.example.org?@evil.example",
            "http://chat.example.org#@evil.example",
        ] {
            assert!(leads_here(&config, &host("login.live.com"), own), "{own}");
        }
        for elsewhere in [
            "",
            "today",
            "//evil.example/",
            "/\\evil.example/",
            "\\\\evil.example",
            "///evil.example",
            "/\t/evil.example",
            "http:evil.example",
            "http:/evil.example",
            "http:///evil.example",
            "http://evil.example/",
            "http://evil.example#chat.example.org",
            "http://chat.example.org.evil.example/",
            "http://evilchat.example.org/",
            "http://chat.example.org@evil.example/",
            "http://chat.example.org:x@evil.example/",
            "http://chat.example.org\\@evil.example/",
            "http://chat.example.org%2f@evil.example/",
            "http://chat.example.org\r\nX: y",
            "http://chat.example.org /",
            "ftp://chat.example.org/",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://hotmail.com/",
        ] {
            let here = leads_here(&config, &host("login.live.com"), elsewhere);
            assert!(!here, "{elsewhere}");
        }
        let long = format!("/{}", "x".repeat(ADDRESS_LIMIT));
        assert!(!leads_here(&config, &HeaderMap::new(), &long));
    }
}
