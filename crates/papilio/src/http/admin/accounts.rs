//! `/accounts`: who may sign in.

#![expect(unused_qualifications, reason = "utoipa's macros write some")]

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::input::{Asked, Listed, Named, Said, handle, limit, listed, number, text};
use super::operator::By;
use super::problem::Problem;
use super::{Api, json};
use crate::admin::{
    AccountChange, AccountDetails, AccountSummary, AccountToMake, Office, PasswordLink,
};
use crate::password::Password;
use crate::store::account::{AccountId, NAME_LIMIT};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, delete))
        .routes(routes!(rename))
        .routes(routes!(set_password))
        .routes(routes!(make_password_link))
        .routes(routes!(disable))
        .routes(routes!(enable))
        .routes(routes!(sign_out))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Only those whose address or name contains this.
    #[param(max_length = 200)]
    search: Option<String>,
    /// Where the list goes on: `next` of the answer before.
    #[param(max_length = 64)]
    after: Option<String>,
    /// How many at most, 100 unless said otherwise.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// List or search accounts
///
/// In the order of their numbers. Scope: `accounts:read`.
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(Search), responses(
    (status = 200, body = Listed<AccountSummary>),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn list(
    By(by): By,
    State(office): State<Office>,
    Asked(asked): Asked<Search>,
) -> Result<Response, Problem> {
    let limit = limit(asked.limit)?;
    let after = number(asked.after.as_deref())?.map(AccountId);
    if let Some(search) = &asked.search {
        text("search", search, 200)?;
    }
    let found = office
        .accounts(&by, asked.search.as_deref(), after, limit)
        .await?;
    let page = listed(found, limit, |account| account.number.to_string());
    Ok(json(StatusCode::OK, &page))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// Its address.
    #[schema(example = "alice@example.com", max_length = 129)]
    handle: String,
    /// Its display name; without one it is the address.
    #[schema(max_length = 387)]
    name: Option<String>,
    /// Its password; without one nobody can sign in until there is another: see `password-link`.
    #[schema(min_length = 1, max_length = 64)]
    password: Option<String>,
}

/// Make an account
///
/// Scope: `accounts:write`.
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = NewAccount, responses(
    (status = 201, body = AccountSummary),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn create(
    By(by): By,
    State(office): State<Office>,
    Said(said): Said<NewAccount>,
) -> Result<Response, Problem> {
    if let Some(name) = &said.name {
        text("name", name, NAME_LIMIT)?;
    }
    let new = AccountToMake {
        handle: handle(&said.handle)?,
        name: said.name.filter(|name| !name.trim().is_empty()),
        password: said.password.as_deref().map(password).transpose()?,
    };
    let made = office.make_account(&by, new).await?;
    Ok(json(StatusCode::CREATED, &made))
}

/// Show an account
///
/// Scope: `accounts:read`.
#[utoipa::path(get, path = "/accounts/{handle}", tag = "accounts",
    params(("handle" = String, Path, description = "Its address", max_length = 129)),
    responses(
        (status = 200, body = AccountDetails),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn show(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    let account = office.account(&by, &handle(&name)?).await?;
    Ok(json(StatusCode::OK, &account))
}

/// Delete an account for ever, with its contacts
///
/// Whoever is signed in is signed out. Scope: `accounts:write`.
#[utoipa::path(delete, path = "/accounts/{handle}", tag = "accounts",
    params(("handle" = String, Path, description = "Its address", max_length = 129)),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn delete(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    let handle = handle(&name)?;
    office
        .change_account(&by, &handle, AccountChange::Delete)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewName {
    /// The new display name.
    #[schema(min_length = 1, max_length = 387)]
    name: String,
}

/// Change a display name
///
/// Scope: `accounts:write`.
#[utoipa::path(put, path = "/accounts/{handle}/name", tag = "accounts", request_body = NewName,
    params(("handle" = String, Path, description = "Its address", max_length = 129)),
    responses(
        (status = 200, body = AccountSummary),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn rename(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
    Said(said): Said<NewName>,
) -> Result<Response, Problem> {
    text("name", &said.name, NAME_LIMIT)?;
    if said.name.trim().is_empty() {
        return Err(Problem::invalid("name is empty"));
    }
    change(&office, &by, &name, AccountChange::Rename(said.name)).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// The new password.
    #[schema(min_length = 1, max_length = 64)]
    password: String,
}

/// Set a password
///
/// Whoever is signed in has to sign in again. Scope: `accounts:write`.
#[utoipa::path(put, path = "/accounts/{handle}/password", tag = "accounts",
    request_body = NewPassword,
    params(("handle" = String, Path, description = "Its address", max_length = 129)),
    responses(
        (status = 200, body = AccountSummary),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn set_password(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
    Said(said): Said<NewPassword>,
) -> Result<Response, Problem> {
    let password = password(&said.password)?;
    change(&office, &by, &name, AccountChange::SetPassword(password)).await
}

/// Make a link by which a new password may be chosen, once
///
/// Whoever has it has the account. Scope: `accounts:write`.
#[utoipa::path(post, path = "/accounts/{handle}/password-link", tag = "accounts",
    params(("handle" = String, Path, description = "Its address", max_length = 129)),
    responses(
        (status = 201, body = PasswordLink),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn make_password_link(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    let link = office.make_password_link(&by, &handle(&name)?).await?;
    Ok(json(StatusCode::CREATED, &link))
}

/// Sign an account out, and keep it from signing in
///
/// Scope: `accounts:write`.
#[utoipa::path(post, path = "/accounts/{handle}/disable", tag = "accounts",
    params(("handle" = String, Path, description = "Its address", max_length = 129)),
    responses(
        (status = 200, body = AccountSummary),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn disable(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    change(&office, &by, &name, AccountChange::Disable).await
}

/// Let an account sign in again
///
/// Scope: `accounts:write`.
#[utoipa::path(post, path = "/accounts/{handle}/enable", tag = "accounts",
    params(("handle" = String, Path, description = "Its address", max_length = 129)),
    responses(
        (status = 200, body = AccountSummary),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn enable(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    change(&office, &by, &name, AccountChange::Enable).await
}

/// Sign an account out wherever it is signed in
///
/// With its password it may come again. Scope: `sessions:write`.
#[utoipa::path(post, path = "/accounts/{handle}/sign-out", tag = "accounts",
    params(("handle" = String, Path, description = "Its address", max_length = 129)),
    responses(
        (status = 204, description = "It is signed out"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn sign_out(
    By(by): By,
    State(office): State<Office>,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    office.sign_out(&by, &handle(&name)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn change(
    office: &Office,
    by: &crate::admin::Operator,
    name: &str,
    change: AccountChange,
) -> Result<Response, Problem> {
    let changed = office.change_account(by, &handle(name)?, change).await?;
    Ok(json(StatusCode::OK, &changed))
}

fn password(text: &str) -> Result<Password, Problem> {
    Password::parse(text).map_err(|error| Problem::invalid(error.to_string()))
}
