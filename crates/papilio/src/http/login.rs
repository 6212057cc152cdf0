//! The sign-in service: a handle and a password for tickets (services-auth, 3 to 8 and 11).
//!
//! ```text
//!   POST /RST.srf, /RST2.srf -> msnp::soap::rst::Request -> Credentials::check -> tickets, secrets
//!   POST /NotRST.srf, X-User, X-Password     ---------------------^            -> X-Token
//! ```
//!
//! Whatever is wrong with handle or password, the answer is the same, byte for byte but for the
//! time, after the same work.

use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::Timestamp;
use msnp::soap::rst::{
    self, Fault, Grant, Holder, Lifetime, Request, RequestError, TokenRequest, Wanted,
};
use msnp::soap::rst2;
use msnp::soap::time::UtcSecond;

use super::{Document, Failure, Services, service, xml, xml_limits};
use crate::credentials::CredentialsError;
use crate::store::account::Account;
use crate::store::ticket::IssuedTicket;

/// The routes of this service.
pub(super) fn routes() -> Router<Services> {
    Router::new()
        .route("/rst.srf", service(post(rst)))
        .route("/rst2.srf", service(post(rst2)))
        .route("/notrst.srf", service(post(not_rst)))
}

/// `RST.srf`: RequestMultipleSecurityTokens.
async fn rst(
    State(services): State<Services>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Document(document): Document,
) -> Response {
    tokens(Form::Rst, &services, peer, &document).await
}

/// `RST2.srf`: the same for clients from 2009 on.
async fn rst2(
    State(services): State<Services>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Document(document): Document,
) -> Response {
    tokens(Form::Rst2, &services, peer, &document).await
}

/// In which form is answered what is asked in the same way.
#[derive(Clone, Copy)]
enum Form {
    Rst,
    Rst2,
}

impl Form {
    fn answer(
        self,
        holder: &Holder<'_>,
        lifetime: Lifetime,
        granted: &[(TokenRequest, Grant)],
    ) -> Response {
        xml(match self {
            Self::Rst => rst::answer(holder, lifetime, granted),
            Self::Rst2 => rst2::answer(holder, lifetime, granted),
        })
    }

    fn fault(self, fault: Fault) -> Response {
        let now = second(Timestamp::now());
        xml(match self {
            Self::Rst => fault.write(now),
            Self::Rst2 => rst2::fault(fault, now),
        })
    }
}

async fn tokens(form: Form, services: &Services, peer: SocketAddr, document: &[u8]) -> Response {
    let request = match Request::read(document, &xml_limits(&services.config.http)) {
        Ok(request) => request,
        Err(error @ RequestError::Renewal) => {
            let failure = Failure::because(error.to_string());
            return failure.on(form.fault(Fault::FailedAuthentication));
        }
        Err(error) => {
            let failure = Failure::because(format!("not a request for tokens: {error}"));
            return failure.on(form.fault(Fault::InvalidRequest));
        }
    };
    let checked = services
        .credentials
        .check(
            peer.ip(),
            &request.username,
            request.password.expose(),
            Instant::now(),
        )
        .await;
    match checked {
        Ok(Some(account)) => tickets(form, services, &account, &request.tokens, peer),
        // The credentials have said in the log why.
        Ok(None) => form.fault(Fault::FailedAuthentication),
        Err(error) => unavailable(&request.username, &error),
    }
}

/// `NotRST.srf`: the short form for a replacement of Messenger's login library. Always 200 and
/// empty; `X-Token` is the value of `t`, there only when the password was right.
async fn not_rst(
    State(services): State<Services>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| std::str::from_utf8(value.as_bytes()).ok())
    };
    let (Some(handle), Some(password)) = (text(X_USER), text(X_PASSWORD)) else {
        return Failure::because("X-User or X-Password is missing").on(StatusCode::OK);
    };
    let checked = services
        .credentials
        .check(peer.ip(), handle, password, Instant::now())
        .await;
    match checked {
        Ok(Some(account)) => {
            let issued = issue(&services, &account, Timestamp::now());
            [(X_TOKEN, issued.t)].into_response()
        }
        Ok(None) => StatusCode::OK.into_response(),
        Err(error) => unavailable(handle, &error),
    }
}

/// The answer with a grant for every token asked.
fn tickets(
    form: Form,
    services: &Services,
    account: &Account,
    tokens: &[TokenRequest],
    peer: SocketAddr,
) -> Response {
    let now = Timestamp::now();
    let ticket = |with_secret: bool| {
        let issued = issue(services, account, now);
        Grant::Ticket {
            text: format!("t={}&p={}", issued.t, issued.p),
            secret: with_secret.then_some(issued.secret),
        }
    };
    let granted: Vec<_> = tokens
        .iter()
        .map(|token| {
            let grant = match token.wanted() {
                Wanted::Cipher => Grant::Cipher {
                    cipher: rand::random_iter().take(CIPHER_LENGTH).collect(),
                    secret: rand::random(),
                },
                Wanted::Ticket => ticket(false),
                Wanted::TicketWithSecret => ticket(true),
                Wanted::Nothing => Grant::Refused,
            };
            (token.clone(), grant)
        })
        .collect();
    let holder = Holder {
        handle: &account.handle,
        name: &account.name,
        puid: account.puid(),
        cid: account.cid().cast_unsigned(),
        peer: peer.ip().to_canonical(),
    };
    let issued = issue(services, account, now);
    let lifetime = Lifetime {
        created: second(issued.created),
        expires: second(issued.expires),
    };
    form.answer(&holder, lifetime, &granted)
}

pub(super) fn issue(services: &Services, account: &Account, now: Timestamp) -> IssuedTicket {
    let lifetime = services.config.sign_in.ticket_lifetime;
    services.store.ticket_key().issue(account, lifetime, now)
}

/// Not a fault of the credentials: the client may come again.
pub(super) fn unavailable(handle: &str, error: &CredentialsError) -> Response {
    Failure::of(handle, error.to_string())
        .on((StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]))
}

fn second(time: Timestamp) -> UtcSecond {
    UtcSecond::from_unix(time.as_second().try_into().unwrap_or(0))
}

const X_USER: HeaderName = HeaderName::from_static("x-user");
const X_PASSWORD: HeaderName = HeaderName::from_static("x-password");
const X_TOKEN: HeaderName = HeaderName::from_static("x-token");

/// How long a login cipher is in bytes. The historic ones had about as much.
const CIPHER_LENGTH: usize = 576;
