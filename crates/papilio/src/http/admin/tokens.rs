//! `/tokens`: what programs show to use this API.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Asked, Listed, Named, Page, Said, limit, listed, moment, text};
use super::operator::By;
use super::problem::Problem;
use super::{Api, json};
use crate::admin::{NewToken, Office, Scopes, TokenToMake, TokenView};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// List tokens
///
/// By their names. Scope: `tokens`.
#[utoipa::path(get, path = "/tokens", tag = "tokens", params(Page), responses(
    (status = 200, body = Listed<TokenView>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn list(
    By(by): By,
    State(office): State<Office>,
    Asked(page): Asked<Page>,
) -> Result<Response, Problem> {
    let limit = limit(page.limit)?;
    let after = page.after.unwrap_or_default();
    text("after", &after, 64)?;
    let found = office.tokens(&by, &after, limit).await?;
    let page = listed(found, limit, |token| token.name.clone());
    Ok(json(StatusCode::OK, &page))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenWanted {
    /// What it is called.
    #[schema(example = "backup-script", pattern = "^[a-z0-9._-]{1,64}$")]
    name: String,
    /// What it lets do.
    #[schema(value_type = Vec<String>, example = json!(["accounts:read"]))]
    scopes: Scopes,
    /// Until when; without it, until it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
}

/// Make a token
///
/// It is in the answer, and nowhere later. It lets do no more than its maker may. Scope: `tokens`.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = TokenWanted, responses(
    (status = 201, body = NewToken),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn create(
    By(by): By,
    State(office): State<Office>,
    Said(said): Said<TokenWanted>,
) -> Result<Response, Problem> {
    moment("expires", said.expires)?;
    let new = TokenToMake {
        name: said.name,
        scopes: said.scopes,
        expires: said.expires,
    };
    Ok(json(
        StatusCode::CREATED,
        &office.make_token(&by, new).await?,
    ))
}

/// Revoke a token
///
/// Scope: `tokens`.
#[utoipa::path(delete, path = "/tokens/{name}", tag = "tokens",
    params(("name" = String, Path, description = "What it is called", max_length = 64)),
    responses(
        (status = 204, description = "It is good no more"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn revoke(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    office.revoke_token(&by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
