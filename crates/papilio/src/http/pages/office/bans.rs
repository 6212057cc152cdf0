//! Bans: of accounts, and of networks.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use msnp::handle::Handle;

use super::super::fields::Fields;
use super::super::form::Posted;
use super::super::problem::Problem;
use super::super::profile::day;
use super::super::shown::Frame;
use super::super::visit::Visit;
use super::super::{Pages, to_the_end};
use super::{Refusal, days, unfit};
use crate::admin::{BanToMake, BanView};
use crate::store::ban::{BanId, BanSubject};

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page).post(ban))
        .route("/admin/bans/lift", post(lift))
}

#[derive(Template)]
#[template(path = "pages/office/bans.html")]
struct Page {
    frame: Frame,
    /// What the form begins with.
    subject: String,
    bans: Vec<Shown>,
    next: Option<i64>,
}

struct Shown {
    number: i64,
    subject: String,
    reason: String,
    made_by: String,
    expires: String,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let after = query.text("after")?.parse().ok().map(BanId);
    shown(&pages, &visit, after, query.text("subject")?, None).await
}

async fn shown(
    pages: &Pages,
    visit: &Visit,
    after: Option<BanId>,
    subject: &str,
    refusal: Option<Refusal>,
) -> Result<Response, Problem> {
    let office = &pages.services.office;
    let mut found = office.bans(visit.operator()?, after, SHOWN + 1).await?;
    let has_more = found.len() > SHOWN as usize;
    found.truncate(SHOWN as usize);
    let (status, notice) = match refusal {
        Some(refusal) => (refusal.status, Some(refusal.notice)),
        None => (StatusCode::OK, None),
    };
    let page = Page {
        frame: visit.office_frame("Bans", HERE, notice),
        subject: subject.to_owned(),
        next: found.last().filter(|_| has_more).map(|last| last.number),
        bans: found.into_iter().map(Shown::from).collect(),
    };
    Ok(visit.show(status, &page))
}

impl From<BanView> for Shown {
    fn from(ban: BanView) -> Self {
        Self {
            number: ban.number,
            subject: ban.account.or(ban.network).unwrap_or_default(),
            reason: ban.reason,
            made_by: ban.made_by,
            expires: ban.expires.map_or_else(|| "it is lifted".to_owned(), day),
        }
    }
}

async fn ban(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let (by, written) = (visit.operator()?.clone(), form.line("subject")?);
    let new = match (subject(written), days(form.line("days")?, visit.now)) {
        (Some(subject), Ok(expires)) => BanToMake {
            subject,
            reason: form.line("reason")?.to_owned(),
            expires,
        },
        (None, _) => {
            let why =
                "Neither the address of an account nor one of the network, such as 192.0.2.0/24.";
            return shown(&pages, visit, None, written, Some(unfit(why))).await;
        }
        (_, Err(refusal)) => return shown(&pages, visit, None, written, Some(refusal)).await,
    };
    let office = pages.services.office.clone();
    let done = to_the_end(async move { Ok(office.ban(&by, new).await) });
    match done.await? {
        Ok(_) => Ok(visit.to(HERE)),
        Err(error) => shown(&pages, visit, None, written, Some(error.into())).await,
    }
}

/// An account by its address, or a network.
fn subject(text: &str) -> Option<BanSubject> {
    if text.contains('@') {
        Handle::parse(text).map(BanSubject::Account).ok()
    } else {
        text.parse().map(BanSubject::Network).ok()
    }
}

async fn lift(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let number = form
        .line("number")?
        .parse()
        .map_err(|_| Problem::NotFound)?;
    let lifted = pages
        .services
        .office
        .lift_ban(visit.operator()?, BanId(number));
    match lifted.await {
        Ok(_) => Ok(visit.to(HERE)),
        Err(error) => shown(&pages, visit, None, "", Some(error.into())).await,
    }
}

const HERE: &str = "/admin/bans";

/// How many a page shows.
const SHOWN: u32 = 50;
