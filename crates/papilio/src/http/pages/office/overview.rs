//! How the service is doing: as it was asked for, and as it happens for browsers that run scripts. Others
//! ask again every few seconds.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use axum::response::Response;
use axum::routing::get;

use super::super::problem::Problem;
use super::super::shown::Frame;
use super::super::visit::Visit;
use super::super::{Pages, file};
use crate::admin::Statistics;
use crate::http::admin::live_view;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page))
        .route("/admin/", get(page))
        .route("/admin/events", get(events))
        .route(
            "/admin/live.js",
            get(async || file("text/javascript; charset=utf-8", SCRIPT)),
        )
}

#[derive(Template)]
#[template(path = "pages/office/overview.html")]
struct Page {
    frame: Frame,
    now: Statistics,
    memory: Option<u64>,
    uptime: String,
}

async fn page(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    let by = visit.operator()?;
    let now = pages.services.office.statistics(by).await?;
    let page = Page {
        frame: visit.office_frame("How it is doing", HERE, None),
        memory: now.memory.map(|bytes| bytes / (1024 * 1024)),
        uptime: lasted(now.uptime),
        now,
    };
    let mut answer = visit.show(StatusCode::OK, &page);
    answer.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(WITH_OUR_SCRIPT),
    );
    Ok(answer)
}

async fn events(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    Ok(live_view(&pages.services.office, visit.operator()?).await?)
}

fn lasted(seconds: u64) -> String {
    match (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

const HERE: &str = "/admin";

const SCRIPT: &str = include_str!("../../../../assets/live.js");

const WITH_OUR_SCRIPT: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
     style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
