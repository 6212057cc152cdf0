//! The set-up kit: pages for a person at an old machine whose client shall find this server
//! (services-other, 8 to 11).
//!
//! Internet Explorer 6 shows them, over plain HTTP and old TLS, at 800 by 600: HTML 4.01 in ASCII,
//! tables, no script, no style that is relied on. Every link is relative and every address comes from
//! the configuration or from the socket, never from what a request says of itself.
//!
//! ```text
//!   /                            what this is
//!   /setup                       which client?
//!   /setup/{client}              step by step
//!   /setup/{client}/hosts.txt    papilio.bat, papilio-undo.bat, papilio.reg: see `downloads`
//!   /setup/{client}/check        does this computer reach us under every name? see `check`
//!   /setup/errors                what the codes mean
//! ```

mod check;
mod downloads;
mod place;
mod root;
mod trouble;

use askama::Template;
use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Services;
use super::serve::CameTo;
use crate::hosts::snippet::{Format, Wanted, snippet};
use crate::hosts::{self, Client, Door, Host, Need};
use place::Place;
use root::Root;
use trouble::{TROUBLES, Trouble};

pub(super) use check::PICTURE;

/// The routes of the kit.
pub(super) fn routes() -> Router<Services> {
    Router::new()
        .route("/setup", get(choice))
        .route("/setup/", get(choice))
        .route("/setup/errors", get(errors))
        .route("/setup/check", get(check::page_for_any))
        .route("/setup/{client}", get(client))
        .route("/setup/{client}/check", get(check::page))
        .route("/setup/{client}/{file}", get(downloads::download))
        .route(PICTURE, get(check::picture))
}

#[derive(Template)]
#[template(path = "setup/front.html")]
struct Front;

/// `GET /`: for whoever looks at this server with a browser.
pub(super) async fn front() -> Response {
    html(&Front)
}

#[derive(Template)]
#[template(path = "setup/choice.html")]
struct Choice {
    microsofts: Vec<Client>,
    others: Vec<Client>,
}

async fn choice() -> Response {
    let (microsofts, others) = Client::ALL
        .iter()
        .partition(|client| client.is_microsofts());
    html(&Choice { microsofts, others })
}

#[derive(Template)]
#[template(path = "setup/errors.html")]
struct Errors {
    troubles: &'static [Trouble],
}

async fn errors() -> Response {
    html(&Errors { troubles: TROUBLES })
}

#[derive(Template)]
#[template(path = "setup/client.html")]
struct ClientPage {
    client: Client,
    place: Place,
    needed: Vec<(Need, &'static Host)>,
    optional: Vec<(Need, &'static Host)>,
    lines: String,
    root: Option<Root>,
    is_secure: bool,
    settings: &'static [downloads::Setting],
    troubles: &'static [Trouble],
}

async fn client(
    State(services): State<Services>,
    Extension(came_to): Extension<CameTo>,
    Path(slug): Path<String>,
) -> Response {
    let Ok(client) = slug.parse() else {
        return no_such_page();
    };
    let place = Place::of(&services.config, came_to).await;
    let (optional, needed) = hosts::for_client(client)
        .into_iter()
        .partition(|&(need, _)| need == Need::Optional);
    html(&ClientPage {
        client,
        needed,
        optional,
        lines: snippet(Format::Hosts, place.address, &Wanted::by(client)),
        root: Root::of(&services.config).await,
        is_secure: needs_tls(client),
        settings: downloads::settings(client),
        place,
        troubles: TROUBLES,
    })
}

/// Whether a client that is set up well speaks TLS to this server.
fn needs_tls(client: Client) -> bool {
    hosts::for_client(client)
        .iter()
        .any(|(need, host)| *need != Need::Optional && host.doors.contains(&Door::Https))
}

#[derive(Template)]
#[template(path = "setup/missing.html")]
struct Missing;

fn no_such_page() -> Response {
    (StatusCode::NOT_FOUND, html(&Missing)).into_response()
}

fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => ([(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
