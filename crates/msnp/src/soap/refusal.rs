//! What the address book and sharing services answer when they do not do what is asked.
//!
//! services-addressbook, 9: clients decide by `detail/errorcode`, some by the words of
//! `faultstring`, so both are kept as the services of old wrote them. Every fault goes out with HTTP
//! status 500.

use askama::Template;

use super::envelope::{EnvelopeError, written};
use super::guid::Guid;

/// Why a request is not done. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The ticket is missing, forged, too old, or of an account that may not sign in.
    #[error("Passport Authentication Fail (AuthenticationFailure)")]
    NotAuthenticated,
    /// An address book other than one's own, or of an account that has none.
    #[error("AB Does Not Exist")]
    AddressBookDoesNotExist,
    /// The address book is made with the account.
    #[error("AB Already Exists")]
    AddressBookAlreadyExists,
    /// The contact is there already, under this id.
    #[error("Contact Already Exists")]
    ContactAlreadyExists(Guid),
    /// No contact has this id.
    #[error("Contact Does Not Exist")]
    ContactDoesNotExist,
    /// A group has this name already; the id is missing where the name is not to be given at all.
    #[error("Group Already Exists")]
    GroupAlreadyExists(Option<Guid>),
    /// No group has this id.
    #[error("Group Does Not Exist")]
    GroupDoesNotExist,
    /// A text is longer than it may be; named by the parameter.
    #[error("Argument Exceeded Allowed Length {0} exceeded length")]
    TooLong(&'static str),
    /// An address without this character.
    #[error("Malformed email Argument Email missing '{0}' character")]
    BadEmail(char),
    /// No account has this address.
    #[error("The Passport user specified is invalid SignInName: {0}")]
    InvalidPassportUser(String),
    /// The changes since then are not known any more: the client must read everything.
    #[error("Full sync required.  Details: Delta syncs disabled.")]
    FullSyncRequired,
    /// Already in that role.
    #[error("Member already exists ")]
    MemberAlreadyExists,
    /// Not in that role.
    #[error("Member does not exist ")]
    MemberDoesNotExist,
    /// No account has this address (AddMember).
    #[error("User does not exist {0}")]
    UserDoesNotExist(String),
    /// The list is full.
    #[error("Quota limit reached")]
    QuotaLimitReached,
    /// An operation that is not offered.
    #[error("The API {0} is no longer supported")]
    Forbidden(String),
    /// Not a request that can be understood.
    #[error("Bad Request: {0}")]
    BadRequest(String),
    /// Trouble of ours: the same request may succeed later.
    #[error("The service is temporarily unavailable")]
    Unavailable,
}

impl Refusal {
    /// What clients decide by.
    fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotAuthenticated => "PassportAuthFail",
            Self::AddressBookDoesNotExist => "ABDoesNotExist",
            Self::AddressBookAlreadyExists => "ABAlreadyExists",
            Self::ContactAlreadyExists(_) => "ContactAlreadyExists",
            Self::ContactDoesNotExist => "ContactDoesNotExist",
            Self::GroupAlreadyExists(_) => "GroupAlreadyExists",
            Self::GroupDoesNotExist => "GroupDoesNotExist",
            Self::TooLong(_) => "BadArgumentLength",
            Self::BadEmail(_) => "BadEmailArgument",
            Self::InvalidPassportUser(_) => "InvalidPassportUser",
            Self::FullSyncRequired => "FullSyncRequired",
            Self::MemberAlreadyExists => "MemberAlreadyExists",
            Self::MemberDoesNotExist => "MemberDoesNotExist",
            Self::UserDoesNotExist(_) => "UserDoesNotExist",
            Self::QuotaLimitReached => "QuotaLimitReached",
            Self::Forbidden(_) => "Forbidden",
            Self::Unavailable => "InternalError",
            Self::BadRequest(_) => return None,
        })
    }

    /// The fault document. `operation` is the name of the request's element as the client wrote it,
    /// or empty if there is none.
    pub fn to_xml(&self, operation: &str) -> String {
        let message = self.to_string();
        let conflict = match self {
            Self::ContactAlreadyExists(id) => Some(*id),
            Self::GroupAlreadyExists(id) => *id,
            _ => None,
        };
        written(&Fault {
            by: match self {
                Self::Unavailable => "Server",
                _ => "Client",
            },
            message: &message,
            operation,
            code: self.code(),
            parameter: match self {
                Self::TooLong(parameter) => Some(parameter),
                Self::BadEmail(_) => Some("Email"),
                _ => None,
            },
            conflict,
        })
    }
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        Self::BadRequest(error.to_string())
    }
}

#[derive(Template)]
#[template(path = "soap/fault.xml", whitespace = "suppress")]
struct Fault<'a> {
    by: &'static str,
    message: &'a str,
    operation: &'a str,
    code: Option<&'static str>,
    parameter: Option<&'a str>,
    conflict: Option<Guid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_byte_for_byte() {
        let id = Guid::from_u128(0x4e85_1eee_e1a7_4f4b_8a8e_3d2a_7f2a_7711);
        for (name, refusal) in [
            ("not_authenticated", Refusal::NotAuthenticated),
            ("contact_already_exists", Refusal::ContactAlreadyExists(id)),
            ("group_name_not_allowed", Refusal::GroupAlreadyExists(None)),
            ("too_long", Refusal::TooLong("GroupName")),
            ("bad_email", Refusal::BadEmail('@')),
            (
                "invalid_passport_user",
                Refusal::InvalidPassportUser("<x>&\"'@y".to_owned()),
            ),
            ("bad_request", Refusal::BadRequest("no envelope".to_owned())),
            ("unavailable", Refusal::Unavailable),
        ] {
            insta::assert_snapshot!(name, refusal.to_xml("ABContactAdd"));
        }
        insta::assert_snapshot!(
            "unknown_operation",
            Refusal::Forbidden("<x>".to_owned()).to_xml("<x>")
        );
        insta::assert_snapshot!(
            "no_operation",
            Refusal::BadRequest("no envelope".to_owned()).to_xml("")
        );
    }
}
