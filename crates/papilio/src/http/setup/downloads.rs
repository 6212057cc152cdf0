//! The files of the set-up kit: hosts lines, a script that puts them in, one that takes them out again,
//! and settings of the registry (services-other, 9 to 11).
//!
//! All of them are ASCII with the line ends of Windows. What varies in them is an address that was
//! parsed, names of the table and the base64 of a certificate: nothing that a script could stumble over.
//!
//! The script changes the hosts file alone, and keeps what was there:
//!
//! ```text
//!   hosts -> hosts.before-papilio       once; never overwritten
//!   hosts without our lines + our lines -> hosts.papilio-new -> hosts
//! ```

use std::net::IpAddr;

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::place::Place;
use super::root::Root;
use super::{needs_tls, no_such_page};
use crate::hosts::Client;
use crate::hosts::snippet::{Format, Wanted, hosts_line, snippet};
use crate::http::Services;
use crate::http::serve::CameTo;

/// One of the files, for one of the clients.
pub(super) async fn download(
    State(services): State<Services>,
    Extension(came_to): Extension<CameTo>,
    Path((slug, file)): Path<(String, String)>,
) -> Response {
    let Ok(client) = slug.parse::<Client>() else {
        return no_such_page();
    };
    let place = Place::of(&services.config, came_to).await;
    let root = match installs_root(client) {
        true => Root::of(&services.config).await,
        false => None,
    };
    match file.as_str() {
        "hosts.txt" => inline(&snippet(Format::Hosts, place.address, &Wanted::by(client))),
        "papilio.bat" => attached(
            "papilio.bat",
            &Script {
                client,
                address: place.address,
                lines: lines(client, place.address),
                root,
            },
        ),
        "papilio-undo.bat" => attached("papilio-undo.bat", &UndoScript { client, root }),
        "papilio.reg" if !settings(client).is_empty() => attached(
            "papilio.reg",
            &Registry {
                client,
                place,
                settings: settings(client),
            },
        ),
        _ => no_such_page(),
    }
}

/// What a file of the registry may do. It never touches what a person has typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// MSN Messenger before 5 can be told its server.
    Server,
    /// Internet Explorer's library, which these clients use, speaks TLS 1.0 and later.
    Tls,
    /// Windows Live Messenger 8.0 forgets the policies that another server gave it.
    Policies80,
    /// So do 8.1 and later.
    Policies81,
}

/// What is worth setting for a client. Those that are not Microsoft's have nothing there.
pub(super) fn settings(client: Client) -> &'static [Setting] {
    match client {
        Client::Msn4 => &[Setting::Server],
        Client::Msn6 | Client::Msn7 => &[Setting::Tls],
        Client::Wlm80 => &[Setting::Tls, Setting::Policies80],
        Client::Wlm81 | Client::Wlm85 | Client::Wlm2009 => &[Setting::Tls, Setting::Policies81],
        Client::Pidgin | Client::Amsn | Client::Bitlbee | Client::Emesene | Client::Other => &[],
    }
}

/// Whether the client asks Windows which certificates to trust.
fn installs_root(client: Client) -> bool {
    client.is_microsofts() && needs_tls(client)
}

#[derive(Template)]
#[template(path = "setup/papilio.bat.txt", escape = "none")]
struct Script {
    client: Client,
    address: IpAddr,
    lines: Vec<String>,
    root: Option<Root>,
}

#[derive(Template)]
#[template(path = "setup/papilio-undo.bat.txt", escape = "none")]
struct UndoScript {
    client: Client,
    root: Option<Root>,
}

#[derive(Template)]
#[template(path = "setup/papilio.reg.txt", escape = "none")]
struct Registry {
    client: Client,
    place: Place,
    settings: &'static [Setting],
}

fn lines(client: Client, address: IpAddr) -> Vec<String> {
    let names = Wanted::by(client).names().into_iter();
    names
        .filter(|host| !host.is_wildcard())
        .map(|host| hosts_line(address, host))
        .collect()
}

/// A text that is looked at rather than kept: its lines go into a file that is there already.
fn inline(text: &str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=us-ascii"),
        (CONTENT_DISPOSITION, "inline; filename=\"hosts.txt\""),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, with_line_ends_of_windows(text)).into_response()
}

fn attached(name: &str, template: &impl Template) -> Response {
    let text = template.render().unwrap_or_default();
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, with_line_ends_of_windows(&text)).into_response()
}

/// Its interpreter jumps to wrong labels in a script without them, and its registry editor leaves out
/// a last line that does not end.
fn with_line_ends_of_windows(text: &str) -> String {
    let text = text.trim_end_matches('\n');
    text.replace('\n', "\r\n") + "\r\n"
}
