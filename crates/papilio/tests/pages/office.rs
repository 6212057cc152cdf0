//! Pages for operators.

use std::sync::Arc;

use super::*;
use msnp::server::Event;
use msnp::wire::param::Param;
use msnp::wire::version::{Dialect, Version};
use papilio::admin::{Scope, Scopes};
use papilio::mailbox::Mailbox;
use papilio::store::account::Account;
use papilio::store::ban::{BanSubject, NewBan};
use support::{Client, add};

/// A server where alice is an operator, and bob is signed in with Messenger.
pub(crate) struct Office {
    pub(crate) server: Server,
    pub(crate) bob: Account,
    pub(crate) messenger: Arc<Mailbox>,
}

impl Office {
    pub(crate) async fn open() -> Self {
        Self::for_scopes(Scopes::all()).await
    }

    async fn for_scopes(scopes: Scopes) -> Self {
        Self::configured(Config::default(), scopes).await
    }

    async fn configured(config: Config, scopes: Scopes) -> Self {
        let server = Server::with(config).await;
        let bob = add(
            &server.store,
            &server.passwords,
            "bob@example.org",
            "secret&2",
        )
        .await;
        let (store, alice) = (&server.store, server.alice.id);
        store
            .put_operator(alice, scopes, Timestamp::now())
            .await
            .unwrap();
        let messenger = Mailbox::new(0);
        let dialect = Dialect::of(Version::MSNP13).unwrap();
        let address = Param::word("192.0.2.5:1863");
        let directory = &server.node.directory;
        directory.sign_in(&bob, dialect, address, Arc::clone(&messenger));
        Self {
            server,
            bob,
            messenger,
        }
    }

    /// Whether bob's Messenger was told to go.
    pub(crate) fn bob_is_signed_out(&self) -> bool {
        let (posts, _) = self.messenger.take();
        posts
            .iter()
            .any(|post| matches!(post.event, Event::SignedOut))
    }
}

const PAGES: [&str; 7] = [
    "/admin",
    "/admin/accounts",
    "/admin/invitations",
    "/admin/sessions",
    "/admin/bans",
    "/admin/broadcast",
    "/admin/audit",
];

fn field(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.to_owned())
}

#[tokio::test]
async fn for_others_there_is_nothing() {
    let office = Office::open().await;
    let mut stranger = Browser::at(&office.server);
    let mut bob = Browser::at(&office.server);
    bob.submit("/account/sign-in", &signs_in("bob@example.org", "secret&2"))
        .await;
    let mut alice = Browser::of_alice(&office.server).await;
    for path in PAGES
        .into_iter()
        .chain(["/admin/account?handle=alice@example.org", "/admin/events"])
    {
        assert_eq!(
            stranger.get(path).await.leads_to(),
            Some("/account/sign-in"),
            "{path}"
        );
        let page = bob.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        if path != "/admin/events" {
            let page = alice.get(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            assert!(page.says("For operators"), "{path}");
        }
    }
    assert!(!bob.get("/account").await.says("/admin"));
    assert!(alice.get("/account").await.says("href=\"/admin\""));
    bob.get("/account").await;
    let page = bob
        .post("/admin/bans", &[field("subject", "alice@example.org")])
        .await;
    assert_eq!(page.status, 404);
    alice.get("/admin/bans").await;
    let page = alice
        .post_exactly("/admin/bans", &[field("subject", "bob@example.org")])
        .await;
    assert_eq!(page.status, 403, "without its word");
    assert!(!office.bob_is_signed_out());
}

#[tokio::test]
async fn an_operator_sees_and_does_what_their_scopes_allow() {
    let office = Office::for_scopes([Scope::AccountsRead].into_iter().collect()).await;
    let mut alice = Browser::of_alice(&office.server).await;
    let page = alice.get("/admin/accounts?search=BOB").await;
    assert!(
        page.says("bob@example.org") && !page.says(">alice@example.org</a>"),
        "{}",
        page.body
    );
    let page = alice.get("/admin/bans").await;
    assert_eq!(page.status, 403);
    assert!(
        page.says("You may not see this") && page.says("bans:read"),
        "{}",
        page.body
    );
    alice.get("/admin/account?handle=bob@example.org").await;
    let disable = [field("handle", "bob@example.org"), field("act", "disable")];
    let page = alice.post("/admin/account", &disable).await;
    assert_eq!(page.status, 403);
    assert_eq!(page.notice(), "This needs the scope accounts:write.");
    let bob = office
        .server
        .store
        .account_by_id(office.bob.id)
        .await
        .unwrap()
        .unwrap();
    assert!(!bob.disabled);
}

#[tokio::test]
async fn accounts_are_disabled_enabled_helped_and_deleted() {
    let office = Office::open().await;
    let store = &office.server.store;
    let mut alice = Browser::of_alice(&office.server).await;
    let bob = || field("handle", "bob@example.org");
    let is_disabled = async || {
        store
            .account_by_id(office.bob.id)
            .await
            .unwrap()
            .unwrap()
            .disabled
    };
    alice.get("/admin/account?handle=bob@example.org").await;
    let page = alice
        .post("/admin/account", &[bob(), field("act", "disable")])
        .await;
    let back = page.leads_to().unwrap().to_owned();
    assert_eq!(alice.get(&back).await.notice(), "Done.");
    assert!(is_disabled().await && office.bob_is_signed_out());
    alice
        .post("/admin/account", &[bob(), field("act", "enable")])
        .await;
    assert!(!is_disabled().await);

    let page = alice
        .post("/admin/account", &[bob(), field("act", "link")])
        .await;
    let (_, rest) = page.body.split_once("<code>").unwrap();
    let link = rest.split_once('<').unwrap().0.to_owned();
    assert!(
        Browser::at(&office.server)
            .get(&link)
            .await
            .says("bob@example.org")
    );

    for (again, status) in [
        ("", 422),
        ("alice@example.org", 422),
        ("bob@example.org", 303),
    ] {
        let fields = [bob(), field("again", again), field("act", "delete")];
        assert_eq!(
            alice.post("/admin/account", &fields).await.status,
            status,
            "{again}"
        );
    }
    assert_eq!(store.account_by_id(office.bob.id).await.unwrap(), None);
    for nonsense in ["", "fly"] {
        let page = alice
            .post("/admin/account", &[bob(), field("act", nonsense)])
            .await;
        assert_eq!(page.status, 404);
    }
    let page = alice.get("/admin/audit?subject=bob@example.org").await;
    for act in [
        "accounts.disable",
        "accounts.enable",
        "accounts.password-link",
        "accounts.delete",
    ] {
        assert!(page.says(act), "{act}: {}", page.body);
    }
}

#[tokio::test]
async fn invitations_are_made_shown_once_and_revoked() {
    let office = Office::open().await;
    let mut alice = Browser::of_alice(&office.server).await;
    alice.get("/admin/invitations").await;
    for (uses, days) in [
        ("x", "1"),
        ("1", "x"),
        ("1", "-1"),
        ("1", "99999"),
        ("-1", "1"),
    ] {
        let fields = [field("uses", uses), field("days", days), field("note", "")];
        let page = alice.post("/admin/invitations", &fields).await;
        assert_eq!(page.status, 422, "{uses} {days}");
    }
    let fields = [
        field("uses", "1"),
        field("days", "7"),
        field("note", "<b>LAN</b>"),
    ];
    let page = alice.post("/admin/invitations", &fields).await;
    let (_, rest) = page.body.split_once("<code id=\"code\">").unwrap();
    let code = rest.split_once('<').unwrap().0.to_owned();
    assert!(!page.says("<b>LAN"), "{}", page.body);
    assert!(!alice.get("/admin/invitations").await.says(&code));
    let mut carol = Browser::at(&office.server);
    let mut fields = person("carol@x");
    fields.push(("invitation", code));
    let page = carol.submit("/account/sign-up", &fields).await;
    assert_eq!(page.status, 303, "{}", page.body);
    alice.get("/admin/invitations").await;
    let fields = [field("uses", ""), field("days", ""), field("note", "")];
    alice.post("/admin/invitations", &fields).await;
    let page = alice
        .post("/admin/invitations/revoke", &[field("number", "2")])
        .await;
    assert_eq!(page.status, 303);
    assert!(alice.get("/admin/invitations").await.says(">revoked<"));
    let page = alice
        .post("/admin/invitations/revoke", &[field("number", "99")])
        .await;
    assert_eq!(page.status, 404);
}

#[tokio::test]
async fn bans_hold_at_once_until_they_are_lifted() {
    let office = Office::open().await;
    let mut alice = Browser::of_alice(&office.server).await;
    let mut bob = Browser::at(&office.server);
    let credentials = signs_in("bob@example.org", "secret&2");
    bob.submit("/account/sign-in", &credentials).await;
    let page = bob.get("/account/places").await;
    assert!(page.says("MSNP13"), "Messenger is there: {}", page.body);
    alice.get("/admin/bans").await;
    for nonsense in ["", "bob", "a b@x", "300.1.2.3", "10.0.0.0/99"] {
        let page = alice
            .post("/admin/bans", &[field("subject", nonsense)])
            .await;
        assert_eq!(page.status, 422, "{nonsense}");
    }
    let ban = [
        field("subject", "bob@example.org"),
        field("reason", "<i>spam</i>"),
        field("days", "3"),
    ];
    let page = alice.post("/admin/bans", &ban).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(office.bob_is_signed_out());
    assert!(!bob.is_signed_in().await, "at the pages, too");
    assert_eq!(
        bob.submit("/account/sign-in", &credentials).await.status,
        403
    );
    let page = alice.get("/admin/bans").await;
    assert!(
        page.says("bob@example.org") && !page.says("<i>"),
        "{}",
        page.body
    );
    let number = page.value("number").unwrap().to_owned();
    assert_eq!(alice.post("/admin/bans", &ban).await.status, 409);
    // Neither by a link to another password, which a banned account may ask for.
    let (store, now) = (&office.server.store, Timestamp::now());
    let account = store.account_by_handle(&office.bob.handle).await.unwrap();
    let token = store
        .make_reset_link(&account.unwrap(), now + jiff::SignedDuration::from_hours(1))
        .await
        .unwrap();
    let path = format!("/account/reset?token={}", token.expose());
    assert_eq!(bob.get(&path).await.status, 404);
    alice
        .post("/admin/bans/lift", &[field("number", &number)])
        .await;
    assert_eq!(
        bob.submit("/account/sign-in", &credentials).await.status,
        303
    );
}

#[tokio::test]
async fn nobody_finds_the_pages_from_a_banned_network_but_operators() {
    let office = Office::open().await;
    let mut alice = Browser::of_alice(&office.server).await;
    let mut bob = Browser::at(&office.server);
    let credentials = signs_in("bob@example.org", "secret&2");
    bob.submit("/account/sign-in", &credentials).await;
    let ban = [field("subject", "127.0.0.0/8"), field("days", "3")];
    alice.get("/admin/bans").await;
    assert_eq!(alice.post("/admin/bans", &ban).await.status, 303);
    let mut stranger = Browser::at(&office.server);
    for path in ["/account", "/account/sign-in", "/account/sign-up"] {
        for browser in [&mut bob, &mut stranger] {
            let page = browser.get(path).await;
            assert_eq!(page.status, 403, "{path}");
            assert!(page.says("Nobody may come from your address"), "{path}");
        }
    }
    // Whoever banned themselves can lift it.
    let page = alice.get("/admin/bans").await;
    let number = page.value("number").unwrap().to_owned();
    alice
        .post("/admin/bans/lift", &[field("number", &number)])
        .await;
    assert!(bob.is_signed_in().await);
}

#[tokio::test]
async fn sessions_are_seen_and_ended_and_everybody_is_told() {
    let office = Office::open().await;
    let mut alice = Browser::of_alice(&office.server).await;
    let page = alice.get("/admin/broadcast").await;
    assert!(page.says("Send to everybody"));
    let page = alice
        .post("/admin/broadcast", &[field("text", "Tea at five")])
        .await;
    assert_eq!(
        page.leads_to(),
        Some("/admin/broadcast?told=1"),
        "{}",
        page.body
    );
    assert_eq!(
        alice
            .post("/admin/broadcast", &[field("text", "")])
            .await
            .status,
        422
    );
    let minutes = [field("minutes", "30"), field("then", "stay")];
    let page = alice.post("/admin/broadcast/maintenance", &minutes).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(alice.get("/admin/broadcast").await.says("Cancel it"));
    alice.post("/admin/broadcast/cancel", &[]).await;
    assert!(!alice.get("/admin/broadcast").await.says("Cancel it"));

    let page = alice.get("/admin/sessions").await;
    assert!(
        page.says("bob@example.org") && page.says("MSNP13"),
        "{}",
        page.body
    );
    let number = page.value("number").unwrap().to_owned();
    let page = alice
        .post("/admin/sessions/sign-out", &[field("number", &number)])
        .await;
    assert_eq!(
        page.leads_to(),
        Some("/admin/sessions?done=out"),
        "{}",
        page.body
    );
    assert!(office.bob_is_signed_out());
    assert!(
        alice
            .get("/admin/sessions")
            .await
            .says("Nobody is signed in.")
    );
    let page = alice
        .post("/admin/sessions/sign-out", &[field("number", &number)])
        .await;
    assert_eq!(page.status, 404);
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens() {
    use tokio::io::AsyncReadExt as _;
    let office = Office::open().await;
    let alice = Browser::of_alice(&office.server).await;
    let mut client = Client::connect(office.server.address).await;
    client.send(&alice.head("GET", "/admin/events", "")).await;
    let mut told = Vec::new();
    while !String::from_utf8_lossy(&told).contains("\"signed_in\":1") {
        assert_ne!(client.stream.read_buf(&mut told).await.unwrap(), 0);
    }
    let told = String::from_utf8(told).unwrap();
    assert!(
        told.contains("text/event-stream") && told.contains("event: statistics"),
        "{told}"
    );
}

#[tokio::test]
async fn where_too_many_listen_already_nothing_is_broken() {
    let mut config = Config::default();
    config.admin.listeners = Some(0);
    let office = Office::configured(config, Scopes::all()).await;
    let mut alice = Browser::of_alice(&office.server).await;
    assert_eq!(alice.get("/admin/events").await.status, 503);
}

#[tokio::test]
async fn a_view_ends_when_its_operator_is_banned() {
    use tokio::io::AsyncReadExt as _;
    let office = Office::open().await;
    let alice = Browser::of_alice(&office.server).await;
    let mut client = Client::connect(office.server.address).await;
    client.send(&alice.head("GET", "/admin/events", "")).await;
    let mut told = Vec::new();
    let looks = |told: &[u8]| {
        let text = String::from_utf8_lossy(told);
        text.matches("event: statistics").count()
    };
    while looks(&told) == 0 {
        assert_ne!(client.stream.read_buf(&mut told).await.unwrap(), 0);
    }
    let ban = NewBan {
        subject: BanSubject::Account(office.server.alice.handle.clone()),
        reason: String::new(),
        made_by: String::new(),
        created_at: Timestamp::now(),
        expires: None,
    };
    office.server.store.add_ban(&ban).await.unwrap();
    while client.stream.read_buf(&mut told).await.unwrap() > 0 {
        assert!(looks(&told) < 4, "it goes on");
    }
}
