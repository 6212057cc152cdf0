//! Taking everything along, and leaving for good.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use msnp::handle::Handle;
use msnp::soap::Since;
use serde_json::{Value, json};

use super::confirm::Said;
use super::form::Posted;
use super::messages::moment_of;
use super::password::is_own;
use super::problem::Problem;
use super::shown::{Frame, Notice, with_security};
use super::visit::Visit;
use super::{Pages, to_the_end};
use crate::store::picture::PictureSize;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/account/export", get(export))
        .route(HERE, get(page).post(delete))
        .route(GONE, get(gone))
}

#[derive(Template)]
#[template(path = "pages/leaving.html")]
struct Page {
    frame: Frame,
    address: String,
}

async fn page(visit: Visit) -> Result<Response, Problem> {
    shown(&visit, StatusCode::OK, None)
}

fn shown(visit: &Visit, status: StatusCode, notice: Option<Notice>) -> Result<Response, Problem> {
    let page = Page {
        address: visit.account()?.handle.to_string(),
        frame: visit.frame_with("Export and delete", HERE, notice),
    };
    Ok(visit.show(status, &page))
}

async fn export(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    let document = everything(&pages, &visit).await?;
    let text = serde_json::to_string_pretty(&document).map_err(|error| Problem::trouble(&error))?;
    let mut answer = with_security(text.into_response());
    for (name, value) in [
        (CONTENT_TYPE, "application/json"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"messenger-account.json\"",
        ),
    ] {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

/// Everything that is kept of an account, but its password.
async fn everything(pages: &Pages, visit: &Visit) -> Result<Value, Problem> {
    let (account, store) = (visit.account()?, &pages.services.store);
    let profile = store.profile(account.id).await?;
    let mut picture = Value::Null;
    if let Some(kept) = store.picture(account.id).await? {
        let bytes = store.picture_bytes(&kept.token, PictureSize::Whole).await?;
        picture = json!({
            "name": kept.name,
            "changed": kept.changed.to_string(),
            "png": BASE64_STANDARD.encode(bytes.unwrap_or_default()),
        });
    }
    let mut messages = Vec::new();
    for mail in store.mails(account.id, visit.now).await? {
        if let Some(message) = store.mail(account.id, mail.id, visit.now).await? {
            messages.push(json!({
                "from": mail.sender.as_str(),
                "name": mail.name,
                "received": moment_of(mail.received),
                "text": String::from_utf8_lossy(&message.text),
            }));
        }
    }
    let browsers: Vec<_> = store
        .web_sessions(account, visit.now)
        .await?
        .into_iter()
        .map(|session| {
            json!({
                "browser": session.browser,
                "address": session.address,
                "began": session.began.to_string(),
                "last-seen": session.last_seen.to_string(),
            })
        })
        .collect();
    let [groups, contacts, lists] = people(pages, visit).await?;
    Ok(json!({
        "account": {
            "number": account.id.0,
            "address": account.handle.as_str(),
            "name": account.name,
            "verified": account.verified,
            "made": account.created_at.to_string(),
        },
        "personal-message": profile.personal_status,
        "picture": picture,
        "groups": groups,
        "contacts": contacts,
        "lists": lists,
        "offline-messages": messages,
        "browsers-signed-in": browsers,
    }))
}

/// Groups, contacts, and who is on which list.
async fn people(pages: &Pages, visit: &Visit) -> Result<[Value; 3], Problem> {
    let (account, store) = (visit.account()?, &pages.services.store);
    let book = store.address_book(account.id, Since::Nothing).await?;
    let mut contacts = Vec::new();
    for contact in book.contacts.iter().filter(|contact| !contact.deleted) {
        let properties = serde_json::to_value(&contact.properties);
        contacts.push(json!({
            "id": contact.id.to_string(),
            "kind": format!("{:?}", contact.kind),
            "address": contact.passport_name,
            "name": contact.display_name,
            "groups": contact.group_ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "messenger": contact.messenger,
            "properties": properties.map_err(|error| Problem::trouble(&error))?,
        }));
    }
    let groups = book.groups.iter().filter(|group| !group.deleted);
    let groups: Vec<_> = groups
        .map(|group| json!({ "id": group.id.to_string(), "name": group.name }))
        .collect();
    let members = store.memberships(account.id, Since::Nothing).await?.members;
    let members = members.iter().filter(|member| !member.deleted);
    let lists: Vec<_> = members
        .map(|member| {
            json!({
                "list": format!("{:?}", member.role),
                "kind": member.address.kind(),
                "address": member.address.text(),
                "name": member.display_name,
            })
        })
        .collect();
    Ok([groups.into(), contacts.into(), lists.into()])
}

async fn delete(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let account = visit.account()?.clone();
    let refused = |status, text: &'static str| shown(visit, status, Some(Notice::refused(text)));
    let typed = Handle::parse(form.line("address")?);
    if typed.as_ref() != Ok(&account.handle) {
        let text = "Type your whole address to show that you mean it. Nothing was deleted.";
        return refused(StatusCode::UNPROCESSABLE_ENTITY, text);
    }
    if !is_own(&pages, &form, "password").await? {
        let text = "That is not your password. Nothing was deleted.";
        return refused(StatusCode::FORBIDDEN, text);
    }
    to_the_end({
        let pages = pages.clone();
        async move {
            let services = &pages.services;
            services.store.delete_account(account.id).await?;
            tracing::info!(handle = %account.handle, "deleted by its owner");
            services.node.directory.end_sessions(account.id, i64::MAX);
            services.node.conversations.end_seats(account.id);
            Ok(())
        }
    })
    .await?;
    visit.sign_out(&pages, GONE).await
}

async fn gone(visit: Visit) -> Response {
    let page = Said {
        frame: visit.frame("Your account is gone", GONE),
        text: "So is everything that was kept of it. Goodbye!",
    };
    visit.show(StatusCode::OK, &page)
}

const HERE: &str = "/account/delete";
const GONE: &str = "/account/gone";
