//! The door of the address book and sharing services: both paths, both ways to show a ticket, faults.
//!
//! services-addressbook, 1 and 9. Every operation is answered on both paths; the first element of the
//! body says which one it is, whatever `SOAPAction` says.
//!
//! ```text
//!   Document -> operation -> whose? (cookie MSPAuth, or TicketToken) -> turn -> abook | sharing -> store
//!                                                                                                   |
//!                                      answer  <-  directory.apply (presence, ADL 0, RML 0, NOT)  <-'
//! ```

use std::borrow::Cow;

use axum::Router;
use axum::extract::State;
use axum::http::header::{COOKIE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use jiff::Timestamp;
use msnp::proof::tweener::Ticket;
use msnp::soap::abook::AddressBookRequest;
use msnp::soap::envelope::{Document as Envelope, Element, ServiceHeader};
use msnp::soap::refusal::Refusal;
use msnp::soap::sharing::SharingRequest;
use uuid::Uuid;

use super::{Document, Failure, Services, abook, service, sharing, xml, xml_limits};
use crate::store::StoreError;
use crate::store::account::{Account, AccountId};
use crate::store::roster::{Changed, RosterError, RosterWriter};
use crate::turns::Turn;

/// The routes of both services.
pub(super) fn routes() -> Router<Services> {
    Router::new()
        .route("/abservice/abservice.asmx", service(post(answer)))
        .route("/abservice/sharingservice.asmx", service(post(answer)))
}

async fn answer(
    State(services): State<Services>,
    headers: HeaderMap,
    Document(body): Document,
) -> Response {
    let request = match Envelope::parse(&body, &xml_limits(&services.config.http)) {
        Ok(request) => request,
        Err(error) => return refused(None, "", &error.into()),
    };
    let operation = request.request().name();
    let now = Timestamp::now();
    let turn = match holder(&services, &headers, &request, now) {
        Some(account) => services.node.turns.take(account).await,
        None => return refused(None, operation, &Refusal::NotAuthenticated),
    };
    let account = match authenticate(&services, &headers, &request, now).await {
        Ok(Some(account)) => account,
        Ok(None) => return refused(None, operation, &Refusal::NotAuthenticated),
        Err(error) => return broken("", operation, &error),
    };
    // A client that goes away must not take half of an operation with it: what is stored is told to
    // the directory, whoever waits for the answer.
    let asked = Asked {
        services,
        header: header(&headers, account.id),
        account,
        now,
        _turn: turn,
    };
    let handle = asked.account.handle.clone();
    let outcome = tokio::spawn({
        let request = request.clone();
        async move { asked.answer(request.request()).await }
    });
    match outcome.await {
        Ok(Ok(document)) => xml(document),
        Ok(Err(RosterError::Refused(refusal))) => {
            refused(Some(handle.as_str()), operation, &refusal)
        }
        Ok(Err(error)) => broken(handle.as_str(), operation, &error),
        Err(panic) => broken(handle.as_str(), operation, &panic),
    }
}

/// A request, and whose it is.
pub(super) struct Asked {
    services: Services,
    /// The header of the answer.
    pub(super) header: ServiceHeader,
    pub(super) account: Account,
    now: Timestamp,
    /// Given back when all is done, even for a client that has gone away.
    _turn: Turn,
}

impl Asked {
    /// Does what is asked; the answer's document.
    async fn answer(&self, request: &Element) -> Result<String, RosterError> {
        let operation = request.name();
        if AddressBookRequest::knows(operation) {
            abook::answer(self, AddressBookRequest::read(request)?).await
        } else if SharingRequest::knows(operation) {
            sharing::answer(self, SharingRequest::read(request)?).await
        } else {
            Err(Refusal::Forbidden(operation.to_owned()).into())
        }
    }

    pub(super) fn store(&self) -> &crate::store::Store {
        &self.services.store
    }

    /// Makes a change, and tells the directory of it. Changes are made and told one after another, so
    /// that the last one stored is the last one told: told in another order, somebody just blocked
    /// might be let in again by what an addition said a moment before.
    pub(super) async fn change<'a, T, F>(
        &'a self,
        change: impl FnOnce(RosterWriter<'a>) -> F,
    ) -> Result<T, RosterError>
    where
        F: Future<Output = Result<Changed<T>, RosterError>>,
    {
        let services = &self.services;
        let writer =
            services
                .store
                .roster_writer(self.account.id, &services.config.lists, self.now);
        let _turn = services.node.roster_turn.lock().await;
        let Changed { answer, changes } = change(writer).await?;
        services
            .node
            .directory
            .apply(&self.account, changes, self.now);
        Ok(answer)
    }
}

/// The account whose ticket is shown, by either way: MSNP13 sends cookies, MSNP15 and later have the
/// ticket in the document. Which service the ticket was made for does not matter (RULINGS).
pub(super) async fn authenticate(
    services: &Services,
    headers: &HeaderMap,
    request: &Envelope,
    now: Timestamp,
) -> Result<Option<Account>, StoreError> {
    for ticket in shown(headers, request) {
        let account = services
            .store
            .account_of_ticket(ticket.as_str(), now)
            .await?;
        if account.is_some() {
            return Ok(account);
        }
    }
    Ok(None)
}

/// Who was given a ticket that is shown, by what it says alone.
pub(super) fn holder(
    services: &Services,
    headers: &HeaderMap,
    request: &Envelope,
    now: Timestamp,
) -> Option<AccountId> {
    let key = services.store.ticket_key();
    let genuine = |ticket: Ticket| key.check(ticket.as_str(), now).ok();
    let claims = shown(headers, request).find_map(genuine)?;
    Some(claims.account)
}

/// The tickets that are shown.
fn shown<'a>(
    headers: &'a HeaderMap,
    request: &'a Envelope,
) -> impl Iterator<Item = Ticket> + use<'a> {
    request
        .ticket_token()
        .map(Cow::Borrowed)
        .into_iter()
        .chain(cookies(headers))
        .filter_map(|text| Ticket::parse(&text))
        .take(TICKETS_TRIED)
}

/// The values of the cookie `MSPAuth`, `MSPAuth==value` among them.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cow<'_, str>> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("MSPAuth"))
        .map(|(_, value)| Cow::Borrowed(value.trim().trim_start_matches('=')))
}

fn header(headers: &HeaderMap, account: AccountId) -> ServiceHeader {
    ServiceHeader {
        cache_key: cache_key(account),
        preferred_host: preferred_host(headers),
        session_id: Uuid::new_v4().to_string(),
    }
}

/// Opaque, the same for every answer to an account.
pub(super) fn cache_key(account: AccountId) -> String {
    format!("12r1:{:016x}", account.puid())
}

/// The host that the client came to. Some clients turn to it over HTTPS from then on, so it is only
/// named where they would find us there: under a name, on a usual port.
fn preferred_host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let name = match host.split_once(':') {
        Some((name, "80" | "443")) => name,
        Some(_) => return None,
        None => host,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    ((1..=253).contains(&name.len()) && name.bytes().all(plain)).then(|| name.to_owned())
}

/// The fault for a client that asks for what cannot be.
fn refused(handle: Option<&str>, operation: &str, refusal: &Refusal) -> Response {
    let why = match operation {
        "" => refusal.to_string(),
        operation => format!("{}: {refusal}", named(operation)),
    };
    let failure = match handle {
        Some(handle) => Failure::of(handle, why),
        None => Failure::because(why),
    };
    failure.of_the_client().on(fault(operation, refusal))
}

/// The fault for trouble of ours: the client learns that there is some, the log learns which.
fn broken(handle: &str, operation: &str, error: &dyn std::fmt::Display) -> Response {
    Failure::of(handle, format!("{}: {error}", named(operation)))
        .on(fault(operation, &Refusal::Unavailable))
}

fn fault(operation: &str, refusal: &Refusal) -> (StatusCode, Response) {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        xml(refusal.to_xml(operation)),
    )
}

/// As much of an operation's name as the log shows.
pub(super) fn named(operation: &str) -> &str {
    operation
        .char_indices()
        .nth(OPERATION_SHOWN)
        .map_or(operation, |(end, _)| &operation[..end])
}

/// More tickets than that nobody has.
const TICKETS_TRIED: usize = 4;

/// Longer names of operations nobody knows.
const OPERATION_SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: axum::http::HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, axum::http::HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn cookies_in_every_form() {
        let headers = with(
            COOKIE,
            &[
                "MSPAuth=one;MSPProf=p",
                "x=y; mspauth==two ;MSPAuth=",
                "junk",
            ],
        );
        let found: Vec<_> = cookies(&headers).collect();
        assert_eq!(found, ["one", "two", ""]);
    }

    #[test]
    fn the_host_is_named_where_the_client_would_find_us() {
        for (host, expected) in [
            ("contacts.msn.com", Some("contacts.msn.com")),
            ("contacts.msn.com:443", Some("contacts.msn.com")),
            (
                "by6.omega.contacts.msn.com:80",
                Some("by6.omega.contacts.msn.com"),
            ),
            ("localhost:8080", None),
            ("[::1]:80", None),
            ("a b", None),
            ("", None),
        ] {
            assert_eq!(
                preferred_host(&with(HOST, &[host])).as_deref(),
                expected,
                "{host}"
            );
        }
        assert_eq!(preferred_host(&HeaderMap::new()), None);
    }
}
