//! What clients show beside the contacts: tabs, "MSN Today", a line of text and a picture
//! (services-other, 1 and 2).

use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::value::{self, PageAddress};

/// What clients show beside the contacts (services-other, 1 and 2).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Client {
    /// The tabs at the side of the main window.
    pub tabs: Vec<Tab>,
    /// Where "MSN Today" leads; `None` = a page of this server.
    #[serde(with = "value::or_nothing")]
    pub today: Option<PageAddress>,
    /// The line of text at the bottom.
    pub text_ad: TextAd,
    /// The picture at the bottom.
    pub banner: Banner,
}

/// A tab.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tab {
    /// Its name.
    pub name: String,
    /// Which page it shows.
    #[serde(with = "value::page")]
    pub address: PageAddress,
    /// Its picture; `None` = one of this server.
    #[serde(default, with = "value::or_nothing")]
    pub picture: Option<PageAddress>,
}

/// The line of text at the bottom.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TextAd {
    /// What it says; empty = nothing.
    pub text: String,
    /// Where it leads.
    #[serde(with = "value::or_nothing")]
    pub address: Option<PageAddress>,
}

/// The picture at the bottom.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Banner {
    /// The picture; `None` = nothing.
    #[serde(with = "value::or_nothing")]
    pub picture: Option<PageAddress>,
    /// Where it leads.
    #[serde(with = "value::or_nothing")]
    pub address: Option<PageAddress>,
}
