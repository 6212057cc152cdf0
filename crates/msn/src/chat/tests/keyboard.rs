//! What keys and commands do.

use crossterm::event::{KeyCode, KeyModifiers};
use msnp_client::Status;
use msnp_client::msnp::roster::Lists;

use super::super::conversation::What;
use super::super::event::{Effect, Event, Heard, Outcome, Request};
use super::super::state::{Focus, Tab};
use super::{Scene, book, contact, handle};

fn control(scene: &mut Scene, key: char) -> &mut Scene {
    scene.press_with(KeyModifiers::CONTROL, KeyCode::Char(key))
}

#[test]
fn writing_begins_wherever_one_is() {
    let mut scene = Scene::new(80, 24);
    assert_eq!(scene.state.focus, Focus::People);
    scene.write("/he");
    assert_eq!(scene.state.focus, Focus::Line);
    assert_eq!(scene.state.draft().text(), "/he");
    scene.press(KeyCode::Tab);
    assert_eq!(scene.state.draft().text(), "/help ");
}

#[test]
fn tab_walks_through_what_could_be_meant() {
    let mut scene = Scene::new(80, 24);
    scene.write("/a").press(KeyCode::Tab);
    assert_eq!(scene.state.draft().text(), "/accept ");
    assert!(scene.screen().contains("[/accept]  /add  /allow  /alias"));
    scene.press(KeyCode::Tab);
    assert_eq!(scene.state.draft().text(), "/add ");
    scene.press(KeyCode::BackTab).press(KeyCode::BackTab);
    assert_eq!(scene.state.draft().text(), "/alias ");
    scene.write("bo").press(KeyCode::Tab);
    assert_eq!(scene.state.draft().text(), "/alias bob@example.com ");
    scene.write("x").press(KeyCode::Tab);
    assert_eq!(scene.toast(), "Nothing begins like that.");
}

#[test]
fn every_tab_has_its_draft() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg bob").write("for Bob");
    control(&mut scene, 'p').write("/msg");
    control(&mut scene, 'n');
    assert_eq!(scene.state.draft().text(), "for Bob");
    control(&mut scene, 'n');
    assert_eq!(
        (scene.state.shown, scene.state.draft().text()),
        (Tab::Notices, "/msg")
    );
}

#[test]
fn what_was_written_comes_back() {
    let mut scene = Scene::new(80, 24);
    scene
        .enter("/msg bob")
        .enter("one")
        .enter("/nudge")
        .write("draft");
    for expected in ["/nudge", "one", "/msg bob", "/msg bob"] {
        scene.press(KeyCode::Up);
        assert_eq!(scene.state.draft().text(), expected);
    }
    for expected in ["one", "/nudge", "draft", "draft"] {
        scene.press(KeyCode::Down);
        assert_eq!(scene.state.draft().text(), expected);
    }
}

#[test]
fn commands_ask_for_what_they_say() {
    let bob = handle("bob");
    let asked = [
        ("/status busy", Request::Status(Status::Busy)),
        ("/nick Alice in W", Request::Name("Alice in W".to_owned())),
        ("/psm", Request::Message(String::new())),
        ("/block bob", Request::Block(bob.clone())),
        ("/remove bob", Request::Remove(bob.clone())),
        (
            "/rmgroup Old ones",
            Request::RemoveGroup("Old ones".to_owned()),
        ),
        (
            "/group bob New ones",
            Request::Enter {
                handle: bob.clone(),
                group: "New ones".to_owned(),
            },
        ),
        (
            "/add zoe@example.com Hi, it is me",
            Request::Add {
                handle: handle("zoe"),
                words: "Hi, it is me".to_owned(),
            },
        ),
    ];
    for (text, request) in asked {
        let mut scene = Scene::new(80, 24);
        scene.enter(text);
        assert_eq!(scene.effects, [Effect::Ask(request)], "{text}");
    }
}

#[test]
fn whoever_one_talks_to_need_not_be_named() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/block");
    assert_eq!(
        (scene.toast(), &scene.effects[..]),
        ("Who? Name somebody.", &[][..])
    );
    scene.enter("/msg bob").enter("/block");
    assert_eq!(scene.effects, [Effect::Ask(Request::Block(handle("bob")))]);
    scene.settle(Outcome::Done(Request::Block(handle("bob"))));
    assert_eq!(scene.effects, [Effect::Ask(Request::ReadLists)]);
    assert_eq!(scene.toast(), "Bob is blocked.");
}

#[test]
fn what_was_refused_says_so() {
    let mut scene = Scene::new(80, 24);
    scene.settle(Outcome::Refused {
        request: Request::Status(Status::Busy),
        why: "not signed in".to_owned(),
    });
    let told = What::Notice("Your status stays: not signed in".to_owned());
    assert_eq!(*scene.last(), told);
    assert_eq!(scene.state.me.status, Status::Online);
}

#[test]
fn two_slashes_say_one() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg bob").enter("//etc/passwd");
    let What::Mine { words, .. } = scene.last() else {
        panic!();
    };
    assert_eq!(words, "/etc/passwd");
    // An unknown command is not said.
    scene.enter("/etc/passwd");
    assert_eq!(scene.effects, []);
    assert!(scene.toast().starts_with("There is no /etc/passwd."));
}

#[test]
fn nothing_is_said_to_nobody() {
    let mut scene = Scene::new(80, 24);
    scene.enter("hello");
    assert_eq!(scene.effects, []);
    assert!(scene.toast().starts_with("Nobody is here."));
    assert_eq!(scene.state.draft().text(), "hello");
    scene.enter("   ");
    scene.press_with(KeyModifiers::CONTROL, KeyCode::Char('u'));
    scene.enter("/msg bob").enter("   ");
    assert_eq!(scene.effects, []);
}

#[test]
fn a_question_is_answered_by_one_key_but_not_by_one_on_its_way() {
    let mut asked = book();
    let mut stranger = contact("mallory", "Mallory");
    stranger.lists = Lists::PENDING | Lists::REVERSE;
    let mallory = stranger.handle.clone();
    asked.contacts.insert(mallory.clone(), stranger);
    let scene = || {
        let mut scene = Scene::new(80, 24);
        scene.hear(Heard::AddedBy {
            handle: mallory.clone(),
            name: "Mallory".to_owned(),
        });
        assert_eq!(scene.effects, [Effect::Ask(Request::ReadLists)]);
        scene.settle(Outcome::Book(Box::new(asked.clone())));
        scene
    };
    // In a conversation a letter is the beginning of a sentence.
    let mut talking = scene();
    talking.enter("/msg bob").later(60).write("no");
    assert_eq!(
        (talking.state.draft().text(), &talking.effects[..]),
        ("no", &[][..])
    );
    assert!(talking.screen().contains("Alt+n block"));
    talking.press_with(KeyModifiers::ALT, KeyCode::Char('n'));
    assert_eq!(
        talking.effects,
        [Effect::Ask(Request::Block(mallory.clone()))]
    );
    assert_eq!(talking.state.draft().text(), "no");
    // She was about to write "yes".
    let mut early = scene();
    early.write("yes");
    assert_eq!(
        (early.state.draft().text(), &early.effects[..]),
        ("yes", &[][..])
    );
    early.later(2).write("n");
    assert_eq!(early.state.draft().text(), "yesn");

    let add = Request::Add {
        handle: mallory.clone(),
        words: String::new(),
    };
    let answers = [
        (KeyCode::Char('y'), Some(add)),
        (KeyCode::Char('a'), Some(Request::Allow(mallory.clone()))),
        (KeyCode::Char('n'), Some(Request::Block(mallory.clone()))),
        (KeyCode::Char('l'), None),
    ];
    for (key, request) in answers {
        let mut scene = scene();
        scene.later(2).press(key);
        let wanted: Vec<_> = request.map(Effect::Ask).into_iter().collect();
        assert_eq!(scene.effects, wanted);
        // It is not asked again.
        scene.settle(Outcome::Book(Box::new(asked.clone())));
        assert!(scene.state.questions.is_empty());
    }
}

#[test]
fn leaving_takes_two() {
    let mut scene = Scene::new(80, 24);
    scene.write("half a sentence");
    control(&mut scene, 'c');
    assert!(scene.state.draft().is_empty());
    control(&mut scene, 'c');
    assert_eq!(scene.effects, []);
    control(&mut scene, 'c');
    assert_eq!(scene.effects, [Effect::Quit]);
    scene.later(10);
    control(&mut scene, 'c');
    assert_eq!(scene.effects, []);
    scene.enter("/quit");
    assert_eq!(scene.effects, [Effect::Quit]);
}

#[test]
fn lines_can_have_more_than_one_line() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/msg bob").write("one");
    scene
        .press_with(KeyModifiers::ALT, KeyCode::Enter)
        .write("two");
    scene.happen(Event::Pasted("\r\nthree\r\n".to_owned()));
    assert_eq!(scene.state.draft().text(), "one\ntwo\nthree");
    scene.press(KeyCode::Enter);
    let What::Mine { words, .. } = scene.last() else {
        panic!();
    };
    assert_eq!(words, "one\ntwo\nthree");
}

#[test]
fn groups_fold_and_those_who_are_away_are_left_out() {
    let mut scene = Scene::new(80, 24);
    scene.press(KeyCode::Home).press(KeyCode::Enter);
    assert!(scene.screen().contains("▸ Colleagues 1/1"));
    assert!(!scene.screen().contains("Erin"));
    scene.press(KeyCode::Enter);
    assert!(scene.screen().contains("Erin"));
    assert!(scene.screen().contains("Dave"));
    scene.press(KeyCode::F(3));
    assert!(!scene.screen().contains("Dave"));
}

#[test]
fn nudges_and_calls_need_a_conversation() {
    let mut scene = Scene::new(80, 24);
    scene.enter("/nudge");
    assert_eq!(scene.toast(), "This is no conversation. /msg opens one.");
    scene.enter("/msg bob").enter("/nudge");
    assert!(matches!(&scene.effects[..], [Effect::Open { .. }]));
    assert_eq!(*scene.last(), What::Loud("You nudge Bob.".to_owned()));
}
