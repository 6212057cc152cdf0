//! The press: renders a presence line once per form, however many get it.
//!
//! The form is the receiver's (`PresenceLine`): versions whose presence lines are the same share a
//! plate.

use std::sync::Arc;

use bytes::Bytes;
use msnp::server::render;
use msnp::server::{Event, Presence};
use msnp::wire::version::{Dialect, PresenceLine};

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
    form: PresenceLine,
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
        let form = dialect.presence;
        let fits =
            |plate: &&Plate| plate.kind == kind && plate.form == form && Arc::ptr_eq(&plate.of, of);
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
            form,
            bytes: bytes.clone(),
        });
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use msnp::handle::Handle;
    use msnp::presence::{Capabilities, FriendlyName, Status};
    use msnp::wire::version::Version;

    #[test]
    fn each_form_is_rendered_once() {
        let presence = Arc::new(Presence {
            handle: Handle::parse("alice@example.com").unwrap(),
            name: FriendlyName::from_wire("Alice").unwrap(),
            status: Status::Online,
            capabilities: Capabilities(7),
            object: None,
            data: None,
        });
        let mut press = Press::default();
        let mut print = |version| {
            let dialect = Dialect::of(version).unwrap();
            press.bytes(&presence, Kind::Line, dialect)
        };
        let versions = [Version::MSNP13, Version::MSNP14, Version::MSNP15];
        let [old, new, newest] = versions.map(&mut print);
        assert_eq!(old, "NLN NLN alice@example.com Alice 7 0\r\n");
        assert_eq!(new, "NLN NLN alice@example.com 1 Alice 7 0\r\n");
        assert_eq!(new.as_ptr(), newest.as_ptr(), "one buffer");
        let again = versions.map(print);
        assert_eq!(
            again.map(|bytes| bytes.as_ptr()),
            [&old, &new, &new].map(|b| b.as_ptr())
        );
        assert_eq!(press.plates.len(), 2);
    }
}
