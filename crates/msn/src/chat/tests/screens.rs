//! What is drawn, as snapshots at three sizes.

use crossterm::event::{KeyCode, KeyModifiers};
use insta::assert_snapshot;
use msnp_client::ContactBook;
use msnp_client::msnp::roster::Lists;
use ratatui::style::Color;

use super::super::draw::Palette;
use super::super::event::{Heard, Outcome, RoomId};
use super::{Scene, contact, handle};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 10)];

/// A conversation as it goes.
fn conversation(width: u16, height: u16) -> Scene {
    let mut scene = Scene::new(width, height);
    scene.enter("/msg bob").enter("Hello Bob, are you there?");
    let (conversation, entry) = (scene.conversation().id, scene.entry().id);
    let room = RoomId(1);
    scene.join(1, "bob");
    scene.settle(Outcome::Opened { conversation, room });
    scene.settle(Outcome::Sent {
        conversation,
        entry,
    });
    scene.later(60).hears(1, "bob", "Yes!\r\nOn two lines.");
    scene.hears(
        1,
        "bob",
        &format!(
            "{}日本語のとても長いメッセージです。 👨‍👩‍👧‍👦 e\u{301}",
            "A long story. ".repeat(9)
        ),
    );
    scene.later(30).enter("I see");
    scene.join(2, "carol").hears(2, "carol", "Psst");
    scene.hear(Heard::Nudged {
        room,
        from: handle("bob"),
    });
    scene.later(20).hear(Heard::Typing {
        room,
        from: handle("bob"),
    });
    scene.write("What I am about to say is rather lon");
    scene
}

#[test]
fn a_conversation() {
    for (width, height) in SIZES {
        let scene = conversation(width, height);
        assert_snapshot!(format!("conversation_{width}x{height}"), scene.screen());
    }
}

#[test]
fn the_contacts() {
    for (width, height) in SIZES {
        let mut scene = Scene::new(width, height);
        scene.press(KeyCode::Down).press(KeyCode::Down);
        assert_snapshot!(format!("contacts_{width}x{height}"), scene.screen());
    }
}

#[test]
fn the_help() {
    for (width, height) in SIZES {
        let mut scene = Scene::new(width, height);
        scene.press(KeyCode::Tab).press(KeyCode::F(1));
        assert_snapshot!(format!("help_{width}x{height}"), scene.screen());
    }
}

#[test]
fn scrolled_back() {
    let mut scene = conversation(80, 24);
    for number in 0..40 {
        scene.hears(1, "bob", &format!("number {number}"));
    }
    scene.press(KeyCode::PageUp);
    let before = scene.screen();
    assert_snapshot!("scrolled", before);
    // What comes does not move what one reads.
    scene.hears(1, "bob", "and another");
    let rows = |screen: &str| {
        screen
            .lines()
            .skip(4)
            .take(12)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&before), rows(&scene.screen()));
    scene.press(KeyCode::Esc);
    assert!(scene.screen().contains("and another"));
}

#[test]
fn what_one_reads_stays_in_sight_when_there_is_less_of_it() {
    let mut scene = conversation(40, 10);
    for number in 0..30 {
        scene.hears(
            1,
            "bob",
            &format!("number {number}, {}", "and so on ".repeat(9)),
        );
    }
    for _ in 0..90 {
        scene.press(KeyCode::PageUp);
    }
    scene.press_with(KeyModifiers::ALT, KeyCode::Char('1'));
    scene.resize(120, 40);
    scene.press_with(KeyModifiers::ALT, KeyCode::Char('2'));
    assert!(scene.screen().contains("Hello Bob, are you there?"));
}

#[test]
fn somebody_asks_to_be_let_in() {
    let mut book = ContactBook::default();
    let mut stranger = contact("mallory", "Mallory");
    stranger.lists = Lists::PENDING | Lists::REVERSE;
    book.contacts.insert(stranger.handle.clone(), stranger);
    for (width, height) in SIZES {
        let scene = Scene::with(&book, width, height);
        assert_snapshot!(format!("question_{width}x{height}"), scene.screen());
    }
}

#[test]
fn what_is_new_stands_under_a_line() {
    let mut scene = conversation(80, 24);
    scene.press_with(KeyModifiers::ALT, KeyCode::Char('3'));
    assert_snapshot!("new", scene.screen());
    scene.press_with(KeyModifiers::ALT, KeyCode::Char('2'));
    scene.press_with(KeyModifiers::ALT, KeyCode::Char('3'));
    assert!(!scene.screen().contains("new ─"));
}

#[test]
fn other_days_are_named() {
    let mut scene = conversation(80, 24);
    scene.later(6 * 3600).hears(1, "bob", "Good night");
    assert!(scene.screen().contains("─ Monday, 23 November ─"));
}

#[test]
fn too_small_is_said_plainly() {
    for (width, height) in [
        (39, 10),
        (40, 9),
        (1, 1),
        (200, 3),
        (0, 0),
        (23, 0),
        (0, 23),
    ] {
        let scene = conversation(width, height);
        let screen = scene.screen();
        assert!("Too small: 40 by 10, please.".starts_with(screen.lines().next().unwrap_or("")));
    }
}

#[test]
fn every_size_can_be_drawn() {
    let mut scene = conversation(80, 24);
    for width in 38..130 {
        for height in [9, 10, 13, 14, 24, 50] {
            scene.resize(width, height).screen();
        }
    }
    // A line that is longer than the screen.
    scene.write(&"word ".repeat(400));
    for size in [(40, 10), (80, 24)] {
        scene.resize(size.0, size.1).screen();
    }
}

#[test]
fn without_colours_there_are_none() {
    let scenes = [conversation(80, 24), {
        let mut scene = Scene::new(80, 24);
        scene.press(KeyCode::Down);
        scene
    }];
    for scene in scenes {
        let buffer = scene.buffer(Palette::Plain);
        for cell in &buffer.content {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    }
}

#[test]
fn a_narrow_screen_shows_one_thing_at_a_time() {
    let mut scene = conversation(40, 10);
    assert!(!scene.screen().contains("Friends"));
    scene.press(KeyCode::F(2));
    assert!(scene.screen().contains("Friends"));
    // What comes while the contacts cover the conversation is not read.
    scene.hears(1, "bob", "Look here");
    assert_eq!(scene.conversation().log.unread, 1);
    scene.press(KeyCode::F(2));
    assert_eq!(scene.conversation().log.unread, 0);
}

#[test]
fn many_tabs_scroll() {
    let mut scene = Scene::new(80, 24);
    for number in 0..12 {
        scene.enter(&format!("/msg contact{number}@example.org"));
    }
    assert_snapshot!("many_tabs", scene.screen().lines().nth(1).unwrap());
    scene.press_with(KeyModifiers::ALT, KeyCode::Char('1'));
    assert_snapshot!("many_tabs_first", scene.screen().lines().nth(1).unwrap());
}
