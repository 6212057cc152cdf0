//! What every answer goes through on its way out: one line in the log if it is no success, and the
//! framing that old clients can read (services-auth, 0).

use std::any::Any;
use std::net::SocketAddr;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONNECTION, CONTENT_LENGTH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::Body as _;
use tracing::{debug, error, info};

use super::Failure;
use crate::metrics::{METRICS, Outcome, Service};

/// Marks an answer that has no end of its own: it goes out as it comes, and its connection ends with it.
/// No old client gets one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endless;

/// Answers, then logs and frames what was answered.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let service = Service::of(request.uri().path());
    let began = Instant::now();
    let answer = next.run(request).await;
    METRICS.answered(service, outcome(&answer), began.elapsed());
    asked.log(&answer);
    asked.frame(answer).await
}

fn outcome(answer: &Response) -> Outcome {
    let status = answer.status();
    match answer.extensions().get::<Failure>() {
        Some(failure) if failure.is_refusal => Outcome::Refused,
        _ if status.is_server_error() => Outcome::Failed,
        None if !status.is_client_error() => Outcome::Ok,
        _ => Outcome::Refused,
    }
}

/// The answer when a service broke: that request fails, nothing else.
pub(super) fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Failure::because(format!("the service broke: {message}")).on(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What of a request is of interest when it is answered.
struct Asked {
    method: Method,
    path: String,
    peer: Option<SocketAddr>,
    /// Whether a client of HTTP/1.0 expects the connection to end.
    is_last: bool,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            path: request.uri().path().chars().take(PATH_SHOWN).collect(),
            peer: request
                .extensions()
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(peer)| *peer),
            is_last: request.version() == Version::HTTP_10 && !keeps_alive(request.headers()),
        }
    }

    fn log(&self, answer: &Response) {
        let status = answer.status();
        let failure = answer.extensions().get::<Failure>();
        let why = failure.map_or("", |failure| &failure.why);
        let handle = failure.and_then(|failure| failure.handle.as_deref());
        let peer = self
            .peer
            .map_or_else(|| "?".to_owned(), |peer| peer.to_string());
        let (method, path) = (self.method.as_str(), self.path.as_str());
        if status.is_server_error() && !failure.is_some_and(|failure| failure.is_refusal) {
            error!(
                peer,
                method,
                path,
                handle,
                why,
                status = status.as_u16(),
                "request failed"
            );
        } else if failure.is_some() {
            info!(
                peer,
                method,
                path,
                handle,
                why,
                status = status.as_u16(),
                "request refused"
            );
        } else if !status.is_success() {
            // Messenger asks for many pages that are no more.
            debug!(
                peer,
                method,
                path,
                status = status.as_u16(),
                "nothing there"
            );
        }
    }

    /// Old clients know a body's end by `Content-Length` alone; an answer to HEAD has no body, and
    /// then no length either, so that whoever follows the bytes needs not know what was asked.
    async fn frame(&self, answer: Response) -> Response {
        let (mut parts, body) = answer.into_parts();
        let body = if self.method == Method::HEAD {
            parts.headers.remove(CONTENT_LENGTH);
            Body::empty()
        } else if body.size_hint().exact().is_none() && parts.extensions.get::<Endless>().is_none()
        {
            match axum::body::to_bytes(body, usize::MAX).await {
                Ok(bytes) => Body::from(bytes),
                Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        } else {
            body
        };
        if self.is_last {
            parts
                .headers
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Response::from_parts(parts, body)
    }
}

fn keeps_alive(headers: &HeaderMap) -> bool {
    headers
        .get(CONNECTION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(',')
                .any(|token| token.trim().eq_ignore_ascii_case("keep-alive"))
        })
}

/// The longest part of a path that the log shows.
const PATH_SHOWN: usize = 200;
