//! Whoever leaves a message learns that it was taken or not, and nothing else about anybody.

use papilio::config::Config;
use papilio::store::account::Account;

use super::{Message, World, fault, undated};

impl World {
    /// Calls the sharing or address book service, which must succeed.
    async fn change(&self, account: &Account, path: &str, request: &str) {
        let cookie = format!("Cookie: MSPAuth={}\r\n", self.ticket(account));
        let body = format!("<Envelope><Body>{request}</Body></Envelope>");
        let answer = self.server.ask(&super::posted(path, &cookie, &body)).await;
        assert_eq!(answer.status(), "200", "{}", answer.body);
    }

    async fn add_member(&self, account: &Account, role: &str, who: &Account) {
        let request = format!(
            "<AddMember><memberships><Membership><MemberRole>{role}</MemberRole><Members><Member>\
             <PassportName>{}</PassportName></Member></Members></Membership></memberships>\
             </AddMember>",
            who.handle
        );
        self.change(account, "/abservice/SharingService.asmx", &request)
            .await;
    }

    async fn let_only_the_allowed_in(&self, account: &Account) {
        let request = "<ABContactUpdate><contacts><Contact><contactInfo><contactType>Me\
            </contactType><annotations><Annotation><Name>MSN.IM.BLP</Name><Value>0</Value>\
            </Annotation></annotations></contactInfo><propertiesChanged>Annotation\
            </propertiesChanged></Contact></contacts></ABContactUpdate>";
        self.change(account, "/abservice/abservice.asmx", request)
            .await;
    }
}

#[tokio::test]
async fn every_refusal_is_the_same() {
    let mut config = Config::default();
    config.offline_messages.mailbox = Some(1);
    config.offline_messages.sender_messages = None;
    let world = World::with(config).await;
    let (alice, bob, carol) = (world.alice(), &world.bob, &world.carol);
    let to = |address: &str| Message {
        to: address.to_owned(),
        ..world.message(alice, bob)
    };
    let mut refusals = Vec::new();
    refusals.push(world.send(&to("nobody@example.org")).await);
    refusals.push(world.send(&to("no address")).await);
    refusals.push(world.send(&to("")).await);
    let as_carol = Message {
        from: carol.handle.as_str().to_owned(),
        ..world.message(alice, bob)
    };
    refusals.push(world.send(&as_carol).await);
    world.add_member(bob, "Block", alice).await;
    refusals.push(world.send(&to("bob@example.org")).await);
    world.let_only_the_allowed_in(carol).await;
    refusals.push(world.send(&to("carol@example.org")).await);
    world.add_member(carol, "Allow", alice).await;
    world.leave(alice, carol, "the last one that fits").await;
    refusals.push(world.send(&to("carol@example.org")).await);
    world.server.store.disable_account(carol.id).await.unwrap();
    refusals.push(world.send(&to("carol@example.org")).await);
    for refusal in &refusals {
        assert_eq!(fault(refusal), "q0:SystemUnavailable");
        assert_eq!(undated(refusal), undated(&refusals[0]));
    }
    assert_eq!(world.texts(bob).await, [""; 0]);
}

#[tokio::test]
async fn the_recipients_lists_decide_and_not_the_senders() {
    let world = World::new().await;
    let (alice, bob) = (world.alice(), &world.bob);
    // What Alice holds about Bob, and her own privacy, are nothing to his mailbox.
    world.add_member(alice, "Block", bob).await;
    world.let_only_the_allowed_in(alice).await;
    world.leave(alice, bob, "I blocked you").await;
    // Blocked and allowed by turns: the last word counts.
    for (role, status) in [("Block", "500"), ("Allow", "200"), ("Block", "500")] {
        world.add_member(bob, role, alice).await;
        let answer = world.send(&world.message(alice, bob)).await;
        assert_eq!(answer.status(), status, "{role}");
    }
    assert_eq!(world.texts(bob).await, ["I blocked you", "Hello"]);
}

#[tokio::test]
async fn ten_messages_in_ten_seconds() {
    let world = World::new().await;
    let (alice, bob, carol) = (world.alice(), &world.bob, &world.carol);
    let good = world.message(alice, bob);
    let to_nobody = Message {
        to: "nobody@example.org".to_owned(),
        ..good.clone()
    };
    for _ in 0..5 {
        assert_eq!(world.send(&good).await.status(), "200");
        assert_eq!(fault(&world.send(&to_nobody).await), "q0:SystemUnavailable");
    }
    // Whoever is too fast does not learn by it who is there either.
    for message in [&good, &to_nobody] {
        let answer = world.send(message).await;
        assert_eq!(fault(&answer), "q0:SenderThrottleLimitExceeded");
    }
    world.leave(carol, bob, "each sender for themselves").await;
    assert_eq!(world.texts(bob).await.len(), 6);
}

#[tokio::test]
async fn a_full_mailbox_takes_more_when_something_was_deleted() {
    let mut config = Config::default();
    config.offline_messages.mailbox = Some(2);
    let world = World::with(config).await;
    let (alice, bob) = (world.alice(), &world.bob);
    world.leave(alice, bob, "one").await;
    world.leave(alice, bob, "two").await;
    let answer = world.send(&world.message(alice, bob)).await;
    assert_eq!(fault(&answer), "q0:SystemUnavailable");
    let ids = world.ids(bob).await;
    world.fetch(bob, &super::delete(&ids[..1])).await;
    world.leave(alice, bob, "three").await;
    assert_eq!(world.texts(bob).await, ["two", "three"]);
}

#[tokio::test]
async fn one_may_write_to_oneself_and_in_any_case() {
    let world = World::new().await;
    let alice = world.alice();
    world.leave(alice, alice, "to myself").await;
    let shouted = Message {
        from: "ALICE@Example.ORG".to_owned(),
        to: " Bob@EXAMPLE.org ".to_owned(),
        ..world.message(alice, alice)
    };
    assert_eq!(world.send(&shouted).await.status(), "200");
    assert_eq!(world.texts(alice).await, ["to myself"]);
    assert_eq!(world.texts(&world.bob).await, ["Hello"]);
}
