//! Who asks: what the request came over, whose token it shows, and whether they ask too often.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::super::Transport;
use super::Api;
use super::problem::Problem;
use super::socket::SystemAccount;
use crate::admin::Operator;
use crate::store::token::Token;

/// The operator of a request.
pub(super) struct By(pub(super) Operator);

impl FromRequestParts<Api> for By {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, api: &Api) -> Result<Self, Problem> {
        if let Some(SystemAccount(name)) = request.extensions.get::<SystemAccount>() {
            return Ok(Self(Operator::command_line(name)));
        }
        let settings = &api.services.config.admin;
        if !settings.api {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "the API is not served over the network: see [admin] in papilio.toml",
            ));
        }
        let ConnectInfo(peer) = request
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .copied()
            .unwrap_or(ConnectInfo(SocketAddr::from(([0, 0, 0, 0], 0))));
        let peer = peer.ip().to_canonical();
        let over = request.extensions.get::<Transport>().copied();
        let readable = match over.unwrap_or(Transport::Plain) {
            Transport::ModernTls => false,
            // No setting makes that good.
            Transport::OldTls => {
                return Err(Problem::new(
                    StatusCode::FORBIDDEN,
                    "tokens are not taken over TLS for old clients: use one of the modern names",
                ));
            }
            Transport::Plain => !peer.is_loopback() && !settings.over_plain_http,
        };
        if readable {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "tokens are not taken over plain HTTP from other machines: use HTTPS",
            ));
        }
        let operator = bearer(request, api, peer).await?;
        if !api.pace.take(&operator.who.to_string(), Instant::now()) {
            return Err(Problem::too_often());
        }
        Ok(Self(operator))
    }
}

async fn bearer(request: &Parts, api: &Api, peer: IpAddr) -> Result<Operator, Problem> {
    let (name, now) = (peer.to_string(), Instant::now());
    if !api.guesses.has_some(&name, now) {
        return Err(Problem::too_often());
    }
    let header = request.headers.get(AUTHORIZATION);
    let shown = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .and_then(|(_, token)| Token::parse(token.trim()));
    let known = match &shown {
        Some(token) => api.services.office.bearer(token).await?,
        None => None,
    };
    known.ok_or_else(|| {
        let detail = match (header, shown) {
            (None, _) => "a token is needed: Authorization: Bearer TOKEN",
            _ => "this token is not good, or no longer",
        };
        // Whoever shows nothing does not guess.
        if header.is_some() {
            api.guesses.take(&name, now);
        }
        Problem::new(StatusCode::UNAUTHORIZED, detail)
    })
}
