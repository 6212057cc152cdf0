//! Whatever happens, in whatever order: nothing panics, everything can be drawn, and no text of others
//! reaches the terminal raw.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyModifiers};
use msnp_client::Status;

use super::super::event::{
    Attention, Effect, Event, Failure, Heard, OfferId, Outcome, Request, RoomId, Utterance,
};
use super::{Scene, book, contact, handle, there};

/// Numbers that look random and are the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let at = self.below(of.len() as u64);
        of[usize::try_from(at).unwrap()].clone()
    }
}

const WHO: [&str; 5] = ["bob", "carol", "dave", "erin", "stranger"];
const TEXTS: [&str; 8] = [
    "",
    "Hello",
    "\u{1b}[31m\u{9b}\u{202e}\u{7}",
    "日本語 👨‍👩‍👧‍👦 e\u{301}\u{301}",
    "line\r\nline\n\n",
    "a very long text that goes on and on and on, so that it has to be wrapped somewhere",
    "/msg bob hi",
    "\u{301}\u{200d}\u{fe0f}",
];
const COMMANDS: [&str; 16] = [
    "/msg bob@example.com hi",
    "/msg carol@example.com",
    "/invite erin@example.com",
    "/nudge",
    "/leave",
    "/who",
    "/help",
    "/clear",
    "/offline",
    "/reconnect",
    "/send \u{1b}/a file",
    "/accept",
    "/decline",
    "/picture bob@example.com",
    "/group bob@example.com Some",
    "words, just words",
];
const KEYS: [KeyCode; 20] = [
    KeyCode::Enter,
    KeyCode::Tab,
    KeyCode::BackTab,
    KeyCode::Esc,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::Home,
    KeyCode::End,
    KeyCode::PageUp,
    KeyCode::PageDown,
    KeyCode::Backspace,
    KeyCode::Delete,
    KeyCode::F(2),
    KeyCode::Char('n'),
    KeyCode::Char('w'),
    KeyCode::Char('u'),
    KeyCode::Char('2'),
    KeyCode::Char('語'),
];
const MODIFIERS: [KeyModifiers; 4] = [
    KeyModifiers::NONE,
    KeyModifiers::ALT,
    KeyModifiers::CONTROL,
    KeyModifiers::SHIFT,
];

fn heard(dice: &mut Dice) -> Heard {
    let (room, from) = (RoomId(dice.below(6)), handle(dice.one(&WHO)));
    let words = dice.one(&TEXTS).to_owned();
    match dice.below(16) {
        0..4 => Heard::Said { room, from, words },
        4 => Heard::Typing { room, from },
        5 => Heard::Nudged { room, from },
        6..8 => Heard::Joined { room, handle: from },
        8 => Heard::Left { room, handle: from },
        9 => Heard::RoomClosed { room },
        10 => Heard::Letter {
            from,
            date: words.clone(),
            words,
        },
        11 => {
            let contact = contact(from.local(), &words);
            let status = dice.one(&Status::ALL);
            Heard::Appearance(Box::new(match dice.below(3) {
                0 => contact,
                _ => there(contact, status, &words),
            }))
        }
        12 => Heard::Disconnected {
            reason: words,
            retry_in: dice.one(&[None, Some(Duration::from_secs(2))]),
        },
        13..15 => Heard::Offered {
            room,
            from,
            offer: OfferId(dice.below(5)),
            name: words,
            size: dice.below(1 << 30),
        },
        _ => Heard::Reconnected,
    }
}

/// How what was wanted may have gone.
fn outcome(dice: &mut Dice, effect: Effect) -> Option<Outcome> {
    let why = dice.one(&[
        Failure::NotThere,
        Failure::NotInRoom,
        Failure::Other(TEXTS[2].to_owned()),
    ]);
    let well = dice.below(2) == 0;
    Some(match effect {
        Effect::Open { conversation, .. } if well => Outcome::Opened {
            conversation,
            room: RoomId(dice.below(6)),
        },
        Effect::Open { conversation, .. } => Outcome::NotOpened { conversation, why },
        Effect::Say {
            conversation,
            entry,
            what: Utterance::Words(_),
            ..
        } if well => Outcome::Sent {
            conversation,
            entry,
        },
        Effect::Say {
            conversation,
            entry,
            ..
        } => Outcome::NotSent {
            conversation,
            entry,
            why,
        },
        Effect::LeaveWord {
            conversation,
            entry,
            ..
        } => Outcome::Left {
            conversation,
            entry,
        },
        Effect::Ask(Request::ReadLists) => Outcome::Book(Box::new(book())),
        Effect::Ask(request) if well => Outcome::Done(request),
        Effect::Ask(request) => Outcome::Refused {
            request,
            why: TEXTS[2].to_owned(),
        },
        Effect::Take { conversation, .. } => Outcome::Taken {
            conversation,
            name: TEXTS[2].to_owned(),
            outcome: Err(TEXTS[2].to_owned()),
        },
        Effect::FetchPicture { handle, place } => Outcome::Pictured {
            handle,
            outcome: Ok(place),
        },
        Effect::SignIn { .. } => Outcome::SignedIn(Box::new(book())),
        _ => return None,
    })
}

#[test]
fn anything_may_happen() {
    for seed in 1..16 {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let mut scene = Scene::new(80, 24);
        let mut wanted = Vec::new();
        for _ in 0..150 {
            match dice.below(12) {
                0..5 => {
                    scene.hear(heard(&mut dice));
                }
                5..7 => {
                    scene.press_with(dice.one(&MODIFIERS), dice.one(&KEYS));
                }
                7 => {
                    scene.enter(dice.one(&COMMANDS));
                }
                8 => {
                    scene.happen(Event::Pasted(dice.one(&TEXTS).to_owned()));
                }
                9 => {
                    let width = u16::try_from(dice.below(140)).unwrap();
                    let height = u16::try_from(dice.below(50)).unwrap();
                    scene.resize(width, height);
                }
                10 => {
                    scene.later(dice.below(5));
                    let attention = dice.one(&[Attention::Here, Attention::Elsewhere]);
                    scene.happen(Event::Attention(attention));
                }
                _ => {
                    let effect: Option<Effect> = wanted.pop();
                    let outcome = effect.and_then(|effect| outcome(&mut dice, effect));
                    if let Some(outcome) = outcome {
                        scene.settle(outcome);
                    }
                }
            }
            wanted.append(&mut scene.effects);
            let screen = scene.screen();
            let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!screen.contains(raw), "seed {seed}: {screen:?}");
        }
    }
}
