//! Who is signed in: seen, spoken to, signed out.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::fields::Fields;
use super::super::form::Posted;
use super::super::problem::Problem;
use super::super::profile::moment;
use super::super::shown::{Frame, Notice};
use super::super::visit::Visit;
use super::super::{Pages, to_the_end};
use super::Refusal;
use crate::admin::SessionView;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page))
        .route("/admin/sessions/sign-out", post(sign_out))
        .route("/admin/sessions/message", post(message))
}

#[derive(Template)]
#[template(path = "pages/office/sessions.html")]
struct Page {
    frame: Frame,
    sessions: Vec<Shown>,
    next: Option<u64>,
}

struct Shown {
    view: SessionView,
    since: String,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let after = query.text("after")?.parse().ok();
    let notice = match query.text("done")? {
        "told" => Some(Notice::done("It was delivered.")),
        "out" => Some(Notice::done("Signed out.")),
        _ => None,
    };
    shown(&pages, &visit, after, StatusCode::OK, notice).await
}

async fn shown(
    pages: &Pages,
    visit: &Visit,
    after: Option<u64>,
    status: StatusCode,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let office = &pages.services.office;
    let mut found = office.sessions(visit.operator()?, after, SHOWN + 1).await?;
    let has_more = found.len() > SHOWN;
    found.truncate(SHOWN);
    let page = Page {
        frame: visit.office_frame("Sessions", HERE, notice),
        next: found.last().filter(|_| has_more).map(|last| last.number),
        sessions: found
            .into_iter()
            .map(|view| Shown {
                since: view.since.map_or_else(String::new, moment),
                view,
            })
            .collect(),
    };
    Ok(visit.show(status, &page))
}

async fn sign_out(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let number = number(&form)?;
    let office = &pages.services.office;
    match office.sign_out_session(visit.operator()?, number).await {
        Ok(()) => Ok(visit.to("/admin/sessions?done=out")),
        Err(error) => refused(&pages, visit, error.into()).await,
    }
}

async fn message(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let number = number(&form)?;
    let (by, text) = (visit.operator()?.clone(), form.line("text")?.to_owned());
    let office = pages.services.office.clone();
    let told = to_the_end(async move { Ok(office.message(&by, number, &text).await) });
    match told.await? {
        Ok(outcome) if outcome.delivered => Ok(visit.to("/admin/sessions?done=told")),
        Ok(_) => {
            let notice = Notice::refused("It was not delivered: the client did not take it.");
            shown(&pages, visit, None, StatusCode::CONFLICT, Some(notice)).await
        }
        Err(error) => refused(&pages, visit, error.into()).await,
    }
}

async fn refused(
    pages: &Pages,
    visit: &Visit,
    Refusal { status, notice }: Refusal,
) -> Result<Response, Problem> {
    shown(pages, visit, None, status, Some(notice)).await
}

fn number(form: &Posted) -> Result<u64, Problem> {
    form.line("number")?.parse().map_err(|_| Problem::NotFound)
}

const HERE: &str = "/admin/sessions";

/// How many a page shows.
const SHOWN: usize = 50;
