//! The storage service: the profile that roams, and its display picture (services-other, 3;
//! examples-soap, 2).
//!
//! Everything is about the account whose ticket is shown, and nobody else: what a request names must
//! be that account's. Whoever asks for another's profile learns that there is none, whether or not
//! there is; whoever would change it, that they may not.
//!
//! ```text
//!   Document -> whose? -> turn -> is what it names theirs? -> pictures (decode, encode) -> store
//! ```

mod operations;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use jiff::Timestamp;
use msnp::soap::envelope::Document as Envelope;
use msnp::soap::storage::Edition;
use msnp::soap::storage::answer::StorageHeader;
use msnp::soap::storage::fault::StorageFault;

use self::operations::{Asked, StorageError};
use super::own_address::OwnAddress;
use super::{Document, Failure, Services, contacts, service, tile, xml, xml_limits};
use crate::config::Config;
use crate::pictures::Pictures;

/// The routes of this service, and of the pictures that it keeps.
pub(super) fn routes(config: &Config) -> Router<Services> {
    Router::new()
        .route(
            "/storageservice/schematizedstore.asmx",
            service(post(answer)),
        )
        .layer(Extension(Pictures::new(config.pictures())))
        .merge(tile::routes())
}

async fn answer(
    State(services): State<Services>,
    Extension(pictures): Extension<Pictures>,
    address: OwnAddress,
    headers: HeaderMap,
    Document(body): Document,
) -> Response {
    let action = headers
        .get("soapaction")
        .and_then(|action| action.to_str().ok())
        .unwrap_or_default();
    let request = match Envelope::parse(&body, &xml_limits(&services.config.http)) {
        Ok(request) => request,
        Err(error) => return refused(Edition::asked(None, action), None, "", &error.into()),
    };
    let (operation, edition) = (
        request.request().name(),
        Edition::asked(Some(request.request()), action),
    );
    let now = Timestamp::now();
    let turn = match contacts::holder(&services, &headers, &request, now) {
        Some(account) => services.node.turns.take(account).await,
        None => return refused(edition, None, operation, &StorageFault::NotAuthenticated),
    };
    let account = match contacts::authenticate(&services, &headers, &request, now).await {
        Ok(Some(account)) => account,
        Ok(None) => return refused(edition, None, operation, &StorageFault::NotAuthenticated),
        Err(error) => return broken(edition, "", operation, &error),
    };
    let asked = Asked {
        header: StorageHeader {
            edition,
            cid: account.cid(),
            cache_key: contacts::cache_key(account.id),
            ticket_token: request.ticket_token().unwrap_or_default().to_owned(),
        },
        address,
        services,
        pictures,
        account,
        now,
        _turn: turn,
    };
    let handle = asked.account.handle.clone();
    // A client that goes away must not take half of an operation with it.
    let outcome = tokio::spawn({
        let request = request.clone();
        async move { asked.answer(request.request()).await }
    });
    match outcome.await {
        Ok(Ok(document)) => xml(document),
        Ok(Err(StorageError::Refused(fault))) => {
            refused(edition, Some(handle.as_str()), operation, &fault)
        }
        Ok(Err(error)) => broken(edition, handle.as_str(), operation, &error),
        Err(panic) => broken(edition, handle.as_str(), operation, &panic),
    }
}

/// The fault for a client that asks for what cannot be.
fn refused(
    edition: Edition,
    handle: Option<&str>,
    operation: &str,
    fault: &StorageFault,
) -> Response {
    let why = format!("{}: {fault}", contacts::named(operation));
    let failure = match handle {
        Some(handle) => Failure::of(handle, why),
        None => Failure::because(why),
    };
    failure
        .of_the_client()
        .on(document(edition, operation, fault))
}

/// The fault for trouble of ours: the client learns that there is some, the log learns which.
fn broken(
    edition: Edition,
    handle: &str,
    operation: &str,
    error: &dyn std::fmt::Display,
) -> Response {
    let why = format!("{}: {error}", contacts::named(operation));
    Failure::of(handle, why).on(document(edition, operation, &StorageFault::Unavailable))
}

fn document(edition: Edition, operation: &str, fault: &StorageFault) -> (StatusCode, Response) {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        xml(fault.to_xml(edition, operation)),
    )
}
