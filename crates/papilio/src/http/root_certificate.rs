//! The root of this server's certificates, for whoever sets up an old machine (services-other, 10).
//!
//! It is no secret, and is handed out over plain HTTP: who installs it should compare its fingerprint,
//! which `papilio cert show` prints.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Services;
use crate::tls::{pem, root_file};

/// Where the root is: Windows asks whether to install what comes from here.
pub const ROOT_CERTIFICATE: &str = "/papilio-root.crt";

/// The same in PEM, for clients that bring their own list of roots.
pub const ROOT_CERTIFICATE_PEM: &str = "/papilio-root.pem";

/// The routes of the root.
pub(super) fn routes() -> Router<Services> {
    Router::new()
        .route(ROOT_CERTIFICATE, get(der))
        .route(ROOT_CERTIFICATE_PEM, get(in_pem))
}

async fn der(State(services): State<Services>) -> Response {
    let root = read(&services).await;
    match root.and_then(|text| pem::certificate(&text)) {
        Some(der) => served("application/x-x509-ca-cert", "papilio-root.crt", der),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn in_pem(State(services): State<Services>) -> Response {
    match read(&services).await {
        Some(text) => served("application/x-pem-file", "papilio-root.pem", text),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The file, if there is one: a server without TLS has none.
async fn read(services: &Services) -> Option<String> {
    tokio::fs::read_to_string(root_file(&services.config))
        .await
        .ok()
}

fn served(kind: &'static str, name: &str, content: impl IntoResponse) -> Response {
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename={name}")),
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, content).into_response()
}
