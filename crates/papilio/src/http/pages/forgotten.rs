//! A password that was forgotten: a link by mail, or from an operator, and another password by it.
//!
//! Whether an address has an account is told to its mailbox alone.

use std::time::Instant;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use msnp::handle::Handle;

use super::confirm::{Said, later, used_up};
use super::fields::Fields;
use super::form::Posted;
use super::pace::Mailing;
use super::password::{chosen, shortest};
use super::problem::Problem;
use super::shown::{Frame, Notice};
use super::visit::Visit;
use super::{Pages, letters, to_the_end};
use crate::mail::Place;
use crate::store::StoreError;
use crate::store::account::Account;
use crate::store::token::Token;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(FORGOTTEN, get(page).post(send))
        .route(RESET, get(reset_page).post(reset))
}

#[derive(Template)]
#[template(path = "pages/forgotten.html")]
struct Page<'a> {
    frame: Frame,
    by_mail: bool,
    address: &'a str,
}

#[derive(Template)]
#[template(path = "pages/reset.html")]
struct ResetPage<'a> {
    frame: Frame,
    token: &'a str,
    address: String,
    shortest: usize,
}

async fn page(State(pages): State<Pages>, visit: Visit) -> Response {
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
        frame: visit.frame_with("Forgotten password", FORGOTTEN, notice),
        by_mail: pages.services.mail.is_some(),
        address,
    };
    visit.show(status, &page)
}

async fn send(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let address = form.line("address")?;
    let Some(mailer) = &pages.services.mail else {
        return Ok(shown(&pages, visit, StatusCode::FORBIDDEN, "", None));
    };
    let Ok(handle) = Handle::parse(address) else {
        let notice = Notice::refused("This is not an address. One looks like name@example.org.");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(shown(&pages, visit, status, address, Some(notice)));
    };
    let place = mailer.reserve().map_err(|_| Problem::Busy)?;
    if pages.pace.mail(visit.peer(), &handle, Instant::now())? == Mailing::Sent {
        // Whatever takes longer for some than for others is done after the answer.
        tokio::spawn(write(pages.clone(), handle, place, visit.now));
    }
    let page = Said {
        frame: visit.frame("Look into your mail", FORGOTTEN),
        text: "If there is an account with this address, a mail with a link is on its way to it. If nothing \
               comes, look among the junk, or try again later.",
    };
    Ok(visit.show(StatusCode::OK, &page))
}

async fn write(pages: Pages, handle: Handle, place: Place, now: Timestamp) {
    let store = &pages.services.store;
    let expires = later(now, pages.services.config.pages.reset_lifetime);
    let letter = async {
        let account = store.account_by_handle(&handle).await?;
        let Some(account) = account.filter(|account| !account.disabled) else {
            return Ok(None);
        };
        let token = store.make_reset_link(&account, expires).await?;
        Ok::<_, StoreError>(letters::reset(&pages, &handle, &token))
    };
    match letter.await {
        Ok(Some(letter)) => place.send(letter),
        Ok(None) => tracing::info!(%handle, "no mail is sent: no account that may sign in"),
        Err(error) => tracing::error!(%error, "no link to another password could be made"),
    }
}

async fn reset_page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let text = query.text("token")?;
    Ok(match account_of(&pages, &visit, text).await? {
        Some((_, account)) => reset_shown(&pages, &visit, text, &account, StatusCode::OK, None),
        None => used_up(&visit),
    })
}

async fn account_of(
    pages: &Pages,
    visit: &Visit,
    text: &str,
) -> Result<Option<(Token, Account)>, Problem> {
    let Some(token) = Token::parse(text) else {
        return Ok(None);
    };
    let store = &pages.services.store;
    let account = store.reset_account(&token, visit.now).await?;
    Ok(account.map(|account| (token, account)))
}

fn reset_shown(
    pages: &Pages,
    visit: &Visit,
    token: &str,
    account: &Account,
    status: StatusCode,
    notice: Option<Notice>,
) -> Response {
    let page = ResetPage {
        frame: visit.frame_with("Choose another password", RESET, notice),
        token,
        address: account.handle.to_string(),
        shortest: shortest(pages),
    };
    visit.show(status, &page)
}

async fn reset(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let text = form.line("token")?;
    // Hashing costs: not for those who have no link.
    let Some((token, account)) = account_of(&pages, visit, text).await? else {
        return Ok(used_up(visit));
    };
    let password = match chosen(&pages, &form)? {
        Ok(password) => password,
        Err(why) => {
            let (status, notice) = (
                StatusCode::UNPROCESSABLE_ENTITY,
                Notice::refused(why.text()),
            );
            return Ok(reset_shown(
                &pages,
                visit,
                text,
                &account,
                status,
                Some(notice),
            ));
        }
    };
    let stored = pages.services.credentials.hash(password).await?;
    let (store, now) = (pages.services.store.clone(), visit.now);
    let changed = to_the_end(async move { Ok(store.reset_password(&token, &stored, now).await?) });
    let Some(account) = changed.await? else {
        return Ok(used_up(visit));
    };
    tracing::info!(handle = %account.handle, peer = %visit.peer(), "another password by a link");
    visit
        .sign_in(&pages, &account, "/account?done=password")
        .await
}

const FORGOTTEN: &str = "/account/forgotten";
const RESET: &str = "/account/reset";
