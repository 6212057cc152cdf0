//! How the service is, for whoever watches over it: `/healthz`, `/readyz`, `/metrics`.
//!
//! The first two say nothing that a client could not find out, so anybody may ask. Metrics tell how
//! many people there are and what they do: they are for this machine, or for whom the operator names.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{Failure, Services};
use crate::config::Metrics;
use crate::metrics::{METRICS, Present};

/// The routes of this service.
pub(super) fn routes() -> Router<Services> {
    Router::new()
        .route("/healthz", get(async || said(StatusCode::OK, "alive")))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Whether clients can be sent here: the database answers, and nobody has told the server to stop.
/// Listeners are open before anybody can ask.
async fn ready(State(services): State<Services>) -> Response {
    if services.node.is_stopping() {
        return said(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match tokio::time::timeout(PATIENCE, services.store.ping()).await {
        Ok(Ok(())) => said(StatusCode::OK, "ready"),
        Ok(Err(error)) => not_ready(error.to_string()),
        Err(_) => not_ready("the database does not answer".to_owned()),
    }
}

fn not_ready(why: String) -> Response {
    // The reason may name files and hosts: it is for the log.
    Failure::because(why).on(said(
        StatusCode::SERVICE_UNAVAILABLE,
        "the database does not answer",
    ))
}

async fn metrics(
    State(services): State<Services>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if !may_look(&services.config.metrics, peer, &headers) {
        return Failure::because("metrics are not for this address")
            .of_the_client()
            .on(said(
                StatusCode::FORBIDDEN,
                "metrics are for the operator: see [metrics] in papilio.toml",
            ));
    }
    let rendered = METRICS.render(Present {
        connections: services.node.connections(),
        gateway_sessions: services.gateway.sessions(),
        conversations: services.node.conversations.count(),
    });
    (
        [
            (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
        ],
        rendered,
    )
        .into_response()
}

/// Whoever shows the token, or asks from where the operator allows. What comes through a proxy is not
/// from where it seems to be.
fn may_look(settings: &Metrics, peer: SocketAddr, headers: &HeaderMap) -> bool {
    let shown = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if let (Some(token), Some(shown)) = (&settings.token, shown) {
        return token.is(shown.trim());
    }
    let forwarded = FORWARDED.iter().any(|name| headers.contains_key(name));
    let address = peer.ip().to_canonical();
    !forwarded
        && settings
            .allow
            .iter()
            .any(|network| network.contains(address))
}

fn said(status: StatusCode, word: &'static str) -> Response {
    (
        status,
        [
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
        ],
        format!("{word}\n"),
    )
        .into_response()
}

/// What proxies say of those for whom they ask.
const FORWARDED: [HeaderName; 3] = [
    HeaderName::from_static("forwarded"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("via"),
];

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(settings: &str, peer: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let settings: Metrics = toml_of(settings);
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, axum::http::HeaderValue::from_static(value))
            })
            .collect();
        may_look(&settings, peer.parse().unwrap(), &headers)
    }

    fn toml_of(text: &str) -> Metrics {
        let file = config::File::from_str(text, config::FileFormat::Toml);
        let read = config::Config::builder().add_source(file).build().unwrap();
        read.try_deserialize().unwrap()
    }

    #[test]
    fn metrics_are_for_this_machine_unless_the_operator_says_otherwise() {
        assert!(looks("", "127.0.0.1:5", &[]));
        assert!(looks("", "[::1]:5", &[]));
        assert!(looks("", "[::ffff:127.0.0.1]:5", &[]));
        assert!(!looks("", "192.0.2.1:5", &[]));
        assert!(!looks("allow = []", "127.0.0.1:5", &[]));
        let networks = "allow = ['192.0.2.0/24', '2001:db8::/32']";
        assert!(looks(networks, "192.0.2.77:5", &[]));
        assert!(looks(networks, "[2001:db8:1::1]:5", &[]));
        assert!(!looks(networks, "192.0.3.1:5", &[]));
        assert!(!looks(networks, "127.0.0.1:5", &[]));
    }

    #[test]
    fn what_comes_through_a_proxy_needs_the_token() {
        let proxied = ("x-forwarded-for", "192.0.2.1");
        assert!(!looks("", "127.0.0.1:5", &[proxied]));
        let token = "token = 'correct horse battery staple'";
        let right = ("authorization", "Bearer correct horse battery staple");
        assert!(looks(token, "192.0.2.1:5", &[right]));
        assert!(looks(token, "127.0.0.1:5", &[right, proxied]));
        assert!(!looks(
            token,
            "127.0.0.1:5",
            &[("authorization", "Bearer wrong")]
        ));
        assert!(!looks("", "192.0.2.1:5", &[right]));
    }
}
