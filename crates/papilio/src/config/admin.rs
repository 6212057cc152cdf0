//! What operators do: over what, how often, and how much of it is kept.

use std::time::Duration;

use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::value::{self, Rate};

/// The admin API, and what operators say to people.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(Serialize))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Admin {
    /// Whether the API is there for whoever comes over the network.
    pub api: bool,
    /// Whether it may be asked over plain HTTP from other machines.
    pub over_plain_http: bool,
    /// How often one operator may ask something.
    #[serde(with = "value::rate")]
    pub rate: Option<Rate>,
    /// How many may listen to the live view at once.
    #[serde(with = "value::count")]
    pub listeners: Option<usize>,
    /// How long a text to people may be, in characters.
    #[serde(with = "value::count")]
    pub text: Option<usize>,
    /// Under which name people get such a text.
    pub sender_name: String,
    /// How long the audit log remembers.
    #[serde(with = "value::period")]
    pub audit_lifetime: Option<Duration>,
}
