//! Why somebody does not get the page that they asked for: a page that says so, and what to do.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, LOCATION, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::super::Failure;
use super::fields::BadForm;
use super::shown::{Frame, with_security};
use crate::credentials::CredentialsError;
use crate::password::PasswordError;
use crate::store::StoreError;
use crate::store::roster::RosterError;

/// See the module. In all of these nothing was changed.
#[derive(Debug)]
pub(super) enum Problem {
    /// There is no such page.
    NotFound,
    /// There is, but not for this method.
    Method,
    /// Only for those who are signed in: the browser is sent to sign in.
    SignIn,
    /// Only for operators who may do this.
    NotAllowed(String),
    /// The form is not from a page of ours.
    Forged,
    /// No form at all.
    BadForm(BadForm),
    /// More than is taken.
    TooLarge,
    /// The browser came over TLS that keeps no secret.
    OldTls,
    /// The browser came over plain HTTP.
    PlainHttp,
    /// The browser is where nobody may come from.
    Banned,
    /// Too much to do.
    Busy,
    /// Too often.
    TooOften,
    /// Trouble of ours, for the log.
    Trouble(String),
    /// A mistake of ours, which somebody else writes into the log.
    Broken,
}

#[derive(Template)]
#[template(path = "pages/problem.html")]
struct Page {
    frame: Frame,
    text: &'static str,
    detail: String,
}

impl Problem {
    /// Trouble of ours.
    pub(super) fn trouble(error: &dyn std::fmt::Display) -> Self {
        Self::Trouble(error.to_string())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::SignIn => StatusCode::SEE_OTHER,
            Self::NotAllowed(_) | Self::Forged | Self::OldTls | Self::PlainHttp | Self::Banned => {
                StatusCode::FORBIDDEN
            }
            Self::BadForm(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::Trouble(_) | Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A title, and a text.
    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => (
                "There is no such page",
                "It may have moved, or the address is not whole.",
            ),
            Self::Method | Self::SignIn => (
                "Not in this way",
                "This page cannot be asked for in this way. Nothing was changed.",
            ),
            Self::NotAllowed(_) => (
                "You may not see this",
                "You are an operator, but not for this. Whoever made you one can change that.",
            ),
            Self::Forged => (
                "This form could not be taken",
                "It did not come from a page that this browser was given here, or that was too long ago. \
                 Nothing was changed. Open the page again and send it once more; your browser must take \
                 cookies from this site.",
            ),
            Self::BadForm(_) => ("This form could not be read", "Nothing was changed."),
            Self::TooLarge => (
                "That was too much",
                "What you sent is larger than is taken here. Nothing was changed.",
            ),
            Self::OldTls => (
                "This browser is too old for this page",
                "Its encryption can be broken, so your password is not safe in it. Use a browser of today, \
                 on any machine; Messenger itself works as it is.",
            ),
            Self::PlainHttp => (
                "This page needs an encrypted connection",
                "Your password would travel so that everybody on the way can read it. Ask for this page \
                 with https:// in front, or ask whoever runs this service where it is.",
            ),
            Self::Banned => (
                "Nobody may come from your address",
                "Whoever runs this service has banned it. Ask them if that is a mistake.",
            ),
            Self::Busy => (
                "Too much to do just now",
                "Nothing was changed. Try again in a minute.",
            ),
            Self::TooOften => (
                "Too often",
                "There were too many of these from your address. Nothing was changed. Try again in an hour.",
            ),
            Self::Trouble(_) | Self::Broken => (
                "Something is broken here",
                "It is not your doing, and it stands in the log of this service. Try again later.",
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        if let Self::SignIn = self {
            return with_security((status, [(LOCATION, "/account/sign-in")]).into_response());
        }
        let (title, text) = self.words();
        let detail = match &self {
            Self::BadForm(why) => why.to_string(),
            Self::NotAllowed(scope) => format!("It needs the scope {scope}."),
            _ => String::new(),
        };
        let frame = Frame {
            title,
            ..Frame::default()
        };
        let page = Page {
            frame,
            text,
            detail,
        };
        let mut answer = with_security((status, page.render().unwrap_or_default()).into_response());
        let headers = answer.headers_mut();
        match &self {
            // What is left of it is not read.
            Self::TooLarge => {
                headers.insert(CONNECTION, axum::http::HeaderValue::from_static("close"));
            }
            Self::Busy => {
                headers.insert(RETRY_AFTER, axum::http::HeaderValue::from_static("60"));
            }
            _ => {}
        }
        match self {
            Self::NotFound | Self::Method | Self::Broken | Self::SignIn => answer,
            Self::Trouble(why) => Failure::because(why).on(answer),
            other => Failure::because(format!("{other:?}"))
                .of_the_client()
                .on(answer),
        }
    }
}

impl From<BadForm> for Problem {
    fn from(why: BadForm) -> Self {
        Self::BadForm(why)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::trouble(&error)
    }
}

impl From<RosterError> for Problem {
    fn from(error: RosterError) -> Self {
        Self::trouble(&error)
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            other => Self::trouble(&other),
        }
    }
}

impl From<CredentialsError> for Problem {
    fn from(error: CredentialsError) -> Self {
        match error {
            CredentialsError::Password(error) => error.into(),
            CredentialsError::Store(error) => error.into(),
        }
    }
}
