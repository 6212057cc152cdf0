//! Passport 1.4: how Messenger up to 7.0, and clients of its time, fetch their ticket
//! (services-auth, 10).
//!
//! ```text
//!   GET /rdr/pprdr.asp                            -> PassportURLs: where to sign in
//!   GET /login2.srf, Authorization: Passport1.4   -> Authentication-Info with a ticket, or 401
//! ```
//!
//! Whatever is wrong with handle or password, the answer is the same, after the same work.

use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use percent_encoding::percent_decode;

use super::login::{issue, unavailable};
use super::own_address::{OwnAddress, is_historic, named_host};
use super::{Failure, Services};
use crate::config::Config;

/// The routes of this service.
pub(super) fn routes() -> Router<Services> {
    Router::new()
        .route("/rdr/pprdr.asp", get(nexus))
        .route("/login2.srf", get(login))
}

/// `pprdr.asp`, the nexus: everything is in the header.
///
/// The header is there twice, because no single order of its fields suits every client: msnp11-sdk
/// wants `DALogin` at the very beginning and takes all that follows for a part of the address,
/// Kopete looks for `DARealm`, `DALogin` and `DAReg` in a row.
async fn nexus(State(services): State<Services>, own: OwnAddress, headers: HeaderMap) -> Response {
    let host = login_host(&headers, &services.config);
    let (asked, page) = (own.authority_over_tls(&host), own.origin_at(&host));
    let login = format!("DALogin={asked}/login2.srf,DAReg={page}/");
    let rest = format!(
        "Properties={page}/,Privacy={page}/,GeneralRedir={page}/,Help={page}/,ConfigVersion=11"
    );
    AppendHeaders([
        (PASSPORT_URLS, format!("{login},{REALM},{rest}")),
        (PASSPORT_URLS, format!("{REALM},{login},{rest}")),
    ])
    .into_response()
}

/// `login2.srf`: a handle and a password for a ticket.
async fn login(
    State(services): State<Services>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    own: OwnAddress,
    headers: HeaderMap,
) -> Response {
    let refused = || {
        let page = own.origin_at(&login_host(&headers, &services.config));
        let again = format!(
            "Passport1.4 da-status=failed,srealm=Passport.NET,ts=-3,prompt,\
             cburl={page}/,cbtxt={TRY_AGAIN}"
        );
        let headers = [(WWW_AUTHENTICATE, again), (CONTENT_TYPE, HTML.to_owned())];
        (StatusCode::UNAUTHORIZED, headers).into_response()
    };
    let Some(Presented { handle, password }) = headers.get(AUTHORIZATION).and_then(Presented::read)
    else {
        return Failure::because("no handle or no password of Passport 1.4").on(refused());
    };
    let checked = services
        .credentials
        .check(peer.ip(), &handle, &password, Instant::now())
        .await;
    match checked {
        Ok(Some(account)) => {
            let issued = issue(&services, &account, Timestamp::now());
            let granted = format!(
                "Passport1.4 da-status=success,tname=MSPAuth,tname=MSPProf,tname=MSPSec,\
                 from-PP='t={}&p={}',ru=http://messenger.msn.com",
                issued.t, issued.p
            );
            let headers = [
                (AUTHENTICATION_INFO, granted),
                (CONTENT_TYPE, HTML.to_owned()),
            ];
            headers.into_response()
        }
        // The credentials have said in the log why.
        Ok(None) => refused(),
        Err(error) => unavailable(&handle, &error),
    }
}

/// The host that the client is to ask next, as it knows it. Some clients want it without scheme: they come
/// over TLS.
fn login_host(headers: &HeaderMap, config: &Config) -> String {
    const HISTORIC: &str = "login.passport.com";
    let advertised = config.advertise.as_ref();
    match named_host(headers) {
        // Led here under one name of the historic service it is led here under the others too.
        Some(host) if is_historic(host) => HISTORIC.to_owned(),
        Some(host) => host.to_owned(),
        None => advertised.map_or(HISTORIC.to_owned(), |advertised| advertised.host.clone()),
    }
}

/// What a client presents in `Authorization`. Has no `Debug`: it is a password.
struct Presented {
    handle: String,
    password: String,
}

impl Presented {
    /// `Passport1.4 OrgVerb=GET,OrgURL=...,sign-in=...,pwd=...` and the parameters of `USR TWN S`,
    /// among which the first of each name counts.
    fn read(header: &HeaderValue) -> Option<Self> {
        let (scheme, fields) = split_once(header.as_bytes(), b' ')?;
        if !scheme.eq_ignore_ascii_case(b"Passport1.4") {
            return None;
        }
        let value = |name: &str| {
            fields
                .split(|&byte| byte == b',')
                .filter_map(|field| split_once(field, b'='))
                .find(|(key, _)| key.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
                .map(|(_, value)| decoded(value.trim_ascii()))
        };
        Some(Self {
            handle: value("sign-in")?,
            password: value("pwd")?,
        })
    }
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().position(|&byte| byte == at)?;
    Some((&bytes[..place], &bytes[place + 1..]))
}

/// Percent-decoded; what is no percent code is itself. What is then no UTF-8 is Latin-1.
fn decoded(value: &[u8]) -> String {
    let bytes: Vec<u8> = percent_decode(value).collect();
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect())
}

const PASSPORT_URLS: HeaderName = HeaderName::from_static("passporturls");
const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");
const REALM: &str = "DARealm=Passport.Net";

/// Messenger takes a ticket from no other type (services-auth, 10).
const HTML: &str = "text/html";

/// For the person at the client, percent-encoded, and last: one client reads on to the line's end.
const TRY_AGAIN: &str = "The%20address%20or%20the%20password%20is%20wrong.";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &[u8]) -> Option<(String, String)> {
        let header = HeaderValue::from_bytes(header).unwrap();
        Presented::read(&header).map(|Presented { handle, password }| (handle, password))
    }

    #[test]
    fn every_form_that_clients_send() {
        for (header, handle, password) in [
            (
                &b"Passport1.4 OrgVerb=GET,OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,\
                   sign-in=alice%40example%2Eorg,pwd=a%2Cb%26c,ct=1,id=507,ru=http:%2F%2Fx"[..],
                "alice@example.org",
                "a,b&c",
            ),
            (b"passport1.4 Sign-In = a@x , PWD = b ", "a@x", "b"),
            (
                b"Passport1.4 sign-in=a@x,pwd=b,pwd=c,sign-in=d@x",
                "a@x",
                "b",
            ),
            // As raw as one client sends them.
            (b"Passport1.4 sign-in=a@x,pwd=100%,lc=1033", "a@x", "100%"),
            (b"Passport1.4 sign-in=a@x,pwd=%zz%4", "a@x", "%zz%4"),
            (b"Passport1.4 sign-in=a@x,pwd=a=b+c", "a@x", "a=b+c"),
            (b"Passport1.4 sign-in=a@x,pwd=", "a@x", ""),
            // UTF-8, and what Windows of the time made of the same word.
            (b"Passport1.4 sign-in=a@x,pwd=caf%C3%A9", "a@x", "caf\u{e9}"),
            (b"Passport1.4 sign-in=a@x,pwd=caf%E9", "a@x", "caf\u{e9}"),
        ] {
            let expected = Some((handle.to_owned(), password.to_owned()));
            assert_eq!(read(header), expected, "{}", header.escape_ascii());
        }
    }

    #[test]
    fn what_lacks_something_presents_nothing() {
        for header in [
            "",
            "Passport1.4",
            "Basic YTpi",
            "Passport1.4 OrgVerb=GET",
            "Passport1.4 sign-in=a@x",
            "Passport1.4 pwd=b",
            "Passport1.4 tname = , OrgVerb=GET",
            "Passport1.4sign-in=a@x,pwd=b",
        ] {
            assert_eq!(read(header.as_bytes()), None, "{header}");
        }
    }
}
