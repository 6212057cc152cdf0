//! Conversations, in whatever order things arrive.

use std::time::Duration;

use msnp::client::switchboard::{Ask, AskError, Closing, Delivery};
use msnp::message::{Message, TextFormat};

use crate::world::{World, handle, seeds};

fn text(words: &str) -> Ask {
    Ask::Say {
        message: Message::text(&TextFormat::default(), words),
        delivery: Delivery::Confirmed,
    }
}

#[test]
fn everybody_hears_everything_in_its_speakers_order() {
    for seed in seeds() {
        let names = ["alice", "bob", "carol"];
        let mut world = World::of_friends(seed, &names);
        for name in names {
            world.sign_in(name);
        }
        let chat = world.open_chat(0);
        world.settle();
        let calls = ["bob", "carol"].map(|name| world.ask_in(chat, Ask::Invite(handle(name))));
        world.settle();
        for call in calls {
            assert_eq!(world.chats[chat].done[&call], Ok(()), "seed {seed}");
        }
        assert_eq!(world.chats.len(), 3, "seed {seed}");
        // All talk at once, and time goes on while they do.
        let mut said = Vec::new();
        for number in 0..20 {
            for chat in 0..3 {
                said.push((chat, world.ask_in(chat, text(&number.to_string()))));
            }
            world.steps(3);
        }
        world.settle();
        for (chat, ask) in said {
            assert_eq!(world.chats[chat].done[&ask], Ok(()), "seed {seed}");
        }
        let expected: Vec<_> = (0..20).map(|number| number.to_string()).collect();
        for chat in &world.chats {
            assert_eq!(chat.heard.len(), 40, "seed {seed}");
            for name in names {
                let from = handle(name);
                let words = chat.heard.iter().filter(|(who, _)| *who == from);
                let words: Vec<_> = words.map(|(_, words)| words.clone()).collect();
                let me = world.people[chat.owner].handle == from;
                assert!(me || words == expected, "seed {seed}: {words:?}");
            }
        }
    }
}

#[test]
fn two_who_call_one_another_at_once_have_two_conversations() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        let (alice, bob) = (world.sign_in("alice"), world.sign_in("bob"));
        let chats = [world.open_chat(alice), world.open_chat(bob)];
        world.settle();
        world.ask_in(chats[0], Ask::Invite(handle("bob")));
        world.ask_in(chats[1], Ask::Invite(handle("alice")));
        world.settle();
        assert_eq!(world.chats.len(), 4, "seed {seed}");
        for chat in &world.chats {
            let members = chat.board.as_ref().unwrap().members().len();
            assert_eq!(members, 1, "seed {seed}");
        }
    }
}

#[test]
fn whoever_says_something_to_nobody_is_told() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        let alice = world.sign_in("alice");
        world.sign_in("bob");
        let chat = world.open_chat(alice);
        world.settle();
        let call = world.ask_in(chat, Ask::Invite(handle("bob")));
        world.settle();
        assert_eq!(world.chats[chat].done[&call], Ok(()));
        // He is cut off while words are on their way to him; some are lost, and none in silence.
        let said: Vec<_> = (0..10)
            .map(|number| world.ask_in(chat, text(&number.to_string())))
            .collect();
        world.steps(seed as usize % 40);
        world.cut_chat(1);
        world.settle();
        let heard = world.chats[1].heard.len();
        let delivered = said
            .iter()
            .filter(|ask| world.chats[chat].done[ask].is_ok());
        let delivered = delivered.count();
        // What was written to his socket counts as delivered (wire-msnp13, 8.4).
        assert!(delivered >= heard, "seed {seed}: {heard} {delivered}");
        let late = world.ask_in(chat, text("still there?"));
        world.settle();
        let outcome = world.chats[chat].done[&late];
        assert_eq!(outcome, Err(AskError::NotDelivered), "seed {seed}");
    }
}

#[test]
fn words_are_what_was_written() {
    let mut world = World::of_friends(7, &["alice", "bob"]);
    let alice = world.sign_in("alice");
    world.sign_in("bob");
    let chat = world.open_chat(alice);
    world.settle();
    world.ask_in(chat, Ask::Invite(handle("bob")));
    world.settle();
    let words = "caf\u{e9} \u{1f98b}\r\n\r\nMSG 1 A 5\r\n";
    world.ask_in(chat, text(words));
    world.settle();
    assert_eq!(world.chats[1].heard, [(handle("alice"), words.to_owned())]);
}

#[test]
fn a_conversation_in_which_nobody_says_anything_ends() {
    for seed in seeds() {
        let mut world = World::of_friends(seed, &["alice", "bob"]);
        let alice = world.sign_in("alice");
        world.sign_in("bob");
        let chat = world.open_chat(alice);
        world.settle();
        world.ask_in(chat, Ask::Invite(handle("bob")));
        world.wait(Duration::from_secs(3600));
        for chat in &world.chats {
            assert_eq!(chat.closing, Some(Closing::Idle), "seed {seed}");
        }
        let late = world.ask_in(chat, text("anybody?"));
        let outcome = world.chats[chat].done[&late];
        assert_eq!(outcome, Err(AskError::NotThereOneself), "seed {seed}");
    }
}
