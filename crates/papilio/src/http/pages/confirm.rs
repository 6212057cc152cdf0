//! The end of a sign-up whose address had to be confirmed: the link in the mail.
//!
//! The link alone is not enough: somebody may have signed up with an address that is not theirs, and its
//! owner would open an account whose password another knows. So the password is asked for once more.

use std::time::{Duration, Instant};

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};

use super::fields::Fields;
use super::form::Posted;
use super::problem::Problem;
use super::shown::{Frame, Notice};
use super::visit::Visit;
use super::{Pages, to_the_end};
use crate::store::confirmation::{Confirmed, PendingSignUp};
use crate::store::invitation::SignedUp;
use crate::store::token::Token;

pub(super) fn routes() -> Router<Pages> {
    Router::new().route(HERE, get(page).post(confirm))
}

#[derive(Template)]
#[template(path = "pages/confirm.html")]
struct Page<'a> {
    frame: Frame,
    token: &'a str,
    address: String,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "pages/said.html")]
pub(super) struct Said {
    pub(super) frame: Frame,
    pub(super) text: &'static str,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let text = query.text("token")?;
    Ok(match waiting(&pages, &visit, text).await? {
        Some((_, waiting)) => shown(&visit, text, &waiting, StatusCode::OK, None),
        None => used_up(&visit),
    })
}

async fn waiting(
    pages: &Pages,
    visit: &Visit,
    text: &str,
) -> Result<Option<(Token, PendingSignUp)>, Problem> {
    let Some(token) = Token::parse(text) else {
        return Ok(None);
    };
    let store = &pages.services.store;
    let waiting = store.pending_sign_up(&token, visit.now).await?;
    Ok(waiting.map(|waiting| (token, waiting)))
}

fn shown(
    visit: &Visit,
    token: &str,
    waiting: &PendingSignUp,
    status: StatusCode,
    notice: Option<Notice>,
) -> Response {
    let page = Page {
        frame: visit.frame_with("Finish your account", HERE, notice),
        token,
        address: waiting.handle.to_string(),
    };
    visit.show(status, &page)
}

async fn confirm(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let text = form.line("token")?;
    let Some((token, waiting)) = waiting(&pages, visit, text).await? else {
        return Ok(used_up(visit));
    };
    let (peer, password) = (visit.peer(), form.secret("password")?);
    let is_right = pages
        .services
        .credentials
        .check_waiting(
            peer,
            &waiting.handle,
            &waiting.password,
            password,
            Instant::now(),
        )
        .await?;
    if !is_right {
        let notice = Notice::refused("That is not the password that was chosen at sign-up.");
        return Ok(shown(
            visit,
            text,
            &waiting,
            StatusCode::FORBIDDEN,
            Some(notice),
        ));
    }
    let (store, now) = (pages.services.store.clone(), visit.now);
    let confirmed = to_the_end(async move { Ok(store.confirm_sign_up(&token, now).await?) });
    let text = match confirmed.await? {
        Confirmed::Known(SignedUp::Made(account)) => {
            tracing::info!(handle = %account.handle, %peer, "signed up");
            return visit
                .sign_in(&pages, &account, "/account?done=welcome")
                .await;
        }
        Confirmed::Known(SignedUp::Taken) => TAKEN,
        Confirmed::Known(SignedUp::NotInvited) => NOT_INVITED,
        Confirmed::Unknown => return Ok(used_up(visit)),
    };
    let page = Said {
        frame: visit.frame("There is no new account", HERE),
        text,
    };
    Ok(visit.show(StatusCode::CONFLICT, &page))
}

/// The page of a link that leads nowhere.
pub(super) fn used_up(visit: &Visit) -> Response {
    let page = Said {
        frame: visit.frame("This link leads nowhere", HERE),
        text: "It was used already, or it is too old, or it is not whole. Begin anew and another one comes.",
    };
    visit.show(StatusCode::NOT_FOUND, &page)
}

/// So much later; without a length of time, a year.
pub(super) fn later(now: Timestamp, lifetime: Option<Duration>) -> Timestamp {
    let year = SignedDuration::from_hours(365 * 24);
    let lifetime = lifetime.and_then(|lifetime| SignedDuration::try_from(lifetime).ok());
    now.checked_add(lifetime.unwrap_or(year))
        .unwrap_or(Timestamp::MAX)
}

const HERE: &str = "/account/confirm";

pub(super) const TAKEN: &str = "There is an account with this address already.";
pub(super) const NOT_INVITED: &str = "This invitation is not open: it may be mistyped, used up, or too old. Ask whoever gave it to you.";
