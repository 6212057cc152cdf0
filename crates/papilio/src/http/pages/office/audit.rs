//! What operators did.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::super::Pages;
use super::super::fields::Fields;
use super::super::problem::Problem;
use super::super::profile::moment;
use super::super::shown::Frame;
use super::super::visit::Visit;
use crate::admin::AuditView;
use crate::store::audit::AuditFilter;

pub(super) fn routes() -> Router<Pages> {
    Router::new().route(HERE, get(page))
}

#[derive(Template)]
#[template(path = "pages/office/audit.html")]
struct Page {
    frame: Frame,
    entries: Vec<Shown>,
    who: String,
    subject: String,
    next: Option<i64>,
}

struct Shown {
    view: AuditView,
    at: String,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let by = visit.operator()?;
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let before = query.text("before")?.parse().ok();
    let filter = AuditFilter {
        who: query.text("who")?.trim().to_owned(),
        subject: query.text("subject")?.trim().to_owned(),
        ..AuditFilter::default()
    };
    let office = &pages.services.office;
    let mut found = office.audit(by, before, &filter, SHOWN + 1).await?;
    let has_more = found.len() > SHOWN as usize;
    found.truncate(SHOWN as usize);
    let page = Page {
        frame: visit.office_frame("Audit log", HERE, None),
        next: found.last().filter(|_| has_more).map(|last| last.number),
        entries: found
            .into_iter()
            .map(|view| Shown {
                at: moment(view.at),
                view,
            })
            .collect(),
        who: filter.who,
        subject: filter.subject,
    };
    Ok(visit.show(StatusCode::OK, &page))
}

const HERE: &str = "/admin/audit";

/// How many a page shows.
const SHOWN: u32 = 50;
