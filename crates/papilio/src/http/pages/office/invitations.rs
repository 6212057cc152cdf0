//! Invitations: made, seen, revoked. A code is shown once, when it is made.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::Pages;
use super::super::fields::Fields;
use super::super::form::Posted;
use super::super::problem::Problem;
use super::super::profile::day;
use super::super::shown::Frame;
use super::super::visit::Visit;
use super::{Refusal, days, unfit};
use crate::admin::{InvitationToMake, InvitationView};
use crate::config::SiteAddress;
use crate::store::invitation::InvitationId;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page).post(make))
        .route("/admin/invitations/revoke", post(revoke))
}

#[derive(Template)]
#[template(path = "pages/office/invitations.html")]
struct Page {
    frame: Frame,
    made: Option<Made>,
    invitations: Vec<Shown>,
    next: Option<u32>,
}

struct Made {
    code: String,
    link: String,
}

struct Shown {
    view: InvitationView,
    uses: String,
    expires: String,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let before = query.text("before")?.parse().ok().map(InvitationId);
    shown(&pages, &visit, before, None, None).await
}

async fn shown(
    pages: &Pages,
    visit: &Visit,
    before: Option<InvitationId>,
    made: Option<Made>,
    refusal: Option<Refusal>,
) -> Result<Response, Problem> {
    let office = &pages.services.office;
    let mut found = office
        .invitations(visit.operator()?, before, SHOWN + 1)
        .await?;
    let has_more = found.len() > SHOWN as usize;
    found.truncate(SHOWN as usize);
    let (status, notice) = match refusal {
        Some(refusal) => (refusal.status, Some(refusal.notice)),
        None => (StatusCode::OK, None),
    };
    let page = Page {
        frame: visit.office_frame("Invitations", HERE, notice),
        made,
        next: found.last().filter(|_| has_more).map(|last| last.number),
        invitations: found.into_iter().map(Shown::from).collect(),
    };
    Ok(visit.show(status, &page))
}

impl From<InvitationView> for Shown {
    fn from(view: InvitationView) -> Self {
        Self {
            uses: match view.uses {
                Some(uses) => format!("{} of {uses}", view.used),
                None => format!("{}, no limit", view.used),
            },
            expires: view.expires.map_or_else(|| "never".to_owned(), day),
            view,
        }
    }
}

async fn make(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let by = visit.operator()?;
    let read = || -> Result<Result<InvitationToMake, Refusal>, Problem> {
        let uses = match form.line("uses")? {
            "" | "0" => None,
            text => match text.parse() {
                Ok(uses) => Some(uses),
                Err(_) => return Ok(Err(unfit("Uses are a number, or nothing for any number."))),
            },
        };
        let note = form.line("note")?.to_owned();
        Ok(
            days(form.line("days")?, visit.now).map(|expires| InvitationToMake {
                uses,
                expires,
                note,
            }),
        )
    };
    let new = match read()? {
        Ok(new) => new,
        Err(refusal) => return shown(&pages, visit, None, None, Some(refusal)).await,
    };
    match pages.services.office.invite(by, new).await {
        Ok(made) => {
            let path = format!("/account/sign-up?invitation={}", made.code);
            let address = pages.services.config.pages.address.as_ref();
            let link = address.map_or_else(|| path.clone(), |site: &SiteAddress| site.at(&path));
            let made = Made {
                code: made.code,
                link,
            };
            shown(&pages, visit, None, Some(made), None).await
        }
        Err(error) => shown(&pages, visit, None, None, Some(error.into())).await,
    }
}

async fn revoke(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let by = visit.operator()?;
    let number = form
        .line("number")?
        .parse()
        .map_err(|_| Problem::NotFound)?;
    match pages
        .services
        .office
        .revoke_invitation(by, InvitationId(number))
        .await
    {
        Ok(_) => Ok(visit.to(HERE)),
        Err(error) => shown(&pages, visit, None, None, Some(error.into())).await,
    }
}

const HERE: &str = "/admin/invitations";

/// How many a page shows.
const SHOWN: u32 = 50;
