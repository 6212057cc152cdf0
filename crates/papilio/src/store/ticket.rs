//! Tickets: what the sign-in service hands out and every other service takes (services-auth, 2 and 8).

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::AnyPool;

use super::account::{Account, AccountId};
use super::{Store, StoreError};

/// A ticket just made.
#[derive(Clone)]
pub struct IssuedTicket {
    /// The value of `t`: 92 characters of `[A-Za-z0-9!*]`.
    pub t: String,
    /// The value of `p`: empty.
    pub p: String,
    /// When it begins to hold.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The proof secret that goes with it: `BinarySecret` before base64 (services-auth, 9).
    pub secret: [u8; 24],
}

impl fmt::Debug for IssuedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedTicket")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What a genuine ticket says. The account's epoch is still to be compared: use
/// [`Store::account_of_ticket`], which does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whose it is.
    pub account: AccountId,
    /// When it ends.
    pub expires: Timestamp,
    epoch: i64,
}

/// Why a ticket is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It does not have the form of a ticket of ours.
    #[error("malformed ticket")]
    Malformed,
    /// Its seal is not ours.
    #[error("forged ticket")]
    Forged,
    /// Its time is over.
    #[error("expired ticket")]
    Expired,
}

/// The key under which tickets are sealed.
#[derive(Clone)]
pub struct TicketKey([u8; 32]);

impl TicketKey {
    /// Makes a ticket.
    pub fn issue(&self, account: &Account, lifetime: Duration, now: Timestamp) -> IssuedTicket {
        let _ = (account, lifetime, now, self.0);
        unimplemented!()
    }

    /// Reads the `t` of a ticket and checks its seal and its time.
    pub fn check(&self, t: &str, now: Timestamp) -> Result<Claims, TicketError> {
        let _ = (t, now);
        unimplemented!()
    }

    /// The proof secret of a ticket that [`TicketKey::check`] has taken.
    pub fn secret(&self, t: &str) -> [u8; 24] {
        let _ = t;
        unimplemented!()
    }
}

impl Store {
    /// The key of this service's tickets.
    pub fn ticket_key(&self) -> &TicketKey {
        &self.ticket_key
    }

    /// Whose ticket this is: `None` when it is malformed, forged, expired, or from before the
    /// account's password changed or the account was disabled.
    pub async fn account_of_ticket(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let _ = (text, now);
        unimplemented!()
    }
}

pub(super) async fn load_or_make_key(writer: &AnyPool) -> Result<TicketKey, StoreError> {
    let _ = writer;
    unimplemented!()
}
