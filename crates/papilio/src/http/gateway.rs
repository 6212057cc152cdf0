//! The gateway: Messenger's own protocol over HTTP, for clients behind proxies (services-other, 5;
//! wire-msnp13, 10).
//!
//! ```text
//!   POST /gateway/gateway.dll?Action=open&Server=NS&IP=...   -> a session, and a connection of it
//!   POST /gateway/gateway.dll?SessionID=...                  -> bytes to the connection
//!   POST /gateway/gateway.dll?Action=poll&SessionID=...            and what it has written
//! ```
//!
//! It knows nothing of the protocol: a session is a pipe, of which the connection gets one end as it
//! would get a socket. `sessions` keeps them, `pipe` carries, `query` reads what is asked.
//!
//! Every answer has `X-MSN-Messenger`: with the session to go on with, where, and whether it is over.

mod pipe;
mod query;
mod sessions;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use self::pipe::{Refusal, Taken};
use self::query::Query;
use self::sessions::{Session, SessionId};
use super::serve::CameTo;
use super::stream::Departure;
use super::{Document, Failure, Services, service};

pub use self::sessions::Gateway;

/// The routes of this service.
pub(super) fn routes() -> Router<Services> {
    Router::new().route("/gateway/gateway.dll", service(post(gateway)))
}

async fn gateway(
    State(Services { gateway, .. }): State<Services>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(CameTo(local)): Extension<CameTo>,
    Extension(departure): Extension<Departure>,
    uri: Uri,
    body: Result<Document, Response>,
) -> Response {
    let host = gateway.host(local);
    let answer = |next: Next, answer: Response| headed(answer, &next, &host);
    let refuse =
        |next: Next, why: String| answer(next, Failure::because(why).on(StatusCode::BAD_REQUEST));
    let query = match Query::read(uri.query().unwrap_or_default()) {
        Ok(query) => query,
        Err(error) => return refuse(Next::Nothing, error.to_string()),
    };
    let known = match &query {
        Query::Open => None,
        Query::Ask { session, .. } => {
            let known = session.clone().and_then(|id| gateway.find(id));
            if known.is_none() {
                return refuse(Next::Nothing, Refusal::Over.to_string());
            }
            known
        }
    };
    let body = match body {
        Ok(Document(body)) => body,
        // It was not read to its end. The session, if there is one, has heard nothing of it.
        Err(refusal) => return answer(known.map_or(Next::Nothing, Next::from), refusal),
    };
    let (session, hold) = match (known, query) {
        (Some(session), Query::Ask { lifespan, .. }) => (session, gateway.hold(lifespan)),
        _ => match gateway.open(peer.ip(), local) {
            Ok(session) => (session, Duration::ZERO),
            Err(error) => {
                let refusal = Failure::because(error.to_string())
                    .on((StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]));
                return answer(Next::Nothing, refusal);
            }
        },
    };
    let turn = match session.client.ask(&body) {
        Ok(turn) => turn,
        Err(Refusal::Over) => return refuse(Next::Nothing, Refusal::Over.to_string()),
        Err(refusal) => return refuse(session.into(), refusal.to_string()),
    };
    let Taken { bytes, is_last } = turn.answer(hold, departure.happened()).await;
    let next = if is_last {
        gateway.forget(&session.id);
        Next::Close(session.id)
    } else {
        session.into()
    };
    answer(next, bytes.into_response())
}

/// With what a client is to go on.
enum Next {
    /// This session.
    Ask(SessionId),
    /// Nothing: this session is over.
    Close(SessionId),
    /// Nothing: there is no session.
    Nothing,
}

impl From<Session> for Next {
    fn from(session: Session) -> Self {
        Self::Ask(session.id)
    }
}

/// An answer with the names that every answer has.
fn headed(mut answer: Response, next: &Next, host: &str) -> Response {
    let messenger = match next {
        Next::Ask(id) => format!("SessionID={}; GW-IP={host}", id.expose()),
        Next::Close(id) => format!("SessionID={}; GW-IP={host}; Session=close", id.expose()),
        Next::Nothing => format!("GW-IP={host}; Session=close"),
    };
    let headers = answer.headers_mut();
    // A host that cannot stand in a header never got past the configuration.
    if let Ok(messenger) = HeaderValue::try_from(messenger) {
        headers.insert(X_MSN_MESSENGER, messenger);
    }
    headers.insert(CONTENT_TYPE, CONTENT);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

const X_MSN_MESSENGER: HeaderName = HeaderName::from_static("x-msn-messenger");
const CONTENT: HeaderValue = HeaderValue::from_static("application/x-msn-messenger");
