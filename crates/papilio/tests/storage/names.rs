//! One name, by whichever door: the profile's and the one of the contact Me.

use super::{Answer, World, between, envelope, post, update_profile};
use papilio::store::account::Account;

const ABOOK: &str = "xmlns=\"http://www.msn.com/webservices/AddressBook\"";

async fn address_book(world: &World, account: &Account, request: &str) -> Answer {
    let cookie = format!("Cookie: MSPAuth={}\r\n", world.ticket(account));
    let request = post("/abservice/abservice.asmx", &cookie, &envelope("", request));
    let answer = world.server.ask(&request).await;
    assert_eq!(answer.status(), "200", "{}", answer.body);
    answer
}

/// The name of Me and the time of the last change.
async fn me(world: &World, account: &Account, since: &str) -> Option<(String, String)> {
    let request = format!(
        "<ABFindAll {ABOOK}><deltasOnly>{}</deltasOnly><lastChange>{since}</lastChange></ABFindAll>",
        !since.is_empty()
    );
    let book = address_book(world, account, &request).await.body;
    let name = between(&book, "<displayName>", "<").first()?.to_string();
    let changed = between(&book, "</abInfo><lastChange>", "<")[0].to_owned();
    Some((name, changed))
}

#[tokio::test]
async fn the_name_of_the_profile_is_the_name_of_me() {
    let world = World::new().await;
    let alice = world.alice();
    let (_, since) = me(&world, alice, "").await.unwrap();
    assert_eq!(me(&world, alice, &since).await, None);
    world
        .done(
            alice,
            &update_profile(alice, "<DisplayName> Ally &lt;3 &#3;😀 </DisplayName>"),
        )
        .await;
    let (name, since) = me(&world, alice, &since).await.unwrap();
    assert_eq!(name, "Ally &lt;3 😀");
    let account = world.server.store.account_by_id(alice.id).await;
    assert_eq!(account.unwrap().unwrap().name, "Ally <3 😀");

    let rename = format!(
        "<ABContactUpdate {ABOOK}><contacts><Contact><contactInfo><contactType>Me</contactType>\
         <displayName>Alice again</displayName></contactInfo>\
         <propertiesChanged>DisplayName</propertiesChanged></Contact></contacts></ABContactUpdate>"
    );
    address_book(&world, alice, &rename).await;
    let profile = world.profile(alice).await;
    assert!(profile.contains("<DisplayName>Alice again</DisplayName>"));
    let (_, since) = me(&world, alice, &since).await.unwrap();

    // A personal message is nothing that the address book has.
    world
        .done(
            alice,
            &update_profile(alice, "<PersonalStatus>here</PersonalStatus>"),
        )
        .await;
    assert_eq!(me(&world, alice, &since).await, None);
    // Without a name both show the address.
    world
        .done(alice, &update_profile(alice, "<DisplayName/>"))
        .await;
    assert_eq!(
        me(&world, alice, &since).await.unwrap().0,
        "alice@example.org"
    );
    let profile = world.profile(alice).await;
    assert!(profile.contains("<DisplayName>alice@example.org</DisplayName>"));
    assert!(profile.contains("<PersonalStatus>here</PersonalStatus>"));
}

#[tokio::test]
async fn what_is_not_said_stays_and_what_is_deleted_goes() {
    let world = World::new().await;
    let alice = world.alice();
    let both = "<DisplayName>A</DisplayName><PersonalStatus>p</PersonalStatus>";
    world.done(alice, &update_profile(alice, both)).await;
    world.done(alice, &update_profile(alice, "")).await;
    let profile = world.profile(alice).await;
    assert!(profile.contains("<PersonalStatus>p</PersonalStatus>"));
    assert!(profile.contains("<DisplayName>A</DisplayName>"));
    let deleted = update_profile(alice, "").replace(
        "</UpdateProfile>",
        "<profileAttributesToDelete><ExpressionProfileAttributes>\
         <PersonalStatus>true</PersonalStatus></ExpressionProfileAttributes>\
         </profileAttributesToDelete></UpdateProfile>",
    );
    world.done(alice, &deleted).await;
    let profile = world.profile(alice).await;
    assert!(!profile.contains("PersonalStatus") && profile.contains("<DisplayName>A<"));
}
