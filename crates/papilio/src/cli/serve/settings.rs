//! What the configuration means to sessions, conversations and lists.

use std::time::Duration;

use msnp::server::{BareTickets, Policy, Rate};
use msnp::wire::line::Limits;
use msnp::wire::param::Param;

use crate::config::{self, Config};
use crate::conversation;
use crate::directory::ListLimits;
use crate::node::Settings;

/// What the configuration says about sessions, conversations and lists; `pages` is where people's
/// pages are.
pub fn settings(config: &Config, pages: Param) -> Settings {
    let rate = |rate: Option<config::Rate>| {
        rate.map_or(Rate::new(0, 0), |rate| {
            Rate::new(rate.burst, rate.per_second)
        })
    };
    let period = |period: Option<Duration>| period.unwrap_or(NEVER);
    let size = |size: Option<usize>| size.unwrap_or(usize::MAX);
    let count = |count: Option<usize>| count.unwrap_or(0);
    let Config {
        sign_in,
        limits,
        rates,
        switchboard,
        lists,
        ..
    } = config;
    Settings {
        policy: Policy {
            max_version: config.max_version,
            bare_tickets: if sign_in.tickets_without_proof {
                BareTickets::Taken
            } else {
                BareTickets::Refused
            },
            sign_in_deadline: period(sign_in.deadline),
            ticket_deadline: period(sign_in.ticket_deadline),
            notification_idle: period(limits.notification_idle),
            rest_deadline: period(limits.half_command),
            switchboard_deadline: period(switchboard.deadline),
            conversation_idle: period(switchboard.idle),
            alone_idle: period(switchboard.idle_alone),
            challenge_interval: sign_in.challenge_interval,
            challenge_deadline: period(sign_in.challenge_deadline),
            chg_rate: rate(rates.chg),
            prp_rate: rate(rates.prp),
            uux_rate: rate(rates.uux),
            list_rate: rate(rates.lists),
            xfr_rate: rate(rates.xfr),
            cal_rate: rate(rates.cal),
            msg_rate: rate(rates.msg),
            ..Policy::new(pages)
        },
        wire: Limits {
            line: size(limits.line),
            message: size(limits.message),
            payload: size(limits.payload),
        },
        conversations: conversation::Settings {
            open_cookie: period(switchboard.referral_lifetime),
            ring_cookie: period(switchboard.ring_lifetime),
            participants: count(switchboard.participants),
            failed_calls: switchboard
                .failed_calls
                .and_then(|calls| u32::try_from(calls).ok())
                .unwrap_or(0),
            backlog: count(switchboard.backlog),
        },
        lists: ListLimits {
            forward: count(lists.forward),
            allow: count(lists.allow),
            block: count(lists.block),
        },
        mailbox: count(limits.mailbox),
        unread: period(limits.unread),
    }
}

/// Longer than any session lasts.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_protocol() {
        let pages = Param::word("http://localhost");
        let usual = Policy {
            max_version: Config::default().max_version,
            ..Policy::new(pages.clone())
        };
        let settings = settings(&Config::default(), pages);
        assert_eq!(format!("{:?}", settings.policy), format!("{usual:?}"));
        assert_eq!(settings.wire, Limits::DEFAULT);
    }
}
