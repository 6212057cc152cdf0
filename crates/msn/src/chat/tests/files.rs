//! Files, offered and taken.

use super::super::conversation::What;
use super::super::event::{Effect, Heard, OfferId, Outcome, RoomId, Utterance};
use super::{Scene, handle};

fn offer(scene: &mut Scene, offer: u64, name: &str) {
    scene.hear(Heard::Offered {
        room: RoomId(1),
        from: handle("bob"),
        offer: OfferId(offer),
        name: name.to_owned(),
        size: 12_345,
    });
}

fn notice(words: &str) -> What {
    What::Notice(words.to_owned())
}

#[test]
fn a_file_that_somebody_offers_is_taken_or_not() {
    let mut scene = Scene::new(80, 24);
    scene.join(1, "bob");
    offer(&mut scene, 1, "notes.txt");
    assert_eq!(scene.toast(), "Bob offers you a file: Alt+2");
    offer(&mut scene, 2, "evil\u{1b}[2J\u{202e}.txt");
    scene.enter("/msg bob");
    let What::Loud(words) = scene.last() else {
        panic!("{:?}", scene.last());
    };
    assert!(words.starts_with("Bob offers evil"), "{words}");
    assert!(words.ends_with(", 12 KiB: /accept or /decline"), "{words}");
    assert!(!words.contains(['\u{1b}', '\u{202e}']), "{words:?}");

    scene.enter("/decline");
    assert_eq!(scene.effects, [Effect::Decline(OfferId(2))]);
    scene.enter("/accept ~/My files/");
    let conversation = scene.conversation().id;
    let take = Effect::Take {
        conversation,
        offer: OfferId(1),
        place: "~/My files/".to_owned(),
    };
    assert_eq!(scene.effects, [take]);
    assert_eq!(*scene.last(), notice("You take notes.txt."));
    scene.enter("/accept");
    assert_eq!(scene.toast(), "Nobody offers a file here.");

    for (outcome, told) in [
        (
            Ok("/home/alice/notes.txt".to_owned()),
            "notes.txt is kept as /home/alice/notes.txt.",
        ),
        (
            Err("the other side left".to_owned()),
            "notes.txt did not come: the other side left.",
        ),
    ] {
        scene.settle(Outcome::Taken {
            conversation,
            name: "notes.txt".to_owned(),
            outcome,
        });
        assert_eq!(*scene.last(), notice(told));
    }
}

#[test]
fn what_was_offered_in_a_tab_that_is_closed_is_declined() {
    let mut scene = Scene::new(80, 24);
    scene.join(1, "bob");
    offer(&mut scene, 7, "a");
    scene.enter("/msg bob").enter("/leave");
    assert!(scene.effects.contains(&Effect::Decline(OfferId(7))));
    scene.enter("/accept");
    assert_eq!(scene.toast(), "Nobody offers a file here.");
}

#[test]
fn a_file_of_ones_own_is_offered_to_one() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/send notes.txt");
    assert_eq!(scene.toast(), "This is no conversation. /msg opens one.");
    scene.enter("/msg bob").enter("/send");
    assert_eq!(scene.toast(), "It is /send FILE");
    scene.enter("/send ~/My files/notes.txt");
    assert_eq!(*scene.last(), notice("You offer notes.txt to Bob."));
    scene.join(1, "bob");
    let (conversation, room) = (scene.conversation().id, RoomId(1));
    scene.settle(Outcome::Opened { conversation, room });
    let [Effect::Say { what, .. }] = &scene.effects[..] else {
        panic!("{:?}", scene.effects);
    };
    let file = Utterance::File {
        to: handle("bob"),
        path: "~/My files/notes.txt".to_owned(),
    };
    assert_eq!(*what, file);
    scene.settle(Outcome::Given {
        conversation,
        name: "notes.txt".to_owned(),
        outcome: Err("declined".to_owned()),
    });
    assert_eq!(
        *scene.last(),
        notice("They do not have notes.txt: declined.")
    );

    scene.join(1, "carol");
    scene.enter("/send notes.txt");
    assert_eq!(scene.toast(), "A file goes to one: /msg them alone.");
}

#[test]
fn a_picture_is_kept() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/picture bob bob.png");
    let fetch = Effect::FetchPicture {
        handle: handle("bob"),
        place: "bob.png".to_owned(),
    };
    assert_eq!(scene.effects, [fetch]);
    scene.settle(Outcome::Pictured {
        handle: handle("bob"),
        outcome: Ok("bob.png".to_owned()),
    });
    assert_eq!(*scene.last(), notice("Bob's picture is kept as bob.png."));
}
