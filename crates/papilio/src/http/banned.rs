//! Keeps those away from what is asked with a ticket who come from where nobody may: a ticket of before
//! the ban holds for hours. Who signs in is kept away by [`crate::credentials`].

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;

use super::{Failure, Services};

/// Lets a request through, unless its address is banned.
pub(super) async fn refuse(
    State(services): State<Services>,
    request: Request,
    next: Next,
) -> Response {
    // Whoever calls the router without a connection comes from nowhere.
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_banned = peer
        .is_some_and(|ConnectInfo(peer)| services.node.bans.refuse(peer.ip(), Timestamp::now()));
    if is_banned {
        return Failure::because("the address is banned")
            .of_the_client()
            .on(StatusCode::FORBIDDEN);
    }
    next.run(request).await
}
