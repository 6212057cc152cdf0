//! What went wrong, as a problem document (RFC 9457): a status, its name, and one sentence.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Failure;
use crate::admin::AdminError;

/// What went wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status says it.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The name of the status.
    #[schema(example = "Not Found")]
    title: &'static str,
    /// The status.
    #[schema(example = 404)]
    status: u16,
    /// What is wrong, in one sentence.
    #[schema(example = "there is no account alice@example.com")]
    detail: String,
    /// For the log, if that is more than `detail`.
    #[serde(skip)]
    why: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            why: None,
        }
    }

    /// What was asked for makes no sense.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(super) fn nothing_there() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "there is nothing here: see /api/v1/openapi.json",
        )
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this cannot be asked with that method: see /api/v1/openapi.json",
        )
    }

    pub(super) fn too_often() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests: wait a little",
        )
    }

    /// A mistake of ours.
    pub(super) fn broken(why: String) -> Self {
        Self {
            why: Some(why),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the service broke")
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let status = match &error {
            AdminError::Forbidden(_) | AdminError::Above(_) => StatusCode::FORBIDDEN,
            AdminError::NotFound(_) => StatusCode::NOT_FOUND,
            AdminError::Conflict(_) => StatusCode::CONFLICT,
            AdminError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            AdminError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            AdminError::NotRunning | AdminError::Unavailable(_) | AdminError::Busy(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        let why = match &error {
            AdminError::Unavailable(error) => Some(error.to_string()),
            AdminError::Busy(error) => Some(error.to_string()),
            _ => None,
        };
        Self {
            why,
            ..Self::new(status, error.to_string())
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let head = [
            (CONTENT_TYPE, "application/problem+json"),
            (CACHE_CONTROL, "no-store"),
        ];
        let mut answer = (status, head, body).into_response();
        let headers = answer.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        Failure::because(self.why.unwrap_or(self.detail)).on(answer)
    }
}
