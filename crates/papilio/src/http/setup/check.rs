//! The check page: does this browser reach this very server under every name that its client will ask
//! for? It shows a picture from each of them, and asks for nothing else of the browser.
//!
//! ```text
//!   the page:  "the code is 4821", nonce 9f3a...      4821 = HMAC(key of this service, nonce)
//!   <img src="http://login.live.com/papilio-check.png?n=9f3a...">    -> green, "OK 4821": it is us
//!                                                                    -> another code: another Papilio
//!                                                                    -> broken: somebody else
//! ```
//!
//! The address of a picture does not tell the code, so that no other server can draw it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::{html, no_such_page};
use crate::hosts::{self, Client, Door, Host, Need};
use crate::http::Services;

/// The path of the picture.
pub(in crate::http) const PICTURE: &str = "/papilio-check.png";

/// The page for the names that a client asks for.
pub(super) async fn page(State(services): State<Services>, Path(slug): Path<String>) -> Response {
    match slug.parse() {
        Ok(client) => answer(&services, Some(client)),
        Err(_) => no_such_page(),
    }
}

/// The page for every name.
pub(super) async fn page_for_any(State(services): State<Services>) -> Response {
    answer(&services, None)
}

#[derive(Template)]
#[template(path = "setup/check.html")]
struct CheckPage {
    client: Option<Client>,
    others: [Client; 12],
    names: Vec<Checked>,
    code: String,
    nonce: String,
}

/// A name, and how it can be tried.
struct Checked {
    name: &'static str,
    need: Need,
    purpose: &'static str,
    is_secure: bool,
}

fn answer(services: &Services, client: Option<Client>) -> Response {
    let needs = |host: &Host| match client {
        Some(client) => host.need_of(client),
        None => Client::ALL.iter().filter_map(|&c| host.need_of(c)).min(),
    };
    let mut names: Vec<_> = hosts::all()
        .iter()
        .filter(|host| !host.is_wildcard())
        .filter_map(|host| {
            Some(Checked {
                name: host.name,
                need: needs(host).filter(|&need| need != Need::Optional)?,
                purpose: host.purpose,
                is_secure: host.doors.contains(&Door::Https),
            })
        })
        .collect();
    names.sort_by_key(|checked| checked.need);
    let nonce = format!("{:016x}", rand::random::<u64>());
    let mut page = html(&CheckPage {
        client,
        others: Client::ALL,
        names,
        code: code(services, &nonce),
        nonce,
    });
    let headers = page.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    page
}

/// The picture, in green, with the code that belongs to the page that asks.
pub(super) async fn picture(State(services): State<Services>, asked: Uri) -> Response {
    let is_nonce = |n: &&str| n.len() == 16 && n.bytes().all(|b| b.is_ascii_hexdigit());
    let nonce = asked.query().and_then(|query| query.strip_prefix("n="));
    let Some(nonce) = nonce.filter(is_nonce) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let pixels = drawn(&format!("OK {}", code(&services, nonce)));
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new(&mut bytes);
    match encoder.write_image(&pixels, WIDTH, HEIGHT, ExtendedColorType::Rgb8) {
        Ok(()) => {
            let headers = [(CONTENT_TYPE, "image/png"), (CACHE_CONTROL, "no-store")];
            (headers, bytes).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Four digits that nobody else would show.
fn code(services: &Services, nonce: &str) -> String {
    services.store.ticket_key().check_code(nonce)
}

/// White on green, each dot of a letter two pixels wide and high.
fn drawn(text: &str) -> Vec<u8> {
    let (width, height) = (WIDTH as usize, HEIGHT as usize);
    let mut pixels = GREEN.repeat(width * height);
    let left = (width - text.len() * ADVANCE) / 2;
    for (place, letter) in text.chars().enumerate() {
        for (row, dots) in glyph(letter).into_iter().enumerate() {
            for column in (0..5).filter(|column| dots & (0b10000 >> column) != 0) {
                let x = left + place * ADVANCE + 2 * column;
                let y = 3 + 2 * row;
                for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
                    let at = 3 * (y * width + x);
                    if let Some(pixel) = pixels.get_mut(at..at + 3) {
                        pixel.copy_from_slice(&WHITE);
                    }
                }
            }
        }
    }
    pixels
}

/// Seven rows of five dots.
fn glyph(letter: char) -> [u8; 7] {
    match letter {
        'O' => [0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e],
        'K' => [0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11],
        '0' => [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e],
        '1' => [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e],
        '2' => [0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f],
        '3' => [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e],
        '4' => [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02],
        '5' => [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e],
        '6' => [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e],
        '7' => [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08],
        '8' => [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e],
        '9' => [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c],
        _ => [0; 7],
    }
}

const WIDTH: u32 = 110;
const HEIGHT: u32 = 20;

/// From one letter to the next.
const ADVANCE: usize = 12;

const GREEN: [u8; 3] = [0, 0x80, 0x33];
const WHITE: [u8; 3] = [0xff; 3];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_its_text() {
        let pixels = drawn("OK 1863");
        assert_eq!(pixels.len() as u32, 3 * WIDTH * HEIGHT);
        let white = pixels.chunks(3).filter(|pixel| **pixel == WHITE).count() as u32;
        let dots: u32 = "OK1863".chars().flat_map(glyph).map(u8::count_ones).sum();
        assert_eq!(white, 4 * dots, "nothing is cut off, nothing overlaps");
        let different: std::collections::BTreeSet<_> = "OK0123456789".chars().map(glyph).collect();
        assert_eq!(different.len(), 12);
    }
}
