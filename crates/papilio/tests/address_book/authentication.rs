//! Both ways to show a ticket (services-addressbook, 1.2).

use std::time::Duration;

use jiff::Timestamp;
use papilio::password::Password;

use super::{ABOOK, SHARING, World, envelope, fault, find_all, find_membership, posted};

fn is_book_of(answer: &super::Answer, handle: &str) -> bool {
    answer.status() == "200"
        && answer
            .body
            .contains(&format!("<ownerEmail>{handle}</ownerEmail>"))
}

fn is_refusal(answer: &super::Answer) -> bool {
    let (code, words) = fault(answer);
    code == "PassportAuthFail" && words.contains("AuthenticationFailure")
}

#[tokio::test]
async fn by_cookie() {
    let world = World::new().await;
    let t = world.ticket(world.alice());
    for cookie in [
        format!("Cookie: MSPAuth={t};MSPProf=\r\n"),
        format!("Cookie: MSPAuth={t};MSPProf=p\r\n"),
        format!("Cookie: MSPAuth={t}\r\n"),
        format!("Cookie: MSPAuth=={t};MSPProf==\r\n"),
        format!("cookie: x=y; MSPProf=p ; MSPAuth={t} ;z\r\n"),
        format!("Cookie: x=y\r\nCookie: MSPAuth={t}\r\n"),
        format!("Cookie: MSPAuth=t={t}&p=;MSPProf=\r\n"),
        format!("Cookie: MSPAuth=old; MSPAuth={t}\r\n"),
    ] {
        let request = posted(ABOOK, &cookie, &envelope("", &find_all("")));
        assert!(
            is_book_of(&world.server.ask(&request).await, "alice@example.org"),
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn by_ticket_in_the_document() {
    let world = World::new().await;
    let t = world.ticket(&world.bob);
    for token in [
        format!("<TicketToken>t={t}&amp;p=</TicketToken>"),
        format!("<TicketToken>\n t={t}&amp;p=profile \n</TicketToken>"),
        format!("<TicketToken>t={t}&amp;amp;p=</TicketToken>"),
        format!("<TicketToken>{t}</TicketToken>"),
    ] {
        let request = posted(ABOOK, "", &envelope(&token, &find_all("")));
        assert!(
            is_book_of(&world.server.ask(&request).await, "bob@example.org"),
            "{token}"
        );
        // Beside a cookie of no use.
        let cookie = "Cookie: MSPAuth=;MSPProf=\r\n";
        let request = posted(ABOOK, cookie, &envelope(&token, &find_all("")));
        assert!(
            is_book_of(&world.server.ask(&request).await, "bob@example.org"),
            "{token}"
        );
    }
    let cookie = format!("Cookie: MSPAuth={t};MSPProf=\r\n");
    let old = "<TicketToken>t=old&amp;p=</TicketToken>";
    let request = posted(ABOOK, &cookie, &envelope(old, &find_all("")));
    assert!(is_book_of(
        &world.server.ask(&request).await,
        "bob@example.org"
    ));
}

#[tokio::test]
async fn who_shows_no_good_ticket_gets_nothing() {
    let world = World::new().await;
    let alice = world.alice();
    let t = world.ticket(alice);
    let other = |c: char| if c == 'A' { 'B' } else { 'A' };
    let forged = other(t.chars().next().unwrap()).to_string() + &t[1..];
    let long_ago = Timestamp::now() - Duration::from_secs(90_000);
    let key = world.server.store.ticket_key();
    let expired = key.issue(alice, Some(Duration::from_secs(60)), long_ago).t;
    for t in [
        "",
        "x",
        &forged,
        &expired,
        &t[1..],
        "%00%ff",
        "alice@example.org",
    ] {
        let cookie = format!("Cookie: MSPAuth={t};MSPProf=\r\n");
        let token = format!("<TicketToken>t={t}&amp;p=</TicketToken>");
        for (headers, auth) in [(cookie.as_str(), ""), ("", token.as_str()), ("", "")] {
            for (path, request) in [(ABOOK, find_all("")), (SHARING, find_membership(""))] {
                let request = posted(path, headers, &envelope(auth, &request));
                assert!(is_refusal(&world.server.ask(&request).await), "{t}");
            }
        }
    }
}

#[tokio::test]
async fn tickets_die_with_the_password_and_the_account() {
    let world = World::new().await;
    let store = &world.server.store;
    let ask = async |t: &str| {
        let cookie = format!("Cookie: MSPAuth={t}\r\n");
        world
            .server
            .ask(&posted(ABOOK, &cookie, &envelope("", &find_all(""))))
            .await
    };
    let [first, second, third] = [world.alice(), &world.bob, &world.carol].map(|a| world.ticket(a));
    for t in [&first, &second, &third] {
        assert_eq!(ask(t).await.status(), "200");
    }
    let password = Password::parse("another").unwrap();
    let password = world.server.passwords.hash(password).await.unwrap();
    store
        .set_password(world.alice().id, &password)
        .await
        .unwrap();
    store.disable_account(world.bob.id).await.unwrap();
    store.delete_account(world.carol.id).await.unwrap();
    for t in [&first, &second, &third] {
        assert!(is_refusal(&ask(t).await));
    }
}

#[tokio::test]
async fn everybody_has_an_address_book_of_their_own() {
    let world = World::new().await;
    for account in [world.alice(), &world.bob] {
        let book = world.book(account).await;
        let handle = account.handle.as_str();
        assert!(book.contains(&format!("<ownerEmail>{handle}</ownerEmail>")));
        assert!(book.contains(&format!("<OwnerCID>{}</OwnerCID>", account.cid())));
        assert_eq!(book.matches("<Contact>").count(), 1);
    }
}
