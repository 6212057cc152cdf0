//! People's pages: signing up and in, password, name, picture, contacts, what was left for them. Plain
//! HTML that works without a script, for browsers of today.
//!
//! ```text
//!   request -> way (may a session travel here?) -> visit (whose?) -> [form: whose form? read] -> a page
//!                 | no                                                    | not ours
//!                 '-> problem  <------------------------------------------'
//! ```
//!
//! Two rules hold for every page. What changes something is a POST with a word that only a page of ours
//! knew ([`form`]), answered by sending the browser on, so that reloading does nothing twice. And what
//! somebody must not learn (whether an address has an account) looks the same and takes as long.

mod confirm;
mod contacts;
mod fields;
mod forgotten;
mod form;
mod leaving;
mod letters;
mod messages;
mod office;
mod pace;
mod password;
mod picture;
mod places;
mod problem;
mod profile;
mod shown;
mod sign_in;
mod sign_up;
mod visit;
mod way;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use super::{Failure, Services};
use crate::pictures::Pictures;
use pace::Pace;
use problem::Problem;

/// What the pages need.
#[derive(Clone)]
struct Pages {
    services: Services,
    pictures: Pictures,
    pace: Arc<Pace>,
}

impl FromRef<Pages> for Services {
    fn from_ref(pages: &Pages) -> Self {
        pages.services.clone()
    }
}

/// The routes of all pages.
pub(super) fn routes(services: &Services) -> Router<Services> {
    let pages = Pages {
        services: services.clone(),
        pictures: Pictures::new(services.config.pictures()),
        pace: Arc::new(Pace::new(&services.config.pages)),
    };
    Router::new()
        .merge(profile::routes())
        .merge(sign_in::routes())
        .merge(sign_up::routes())
        .merge(confirm::routes())
        .merge(forgotten::routes())
        .merge(password::routes())
        .merge(picture::routes())
        .merge(contacts::routes())
        .merge(places::routes())
        .merge(messages::routes())
        .merge(leaving::routes())
        .merge(office::routes())
        .route(
            STYLE,
            get(async || file("text/css; charset=utf-8", STYLE_SHEET)),
        )
        .route(MARK, get(async || file("image/svg+xml", MARK_PICTURE)))
        .route("/account/{*else}", axum::routing::any(nothing_there))
        .route("/admin/{*else}", axum::routing::any(nothing_there))
        .method_not_allowed_fallback(async || Problem::Method)
        .layer(CatchPanicLayer::custom(after_panic))
        .with_state(pages)
}

async fn nothing_there() -> Problem {
    Problem::NotFound
}

/// As of every service, with a page for whoever waits for one.
fn after_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let mut answer = Problem::Broken.into_response();
    if let Some(failure) = super::answer::after_panic(panic)
        .extensions()
        .get::<Failure>()
    {
        answer.extensions_mut().insert(failure.clone());
    }
    answer
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let head = [
        (CONTENT_TYPE.as_str(), kind),
        (CACHE_CONTROL.as_str(), "max-age=3600"),
        ("x-content-type-options", "nosniff"),
    ];
    (head, text).into_response()
}

/// Work that is done to its end, even when the browser goes away in the middle of it.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work)
        .await
        .unwrap_or_else(|panic| Err(Problem::trouble(&panic)))
}

/// Where the style sheet and the mark of the service are.
const STYLE: &str = "/account/style.css";
const MARK: &str = "/account/mark.svg";

const STYLE_SHEET: &str = include_str!("../../../assets/pages.css");
const MARK_PICTURE: &str = include_str!("../../../assets/mark.svg");
