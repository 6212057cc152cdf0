//! Messenger's configuration, fetched before or during sign-in, without a ticket
//! (services-other, 1).
//!
//! * Windows Live Messenger 8.0 and later: `GET`, answered by the bare document.
//! * MSN Messenger 6.0 to 7.5: `POST`, answered by an envelope with the document as CDATA.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::Response;
use axum::routing::get;

use super::{Document, Services, xml};

/// The routes of this service.
pub(super) fn routes() -> Router<Services> {
    Router::new().route("/config/msgrconfig.asmx", get(bare).post(enveloped))
}

async fn bare(State(services): State<Services>, headers: HeaderMap) -> Response {
    xml(document(&services, &headers))
}

/// What is asked in the envelope (country and languages) changes nothing.
async fn enveloped(
    State(services): State<Services>,
    headers: HeaderMap,
    Document(_): Document,
) -> Response {
    let document = document(&services, &headers);
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

#[derive(Template)]
#[template(path = "msgr_config.xml")]
struct MsgrConfig<'a> {
    /// The host without a port.
    host: &'a str,
    /// The host as it stands in an address, with its port if it has one.
    authority: &'a str,
    address_book: String,
}

/// The document, with the addresses of this server under the name by which the client knows it.
fn document(services: &Services, headers: &HeaderMap) -> String {
    let advertised = services
        .config
        .advertise
        .as_ref()
        .map(|advertised| advertised.host.clone());
    let authority = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .filter(|host| is_authority(host))
        .map(str::to_owned)
        .or(advertised)
        .unwrap_or_else(|| "localhost".to_owned());
    let host = host_of(&authority);
    // A client that was led here under a name of the historic service is led here under the others
    // too, and is best served by the address that it has built in.
    let address_book = if is_historic(host) {
        "https://contacts.msn.com/abservice/abservice.asmx".to_owned()
    } else {
        format!("http://{authority}/abservice/abservice.asmx")
    };
    let document = MsgrConfig {
        host,
        authority: &authority,
        address_book,
    };
    document.render().unwrap_or_default()
}

/// `name`, `name:port`, `1.2.3.4:port` or `[v6]:port`, and nothing that could mean something else.
pub(super) fn is_authority(text: &str) -> bool {
    (1..=260).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte))
}

/// The host without its port.
pub(super) fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

pub(super) fn is_historic(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    [
        "msn.com",
        "live.com",
        "hotmail.com",
        "passport.com",
        "passport.net",
    ]
    .iter()
    .any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        assert_eq!(host_of("a.example:8080"), "a.example");
        assert_eq!(host_of("[2001:db8::1]:80"), "[2001:db8::1]");
        assert_eq!(host_of("[2001:db8::1]"), "[2001:db8::1]");
        assert_eq!(host_of("a.example"), "a.example");
        assert!(is_historic("Config.Messenger.MSN.com") && is_historic("msn.com"));
        assert!(!is_historic("msn.com.example.org") && !is_historic("notmsn.com"));
        for odd in ["", "a b", "a/b", "a\"b", "a<b", "a@b", "a]]>b"] {
            assert!(!is_authority(odd), "{odd}");
        }
    }
}
