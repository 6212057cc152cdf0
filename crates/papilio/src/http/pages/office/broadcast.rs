//! A word to everybody who is signed in, and the announcement of maintenance.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::Pages;
use super::super::fields::Fields;
use super::super::form::Posted;
use super::super::problem::Problem;
use super::super::profile::moment;
use super::super::shown::{Frame, Notice};
use super::super::visit::Visit;
use super::{Refusal, unfit};
use crate::admin::Then;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page).post(tell))
        .route("/admin/broadcast/maintenance", post(announce))
        .route("/admin/broadcast/cancel", post(cancel))
}

#[derive(Template)]
#[template(path = "pages/office/broadcast.html")]
struct Page {
    frame: Frame,
    text: String,
    maintenance: Option<Maintenance>,
}

struct Maintenance {
    begins: String,
    stop: bool,
    by: String,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let notice = match query.text("told")?.parse::<usize>() {
        Ok(1) => Some(Notice::done("It is on its way to one session.")),
        Ok(count) => Some(Notice::done(format!(
            "It is on its way to {count} sessions."
        ))),
        Err(_) => None,
    };
    shown(&pages, &visit, "", StatusCode::OK, notice).await
}

async fn shown(
    pages: &Pages,
    visit: &Visit,
    text: &str,
    status: StatusCode,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let announced = pages.services.office.maintenance(visit.operator()?).await?;
    let page = Page {
        frame: visit.office_frame("Broadcast", HERE, notice),
        text: text.to_owned(),
        maintenance: announced.map(|announced| Maintenance {
            begins: moment(announced.begins),
            stop: announced.stop,
            by: announced.announced_by,
        }),
    };
    Ok(visit.show(status, &page))
}

async fn tell(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let text = form.line("text")?;
    match pages
        .services
        .office
        .broadcast(visit.operator()?, text)
        .await
    {
        Ok(told) => Ok(visit.to(&format!("{HERE}?told={}", told.sessions))),
        Err(error) => refused(&pages, visit, text, error.into()).await,
    }
}

async fn announce(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let by = visit.operator()?;
    let Ok(minutes) = form.line("minutes")?.parse() else {
        return refused(&pages, visit, "", unfit("Minutes are a number.")).await;
    };
    let then = match form.line("then")? {
        "stop" => Then::Stop,
        _ => Then::Stay,
    };
    match pages
        .services
        .office
        .announce_maintenance(by, minutes, then)
        .await
    {
        Ok(_) => Ok(visit.to(HERE)),
        Err(error) => refused(&pages, visit, "", error.into()).await,
    }
}

async fn cancel(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    match pages
        .services
        .office
        .cancel_maintenance(visit.operator()?)
        .await
    {
        Ok(()) => Ok(visit.to(HERE)),
        Err(error) => refused(&pages, visit, "", error.into()).await,
    }
}

async fn refused(
    pages: &Pages,
    visit: &Visit,
    text: &str,
    Refusal { status, notice }: Refusal,
) -> Result<Response, Problem> {
    shown(pages, visit, text, status, Some(notice)).await
}

const HERE: &str = "/admin/broadcast";
