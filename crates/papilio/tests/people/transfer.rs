//! Pictures and files go through conversations whole: between two, beside a third, while people talk,
//! through small buffers, and however fast their sender is.

use papilio::config::Config;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use crate::house::{Buffers, House, Party};
use crate::p2p::{Kind, Pace, Talk, hand_over, hear_until, overhear, remarks, take, text};

/// As many as Windows Live Messenger's own pictures have.
const PICTURE: usize = 25_235;

const MIB: usize = 1024 * 1024;

/// As clients of then, which wait for each `ACK`; as those that have some on their way; and as nobody
/// should.
const PACES: [Pace; 3] = [
    Pace::Acknowledged(1),
    Pace::Acknowledged(16),
    Pace::Headlong,
];

#[tokio::test]
async fn a_display_picture_is_fetched_both_ways() {
    let house = House::open(Buffers::Usual, Config::default()).await;
    let mut parties = house.conversation(&["alice", "bob"]).await;
    for pace in PACES {
        between_two(&mut parties, Kind::Picture, pace, PICTURE).await;
        parties.reverse();
    }
}

#[tokio::test]
async fn a_file_arrives_at_every_pace_while_both_talk() {
    let house = House::open(Buffers::Usual, Config::default()).await;
    let mut parties = house.conversation(&["alice", "bob"]).await;
    for pace in PACES {
        between_two(&mut parties, Kind::File, pace, MIB).await;
    }
}

#[tokio::test]
async fn a_file_goes_through_small_buffers() {
    let house = House::open(Buffers::Small, Config::default()).await;
    let mut parties = house.conversation(&["alice", "bob"]).await;
    for pace in [Pace::Acknowledged(1), Pace::Headlong] {
        between_two(&mut parties, Kind::File, pace, MIB).await;
    }
}

#[tokio::test]
async fn a_file_goes_past_a_third_who_talks() {
    for buffers in [Buffers::Usual, Buffers::Small] {
        let house = House::open(buffers, Config::default()).await;
        let mut parties = house.conversation(&["alice", "bob", "carol"]).await;
        between_two_and_a_third(&mut parties, Pace::Headlong).await;
    }
}

/// Mailboxes that hold a sixteenth of the file: whoever does not hold the sender back runs over.
#[tokio::test]
async fn nobody_is_closed_for_reading_slower_than_another_sends() {
    let mut config = Config::default();
    config.limits.mailbox = Some(MIB / 16);
    config.switchboard.backlog = Some(MIB / 64);
    let house = House::open(Buffers::Small, config).await;
    let mut parties = house.conversation(&["alice", "bob", "carol"]).await;
    between_two_and_a_third(&mut parties, Pace::Headlong).await;
}

/// The first hands something to the second, and both talk.
async fn between_two(parties: &mut [Party], kind: Kind, pace: Pace, size: usize) {
    let [alice, bob] = parties else {
        panic!("two");
    };
    let (from, to) = (alice.handle.clone(), bob.handle.clone());
    let data = data(size);
    let (mut heard, (taken, said)) = tokio::join!(
        hand_over(alice, &to, kind, pace, &data),
        take(bob, &from, kind)
    );
    assert_intact(&taken, &data);
    assert_eq!(of(&said, &from), remarks(&from, size));
    bob.mouth.message('N', &text("that was all")).await;
    hear_until(alice, "that was all", &mut heard).await;
    heard.pop();
    assert_eq!(of(&heard, &to), remarks(&to, size));
}

/// The same, beside somebody who talks as well.
async fn between_two_and_a_third(parties: &mut [Party], pace: Pace) {
    let [alice, bob, carol] = parties else {
        panic!("three");
    };
    let (from, to) = (alice.handle.clone(), bob.handle.clone());
    let data = data(MIB);
    let (mut by_alice, (taken, mut by_bob), (overheard, _)) = tokio::join!(
        hand_over(alice, &to, Kind::File, pace, &data),
        take(bob, &from, Kind::File),
        overhear(carol, &from, MIB),
    );
    assert_intact(&taken, &data);
    assert_intact(&overheard, &data);
    carol.mouth.message('N', &text("that was all")).await;
    let remarks = remarks(&carol.handle, MIB);
    for (party, talk) in [(alice, &mut by_alice), (bob, &mut by_bob)] {
        hear_until(party, "that was all", talk).await;
        talk.pop();
        assert_eq!(of(talk, &carol.handle), remarks);
    }
}

/// What one of them said.
fn of(talk: &Talk, who: &str) -> Vec<String> {
    let said = talk.iter().filter(|(sender, _)| sender == who);
    said.map(|(_, text)| text.clone()).collect()
}

/// No two places of it are alike, and it is the same in every run.
fn data(size: usize) -> Vec<u8> {
    let mut random = rand::rngs::StdRng::seed_from_u64(13);
    let mut data = vec![0; size];
    random.fill(&mut data[..]);
    data
}

#[track_caller]
fn assert_intact(taken: &[u8], sent: &[u8]) {
    let hash = |data| Sha256::digest(data);
    assert_eq!((taken.len(), hash(taken)), (sent.len(), hash(sent)));
}
