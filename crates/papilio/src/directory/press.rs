//! The press: renders a presence line once per dialect, however many get it.

use std::sync::Arc;

use bytes::Bytes;
use msnp::server::render;
use msnp::server::{Event, Presence};
use msnp::wire::version::Dialect;

use super::graph::Online;

/// What a watcher is told about somebody whom they saw before and see after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// `NLN`: status, name, capabilities or picture.
    Line,
    /// `UBX`: personal message and media.
    Data,
}

/// Lines rendered in one step.
#[derive(Default)]
pub(super) struct Press {
    plates: Vec<Plate>,
}

struct Plate {
    of: Arc<Presence>,
    kind: Kind,
    dialect: &'static Dialect,
    bytes: Bytes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `NLN` and `UBX`.
    Arrival,
    /// `NLN`.
    Line,
    /// `UBX`.
    Data,
    /// `FLN`.
    Departure,
}

impl Press {
    /// Tells a watcher the difference between what they saw before and what they see now.
    pub(super) fn tell(
        &mut self,
        watcher: &Online,
        telling: Telling,
        before: Option<&Arc<Presence>>,
        after: Option<&Arc<Presence>>,
    ) {
        let (of, kind) = match (before, after) {
            (None, None) => return,
            (None, Some(after)) => (after, Kind::Arrival),
            (Some(before), None) => (before, Kind::Departure),
            (Some(before), Some(after)) if Arc::ptr_eq(before, after) => return,
            (Some(_), Some(after)) => match telling {
                Telling::Line => (after, Kind::Line),
                Telling::Data => (after, Kind::Data),
            },
        };
        let bytes = self.bytes(of, kind, watcher.dialect);
        // A watcher whose mailbox is full loses their own connection, nobody else's line.
        let _closing = watcher.mailbox.put(Event::Frozen(bytes));
    }

    fn bytes(&mut self, of: &Arc<Presence>, kind: Kind, dialect: &'static Dialect) -> Bytes {
        let fits = |plate: &&Plate| {
            plate.kind == kind && std::ptr::eq(plate.dialect, dialect) && Arc::ptr_eq(&plate.of, of)
        };
        // The latest plates first: a fan-out asks for the same one again and again.
        if let Some(plate) = self.plates.iter().rev().take(4).find(fits) {
            return plate.bytes.clone();
        }
        let bytes = match kind {
            Kind::Arrival => render::arrival(of, dialect),
            Kind::Line => render::online(of, dialect),
            Kind::Data => render::data(of, dialect),
            Kind::Departure => render::offline(of, dialect),
        };
        self.plates.push(Plate {
            of: Arc::clone(of),
            kind,
            dialect,
            bytes: bytes.clone(),
        });
        bytes
    }
}
