//! Operators, their tokens, bans, and the log of what they did.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use papilio::admin::{
    AccountChange, AccountToMake, AdminError, BanToMake, Live, Office, Operator, Scopes, Who,
};
use papilio::cli::serve;
use papilio::config::Config;
use papilio::credentials::Credentials;
use papilio::node::Node;
use papilio::password::{Password, Passwords};
use papilio::store::api_token::TokenRecord;
use papilio::store::audit::{AuditEntry, AuditFilter, AuditNumber};
use papilio::store::ban::{BanId, BanSubject, NewBan};
use papilio::store::token::Token;
use papilio::store::{Store, StoreError};

use crate::account::{QUICK, handle, new_account};
use crate::{Place, on_each_engine};

on_each_engine! {
    what_is_done_is_written_down_with_it,
    what_is_not_done_is_written_down_as_such,
    entries_are_found_by_who_what_and_whom,
    old_entries_are_forgotten,
    an_account_is_an_operator_with_these_scopes,
    nobody_gives_or_takes_what_they_have_not,
    nobody_touches_an_operator_who_may_do_more,
    a_token_is_found_by_its_hash_while_it_is_good,
    a_ban_holds_until_it_ends_or_is_lifted,
    a_banned_account_loses_its_tickets_and_cannot_sign_in,
    whoever_serves_hears_of_bans,
}

fn office(store: &Store) -> Office {
    Office::new(
        store.clone(),
        Passwords::new(QUICK).unwrap(),
        &Config::default(),
        None,
    )
}

fn root() -> Operator {
    Operator::command_line("root")
}

fn token(scopes: &str) -> Operator {
    Operator {
        who: Who::Token("ci".to_owned()),
        scopes: scopes.parse().unwrap(),
    }
}

async fn log_of(store: &Store) -> Vec<AuditEntry> {
    store
        .audit_after(AuditNumber::default(), 100)
        .await
        .unwrap()
}

fn acts(log: &[AuditEntry]) -> Vec<(&str, &str, &str)> {
    log.iter()
        .map(|entry| {
            (
                entry.act.as_str(),
                entry.subject.as_str(),
                entry.outcome.as_str(),
            )
        })
        .collect()
}

fn in_an_hour() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(1)
}

async fn what_is_done_is_written_down_with_it(place: Place) {
    let store = place.open().await;
    let office = office(&store);
    let new = AccountToMake {
        handle: handle("alice@x"),
        name: Some("Alice".to_owned()),
        password: Some(Password::parse("hush-hush").unwrap()),
    };
    let made = office.make_account(&root(), new).await.unwrap();
    assert_eq!((made.number, made.name.as_str()), (1, "Alice"));
    for change in [
        AccountChange::Rename("Alice W".to_owned()),
        AccountChange::SetPassword(Password::parse("hush-again").unwrap()),
        AccountChange::Disable,
        AccountChange::Enable,
        AccountChange::Delete,
    ] {
        let alice = handle("alice@x");
        office
            .change_account(&root(), &alice, change)
            .await
            .unwrap();
    }
    let log = log_of(&store).await;
    assert_eq!(
        acts(&log),
        [
            ("accounts.create", "alice@x", "done"),
            ("accounts.rename", "alice@x", "done"),
            ("accounts.set-password", "alice@x", "done"),
            ("accounts.disable", "alice@x", "done"),
            ("accounts.enable", "alice@x", "done"),
            ("accounts.delete", "alice@x", "done"),
        ]
    );
    assert!(log.iter().all(|entry| entry.who == "command line (root)"));
    assert_eq!(log[1].details["name"], "Alice W");
    assert!(!format!("{log:?}").contains("hush"), "a secret: {log:?}");
}

async fn what_is_not_done_is_written_down_as_such(place: Place) {
    let store = place.open().await;
    let office = office(&store);
    let reader = token("accounts:read");
    let alice = handle("alice@x");
    store.add_account(&new_account("alice@x")).await.unwrap();
    let refused = office
        .change_account(&reader, &alice, AccountChange::Disable)
        .await;
    assert!(
        matches!(refused, Err(AdminError::Forbidden(_))),
        "{refused:?}"
    );
    let listed = office.accounts(&token("bans:write"), None, None, 10).await;
    assert!(
        matches!(listed, Err(AdminError::Forbidden(_))),
        "{listed:?}"
    );
    let bob = handle("bob@x");
    let missing = office
        .change_account(&root(), &bob, AccountChange::Disable)
        .await;
    assert_eq!(
        missing.unwrap_err().to_string(),
        "there is no account bob@x"
    );
    assert!(
        !store
            .account_by_handle(&alice)
            .await
            .unwrap()
            .unwrap()
            .disabled
    );
    let log = log_of(&store).await;
    assert_eq!(
        acts(&log),
        [
            ("accounts.disable", "alice@x", "refused"),
            ("accounts.list", "", "refused"),
            ("accounts.disable", "bob@x", "failed"),
        ]
    );
    assert_eq!(log[0].who, "token ci");
    assert_eq!(log[2].details["error"], "there is no account bob@x");
}

async fn entries_are_found_by_who_what_and_whom(place: Place) {
    let store = place.open().await;
    let office = office(&store);
    for name in ["alice@x", "bob@x"] {
        store.add_account(&new_account(name)).await.unwrap();
        let handle = handle(name);
        for change in [AccountChange::Disable, AccountChange::Enable] {
            office
                .change_account(&root(), &handle, change)
                .await
                .unwrap();
        }
    }
    let found = async |who: &str, act: &str, subject: &str| {
        let filter = AuditFilter {
            who: who.to_owned(),
            act: act.to_owned(),
            subject: subject.to_owned(),
        };
        let found = store.audit_before(None, &filter, 100).await.unwrap();
        found.iter().map(|entry| entry.number.0).collect::<Vec<_>>()
    };
    assert_eq!(found("", "", "").await, [4, 3, 2, 1]);
    assert_eq!(
        found("command line (root)", "accounts.", "").await,
        [4, 3, 2, 1]
    );
    assert_eq!(found("", "accounts.enable", "").await, [4, 2]);
    assert_eq!(found("", "", "bob@x").await, [4, 3]);
    for (who, act) in [("root", ""), ("", "accounts"), ("", "%"), ("", "bans.")] {
        assert_eq!(found(who, act, "").await, [0; 0], "{who} {act}");
    }
    let filter = AuditFilter::default();
    let page = store.audit_before(Some(AuditNumber(3)), &filter, 1).await;
    assert_eq!(page.unwrap()[0].number, AuditNumber(2));
}

async fn old_entries_are_forgotten(place: Place) {
    let store = place.open().await;
    let office = office(&store);
    store.add_account(&new_account("alice@x")).await.unwrap();
    let alice = handle("alice@x");
    office
        .change_account(&root(), &alice, AccountChange::Disable)
        .await
        .unwrap();
    let cleared = store.clear_audit(Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!((cleared, log_of(&store).await.len()), (0, 1));
    let cleared = store.clear_audit(in_an_hour()).await.unwrap();
    assert_eq!((cleared, log_of(&store).await.len()), (1, 0));
    office
        .change_account(&root(), &alice, AccountChange::Enable)
        .await
        .unwrap();
    assert_eq!(
        log_of(&store).await[0].number,
        AuditNumber(2),
        "never twice"
    );
}

async fn an_account_is_an_operator_with_these_scopes(place: Place) {
    let store = place.open().await;
    let office = office(&store);
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    assert_eq!(office.operator(&alice).await.unwrap(), None);
    let scopes: Scopes = "accounts:write bans:read".parse().unwrap();
    office
        .put_operator(&root(), &alice.handle, scopes)
        .await
        .unwrap();
    let operator = office.operator(&alice).await.unwrap().unwrap();
    assert_eq!(operator.who.to_string(), "account alice@x");
    assert_eq!(operator.scopes, scopes);
    let listed = office.operators(&root()).await.unwrap();
    assert_eq!((listed.len(), listed[0].scopes), (1, scopes));
    let fewer: Scopes = "bans:read".parse().unwrap();
    office
        .put_operator(&root(), &alice.handle, fewer)
        .await
        .unwrap();
    assert_eq!(store.operator_scopes(alice.id).await.unwrap(), Some(fewer));
    office
        .remove_operator(&root(), &alice.handle)
        .await
        .unwrap();
    let again = office.remove_operator(&root(), &alice.handle).await;
    assert_eq!(again.unwrap_err().to_string(), "alice@x is no operator");
    assert_eq!(office.operator(&alice).await.unwrap(), None);
    // With the account goes the role.
    office
        .put_operator(&root(), &alice.handle, fewer)
        .await
        .unwrap();
    store.delete_account(alice.id).await.unwrap();
    assert!(store.operators().await.unwrap().is_empty());
}

async fn nobody_gives_or_takes_what_they_have_not(place: Place) {
    let store = place.open().await;
    let office = office(&store);
    for name in ["alice@x", "bob@x"] {
        store.add_account(&new_account(name)).await.unwrap();
    }
    let (alice, bob) = (handle("alice@x"), handle("bob@x"));
    let some = token("operators bans:write");
    let given = office.put_operator(&some, &alice, Scopes::all()).await;
    assert!(matches!(given, Err(AdminError::Forbidden(_))), "{given:?}");
    office
        .put_operator(&some, &alice, "bans:read".parse().unwrap())
        .await
        .unwrap();
    office
        .put_operator(&root(), &bob, Scopes::all())
        .await
        .unwrap();
    for done in [
        office
            .put_operator(&some, &bob, "bans:read".parse().unwrap())
            .await,
        office.remove_operator(&some, &bob).await,
    ] {
        assert!(matches!(done, Err(AdminError::Above(_))), "{done:?}");
    }
    office.remove_operator(&some, &alice).await.unwrap();
}

async fn nobody_touches_an_operator_who_may_do_more(place: Place) {
    let store = place.open().await;
    let office = office(&store);
    store.add_account(&new_account("boss@x")).await.unwrap();
    let boss = handle("boss@x");
    office
        .put_operator(&root(), &boss, Scopes::all())
        .await
        .unwrap();
    let helper = token("accounts:write sessions:write bans:write");
    for change in [
        AccountChange::SetPassword(Password::parse("mine now").unwrap()),
        AccountChange::Disable,
        AccountChange::Delete,
    ] {
        let done = office.change_account(&helper, &boss, change).await;
        assert!(matches!(done, Err(AdminError::Above(_))), "{done:?}");
    }
    let done = office.sign_out(&helper, &boss).await;
    assert!(matches!(done, Err(AdminError::Above(_))), "{done:?}");
    let done = office
        .ban(&helper, ban_of(BanSubject::Account(boss.clone()), None))
        .await;
    assert!(matches!(done, Err(AdminError::Above(_))), "{done:?}");
    office
        .change_account(&root(), &boss, AccountChange::Disable)
        .await
        .unwrap();
}

async fn a_token_is_found_by_its_hash_while_it_is_good(place: Place) {
    let store = place.open().await;
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let later = |seconds| now + SignedDuration::from_secs(seconds);
    let record = |name: &str, expires| TokenRecord {
        name: name.to_owned(),
        scopes: "bans:read".parse().unwrap(),
        created_at: now,
        expires,
        last_used: None,
    };
    let short = record("short", Some(later(100)));
    let [first, second, third] = [(); 3].map(|()| Token::random());
    store.add_token(&short, &first).await.unwrap();
    store
        .add_token(&record("long", None), &second)
        .await
        .unwrap();
    let twice = store.add_token(&record("long", None), &third).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    let used = async |token: &Token, at| store.use_token(token, at).await.unwrap().map(|t| t.name);
    assert_eq!(used(&first, now).await.as_deref(), Some("short"));
    assert_eq!(used(&first, later(99)).await.as_deref(), Some("short"));
    assert_eq!(used(&first, later(100)).await, None, "expired");
    assert_eq!(used(&second, later(100)).await.as_deref(), Some("long"));
    assert_eq!(used(&third, now).await, None);
    let found = store.token_by_name("short").await.unwrap().unwrap();
    assert_eq!(found.last_used, Some(later(99)));
    let names = |tokens: Vec<TokenRecord>| tokens.into_iter().map(|t| t.name).collect::<Vec<_>>();
    assert_eq!(
        names(store.tokens("", 10).await.unwrap()),
        ["long", "short"]
    );
    assert_eq!(names(store.tokens("long", 10).await.unwrap()), ["short"]);
    store.revoke_token("long").await.unwrap();
    assert_eq!(used(&second, now).await, None, "revoked");
    let again = store.revoke_token("long").await;
    assert!(matches!(again, Err(StoreError::NotFound(_))), "{again:?}");
}

fn ban_of(subject: BanSubject, expires: Option<Timestamp>) -> BanToMake {
    BanToMake {
        subject,
        reason: "spam".to_owned(),
        expires,
    }
}

async fn a_ban_holds_until_it_ends_or_is_lifted(place: Place) {
    let store = place.open().await;
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let later = |seconds| now + SignedDuration::from_secs(seconds);
    let network = BanSubject::Network("192.0.2.0/24".parse().unwrap());
    let new = |expires, created_at| NewBan {
        subject: network.clone(),
        reason: "spam".to_owned(),
        made_by: "token ci".to_owned(),
        created_at,
        expires,
    };
    let change = store.ban_change().await.unwrap();
    let ban = store.add_ban(&new(Some(later(60)), now)).await.unwrap();
    assert_ne!(store.ban_change().await.unwrap(), change);
    let again = store.add_ban(&new(None, later(59))).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    assert_eq!(
        store.ban_on(&network, later(59)).await.unwrap(),
        Some(ban.clone())
    );
    assert_eq!(
        store.bans(None, 10, later(59)).await.unwrap(),
        std::slice::from_ref(&ban)
    );
    assert_eq!(store.ban_on(&network, later(60)).await.unwrap(), None);
    assert_eq!(store.bans(None, 10, later(60)).await.unwrap(), []);
    // One that has ended is not in the way.
    let second = store.add_ban(&new(None, later(60))).await.unwrap();
    assert_eq!(
        store.ban_by_id(second.id, later(9999)).await.unwrap(),
        Some(second.clone())
    );
    assert_eq!(store.ban_by_id(ban.id, now).await.unwrap(), None);
    assert_eq!(store.bans(Some(second.id), 10, now).await.unwrap(), []);
    store.lift_ban(second.id).await.unwrap();
    assert_eq!(store.ban_on(&network, later(60)).await.unwrap(), None);
    let again = store.lift_ban(second.id).await;
    assert!(matches!(again, Err(StoreError::NotFound(_))), "{again:?}");
    store.add_ban(&new(Some(later(1)), now)).await.unwrap();
    assert_eq!(store.clear_expired_bans(now).await.unwrap(), 0);
    assert_eq!(store.clear_expired_bans(later(1)).await.unwrap(), 1);
}

async fn a_banned_account_loses_its_tickets_and_cannot_sign_in(place: Place) {
    let store = place.open().await;
    let office = office(&store);
    let alice = handle("alice@x");
    let passwords = Passwords::new(QUICK).unwrap();
    let credentials = Credentials::new(store.clone(), passwords, Config::default().throttle());
    let new = AccountToMake {
        handle: alice.clone(),
        name: None,
        password: Some(Password::parse("secret").unwrap()),
    };
    office.make_account(&root(), new).await.unwrap();
    let peer = "192.0.2.1".parse().unwrap();
    let sign_in = async || {
        let checked = credentials
            .check(peer, "alice@x", "secret", Instant::now())
            .await;
        checked.unwrap()
    };
    let before = sign_in().await.unwrap();
    let ban = ban_of(BanSubject::Account(alice.clone()), Some(in_an_hour()));
    let ban = office.ban(&root(), ban).await.unwrap();
    assert!(
        !store.is_as_before(&before).await.unwrap(),
        "tickets are dead"
    );
    assert_eq!(sign_in().await, None);
    let shown = office.account(&root(), &alice).await.unwrap();
    assert_eq!(shown.ban, Some(ban.clone()));
    office.lift_ban(&root(), BanId(ban.number)).await.unwrap();
    assert!(sign_in().await.is_some());
    let nobody = BanSubject::Account(handle("nobody@x"));
    let missing = office.ban(&root(), ban_of(nobody, None)).await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no account nobody@x");
    let past = ban_of(BanSubject::Account(alice), Some(Timestamp::UNIX_EPOCH));
    let refused = office.ban(&root(), past).await.unwrap_err();
    assert!(matches!(refused, AdminError::Invalid(_)), "{refused:?}");
}

async fn whoever_serves_hears_of_bans(place: Place) {
    let (here, there) = (place.open().await, place.open().await);
    let pages = msnp::wire::param::Param::word("http://localhost");
    let node = Node::new(serve::settings(&Config::default(), pages));
    let live = Live::new(&here, Arc::clone(&node)).await.unwrap();
    let refused = || {
        node.bans
            .refuse("192.0.2.9".parse().unwrap(), Timestamp::now())
    };
    let network = BanSubject::Network("192.0.2.0/24".parse().unwrap());
    let ban = office(&there)
        .ban(&root(), ban_of(network, None))
        .await
        .unwrap();
    assert!(!refused(), "nobody has looked");
    live.look().await;
    assert!(refused());
    // In the process that serves it holds when the act is done.
    let passwords = Passwords::new(QUICK).unwrap();
    let serving = Office::new(here, passwords, &Config::default(), Some(live));
    serving.lift_ban(&root(), BanId(ban.number)).await.unwrap();
    assert!(!refused());
}
