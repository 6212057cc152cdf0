//! What is wrong with a request is told as the table of services-oim, 4, says.

use super::{Message, World, fault, fetching_posted, message, metadata};
use papilio::config::Config;

#[tokio::test]
async fn content_that_is_none() {
    let world = World::new().await;
    let good = world.message(world.alice(), &world.bob);
    let mut wrong = Vec::new();
    for change in [
        |m: &mut Message| m.run = "{3A3BE82C-684D}".to_owned(),
        |m: &mut Message| m.run = String::new(),
        |m: &mut Message| m.sequence = "2".to_owned(),
        |m: &mut Message| m.sequence = "first".to_owned(),
        |m: &mut Message| m.kind = "html".to_owned(),
        |m: &mut Message| m.text = "not base64!".to_owned(),
        |m: &mut Message| m.text = "/w==".to_owned(),
        |m: &mut Message| m.text = "SGVs=bG8=".to_owned(),
    ] {
        let mut message = good.clone();
        change(&mut message);
        wrong.push(message.posted());
    }
    for (part, other) in [
        ("MIME-Version: 1.0", "no header"),
        ("text/plain", "text/x-foo"),
        (": base64", ": binary"),
    ] {
        let body = good.body().replace(part, other);
        wrong.push(super::posted(good.path, &good.headers, &body));
    }
    for request in wrong {
        let answer = world.server.ask(&request).await;
        assert_eq!(fault(&answer), "q0:InvalidContent", "{request}");
    }
    assert_eq!(world.texts(&world.bob).await, [""; 0]);
    // None of them counted.
    for _ in 0..10 {
        assert_eq!(world.send(&good).await.status(), "200");
    }
}

#[tokio::test]
async fn a_text_may_be_as_long_as_is_configured() {
    let mut config = Config::default();
    config.offline_messages.text = Some(9);
    let world = World::with(config).await;
    let long = |length: usize| {
        use base64::Engine as _;
        let text = "x".repeat(length);
        Message {
            text: base64::engine::general_purpose::STANDARD.encode(text),
            ..world.message(world.alice(), &world.bob)
        }
    };
    assert_eq!(fault(&world.send(&long(10)).await), "q0:MessageTooLarge");
    assert_eq!(world.send(&long(9)).await.status(), "200");
    assert_eq!(world.texts(&world.bob).await, ["xxxxxxxxx"]);
}

#[tokio::test]
async fn requests_that_are_none() {
    let world = World::new().await;
    let good = world.message(world.alice(), &world.bob);
    let envelope = "<Envelope><Header/><Body><x/></Body></Envelope>";
    for body in [
        "",
        "not XML",
        "<a/>",
        envelope,
        "<!DOCTYPE a [<!ENTITY x \"y\">]><Envelope><Body>&x;</Body></Envelope>",
        &good.body().replace("<From ", "<Frum "),
        &good.body().replace("<To ", "<Ti "),
        &"<a>".repeat(100),
    ] {
        let request = super::posted(good.path, &good.headers, body);
        let answer = world.server.ask(&request).await;
        assert_eq!(fault(&answer), "soap:Client", "{body}");
        let answer = world
            .server
            .ask(&super::posted("/rsi/rsi.asmx", "", body))
            .await;
        assert_eq!(fault(&answer), "soap:Client", "{body}");
    }
    let huge = "x".repeat(1_100_000);
    let answer = world.server.ask(&super::posted(good.path, "", &huge)).await;
    assert_eq!(answer.status(), "413");
}

#[tokio::test]
async fn lock_keys_are_each_accounts_own_and_can_be_used_again() {
    let world = World::new().await;
    let (alice, carol) = (world.alice(), &world.carol);
    let good = world.message(alice, &world.bob);
    let with = |product: &str, key: &str| Message {
        product: product.to_owned(),
        lock_key: key.to_owned(),
        ..good.clone()
    };
    for _ in 0..3 {
        assert_eq!(world.send(&good).await.status(), "200", "again and again");
    }
    let hers = world.message(carol, &world.bob).lock_key;
    let any = "0123456789abcdef0123456789ABCDEF";
    for message in [
        with(&good.product, &hers),
        with(&good.product, any),
        with("PROD0119GSJUC$18", &good.lock_key),
        with("PROD9999", &any[1..]),
        with("PROD9999", ""),
    ] {
        let answer = world.send(&message).await;
        assert_eq!(fault(&answer), "q0:AuthenticationFailed");
        assert!(answer.body.contains("<detail><LockKeyChallenge "));
        assert!(!answer.body.contains("TweenerChallenge"));
    }
    assert_eq!(world.send(&with("PROD9999", any)).await.status(), "200");
    // The challenge stays the same, so that several windows of one client do not vex one another.
    let challenges = async || {
        let answer = world.send(&with(&good.product, "")).await;
        answer.between("LockKeyChallenge ", "</LockKey")[0].to_owned()
    };
    assert_eq!(challenges().await, challenges().await);
}

#[tokio::test]
async fn a_ticket_that_is_missing_is_missed_first() {
    let world = World::new().await;
    let good = world.message(world.alice(), &world.bob);
    let server = &world.server;
    server.store.disable_account(world.carol.id).await.unwrap();
    let of_carol = world.message(&world.carol, &world.bob);
    let empty = Message {
        ticket: String::new(),
        lock_key: String::new(),
        ..good.clone()
    };
    let without = good.body().replace("<Ticket ", "<Tucket ");
    for request in [
        empty.posted(),
        super::posted(good.path, &good.headers, &without),
        of_carol.posted(),
    ] {
        let answer = server.ask(&request).await;
        assert_eq!(fault(&answer), "q0:AuthenticationFailed");
        assert!(answer.body.contains("<TweenerChallenge "));
        assert!(!answer.body.contains("LockKeyChallenge"));
    }
    for cookie in ["", "<t></t>", "<t>x</t>", "<p>x</p>"] {
        let answer = server.ask(&fetching_posted(cookie, &metadata())).await;
        assert_eq!(fault(&answer), "q0:AuthenticationFailed", "{cookie}");
    }
}

#[tokio::test]
async fn tickets_in_the_forms_that_clients_leave_them_in() {
    let world = World::new().await;
    let t = world.ticket(&world.bob);
    for cookie in [
        format!("<t>{t}</t><p>x</p>"),
        format!("<p>=</p><t>={t}</t>"),
        format!("<t>\n {t}\n</t><p>p=</p>"),
        format!("<t>t={t}&amp;p=</t><p/>"),
    ] {
        let answer = world
            .server
            .ask(&fetching_posted(&cookie, &metadata()))
            .await;
        assert_eq!(answer.status(), "200", "{cookie}");
    }
    let answer = world.fetch(&world.bob, &message("7", "false")).await;
    assert_eq!(fault(&answer), "soap:Client");
    assert!(
        answer
            .body
            .contains("<faultstring>Schema validation error</faultstring>")
    );
}
