//! What one client sends costs others nothing but what they asked for.

use msnp::roster::Lists;
use msnp::wire::line::Limits;
use papilio::mailbox::Overflow;

use crate::house::{House, account, post};

#[test]
fn a_stranger_who_hands_over_too_much_is_refused_and_closes_nobody() {
    let house = House::with_mailboxes(10_000);
    let (mallory, bob) = (account(1, "mallory"), account(2, "bob"));
    let mut floods = house.signed_in(&mallory, &[]);
    let victim = house.signed_in(&bob, &[]);
    let handed = format!("UUN 7 bob@example.com 3 4000\r\n{}", "x".repeat(4000));
    let answers: Vec<_> = (0..4).map(|_| house.say(&mut floods, &handed)).collect();
    assert_eq!(answers[0], "UUN 7 OK\r\n");
    assert_eq!(answers[3], "217 7\r\n");
    let (posts, overflow) = post(&victim);
    assert_eq!(overflow, Overflow::No, "whom the flood does not close");
    assert!(!posts.is_empty());
    assert_eq!(
        house.say(&mut floods, &handed),
        "UUN 7 OK\r\n",
        "read by now"
    );
}

#[test]
fn a_picture_too_long_to_show_is_not_shown() {
    let house = House::with_mailboxes(0);
    let (mallory, bob) = (account(1, "mallory"), account(2, "bob"));
    let watching = house.signed_in(&bob, &[(&mallory, Lists::FORWARD)]);
    let mut shows = house.signed_in(&mallory, &[]);
    let usual = "%3Cmsnobj%20Creator%3D%22mallory%40example.com%22%20Size%3D%2225235%22%2F%3E";
    house.say(&mut shows, format!("CHG 6 NLN 0 {usual}\r\n"));
    let (posts, _) = post(&watching);
    assert!(posts[1].ends_with(&format!(" 0 {usual}\r\n")), "{posts:?}");
    // What is not UTF-8 is three times as long when it leaves as it was when it came.
    let mut line = b"CHG 7 NLN 0 %3Cmsnobj%20Creator%3D".to_vec();
    line.resize(8000, 0xff);
    line.extend(b"\r\n");
    house.say(&mut shows, line);
    let (posts, _) = post(&watching);
    assert!(posts[0].starts_with("NLN NLN mallory@example.com "));
    assert!(posts[0].len() < Limits::DEFAULT.line, "{}", posts[0].len());
}
