//! Another password, for whoever knows the one of now; and what every new password must be.

use std::time::Instant;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::Pages;
use super::form::Posted;
use super::problem::Problem;
use super::shown::{Frame, Notice};
use super::visit::Visit;
use crate::password::Password;

pub(super) fn routes() -> Router<Pages> {
    Router::new().route(HERE, get(page).post(change))
}

#[derive(Template)]
#[template(path = "pages/password.html")]
struct Page {
    frame: Frame,
    shortest: usize,
}

async fn page(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    visit.account()?;
    Ok(shown(&pages, &visit, StatusCode::OK, None))
}

fn shown(pages: &Pages, visit: &Visit, status: StatusCode, notice: Option<Notice>) -> Response {
    let page = Page {
        frame: visit.frame_with("Password", HERE, notice),
        shortest: shortest(pages),
    };
    visit.show(status, &page)
}

async fn change(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let account = visit.account()?;
    let refused =
        |text: &'static str, status| Ok(shown(&pages, visit, status, Some(Notice::refused(text))));
    let new = match chosen(&pages, &form)? {
        Ok(new) => new,
        Err(why) => return refused(why.text(), StatusCode::UNPROCESSABLE_ENTITY),
    };
    if !is_own(&pages, &form, "current").await? {
        let text = "That is not your password of now. Nothing was changed.";
        return refused(text, StatusCode::FORBIDDEN);
    }
    let services = &pages.services;
    let stored = services.credentials.hash(new).await?;
    let changed = services.store.change_own_password(account, &stored).await?;
    // Somebody else was faster, an operator perhaps.
    let changed = changed.ok_or(Problem::SignIn)?;
    visit
        .sign_in(&pages, &changed, "/account?done=password")
        .await
}

/// Whether a field of the form is the password of whoever is signed in. Failures count as those of
/// signing in.
pub(super) async fn is_own(pages: &Pages, form: &Posted, field: &str) -> Result<bool, Problem> {
    let account = form.visit.account()?;
    let (peer, password) = (form.visit.peer(), form.secret(field)?);
    let found = pages
        .services
        .credentials
        .check(peer, account.handle.as_str(), password, Instant::now())
        .await?;
    Ok(found.is_some_and(|found| found.id == account.id))
}

/// Why a password cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    TooShort,
    TooLong,
    NotTheSame,
}

impl Unfit {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::TooShort => "This password is too short.",
            Self::TooLong => {
                "A password has 64 characters at most, and neither line breaks nor tabs."
            }
            Self::NotTheSame => "The two passwords are not the same.",
        }
    }
}

/// The new password in a form, which has it twice.
pub(super) fn chosen(pages: &Pages, form: &Posted) -> Result<Result<Password, Unfit>, Problem> {
    let (once, again) = (form.secret("password")?, form.secret("again")?);
    Ok(if once.chars().count() < shortest(pages) {
        Err(Unfit::TooShort)
    } else if once != again {
        Err(Unfit::NotTheSame)
    } else {
        Password::parse(once).map_err(|_| Unfit::TooLong)
    })
}

/// How many characters a password has at least.
pub(super) fn shortest(pages: &Pages) -> usize {
    let shortest = pages.services.config.pages.shortest_password;
    shortest.unwrap_or(1).clamp(1, Password::MAX_CHARS)
}

const HERE: &str = "/account/password";
