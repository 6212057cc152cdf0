//! `/bans`: who may not come, and from where nobody may.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Asked, Listed, Named, Page, Said, handle, limit, listed, moment, number, text};
use super::operator::By;
use super::problem::Problem;
use super::{Api, json};
use crate::admin::{BanToMake, BanView, Office};
use crate::store::ban::{BanId, BanSubject};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, lift))
}

/// List bans
///
/// Those that hold, in the order of their numbers. Scope: `bans:read`.
#[utoipa::path(get, path = "/bans", tag = "bans", params(Page), responses(
    (status = 200, body = Listed<BanView>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn list(
    By(by): By,
    State(office): State<Office>,
    Asked(page): Asked<Page>,
) -> Result<Response, Problem> {
    let limit = limit(page.limit)?;
    let after = number(page.after.as_deref())?.map(BanId);
    let found = office.bans(&by, after, limit).await?;
    let page = listed(found, limit, |ban| ban.number.to_string());
    Ok(json(StatusCode::OK, &page))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBan {
    /// The account that is banned; either this or `network`.
    #[schema(example = "mallory@example.com", max_length = 129)]
    account: Option<String>,
    /// The address or network from which nobody may come; either this or `account`.
    #[schema(example = "192.0.2.0/24", max_length = 64)]
    network: Option<String>,
    /// Why, for other operators.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
    /// Until when; without it, until it is lifted.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
}

/// Ban an account or a network
///
/// It holds at once: sessions end, tickets die. Scope: `bans:write`.
#[utoipa::path(post, path = "/bans", tag = "bans", request_body = NewBan, responses(
    (status = 201, body = BanView),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn create(
    By(by): By,
    State(office): State<Office>,
    Said(said): Said<NewBan>,
) -> Result<Response, Problem> {
    text("reason", &said.reason, 500)?;
    moment("expires", said.expires)?;
    let subject = match (&said.account, &said.network) {
        (Some(account), None) => BanSubject::Account(handle(account)?),
        (None, Some(network)) => {
            let network = network.parse();
            let refused = |error: crate::store::network::InvalidNetwork| error.to_string();
            BanSubject::Network(network.map_err(refused).map_err(Problem::invalid)?)
        }
        _ => return Err(Problem::invalid("a ban has either an account or a network")),
    };
    let new = BanToMake {
        subject,
        reason: said.reason,
        expires: said.expires,
    };
    Ok(json(StatusCode::CREATED, &office.ban(&by, new).await?))
}

/// Show a ban
///
/// Scope: `bans:read`.
#[utoipa::path(get, path = "/bans/{number}", tag = "bans",
    params(("number" = i64, Path, description = "Its number")),
    responses(
        (status = 200, body = BanView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn show(
    By(by): By,
    State(office): State<Office>,
    Named(number): Named<i64>,
) -> Result<Response, Problem> {
    let ban = office.ban_by_number(&by, BanId(number)).await?;
    Ok(json(StatusCode::OK, &ban))
}

/// Lift a ban
///
/// Scope: `bans:write`.
#[utoipa::path(delete, path = "/bans/{number}", tag = "bans",
    params(("number" = i64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is lifted"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn lift(
    By(by): By,
    State(office): State<Office>,
    Named(number): Named<i64>,
) -> Result<StatusCode, Problem> {
    office.lift_ban(&by, BanId(number)).await?;
    Ok(StatusCode::NO_CONTENT)
}
