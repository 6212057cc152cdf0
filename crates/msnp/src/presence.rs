//! The words of presence: status, capabilities, the name and the personal message
//! (wire-msnp13, 5).

mod name;
mod user_data;

use std::fmt;

pub use name::{FriendlyName, InvalidName};
pub use user_data::UserData;

use crate::wire::version::CapabilitiesForm;

/// A status that somebody signed in can have. `FLN`, offline, is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// `NLN`.
    Online,
    /// `BSY`.
    Busy,
    /// `IDL`.
    Idle,
    /// `BRB`.
    BeRightBack,
    /// `AWY`.
    Away,
    /// `PHN`.
    OnThePhone,
    /// `LUN`.
    OutToLunch,
    /// `HDN`: signed in, offline to everybody else. Never in a presence line.
    Hidden,
}

impl Status {
    /// Reads a three-letter code; case matters. `None` for `FLN` and everything unknown.
    pub fn parse(code: &str) -> Option<Self> {
        todo!("{code}")
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        todo!()
    }
}

/// What a client can do: a bit field that the server passes on and never interprets
/// (wire-msnp13, 5, "Capabilities"; the top four bits are the client's generation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// What is shown for somebody who named none.
    pub const NONE: Self = Self(0);

    /// Reads a decimal number. A negative one wraps, and of `id:ext` only `id` counts.
    pub fn parse(text: &str) -> Option<Self> {
        todo!("{text}")
    }

    /// The part of a `CHG` field that is echoed to the client that sent it (RULINGS, `id:ext`).
    pub fn echoed(text: &str, form: CapabilitiesForm) -> &str {
        todo!("{text} {form:?}")
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
