//! Two of them, and a server that hands packets on.

use super::*;
use crate::object::ObjectKind;
use proptest::prelude::*;
use sha1::{Digest as _, Sha1};

/// Alice and Bob, and what is on its way between them.
struct World {
    ends: [Transfers; 2],
    under_way: [VecDeque<Packet>; 2],
    /// What was asked for of the files that are sent.
    wanted: [VecDeque<(TransferId, usize)>; 2],
    supplied: usize,
    events: [Vec<Event>; 2],
    offered: Bytes,
    now: Instant,
    most_under_way: usize,
}

const ALICE: usize = 0;
const BOB: usize = 1;

fn handles() -> [Handle; 2] {
    ["alice", "bob"].map(|name| Handle::parse(&format!("{name}@example.com")).unwrap())
}

fn object_of(data: &[u8]) -> MsnObject {
    MsnObject {
        creator: "bob@example.com".to_owned(),
        size: data.len() as u64,
        kind: ObjectKind::DisplayPicture,
        location: "a.png".to_owned(),
        friendly: "AAA=".to_owned(),
        sha1d: BASE64.encode(Sha1::digest(data)),
        sha1c: None,
    }
}

impl World {
    fn new(offered: Bytes) -> Self {
        let [alice, bob] = handles();
        Self {
            ends: [
                Transfers::new(alice, Seed([1; 16])),
                Transfers::new(bob, Seed([2; 16])),
            ],
            under_way: Default::default(),
            wanted: Default::default(),
            supplied: 0,
            events: Default::default(),
            offered,
            now: Instant::now(),
            most_under_way: 0,
        }
    }

    fn act(&mut self, end: usize, act: impl FnOnce(&mut Transfers, Instant, &mut Vec<Effect>)) {
        let mut effects = Vec::new();
        act(&mut self.ends[end], self.now, &mut effects);
        for effect in effects {
            match effect {
                Effect::Send { to, packet } => {
                    assert_eq!(to, handles()[1 - end]);
                    self.under_way[end].push_back(packet);
                }
                Effect::Read { id, length } => self.wanted[end].push_back((id, length)),
                // A file comes in parts: as one, for who looks at the whole.
                Effect::Event(Event::Part(part)) => match self.events[end].last_mut() {
                    Some(Event::Part(before)) if before.id == part.id => {
                        let mut data = before.data.to_vec();
                        data.extend_from_slice(&part.data);
                        before.data = data.into();
                    }
                    _ => self.events[end].push(Event::Part(part)),
                },
                Effect::Event(event) => self.events[end].push(event),
            }
        }
        self.most_under_way = self.most_under_way.max(self.under_way[end].len());
    }

    /// One packet reaches the other end, and its sender hears of it.
    fn step(&mut self, end: usize) -> bool {
        let Some(packet) = self.under_way[end].pop_front() else {
            return false;
        };
        self.act(end, Transfers::acknowledged);
        let from = handles()[end].clone();
        let offered = self.offered.clone();
        let pictures = |object: &MsnObject| {
            (object.sha1d == BASE64.encode(Sha1::digest(&offered))).then(|| offered.clone())
        };
        self.act(1 - end, |transfers, now, effects| {
            transfers.packet(now, &from, packet.write(), &pictures, effects);
        });
        true
    }

    fn settle(&mut self) {
        while self.step(ALICE) | self.step(BOB) | self.supply() {}
    }

    /// Alice's next bytes, from one file.
    fn supply(&mut self) -> bool {
        let Some((id, length)) = self.wanted[ALICE].pop_front() else {
            return false;
        };
        let from = self.supplied;
        self.supplied += length;
        let piece = data(from + length).slice(from..);
        self.act(ALICE, |alice, now, effects| {
            alice.supply(now, id, piece, effects);
        });
        true
    }

    fn nothing_is_left(&self) {
        for end in &self.ends {
            assert!(end.transfers.is_empty() && end.arriving.is_empty());
            assert!(end.queue.is_empty() && end.outgoing.is_empty());
        }
    }
}

fn data(size: usize) -> Bytes {
    (0..size).map(|at| (at * 7 % 251) as u8).collect()
}

#[test]
fn a_picture_is_fetched() {
    for size in [0, 1, 3, 5, 1202, 1203, 25_235] {
        let mut world = World::new(data(size));
        let bob = handles()[BOB].clone();
        let object = object_of(&data(size));
        world.act(ALICE, |alice, now, effects| {
            alice.fetch(now, &bob, object, effects);
        });
        world.settle();
        let [Event::Received(received)] = &world.events[ALICE][..] else {
            panic!("{size}: {:?}", world.events);
        };
        assert_eq!(received.data, data(size));
        assert!(matches!(world.events[BOB][..], [Event::Sent(_)]), "{size}");
        assert!(world.most_under_way <= WINDOW);
        world.nothing_is_left();
    }
}

#[test]
fn a_picture_that_is_not_offered_is_declined() {
    let mut world = World::new(data(10));
    let bob = handles()[BOB].clone();
    let object = object_of(b"another");
    world.act(ALICE, |alice, now, effects| {
        alice.fetch(now, &bob, object, effects);
    });
    world.settle();
    let declined = Failure::Declined;
    assert!(
        matches!(world.events[ALICE][..], [Event::Failed { failure, .. }] if failure == declined)
    );
    world.nothing_is_left();
}

fn offer(world: &mut World, size: usize) -> TransferId {
    let bob = handles()[BOB].clone();
    let name = FileName::of("notes.txt");
    world.act(ALICE, |alice, now, effects| {
        alice.offer(now, &bob, &name, size as u64, effects);
    });
    world.settle();
    let [
        Event::Offered {
            id,
            name,
            size: told,
            ..
        },
    ] = &world.events[BOB][..]
    else {
        panic!("{:?}", world.events);
    };
    assert_eq!((name.as_str(), *told), ("notes.txt", size as u64));
    *id
}

#[test]
fn a_file_is_taken() {
    for size in [0, 1, 4, 1202, 100_000] {
        let mut world = World::new(Bytes::new());
        let id = offer(&mut world, size);
        world.act(BOB, |bob, now, effects| bob.accept(now, id, effects));
        world.settle();
        let parts = Event::Part(Received {
            id,
            data: data(size),
        });
        let expected: Vec<_> = [parts, Event::Taken(id)]
            .into_iter()
            .skip(usize::from(size == 0))
            .collect();
        assert_eq!(world.events[BOB][1..], expected, "{size}");
        assert_eq!(world.events[ALICE], [Event::Sent(id)], "{size}");
        world.nothing_is_left();
    }
}

#[test]
fn a_file_is_declined_cancelled_or_forgotten() {
    for failure in [
        Failure::Declined,
        Failure::Cancelled,
        Failure::TimedOut,
        Failure::Left,
    ] {
        let mut world = World::new(Bytes::new());
        let id = offer(&mut world, 100_000);
        match failure {
            Failure::Declined => world.act(BOB, |bob, _, effects| bob.decline(id, effects)),
            Failure::Cancelled => {
                world.act(BOB, |bob, now, effects| bob.accept(now, id, effects));
                for _ in 0..30 {
                    world.step(BOB);
                    world.step(ALICE);
                }
                world.act(BOB, |bob, _, effects| bob.cancel(id, effects));
            }
            Failure::TimedOut => {
                world.now += THINKING;
                for end in [ALICE, BOB] {
                    world.act(end, Transfers::timer);
                }
            }
            _ => world.act(ALICE, |alice, _, effects| {
                alice.left(&handles()[BOB], effects);
            }),
        }
        world.settle();
        let failed = Event::Failed { id, failure };
        assert!(world.events[ALICE].contains(&failed), "{:?}", world.events);
        assert!(world.ends[ALICE].transfers.is_empty(), "{failure:?}");
        assert!(world.ends[ALICE].queue.is_empty(), "{failure:?}");
        assert!(world.ends[ALICE].outgoing.is_empty(), "{failure:?}");
    }
}

#[test]
fn of_a_file_only_what_is_about_to_leave_is_in_memory() {
    let mut world = World::new(Bytes::new());
    let id = offer(&mut world, 1_000_000);
    world.act(BOB, |bob, now, effects| bob.accept(now, id, effects));
    let mut most = 0;
    while world.step(BOB) | world.step(ALICE) | world.supply() {
        if let Some(Event::Part(part)) = world.events[BOB].last() {
            most = most.max(world.supplied - part.data.len());
        }
        assert!(world.ends[BOB].arriving.is_empty());
    }
    assert!((1..200_000).contains(&most), "{most}");
    assert_eq!(world.events[ALICE], [Event::Sent(id)]);
    world.nothing_is_left();
}

#[test]
fn somebody_may_think_about_a_file_longer_than_a_transfer_may_stand_still() {
    let mut world = World::new(Bytes::new());
    let id = offer(&mut world, 10);
    world.now += THINKING / 2;
    for end in [ALICE, BOB] {
        world.act(end, Transfers::timer);
    }
    world.act(BOB, |bob, now, effects| bob.accept(now, id, effects));
    world.settle();
    assert_eq!(world.events[ALICE], [Event::Sent(id)]);
}

#[test]
fn a_file_may_take_as_long_as_it_gets_on() {
    let mut world = World::new(Bytes::new());
    let id = offer(&mut world, 100_000);
    world.act(BOB, |bob, now, effects| bob.accept(now, id, effects));
    while world.step(BOB) | world.step(ALICE) | world.supply() {
        world.now += PATIENCE / 2;
        for end in [ALICE, BOB] {
            world.act(end, Transfers::timer);
        }
    }
    assert_eq!(world.events[ALICE], [Event::Sent(id)]);
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_cancelled() {
    let mut world = World::new(Bytes::new());
    let id = offer(&mut world, 1_000_000);
    world.act(BOB, |bob, now, effects| bob.accept(now, id, effects));
    while world.wanted[ALICE].is_empty() {
        assert!(world.step(BOB) | world.step(ALICE));
    }
    world.wanted[ALICE].clear();
    world.act(ALICE, |alice, now, effects| {
        alice.supply(now, id, Bytes::new(), effects);
    });
    world.settle();
    let failure = Failure::Cancelled;
    assert_eq!(
        world.events[BOB].last(),
        Some(&Event::Failed { id, failure })
    );
    world.nothing_is_left();
}

#[test]
fn a_small_picture_does_not_wait_for_large_files() {
    let mut world = World::new(data(9_000));
    let alice = handles()[ALICE].clone();
    let ids: Vec<_> = (0..2)
        .map(|_| {
            world.events[BOB].clear();
            offer(&mut world, 200_000)
        })
        .collect();
    for &id in &ids {
        world.act(BOB, |bob, now, effects| bob.accept(now, id, effects));
    }
    // The picture goes the same way as the files.
    let object = object_of(&data(9_000));
    world.act(BOB, |bob, now, effects| {
        bob.fetch(now, &alice, object, effects);
    });
    world.settle();
    let [Event::Sent(picture), Event::Sent(_), Event::Sent(_)] = world.events[ALICE][..] else {
        panic!("{:?}", world.events[ALICE]);
    };
    assert!(!ids.contains(&picture));
    world.nothing_is_left();
}

#[test]
fn what_is_not_what_was_announced_is_not_taken() {
    let mut world = World::new(data(5000));
    let bob = handles()[BOB].clone();
    let object = MsnObject {
        size: 100,
        ..object_of(&data(5000))
    };
    world.act(ALICE, |alice, now, effects| {
        alice.fetch(now, &bob, object, effects);
    });
    world.settle();
    let corrupt = Failure::Corrupt;
    assert!(
        matches!(world.events[ALICE][..], [Event::Failed { failure, .. }] if failure == corrupt)
    );
    assert!(world.ends[ALICE].arriving.is_empty());
}

#[test]
fn nobody_makes_this_account_keep_what_it_did_not_ask_for() {
    let mut world = World::new(Bytes::new());
    let bob = handles()[BOB].clone();
    for session in 0..100 {
        let packet = Packet {
            session,
            id: session,
            total: 1 << 40,
            data: data(CHUNK),
            ..Packet::default()
        };
        let slp = Packet {
            session: 0,
            total: 60_000,
            ..packet.clone()
        };
        for packet in [packet, slp] {
            world.act(ALICE, |alice, now, effects| {
                alice.packet(now, &bob, packet.write(), &|_| None, effects);
            });
        }
    }
    assert!(world.ends[ALICE].arriving.len() <= MOST);
    assert!(world.events[ALICE].is_empty());
}

proptest! {
    #[test]
    fn no_packets_make_it_panic(
        packets in prop::collection::vec(
            (0u32..3, 0u32..4, 0u64..9, 0u64..9, any::<u32>(), 0u32..4, "[ -~\r\n]{0,9}"),
            0..40,
        ),
    ) {
        let mut world = World::new(data(9));
        let bob = handles()[BOB].clone();
        for (session, id, offset, total, flags, ack_session, text) in packets {
            let packet = Packet {
                session,
                id,
                offset,
                total,
                flags: flags & 0x2a,
                ack_session,
                data: text.into(),
                ..Packet::default()
            };
            world.act(ALICE, |alice, now, effects| {
                alice.packet(now, &bob, packet.write(), &|_| None, effects);
            });
        }
        prop_assert!(world.ends[ALICE].arriving.len() <= MOST);
    }
}
