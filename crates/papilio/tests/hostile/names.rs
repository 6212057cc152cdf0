//! An address that has changed hands: the account was deleted, and another made in its name.

use msnp::roster::Lists;

use crate::house::{House, account};

#[test]
fn whoever_watched_the_one_before_takes_nobody_away() {
    let house = House::with_mailboxes(0);
    let (alice, bob) = (account(1, "alice"), account(2, "bob"));
    let (before, after) = (account(3, "zoe"), account(4, "zoe"));
    let watching = house.signed_in(&alice, &[(&before, Lists::FORWARD)]);
    let _zoe = house.signed_in(&after, &[]);
    drop(watching);
    let directory = &house.node.directory;
    let reached = directory.reach(bob.id, &after.handle);
    assert_eq!(reached.map(|reached| reached.account), Some(after.id));
}
