//! What the exit code says, for scripts: whose doing it was that something was not done.

use msnp_client::msnp::client::switchboard::AskError as ChatError;
use msnp_client::msnp::client::{AskError, Closing};
use msnp_client::{Error, SignInError};

/// For `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command line or the configuration file makes no sense
  3  not signed in: wrong address or password, or no server there
  4  no such account, contact, group or message, or nobody there to have it
  5  the session ended before it was done: signed in elsewhere, or the connection was lost";

/// What was asked for makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// What was asked for is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotFound(pub(crate) String);

/// The session ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Over(pub(crate) Closing);

/// The exit code for an error.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    if error.is::<Usage>() {
        USAGE
    } else if error.is::<NotFound>() {
        NOT_FOUND
    } else if error.is::<Over>() {
        OVER
    } else {
        error.chain().find_map(of_cause).unwrap_or(FAILED)
    }
}

fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    match cause.downcast_ref() {
        Some(SignInError::Handle(_)) => return Some(USAGE),
        Some(_) => return Some(NOT_SIGNED_IN),
        None => {}
    }
    match cause.downcast_ref()? {
        Error::NotSignedIn => Some(OVER),
        Error::Chat(ChatError::NotThere | ChatError::NotDelivered) | Error::TimedOut => {
            Some(NOT_FOUND)
        }
        Error::Ask(AskError::NoSuchContact | AskError::NoSuchGroup) => Some(NOT_FOUND),
        Error::Ask(AskError::Service(error)) if error.code().is_some_and(is_nobody) => {
            Some(NOT_FOUND)
        }
        _ => None,
    }
}

/// Whether a service said that there is nobody who would have it.
pub(crate) fn is_of_nobody(error: &anyhow::Error) -> bool {
    let service = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref()? {
        Error::Ask(AskError::Service(error)) => error.code().map(is_nobody),
        _ => None,
    };
    error.chain().any(|cause| service(cause) == Some(true))
}

/// The codes of services for an account that is not there, or does not want to hear of this one. The
/// last one is what the store of offline messages says of both (services-oim, 4).
fn is_nobody(code: &str) -> bool {
    matches!(
        code,
        "InvalidPassportUser" | "BadEmailArgument" | "SystemUnavailable"
    )
}

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const NOT_SIGNED_IN: u8 = 3;
const NOT_FOUND: u8 = 4;
const OVER: u8 = 5;

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn the_cause_decides_whatever_is_said_around_it() {
        let code_of = |error: anyhow::Error| code(&error.context("bob was not told"));
        assert_eq!(code_of(anyhow::anyhow!("something")), FAILED);
        assert_eq!(code_of(Usage("no".to_owned()).into()), USAGE);
        assert_eq!(code_of(NotFound("no".to_owned()).into()), NOT_FOUND);
        assert_eq!(code_of(Over(Closing::Elsewhere).into()), OVER);
        let not_there: Result<(), _> = Err(Error::Chat(ChatError::NotThere));
        let not_there = not_there.context("in between").unwrap_err();
        assert_eq!(code_of(not_there), NOT_FOUND);
        let refused = msnp_client::msnp::client::SignInError::WrongPassword;
        assert_eq!(code_of(SignInError::Refused(refused).into()), NOT_SIGNED_IN);
    }
}
