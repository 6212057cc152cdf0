//! Pages for operators, under `/admin`: accounts that have the role see them, for everybody else there is
//! nothing. They do what the admin API does, by the same acts.
//!
//! ```text
//!   visit -> operator? -> page: what crate::admin::Office shows
//!              | no         form: an act of Office -> sent on, or the page again with why not
//!              '-> there is no such page
//! ```

mod accounts;
mod audit;
mod bans;
mod broadcast;
mod invitations;
mod overview;
mod sessions;

use axum::Router;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::Pages;
use super::problem::Problem;
use super::shown::Notice;
use crate::admin::AdminError;

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .merge(overview::routes())
        .merge(accounts::routes())
        .merge(invitations::routes())
        .merge(sessions::routes())
        .merge(bans::routes())
        .merge(broadcast::routes())
        .merge(audit::routes())
}

/// The pages, as they stand beside each of them.
pub(super) const PLACES: [(&str, &str); 7] = [
    ("/admin", "Overview"),
    ("/admin/accounts", "Accounts"),
    ("/admin/invitations", "Invitations"),
    ("/admin/sessions", "Sessions"),
    ("/admin/bans", "Bans"),
    ("/admin/broadcast", "Broadcast"),
    ("/admin/audit", "Audit log"),
];

/// Why an act was not done, as the page says it.
struct Refusal {
    status: StatusCode,
    notice: Notice,
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        let mut text = error.to_string();
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self {
            status: status_of(&error),
            notice: Notice::refused(format!("{text}.")),
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Forbidden(scope) => Self::NotAllowed(scope.to_string()),
            AdminError::NotFound(_) => Self::NotFound,
            AdminError::Busy(_) | AdminError::TooMany(_) => Self::Busy,
            error => Self::trouble(&error),
        }
    }
}

fn status_of(error: &AdminError) -> StatusCode {
    match error {
        AdminError::Forbidden(_) | AdminError::Above(_) => StatusCode::FORBIDDEN,
        AdminError::NotFound(_) => StatusCode::NOT_FOUND,
        AdminError::Conflict(_) => StatusCode::CONFLICT,
        AdminError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        AdminError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        AdminError::NotRunning | AdminError::Unavailable(_) | AdminError::Busy(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// What a field says for what a form cannot be taken.
fn unfit(text: &'static str) -> Refusal {
    Refusal {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        notice: Notice::refused(text),
    }
}

/// So many days from now; nothing, or 0, is for ever.
fn days(text: &str, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    if text.is_empty() || text == "0" {
        return Ok(None);
    }
    let days: i64 = text
        .parse()
        .ok()
        .filter(|days| (1..=MOST_DAYS).contains(days))
        .ok_or_else(|| unfit("Days are a number from 1 to 3650, or nothing for ever."))?;
    let later = now.checked_add(SignedDuration::from_hours(24 * days));
    Ok(later.ok())
}

const MOST_DAYS: i64 = 3650;
