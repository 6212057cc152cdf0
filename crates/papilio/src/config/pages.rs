//! People's pages: who may sign up, how long what holds, and over what they are served.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::value;

/// People's pages.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pages {
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Where people find the pages, for links in mails; `None` = nobody has said.
    #[serde(with = "value::or_nothing")]
    pub address: Option<SiteAddress>,
    /// Whether whoever comes over plain HTTP may sign in.
    pub over_plain_http: bool,
    /// Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub proxies: Vec<IpAddr>,
    /// How long a browser stays signed in; `None` = for ten years.
    #[serde(with = "value::period")]
    pub session_lifetime: Option<Duration>,
    /// The shortest password that may be chosen, in characters.
    #[serde(with = "value::count")]
    pub shortest_password: Option<usize>,
    /// How many sign-ups there may be from one address within `window`.
    #[serde(with = "value::count")]
    pub sign_ups_per_address: Option<usize>,
    /// How many mails may be asked for from one address, and for one account, within `window`.
    #[serde(with = "value::count")]
    pub mails_per_address: Option<usize>,
    /// See above; `None` = no such limit.
    #[serde(with = "value::period")]
    pub window: Option<Duration>,
    /// How long a link holds that confirms an address.
    #[serde(with = "value::period")]
    pub confirmation_lifetime: Option<Duration>,
    /// How long a link holds by which a new password is chosen.
    #[serde(with = "value::period")]
    pub reset_lifetime: Option<Duration>,
}

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(rename_all = "kebab-case")]
pub enum SignUp {
    /// Everybody.
    Open,
    /// Whoever has an invitation.
    Invitation,
    /// Nobody but operators.
    Closed,
}

/// Where a site is: `http://HOST[:PORT]` or `https://HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteAddress(String);

/// The text is no address of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the address of a site: https://HOST, or https://HOST:PORT")]
pub struct InvalidSite;

impl SiteAddress {
    /// The address of a page, by its path.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// `HOST` or `HOST:PORT`.
    pub fn authority(&self) -> &str {
        self.0
            .split_once("://")
            .map_or("", |(_, authority)| authority)
    }
}

impl FromStr for SiteAddress {
    type Err = InvalidSite;

    fn from_str(text: &str) -> Result<Self, InvalidSite> {
        let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://").ok_or(InvalidSite)?;
        let is_host = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
        let is_site = matches!(scheme, "http" | "https")
            && !authority.is_empty()
            && authority.bytes().all(is_host);
        is_site.then_some(Self(text)).ok_or(InvalidSite)
    }
}

impl fmt::Display for SiteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_a_scheme_and_a_host_and_nothing_else() {
        for (written, read) in [
            ("https://Chat.example.org/", "https://chat.example.org"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            let site: SiteAddress = written.parse().unwrap();
            assert_eq!(site.to_string(), read);
            assert_eq!(site.at("/x"), format!("{read}/x"));
            assert!(read.ends_with(site.authority()) && !site.authority().contains('/'));
        }
        for text in [
            "",
            "example.org",
            "ftp://x",
            "https://",
            "https://x/y",
            "https://x y",
            "https://a@b",
        ] {
            assert_eq!(text.parse::<SiteAddress>(), Err(InvalidSite), "{text}");
        }
    }
}
