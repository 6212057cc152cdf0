//! Operators: who acts, and what they may do.

use std::fmt;

use msnp::handle::Handle;

use super::Scopes;

/// Somebody who does an operator's acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Who.
    pub who: Who,
    /// What they may do.
    pub scopes: Scopes,
}

/// Who acts, as the audit log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever has the data folder: `command line (root)`.
    CommandLine {
        /// The account of this machine's system, as far as it is known.
        system_account: String,
    },
    /// A program with a token: `token NAME`.
    Token(String),
    /// An operator by their account: `account HANDLE`.
    Account(Handle),
}

impl Operator {
    /// Whoever has the data folder may do everything.
    pub fn command_line(system_account: impl Into<String>) -> Self {
        Self {
            who: Who::CommandLine {
                system_account: system_account.into(),
            },
            scopes: Scopes::all(),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine { system_account } => write!(f, "command line ({system_account})"),
            Self::Token(name) => write!(f, "token {name}"),
            Self::Account(handle) => write!(f, "account {handle}"),
        }
    }
}
