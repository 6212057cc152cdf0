//! What is said, to whom, and in which room.

use std::time::Duration;

use super::super::conversation::{Delivery, Door, What};
use super::super::event::{Attention, Effect, Event, Failure, Heard, Outcome, RoomId, Utterance};
use super::super::people::RowKey;
use super::super::state::Tab;
use super::{Scene, handle, there};
use crossterm::event::{KeyCode, KeyModifiers};
use msnp_client::Status;

fn words(effects: &[Effect]) -> Vec<String> {
    let said = effects.iter().filter_map(|effect| match effect {
        Effect::Say {
            what: Utterance::Words(words),
            ..
        } => Some(words.clone()),
        _ => None,
    });
    said.collect()
}

/// A conversation with Bob, in room 1.
fn with_bob() -> Scene {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg bob Hi");
    scene.join(1, "bob");
    open(&mut scene, 1);
    scene
}

fn open(scene: &mut Scene, room: u64) {
    let (conversation, room) = (scene.conversation().id, RoomId(room));
    scene.settle(Outcome::Opened { conversation, room });
}

#[test]
fn what_is_said_first_opens_a_room_and_waits_for_it() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg bob One");
    let conversation = scene.conversation().id;
    let with = vec![handle("bob")];
    assert_eq!(scene.effects, [Effect::Open { conversation, with }]);
    scene.enter("Two");
    assert_eq!(scene.effects, []);
    scene.join(1, "bob");
    open(&mut scene, 1);
    assert_eq!(words(&scene.effects), ["One", "Two"]);
    scene.enter("Three");
    assert_eq!(words(&scene.effects), ["Three"]);
}

#[test]
fn whoever_is_not_there_is_left_a_message() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg dave Where are you?");
    let (conversation, entry) = (scene.conversation().id, scene.entry().id);
    let why = Failure::NotThere;
    scene.settle(Outcome::NotOpened { conversation, why });
    let (to, words) = (handle("dave"), "Where are you?".to_owned());
    let left = Effect::LeaveWord {
        conversation,
        entry,
        to,
        words,
    };
    assert_eq!(scene.effects, [left]);
    scene.settle(Outcome::Left {
        conversation,
        entry,
    });
    assert!(matches!(
        scene.last(),
        What::Mine {
            delivery: Delivery::Left,
            ..
        }
    ));
    assert_eq!(scene.conversation().door, Door::Shut);
    // A nudge is not left.
    scene.enter("/nudge");
    let why = Failure::NotThere;
    scene.settle(Outcome::NotOpened { conversation, why });
    assert_eq!(scene.effects, []);
    assert_eq!(
        *scene.last(),
        What::Notice("That did not work: not there.".to_owned())
    );
}

#[test]
fn what_was_not_delivered_says_so() {
    let mut scene = with_bob();
    scene.enter("Lost");
    let (conversation, entry) = (scene.conversation().id, scene.entry().id);
    let why = Failure::Other("not \u{1b}[31mdelivered".to_owned());
    scene.settle(Outcome::NotSent {
        conversation,
        entry,
        why,
    });
    assert!(scene.screen().contains("✗ not sent: not [31mdelivered"));
}

#[test]
fn somebody_who_leaves_is_called_again() {
    let mut scene = with_bob();
    let conversation = Some(scene.conversation().id);
    scene.hear(Heard::Left {
        room: RoomId(1),
        handle: handle("bob"),
    });
    let room = RoomId(1);
    assert_eq!(scene.effects, [Effect::Leave { conversation, room }]);
    scene.enter("Still there?");
    assert!(matches!(&scene.effects[..], [Effect::Open { .. }]));
}

#[test]
fn an_answer_goes_where_it_was_asked() {
    let mut scene = Scene::new(80, 24);
    scene.join(7, "bob");
    assert_eq!(scene.titles(), [] as [&str; 0]);
    scene.hears(7, "bob", "Hello");
    assert_eq!(scene.titles(), ["Bob"]);
    assert_eq!(scene.toast(), "Bob writes to you: Alt+2");
    assert_eq!(scene.state.shown, Tab::Notices);
    scene.press_with(KeyModifiers::ALT, KeyCode::Char('2'));
    assert_eq!(scene.conversation().log.unread, 0);
    scene.enter("Hello yourself");
    assert!(matches!(
        &scene.effects[..],
        [Effect::Say {
            room: RoomId(7),
            ..
        }]
    ));
    // Bob comes back by another room.
    scene.hear(Heard::RoomClosed { room: RoomId(7) });
    scene.join(8, "bob").enter("And now?");
    assert!(matches!(
        &scene.effects[..],
        [Effect::Say {
            room: RoomId(8),
            ..
        }]
    ));
    assert_eq!(scene.titles(), ["Bob"]);
}

#[test]
fn two_who_call_one_another_at_once_meet() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg bob Hi");
    // Bob's room is there first, and the own call fails.
    scene.join(5, "bob").hears(5, "bob", "Hi");
    let conversation = scene.conversation().id;
    let why = Failure::NotThere;
    scene.settle(Outcome::NotOpened { conversation, why });
    assert!(matches!(
        &scene.effects[..],
        [Effect::Say {
            room: RoomId(5),
            ..
        }]
    ));
    assert_eq!(scene.titles(), ["Bob"]);
}

#[test]
fn somebody_is_called_in_and_others_leave() {
    let mut scene = with_bob();
    scene.enter("/invite carol");
    assert!(matches!(
        &scene.effects[..],
        [Effect::Say { what: Utterance::Invite(who), .. }] if *who == handle("carol")
    ));
    scene.join(1, "carol");
    assert_eq!(scene.titles(), ["Bob, Carol 🌻 日本語の名前"]);
    scene.hears(1, "carol", "Hello both");
    assert_eq!(scene.titles().len(), 1);
    scene.hear(Heard::Left {
        room: RoomId(1),
        handle: handle("bob"),
    });
    assert_eq!(scene.titles(), ["Carol 🌻 日本語の名前"]);
    assert_eq!(
        *scene.last(),
        What::Notice("Bob leaves the conversation.".to_owned())
    );
    // Bob alone is another conversation.
    scene.join(2, "bob").hears(2, "bob", "Sorry");
    assert_eq!(scene.titles(), ["Carol 🌻 日本語の名前", "Bob"]);
}

#[test]
fn everybody_of_a_conversation_is_called_again() {
    let mut scene = with_bob();
    scene
        .join(1, "carol")
        .hear(Heard::RoomClosed { room: RoomId(1) });
    scene.enter("Once more");
    let with = vec![handle("bob"), handle("carol")];
    let conversation = scene.conversation().id;
    assert_eq!(scene.effects, [Effect::Open { conversation, with }]);
    // Carol's own tab does not take the room that is opened for both.
    scene.enter("/msg carol");
    let carols = scene.conversation().id;
    scene.join(2, "carol");
    assert_eq!(scene.conversation().door, Door::Shut);
    assert_ne!(carols, conversation);
}

#[test]
fn closing_a_tab_leaves_the_room() {
    let mut scene = with_bob();
    let (conversation, room) = (Some(scene.conversation().id), RoomId(1));
    scene.enter("/leave");
    assert_eq!(scene.effects, [Effect::Leave { conversation, room }]);
    assert_eq!(scene.state.shown, Tab::Notices);
    // A room that opens too late is left again.
    scene.enter("/msg dave Hi");
    let conversation = scene.conversation().id;
    scene.enter("/leave");
    let room = RoomId(9);
    scene.settle(Outcome::Opened { conversation, room });
    let conversation = None;
    assert_eq!(scene.effects, [Effect::Leave { conversation, room }]);
}

#[test]
fn typing_is_told_now_and_then_and_shown_for_a_while() {
    let mut scene = with_bob();
    scene.write("a");
    assert_eq!(scene.effects, [Effect::Typing(RoomId(1))]);
    scene.write("b");
    assert_eq!(scene.effects, []);
    scene.later(5).write("c");
    assert_eq!(scene.effects, [Effect::Typing(RoomId(1))]);
    let (room, from) = (RoomId(1), handle("bob"));
    scene.hear(Heard::Typing { room, from });
    assert!(scene.screen().contains("Bob is typing…"));
    assert_eq!(
        scene.state.wake_at(),
        Some(scene.now.at + Duration::from_secs(7))
    );
    scene.later(7);
    assert!(!scene.screen().contains("typing"));
    // Nobody is told that a command is written.
    scene.press_with(KeyModifiers::CONTROL, KeyCode::Char('u'));
    scene.later(5).write("/nud");
    assert_eq!(scene.effects, []);
}

#[test]
fn a_nudge_rings_and_shakes() {
    let mut scene = with_bob();
    let (room, from) = (RoomId(1), handle("bob"));
    let still = scene.screen();
    scene.hear(Heard::Nudged { room, from });
    assert_eq!(scene.effects, [Effect::Bell]);
    assert!(scene.screen().contains("*** Bob nudges you!"));
    let from = handle("bob");
    scene.hear(Heard::Nudged { room, from });
    assert_eq!(scene.effects, []);
    let shaken = scene.state.wake_at().unwrap();
    assert!(shaken < scene.now.at + Duration::from_millis(100));
    scene.later(1);
    assert!(scene.state.shaking_until.is_none());
    assert_ne!(scene.screen(), still);
}

#[test]
fn whoever_looks_elsewhere_hears_a_bell() {
    let mut scene = with_bob();
    scene.hears(1, "bob", "Quiet");
    assert_eq!(scene.effects, []);
    scene.happen(Event::Attention(Attention::Elsewhere));
    scene.hears(1, "bob", "Loud");
    assert_eq!(scene.effects, [Effect::Bell]);
    assert_eq!(scene.conversation().log.unread, 1);
    scene.happen(Event::Attention(Attention::Here));
    assert_eq!(scene.conversation().log.unread, 0);
}

#[test]
fn long_texts_are_said_in_pieces() {
    let mut scene = with_bob();
    scene
        .happen(Event::Pasted("word ".repeat(600)))
        .press(KeyCode::Enter);
    let said = words(&scene.effects);
    assert_eq!(said.len(), 3);
    assert!(said.iter().all(|piece| piece.len() <= 1400));
}

#[test]
fn nothing_of_others_reaches_the_terminal_raw() {
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}evil\u{0}";
    let mut scene = with_bob();
    scene.hears(1, "bob", evil);
    let contact = there(super::contact("bob", evil), Status::Online, evil);
    scene.hear(Heard::Appearance(Box::new(contact)));
    scene.hear(Heard::AddedBy {
        handle: handle("mallory"),
        name: evil.to_owned(),
    });
    scene.hear(Heard::Letter {
        from: handle("carol"),
        date: evil.to_owned(),
        words: evil.to_owned(),
    });
    for tab in ['1', '2', '3'] {
        scene.press_with(KeyModifiers::ALT, KeyCode::Char(tab));
        let screen = scene.screen().replace('\n', "");
        assert!(screen.contains("owned"));
        assert!(
            !screen.contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{screen:?}"
        );
    }
}

#[test]
fn a_message_left_while_away_is_shown_with_its_time() {
    let mut scene = Scene::new(80, 24);
    scene.hear(Heard::Letter {
        from: handle("dave"),
        date: "not a date".to_owned(),
        words: "I was here".to_owned(),
    });
    assert_eq!(scene.titles(), ["Dave"]);
    scene.press_with(KeyModifiers::ALT, KeyCode::Char('2'));
    assert!(scene.screen().contains("I was here"));
    assert!(
        scene
            .screen()
            .contains("(left at not a date, while you were away)")
    );
}

#[test]
fn somebody_chosen_stays_chosen_when_others_come() {
    let mut scene = Scene::new(80, 24);
    scene
        .press(KeyCode::End)
        .press(KeyCode::Up)
        .press(KeyCode::Up);
    let chosen = scene.state.selected.clone();
    assert!(matches!(&chosen, Some(RowKey::Person(_, who)) if *who == handle("dave")));
    let contact = there(super::contact("frank", "Frank"), Status::Online, "");
    scene.hear(Heard::Appearance(Box::new(contact)));
    assert_eq!(scene.state.selected, chosen);
    scene.press(KeyCode::Enter);
    assert_eq!(scene.titles(), ["Dave"]);
}
