//! Signing in and out. Wrong, unknown and disabled are one answer, found in the same time
//! ([`crate::credentials`]).

use std::time::Instant;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::Pages;
use super::form::Posted;
use super::problem::Problem;
use super::shown::{Frame, Notice};
use super::visit::Visit;
use crate::config::SignUp;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(SIGN_IN, get(page).post(sign_in))
        .route("/account/sign-out", post(sign_out))
}

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct Page<'a> {
    frame: Frame,
    address: &'a str,
    may_sign_up: bool,
}

async fn page(State(pages): State<Pages>, visit: Visit) -> Response {
    if visit.maybe_account().is_some() {
        return visit.to("/account");
    }
    shown(&pages, &visit, StatusCode::OK, "", None)
}

fn shown(
    pages: &Pages,
    visit: &Visit,
    status: StatusCode,
    address: &str,
    notice: Option<Notice>,
) -> Response {
    let page = Page {
        frame: visit.frame_with("Sign in", SIGN_IN, notice),
        address,
        may_sign_up: pages.services.config.pages.sign_up != SignUp::Closed,
    };
    visit.show(status, &page)
}

async fn sign_in(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let (address, password) = (form.line("address")?, form.secret("password")?);
    let visit = &form.visit;
    let account = pages
        .services
        .credentials
        .check(visit.peer(), address, password, Instant::now())
        .await?;
    let Some(account) = account else {
        let notice = Notice::refused(
            "Address and password do not belong together. After many tries nothing helps but to wait \
             for some minutes.",
        );
        let status = StatusCode::FORBIDDEN;
        return Ok(shown(&pages, visit, status, address, Some(notice)));
    };
    visit.sign_in(&pages, &account, "/account").await
}

async fn sign_out(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    form.visit.sign_out(&pages, SIGN_IN).await
}

const SIGN_IN: &str = "/account/sign-in";
