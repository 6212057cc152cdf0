//! The display picture that roams with an account, as the storage service keeps it.

use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::super::tile;
use super::fields::Fields;
use super::form::Posted;
use super::problem::Problem;
use super::shown::{Frame, Notice};
use super::visit::Visit;
use super::{Pages, to_the_end};
use crate::pictures::PictureError;
use crate::store::picture::PictureLink;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page).post(keep))
        .route("/account/picture/remove", post(remove))
}

#[derive(Template)]
#[template(path = "pages/picture.html")]
struct Page {
    frame: Frame,
    picture: Option<String>,
    /// In KiB.
    most: Option<usize>,
    side: Option<usize>,
}

async fn page(
    State(pages): State<Pages>,
    RawQuery(query): RawQuery,
    visit: Visit,
) -> Result<Response, Problem> {
    let query = Fields::urlencoded(query.unwrap_or_default().as_bytes())?;
    let notice = match query.text("done")? {
        "kept" => Some(Notice::done("This is your picture now.")),
        "removed" => Some(Notice::done("You have no picture any more.")),
        _ => None,
    };
    shown(&pages, &visit, StatusCode::OK, notice).await
}

async fn shown(
    pages: &Pages,
    visit: &Visit,
    status: StatusCode,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let account = visit.account()?;
    let picture = pages.services.store.picture(account.id).await?;
    let limits = &pages.services.config.storage;
    let page = Page {
        frame: visit.frame_with("Picture", HERE, notice),
        picture: picture.map(|picture| tile::path(&picture.token)),
        most: limits.picture.map(|bytes| bytes / 1024),
        side: limits.picture_side,
    };
    Ok(visit.show(status, &page))
}

async fn keep(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let visit = &form.visit;
    let account = visit.account()?.id;
    let sent = form.fields.bytes("picture").to_vec();
    let why_not = if sent.is_empty() {
        "Choose a file first."
    } else {
        match pages.pictures.encode(sent).await {
            Ok(picture) => {
                let now = visit.now;
                to_the_end(async move {
                    let _mine = pages.services.node.turns.take(account).await;
                    let store = &pages.services.store;
                    Ok(store.keep_picture(account, NAME, &picture, now).await?)
                })
                .await?;
                return Ok(visit.to("/account/picture?done=kept"));
            }
            Err(PictureError::TooLarge) => "This picture is too large. Nothing was changed.",
            Err(PictureError::Unknown) => {
                "This is no picture of a kind that is taken: PNG, JPEG or GIF. Nothing was changed."
            }
            Err(PictureError::Broken) => {
                "This picture is broken or not whole. Nothing was changed."
            }
            Err(PictureError::Busy) => return Err(Problem::Busy),
            Err(error @ PictureError::Failed) => return Err(Problem::trouble(&error)),
        }
    };
    let (status, notice) = (StatusCode::UNPROCESSABLE_ENTITY, Notice::refused(why_not));
    shown(&pages, visit, status, Some(notice)).await
}

async fn remove(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let account = form.visit.account()?.id;
    to_the_end(async move {
        let _mine = pages.services.node.turns.take(account).await;
        for link in [PictureLink::Listed, PictureLink::Shown] {
            pages.services.store.unlink_picture(account, link).await?;
        }
        Ok(())
    })
    .await?;
    Ok(form.visit.to("/account/picture?done=removed"))
}

const HERE: &str = "/account/picture";

/// What a picture is called that came from here.
const NAME: &str = "Picture";
