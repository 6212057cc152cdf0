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
//!   `contacts` is the door of two, the address book and sharing services.
//! * What all services share: [`Document`], the body of a request, and [`Failure`], the reason that
//!   the log gives for an answer.

mod abook;
pub mod admin;
mod answer;
mod banned;
pub mod client_config;
mod companions;
mod contacts;
pub mod gateway;
pub mod head;
mod health;
mod live;
pub mod login;
mod oim;
mod own_address;
mod pages;
mod passport;
mod root_certificate;
mod rsi;
mod serve;
mod setup;
mod sharing;
mod storage;
pub mod stream;
mod tile;
mod transport;

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as _;
use msnp::soap::envelope;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::admin::Office;
use crate::config::{self, Config};
use crate::credentials::Credentials;
use crate::listen::Reception;
use crate::mail::{MailError, Mailer};
use crate::node::Node;
use crate::password::Passwords;
use crate::store::Store;

pub use gateway::Gateway;
pub use live::Live;
pub use root_certificate::{ROOT_CERTIFICATE, ROOT_CERTIFICATE_PEM};
#[cfg(feature = "tls")]
pub use serve::serve_mixed;
pub use serve::{Ends, serve, serve_connection};
pub use transport::Transport;

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
    /// Messenger's own protocol, over HTTP.
    pub gateway: Gateway,
    /// What operators do.
    pub office: Office,
    /// Mail to people, if there is any.
    pub mail: Option<Mailer>,
}

impl Services {
    /// The services around what lets clients in. `live` is what operators reach of a process that serves.
    pub fn new(
        config: &Config,
        reception: &Reception,
        passwords: Passwords,
        live: Option<Arc<crate::admin::Live>>,
    ) -> Result<Self, MailError> {
        let (store, node) = (Store::clone(&reception.store), Arc::clone(&reception.node));
        let credentials = Credentials::new(store.clone(), passwords.clone(), config.throttle());
        Ok(Self {
            credentials: credentials.closed_to(Arc::clone(&node.bans)),
            config: Arc::new(config.clone()),
            gateway: Gateway::new(&config.gateway, reception.clone()),
            office: Office::new(store.clone(), passwords, config, live),
            mail: Mailer::start(&config.mail)?,
            store,
            node,
        })
    }
}

/// The services by their paths, whatever the host. Paths match without regard to case and to
/// doubled slashes, and `RST.srf` with anything before it (services-auth, 3).
pub fn router(services: Services) -> Router {
    let with_tickets = Router::new()
        .merge(contacts::routes())
        .merge(storage::routes(&services.config))
        .merge(oim::routes(&services.config.offline_messages))
        .merge(rsi::routes())
        .route_layer(axum::middleware::from_fn_with_state(
            services.clone(),
            banned::refuse,
        ));
    let routes = Router::new()
        .route("/", post(connection_test).get(setup::front))
        .merge(login::routes())
        .merge(client_config::routes())
        .merge(companions::routes())
        .merge(with_tickets)
        .merge(gateway::routes())
        .merge(pages::routes(&services))
        .merge(passport::routes())
        .merge(setup::routes())
        .merge(root_certificate::routes())
        .merge(health::routes())
        .merge(admin::routes(&services))
        .fallback(async || StatusCode::NOT_FOUND)
        .with_state(services);
    wrapped(routes)
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
        let mut body = Limited::new(body, limit);
        // In one piece: many small ones that wait for the last leave the memory in shreds.
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    if let Some(data) = frame.data_ref() {
                        whole.extend_from_slice(data);
                    }
                }
                Err(error) if error.is::<LengthLimitError>() => return Err(too_large(limit)),
                Err(error) => {
                    return Err(Failure::because(format!("the body broke off: {error}"))
                        .on(StatusCode::BAD_REQUEST));
                }
            }
        }
        Ok(Self(whole.freeze()))
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
            why: shown(why.into()),
            is_refusal: false,
        }
    }

    /// A failure of whoever says to be this account.
    pub fn of(handle: &str, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            handle: Some(handle.chars().take(HANDLE_SHOWN).collect()),
            why: shown(why.into()),
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

/// As much of a reason as the log shows: what a client wrote may stand in it.
fn shown(mut why: Cow<'static, str>) -> Cow<'static, str> {
    if why.len() > WHY_SHOWN {
        let end = why.floor_char_boundary(WHY_SHOWN);
        why = format!("{} ...", &why[..end]).into();
    }
    why
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

/// What every request goes through on its way to a route, and every answer on its way back.
fn wrapped(routes: Router) -> Router {
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

/// The same address with its path in lower case, without doubled slashes, without what stands before
/// `rst.srf` and `rst2.srf`, and without the rest of `PassportURLs` behind `login2.srf` (see [`passport`]).
fn canonical(uri: &Uri) -> Uri {
    let mut path = String::with_capacity(uri.path().len());
    for c in uri.path().chars() {
        if c != '/' || !path.ends_with('/') {
            path.push(c.to_ascii_lowercase());
        }
    }
    for service in ["/rst.srf", "/rst2.srf"] {
        if path.ends_with(service) {
            service.clone_into(&mut path);
        }
    }
    if path.starts_with("/login2.srf,") {
        "/login2.srf".clone_into(&mut path);
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    // What came out of an address goes back into one.
    path.parse().unwrap_or_default()
}

/// The longest part of what a client says to be its handle that the log shows.
const HANDLE_SHOWN: usize = 129;

/// The longest reason that the log shows, in bytes.
const WHY_SHOWN: usize = 300;

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::routing::get;
    use hyper::body::Frame;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(routes: Router, path: &str) -> Response {
        let request = Request::get(path).body(Body::empty()).unwrap();
        wrapped(routes).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_service_that_breaks_fails_that_request_alone() {
        async fn broken() -> StatusCode {
            panic!("broken");
        }
        let routes = Router::new()
            .route("/broken", get(broken))
            .route("/whole", get(async || StatusCode::OK));
        let answer = ask(routes.clone(), "/Broken").await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let failure = answer.extensions().get::<Failure>().unwrap();
        assert_eq!(failure.why, "the service broke: broken");
        assert_eq!(ask(routes, "/whole").await.status(), StatusCode::OK);
    }

    /// A body that does not know its own length.
    struct Unmeasured(Option<Bytes>);

    impl hyper::body::Body for Unmeasured {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    #[tokio::test]
    async fn every_answer_knows_its_length() {
        let body = || Body::new(Unmeasured(Some(Bytes::from_static(b"twelve bytes"))));
        let routes = Router::new().route("/", get(async move || body()));
        let answer = ask(routes, "/").await;
        assert_eq!(answer.into_body().size_hint().exact(), Some(12));
    }

    #[test]
    fn a_reason_is_no_longer_than_a_line() {
        let long = "\u{e9}".repeat(1000);
        for failure in [
            Failure::because(long.clone()),
            Failure::of(&long, long.clone()),
        ] {
            assert_eq!(failure.why, format!("{} ...", "\u{e9}".repeat(150)));
        }
        assert_eq!(Failure::because("short").why, "short");
    }

    #[test]
    fn paths_match_without_regard_to_case_and_doubled_slashes() {
        for (sent, canonical_form) in [
            ("/RST.srf", "/rst.srf"),
            ("//RST.srf", "/rst.srf"),
            ("/pp550//rst.SRF?Lc=1033", "/rst.srf?Lc=1033"),
            ("/NotRST.srf", "/notrst.srf"),
            ("/pp900//RST2.srf", "/rst2.srf"),
            ("//", "/"),
            ("http://login.live.com/RST.srf", "/rst.srf"),
            (
                "/Config/MsgrConfig.asmx?op=A",
                "/config/msgrconfig.asmx?op=A",
            ),
            ("/a%2Fb", "/a%2fb"),
            ("/login2.srf,DAReg=http://x/,DARealm=y", "/login2.srf"),
            ("/login2.srfs", "/login2.srfs"),
        ] {
            let uri: Uri = sent.parse().unwrap();
            assert_eq!(canonical(&uri).to_string(), canonical_form, "{sent}");
        }
    }
}
