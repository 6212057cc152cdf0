//! `/sessions`: who is signed in now.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Asked, Listed, Named, Page, Said, limit, listed, number};
use super::operator::By;
use super::problem::Problem;
use super::{Api, json};
use crate::admin::{MessageOutcome, Office, SessionView};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, sign_out))
        .routes(routes!(message))
}

/// List sessions
///
/// In the order in which they began. Scope: `sessions:read`.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(Page), responses(
    (status = 200, body = Listed<SessionView>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn list(
    By(by): By,
    State(office): State<Office>,
    Asked(page): Asked<Page>,
) -> Result<Response, Problem> {
    let limit = limit(page.limit)?;
    let after = number(page.after.as_deref())?;
    let found = office.sessions(&by, after, limit as usize).await?;
    let page = listed(found, limit, |session| session.number.to_string());
    Ok(json(StatusCode::OK, &page))
}

/// Show a session
///
/// Scope: `sessions:read`.
#[utoipa::path(get, path = "/sessions/{number}", tag = "sessions",
    params(("number" = u64, Path, description = "Its number")),
    responses(
        (status = 200, body = SessionView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn show(
    By(by): By,
    State(office): State<Office>,
    Named(number): Named<u64>,
) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &office.session(&by, number).await?))
}

/// Sign the account of a session out, wherever it is signed in
///
/// With its password it may come again. Scope: `sessions:write`.
#[utoipa::path(delete, path = "/sessions/{number}", tag = "sessions",
    params(("number" = u64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is signed out"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn sign_out(
    By(by): By,
    State(office): State<Office>,
    Named(number): Named<u64>,
) -> Result<StatusCode, Problem> {
    office.sign_out_session(&by, number).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    /// What is said.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "The server moves on Sunday."
    )]
    pub(super) text: String,
}

/// Say something to a session
///
/// The client shows it as a conversation with the service itself. Answered when the client took it,
/// or has not for 15 seconds. Scope: `sessions:write`.
#[utoipa::path(post, path = "/sessions/{number}/message", tag = "sessions", request_body = Text,
    params(("number" = u64, Path, description = "Its number")),
    responses(
        (status = 200, body = MessageOutcome),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn message(
    By(by): By,
    State(office): State<Office>,
    Named(number): Named<u64>,
    Said(said): Said<Text>,
) -> Result<Response, Problem> {
    let outcome = office.message(&by, number, &said.text).await?;
    Ok(json(StatusCode::OK, &outcome))
}
