//! Every operation's answer, byte for byte.

use papilio::config::Config;

use super::{
    Message, STORE2, World, action, assert_snapshot, between, delete, message, metadata, posted,
    text_of, unescaped,
};
use crate::{WLM, fault};

#[tokio::test]
async fn leaving_byte_for_byte() {
    let mut config = Config::default();
    config.offline_messages.sender_messages = Some(4);
    let world = World::with(config).await;
    let good = world.message(world.alice(), &world.bob);
    let first_try = Message {
        lock_key: String::new(),
        ..good.clone()
    };
    let store2 = |message: &Message| Message {
        headers: action(STORE2),
        ..message.clone()
    };
    let no_ticket = Message {
        ticket: "t=forged&amp;p=".to_owned(),
        ..good.clone()
    };
    let to_nobody = Message {
        to: "nobody@example.org".to_owned(),
        ..good.clone()
    };
    let no_content = Message {
        run: "no run".to_owned(),
        ..good.clone()
    };
    let too_long = Message {
        text: "SGVs".repeat(2731),
        ..good.clone()
    };
    let last = Message {
        number: "7".to_owned(),
        sequence: "7".to_owned(),
        ..good.clone()
    };
    let answer = async |name: &str, message: &Message| {
        assert_snapshot(&format!("oim_{name}"), &world.send(message).await);
    };
    answer("01_store_without_lock_key", &first_try).await;
    answer("02_store", &good).await;
    answer("03_store2_without_lock_key", &store2(&first_try)).await;
    answer("04_store2", &store2(&last)).await;
    answer("05_store_without_ticket", &no_ticket).await;
    answer("06_store2_without_ticket", &store2(&no_ticket)).await;
    answer("07_store_to_nobody", &to_nobody).await;
    answer("08_store2_to_nobody", &store2(&to_nobody)).await;
    answer("09_store_too_fast", &good).await;
    answer("10_store2_too_fast", &store2(&good)).await;
    answer("11_store_of_no_mail", &no_content).await;
    answer("12_store_of_too_much", &too_long).await;
    let without = good.body().replace("<To ", "<Nobody ");
    let no_request = posted(good.path, &good.headers, &without);
    let no_request = world.server.ask(&no_request).await;
    assert_snapshot("oim_13_store_without_recipient", &no_request);
}

#[tokio::test]
async fn fetching_byte_for_byte() {
    let world = World::new().await;
    let bob = &world.bob;
    let answer = async |name: &str, request: &str| {
        let answer = world.fetch(bob, request).await;
        assert_snapshot(&format!("rsi_{name}"), &answer);
        answer
    };
    answer("01_metadata_of_an_empty_mailbox", &metadata()).await;
    world
        .leave(world.alice(), bob, "see you later \u{e9}")
        .await;
    world.leave(&world.carol, bob, &"long ".repeat(100)).await;
    answer("02_metadata", &metadata()).await;
    let ids = world.ids(bob).await;
    answer("03_message", &message(&ids[0], "false")).await;
    answer("04_long_message_marked_as_read", &message(&ids[1], "true")).await;
    answer("05_metadata_with_one_read", &metadata()).await;
    answer("06_delete", &delete(&ids[..1])).await;
    answer("07_metadata_after", &metadata()).await;
    let unknown = "6BA7B810-9DAD-11D1-80B4-00C04FD430C8";
    answer("08_no_such_message", &message(unknown, "false")).await;
    answer("09_delete_no_such_message", &delete(&[unknown])).await;
    answer("10_no_such_operation", "<Nothing/>").await;
    let cookie = "<t>forged</t><p></p>";
    let forged = world
        .server
        .ask(&super::fetching_posted(cookie, &metadata()))
        .await;
    assert_snapshot("rsi_11_without_ticket", &forged);
}

/// services-oim, 11, as far as no session is needed.
#[tokio::test]
async fn the_checklist() {
    let world = World::new().await;
    let (alice, bob) = (world.alice(), &world.bob);
    // Without a lock key: that challenge alone.
    let mut first = Message {
        lock_key: String::new(),
        number: "3".to_owned(),
        sequence: "3".to_owned(),
        text: "c2VlIHlvdSBsYXRlciDDqQ==".to_owned(),
        ..world.message(alice, bob)
    };
    let answer = world.send(&first).await;
    assert_eq!(fault(&answer), "q0:AuthenticationFailed");
    let challenge = answer.between("<LockKeyChallenge ", "</LockKeyChallenge>")[0];
    let challenge = challenge.split_once('>').unwrap().1.to_owned();
    assert!(challenge.len() == 20 && challenge.bytes().all(|b| b.is_ascii_digit()));
    assert!(!answer.body.contains("TweenerChallenge"));
    // With it: stored.
    first.lock_key = WLM.response(&challenge);
    let answer = world.send(&first).await;
    assert_eq!(answer.status(), "200");
    assert!(
        answer
            .body
            .contains("<AcknowledgmentRange Upper=\"3\" Lower=\"3\"/>")
    );
    // The size is the mail's, and what was said comes back.
    let listed = world.metadata(bob).await;
    let size: usize = between(&listed, "<SZ>", "<")[0].parse().unwrap();
    let id = world.ids(bob).await.remove(0);
    let mail = world.mail(bob, &id).await;
    assert_eq!(mail.len(), size);
    assert_eq!(text_of(&mail), "see you later \u{e9}");
    assert!(mail.contains("\nFrom: =?utf-8?B?QWxpY2U=?= <alice@example.org>\n"));
    assert!(mail.contains("\nX-OIM-Sequence-Num: 3\n"));
    let date = between(&mail, "\nDate: ", "\n")[0];
    assert!(date.len() == 26 && date.ends_with(" -0800"), "{date}");
    // Deleted: gone from the list.
    let deleted = world.fetch(bob, &delete(&[&id])).await;
    assert!(deleted.body.contains(
        "<DeleteMessagesResponse xmlns=\"http://www.hotmail.msn.com/ws/2004/09/oim/rsi\"/>"
    ));
    assert_eq!(world.ids(bob).await.len(), 0);
    // A wrong ticket: that challenge alone.
    first.ticket = "t=wrong&amp;p=".to_owned();
    let answer = world.send(&first).await;
    assert_eq!(fault(&answer), "q0:AuthenticationFailed");
    assert!(answer.body.contains("<TweenerChallenge ") && !answer.body.contains("LockKey"));
}

#[tokio::test]
async fn twenty_six_are_all_in_the_list() {
    let world = World::unhurried().await;
    for number in 0..26 {
        world
            .leave(world.alice(), &world.bob, &number.to_string())
            .await;
    }
    let expected: Vec<_> = (0..26).map(|number| number.to_string()).collect();
    assert_eq!(world.texts(&world.bob).await, expected);
}

#[tokio::test]
async fn nothing_stands_between_elements() {
    let world = World::new().await;
    world.leave(world.alice(), &world.bob, "x").await;
    let id = world.ids(&world.bob).await.remove(0);
    for answer in [
        world.fetch(&world.bob, &metadata()).await,
        world.fetch(&world.bob, &message(&id, "false")).await,
        world.fetch(&world.bob, "<Nothing/>").await,
        world.send(&Message::default()).await,
        world.send(&world.message(world.alice(), &world.bob)).await,
    ] {
        let body = &answer.body;
        let inside = body.strip_suffix('>').unwrap();
        for text in between(inside, ">", "<") {
            assert!(text.is_empty() || !text.trim().is_empty(), "{body}");
        }
        assert!(!body.contains("&#") && !body.contains("CDATA") && !body.contains('\r'));
    }
}

/// How clients that know no XML cut a mail out of its answer.
#[tokio::test]
async fn a_mail_is_found_by_clients_that_know_no_xml() {
    let world = World::new().await;
    world.leave(world.alice(), &world.bob, "Hello").await;
    let id = world.ids(&world.bob).await.remove(0);
    let body = world.fetch(&world.bob, &message(&id, "false")).await.body;
    // pecan: behind an empty line, up to the end of the element.
    let (_, rest) = body.split_once("\n\n").unwrap();
    assert_eq!(
        rest.split_once("</GetMessageResult>").unwrap().0,
        "SGVsbG8="
    );
    // emesene: four and six characters around the address, as it stands there.
    let from = between(&body, "\nFrom: ", "\n")[0];
    let (word, address) = from.split_once(' ').unwrap();
    assert_eq!(&address[4..address.len() - 4], "alice@example.org");
    assert_eq!(word, "=?utf-8?B?QWxpY2U=?=");
    assert!(unescaped(from).ends_with("<alice@example.org>"));
}
