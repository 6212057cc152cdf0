//! The dispatch server: tells a client where its notification server is, and is done
//! (wire-msnp13, 2 and 3, XFR).
//!
//! It looks like a notification server until the first `USR`, so `sign_in` plays both and asks here
//! for the end that only a dispatch server has.

use super::{Closing, Effect, Session, close, notify};
use crate::wire::command::NotificationReply;
use crate::wire::command::session::Referral;
use crate::wire::param::{Param, TrId};
use crate::wire::version::Dialect;

/// Answers `USR ... I` with the notification server's address.
pub(super) fn refer(
    address: Param,
    dialect: &'static Dialect,
    trid: TrId,
    effects: &mut Vec<Effect>,
) -> Session {
    let referral = Referral { trid, address };
    notify(
        effects,
        Some(dialect),
        NotificationReply::Referral(referral),
    );
    close(
        effects,
        Closing::Done("referred to the notification server"),
    )
}
