//! What becomes of the connection, and who comes and goes.

use std::time::Duration;

use msnp_client::Status;

use super::super::conversation::What;
use super::super::event::{Effect, Heard, Outcome, Request, RoomId};
use super::super::state::Link;
use super::{Scene, book, contact, handle, there};

fn lost(scene: &mut Scene, retry_in: Option<Duration>) {
    scene.hear(Heard::Disconnected {
        reason: "the connection is lost".to_owned(),
        retry_in,
    });
}

#[test]
fn a_lost_connection_counts_down_and_comes_back() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg bob").join(1, "bob").hears(1, "bob", "Hi");
    lost(&mut scene, Some(Duration::from_secs(3)));
    assert!(
        scene
            .screen()
            .contains("Connecting again in 3 s (the connection is lost)")
    );
    assert!(scene.screen().contains("Alice (not connected)"));
    assert_eq!(
        scene.state.wake_at(),
        Some(scene.now.at + Duration::from_secs(1))
    );
    // What is written stays.
    scene.enter("Are you there?");
    assert_eq!(
        (scene.effects.len(), scene.state.draft().text()),
        (0, "Are you there?")
    );
    scene.later(9);
    assert!(
        scene
            .screen()
            .contains("Connecting again… (the connection is lost)")
    );
    scene.hear(Heard::Reconnected);
    assert_eq!(scene.effects, [Effect::Ask(Request::ReadLists)]);
    assert_eq!(scene.state.link, Link::Up);
    // The room is not there any more.
    scene.enter("");
    assert!(matches!(&scene.effects[..], [Effect::Open { .. }]));
}

#[test]
fn signed_in_elsewhere_is_over_until_one_wants_it_back() {
    let mut scene = Scene::new(80, 24);
    scene.hear(Heard::Disconnected {
        reason: "signed in elsewhere".to_owned(),
        retry_in: None,
    });
    assert!(
        scene
            .screen()
            .contains("The session is over: signed in elsewhere. /reconnect or /quit")
    );
    assert!(matches!(scene.state.link, Link::Over { .. }));
    assert_eq!(scene.state.wake_at(), None);
    scene.enter("/reconnect");
    let (status, message) = (Status::Online, String::new());
    assert_eq!(scene.effects, [Effect::SignIn { status, message }]);
    scene.enter("/reconnect");
    assert_eq!(
        (scene.toast(), scene.effects.len()),
        ("That is being tried.", 0)
    );
    scene.settle(Outcome::NotSignedIn {
        why: "wrong handle or password".to_owned(),
    });
    let over = "The session is over: wrong handle or password.";
    assert!(scene.screen().contains(over));
    scene.enter("/reconnect");
    scene.settle(Outcome::SignedIn(Box::new(book())));
    assert_eq!(scene.state.link, Link::Up);
    assert!(scene.screen().contains("● Bob"));
}

#[test]
fn who_comes_and_goes_is_told_but_not_right_after_sign_in() {
    let mut scene = Scene::new(80, 24);
    let dave = || there(contact("dave", "Dave"), Status::Online, "");
    scene.hear(Heard::Appearance(Box::new(dave())));
    assert_eq!(*scene.last(), What::Notice("Dave is online.".to_owned()));
    scene.hear(Heard::Appearance(Box::new(contact("dave", "Dave"))));
    assert_eq!(*scene.last(), What::Notice("Dave is offline.".to_owned()));
    let told = scene.state.log().entries.len();
    scene.hear(Heard::Reconnected);
    scene.hear(Heard::Appearance(Box::new(dave())));
    assert_eq!(scene.state.log().entries.len(), told + 1);
}

#[test]
fn a_change_is_told_where_one_talks() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg bob");
    let bob = there(contact("bob", "Bob"), Status::OutToLunch, "");
    scene.hear(Heard::Appearance(Box::new(bob)));
    assert_eq!(
        *scene.last(),
        What::Notice("Bob is out to lunch.".to_owned())
    );
}

#[test]
fn typing_of_somebody_unseen_shows_nothing() {
    let mut scene = Scene::new(80, 24);
    let (room, from) = (RoomId(4), handle("bob"));
    scene.join(4, "bob").hear(Heard::Typing { room, from });
    assert_eq!(scene.titles(), [] as [&str; 0]);
    assert_eq!(scene.state.wake_at(), None);
}
