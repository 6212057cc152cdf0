//! Messages that were left for an account while it was away (services-oim). Reading them here leaves them
//! for Messenger; deleting them takes them from there, too.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use msnp::message::offline::MailId;
use msnp::soap::timestamp::Timestamp as Ticks;

use super::fields::Fields;
use super::form::Posted;
use super::problem::Problem;
use super::profile::moment;
use super::shown::Frame;
use super::visit::Visit;
use super::{Pages, to_the_end};
use crate::store::offline_messages::Deleted;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page))
        .route("/account/messages/delete", post(delete))
}

struct Message {
    id: String,
    name: String,
    sender: String,
    received: String,
    text: String,
}

#[derive(Template)]
#[template(path = "pages/messages.html")]
struct Page {
    frame: Frame,
    messages: Vec<Message>,
    newer: Option<usize>,
    older: Option<usize>,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let number: usize = query.text("page")?.parse().unwrap_or(0);
    let account = visit.account()?;
    let store = &pages.services.store;
    let mails = store.mails(account.id, visit.now).await?;
    let number = number.min(mails.len() / SHOWN);
    let start = number * SHOWN;
    let mut messages = Vec::new();
    for mail in mails.iter().rev().skip(start).take(SHOWN) {
        // One that was deleted a moment ago is left out.
        if let Some(message) = store.mail(account.id, mail.id, visit.now).await? {
            messages.push(Message {
                id: mail.id.to_string(),
                name: mail.name.clone(),
                sender: mail.sender.to_string(),
                received: moment_of(mail.received),
                text: String::from_utf8_lossy(&message.text).into_owned(),
            });
        }
    }
    let page = Page {
        frame: visit.frame("Offline messages", HERE),
        messages,
        newer: number.checked_sub(1),
        older: (start + SHOWN < mails.len()).then_some(number + 1),
    };
    Ok(visit.show(StatusCode::OK, &page))
}

async fn delete(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let account = form.visit.account()?.id;
    let now = form.visit.now;
    if let Some(id) = MailId::parse(form.line("id")?) {
        to_the_end(async move {
            let services = &pages.services;
            // What is not there need not go.
            if let Deleted::Mails(gone) = services.store.delete_mails(account, &[id], now).await? {
                services.node.directory.mails_deleted(account, &gone);
            }
            Ok(())
        })
        .await?;
    }
    Ok(form.visit.to(HERE))
}

/// A moment, for people.
pub(super) fn moment_of(time: Ticks) -> String {
    let milliseconds = time.ticks() / TICKS_PER_MILLISECOND;
    jiff::Timestamp::from_millisecond(milliseconds).map_or_else(|_| String::new(), moment)
}

const HERE: &str = "/account/messages";

/// How many a page shows.
const SHOWN: usize = 20;

/// Steps of 100 ns.
const TICKS_PER_MILLISECOND: i64 = 10_000;
