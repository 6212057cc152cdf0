//! What is refused, and that nothing changes then.

use image::ImageFormat;
use papilio::config::Config;

use super::{
    World, create_document, create_relationships, envelope, fault, get_profile, id, operation,
    painted, posted, red, streams, unlist, update_document, update_profile,
};

#[tokio::test]
async fn the_table_of_faults() {
    let world = World::new().await;
    let alice = world.alice();
    let no_handle = get_profile(alice).replace(&alice.cid().to_string(), "MyStuff");
    let no_picture = create_document(alice, b"");
    let not_base64 = create_document(alice, &red()).replace("<Data>", "<Data>*");
    for (request, code) in [
        (no_handle, "InvalidObjectHandle"),
        (
            update_profile(alice, "").replace("!118", "118"),
            "InvalidObjectHandle",
        ),
        (
            update_profile(alice, "").replace("!118", "!119"),
            "ItemDoesNotExist",
        ),
        (super::CREATE_PROFILE.to_owned(), "ItemAlreadyExists"),
        (
            update_document(alice, "<Name>there is none</Name>"),
            "ItemDoesNotExist",
        ),
        (update_document(alice, &streams(&red())), "ItemDoesNotExist"),
        (
            create_relationships(&id(alice, 118), &id(alice, 205)),
            "ItemDoesNotExist",
        ),
        (
            create_relationships(&id(alice, 118), &id(alice, 206)),
            "ItemDoesNotExist",
        ),
        (no_picture, "InvalidArgument"),
        (not_base64, "InvalidArgument"),
        (operation("CreateDocument", ""), "InvalidArgument"),
        (operation("CreateRelationships", ""), "InvalidArgument"),
        (operation("DeleteRelationships", ""), "InvalidArgument"),
        (
            update_profile(
                alice,
                &format!("<DisplayName>{}</DisplayName>", "x".repeat(388)),
            ),
            "QuotaLimitReached",
        ),
        (
            update_profile(
                alice,
                &format!(
                    "<DisplayName>new</DisplayName><PersonalStatus>{}</PersonalStatus>",
                    "é".repeat(501)
                ),
            ),
            "QuotaLimitReached",
        ),
        (
            create_document(alice, &red())
                .replace("<Name>dp<", &format!("<Name>{}<", "x".repeat(256))),
            "QuotaLimitReached",
        ),
        (operation("ShareItem", ""), "Forbidden"),
        (operation("GetItemVersion", ""), "Forbidden"),
        (operation("getprofile", ""), "Forbidden"),
    ] {
        assert_eq!(world.refused(alice, &request).await, code, "{request}");
    }
    let profile = world.profile(alice).await;
    assert!(profile.contains("<DisplayName>Alice &amp; Co</DisplayName>"));
    assert!(!profile.contains("<PersonalStatus>") && !profile.contains("<Photo>"));
    // What is not there is deleted already.
    world.done(alice, &unlist(alice)).await;
}

#[tokio::test]
async fn what_is_no_request() {
    let world = World::new().await;
    let t = world.ticket(world.alice());
    let whole = envelope(&t, &get_profile(world.alice()));
    for body in [
        "",
        "x",
        "<Envelope/>",
        "<Envelope><Body/></Envelope>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><Envelope><Body><a>&b;</a></Body></Envelope>",
        &whole[..whole.len() / 2],
        &whole.replace("</profileHandle>", ""),
        &envelope(&t, &"<a>".repeat(100)),
        &envelope(&t, &("<a>".repeat(100) + &"</a>".repeat(100))),
    ] {
        let answer = world.server.ask(&posted("", body)).await;
        assert_eq!(fault(&answer), "InvalidArgument", "{body}");
    }
    let action = "SOAPAction: \"http://www.msn.com/webservices/storage/2008/GetProfile\"\r\n";
    let answer = world.server.ask(&posted(action, "x")).await;
    assert!(answer.body.contains("storage/2008\">InvalidArgument<"));
}

#[tokio::test]
async fn what_is_no_picture_changes_nothing() {
    let mut config = Config::default();
    config.storage.picture = Some(20_000);
    config.storage.picture_side = Some(200);
    let world = World::with(config).await;
    let alice = world.alice();
    world.done(alice, &create_document(alice, &red())).await;
    let before = world.picture(alice).await;

    let whole = painted(120, 120, [1, 2, 3], ImageFormat::Png);
    let mut bomb = whole.clone();
    // A size that its checksum does not cover is noticed too.
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let jpeg = painted(100, 100, [1, 2, 3], ImageFormat::Jpeg);
    let gif = painted(100, 100, [1, 2, 3], ImageFormat::Gif);
    let too_wide = painted(201, 1, [1, 2, 3], ImageFormat::Png);
    let mut too_long = whole.clone();
    too_long.resize(20_001, 0);
    for (picture, code) in [
        (&b"no picture"[..], "InvalidArgument"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "InvalidArgument"),
        (b"BM\0\0\0\0\0\0\0\0", "InvalidArgument"),
        (b"GIF89a", "InvalidArgument"),
        (&whole[..whole.len() / 2], "InvalidArgument"),
        (&whole[..40], "InvalidArgument"),
        (&jpeg[..jpeg.len() - 2], "InvalidArgument"),
        (&jpeg[..jpeg.len() / 2], "InvalidArgument"),
        (&gif[..gif.len() / 2], "InvalidArgument"),
        (b"GIF89a\x01\0\x01\0\0\0\0;", "InvalidArgument"),
        (&bomb, "InvalidArgument"),
        (&too_wide, "QuotaLimitReached"),
        (&too_long, "QuotaLimitReached"),
        (
            b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
            "QuotaLimitReached",
        ),
    ] {
        for request in [
            create_document(alice, picture),
            update_document(alice, &format!("<Name>x</Name>{}", streams(picture))),
        ] {
            assert_eq!(world.refused(alice, &request).await, code, "{picture:?}");
        }
    }
    assert_eq!(world.picture(alice).await, before);
    assert!(world.profile(alice).await.contains("<Name>dp</Name>"));
}
