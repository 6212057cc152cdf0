//! The networks that contact lists name.

/// A network, `t` (wire-msnp13, 4, "Network ids"). Circles, 9, come with MSNP18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// 1: this service.
    Messenger,
    /// 2: Office Communicator.
    Communicator,
    /// 4: telephone.
    Telephone,
    /// 8: mobile network interoperability.
    MobileInterop,
    /// 16: mail, Japanese mobile mail.
    Mail,
    /// 32: Yahoo!.
    Yahoo,
}

impl Network {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Messenger,
        Self::Communicator,
        Self::Telephone,
        Self::MobileInterop,
        Self::Mail,
        Self::Yahoo,
    ];

    /// The number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Messenger => 1,
            Self::Communicator => 2,
            Self::Telephone => 4,
            Self::MobileInterop => 8,
            Self::Mail => 16,
            Self::Yahoo => 32,
        }
    }

    /// The network with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|network| network.number() == number)
    }
}
