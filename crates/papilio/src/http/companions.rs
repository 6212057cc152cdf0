//! What Messenger asks for beside its services: tabs, advertisements, "MSN Today", pictures that count
//! visits (services-other, 2; services-auth, 11). All of it small and of this server; what is not here
//! is not there, and quickly so.
//!
//! Nobody is sent on from here to another host than this one, unless the operator says where.

use std::borrow::Cow;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use percent_encoding::percent_decode_str;

use super::client_config::{ShownTab, TAB_PICTURE, TODAY, address_book, tabs, today};
use super::own_address::{OwnAddress, leads_here};
use super::{Document, Services, xml};

/// The routes of all of them.
pub(super) fn routes() -> Router<Services> {
    let elsewhere = "Messenger's own pages are not part of this service.";
    Router::new()
        .route("/svcs/mms/tabs.asp", get(tab_list))
        .route("/svcs/mms/portal.asp", get(portal))
        .route("/svcs/mms/abch_config.asp", get(address_book_config))
        .route("/ads/text", get(text_ad))
        .route("/ads/banner", get(banner))
        .route("/adsadclient31.dll", get(banner))
        .route("/c.gif", get(async || picture("image/gif", BLANK)))
        .route(TAB_PICTURE, get(async || picture("image/png", TAB)))
        .route("/ppsecure/sha1auth.srf", get(onward).post(onward))
        .route(TODAY, get(async || page("Today", WELCOME)))
        .route("/search", get(async move || page("Search", elsewhere)))
        .route("/tos", get(async move || page("Terms of use", elsewhere)))
}

#[derive(Template)]
#[template(path = "tabs_asp.xml")]
struct TabList<'a> {
    tabs: Vec<ShownTab<'a>>,
}

/// For MSN Messenger 5 and 6. It has two roots: so it was, and so they read it.
async fn tab_list(State(services): State<Services>, own: OwnAddress) -> Response {
    let tabs = tabs(&services.config.client, &own);
    xml(TabList { tabs }.render().unwrap_or_default())
}

/// "MSN Today" of MSN Messenger 5 and 6.
async fn portal(State(services): State<Services>, own: OwnAddress) -> Response {
    found(today(&services.config.client, &own))
}

async fn address_book_config(own: OwnAddress) -> Response {
    let url = address_book(&own);
    xml(format!(
        "<abchconfig><url>{url}</url><refresh>0</refresh><percent>0.0</percent></abchconfig>"
    ))
}

#[derive(Template)]
#[template(path = "text_ad.xml")]
struct TextAd<'a> {
    text: &'a str,
    address: String,
}

async fn text_ad(State(services): State<Services>, own: OwnAddress) -> Response {
    let ad = &services.config.client.text_ad;
    let ad = TextAd {
        text: &ad.text,
        address: ad
            .address
            .as_ref()
            .map_or_else(String::new, |to| own.page(to)),
    };
    xml(ad.render().unwrap_or_default())
}

#[derive(Template)]
#[template(path = "banner.html")]
struct Banner {
    picture: Option<String>,
    address: Option<String>,
}

async fn banner(State(services): State<Services>, own: OwnAddress) -> Response {
    let banner = &services.config.client.banner;
    html(&Banner {
        picture: banner.picture.as_ref().map(|picture| own.page(picture)),
        address: banner.address.as_ref().map(|address| own.page(address)),
    })
}

/// What opens a web page for somebody who is signed in: the form says where to (`ru`) and shows a
/// ticket, which nothing here needs. Only pages of this server are opened so.
async fn onward(
    State(services): State<Services>,
    headers: HeaderMap,
    Document(form): Document,
) -> Response {
    let form = String::from_utf8_lossy(&form);
    match wanted(&form) {
        Some(address) if leads_here(&services.config, &headers, &address) => found(address),
        _ => page("Messenger", "This page is not part of this service."),
    }
}

/// The address in a form: `ru=...`, beside the ticket or within it.
fn wanted(form: &str) -> Option<String> {
    let field = |form: &str, name: &str| {
        form.split('&')
            .filter_map(|field| field.split_once('='))
            .find(|(found, _)| found.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    };
    let beside = field(form, "ru").map(|ru| decoded(&ru).into_owned());
    let address = beside.or_else(|| field(&decoded(&field(form, "token")?), "ru"))?;
    // Within the ticket it was encoded once more, or not.
    if address.starts_with('/') || address.contains("://") {
        Some(address)
    } else {
        Some(decoded(&address).into_owned())
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    title: &'a str,
    text: &'a str,
}

fn page(title: &str, text: &str) -> Response {
    html(&Page { title, text })
}

fn html(template: &impl Template) -> Response {
    (
        [(CONTENT_TYPE, "text/html; charset=utf-8")],
        template.render().unwrap_or_default(),
    )
        .into_response()
}

fn found(address: String) -> Response {
    (StatusCode::FOUND, [(LOCATION, address)]).into_response()
}

fn picture(kind: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "max-age=86400")];
    (headers, bytes).into_response()
}

const WELCOME: &str =
    "You have reached a Messenger service that runs Papilio. Sign in and say hello.";

/// One transparent pixel.
const BLANK: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\
      \x01\0\x01\0\0\x02\x02D\x01\0;";

/// A butterfly.
const TAB: &[u8] = include_bytes!("../../assets/tab.png");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_form_wants_to_go() {
        let expected = Some("http://msn.example.net/today?a=b".to_owned());
        for form in [
            "ru=http%3A%2F%2Fmsn.example.net%2Ftoday%3Fa%3Db",
            "token=t%3Dx%26p%3D&ru=http://msn.example.net/today?a=b",
            "token=t=x&p=&lc=1033&RU=http%3a%2f%2fmsn.example.net%2ftoday%3fa%3db",
            "token=t%3Dx%26p%3D%26lc%3D1033%26ru%3Dhttp%253A%252F%252Fmsn.example.net%252Ftoday%253Fa%253Db",
            "token=t%3Dx%26p%3D%26ru%3Dhttp%3A%2F%2Fmsn.example.net%2Ftoday%3Fa%3Db",
        ] {
            assert_eq!(wanted(form), expected, "{form}");
        }
        assert_eq!(
            wanted("token=%26ru%3D%252Ftoday"),
            Some("/today".to_owned())
        );
        for nothing in ["", "token=t%3Dx", "x", "&&=&"] {
            assert_eq!(wanted(nothing), None);
        }
    }

    #[test]
    fn the_pictures_are_pictures() {
        for bytes in [BLANK, TAB] {
            image::load_from_memory(bytes).unwrap();
        }
    }
}
