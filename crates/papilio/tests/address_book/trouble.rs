//! Trouble of ours, clients that go away, and many at once: whole or not at all.

use tokio::task::JoinSet;

use super::support::Client;
use super::{
    ABOOK, World, contact_update, envelope, fault, find_all, group_add, member, passport,
    passport_add, posted,
};

impl World {
    /// Runs a statement behind the server's back.
    pub(super) async fn execute(&self, statement: &'static str) {
        use sqlx::Connection as _;
        let path = self.server._folder.path().join("papilio.db");
        let url = format!("sqlite://{}", path.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_breaks_half_way_leaves_nothing() {
    let world = World::new().await;
    let alice = world.alice();
    let before = (world.book(alice).await, world.memberships(&world.bob).await);
    // The last table that each of these operations writes to refuses.
    for (trigger, request) in [
        (
            "CREATE TRIGGER broken BEFORE INSERT ON contacts BEGIN SELECT RAISE(ABORT, 'disk'); END",
            passport_add("bob@example.org"),
        ),
        (
            "CREATE TRIGGER broken BEFORE UPDATE OF me_properties ON address_books \
             BEGIN SELECT RAISE(ABORT, 'disk'); END",
            contact_update(
                "",
                "<contactType>Me</contactType><displayName>Ally</displayName>",
                "DisplayName",
            ),
        ),
        (
            "CREATE TRIGGER broken BEFORE INSERT ON members BEGIN SELECT RAISE(ABORT, 'disk'); END",
            member("AddMember", "Block", &passport("bob@example.org")),
        ),
        (
            "CREATE TRIGGER broken BEFORE INSERT ON contact_groups \
             BEGIN SELECT RAISE(ABORT, 'disk'); END",
            group_add("Friends"),
        ),
    ] {
        world.execute(trigger).await;
        let answer = world.ask(alice, &request).await;
        let (code, words) = fault(&answer);
        assert_eq!(code, "InternalError");
        assert!(!words.contains("disk"), "the log's affair: {words}");
        assert!(answer.body.contains("<faultcode>soap:Server</faultcode>"));
        world.execute("DROP TRIGGER broken").await;
        let after = (world.book(alice).await, world.memberships(&world.bob).await);
        assert_eq!(unsigned(&after.0), unsigned(&before.0), "{request}");
        assert_eq!(unsigned(&after.1), unsigned(&before.1), "{request}");
    }
    world.made(alice, &passport_add("bob@example.org")).await;
}

/// An answer without the id that every answer has anew.
fn unsigned(body: &str) -> String {
    let (before, rest) = body.split_once("<SessionId>").unwrap();
    before.to_owned() + rest.split_once("</SessionId>").unwrap().1
}

#[tokio::test]
async fn a_store_that_is_gone_is_a_fault() {
    let world = World::new().await;
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(world.alice()));
    world.server.store.close().await;
    let request = posted(ABOOK, &cookie, &envelope("", &find_all("")));
    assert_eq!(fault(&world.server.ask(&request).await).0, "InternalError");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_a_whole_change() {
    let world = World::new().await;
    let alice = world.alice();
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(alice));
    for number in 0..20 {
        let mut client = Client::connect(world.server.address).await;
        let add = group_add(&format!("{number}"));
        client
            .send(&posted(ABOOK, &cookie, &envelope("", &add)))
            .await;
        drop(client);
    }
    // Adding and deleting one more by one is behind all of them in the store's queue.
    let last = world.made(alice, &group_add("last")).await;
    let book = world.book(alice).await;
    assert!(book.contains(&last));
    assert_eq!(
        book.matches("<Group>").count(),
        book.matches("<fDeleted>false</fDeleted>").count() - 1,
        "as many whole groups as there are, and Me"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_change_one_another_at_once() {
    let world = World::new().await;
    let mut running = JoinSet::new();
    let address = world.server.address;
    for (own, other) in [
        (world.alice(), "bob@example.org"),
        (&world.bob, "alice@example.org"),
    ] {
        let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(own));
        running.spawn(async move {
            let mut client = Client::connect(address).await;
            for round in 0..10 {
                let add = posted(ABOOK, &cookie, &envelope("", &passport_add(other)));
                let added = client.ask(&add).await;
                assert_eq!(added.status(), "200", "{}", added.body);
                for (name, role) in [("AddMember", "Allow"), ("DeleteMember", "Allow")] {
                    let request = member(name, role, &passport(other));
                    let answer = client
                        .ask(&posted(ABOOK, &cookie, &envelope("", &request)))
                        .await;
                    assert_eq!(answer.status(), "200", "{}", answer.body);
                }
                if round < 9 {
                    let id = added.between("<guid>", "<")[0].to_owned();
                    let delete = envelope("", &super::contact_delete(&id));
                    let deleted = client.ask(&posted(ABOOK, &cookie, &delete)).await;
                    assert_eq!(deleted.status(), "200", "{}", deleted.body);
                }
            }
        });
    }
    while let Some(outcome) = running.join_next().await {
        outcome.unwrap();
    }
    for (own, other) in [(world.alice(), &world.bob), (&world.bob, world.alice())] {
        let book = world.book(own).await;
        assert_eq!(book.matches("<Contact>").count(), 2);
        let found = world.memberships(own).await;
        assert!(found.contains("<MemberRole>Reverse</MemberRole>"));
        assert_eq!(
            found.matches(other.handle.as_str()).count(),
            found.matches("<Member ").count()
        );
    }
}

/// BitlBee blocks somebody, and unblocks them at once, by four requests over as many connections, the
/// next one sent before the last is answered.
#[tokio::test]
async fn requests_of_an_account_are_carried_out_as_they_come() {
    let world = World::new().await;
    let alice = world.alice();
    world.made(alice, &passport_add("bob@example.org")).await;
    let bob = passport("bob@example.org");
    world.done(alice, &member("AddMember", "Allow", &bob)).await;
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(alice));
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = Client::connect(world.server.address).await;
        let request = envelope("", &find_all(""));
        client.ask(&posted(ABOOK, &cookie, &request)).await;
        clients.push(client);
    }
    for round in 0..20 {
        let requests = [
            ("DeleteMember", "Allow"),
            ("AddMember", "Block"),
            ("DeleteMember", "Block"),
            ("AddMember", "Allow"),
        ];
        for (client, (name, role)) in clients.iter_mut().zip(requests) {
            let request = envelope("", &member(name, role, &bob));
            client.send(&posted(ABOOK, &cookie, &request)).await;
        }
        for (client, request) in clients.iter_mut().zip(requests) {
            let answer = client.answer().await;
            assert_eq!(answer.status(), "200", "{request:?} of round {round}");
        }
    }
}
