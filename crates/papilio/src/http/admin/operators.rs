//! `/operators`: accounts that may do what this API does.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Listed, Named, Said, handle};
use super::operator::By;
use super::problem::Problem;
use super::{Api, json};
use crate::admin::{Office, OperatorView, Scopes};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, remove))
}

/// List operators
///
/// Scope: `operators`.
#[utoipa::path(get, path = "/operators", tag = "operators", responses(
    (status = 200, body = Listed<OperatorView>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn list(By(by): By, State(office): State<Office>) -> Result<Response, Problem> {
    let items = office.operators(&by).await?;
    Ok(json(StatusCode::OK, &Listed { items, next: None }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Role {
    /// What the account may do.
    #[schema(value_type = Vec<String>, example = json!(["accounts:read", "bans:write"]))]
    scopes: Scopes,
}

/// Make an account an operator, or change what it may do
///
/// As far as one's own scopes go. Scope: `operators`.
#[utoipa::path(put, path = "/operators/{handle}", tag = "operators", request_body = Role,
    params(("handle" = String, Path, description = "The account", max_length = 129)),
    responses(
        (status = 204, description = "It is one"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn put(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
    Said(said): Said<Role>,
) -> Result<StatusCode, Problem> {
    office
        .put_operator(&by, &handle(&name)?, said.scopes)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An account is an operator no more
///
/// Scope: `operators`.
#[utoipa::path(delete, path = "/operators/{handle}", tag = "operators",
    params(("handle" = String, Path, description = "The account", max_length = 129)),
    responses(
        (status = 204, description = "It is none"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn remove(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    office.remove_operator(&by, &handle(&name)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
