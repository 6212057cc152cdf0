//! Nobody learns what they may not, whatever happens at the same moment.

use jiff::Timestamp;
use msnp::roster::{Lists, Privacy};
use papilio::store::roster::RosterChange;

use crate::house::{House, account, post, roster};

#[test]
fn a_privacy_that_is_stored_while_its_owner_signs_in_holds() {
    let house = House::with_mailboxes(0);
    let (alice, bob) = (account(1, "alice"), account(2, "bob"));
    let watching = house.signed_in(&alice, &[(&bob, Lists::FORWARD)]);
    let half = house.half_signed_in(&bob);
    // The lists of Bob's session were read before this was stored.
    let hides = RosterChange::Privacy {
        owner: bob.id,
        privacy: Privacy::AllowedOnly,
    };
    house
        .node
        .directory
        .apply(&bob, vec![hides], Timestamp::UNIX_EPOCH);
    let mut driver = half.complete(&bob, roster(&[]));
    house.say(&mut driver, "CHG 5 NLN 0\r\n");
    assert_eq!(post(&watching).0, [""; 0], "Alice is not allowed");
}

#[test]
fn a_block_that_is_stored_while_its_owner_signs_in_holds() {
    let house = House::with_mailboxes(0);
    let (alice, bob) = (account(1, "alice"), account(2, "bob"));
    let watching = house.signed_in(&alice, &[(&bob, Lists::FORWARD)]);
    let half = house.half_signed_in(&bob);
    let blocks = RosterChange::Lists {
        owner: bob.id,
        contact: alice.id,
        lists: Lists::BLOCK,
        touched: Lists::ALLOW | Lists::BLOCK,
    };
    house
        .node
        .directory
        .apply(&bob, vec![blocks], Timestamp::UNIX_EPOCH);
    let mut driver = half.complete(&bob, roster(&[(&alice, Lists::ALLOW)]));
    house.say(&mut driver, "CHG 5 NLN 0\r\n");
    assert_eq!(post(&watching).0, [""; 0], "Alice is blocked");
}
