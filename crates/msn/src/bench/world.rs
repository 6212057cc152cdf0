//! What all accounts of one worker share: the plan, the services, the tally, and when whose status was
//! due to change, so that a contact that sees it knows since when.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use msnp_client::msnp::client::{Identity, MailHandling, Seed, Settings};
use msnp_client::msnp::presence::{Capabilities, UserData};
use msnp_client::msnp::proof::challenge::Product;
use msnp_client::msnp::soap::rst::Password;
use msnp_client::msnp::wire::command::session::Software;
use msnp_client::msnp::wire::param::Param;
use msnp_client::{Handle, Status, Version};

use super::http::Http;
use super::plan::Plan;
use super::tally::Tally;

/// Everything that is shared.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) tally: Tally,
    pub(super) http: Http,
    pub(super) handles: Vec<Handle>,
    epoch: Instant,
    places: HashMap<Handle, usize>,
    /// For each account and each status, when it was last due, in microseconds from the epoch; 0: never.
    changes: Vec<[AtomicU64; STATUSES.len()]>,
    next_source: AtomicUsize,
}

impl World {
    pub(super) fn new(plan: Plan) -> anyhow::Result<Self> {
        let handles = plan.range.handles()?;
        let places = handles.iter().cloned().zip(0..).collect();
        let changes = handles
            .iter()
            .map(|_| std::array::from_fn(|_| AtomicU64::new(0)));
        Ok(Self {
            changes: changes.collect(),
            tally: Tally::new(),
            http: Http::new(&plan)?,
            handles,
            places,
            plan,
            // Nothing was due at 0.
            epoch: Instant::now() - Duration::from_millis(1),
            next_source: AtomicUsize::new(0),
        })
    }

    /// The other one of a pair; the last account of an odd number has none.
    pub(super) fn partner(&self, place: usize) -> Option<&Handle> {
        self.handles.get(place ^ 1)
    }

    /// The next of our addresses to connect from.
    pub(super) fn source(&self) -> Option<IpAddr> {
        let sources = &self.plan.sources;
        let next = self.next_source.fetch_add(1, Ordering::Relaxed);
        sources.get(next % sources.len().max(1)).copied()
    }

    /// A moment as it can travel within a message.
    pub(super) fn stamp(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.epoch).as_micros();
        u64::try_from(since).unwrap_or(u64::MAX)
    }

    /// The moment of a stamp, unless it lies in the future.
    pub(super) fn moment(&self, stamp: u64) -> Option<Instant> {
        let moment = self.epoch.checked_add(Duration::from_micros(stamp))?;
        (moment <= Instant::now()).then_some(moment)
    }

    /// The status after so many changes; not the first one of a session.
    pub(super) fn status(change: usize) -> Status {
        STATUSES[change % STATUSES.len()]
    }

    /// Somebody's status is due to change.
    pub(super) fn changes(&self, place: usize, status: Status, due: Instant) {
        if let Some(changed) = self.change(place, status) {
            changed.store(self.stamp(due), Ordering::Relaxed);
        }
    }

    /// Since when somebody's status was due to be what it is now. `None`: nobody changed it.
    pub(super) fn due_of(&self, handle: &Handle, status: Status) -> Option<Instant> {
        let place = *self.places.get(handle)?;
        match self.change(place, status)?.load(Ordering::Relaxed) {
            0 => None,
            stamp => self.moment(stamp),
        }
    }

    fn change(&self, place: usize, status: Status) -> Option<&AtomicU64> {
        let number = STATUSES.iter().position(|known| *known == status)?;
        Some(&self.changes.get(place)?[number])
    }

    /// How an account signs in.
    pub(super) fn settings(&self, place: usize) -> Settings {
        let word = Param::word;
        Settings {
            identity: self.identity(place),
            software: Software {
                locale: word("0x0409"),
                os: word("winnt"),
                os_version: word("5.1"),
                architecture: word("i386"),
                name: word("MSNMSGR"),
                version: word("8.0.0787"),
                brand: word("msmsgs"),
            },
            product: Product::WLM_8_0,
            versions: [
                (15, Version::MSNP15),
                (14, Version::MSNP14),
                (13, Version::MSNP13),
            ]
            .into_iter()
            .filter(|(number, _)| *number <= self.plan.msnp)
            .map(|(_, version)| version)
            .collect(),
            status: Status::Online,
            // MSNC5 (wire-msnp13, 5).
            capabilities: Capabilities(0x5000_0000),
            picture: None,
            data: UserData::default(),
            mail: MailHandling::Leave,
            seed: Seed(rand::random()),
        }
    }

    /// An account and its password.
    pub(super) fn identity(&self, place: usize) -> Identity {
        Identity {
            handle: self.handles[place].clone(),
            password: Password::new(self.plan.range.password(place)),
        }
    }
}

/// Statuses to change between. Enough of them that one does not come again while somebody has still to
/// see its last time.
const STATUSES: [Status; 5] = [
    Status::Busy,
    Status::BeRightBack,
    Status::Away,
    Status::OnThePhone,
    Status::OutToLunch,
];
