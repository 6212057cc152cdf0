//! Over what a browser came, and from where: whether a password and a session may travel there.
//!
//! TLS of today: yes. TLS of old clients: no, it keeps no secret. Plain HTTP: from this machine itself,
//! and from elsewhere when the operator says so. A proxy of the operator's says for the browser behind it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use super::super::Transport;
use super::problem::Problem;
use crate::config;

/// A way over which a session may travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Where the browser is.
    pub(super) peer: IpAddr,
    pub(super) cover: Cover,
}

/// Whether others can read what travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    /// They cannot: cookies are for such ways alone.
    Encrypted,
    /// They could, if there were any.
    Plain,
}

impl Way {
    /// Of a request.
    pub(super) fn of(request: &Parts, pages: &config::Pages) -> Result<Self, Problem> {
        let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
        // Whoever calls without a connection comes from nowhere.
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        let transport = request.extensions.get::<Transport>().copied();
        Self::from(
            transport.unwrap_or(Transport::Plain),
            peer.to_canonical(),
            &request.headers,
            pages,
        )
    }

    fn from(
        transport: Transport,
        peer: IpAddr,
        headers: &HeaderMap,
        pages: &config::Pages,
    ) -> Result<Self, Problem> {
        let encrypted = |peer| Way {
            peer,
            cover: Cover::Encrypted,
        };
        match transport {
            Transport::ModernTls => return Ok(encrypted(peer)),
            Transport::OldTls => return Err(Problem::OldTls),
            Transport::Plain => {}
        }
        let (peer, here) = if pages.proxies.contains(&peer) {
            let browser = last(headers, "x-forwarded-for").and_then(|text| text.parse().ok());
            let browser = browser.unwrap_or(peer);
            if last(headers, "x-forwarded-proto").is_some_and(|it| it.eq_ignore_ascii_case("https"))
            {
                return Ok(encrypted(browser));
            }
            (browser, false)
        } else {
            (peer, peer.is_loopback())
        };
        if here || pages.over_plain_http {
            let cover = Cover::Plain;
            Ok(Way { peer, cover })
        } else {
            Err(Problem::PlainHttp)
        }
    }
}

/// The last of the values of a header: the one that the proxy nearest to us has added.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(name).iter().next_back()?;
    values.to_str().ok()?.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(
        transport: Transport,
        peer: &str,
        said: &[(&'static str, &str)],
        pages: &config::Pages,
    ) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in said {
            headers.append(*name, value.parse().unwrap());
        }
        match Way::from(transport, peer.parse().unwrap(), &headers, pages) {
            Ok(way) => format!("{} {:?}", way.peer, way.cover),
            Err(problem) => format!("{problem:?}"),
        }
    }

    #[test]
    fn a_session_travels_where_nobody_can_read_it() {
        let usual = config::Pages::default();
        let there = "192.0.2.1";
        assert_eq!(
            way(Transport::ModernTls, there, &[], &usual),
            "192.0.2.1 Encrypted"
        );
        assert_eq!(way(Transport::OldTls, there, &[], &usual), "OldTls");
        assert_eq!(way(Transport::OldTls, "127.0.0.1", &[], &usual), "OldTls");
        assert_eq!(way(Transport::Plain, there, &[], &usual), "PlainHttp");
        assert_eq!(way(Transport::Plain, "::1", &[], &usual), "::1 Plain");
        let plain = config::Pages {
            over_plain_http: true,
            ..config::Pages::default()
        };
        assert_eq!(way(Transport::Plain, there, &[], &plain), "192.0.2.1 Plain");
        assert_eq!(way(Transport::OldTls, there, &[], &plain), "OldTls");
    }

    #[test]
    fn a_proxy_is_believed_if_it_is_the_operators() {
        let said = [
            ("x-forwarded-for", "127.0.0.1, 192.0.2.7"),
            ("x-forwarded-proto", "HTTPS"),
        ];
        let usual = config::Pages::default();
        let behind = config::Pages {
            proxies: vec!["127.0.0.1".parse().unwrap()],
            ..config::Pages::default()
        };
        let plain = Transport::Plain;
        assert_eq!(way(plain, "127.0.0.1", &said, &usual), "127.0.0.1 Plain");
        assert_eq!(
            way(plain, "127.0.0.1", &said, &behind),
            "192.0.2.7 Encrypted"
        );
        assert_eq!(way(plain, "192.0.2.9", &said, &behind), "PlainHttp");
        // Nobody becomes one of this machine by coming through a proxy of it.
        assert_eq!(way(plain, "127.0.0.1", &said[..1], &behind), "PlainHttp");
        assert_eq!(way(plain, "127.0.0.1", &[], &behind), "PlainHttp");
    }
}
