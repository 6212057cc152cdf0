//! Who sees whom, exhaustively, for two accounts (wire-msnp13, 5, "Who sees whom"; RULINGS).
//!
//! Ann watches Ben. Every state that the rule knows, in every way in which its lists can have come
//! about, is built in a real directory; from it every single step is taken, by every door that can take
//! it, and Ann must get exactly what the rule says, Ben nothing.
//!
//! ```text
//!   state: Ann FL on Ben | Ben AL, BL on Ann | Ben's BLP | Ben: away, signed in, hidden, visible | Ann: the same
//!   a list: on none | stored | of this session (ADL) | stored, and off for this session (RML)
//!   step:  CHG, sign-in, take-over, sign-out, ADL, RML, BLP, PRP, UUX, and what the services store
//! ```
//!
//! All of it at MSNP13; `dialects` holds the other versions against it. `model` is the rule once more, in a few lines that share nothing with the server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod dialects;
mod model;
mod world;

use std::sync::Arc;

use msnp::presence::Status;
use msnp::roster::{Lists, Privacy};

use model::{Listed, Stage, State, Step, Told, Who, predict};
use world::{World, verbs};

fn states() -> impl Iterator<Item = State> {
    let listed = [
        (false, None),
        (true, None),
        (false, Some(true)),
        (true, Some(false)),
    ]
    .map(|(stored, session)| Listed { stored, session });
    let privacies = [Privacy::Everyone, Privacy::AllowedOnly];
    let stages = [
        Stage::SignedOut,
        Stage::SignedIn,
        Stage::Hidden,
        Stage::Visible,
    ];
    let mut states = Vec::new();
    for forward in listed {
        for allow in listed {
            for block in listed {
                for stored in privacies {
                    for session in privacies {
                        for ann in stages {
                            for ben in stages {
                                states.push(State {
                                    forward,
                                    allow,
                                    block,
                                    privacy: (stored, session),
                                    ann,
                                    ben,
                                });
                            }
                        }
                    }
                }
            }
        }
    }
    states.into_iter().filter(State::is_possible)
}

fn steps() -> Vec<Step> {
    let mut steps = vec![
        Step::SignIn,
        Step::SignOut,
        Step::Appear(Status::Online),
        Step::Appear(Status::Busy),
        Step::Appear(Status::Hidden),
        Step::Privacy(Privacy::Everyone),
        Step::Privacy(Privacy::AllowedOnly),
        Step::Rename,
        Step::Publish,
        Step::StoreContact,
        Step::DeleteContact,
        Step::StoreMember(Lists::ALLOW),
        Step::StoreMember(Lists::BLOCK),
        Step::DeleteMember(Lists::ALLOW),
        Step::DeleteMember(Lists::BLOCK),
        Step::StorePrivacy(Privacy::Everyone),
        Step::StorePrivacy(Privacy::AllowedOnly),
    ];
    for bits in 1..=7 {
        let lists = Lists::from_bits(bits).unwrap();
        steps.extend([Step::Add(lists), Step::Remove(lists)]);
    }
    steps
}

/// The steps of each of them that say something here: Ann's own AL, BL and BLP do not, but Ann can
/// take them; what she stores about them is not modelled.
fn is_told_of(who: Who, step: Step) -> bool {
    match step {
        Step::StoreContact | Step::DeleteContact => who == Who::Ann,
        Step::StoreMember(_) | Step::DeleteMember(_) | Step::StorePrivacy(_) => who == Who::Ben,
        // Ben's FL is on nobody here: with it he would see Ann.
        Step::Add(lists) => who == Who::Ann || !lists.contains(Lists::FORWARD),
        _ => true,
    }
}

#[test]
fn every_step_from_every_state_tells_exactly_what_the_rule_says() {
    let mut taken = 0;
    for state in states() {
        for (who, step) in [Who::Ann, Who::Ben]
            .into_iter()
            .flat_map(|who| steps().into_iter().map(move |step| (who, step)))
            .filter(|&(who, step)| is_told_of(who, step))
        {
            let Some((after, told)) = predict(state, who, step) else {
                continue;
            };
            for first in [Who::Ann, Who::Ben] {
                check(&state, first, (who, step), &after, told);
                taken += 1;
            }
        }
    }
    assert!(taken > 40_000, "only {taken} steps were taken");
}

fn check(state: &State, first: Who, (who, step): (Who, Step), after: &State, told: Told) {
    let case = || format!("{state:?}\n{first:?} came first\n{who:?}: {step:?}\n{after:?}");
    let mut world = World::build(state, first);
    let replaced = (step == Step::SignIn).then(|| Arc::clone(&world.person(who).mailbox));
    let was_there = world.person(who).session.is_some();
    let burst = world.step(after, who, step);

    let expected: &[&str] = match told {
        Told::Nothing => &[],
        Told::Arrival => &["NLN", "UBX"],
        Told::Line => &["NLN"],
        Told::Data => &["UBX"],
        Told::Departure => &["FLN"],
    };
    assert_eq!(verbs(&world.ann.mailbox), expected, "Ann's\n{}", case());
    let nothing: &[&str] = &[];
    assert_eq!(verbs(&world.ben.mailbox), nothing, "Ben's\n{}", case());
    if let Some(replaced) = replaced {
        let expected: &[&str] = if was_there {
            &["SignedInElsewhere"]
        } else {
            &[]
        };
        assert_eq!(verbs(&replaced), expected, "replaced\n{}", case());
    }
    if who == Who::Ann && matches!(step, Step::Appear(_)) {
        let expected = (state.ann == Stage::SignedIn).then(|| after.sees());
        assert_eq!(burst, expected, "burst\n{}", case());
    }

    // The directory is now where the model is: the next change of Ben's tells as much.
    if after.ben == Stage::Visible {
        world.publish(Who::Ben, "And again");
        let expected: &[&str] = if after.sees() { &["UBX"] } else { &[] };
        assert_eq!(verbs(&world.ann.mailbox), expected, "then\n{}", case());
    }
}

#[test]
fn the_model_knows_the_rule() {
    let [off, on] = [false, true].map(|stored| Listed {
        stored,
        session: None,
    });
    let seen = State {
        forward: on,
        allow: off,
        block: off,
        privacy: (Privacy::Everyone, Privacy::Everyone),
        ann: Stage::Hidden,
        ben: Stage::Visible,
    };
    assert!(seen.sees());
    for unseen in [
        State {
            forward: off,
            ..seen
        },
        State { block: on, ..seen },
        State {
            allow: on,
            block: on,
            ..seen
        },
        State {
            privacy: (Privacy::Everyone, Privacy::AllowedOnly),
            ..seen
        },
        State {
            ben: Stage::Hidden,
            ..seen
        },
        State {
            ben: Stage::SignedIn,
            ..seen
        },
        State {
            ann: Stage::SignedIn,
            ..seen
        },
    ] {
        assert!(!unseen.sees(), "{unseen:?}");
    }
    let allowed = State {
        allow: on,
        privacy: (Privacy::Everyone, Privacy::AllowedOnly),
        ..seen
    };
    assert!(allowed.sees());
}
