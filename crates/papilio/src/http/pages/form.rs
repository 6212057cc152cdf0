//! A form that was posted: taken only from a page that this browser was given.
//!
//! Two proofs, either of which would do in a browser that does as it should: the word in the form, which
//! nobody knows who cannot read our pages, and `Origin`, which the browser says itself.

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};

use super::super::Document;
use super::Pages;
use super::fields::{BadForm, Fields};
use super::problem::Problem;
use super::visit::Visit;
use crate::config;

/// A form, and who posted it.
pub(super) struct Posted {
    pub(super) visit: Visit,
    pub(super) fields: Fields,
}

impl FromRequest<Pages> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, pages: &Pages) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, pages).await?;
        if !is_from_here(&parts.headers, &pages.services.config.pages) {
            return Err(Problem::Forged);
        }
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.to_owned();
        let request = Request::from_parts(parts, body);
        let Document(body) = Document::from_request(request, &pages.services)
            .await
            .map_err(|refusal| match refusal.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
                _ => Problem::BadForm(BadForm::BROKE_OFF),
            })?;
        let fields = Fields::read(&kind, &body)?;
        if !visit.knows(fields.text("form")?) {
            return Err(Problem::Forged);
        }
        Ok(Self { visit, fields })
    }
}

impl Posted {
    /// A field's text without what surrounds it.
    pub(super) fn line(&self, name: &str) -> Result<&str, Problem> {
        Ok(self.fields.text(name)?.trim())
    }

    /// A field's text as it is: a password.
    pub(super) fn secret(&self, name: &str) -> Result<&str, Problem> {
        Ok(self.fields.text(name)?)
    }
}

/// Whether the page that posts is one of ours, as far as the browser says.
fn is_from_here(headers: &HeaderMap, pages: &config::Pages) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let origin = origin.to_str().unwrap_or_default();
    let Some((_, authority)) = origin.split_once("://") else {
        return false;
    };
    let named = headers.get(HOST).and_then(|host| host.to_str().ok());
    let own = pages.address.as_ref().map(config::SiteAddress::authority);
    [named, own]
        .into_iter()
        .flatten()
        .any(|own| own.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_site_is_not_taken() {
        let pages = config::Pages {
            address: "https://chat.example.org".parse().ok(),
            ..config::Pages::default()
        };
        for (origin, host, taken) in [
            (None, "10.0.0.1", true),
            (Some("http://10.0.0.1:8080"), "10.0.0.1:8080", true),
            (Some("https://Chat.example.org"), "10.0.0.1", true),
            (Some("http://10.0.0.1"), "10.0.0.1:8080", false),
            (Some("https://evil.example"), "chat.example.org", false),
            (Some("https://chat.example.org.evil.example"), "x", false),
            (Some("null"), "null", false),
            (Some(""), "x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_from_here(&headers, &pages), taken, "{origin:?} {host}");
        }
    }
}
