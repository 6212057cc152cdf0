//! Whatever is said arrives with all others as it was said, and in the order in which it was said.

use papilio::config::Config;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::house::{Buffers, House, message};

/// Who says something, what they want to hear of it, and what it is.
#[derive(Clone, Debug)]
struct Said {
    by: usize,
    ack: char,
    payload: Vec<u8>,
}

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dan"];

/// As long as a message may be.
const LONGEST: usize = 1664;

fn said() -> impl Strategy<Value = Said> {
    let by = 0..NAMES.len();
    let ack = prop::sample::select(vec!['U', 'N', 'A', 'D', 'S']);
    let payload = prop_oneof![
        vec(any::<u8>(), 0..64),
        vec(any::<u8>(), 0..=LONGEST),
        vec(any::<u8>(), LONGEST),
        // What looks like commands, and lines that do not end.
        vec(
            prop::sample::select(vec![
                "MSG 1 A 3\r\n",
                "OUT\r\n",
                "\r\n",
                "\n",
                "\0",
                "%0D",
                "é"
            ]),
            0..40
        )
        .prop_map(|parts| parts.concat().into_bytes()),
    ];
    (by, ack, payload).prop_map(|(by, ack, payload)| Said { by, ack, payload })
}

#[test]
fn anything_within_the_limit_arrives_as_it_was_said_in_order() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (_house, parties) = runtime.block_on(async {
        let house = House::open(Buffers::Usual, Config::default()).await;
        let parties = house.conversation(&NAMES).await;
        (house, parties)
    });
    let parties = tokio::sync::Mutex::new(parties);
    TestRunner::default()
        .run(&vec(said(), 1..24), |all| {
            runtime.block_on(async {
                let mut parties = parties.lock().await;
                let mut owed = vec![Vec::new(); NAMES.len()];
                for said in &all {
                    let trid = parties[said.by]
                        .mouth
                        .message(said.ack, &said.payload)
                        .await;
                    if matches!(said.ack, 'A' | 'D' | 'S') {
                        owed[said.by].push(trid);
                    }
                }
                for (me, party) in parties.iter_mut().enumerate() {
                    let mut acks = Vec::new();
                    let mut heard = vec![Vec::new(); NAMES.len()];
                    let expected: Vec<Vec<_>> = (0..NAMES.len())
                        .map(|by| {
                            let theirs = all.iter().filter(|said| said.by == by && by != me);
                            theirs.map(|said| said.payload.clone()).collect()
                        })
                        .collect();
                    let lines = expected.iter().map(Vec::len).sum::<usize>() + owed[me].len();
                    for _ in 0..lines {
                        let line = party.ear.hear().await;
                        match message(&line) {
                            Some((sender, payload)) => {
                                let by = NAMES.iter().position(|name| sender.starts_with(name));
                                heard[by.unwrap()].push(payload.to_vec());
                            }
                            None => {
                                prop_assert_eq!(line.verb(), "ACK");
                                acks.push(line.trid().unwrap());
                            }
                        }
                    }
                    prop_assert_eq!(&heard, &expected);
                    acks.sort_unstable();
                    prop_assert_eq!(&acks, &owed[me]);
                }
                Ok(())
            })
        })
        .unwrap();
}
