//! Accounts: found, looked at, disabled, enabled, signed out, banned, given a link to another password,
//! deleted.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use msnp::handle::Handle;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::fields::Fields;
use super::super::form::Posted;
use super::super::problem::Problem;
use super::super::profile::{day, moment};
use super::super::shown::{Frame, Notice};
use super::super::visit::Visit;
use super::super::{Pages, to_the_end};
use super::Refusal;
use crate::admin::{AccountChange, AccountDetails, AccountSummary, SessionView};
use crate::store::account::AccountId;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(LIST, get(list))
        .route(ONE, get(one).post(act))
}

#[derive(Template)]
#[template(path = "pages/office/accounts.html")]
struct List {
    frame: Frame,
    search: String,
    accounts: Vec<AccountSummary>,
    next: Option<u32>,
}

#[derive(Template)]
#[template(path = "pages/office/account.html")]
struct One {
    frame: Frame,
    account: AccountDetails,
    made: String,
    session: Option<SessionView>,
    /// A link to another password that was just made, and until when it holds.
    link: Option<(String, String)>,
}

async fn list(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let by = visit.operator()?;
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let search = query.text("search")?.trim();
    let after = query.text("after")?.parse().ok().map(AccountId);
    let text = (!search.is_empty()).then_some(search);
    let office = &pages.services.office;
    let mut accounts = office.accounts(by, text, after, SHOWN + 1).await?;
    let has_more = accounts.len() > SHOWN as usize;
    accounts.truncate(SHOWN as usize);
    let page = List {
        frame: visit.office_frame("Accounts", LIST, None),
        search: search.to_owned(),
        next: accounts.last().filter(|_| has_more).map(|last| last.number),
        accounts,
    };
    Ok(visit.show(StatusCode::OK, &page))
}

async fn one(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    visit.operator()?;
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let handle = Handle::parse(query.text("handle")?).map_err(|_| Problem::NotFound)?;
    let notice = (query.text("done")? == "done").then(|| Notice::done("Done."));
    shown(&pages, &visit, &handle, StatusCode::OK, notice, None).await
}

async fn shown(
    pages: &Pages,
    visit: &Visit,
    handle: &Handle,
    status: StatusCode,
    notice: Option<Notice>,
    link: Option<(String, String)>,
) -> Result<Response, Problem> {
    let (by, office) = (visit.operator()?, &pages.services.office);
    let account = office.account(by, handle).await?;
    let page = One {
        frame: visit.office_frame("Account", LIST, notice),
        made: day(account.summary.created),
        // Who may not see sessions, or where none is, sees none.
        session: office.session_of(by, handle).await.ok(),
        account,
        link,
    };
    Ok(visit.show(status, &page))
}

async fn act(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let by = visit.operator()?.clone();
    let handle = Handle::parse(form.line("handle")?).map_err(|_| Problem::NotFound)?;
    let office = pages.services.office.clone();
    let change = match form.line("act")? {
        "disable" => AccountChange::Disable,
        "enable" => AccountChange::Enable,
        "delete" => {
            if Handle::parse(form.line("again")?).as_ref() != Ok(&handle) {
                let text = "Type the whole address to show that you mean it. Nothing was deleted.";
                let (status, notice) = (StatusCode::UNPROCESSABLE_ENTITY, Notice::refused(text));
                return shown(&pages, visit, &handle, status, Some(notice), None).await;
            }
            AccountChange::Delete
        }
        "link" => {
            let made = office.make_password_link(&by, &handle).await;
            return match made {
                Ok(made) => {
                    let link = Some((made.link, moment(made.expires)));
                    shown(&pages, visit, &handle, StatusCode::OK, None, link).await
                }
                Err(error) => refused(&pages, visit, &handle, error.into()).await,
            };
        }
        "sign-out" => {
            return match office.sign_out(&by, &handle).await {
                Ok(()) => Ok(visit.to(&path(&handle))),
                Err(error) => refused(&pages, visit, &handle, error.into()).await,
            };
        }
        _ => return Err(Problem::NotFound),
    };
    let leaves = matches!(change, AccountChange::Delete);
    let done = to_the_end({
        let handle = handle.clone();
        async move { Ok(office.change_account(&by, &handle, change).await) }
    });
    match done.await? {
        Ok(_) if leaves => Ok(visit.to(LIST)),
        Ok(_) => Ok(visit.to(&path(&handle))),
        Err(error) => refused(&pages, visit, &handle, error.into()).await,
    }
}

async fn refused(
    pages: &Pages,
    visit: &Visit,
    handle: &Handle,
    Refusal { status, notice }: Refusal,
) -> Result<Response, Problem> {
    shown(pages, visit, handle, status, Some(notice), None).await
}

/// The page of an account on which something was done.
fn path(handle: &Handle) -> String {
    let handle = utf8_percent_encode(handle.as_str(), NON_ALPHANUMERIC);
    format!("{ONE}?handle={handle}&done=done")
}

const LIST: &str = "/admin/accounts";
const ONE: &str = "/admin/account";

/// How many a page shows.
const SHOWN: u32 = 50;
