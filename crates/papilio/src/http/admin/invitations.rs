//! `/invitations`: who may sign up.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Asked, Listed, Named, Page, Said, limit, listed, moment, number, text};
use super::operator::By;
use super::problem::Problem;
use super::{Api, json};
use crate::admin::{InvitationToMake, InvitationView, NewInvitationView, Office};
use crate::store::invitation::{InvitationId, NewInvitation};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// List invitations
///
/// The newest first. Scope: `invitations`.
#[utoipa::path(get, path = "/invitations", tag = "invitations", params(Page), responses(
    (status = 200, body = Listed<InvitationView>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn list(
    By(by): By,
    State(office): State<Office>,
    Asked(page): Asked<Page>,
) -> Result<Response, Problem> {
    let limit = limit(page.limit)?;
    let before = number(page.after.as_deref())?.map(InvitationId);
    let found = office.invitations(&by, before, limit).await?;
    let page = listed(found, limit, |invitation| invitation.number.to_string());
    Ok(json(StatusCode::OK, &page))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Invite {
    /// How many accounts may be made with it; without it, any number.
    #[schema(minimum = 1)]
    uses: Option<u32>,
    /// Until when; without it, for ever.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
    /// What for, for operators.
    #[serde(default)]
    #[schema(max_length = 387)]
    note: String,
}

/// Make an invitation
///
/// Its code is in the answer, and nowhere later. Scope: `invitations`.
#[utoipa::path(post, path = "/invitations", tag = "invitations", request_body = Invite, responses(
    (status = 201, body = NewInvitationView),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn create(
    By(by): By,
    State(office): State<Office>,
    Said(said): Said<Invite>,
) -> Result<Response, Problem> {
    text("note", &said.note, NewInvitation::NOTE_LIMIT)?;
    moment("expires", said.expires)?;
    let new = InvitationToMake {
        uses: said.uses,
        expires: said.expires,
        note: said.note,
    };
    Ok(json(StatusCode::CREATED, &office.invite(&by, new).await?))
}

/// Revoke an invitation
///
/// Who came by it stays. Scope: `invitations`.
#[utoipa::path(delete, path = "/invitations/{number}", tag = "invitations",
    params(("number" = u32, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is revoked"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn revoke(
    By(by): By,
    State(office): State<Office>,
    Named(number): Named<u32>,
) -> Result<StatusCode, Problem> {
    office.revoke_invitation(&by, InvitationId(number)).await?;
    Ok(StatusCode::NO_CONTENT)
}
