//! Counts failed sign-ins, so that passwords cannot be guessed by trying (RULINGS, throttling).

use std::time::Duration;

/// How many failures are too many. A count of `None` = no such limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Failures of one account from one address within the window.
    pub per_account: Option<usize>,
    /// Failures from one address within the window.
    pub per_address: Option<usize>,
    /// How long failures count.
    pub window: Duration,
}
