//! The HTTP services, told apart by path alone (DESIGN, section 1; services-auth, 0).
//!
//! ```text
//!   listener -> serve -> per_address -> stream (head, deadlines) -> hyper
//!                                                                     |
//!       answer (log, framing) -> panics -> path -> service: login, client_config, ...
//! ```
//!
//! * [`serve`] and [`serve_connection`]: from a listener, or any stream of bytes, to the router.
//! * [`router`]: from a path to its service. Every service is a module with `routes()`;
//!   [`contacts`] is the door of two, the address book and sharing services.
//! * What all services share: [`Document`], the body of a request, and [`Failure`], the reason that
//!   the log gives for an answer.

mod abook;
mod answer;
pub mod client_config;
mod contacts;
pub mod head;
pub mod login;
mod sharing;
pub mod stream;

use std::borrow::Cow;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use msnp::soap::envelope;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{debug, info, warn};

use crate::config::{self, Config};
use crate::credentials::Credentials;
use crate::node::Node;
use crate::per_address::{Counted, PerAddress};
use crate::store::Store;

/// What the services need. Cloning one is a few reference counts.
#[derive(Clone)]
pub struct Services {
    /// What is kept.
    pub store: Store,
    /// The door for handles and passwords.
    pub credentials: Credentials,
    /// How everything is configured.
    pub config: Arc<Config>,
    /// Who is signed in: told of every change that was stored.
    pub node: Arc<Node>,
}

/// The services by their paths, whatever the host. Paths match without regard to case and to
/// doubled slashes, and `RST.srf` with anything before it (services-auth, 3).
pub fn router(services: Services) -> Router {
    let routes = Router::new()
        .route("/", service(post(connection_test)))
        .merge(login::routes())
        .merge(client_config::routes())
        .merge(contacts::routes())
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(services);
    let routes = ServiceBuilder::new()
        .layer(axum::middleware::from_fn(answer::finish))
        .layer(CatchPanicLayer::custom(answer::after_panic))
        .map_request(|mut request: Request| {
            *request.uri_mut() = canonical(request.uri());
            request
        })
        .service(routes);
    Router::new().fallback_service(routes)
}

/// Answers every connection of a listener until `shutdown` is done, then lets the requests under
/// way finish for [`LAST_WORDS`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: config::Http,
    per_address: PerAddress,
    shutdown: impl Future<Output = ()>,
) {
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => continue,
            Err(error) => {
                warn!(%error, "cannot take a connection over HTTP");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let counted = match per_address.admit(peer.ip()) {
            Ok(counted) => counted,
            Err(error) => {
                info!(%peer, %error, "connection over HTTP refused");
                continue;
            }
        };
        // An answer is written in one piece, and should not wait for company.
        let _ = stream.set_nodelay(true);
        let (router, limits, stopped) = (router.clone(), limits.clone(), stopped.clone());
        connections.spawn(async move {
            let _counted: Counted = counted;
            serve_connection(stream, peer, router, &limits, stopped).await;
        });
    }
    drop(listener);
    drop(stop);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
        warn!("connections over HTTP are cut off: they did not end in time");
    }
}

/// Answers the requests of one connection. When the sender of `stopped` is gone, the request under
/// way is the last.
pub async fn serve_connection<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    limits: &config::Http,
    mut stopped: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let longest_head = limits.head.unwrap_or(UNLIMITED).clamp(8192, UNLIMITED);
    let stream = stream::MendedStream::new(
        stream,
        head::Limits {
            head: longest_head,
            body: limits.body.unwrap_or(UNLIMITED),
        },
        stream::Patience {
            request: limits.request_deadline,
            idle: limits.idle,
        },
    );
    let service = ServiceBuilder::new()
        .map_request(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        })
        .service(router);
    // The deadlines are those of the stream.
    let connection = http1::Builder::new()
        .title_case_headers(true)
        .half_close(true)
        .header_read_timeout(None)
        .max_buf_size(longest_head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        let error = anyhow::Error::from(error);
        debug!(%peer, error = format!("{error:#}"), "connection over HTTP broke off");
    }
}

/// The body of a request, whole and within its limit.
#[derive(Clone, Debug)]
pub struct Document(pub Bytes);

impl FromRequest<Services> for Document {
    type Rejection = Response;

    async fn from_request(request: Request, services: &Services) -> Result<Self, Response> {
        let limit = services.config.http.body.unwrap_or(usize::MAX);
        let body = request.into_body();
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        match Limited::new(body, limit).collect().await {
            Ok(body) => Ok(Self(body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
            Err(error) => Err(Failure::because(format!("the body broke off: {error}"))
                .on(StatusCode::BAD_REQUEST)),
        }
    }
}

/// Why an answer is not what the client hoped for. Attached to the answer; the log shows it.
///
/// Never has a password or a ticket in it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The account's handle as the client wrote it, if it did.
    pub handle: Option<String>,
    /// Why, in a few words.
    pub why: Cow<'static, str>,
    /// The client asked for what it cannot have, whatever the status says: SOAP faults go out with
    /// 500, which is nothing that the operator must look at.
    pub is_refusal: bool,
}

impl Failure {
    /// A failure of nobody in particular.
    pub fn because(why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            handle: None,
            why: why.into(),
            is_refusal: false,
        }
    }

    /// A failure of whoever says to be this account.
    pub fn of(handle: &str, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            handle: Some(handle.chars().take(HANDLE_SHOWN).collect()),
            why: why.into(),
            is_refusal: false,
        }
    }

    /// The same, as the client's own doing.
    pub fn of_the_client(self) -> Self {
        Self {
            is_refusal: true,
            ..self
        }
    }

    /// The answer, with this as its reason.
    pub fn on(self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}

/// A route of a service: what it is asked with, and a word for people who look at it.
pub fn service(asked: MethodRouter<Services>) -> MethodRouter<Services> {
    asked.get(async || {
        (
            [(CONTENT_TYPE, "text/plain; charset=utf-8")],
            "Papilio, a Messenger service. This page is for Messenger clients.\n",
        )
    })
}

/// An answer in XML (services-auth, 0).
pub fn xml(document: String) -> Response {
    (
        [(CONTENT_TYPE, "text/xml; charset=utf-8")],
        Body::from(document),
    )
        .into_response()
}

/// What a request in XML may ask of the parser.
pub fn xml_limits(limits: &config::Http) -> envelope::Limits {
    let usual = envelope::Limits::default();
    envelope::Limits {
        bytes: limits.xml_size.unwrap_or(usize::MAX),
        depth: limits.xml_depth.unwrap_or(usize::MAX),
        attributes: usual.attributes.max(32),
        ..usual
    }
}

/// Messenger posts nothing to see whether somebody is there (services-auth, 11).
async fn connection_test(Document(body): Document) -> Response {
    if body.is_empty() {
        StatusCode::OK.into_response()
    } else {
        Failure::because("posted to no service").on(StatusCode::NOT_FOUND)
    }
}

fn too_large(limit: usize) -> Response {
    Failure::because(format!("the body is longer than {limit} bytes")).on((
        StatusCode::PAYLOAD_TOO_LARGE,
        [(axum::http::header::CONNECTION, "close")],
    ))
}

/// The same address with its path in lower case, without doubled slashes, and without what stands
/// before `rst.srf`.
fn canonical(uri: &Uri) -> Uri {
    let mut path = String::with_capacity(uri.path().len());
    for c in uri.path().chars() {
        if c != '/' || !path.ends_with('/') {
            path.push(c.to_ascii_lowercase());
        }
    }
    if path.ends_with("/rst.srf") {
        "/rst.srf".clone_into(&mut path);
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    // What came out of an address goes back into one.
    path.parse().unwrap_or_default()
}

/// How long requests under way may take once the end has come.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The longest part of what a client says to be its handle that the log shows.
const HANDLE_SHOWN: usize = 129;

/// Stands for "no limit" where the library wants a number of bytes.
const UNLIMITED: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_without_regard_to_case_and_doubled_slashes() {
        for (sent, canonical_form) in [
            ("/RST.srf", "/rst.srf"),
            ("//RST.srf", "/rst.srf"),
            ("/pp550//rst.SRF?Lc=1033", "/rst.srf?Lc=1033"),
            ("/NotRST.srf", "/notrst.srf"),
            ("//", "/"),
            ("http://login.live.com/RST.srf", "/rst.srf"),
            (
                "/Config/MsgrConfig.asmx?op=A",
                "/config/msgrconfig.asmx?op=A",
            ),
            ("/a%2Fb", "/a%2fb"),
        ] {
            let uri: Uri = sent.parse().unwrap();
            assert_eq!(canonical(&uri).to_string(), canonical_form, "{sent}");
        }
    }
}
