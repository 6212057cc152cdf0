//! Which networks are banned, as this process knows it: asked for every connection, without the
//! database.
//!
//! ```text
//!   operator --one transaction--> bans, the counter        (store::ban)
//!   BanWatch --every few seconds--> the counter, and all bans when it has moved
//!                  |
//!                  +--> Bans: listen, http::gateway, credentials ask    +--> sessions from there end
//! ```
//!
//! Banned accounts are not here: their tickets and sessions end as those of disabled ones do
//! (`sign_outs`), and whoever signs in with a password is looked for in the database.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::RwLock;
use tracing::info;

use crate::node::Node;
use crate::store::ban::{Ban, BanChange, BanSubject};
use crate::store::network::Network;
use crate::store::{Store, StoreError};

/// The banned networks.
#[derive(Debug, Default)]
pub struct Bans {
    /// By the length of their prefixes, of which there are few: until when, `None` for ever.
    networks: RwLock<BTreeMap<u8, HashMap<Network, Option<Timestamp>>>>,
}

impl Bans {
    /// Whether nobody may come from this address.
    pub fn refuse(&self, peer: IpAddr, now: Timestamp) -> bool {
        self.networks.read().iter().any(|(&prefix, networks)| {
            networks
                .get(&Network::around(peer, prefix))
                .is_some_and(|until| until.is_none_or(|until| until > now))
        })
    }

    fn replace(&self, bans: &[Ban]) {
        let mut networks: BTreeMap<u8, HashMap<_, _>> = BTreeMap::new();
        for ban in bans {
            if let BanSubject::Network(network) = ban.subject {
                let alike = networks.entry(network.prefix()).or_default();
                alike.insert(network, ban.expires);
            }
        }
        *self.networks.write() = networks;
    }
}

/// Keeps [`Bans`] as the database has them.
#[derive(Debug)]
pub struct BanWatch {
    store: Store,
    node: Arc<Node>,
    seen: Option<BanChange>,
}

impl BanWatch {
    /// Reads the bans, before anybody is let in.
    pub async fn new(store: Store, node: Arc<Node>) -> Result<Self, StoreError> {
        let mut watch = Self {
            store,
            node,
            seen: None,
        };
        watch.look().await?;
        Ok(watch)
    }

    /// Looks once; whoever is here from where nobody may be any more has to go.
    pub async fn look(&mut self) -> Result<(), StoreError> {
        // Before the bans, so that a change in between is read again rather than missed.
        let change = self.store.ban_change().await?;
        if self.seen == Some(change) {
            return Ok(());
        }
        let now = Timestamp::now();
        let mut bans = Vec::new();
        loop {
            let after = bans.last().map(|ban: &Ban| ban.id);
            let page = self.store.bans(after, PAGE, now).await?;
            if page.is_empty() {
                break;
            }
            bans.extend(page);
        }
        self.node.bans.replace(&bans);
        let ended = self.node.end_banned(now);
        if ended > 0 {
            info!(connections = ended, "banned: ended");
        }
        self.seen = Some(change);
        Ok(())
    }
}

/// How many are read at a time.
const PAGE: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ban::BanId;

    fn ban(network: &str, expires: Option<Timestamp>) -> Ban {
        Ban {
            id: BanId(1),
            subject: BanSubject::Network(network.parse().unwrap()),
            reason: String::new(),
            made_by: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
            expires,
        }
    }

    #[test]
    fn a_network_is_refused_until_its_ban_ends() {
        let bans = Bans::default();
        let now = Timestamp::from_second(1000).unwrap();
        let later = Timestamp::from_second(2000).unwrap();
        let refuse = |address: &str, now| bans.refuse(address.parse().unwrap(), now);
        assert!(!refuse("192.0.2.1", now));
        bans.replace(&[
            ban("192.0.2.0/24", None),
            ban("198.51.100.7", Some(later)),
            ban("2001:db8::/32", None),
        ]);
        for (address, refused) in [
            ("192.0.2.1", true),
            ("::ffff:192.0.2.9", true),
            ("192.0.3.1", false),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(refuse(address, now), refused, "{address}");
        }
        assert!(!refuse("198.51.100.7", later), "it has ended");
        bans.replace(&[]);
        assert!(!refuse("192.0.2.1", now));
    }
}
