//! Display pictures by plain GET: where `PreAuthURL` leads (services-other, 3.2).
//!
//! No ticket is shown here: the address itself, of 128 random bits, is what one must know. A picture
//! that changes gets another one, so what an address leads to never changes, until it leads nowhere.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{Failure, Services};
use crate::store::picture::{PictureSize, PictureToken};

/// The routes of pictures.
pub(super) fn routes() -> Router<Services> {
    Router::new().route("/storage/usertile/{token}/{size}", get(picture))
}

/// The path of a picture as large as it is kept.
pub(super) fn path(token: &PictureToken) -> String {
    format!("/storage/usertile/{token}/static")
}

async fn picture(
    State(services): State<Services>,
    Path((token, size)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let size = match size.as_str() {
        "static" => PictureSize::Whole,
        "small" => PictureSize::Small,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let Some(token) = PictureToken::parse(&token) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let bytes = match services.store.picture_bytes(&token, size).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            return Failure::because(error.to_string()).on(StatusCode::SERVICE_UNAVAILABLE);
        }
    };
    let tag = format!("\"{}-{}\"", &token.to_string()[..16], bytes.len());
    let cache = [(ETAG, tag.clone()), (CACHE_CONTROL, KEPT.to_owned())];
    if knows(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, cache).into_response();
    }
    let kind = [
        (CONTENT_TYPE.as_str(), "image/png"),
        ("x-content-type-options", "nosniff"),
    ];
    (cache, kind, bytes).into_response()
}

/// Whether the one who asks has this already.
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

/// For a day: a picture that its owner deletes must not be shown for ever.
const KEPT: &str = "private, max-age=86400";
