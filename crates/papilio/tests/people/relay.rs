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

/// The types of what clients send, with the beginnings of what follows (wire-msnp13, 8.6).
const KINDS: [&str; 14] = [
    "text/plain; charset=UTF-8\r\nX-MMS-IM-Format: FN=MS%20Shell%20Dlg; EF=; CO=0; PF=22\r\n\r\nHi",
    "text/plain; charset=UTF-8\r\nMessage-ID: {7E5B3C3A}\r\nChunks: 3\r\n\r\nHi",
    "text/x-msmsgscontrol\r\nTypingUser: bob@example.com\r\n\r\n\r\n",
    "text/x-msmsgscontrol\r\nRecordingUser: bob@example.com\r\n\r\n\r\n",
    "text/x-msnmsgr-datacast\r\n\r\nID: 1\r\n\r\n",
    "text/x-msnmsgr-datacast\r\n\r\nID: 2\r\nData: <msnobj Type=\"8\"/>\r\n\r\n",
    "text/x-mms-emoticon\r\n\r\n(hi)\t<msnobj Type=\"2\"/>\t",
    "text/x-mms-animemoticon\r\n\r\n(hi)\t<msnobj Type=\"2\"/>\t",
    "application/x-msnmsgrp2p\r\nP2P-Dest: bob@example.com\r\n\r\n\0\0\0\0\x01",
    "application/x-msnmsgrp2p\r\nP2P-Dest: nobody@example.net\r\n\r\n",
    "application/x-ms-ink\r\n\r\nbase64:AJwcAYCACB0E",
    "image/gif\r\nMessage-ID: {7E5B3C3A}\r\nChunks: 2\r\n\r\nbase64:R0lGODlh",
    "text/x-msmsgsinvite; charset=UTF-8\r\n\r\nInvitation-Command: INVITE\r\n\r\n",
    "text/x-keepalive\r\n\r\n",
];

#[tokio::test]
async fn every_kind_arrives_whatever_its_sender_wants_to_hear_of_it() {
    let house = House::open(Buffers::Usual, Config::default()).await;
    let mut parties = house.conversation(&["alice", "bob", "carol"]).await;
    for ack in ['U', 'N', 'A', 'D', 'S'] {
        for kind in KINDS {
            let payload = format!("MIME-Version: 1.0\r\nContent-Type: {kind}");
            let trid = parties[0].mouth.message(ack, payload.as_bytes()).await;
            for party in &mut parties[1..] {
                let line = party.ear.hear().await;
                let (sender, heard) = message(&line).unwrap();
                assert_eq!(sender, "alice@example.com");
                assert_eq!(heard, payload.as_bytes(), "{ack}");
            }
            if matches!(ack, 'A' | 'D' | 'S') {
                let line = parties[0].ear.hear().await;
                assert_eq!(line.text(), format!("ACK {trid}"));
            }
        }
    }
}
