//! A link by which somebody chooses a new password, for an operator to hand on.

use std::time::Duration;

use jiff::Timestamp;
use msnp::handle::Handle;
use serde::Serialize;
use utoipa::ToSchema;

use super::accounts::find;
use super::{Act, AdminError, Office, Operator, Scope};

/// The path of the page where a new password is chosen, up to the token.
pub const RESET_PAGE: &str = "/account/reset?token=";

/// A link by which a new password may be chosen, once. Whoever has it has the account.
#[derive(Clone, Serialize, ToSchema)]
pub struct PasswordLink {
    /// The link; a path alone where `address` of `[pages]` says nothing.
    #[schema(example = "https://chat.example.com/account/reset?token=...")]
    pub link: String,
    /// Until when it holds.
    #[schema(value_type = String, format = DateTime)]
    pub expires: Timestamp,
}

impl Office {
    /// Makes a link by which a new password may be chosen for an account, once.
    pub async fn make_password_link(
        &self,
        by: &Operator,
        handle: &Handle,
    ) -> Result<PasswordLink, AdminError> {
        let act = Act::new(by, Scope::AccountsWrite, "accounts.password-link", handle);
        self.carry_out(act, |store| async move {
            let account = find(&self.store, handle).await?;
            self.below(by, &account).await?;
            let lifetime = self.settings.reset_lifetime.unwrap_or(USUAL_LIFETIME);
            let expires = Timestamp::now()
                .checked_add(lifetime)
                .unwrap_or(Timestamp::MAX);
            let token = store.make_reset_link(&account, expires).await?;
            let path = format!("{RESET_PAGE}{}", token.expose());
            let link = match &self.settings.pages {
                Some(pages) => pages.at(&path),
                None => path,
            };
            Ok(PasswordLink { link, expires })
        })
        .await
    }
}

impl std::fmt::Debug for PasswordLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PasswordLink(until {})", self.expires)
    }
}

/// How long a link holds where the configuration sets no end.
const USUAL_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
