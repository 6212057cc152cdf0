//! The admin API, in JSON under `/api/v1`: every act of an operator, for programs.
//!
//! ```text
//!   request -> operator (what it came over, whose token, how often) -> input (read strictly)
//!                 -> admin::Office -> answer in JSON, or problem
//! ```
//!
//! The description in OpenAPI is made of this code: [`openapi`].

mod accounts;
mod audit;
mod bans;
mod broadcasts;
mod events;
mod input;
mod invitations;
mod operator;
mod operators;
mod pace;
mod problem;
mod sessions;
mod socket;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;

use super::Services;
use crate::admin::Office;
use pace::Pace;
use problem::Problem;

pub(in crate::http) use events::live_view;
pub use socket::{AdminSocket, SOCKET_NAME};

/// What the API needs.
#[derive(Clone)]
struct Api {
    services: Services,
    /// How often each operator asks.
    pace: Arc<Pace>,
    /// How often an address shows what is no good token.
    guesses: Arc<Pace>,
}

impl FromRef<Api> for Office {
    fn from_ref(api: &Api) -> Self {
        api.services.office.clone()
    }
}

/// The routes of this service.
pub(super) fn routes(services: &Services) -> Router<Services> {
    let api = Api {
        pace: Arc::new(Pace::new(services.config.admin.rate)),
        guesses: Arc::new(Pace::new(Some(GUESSES))),
        services: services.clone(),
    };
    let (routes, description) = described().split_for_parts();
    let description: Arc<str> = worded(description).to_json().unwrap_or_default().into();
    let description = get(async move || {
        let json = [(CONTENT_TYPE, "application/json")];
        (json, description.to_string())
    });
    let routes = routes
        .route("/openapi.json", description)
        .fallback(async || Problem::nothing_there())
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(CatchPanicLayer::custom(after_panic))
        .with_state(api);
    Router::new().nest(PREFIX, routes)
}

/// The description of the API in OpenAPI 3.1.
pub fn openapi() -> OpenApi {
    worded(described().into_openapi())
}

/// The same with a name for each operation and a word for each answer, which OpenAPI demands.
fn worded(mut openapi: OpenApi) -> OpenApi {
    for (name, path) in &mut openapi.paths.paths {
        let name = name.replace(['{', '}'], "").replace('/', "-");
        let operations = [
            ("get", &mut path.get),
            ("put", &mut path.put),
            ("post", &mut path.post),
            ("delete", &mut path.delete),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else {
                continue;
            };
            operation.operation_id = Some(format!("{method}{name}"));
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    let word = match status.as_str() {
                        "201" => "It was made",
                        "202" => "It is on its way",
                        "4XX" => "Why not, in one sentence",
                        _ => "It was done",
                    };
                    word.clone_into(&mut response.description);
                }
            }
        }
    }
    openapi
}

fn described() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(accounts::routes())
        .merge(operators::routes())
        .merge(sessions::routes())
        .merge(bans::routes())
        .merge(invitations::routes())
        .merge(tokens::routes())
        .merge(broadcasts::routes())
        .merge(events::routes())
        .merge(audit::routes())
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Papilio admin API",
        description = "What operators of Papilio do, for programs. Every request shows a token: \
                       `Authorization: Bearer TOKEN`. Unknown fields and parameters are refused. \
                       Every act is written into the audit log.",
        license(name = "MIT OR Apache-2.0"),
    ),
    servers((url = "/api/v1")),
    modifiers(&Bearer),
    security(("token" = [])),
    tags(
        (name = "accounts", description = "Who may sign in"),
        (name = "operators", description = "Accounts that may do what this API does"),
        (name = "sessions", description = "Who is signed in now"),
        (name = "bans", description = "Who may not come, and from where nobody may"),
        (name = "invitations", description = "Who may sign up"),
        (name = "tokens", description = "What programs show to use this API"),
        (name = "broadcasts", description = "What everybody is told"),
        (name = "looking", description = "How the service is doing, and what operators did"),
    )
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// An answer in JSON.
fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (
            status,
            [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "no-store"),
            ],
            body,
        )
            .into_response(),
        Err(error) => Problem::broken(error.to_string()).into_response(),
    }
}

fn after_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let mut answer = Problem::broken(String::new()).into_response();
    let logged = super::answer::after_panic(panic);
    if let Some(failure) = logged.extensions().get::<super::Failure>() {
        answer.extensions_mut().insert(failure.clone());
    }
    answer
}

/// Where the API is.
const PREFIX: &str = "/api/v1";

/// How many bad tokens an address may show.
const GUESSES: crate::config::Rate = crate::config::Rate {
    burst: 20,
    per_second: 1,
};
