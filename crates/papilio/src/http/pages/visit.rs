//! Who asks for a page: over which way, with which session, and by which word their forms are known.
//!
//! Two cookies: one of a session, whose hash the store keeps; one of a browser that is not signed in,
//! which the store knows nothing of. The word in every form follows from the cookie, so whoever cannot
//! read a page of ours cannot post a form in its name.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::Pages;
use super::problem::Problem;
use super::shown::{Frame, Notice, PLACES, with_security};
use super::way::{Cover, Way};
use crate::admin::Operator;
use crate::store::account::Account;
use crate::store::token::Token;
use crate::store::web_session::{NewWebSession, WebSession};

/// See the module.
pub(super) struct Visit {
    pub(super) way: Way,
    pub(super) now: Timestamp,
    /// What the browser calls itself.
    browser: String,
    session: Option<OpenSession>,
    /// The cookie of a browser that is not signed in.
    visitor: Visitor,
}

struct OpenSession {
    token: Token,
    account: Account,
    session: WebSession,
    /// What the account may do to others, if it may do anything.
    operator: Option<Operator>,
}

enum Visitor {
    /// The browser has it.
    Known(Token),
    /// It is to be given one.
    New(Token),
}

impl FromRequestParts<Pages> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, pages: &Pages) -> Result<Self, Problem> {
        let way = Way::of(request, &pages.services.config.pages)?;
        let now = Timestamp::now();
        let mut session = None;
        if let Some(token) = cookie(&request.headers, session_cookie(way.cover))
            && let Some((account, found)) = pages.services.store.web_session(&token, now).await?
        {
            let office = &pages.services.office;
            session = Some(OpenSession {
                token,
                session: found,
                operator: office.operator(&account).await?,
                account,
            });
        }
        // Operators are not locked out: they lift what bans them by mistake.
        let is_operator = session.as_ref().is_some_and(|open| open.operator.is_some());
        if !is_operator && pages.services.node.bans.refuse(way.peer, now) {
            return Err(Problem::Banned);
        }
        let visitor = match cookie(&request.headers, visitor_cookie(way.cover)) {
            Some(token) => Visitor::Known(token),
            None => Visitor::New(Token::random()),
        };
        let browser = request.headers.get(USER_AGENT);
        Ok(Self {
            way,
            now,
            browser: browser
                .map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned())
                .unwrap_or_default(),
            session,
            visitor,
        })
    }
}

impl Visit {
    /// The account that is signed in; whoever is not is asked to.
    pub(super) fn account(&self) -> Result<&Account, Problem> {
        let session = self.session.as_ref().ok_or(Problem::SignIn)?;
        Ok(&session.account)
    }

    /// The account that is signed in, if one is.
    pub(super) fn maybe_account(&self) -> Option<&Account> {
        self.session.as_ref().map(|open| &open.account)
    }

    /// The operator who asks. For others there is nothing to be seen, not even that there is something.
    pub(super) fn operator(&self) -> Result<&Operator, Problem> {
        let open = self.session.as_ref().ok_or(Problem::SignIn)?;
        open.operator.as_ref().ok_or(Problem::NotFound)
    }

    /// The session that asks.
    pub(super) fn session(&self) -> Option<&WebSession> {
        self.session.as_ref().map(|open| &open.session)
    }

    /// Where the browser is.
    pub(super) fn peer(&self) -> IpAddr {
        self.way.peer
    }

    /// The word by which forms of this browser are known.
    fn form_word(&self) -> String {
        match (&self.session, &self.visitor) {
            (Some(open), _) => open.token.derive("form"),
            (None, Visitor::Known(token) | Visitor::New(token)) => token.derive("form"),
        }
    }

    /// Whether a form with this word is from a page that this browser was given.
    pub(super) fn knows(&self, word: &str) -> bool {
        // A browser that was never here has no form of ours.
        if matches!((&self.session, &self.visitor), (None, Visitor::New(_))) {
            return false;
        }
        self.form_word().as_bytes().ct_eq(word.as_bytes()).into()
    }

    /// What surrounds a page. `here` is its path.
    pub(super) fn frame(&self, title: &'static str, here: &'static str) -> Frame {
        Frame {
            title,
            here,
            handle: self
                .maybe_account()
                .map(|account| account.handle.to_string()),
            is_operator: self.operator().is_ok(),
            places: &PLACES,
            form: self.form_word(),
            notice: None,
        }
    }

    /// The same, with something to say above it.
    pub(super) fn frame_with(
        &self,
        title: &'static str,
        here: &'static str,
        notice: impl Into<Option<Notice>>,
    ) -> Frame {
        Frame {
            notice: notice.into(),
            ..self.frame(title, here)
        }
    }

    /// What surrounds a page for operators.
    pub(super) fn office_frame(
        &self,
        title: &'static str,
        here: &'static str,
        notice: Option<Notice>,
    ) -> Frame {
        Frame {
            places: &super::office::PLACES,
            ..self.frame_with(title, here, notice)
        }
    }

    /// A page as an answer.
    pub(super) fn show(&self, status: StatusCode, page: &impl askama::Template) -> Response {
        let mut answer = match page.render() {
            Ok(html) => with_security((status, html).into_response()),
            Err(error) => return Problem::trouble(&error).into_response(),
        };
        if let (None, Visitor::New(token)) = (&self.session, &self.visitor) {
            let name = visitor_cookie(self.way.cover);
            answer
                .headers_mut()
                .append(SET_COOKIE, self.set(name, token.expose(), None));
        }
        answer
    }

    /// Sends the browser on to a path of ours, by GET.
    pub(super) fn to(&self, path: &str) -> Response {
        let mut answer = with_security(StatusCode::SEE_OTHER.into_response());
        if let Ok(path) = path.parse() {
            answer.headers_mut().insert(LOCATION, path);
        }
        answer
    }

    /// Begins a session in place of the one that there may be, and sends the browser on.
    pub(super) async fn sign_in(
        &self,
        pages: &Pages,
        account: &Account,
        path: &str,
    ) -> Result<Response, Problem> {
        let store = &pages.services.store;
        if let Some(open) = &self.session {
            store.end_web_session_of(&open.token).await?;
        }
        let lifetime = pages.services.config.pages.session_lifetime.unwrap_or(EVER);
        let signed = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::ZERO);
        let new = NewWebSession {
            address: self.way.peer,
            browser: self.browser.clone(),
            began: self.now,
            expires: self.now.saturating_add(signed).unwrap_or(Timestamp::MAX),
        };
        let token = store.begin_web_session(account, &new).await?;
        let mut answer = self.to(path);
        let name = session_cookie(self.way.cover);
        let headers = answer.headers_mut();
        headers.append(SET_COOKIE, self.set(name, token.expose(), Some(lifetime)));
        headers.append(SET_COOKIE, self.forget(visitor_cookie(self.way.cover)));
        Ok(answer)
    }

    /// Ends the session, and sends the browser on.
    pub(super) async fn sign_out(&self, pages: &Pages, path: &str) -> Result<Response, Problem> {
        if let Some(open) = &self.session {
            pages.services.store.end_web_session_of(&open.token).await?;
        }
        let mut answer = self.to(path);
        let gone = self.forget(session_cookie(self.way.cover));
        answer.headers_mut().append(SET_COOKIE, gone);
        Ok(answer)
    }

    fn forget(&self, name: &str) -> HeaderValue {
        self.set(name, "", Some(Duration::ZERO))
    }

    fn set(&self, name: &str, value: &str, lifetime: Option<Duration>) -> HeaderValue {
        let mut cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
        if self.way.cover == Cover::Encrypted {
            cookie += "; Secure";
        }
        if let Some(lifetime) = lifetime {
            cookie += &format!("; Max-Age={}", lifetime.as_secs());
        }
        // Tokens and names have nothing in them that a header cannot hold.
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        cookie
    }
}

/// The first cookie of this name that may be one of ours.
fn cookie(headers: &HeaderMap, name: &str) -> Option<Token> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(named, _)| *named == name)
        .find_map(|(_, value)| Token::parse(value))
}

fn session_cookie(cover: Cover) -> &'static str {
    match cover {
        // Such a name no other site, and no plain page, can set.
        Cover::Encrypted => "__Host-papilio",
        Cover::Plain => "papilio",
    }
}

fn visitor_cookie(cover: Cover) -> &'static str {
    match cover {
        Cover::Encrypted => "__Host-papilio-visitor",
        Cover::Plain => "papilio-visitor",
    }
}

/// As long as a session may last that nothing ends.
const EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let (ours, theirs) = (Token::random(), Token::random());
        let mut headers = HeaderMap::new();
        let first = format!("a=b; xpapilio={}; papilio=short", theirs.expose());
        headers.append(COOKIE, first.parse().unwrap());
        let second = format!("papilio={}; papilio={}", ours.expose(), theirs.expose());
        headers.append(COOKIE, second.parse().unwrap());
        assert_eq!(cookie(&headers, "papilio"), Some(ours));
        assert_eq!(cookie(&headers, "papilio-visitor"), None);
    }
}
