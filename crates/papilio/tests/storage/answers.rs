//! Every operation, byte for byte.

use super::{
    CREATE_PROFILE, OF_2008, W10, World, assert_snapshot, create_document, create_relationships,
    find_documents, get_profile, id, operation, red, unlist, unshow, update_document,
    update_profile,
};

#[tokio::test]
async fn every_answer_byte_for_byte() {
    let world = World::new().await;
    let alice = world.alice();
    for (name, request) in [
        (
            "storage_01_get_profile_of_a_new_account",
            get_profile(alice),
        ),
        ("storage_02_create_profile", CREATE_PROFILE.to_owned()),
        (
            "storage_03_update_profile",
            update_profile(
                alice,
                "<DisplayName>Alice W</DisplayName>\
                 <PersonalStatus>busy &amp; &lt;happy&gt;</PersonalStatus>",
            ),
        ),
        ("storage_04_find_documents_none", find_documents(alice)),
        ("storage_05_create_document", create_document(alice, &red())),
        (
            "storage_06_create_relationships",
            create_relationships(&id(alice, 118), &id(alice, 205)),
        ),
        ("storage_07_find_documents", find_documents(alice)),
        ("storage_08_get_profile", get_profile(alice)),
        (
            "storage_09_update_document",
            update_document(alice, "<Name>another &lt;name&gt;</Name>"),
        ),
        ("storage_10_delete_relationships", unlist(alice)),
        ("storage_11_delete_relationships_by_id", unshow(alice)),
        (
            "storage_12_share_item",
            operation(
                "ShareItem",
                &format!("<resourceID>{}</resourceID>", id(alice, 118)),
            ),
        ),
        (
            "storage_13_get_item_version",
            operation("GetItemVersion", ""),
        ),
    ] {
        assert_snapshot(name, &world.ask(alice, &request).await);
    }
    let newer = get_profile(alice).replace(W10, OF_2008);
    assert_snapshot(
        "storage_14_get_profile_2008",
        &world.ask(alice, &newer).await,
    );
    let newer = get_profile(&world.bob).replace(W10, OF_2008);
    assert_snapshot("storage_15_fault_2008", &world.ask(alice, &newer).await);
}
