//! Signing up: open to everybody, by invitation, or closed.
//!
//! ```text
//!   form -> fit? -> invited? -> hashed -+- no mail -> the account, or "taken"  -> signed in
//!                                       '- mail ----> "look into your mail"    (see `confirm`)
//! ```
//!
//! With mail nobody learns here whether an address has an account: the page and its time are the same,
//! and the mail says which it is.

use std::time::Instant;

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use msnp::handle::Handle;

use super::confirm::{NOT_INVITED, Said, TAKEN, later};
use super::fields::Fields;
use super::form::Posted;
use super::pace::Mailing;
use super::password::{chosen, shortest};
use super::problem::Problem;
use super::shown::{Frame, Notice};
use super::visit::Visit;
use super::{Pages, letters};
use crate::config::SignUp;
use crate::mail::{self, Mailer, Place};
use crate::store::StoreError;
use crate::store::account::{NAME_LIMIT, NewAccount, clean_name};
use crate::store::confirmation::PendingSignUp;
use crate::store::invitation::{InvitationCode, SignedUp};

pub(super) fn routes() -> Router<Pages> {
    Router::new().route(HERE, get(page).post(sign_up))
}

#[derive(Template)]
#[template(path = "pages/sign_up.html")]
struct Page<'a> {
    frame: Frame,
    is_closed: bool,
    by_invitation: bool,
    by_mail: bool,
    address: &'a str,
    name: &'a str,
    invitation: &'a str,
    shortest: usize,
}

/// What somebody has filled in, but for the password.
#[derive(Default)]
struct Filled<'a> {
    address: &'a str,
    name: &'a str,
    invitation: &'a str,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    if visit.maybe_account().is_some() {
        return Ok(visit.to("/account"));
    }
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let filled = Filled {
        invitation: query.text("invitation")?,
        ..Filled::default()
    };
    Ok(shown(&pages, &visit, StatusCode::OK, &filled, None))
}

fn shown(
    pages: &Pages,
    visit: &Visit,
    status: StatusCode,
    filled: &Filled<'_>,
    notice: Option<Notice>,
) -> Response {
    let who = pages.services.config.pages.sign_up;
    let page = Page {
        frame: visit.frame_with("Make an account", HERE, notice),
        is_closed: who == SignUp::Closed,
        by_invitation: who == SignUp::Invitation,
        by_mail: pages.services.mail.is_some(),
        address: filled.address,
        name: filled.name,
        invitation: filled.invitation,
        shortest: shortest(pages),
    };
    visit.show(status, &page)
}

async fn sign_up(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let filled = Filled {
        address: form.line("address")?,
        name: form.line("name")?,
        invitation: form.line("invitation")?,
    };
    let refused = |status, text: &'static str| {
        let notice = Some(Notice::refused(text));
        Ok(shown(&pages, visit, status, &filled, notice))
    };
    let services = &pages.services;
    if services.config.pages.sign_up == SignUp::Closed {
        return refused(StatusCode::FORBIDDEN, "Nobody can sign up here.");
    }
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let handle = match Handle::parse(filled.address) {
        Ok(handle) if services.mail.is_none() || mail::address_of(&handle).is_some() => handle,
        _ => return refused(unfit, MALFORMED),
    };
    if filled.name.chars().count() > NAME_LIMIT {
        return refused(unfit, "This name is too long.");
    }
    let password = match chosen(&pages, &form)? {
        Ok(password) => password,
        Err(why) => return refused(unfit, why.text()),
    };
    pages.pace.sign_up(visit.peer(), Instant::now())?;
    let mut invitation = None;
    if services.config.pages.sign_up == SignUp::Invitation {
        invitation = invited(&pages, filled.invitation, visit.now).await?;
        if invitation.is_none() {
            return refused(StatusCode::FORBIDDEN, NOT_INVITED);
        }
    }
    let new = PendingSignUp {
        name: match clean_name(filled.name) {
            name if name.is_empty() => handle.to_string(),
            name => name,
        },
        handle,
        password: services.credentials.hash(password).await?,
    };
    if let Some(mailer) = &services.mail {
        return by_mail(&pages, mailer, visit, new, invitation);
    }
    let new = NewAccount {
        handle: new.handle,
        name: new.name,
        password: new.password,
        // Nobody here could ever confirm it, and clients would show its owner as unconfirmed for ever.
        verified: true,
        created_at: visit.now,
    };
    match services.store.sign_up(&new, invitation.as_ref()).await? {
        SignedUp::Made(account) => {
            tracing::info!(handle = %account.handle, peer = %visit.peer(), "signed up");
            visit
                .sign_in(&pages, &account, "/account?done=welcome")
                .await
        }
        SignedUp::Taken => refused(StatusCode::CONFLICT, TAKEN),
        SignedUp::NotInvited => refused(StatusCode::FORBIDDEN, NOT_INVITED),
    }
}

/// The code, if it is one of an invitation that is open.
async fn invited(
    pages: &Pages,
    text: &str,
    now: Timestamp,
) -> Result<Option<InvitationCode>, Problem> {
    let Some(code) = InvitationCode::parse(text) else {
        return Ok(None);
    };
    let found = pages.services.store.invitation_by_code(&code).await?;
    Ok(found.filter(|found| found.is_open(now)).map(|_| code))
}

/// Has a mail sent that says how to go on, or that there is an account already. Whatever differs between
/// the two is done after the answer.
fn by_mail(
    pages: &Pages,
    mailer: &Mailer,
    visit: &Visit,
    new: PendingSignUp,
    invitation: Option<InvitationCode>,
) -> Result<Response, Problem> {
    let place = mailer.reserve().map_err(|_| Problem::Busy)?;
    match pages.pace.mail(visit.peer(), &new.handle, Instant::now())? {
        Mailing::Sent => {
            tokio::spawn(write(pages.clone(), place, new, invitation, visit.now));
        }
        Mailing::Enough => {
            tracing::info!(handle = %new.handle, "no mail is sent: this address was sent enough");
        }
    }
    let page = Said {
        frame: visit.frame("Look into your mail", HERE),
        text: "A mail is on its way to you. Open the link in it to finish your account. If nothing comes, \
               look among the junk, or try again later.",
    };
    Ok(visit.show(StatusCode::OK, &page))
}

async fn write(
    pages: Pages,
    place: Place,
    new: PendingSignUp,
    invitation: Option<InvitationCode>,
    now: Timestamp,
) {
    let store = &pages.services.store;
    let expires = later(now, pages.services.config.pages.confirmation_lifetime);
    let letter = async {
        if store.account_by_handle(&new.handle).await?.is_some() {
            return Ok(letters::already_there(&pages, &new.handle));
        }
        let token = store
            .keep_sign_up(&new, invitation.as_ref(), expires)
            .await?;
        Ok::<_, StoreError>(letters::confirm(&pages, &new.handle, &token))
    };
    match letter.await {
        Ok(Some(letter)) => place.send(letter),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "a sign-up could not be kept"),
    }
}

const HERE: &str = "/account/sign-up";

const MALFORMED: &str = "This is not an address. One looks like name@example.org, without spaces.";
