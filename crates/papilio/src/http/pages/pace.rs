//! How often somebody may sign up or have a mail sent: per address of the browser, and mails per account
//! too, so that nobody's mailbox is filled by others. Loopback addresses are exempt.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use msnp::handle::Handle;
use parking_lot::Mutex;

use super::problem::Problem;
use crate::config;
use crate::per_address::customer;
use crate::recent::Recent;

/// See the module.
pub(super) struct Pace {
    sign_ups: Option<usize>,
    mails: Option<usize>,
    counts: Mutex<Counts>,
}

struct Counts {
    sign_ups: Recent<IpAddr, usize>,
    mails: Recent<IpAddr, usize>,
    recipients: Recent<Handle, usize>,
}

/// Whether a mail is sent that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mailing {
    /// It is.
    Sent,
    /// This address was sent enough. Whoever asks is not told.
    Enough,
}

impl Pace {
    pub(super) fn new(pages: &config::Pages) -> Self {
        let window = pages.window.unwrap_or_default();
        let limit = |most: Option<usize>| most.filter(|_| window > Duration::ZERO);
        Self {
            sign_ups: limit(pages.sign_ups_per_address),
            mails: limit(pages.mails_per_address),
            counts: Mutex::new(Counts {
                sign_ups: Recent::new(window, REMEMBERED),
                mails: Recent::new(window, REMEMBERED),
                recipients: Recent::new(window, REMEMBERED),
            }),
        }
    }

    /// Counts a sign-up, unless it is one too many.
    pub(super) fn sign_up(&self, peer: IpAddr, now: Instant) -> Result<(), Problem> {
        let counts = &mut self.counts.lock();
        take(&mut counts.sign_ups, self.sign_ups, peer, now)
    }

    /// Counts a mail, unless it is one too many for whoever asks for it.
    pub(super) fn mail(&self, peer: IpAddr, to: &Handle, now: Instant) -> Result<Mailing, Problem> {
        let counts = &mut self.counts.lock();
        take(&mut counts.mails, self.mails, peer, now)?;
        let count = counts.recipients.find_or_put(to.clone(), 0, now);
        if self.mails.is_some_and(|most| *count >= most) {
            return Ok(Mailing::Enough);
        }
        *count += 1;
        Ok(Mailing::Sent)
    }
}

fn take(
    counts: &mut Recent<IpAddr, usize>,
    most: Option<usize>,
    peer: IpAddr,
    now: Instant,
) -> Result<(), Problem> {
    let Some(most) = most.filter(|_| !peer.to_canonical().is_loopback()) else {
        return Ok(());
    };
    let count = counts.find_or_put(customer(peer), 0, now);
    if *count >= most {
        return Err(Problem::TooOften);
    }
    *count += 1;
    Ok(())
}

/// How many addresses are remembered: some megabytes at worst.
const REMEMBERED: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(3600);

    fn pace(sign_ups: Option<usize>, mails: Option<usize>) -> Pace {
        Pace::new(&config::Pages {
            sign_ups_per_address: sign_ups,
            mails_per_address: mails,
            window: Some(WINDOW),
            ..config::Pages::default()
        })
    }

    fn peer(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    #[test]
    fn an_address_signs_up_so_often_within_the_window() {
        let (pace, now) = (pace(Some(2), None), Instant::now());
        assert!(pace.sign_up(peer(1), now).is_ok());
        assert!(pace.sign_up(peer(1), now).is_ok());
        assert!(pace.sign_up(peer(1), now).is_err());
        assert!(pace.sign_up(peer(2), now).is_ok());
        assert!(pace.sign_up(peer(1), now + WINDOW).is_ok());
        for _ in 0..9 {
            assert!(pace.sign_up(IpAddr::from([127, 0, 0, 1]), now).is_ok());
        }
    }

    #[test]
    fn nobody_gets_more_mails_than_enough_whoever_asks() {
        let (pace, now) = (pace(None, Some(2)), Instant::now());
        let alice = Handle::parse("alice@x").unwrap();
        for (number, expected) in [(1, Mailing::Sent), (2, Mailing::Sent), (3, Mailing::Enough)] {
            let mail = pace.mail(peer(number), &alice, now);
            assert_eq!(mail.ok(), Some(expected), "{number}");
        }
        let bob = Handle::parse("bob@x").unwrap();
        assert_eq!(pace.mail(peer(3), &bob, now).ok(), Some(Mailing::Sent));
        assert!(pace.mail(peer(3), &bob, now).is_err());
        assert!(pace.mail(peer(9), &alice, now + WINDOW).is_ok());
    }

    #[test]
    fn without_limit_there_is_none() {
        let (pace, now) = (pace(None, None), Instant::now());
        let alice = Handle::parse("alice@x").unwrap();
        for _ in 0..50 {
            assert!(pace.sign_up(peer(1), now).is_ok());
            assert_eq!(pace.mail(peer(1), &alice, now).ok(), Some(Mailing::Sent));
        }
    }
}
