//! `/broadcasts` and `/maintenance`: what everybody is told.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::Said;
use super::operator::By;
use super::problem::Problem;
use super::sessions::Text;
use super::{Api, json};
use crate::admin::{BroadcastView, MaintenanceView, Office, Then};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(broadcast))
        .routes(routes!(show, announce, cancel))
}

/// Say something to everybody who is signed in
///
/// Clients show it as a conversation with the service itself. Scope: `broadcast`.
#[utoipa::path(post, path = "/broadcasts", tag = "broadcasts", request_body = Text, responses(
    (status = 202, body = BroadcastView),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn broadcast(
    By(by): By,
    State(office): State<Office>,
    Said(said): Said<Text>,
) -> Result<Response, Problem> {
    let sent = office.broadcast(&by, &said.text).await?;
    Ok(json(StatusCode::ACCEPTED, &sent))
}

/// Show the maintenance that was announced
///
/// Scope: `broadcast`.
#[utoipa::path(get, path = "/maintenance", tag = "broadcasts", responses(
    (status = 200, body = MaintenanceView),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn show(By(by): By, State(office): State<Office>) -> Result<Response, Problem> {
    match office.maintenance(&by).await? {
        Some(view) => Ok(json(StatusCode::OK, &view)),
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no maintenance is announced",
        )),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Announcement {
    /// In how many minutes it begins.
    #[schema(maximum = 1440, example = 15)]
    minutes: u32,
    /// Whether the server ends then.
    #[serde(default)]
    stop: bool,
}

/// Announce maintenance, in place of any that was announced
///
/// Clients are told at once, and again as the time comes near. Scope: `broadcast`.
#[utoipa::path(put, path = "/maintenance", tag = "broadcasts", request_body = Announcement,
    responses(
        (status = 200, body = MaintenanceView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn announce(
    By(by): By,
    State(office): State<Office>,
    Said(said): Said<Announcement>,
) -> Result<Response, Problem> {
    let then = if said.stop { Then::Stop } else { Then::Stay };
    let view = office.announce_maintenance(&by, said.minutes, then).await?;
    Ok(json(StatusCode::OK, &view))
}

/// Cancel the maintenance that was announced
///
/// Who was told of it is told nothing: clients know no word for it. Scope: `broadcast`.
#[utoipa::path(delete, path = "/maintenance", tag = "broadcasts", responses(
    (status = 204, description = "There will be none"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn cancel(By(by): By, State(office): State<Office>) -> Result<StatusCode, Problem> {
    office.cancel_maintenance(&by).await?;
    Ok(StatusCode::NO_CONTENT)
}
