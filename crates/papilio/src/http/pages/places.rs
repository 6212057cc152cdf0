//! Where an account is signed in: Messenger and browsers, and how to end it from elsewhere.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;
use msnp::handle::Handle;

use super::Pages;
use super::form::Posted;
use super::problem::Problem;
use super::profile::moment;
use super::shown::Frame;
use super::visit::Visit;
use crate::node::Node;
use crate::store::web_session::WebSessionId;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page))
        .route("/account/places/browser", post(end_browser))
        .route("/account/places/messenger", post(end_messenger))
}

struct Browser {
    id: String,
    name: String,
    address: String,
    began: String,
    seen: String,
    is_this: bool,
}

struct Messenger {
    version: String,
    address: Option<String>,
    since: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/places.html")]
struct Page {
    frame: Frame,
    messenger: Option<Messenger>,
    browsers: Vec<Browser>,
}

async fn page(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    let account = visit.account()?;
    let services = &pages.services;
    let this = visit.session().map(|session| &session.id);
    let sessions = services.store.web_sessions(account, visit.now).await?;
    let browsers = sessions
        .into_iter()
        .map(|session| Browser {
            is_this: Some(&session.id) == this,
            id: session.id.as_str().to_owned(),
            name: browser_name(&session.browser),
            address: session.address,
            began: moment(session.began),
            seen: moment(session.last_seen),
        })
        .collect();
    let page = Page {
        frame: visit.frame("Signed-in places", HERE),
        messenger: messenger(&services.node, &account.handle),
        browsers,
    };
    Ok(visit.show(StatusCode::OK, &page))
}

/// The account's session on this node.
fn messenger(node: &Node, handle: &Handle) -> Option<Messenger> {
    let sessions = node.directory.sessions();
    let session = sessions
        .into_iter()
        .find(|session| session.handle == *handle)?;
    let caller = node
        .callers()
        .find(|caller| Arc::ptr_eq(&caller.mailbox, &session.mailbox));
    let since = caller
        .as_ref()
        .map(|caller| Timestamp::from_second(caller.since));
    Some(Messenger {
        version: session.dialect.version.to_string(),
        address: caller.map(|caller| caller.peer.to_string()),
        since: since.and_then(Result::ok).map(moment),
    })
}

async fn end_browser(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let account = visit.account()?;
    let Some(id) = WebSessionId::parse(form.line("id")?) else {
        return Ok(visit.to(HERE));
    };
    if visit.session().is_some_and(|session| session.id == id) {
        return visit.sign_out(&pages, "/account/sign-in").await;
    }
    pages
        .services
        .store
        .end_web_session(account.id, &id)
        .await?;
    Ok(visit.to(HERE))
}

async fn end_messenger(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let account = form.visit.account()?;
    let node = &pages.services.node;
    node.directory.end_sessions(account.id, i64::MAX);
    node.conversations.end_seats(account.id);
    Ok(form.visit.to(HERE))
}

/// A browser and its system in a few words, as far as it says: the whole of what it says is for machines.
fn browser_name(agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    // In this order: each says to be those after it.
    let program = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) if agent.is_empty() => "A browser".to_owned(),
        (None, None) => agent.chars().take(60).collect(),
    }
}

const HERE: &str = "/account/places";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_has_a_name_for_people() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Firefox/141.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; like Mac OS X) Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.5", "curl/8.5"),
            ("", "A browser"),
        ] {
            assert_eq!(browser_name(agent), name);
        }
    }
}
