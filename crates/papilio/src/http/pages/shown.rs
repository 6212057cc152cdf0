//! What surrounds every page, and the headers that keep it to itself.

use std::borrow::Cow;

use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Response;

/// What surrounds a page.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) title: &'static str,
    /// The path of this page, to mark it among the others.
    pub(super) here: &'static str,
    /// Who is signed in.
    pub(super) handle: Option<String>,
    /// Whether they are an operator.
    pub(super) is_operator: bool,
    /// The pages beside this one.
    pub(super) places: &'static [(&'static str, &'static str)],
    /// The word in its forms.
    pub(super) form: String,
    pub(super) notice: Option<Notice>,
}

impl Frame {
    /// Whether it is one of the pages for operators.
    pub(super) fn is_in_the_office(&self) -> bool {
        self.here.starts_with("/admin")
    }

    /// Whether this is the page at a path.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.here == path
    }
}

/// Something to say above a page.
pub(super) struct Notice {
    pub(super) kind: &'static str,
    pub(super) text: Cow<'static, str>,
}

impl Notice {
    /// What was asked for is done.
    pub(super) fn done(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: "done",
            text: text.into(),
        }
    }

    /// It is not, and why.
    pub(super) fn refused(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: "refused",
            text: text.into(),
        }
    }
}

/// An answer in HTML that no other site may show, no program may keep, and no script may run in.
pub(super) fn with_security(mut answer: Response) -> Response {
    let headers: [(HeaderName, &'static str); 6] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        // The whole of an address may have a token in it; and with none at all, forms have no origin.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in headers {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    answer
}

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// The pages of an account, as they stand beside each of them.
pub(super) const PLACES: [(&str, &str); 7] = [
    ("/account", "Profile"),
    ("/account/picture", "Picture"),
    ("/account/password", "Password"),
    ("/account/contacts", "Contacts"),
    ("/account/messages", "Offline messages"),
    ("/account/places", "Signed-in places"),
    ("/account/delete", "Export and delete"),
];
