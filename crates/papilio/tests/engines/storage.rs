//! Profiles and pictures.

use jiff::Timestamp;
use msnp::soap::storage::ProfileChanges;
use papilio::store::account::{Account, AccountId};
use papilio::store::picture::{EncodedPicture, PictureLink, PictureSize, PictureToken};
use papilio::store::profile::ProfileChanged;
use papilio::store::{Store, StoreError};

use crate::account::new_account;
use crate::{Place, on_each_engine};

on_each_engine! {
    a_profile_is_made_with_the_account,
    a_profile_keeps_what_is_said,
    a_name_changes_the_address_book,
    a_picture_takes_the_place_of_another,
    a_picture_is_deleted_when_nothing_holds_it,
    what_is_not_there_cannot_be_linked,
    what_was_kept_is_there_after_a_restart,
    everything_goes_with_the_account,
    many_pictures_at_once,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_200_000_000 + second).unwrap()
}

fn said(name: Option<&str>, status: Option<&str>) -> ProfileChanges {
    ProfileChanges {
        display_name: name.map(str::to_owned),
        personal_status: status.map(str::to_owned),
    }
}

fn picture(of: u8) -> EncodedPicture {
    EncodedPicture {
        // Every byte, in two sizes.
        whole: (0..=255).chain([of; 60_000]).collect(),
        small: vec![of, 0, 255, b'\'', b'\\'],
    }
}

async fn with_alice(place: &Place) -> (Store, Account) {
    let store = place.open().await;
    let alice = store.add_account(&new_account("alice@x")).await.unwrap();
    store.add_account(&new_account("bob@x")).await.unwrap();
    (store, alice)
}

async fn bytes(store: &Store, token: &PictureToken) -> Option<EncodedPicture> {
    let whole = store
        .picture_bytes(token, PictureSize::Whole)
        .await
        .unwrap();
    let small = store
        .picture_bytes(token, PictureSize::Small)
        .await
        .unwrap();
    assert_eq!(whole.is_some(), small.is_some());
    Some(EncodedPicture {
        whole: whole?,
        small: small?,
    })
}

async fn a_profile_is_made_with_the_account(place: Place) {
    let (store, alice) = with_alice(&place).await;
    let profile = store.profile(alice.id).await.unwrap();
    assert_eq!(profile.display_name, "Name of alice@x");
    assert_eq!(profile.name_changed, alice.created_at);
    assert_eq!(profile.personal_status, "");
    assert_eq!(profile.status_changed, alice.created_at);
    assert_eq!(store.picture(alice.id).await.unwrap(), None);
    let nobody = store.profile(AccountId(99)).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))));
}

async fn a_profile_keeps_what_is_said(place: Place) {
    let (store, alice) = with_alice(&place).await;
    let mut second = 0;
    let mut update = async |changes: ProfileChanges| {
        second += 1;
        store
            .update_profile(alice.id, &changes, at(second))
            .await
            .unwrap()
    };
    let both = said(Some("Ally 😀 <3"), Some("it's \"me\" \\ %"));
    assert_eq!(update(both.clone()).await, ProfileChanged::Name);
    assert_eq!(update(both).await, ProfileChanged::NotTheName);
    assert_eq!(update(said(None, None)).await, ProfileChanged::NotTheName);
    let profile = store.profile(alice.id).await.unwrap();
    assert_eq!(profile.display_name, "Ally 😀 <3");
    assert_eq!(profile.name_changed, at(1));
    assert_eq!(profile.personal_status, "it's \"me\" \\ %");
    assert_eq!(profile.status_changed, at(2));
    // Bob has said nothing.
    let bob = store.profile(AccountId(2)).await.unwrap();
    assert_eq!(
        (bob.display_name, bob.personal_status),
        ("Name of bob@x".to_owned(), String::new())
    );

    update(said(Some("\u{1} "), Some(""))).await;
    let profile = store.profile(alice.id).await.unwrap();
    assert_eq!(profile.display_name, "alice@x", "no name is the handle");
    assert_eq!(profile.personal_status, "");
    let nobody = store
        .update_profile(AccountId(99), &said(Some("x"), Some("y")), at(9))
        .await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))));
}

async fn a_name_changes_the_address_book(place: Place) {
    use msnp::soap::Since;
    use papilio::store::roster::RosterError;

    let (store, alice) = with_alice(&place).await;
    let book =
        async |since| -> Result<_, RosterError> { store.address_book(alice.id, since).await };
    let before = book(Since::Nothing).await.unwrap().last_change;
    store
        .update_profile(alice.id, &said(None, Some("status")), at(1))
        .await
        .unwrap();
    let same = book(Since::Time(before)).await.unwrap();
    assert_eq!((same.contacts.len(), same.last_change), (0, before));
    store
        .update_profile(alice.id, &said(Some("Ally"), None), at(2))
        .await
        .unwrap();
    let changed = book(Since::Time(before)).await.unwrap();
    assert_eq!(changed.contacts[0].display_name, "Ally");
    assert!(changed.last_change > before);
    // The other doors to the name.
    store.rename_account(alice.id, "Al", at(3)).await.unwrap();
    let profile = store.profile(alice.id).await.unwrap();
    assert_eq!(
        (profile.display_name.as_str(), profile.name_changed),
        ("Al", at(3))
    );
}

async fn a_picture_takes_the_place_of_another(place: Place) {
    let (store, alice) = with_alice(&place).await;
    let keep = async |of: u8, name: &str| {
        store
            .keep_picture(alice.id, name, &picture(of), at(of.into()))
            .await
            .unwrap()
    };
    let first = keep(1, "one").await;
    assert_eq!(bytes(&store, &first).await, Some(picture(1)));
    let second = keep(2, "two").await;
    assert_ne!(first, second);
    assert_eq!(bytes(&store, &first).await, None);
    assert_eq!(bytes(&store, &second).await, Some(picture(2)));
    let kept = store.picture(alice.id).await.unwrap().unwrap();
    assert_eq!((kept.token, kept.name.as_str()), (second.clone(), "two"));
    assert_eq!(kept.size, picture(2).whole.len());
    assert!(kept.listed && kept.shown);
    assert_eq!(kept.changed, at(2));

    store
        .change_picture(alice.id, Some("three"), None, at(3))
        .await
        .unwrap();
    assert_eq!(bytes(&store, &second).await, Some(picture(2)));
    store
        .change_picture(alice.id, None, Some(&picture(4)), at(4))
        .await
        .unwrap();
    let kept = store.picture(alice.id).await.unwrap().unwrap();
    assert_eq!((kept.name.as_str(), kept.changed), ("three", at(4)));
    assert_eq!(bytes(&store, &second).await, None);
    assert_eq!(bytes(&store, &kept.token).await, Some(picture(4)));
    assert_eq!(store.picture(AccountId(2)).await.unwrap(), None);
}

async fn a_picture_is_deleted_when_nothing_holds_it(place: Place) {
    let (store, alice) = with_alice(&place).await;
    let links = async || {
        let kept = store.picture(alice.id).await.unwrap();
        kept.map(|kept| (kept.listed, kept.shown))
    };
    for (first, second) in [
        (PictureLink::Listed, PictureLink::Shown),
        (PictureLink::Shown, PictureLink::Listed),
    ] {
        let token = store
            .keep_picture(alice.id, "", &picture(1), at(0))
            .await
            .unwrap();
        store.unlink_picture(alice.id, first).await.unwrap();
        let left = (first == PictureLink::Shown, first == PictureLink::Listed);
        assert_eq!(links().await, Some(left));
        store.link_picture(alice.id, first).await.unwrap();
        assert_eq!(links().await, Some((true, true)));
        store.unlink_picture(alice.id, first).await.unwrap();
        assert_eq!(bytes(&store, &token).await, Some(picture(1)));
        store.unlink_picture(alice.id, second).await.unwrap();
        assert_eq!(links().await, None);
        assert_eq!(bytes(&store, &token).await, None);
        store.unlink_picture(alice.id, second).await.unwrap();
    }
}

async fn what_is_not_there_cannot_be_linked(place: Place) {
    let (store, alice) = with_alice(&place).await;
    let outcomes = [
        store.link_picture(alice.id, PictureLink::Shown).await,
        store
            .change_picture(alice.id, Some("x"), Some(&picture(1)), at(0))
            .await,
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(StoreError::NotFound(_))));
    }
    assert_eq!(store.picture(alice.id).await.unwrap(), None);
    let nobody = store
        .keep_picture(AccountId(99), "", &picture(1), at(0))
        .await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
}

async fn what_was_kept_is_there_after_a_restart(place: Place) {
    let (store, alice) = with_alice(&place).await;
    let token = store
        .keep_picture(alice.id, "x", &picture(7), at(0))
        .await
        .unwrap();
    store
        .update_profile(alice.id, &said(Some("A"), Some("b")), at(0))
        .await
        .unwrap();
    store.close().await;
    let store = place.open().await;
    assert_eq!(bytes(&store, &token).await, Some(picture(7)));
    let profile = store.profile(alice.id).await.unwrap();
    assert_eq!(
        (&*profile.display_name, &*profile.personal_status),
        ("A", "b")
    );
}

async fn everything_goes_with_the_account(place: Place) {
    let (store, alice) = with_alice(&place).await;
    let token = store
        .keep_picture(alice.id, "x", &picture(7), at(0))
        .await
        .unwrap();
    store
        .update_profile(alice.id, &said(None, Some("b")), at(0))
        .await
        .unwrap();
    store.disable_account(alice.id).await.unwrap();
    assert_eq!(bytes(&store, &token).await, None);
    store.enable_account(alice.id).await.unwrap();
    assert!(bytes(&store, &token).await.is_some());
    store.delete_account(alice.id).await.unwrap();
    assert_eq!(bytes(&store, &token).await, None);
    assert_eq!(store.picture(alice.id).await.unwrap(), None);
}

async fn many_pictures_at_once(place: Place) {
    let (store, alice) = with_alice(&place).await;
    let keeping: Vec<_> = (0..12)
        .map(|of| {
            let (store, id) = (store.clone(), alice.id);
            tokio::spawn(async move {
                let name = of.to_string();
                store.keep_picture(id, &name, &picture(of), at(0)).await
            })
        })
        .collect();
    let mut tokens = Vec::new();
    for keeping in keeping {
        tokens.push(keeping.await.unwrap().unwrap());
    }
    let kept = store.picture(alice.id).await.unwrap().unwrap();
    let of = kept.name.parse().unwrap();
    assert_eq!(bytes(&store, &kept.token).await, Some(picture(of)));
    for token in tokens {
        assert_eq!(bytes(&store, &token).await.is_some(), token == kept.token);
    }
}
