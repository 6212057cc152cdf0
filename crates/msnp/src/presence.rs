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
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Online,
        Self::Busy,
        Self::Idle,
        Self::BeRightBack,
        Self::Away,
        Self::OnThePhone,
        Self::OutToLunch,
        Self::Hidden,
    ];

    /// Reads a three-letter code; case matters. `None` for `FLN` and everything unknown.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Online => "NLN",
            Self::Busy => "BSY",
            Self::Idle => "IDL",
            Self::BeRightBack => "BRB",
            Self::Away => "AWY",
            Self::OnThePhone => "PHN",
            Self::OutToLunch => "LUN",
            Self::Hidden => "HDN",
        }
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
        let number = text.split_once(':').map_or(text, |(id, _)| id);
        if number.starts_with('+') {
            return None;
        }
        let unsigned = number.parse::<u32>().ok();
        let wrapped = || number.parse::<i32>().ok().map(i32::cast_unsigned);
        unsigned.or_else(wrapped).map(Self)
    }

    /// The part of a `CHG` field that is echoed to the client that sent it (RULINGS, `id:ext`).
    pub fn echoed(text: &str, form: CapabilitiesForm) -> &str {
        match form {
            CapabilitiesForm::Single => text.split_once(':').map_or(text, |(id, _)| id),
        }
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.code()), Some(status));
        }
        for code in ["FLN", "nln", "HOT", "", "NLNX"] {
            assert_eq!(Status::parse(code), None, "{code}");
        }
    }

    #[test]
    fn capabilities_are_read_leniently() {
        let read = |text| Capabilities::parse(text).map(|capabilities| capabilities.0);
        assert_eq!(read("1611513916"), Some(0x600d_c03c));
        assert_eq!(read("2788999228:48"), Some(2_788_999_228));
        assert_eq!(read("-1"), Some(u32::MAX));
        assert_eq!(read("-2147483648:0"), Some(0x8000_0000));
        assert_eq!(read("4294967295"), Some(u32::MAX));
        for text in [
            "",
            "x",
            "+5",
            ":5",
            "4294967296",
            "-2147483649",
            "0x10",
            "1.5",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Capabilities(0x8000_0000).to_string(), "2147483648");
    }

    #[test]
    fn only_the_part_before_the_colon_is_echoed() {
        let echoed = |text| Capabilities::echoed(text, CapabilitiesForm::Single);
        assert_eq!(echoed("1879343148:48"), "1879343148");
        assert_eq!(echoed("-5"), "-5");
    }
}
