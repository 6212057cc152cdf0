//! `/audit`: what operators did.

#![expect(unused_qualifications, reason = "utoipa's macros write some")]

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Asked, Listed, limit, listed, number, text};
use super::operator::By;
use super::problem::Problem;
use super::{Api, json};
use crate::admin::{AuditView, Office};
use crate::store::audit::AuditFilter;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only what this one did, as `who` has it.
    #[param(max_length = 200)]
    #[serde(default)]
    who: String,
    /// Only this act, or, when it ends in a dot, all that begin like this: `accounts.`
    #[param(max_length = 64)]
    #[serde(default)]
    act: String,
    /// Only what was done to this.
    #[param(max_length = 200)]
    #[serde(default)]
    subject: String,
    /// Where the list goes on: `next` of the answer before.
    #[param(max_length = 64)]
    after: Option<String>,
    /// How many at most, 100 unless said otherwise.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Read the audit log
///
/// The newest first. What only reads is not in it, unless it was refused. Scope: `audit:read`.
#[utoipa::path(get, path = "/audit", tag = "looking", params(Wanted), responses(
    (status = 200, body = Listed<AuditView>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn list(
    By(by): By,
    State(office): State<Office>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let limit = limit(wanted.limit)?;
    let before = number(wanted.after.as_deref())?;
    text("who", &wanted.who, 200)?;
    text("act", &wanted.act, 64)?;
    text("subject", &wanted.subject, 200)?;
    let filter = AuditFilter {
        who: wanted.who,
        act: wanted.act,
        subject: wanted.subject,
    };
    let found = office.audit(&by, before, &filter, limit).await?;
    let page = listed(found, limit, |entry| entry.number.to_string());
    Ok(json(StatusCode::OK, &page))
}
