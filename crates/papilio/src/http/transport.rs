//! What a request came over, for those services that must know: what carries a person's session goes
//! over nothing that others can read (services-other, 9).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// What a request came over. Every request has one as its extension; as an extractor it never fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTP that everybody on the way can read and change.
    Plain,
    /// TLS as old clients speak it: SSLv3 and RC4 may be in use, so it keeps no secret from whoever
    /// makes an effort.
    OldTls,
    /// TLS 1.2 or later with ciphers of today, under one of the operator's own names.
    ModernTls,
}

impl Transport {
    /// What stands before the `://` of the address that was asked for: `http` or `https`.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Plain => "http",
            Self::OldTls | Self::ModernTls => "https",
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Transport {
    type Rejection = Infallible;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = request.extensions.get::<Self>().copied();
        // Whoever calls the router without a connection has promised nothing.
        Ok(known.unwrap_or(Self::Plain))
    }
}
