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
    let Some(header) = request.headers.get(AUTHORIZATION) else {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "a token is needed: Authorization: Bearer TOKEN",
        ));
    };
    let shown = header
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .and_then(|(_, token)| Token::parse(token.trim()));
    if let Some(token) = &shown
        && let Some(operator) = api.services.office.bearer(token).await?
    {
        return Ok(operator);
    }
    // Those who guess shut nobody out who comes from the same address with a good token.
    if !api.guesses.take(&peer.to_string(), Instant::now()) {
        return Err(Problem::too_often());
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "this token is not good, or no longer",
    ))
}
