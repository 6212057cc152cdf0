//! The first page of an account: its name and personal message, and what was just done.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;
use msnp::soap::contact::DISPLAY_NAME_LIMIT;
use msnp::soap::storage::ProfileChanges;

use super::super::tile;
use super::fields::Fields;
use super::form::Posted;
use super::problem::Problem;
use super::shown::{Frame, Notice};
use super::visit::Visit;
use super::{Pages, to_the_end};
use crate::store::account::Account;
use crate::store::profile::ProfileChanged;
use crate::store::roster::RosterChange;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page))
        .route("/account/", get(page))
        .route("/account/name", post(change))
}

#[derive(Template)]
#[template(path = "pages/profile.html")]
struct Page<'a> {
    frame: Frame,
    address: String,
    name: &'a str,
    message: &'a str,
    picture: Option<String>,
    waiting: usize,
    made: String,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let notice = match query.text("done")? {
        "welcome" => "Welcome! Sign in with Messenger now, with this address and your password.",
        "password" => {
            "You have another password now. Whatever was signed in with the old one is signed out, \
             Messenger too."
        }
        "name" => "Saved. Your contacts see your name when you sign in the next time.",
        _ => "",
    };
    let notice = (!notice.is_empty()).then(|| Notice::done(notice));
    let account = visit.account()?;
    let profile = pages.services.store.profile(account.id).await?;
    let said = (
        profile.display_name.as_str(),
        profile.personal_status.as_str(),
    );
    shown(&pages, &visit, StatusCode::OK, said, notice).await
}

async fn shown(
    pages: &Pages,
    visit: &Visit,
    status: StatusCode,
    (name, message): (&str, &str),
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let (account, store) = (visit.account()?, &pages.services.store);
    let picture = store.picture(account.id).await?;
    let page = Page {
        frame: visit.frame_with("Your account", HERE, notice),
        address: account.handle.to_string(),
        name,
        message,
        picture: picture.map(|picture| tile::path(&picture.token)),
        waiting: store.mails(account.id, visit.now).await?.len(),
        made: day(account.created_at),
    };
    Ok(visit.show(status, &page))
}

async fn change(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let account = visit.account()?.clone();
    let (name, message) = (form.line("name")?, form.line("message")?);
    let is_longer = |text: &str, most: usize| text.chars().count() > most;
    let most = pages.services.config.storage.personal_message;
    let why_not = if is_longer(name, DISPLAY_NAME_LIMIT) {
        Some("This name is too long. Nothing was changed.")
    } else if is_longer(message, most.unwrap_or(usize::MAX)) {
        Some("This message is too long. Nothing was changed.")
    } else {
        None
    };
    if let Some(text) = why_not {
        let (status, notice) = (StatusCode::UNPROCESSABLE_ENTITY, Notice::refused(text));
        return shown(&pages, visit, status, (name, message), Some(notice)).await;
    }
    let changes = ProfileChanges {
        display_name: Some(name.to_owned()),
        personal_status: Some(without_controls(message)),
    };
    let now = visit.now;
    to_the_end(async move { save(&pages, &account, &changes, now).await }).await?;
    Ok(visit.to("/account?done=name"))
}

/// As a change by way of the storage service: stored and told in turn.
async fn save(
    pages: &Pages,
    account: &Account,
    changes: &ProfileChanges,
    now: Timestamp,
) -> Result<(), Problem> {
    let node = &pages.services.node;
    let _mine = node.turns.take(account.id).await;
    let _turn = node.roster_turn.lock().await;
    let store = &pages.services.store;
    if store.update_profile(account.id, changes, now).await? == ProfileChanged::Name {
        let told = vec![RosterChange::AddressBook { owner: account.id }];
        node.directory.apply(account, told, now);
    }
    Ok(())
}

/// What XML 1.0 forbids must not come in, since it could not go out again.
fn without_controls(text: &str) -> String {
    text.chars()
        .filter(|&c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}

/// A day, for people.
pub(super) fn day(time: Timestamp) -> String {
    time.strftime("%-d %B %Y").to_string()
}

/// A moment, for people.
pub(super) fn moment(time: Timestamp) -> String {
    time.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

const HERE: &str = "/account";
