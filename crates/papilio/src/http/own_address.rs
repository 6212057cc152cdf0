//! The address under which clients reach this server over HTTP: what every address in an answer is
//! built from (DESIGN, 1: advertised apart from bound).
//!
//! ```text
//!   1  [http] advertise                            as it is written
//!   2  --advertise, its host                       with the port that the client came to
//!   3  the Host that the client named              it has found us there
//!   4  localhost
//! ```

use axum::http::HeaderMap;
use axum::http::header::HOST;

use crate::config::{Config, PageAddress};

/// A host, and a port unless it is the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnAddress {
    authority: String,
    /// Whether it is what the operator says, rather than what the client does.
    is_configured: bool,
}

impl OwnAddress {
    /// The address for the client that sent these headers.
    pub(super) fn of(config: &Config, headers: &HeaderMap) -> Self {
        let named = named(headers);
        let configured = match (&config.http.advertise, &config.advertise) {
            (Some(http), _) => Some(http.to_string()),
            (None, Some(advertised)) => {
                let host = crate::config::Advertised {
                    port: None,
                    ..advertised.clone()
                };
                Some(match named.and_then(port_of) {
                    Some(port) => format!("{host}:{port}"),
                    None => host.to_string(),
                })
            }
            (None, None) => None,
        };
        Self {
            is_configured: configured.is_some(),
            authority: configured
                .or_else(|| named.map(without_usual_port))
                .unwrap_or_else(|| "localhost".to_owned()),
        }
    }

    /// The host as it stands in an address, with its port if it has one.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The host without its port.
    pub(super) fn host(&self) -> &str {
        host_of(&self.authority)
    }

    /// The address of a page of ours, by its path.
    pub(super) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
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
        !self.is_configured && is_historic(self.host())
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
    let own = [config.http.advertise.as_ref(), config.advertise.as_ref()];
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
/// way of whatever speaks TLS for us; what we hand out is plain HTTP.
fn port_of(authority: &str) -> Option<u16> {
    let (_, port) = authority.rsplit_once(':')?;
    port.parse().ok().filter(|port| !matches!(port, 80 | 443))
}

fn without_usual_port(authority: &str) -> String {
    match port_of(authority) {
        Some(port) => format!("{}:{port}", host_of(authority)),
        None => host_of(authority).to_owned(),
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
        config
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
            let own = OwnAddress::of(&config(advertise, http), &host(named));
            assert_eq!(own.authority(), expected, "{advertise} {http} {named}");
            assert_eq!(own.at("/x"), format!("http://{expected}/x"));
        }
        let nobody = OwnAddress::of(&Config::default(), &HeaderMap::new());
        assert_eq!(nobody.authority(), "localhost");
    }

    #[test]
    fn hosts() {
        assert_eq!(host_of("a.example:8080"), "a.example");
        assert_eq!(host_of("[2001:db8::1]:80"), "[2001:db8::1]");
        assert_eq!(host_of("[2001:db8::1]"), "[2001:db8::1]");
        assert_eq!(host_of("a.example"), "a.example");
        let is_historic = |named| OwnAddress::of(&Config::default(), &host(named)).is_historic();
        assert!(is_historic("Config.Messenger.MSN.com") && is_historic("msn.com"));
        assert!(!is_historic("msn.com.example.org") && !is_historic("notmsn.com"));
        let advertised = config("chat.example.org", "");
        assert!(!OwnAddress::of(&advertised, &host("storage.msn.com")).is_historic());
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
