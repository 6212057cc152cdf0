//! Messenger's configuration, fetched before or during sign-in, without a ticket
//! (services-other, 1).
//!
//! * Windows Live Messenger 8.0 and later: `GET`, answered by the bare document.
//! * MSN Messenger 6.0 to 7.5: `POST`, answered by an envelope with the document as CDATA.
//!
//! Every address in it is built from the address of this server, but for those that the operator gives.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::own_address::OwnAddress;
use super::{Document, Services, xml};
use crate::config::Client;

/// The routes of this service.
pub(super) fn routes() -> Router<Services> {
    Router::new().route("/config/msgrconfig.asmx", get(bare).post(enveloped))
}

async fn bare(State(services): State<Services>, own: OwnAddress) -> Response {
    xml(document(&services, &own))
}

/// What is asked in the envelope (country and languages) changes nothing.
async fn enveloped(
    State(services): State<Services>,
    own: OwnAddress,
    Document(_): Document,
) -> Response {
    // Nothing in the document can end the CDATA: `>` is escaped in every text.
    let document = document(&services, &own);
    xml(format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body>\
         <GetClientConfigResponse xmlns=\"http://www.msn.com/webservices/Messenger/Client\">\
         <GetClientConfigResult><![CDATA[{document}]]></GetClientConfigResult>\
         </GetClientConfigResponse></soap:Body></soap:Envelope>"
    ))
}

/// A tab as clients know it, with its addresses whole.
pub(super) struct ShownTab<'a> {
    pub(super) name: &'a str,
    pub(super) address: String,
    pub(super) picture: String,
}

/// The tabs that the operator wants.
pub(super) fn tabs<'a>(client: &'a Client, own: &OwnAddress) -> Vec<ShownTab<'a>> {
    client
        .tabs
        .iter()
        .map(|tab| ShownTab {
            name: &tab.name,
            address: own.page(&tab.address),
            picture: match &tab.picture {
                Some(picture) => own.page(picture),
                None => own.at(TAB_PICTURE),
            },
        })
        .collect()
}

/// Where "MSN Today" leads.
pub(super) fn today(client: &Client, own: &OwnAddress) -> String {
    match &client.today {
        Some(today) => own.page(today),
        None => own.at(TODAY),
    }
}

/// Where the address book is. A client that was led here under a name of the historic service is best
/// served by the address that it has built in.
pub(super) fn address_book(own: &OwnAddress) -> String {
    if own.is_historic() {
        "https://contacts.msn.com/abservice/abservice.asmx".to_owned()
    } else {
        own.over_tls("/abservice/abservice.asmx")
    }
}

#[derive(Template)]
#[template(path = "msgr_config.xml")]
struct MsgrConfig<'a> {
    /// The host without a port.
    host: &'a str,
    /// What every address of this server begins with.
    origin: String,
    tabs: Vec<ShownTab<'a>>,
    today: String,
    address_book: String,
}

/// The document, with the addresses of this server.
fn document(services: &Services, own: &OwnAddress) -> String {
    let client = &services.config.client;
    let document = MsgrConfig {
        host: own.host(),
        origin: own.origin(),
        tabs: tabs(client, own),
        today: today(client, own),
        address_book: address_book(own),
    };
    document.render().unwrap_or_default()
}

/// The page that "MSN Today" and the first tab lead to.
pub(super) const TODAY: &str = "/today";

/// The picture of a tab that has none of its own.
pub(super) const TAB_PICTURE: &str = "/tab.png";
