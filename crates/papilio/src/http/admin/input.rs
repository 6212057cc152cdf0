//! What requests say: read strictly, so that a misspelt word is refused and not overlooked.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use jiff::Timestamp;
use msnp::handle::Handle;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};

use super::super::Document;
use super::Api;
use super::problem::Problem;

/// A body in JSON.
pub(super) struct Said<T>(pub(super) T);

/// Parameters behind the `?`.
pub(super) struct Asked<T>(pub(super) T);

/// A parameter in the path.
pub(super) struct Named<T>(pub(super) T);

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// Where the list goes on: `next` of the answer before.
    #[param(max_length = 64)]
    pub(super) after: Option<String>,
    /// How many at most, 100 unless said otherwise.
    #[param(minimum = 1, maximum = 500)]
    pub(super) limit: Option<u32>,
}

/// A part of a list.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(super) struct Listed<T: ToSchema> {
    /// What there is.
    pub(super) items: Vec<T>,
    /// For `after`, to get what comes next; nothing at the end.
    pub(super) next: Option<String>,
}

/// How many somebody wants.
pub(super) fn limit(wanted: Option<u32>) -> Result<u32, Problem> {
    match wanted {
        None => Ok(USUAL),
        Some(wanted @ 1..=MOST) => Ok(wanted),
        Some(_) => Err(Problem::invalid(format!("limit is from 1 to {MOST}"))),
    }
}

/// Where a list goes on that is in order of numbers.
pub(super) fn number<N: std::str::FromStr>(after: Option<&str>) -> Result<Option<N>, Problem> {
    after
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::invalid("after is what next was in the answer before"))
}

/// A part of a list, and where it goes on if it is as long as was asked for.
pub(super) fn listed<T: ToSchema>(
    items: Vec<T>,
    limit: u32,
    key: impl Fn(&T) -> String,
) -> Listed<T> {
    let next = (items.len() >= limit as usize)
        .then(|| items.last().map(key))
        .flatten();
    Listed { items, next }
}

/// An address of an account.
pub(super) fn handle(text: &str) -> Result<Handle, Problem> {
    Handle::parse(text).map_err(|error| Problem::invalid(error.to_string()))
}

/// A text of at most so many characters, none of which is a control character.
pub(super) fn text(field: &str, text: &str, most: usize) -> Result<(), Problem> {
    if text.chars().any(char::is_control) {
        return Err(Problem::invalid(format!("{field} has control characters")));
    }
    if text.chars().count() > most {
        return Err(Problem::invalid(format!(
            "{field} has at most {most} characters"
        )));
    }
    Ok(())
}

/// A moment that the database can keep.
pub(super) fn moment(field: &str, at: Option<Timestamp>) -> Result<(), Problem> {
    match at {
        Some(at) if at.as_second() > LATEST => {
            Err(Problem::invalid(format!("{field} is too far away")))
        }
        _ => Ok(()),
    }
}

impl<T: DeserializeOwned> FromRequest<Api> for Said<T> {
    type Rejection = axum::response::Response;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Self::Rejection> {
        use axum::response::IntoResponse as _;
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let detail = "the body is application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).into_response());
        }
        let body = match Document::from_request(request, &api.services).await {
            Ok(Document(body)) => body,
            Err(refusal) if refusal.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let detail = "the body is too long";
                let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
                return Err(problem.into_response());
            }
            Err(refusal) => return Err(refusal),
        };
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            let problem = if error.is_data() {
                Problem::invalid(format!("the body is not as it should be: {error}"))
            } else {
                let detail = format!("the body is no JSON: {error}");
                Problem::new(StatusCode::BAD_REQUEST, detail)
            };
            problem.into_response()
        })
    }
}

impl<T: DeserializeOwned> FromRequestParts<Api> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(request, api).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(Problem::invalid(error.body_text())),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, api: &Api) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(request, api).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(_) => Err(Problem::invalid(
                "the last part of the path is not as it should be",
            )),
        }
    }
}

/// How many are listed if nobody says.
const USUAL: u32 = 100;

/// How many are listed at most.
const MOST: u32 = 500;

/// The end of the year 9000, in seconds since 1970.
const LATEST: i64 = 221_876_928_000;
