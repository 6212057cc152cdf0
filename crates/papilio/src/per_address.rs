//! Counts connections by the address they come from, over all listeners together, so that one
//! machine cannot take them all (RULINGS, limits per address).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::metrics::{Limit, METRICS};

/// The counter. Cloning one is a reference count.
#[derive(Clone, Debug)]
pub struct PerAddress {
    /// `usize::MAX` = no limit.
    limit: Arc<AtomicUsize>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection that counts until this is dropped.
#[derive(Debug)]
pub struct Counted {
    address: IpAddr,
    /// `None` for a connection that does not count.
    open: Option<Arc<Mutex<HashMap<IpAddr, usize>>>>,
}

/// There are as many connections from this address as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} connections from this address are open already")]
pub struct TooMany {
    /// How many there may be.
    pub limit: usize,
}

impl PerAddress {
    /// A counter that allows so many connections from one address; `None` = any number.
    pub fn new(limit: Option<usize>) -> Self {
        Self {
            limit: Arc::new(AtomicUsize::new(limit.unwrap_or(usize::MAX))),
            open: Arc::default(),
        }
    }

    /// Lets another limit hold for connections from now on.
    pub fn change_limit(&self, limit: Option<usize>) {
        let limit = limit.unwrap_or(usize::MAX);
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Counts a connection. Those of this machine itself are exempt.
    pub fn admit(&self, address: IpAddr) -> Result<Counted, TooMany> {
        let address = customer(address);
        let limit = self.limit.load(Ordering::Relaxed);
        if address.is_loopback() {
            return Ok(Counted {
                address,
                open: None,
            });
        }
        let mut open = self.open.lock();
        if open.get(&address).copied().unwrap_or(0) >= limit {
            METRICS.throttled.of(Limit::Connections).increment(1);
            return Err(TooMany { limit });
        }
        *open.entry(address).or_insert(0) += 1;
        Ok(Counted {
            address,
            open: Some(Arc::clone(&self.open)),
        })
    }
}

/// The address under which whatever comes from somewhere is counted: of IPv6 the /64, which is what
/// one customer has.
pub(crate) fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        // Loopback has no neighbours.
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(open) = &self.open else {
            return;
        };
        let mut open = open.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_has_so_many_and_others_have_theirs() {
        let counter = PerAddress::new(Some(2));
        let (here, there) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = counter.admit(here).unwrap();
        let _second = counter.clone().admit(here).unwrap();
        assert_eq!(counter.admit(here).unwrap_err(), TooMany { limit: 2 });
        let _other = counter.admit(there).unwrap();
        drop(first);
        let _third = counter.admit(here).unwrap();
        assert!(counter.admit(address("::ffff:192.0.2.1")).is_err());
    }

    #[test]
    fn a_customer_of_ipv6_is_one_address() {
        let counter = PerAddress::new(Some(1));
        let _first = counter.admit(address("2001:db8:1:2::1")).unwrap();
        assert!(counter.admit(address("2001:db8:1:2:ffff::9")).is_err());
        assert!(counter.admit(address("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn what_is_closed_leaves_nothing_behind() {
        let counter = PerAddress::new(Some(1));
        drop(counter.admit(address("192.0.2.1")).unwrap());
        assert!(counter.open.lock().is_empty());
        let closed = PerAddress::new(Some(0));
        assert!(closed.admit(address("192.0.2.1")).is_err());
        assert!(closed.open.lock().is_empty());
    }

    #[test]
    fn this_machine_and_no_limit_are_not_counted() {
        let counter = PerAddress::new(Some(1));
        let _open: Vec<_> = ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"]
            .iter()
            .flat_map(|text| [counter.admit(address(text)), counter.admit(address(text))])
            .collect::<Result<_, _>>()
            .unwrap();
        let unlimited = PerAddress::new(None);
        let _many: Vec<_> = (0..1000)
            .map(|_| unlimited.admit(address("192.0.2.1")).unwrap())
            .collect();
    }
}
