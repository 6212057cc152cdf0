//! Counts failed sign-ins, so that passwords cannot be guessed by trying (RULINGS, throttling).
//!
//! Only failures count, per address with handle and per address. A count begins with its first
//! failure and ends when the window is over, so whoever is locked out knows when it ends. The
//! `governor` crate of the other limits does not fit here: asking it whether something is allowed
//! uses up a place, and a sign-in that succeeds must use none.
//!
//! What is remembered is bounded: when there is no room the oldest count is forgotten. Addresses of
//! IPv6 count by their /64, which is what one customer has.

use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use msnp::handle::Handle;
use parking_lot::Mutex;

use crate::per_address::customer;
use crate::recent::Recent;

/// How many failures are too many. A count of `None` = no such limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleSettings {
    /// Failures of one account from one address within the window.
    pub per_account: Option<usize>,
    /// Failures from one address within the window; loopback is exempt.
    pub per_address: Option<usize>,
    /// How long failures count.
    pub window: Duration,
}

/// Counts failed sign-ins.
#[derive(Debug)]
pub struct SignInThrottle {
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    settings: ThrottleSettings,
    pairs: Recent<(IpAddr, Handle), usize>,
    addresses: Recent<IpAddr, usize>,
}

/// Which limit stands in the way of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Throttled {
    /// Too many failures of this account from this address.
    #[error("too many failures of this account from this address")]
    Account,
    /// Too many failures from this address.
    #[error("too many failures from this address")]
    Address,
}

impl SignInThrottle {
    /// Begins with no failures.
    pub fn new(settings: ThrottleSettings) -> Self {
        Self {
            counts: Mutex::new(Counts {
                settings,
                pairs: Recent::new(settings.window, REMEMBERED),
                addresses: Recent::new(settings.window, REMEMBERED),
            }),
        }
    }

    /// Lets other settings hold from now on. What was counted stays counted.
    pub fn change(&self, settings: ThrottleSettings) {
        let mut counts = self.counts.lock();
        counts.settings = settings;
        counts.pairs.remember_for(settings.window);
        counts.addresses.remember_for(settings.window);
    }

    /// Whether this sign-in is not to be let through, whatever its password. Counts nothing.
    pub fn check(&self, peer: IpAddr, handle: &Handle, now: Instant) -> Option<Throttled> {
        let address = customer(peer);
        let mut counts = self.counts.lock();
        let settings = counts.settings;
        let pair = (address, handle.clone());
        if reached(&mut counts.pairs, &pair, settings.per_account, now) {
            return Some(Throttled::Account);
        }
        let limit = settings.per_address.filter(|_| !is_loopback(peer));
        reached(&mut counts.addresses, &address, limit, now).then_some(Throttled::Address)
    }

    /// Counts a failure.
    pub fn failed(&self, peer: IpAddr, handle: &Handle, now: Instant) {
        let address = customer(peer);
        let mut counts = self.counts.lock();
        if counts.settings.per_account.is_some() {
            *counts.pairs.find_or_put((address, handle.clone()), 0, now) += 1;
        }
        if counts.settings.per_address.is_some() && !is_loopback(peer) {
            *counts.addresses.find_or_put(address, 0, now) += 1;
        }
    }
}

fn reached<K: Eq + Hash + Clone>(
    counts: &mut Recent<K, usize>,
    key: &K,
    limit: Option<usize>,
    now: Instant,
) -> bool {
    limit.is_some_and(|limit| counts.find(key, now).is_some_and(|count| *count >= limit))
}

fn is_loopback(peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
}

/// How many addresses, and how many pairs, are remembered: some ten megabytes at worst.
const REMEMBERED: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(300);

    fn throttle(per_account: usize, per_address: usize) -> SignInThrottle {
        SignInThrottle::new(ThrottleSettings {
            per_account: Some(per_account).filter(|&limit| limit != 0),
            per_address: Some(per_address).filter(|&limit| limit != 0),
            window: WINDOW,
        })
    }

    #[test]
    fn other_settings_hold_at_once_and_forget_nothing() {
        let (throttle, peer, alice) = (throttle(3, 0), peer("192.0.2.1"), handle("a@x.example"));
        let now = Instant::now();
        throttle.failed(peer, &alice, now);
        throttle.failed(peer, &alice, now);
        assert_eq!(throttle.check(peer, &alice, now), None);
        let settings = |window| ThrottleSettings {
            per_account: Some(2),
            per_address: None,
            window,
        };
        throttle.change(settings(WINDOW));
        assert_eq!(throttle.check(peer, &alice, now), Some(Throttled::Account));
        throttle.change(settings(WINDOW / 2));
        assert_eq!(throttle.check(peer, &alice, now + WINDOW / 2), None);
    }

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn handle(text: &str) -> Handle {
        Handle::parse(text).unwrap()
    }

    #[test]
    fn ten_failures_of_a_pair_shut_it_out_until_the_window_ends() {
        let (throttle, start) = (throttle(10, 100), Instant::now());
        let (here, alice) = (peer("192.0.2.1"), handle("alice@x"));
        for failure in 0..10 {
            let now = start + Duration::from_secs(failure);
            assert_eq!(throttle.check(here, &alice, now), None, "{failure}");
            throttle.failed(here, &alice, now);
        }
        let end = start + WINDOW;
        let just_before = end - Duration::from_millis(1);
        assert_eq!(
            throttle.check(here, &alice, just_before),
            Some(Throttled::Account)
        );
        assert_eq!(throttle.check(here, &alice, end), None);

        let now = start + Duration::from_secs(10);
        assert_eq!(
            throttle.check(here, &handle("bob@x"), now),
            None,
            "another account"
        );
        assert_eq!(
            throttle.check(peer("192.0.2.2"), &alice, now),
            None,
            "another address"
        );
    }

    #[test]
    fn failures_with_many_handles_shut_the_address_out() {
        let (throttle, now) = (throttle(10, 100), Instant::now());
        let here = peer("192.0.2.1");
        for number in 0..100 {
            let name = handle(&format!("a{number}@x"));
            assert_eq!(throttle.check(here, &name, now), None);
            throttle.failed(here, &name, now);
        }
        assert_eq!(
            throttle.check(here, &handle("new@x"), now),
            Some(Throttled::Address)
        );
        assert_eq!(
            throttle.check(peer("192.0.2.2"), &handle("new@x"), now),
            None
        );
    }

    #[test]
    fn loopback_is_exempt_by_address_but_not_by_account() {
        let (throttle, now) = (throttle(10, 100), Instant::now());
        for here in ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"] {
            let here = peer(here);
            for number in 0..200 {
                throttle.failed(here, &handle(&format!("a{number}@x")), now);
            }
            assert_eq!(throttle.check(here, &handle("new@x"), now), None, "{here}");
            for _ in 0..10 {
                throttle.failed(here, &handle("alice@x"), now);
            }
            assert_eq!(
                throttle.check(here, &handle("alice@x"), now),
                Some(Throttled::Account)
            );
        }
    }

    #[test]
    fn zero_is_no_limit() {
        let (throttle, now) = (throttle(0, 0), Instant::now());
        let (here, alice) = (peer("192.0.2.1"), handle("alice@x"));
        for _ in 0..1000 {
            throttle.failed(here, &alice, now);
        }
        assert_eq!(throttle.check(here, &alice, now), None);
    }

    #[test]
    fn a_customer_of_ipv6_is_one_address() {
        let (throttle, now) = (throttle(0, 2), Instant::now());
        throttle.failed(peer("2001:db8:1:2::1"), &handle("a@x"), now);
        throttle.failed(peer("2001:db8:1:2:ffff::9"), &handle("a@x"), now);
        let same = peer("2001:db8:1:2:3:4:5:6");
        assert_eq!(
            throttle.check(same, &handle("a@x"), now),
            Some(Throttled::Address)
        );
        let other = peer("2001:db8:1:3::1");
        assert_eq!(throttle.check(other, &handle("a@x"), now), None);
        let mapped = peer("::ffff:192.0.2.1");
        assert_eq!(
            customer(mapped),
            peer("192.0.2.1"),
            "an IPv4 address in IPv6 clothes"
        );
    }
}
