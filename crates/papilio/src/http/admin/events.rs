//! `/statistics`, `/events`, `/look`: how the service is doing, now and as it happens.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::body::Frame;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::answer::Endless;
use super::operator::By;
use super::problem::Problem;
use super::{Api, json};
use crate::admin::{AdminError, LiveEvent, LiveView, Office, Operator, Statistics};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(statistics))
        .routes(routes!(events))
        .routes(routes!(look))
}

/// See how the service is doing
///
/// Scope: `statistics:read`.
#[utoipa::path(get, path = "/statistics", tag = "looking", responses(
    (status = 200, body = Statistics),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn statistics(By(by): By, State(office): State<Office>) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &office.statistics(&by).await?))
}

/// See it as it happens
///
/// Server-sent events, each an object in JSON with its kind as `event`: `signed-in` and `signed-out`
/// (scope `sessions:read`), `statistics` every few seconds (`statistics:read`), `audit`
/// (`audit:read`), and now and then a comment. Whoever does not keep up is cut off.
#[utoipa::path(get, path = "/events", tag = "looking", responses(
    (status = 200, body = LiveEvent, content_type = "text/event-stream"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn events(By(by): By, State(office): State<Office>) -> Result<Response, Problem> {
    Ok(live_view(&office, &by).await?)
}

/// The same for pages of operators.
pub(in crate::http) async fn live_view(
    office: &Office,
    by: &Operator,
) -> Result<Response, AdminError> {
    let view = office.listen(by).await?;
    let head = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // Nothing can follow on this connection.
        (CONNECTION, "close"),
    ];
    let mut answer = (head, Body::new(Events(view))).into_response();
    answer.extensions_mut().insert(Endless);
    Ok(answer)
}

/// Make what other processes have changed hold at once
///
/// Without this it holds within a few seconds.
#[utoipa::path(post, path = "/look", tag = "looking", responses(
    (status = 204, description = "It holds"),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
))]
async fn look(By(_by): By, State(office): State<Office>) -> StatusCode {
    office.look_now().await;
    StatusCode::NO_CONTENT
}

/// The view, as bytes.
struct Events(LiveView);

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let event = ready!(self.0.poll_next(cx));
        Poll::Ready(event.map(|event| Ok(Frame::data(written(&event)))))
    }
}

fn written(event: &LiveEvent) -> Bytes {
    let kind = match event {
        LiveEvent::SignedIn { .. } => "signed-in",
        LiveEvent::SignedOut { .. } => "signed-out",
        LiveEvent::Statistics(_) => "statistics",
        LiveEvent::Audit(_) => "audit",
        LiveEvent::Beat => return Bytes::from_static(b": beat\n\n"),
    };
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("event: {kind}\ndata: {data}\n\n").into()
}
