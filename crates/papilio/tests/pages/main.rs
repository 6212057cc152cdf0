//! People's pages over a real socket: what a browser sends and gets, and what is kept of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other users of this file need more of it")]
#[path = "../support/http.rs"]
mod support;

#[path = "../support/browser.rs"]
mod chromium;

mod account;
mod forms;
mod mail;
mod office;
mod sign_in;
mod sign_up;
mod visitor;
mod walks;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use jiff::Timestamp;
use papilio::config::{Config, Pages, SignUp};
use papilio::store::invitation::{Invitation, InvitationCode, NewInvitation};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use support::Server;
use visitor::Browser;

/// The pages with this much said of them.
fn config(pages: Pages) -> Config {
    Config {
        pages,
        ..Config::default()
    }
}

fn open() -> Config {
    config(Pages {
        sign_up: SignUp::Open,
        ..Pages::default()
    })
}

async fn invitation(server: &Server, uses: u32) -> (Invitation, InvitationCode) {
    let new = NewInvitation {
        uses: Some(uses),
        expires: None,
        note: "a test".to_owned(),
        made_by: "a test".to_owned(),
        made_at: Timestamp::now(),
    };
    server.store.make_invitation(&new).await.unwrap()
}

/// What somebody types into the form of signing up.
fn person(address: &str) -> Vec<(&'static str, String)> {
    vec![
        ("address", address.to_owned()),
        ("name", format!("Name of {address}")),
        ("password", "long enough".to_owned()),
        ("again", "long enough".to_owned()),
    ]
}

fn alice() -> Vec<(&'static str, String)> {
    signs_in("alice@example.org", "secret&1")
}

fn signs_in(address: &str, password: &str) -> Vec<(&'static str, String)> {
    vec![
        ("address", address.to_owned()),
        ("password", password.to_owned()),
    ]
}
